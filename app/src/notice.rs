//! What customers were told, as operators see it. Whom it went to is not theirs to see here.

use domain::ids::{BookingId, NoticeId};
use jiff::Timestamp;
use store::{Notice, NoticeState};

use crate::identity::{Caller, Role};
use crate::listing::{Listed, check_limit, cursor, no_cursor, parse_cursor};
use crate::{App, AppError};

/// Which notices to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeFilter {
    /// Only those in this state.
    pub state: Option<NoticeState>,
    /// Only those about this booking.
    pub booking_id: Option<BookingId>,
}

impl App {
    /// Notices, newest first.
    pub async fn list_notices(
        &self,
        caller: &Caller,
        filter: NoticeFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<Notice>, AppError> {
        caller.require(Role::Admin)?;
        check_limit(limit)?;
        let after = match after.as_deref().map(parse_cursor).transpose()? {
            Some((at, names)) => match names.as_slice() {
                [id] => Some((at, NoticeId::parse(id).map_err(|_other| no_cursor())?)),
                _ => return Err(no_cursor()),
            },
            None => None,
        };
        let notices = match filter {
            NoticeFilter { booking_id: Some(booking_id), state } => {
                self.notices_about(booking_id, state, after).await?
            }
            NoticeFilter { booking_id: None, state: Some(state) } => {
                self.store().list_notices_in(state, after, limit + 1).await?
            }
            NoticeFilter { booking_id: None, state: None } => self.store().list_notices(after, limit + 1).await?,
        };
        Ok(Listed::page(notices, limit, |notice| cursor(notice.created_at, &[&notice.id.to_string()])))
    }

    /// A booking has a handful of them.
    async fn notices_about(
        &self,
        booking_id: BookingId,
        state: Option<NoticeState>,
        after: Option<(Timestamp, NoticeId)>,
    ) -> Result<Vec<Notice>, AppError> {
        let mut notices = self.store().notices_of(booking_id).await?;
        notices.retain(|notice| {
            state.is_none_or(|state| notice.state == state)
                && after.is_none_or(|after| key(notice) < (after.0, after.1.to_string()))
        });
        notices.sort_by_key(|notice| std::cmp::Reverse(key(notice)));
        Ok(notices)
    }
}

/// What notices are listed by, as the database compares it.
fn key(notice: &Notice) -> (Timestamp, String) {
    (notice.created_at, notice.id.to_string())
}
