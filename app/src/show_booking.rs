//! The bookings of a show, for those who sell it.

use domain::booking_state::BookingState;
use domain::ids::{BookingId, ShowId};
use domain::member::Deed;
use store::ShowBooking;

use crate::booking::check_state;
use crate::identity::Caller;
use crate::listing::{Listed, check_limit, no_cursor};
use crate::{App, AppError};

impl App {
    /// The bookings of a show, for the people of its partner: by the names of their states, and then by their ids. They
    /// are told nothing of who has made them.
    pub async fn bookings_of_show(
        &self,
        caller: &Caller,
        show_id: ShowId,
        state: Option<String>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<ShowBooking>, AppError> {
        check_limit(limit)?;
        check_state(state.as_deref())?;
        let after = after.as_deref().map(after_booking).transpose()?;
        self.show_of(caller, show_id, Deed::See).await?;
        let bookings = self.store().bookings_of_show(show_id, state.as_deref(), after, limit + 1).await?;
        Ok(Listed::page(bookings, limit, |booking| format!("{}.{}", booking.state.name(), booking.id)))
    }
}

/// The state and the id of a cursor.
fn after_booking(text: &str) -> Result<(&'static str, BookingId), AppError> {
    let (state, id) = text.split_once('.').ok_or_else(no_cursor)?;
    let state = BookingState::NAMES.into_iter().find(|name| *name == state).ok_or_else(no_cursor)?;
    Ok((state, BookingId::parse(id).map_err(|_invalid| no_cursor())?))
}
