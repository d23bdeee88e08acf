//! Single seats on the wire: what a show does about customers who leave some.

use domain::single_seat::SingleSeatRule;
use poem_openapi::Enum;

/// What is done about customers who pick seats by hand and leave single ones: free seats with nobody free beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SingleSeatRule", rename_all = "snake_case")]
pub enum SingleSeats {
    /// Nothing.
    Allow,
    /// A quote tells them, and the seats are sold.
    Warn,
    /// The seats are not sold, unless no others in the row would leave fewer single ones.
    Refuse,
}

impl From<SingleSeats> for SingleSeatRule {
    fn from(rule: SingleSeats) -> Self {
        match rule {
            SingleSeats::Allow => Self::Allow,
            SingleSeats::Warn => Self::Warn,
            SingleSeats::Refuse => Self::Refuse,
        }
    }
}

impl From<SingleSeatRule> for SingleSeats {
    fn from(rule: SingleSeatRule) -> Self {
        match rule {
            SingleSeatRule::Allow => Self::Allow,
            SingleSeatRule::Warn => Self::Warn,
            SingleSeatRule::Refuse => Self::Refuse,
        }
    }
}
