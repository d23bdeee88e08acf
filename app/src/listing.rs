//! Lists in pages: a limit, and a cursor that says where the next page begins.

use jiff::Timestamp;

use crate::AppError;

/// The most items of one page.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// The items of a page whose size is not asked for.
pub const PAGE_ITEMS: u32 = 50;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// A page of at most `limit` items from `limit + 1` that were read to learn whether there are more.
    pub(crate) fn page(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(cursor) } else { None };
        Self { items, next_cursor }
    }
}

/// Refuses a page size that is not served.
pub(crate) fn check_limit(limit: u32) -> Result<(), AppError> {
    if (1..=PAGE_ITEMS_MAX).contains(&limit) {
        Ok(())
    } else {
        Err(AppError::invalid("limit", "invalid_parameter", format!("must be 1 to {PAGE_ITEMS_MAX}")))
    }
}

/// A cursor from the moment and the names that a list is sorted by.
pub(crate) fn cursor(at: Timestamp, names: &[&str]) -> String {
    hex::encode(format!("{}/{}", at.as_millisecond(), names.join("/")))
}

/// The moment and the names of a cursor.
pub(crate) fn parse_cursor(text: &str) -> Result<(Timestamp, Vec<String>), AppError> {
    let parsed = hex::decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|plain| {
        // PostgreSQL knows no text with a zero byte.
        let plain = Some(plain).filter(|plain| !plain.contains('\0'))?;
        let mut parts = plain.split('/').map(str::to_owned);
        let at = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
        Some((at, parts.collect()))
    });
    parsed.ok_or_else(no_cursor)
}

/// What a cursor is answered that boxoffice did not make.
pub(crate) fn no_cursor() -> AppError {
    AppError::invalid("cursor", "invalid_parameter", "must be the `nextCursor` of the page before")
}
