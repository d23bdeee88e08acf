//! What customers were told, as operators see it. Whom it went to is not theirs to see here.

use domain::ids::NoticeId;
use store::Notice;

use crate::identity::{Caller, Role};
use crate::listing::{Listed, check_limit, cursor, no_cursor, parse_cursor};
use crate::{App, AppError};

impl App {
    /// Notices, newest first.
    pub async fn list_notices(
        &self,
        caller: &Caller,
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
        let notices = self.store().list_notices(after, limit + 1).await?;
        Ok(Listed::page(notices, limit, |notice| cursor(notice.created_at, &[&notice.id.to_string()])))
    }
}
