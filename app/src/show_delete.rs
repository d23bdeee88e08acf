//! Deleting a show that nobody has ever booked.

use domain::ids::ShowId;
use domain::member::Deed;
use store::{Edited, Versioned};

use crate::editing::{conclude, seen};
use crate::identity::Caller;
use crate::{App, AppError};

impl App {
    /// Deletes a show of which there never was a booking. Whoever asks for seats of it at the same moment has them, and
    /// then the show stays, or is refused. `if_match` is the version that the caller has seen.
    pub async fn delete_show(&self, caller: &Caller, show_id: ShowId, if_match: Option<&str>) -> Result<(), AppError> {
        let Versioned { content: show, version } = self.show_of(caller, show_id, Deed::Plan).await?;
        match self.store().delete_show(show_id, seen(if_match, version)?).await? {
            Edited::InUse => Err(AppError::InUse { what: "show", by: "bookings: call it off instead" }),
            otherwise => {
                conclude(otherwise, "show")?;
                let by = caller.customer_id;
                tracing::info!(show.id = %show_id, partner.id = %show.partner_id, %by, "a show was deleted");
                Ok(())
            }
        }
    }
}
