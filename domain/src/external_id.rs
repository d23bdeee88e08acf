//! Ids of other systems: how a theatre's own system calls what it has imported here.

use crate::field::{InvalidField, check_line};

/// The longest id of another system, in characters.
pub const EXTERNAL_ID_CHARACTERS: usize = 100;

/// How another system calls a thing, unlike any other thing of its kind: one line of 1 to 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// Parses what stands in a field.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, InvalidField> {
        check_line(field, text, EXTERNAL_ID_CHARACTERS)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
