//! Editing what several people may edit: its name, the version somebody has seen, and what becomes of their change.

use domain::field::check_line;
use store::Edited;

use crate::AppError;

/// The version that a change is made to: the one of the `If-Match` header, or, where there is none or `*`, the one that
/// is there. What is no tag of ours is the tag of nothing.
pub(crate) fn seen(if_match: Option<&str>, current: i64) -> Result<i64, AppError> {
    match if_match.map(str::trim) {
        None | Some("*") => Ok(current),
        Some(tags) => {
            let mut versions = tags.split(',').filter_map(|tag| tag.trim().trim_matches('"').parse().ok());
            // A list of tags is met by any of them.
            versions.find(|version| *version == current).ok_or(AppError::Changed)
        }
    }
}

/// The version after a change, or why it was not made.
pub(crate) fn conclude(edited: Edited, what: &'static str) -> Result<i64, AppError> {
    match edited {
        Edited::Done { version } => Ok(version),
        Edited::Gone => Err(AppError::NotFound { what }),
        Edited::Changed => Err(AppError::Changed),
        Edited::InUse => Err(AppError::InUse { what, by: "others" }),
    }
}

/// What something is to be called, if that is a line of at most `longest` characters.
pub(crate) fn checked_name(name: &str, longest: usize) -> Result<String, AppError> {
    check_line("name", name, longest).map_err(AppError::of_field)?;
    Ok(name.to_owned())
}
