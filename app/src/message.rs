//! Messages as operators read them: what was published, from any place on, and what nobody could act on.

use store::{DeadLetter, LogPosition, PublishedMessage};

use crate::identity::{Caller, Role};
use crate::listing::{check_limit, no_cursor};
use crate::{App, AppError};

/// Messages in the order of their publication.
#[derive(Debug, Clone)]
pub struct MessageFeed {
    /// The messages; none where all has been read.
    pub items: Vec<PublishedMessage>,
    /// Where to read on, now or when more has been published.
    pub next_cursor: String,
}

impl App {
    /// What was published after `cursor`, those about one booking in their order. Nothing is ever published before a
    /// place that was read.
    pub async fn published_messages(
        &self,
        caller: &Caller,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<MessageFeed, AppError> {
        caller.require(Role::Admin)?;
        check_limit(limit)?;
        let mut position = cursor.as_deref().map_or(Ok(LogPosition::START), parse_position)?;
        let items = self.store().published_messages(&position, limit).await?;
        items.iter().for_each(|message| position.pass(message));
        Ok(MessageFeed { items, next_cursor: write_position(&position) })
    }

    /// The newest messages that a consumer of this installation has given up where there is no Kafka to send them to.
    pub async fn dead_letters(&self, caller: &Caller, limit: u32) -> Result<Vec<DeadLetter>, AppError> {
        caller.require(Role::Admin)?;
        check_limit(limit)?;
        Ok(self.store().dead_letters(limit).await?)
    }
}

fn write_position(position: &LogPosition) -> String {
    let numbers: Vec<String> = position.0.iter().map(i64::to_string).collect();
    numbers.join(".")
}

fn parse_position(text: &str) -> Result<LogPosition, AppError> {
    let numbers: Option<Vec<i64>> =
        text.split('.').map(|number| number.parse().ok().filter(|number| *number >= 0)).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.map(LogPosition).ok_or_else(no_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_each_slot_is() {
        let mut position = LogPosition::START;
        (position.0[0], position.0[15]) = (12, i64::MAX);
        let text = write_position(&position);
        assert_eq!(text, "12.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9223372036854775807");
        assert_eq!(parse_position(&text).unwrap(), position);
        for wrong in ["", "1", "1.2.3", "x.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "-1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"] {
            assert!(parse_position(wrong).is_err(), "{wrong}");
        }
    }
}
