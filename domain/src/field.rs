//! Fields of what partners write down: lines of text that fit, and what is said of one that does not.

use std::fmt;

/// A field that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Which field, as the wire spells it.
    pub field: &'static str,
    /// What would be right.
    pub problem: String,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for InvalidField {}

impl InvalidField {
    /// A field, and what would be right.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }

    /// A field, and a message that may begin with its name: what is left of it is what would be right.
    pub fn of_message(field: &'static str, message: &str) -> Self {
        Self::new(field, message.strip_prefix(field).unwrap_or(message).trim_start())
    }
}

/// Refuses what is not one line of 1 to `longest` printable characters without space around it.
pub fn check_line(field: &'static str, text: &str, longest: usize) -> Result<(), InvalidField> {
    let fits =
        (1..=longest).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control);
    let problem = || format!("must be one line of 1 to {longest} printable characters, without space around them");
    if fits { Ok(()) } else { Err(InvalidField::new(field, problem())) }
}
