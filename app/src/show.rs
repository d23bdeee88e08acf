//! Shows and their seats, for everybody to read.

use domain::ids::ShowId;
use domain::show_seat::ShowSeat;
use jiff::Timestamp;
use store::{ShowFilter, ShowListing};

use crate::listing::{Listed, check_limit, cursor, no_cursor, parse_cursor};
use crate::{App, AppError};

impl App {
    /// Shows by their start, earliest first.
    pub async fn list_shows(
        &self,
        filter: ShowFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<ShowListing>, AppError> {
        check_limit(limit)?;
        let after = after.as_deref().map(after_show).transpose()?;
        let shows = self.store().list_shows(&filter, after, limit + 1).await?;
        Ok(Listed::page(shows, limit, |listing| cursor(listing.show.starts_at, &[&listing.show.id.to_string()])))
    }

    /// One show.
    pub async fn find_show(&self, show_id: ShowId) -> Result<ShowListing, AppError> {
        let show = self.store().find_show_listing(show_id).await?;
        show.ok_or(AppError::NotFound { what: "show" })
    }

    /// Every seat of a show and whether it can be had.
    pub async fn show_seats(&self, show_id: ShowId) -> Result<Vec<ShowSeat>, AppError> {
        let seats = self.store().show_seats(show_id).await?;
        if seats.is_empty() {
            self.find_show(show_id).await?;
        }
        Ok(seats)
    }
}

fn after_show(text: &str) -> Result<(Timestamp, ShowId), AppError> {
    let (at, names) = parse_cursor(text)?;
    let id = names.first().and_then(|id| ShowId::parse(id).ok()).ok_or_else(no_cursor)?;
    Ok((at, id))
}
