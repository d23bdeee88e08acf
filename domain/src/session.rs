//! Sessions: the time for which somebody is logged in on a device.

use jiff::Timestamp;

use crate::hold::later;
use crate::ids::{CustomerId, SessionId};
use crate::limits::{SESSION_CAP_SECONDS, SESSION_SECONDS};

/// The longest description of a device that is kept, in characters.
const DEVICE_CHARACTERS: usize = 200;

/// Somebody is logged in on a device until then, or until the session is ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who.
    pub customer_id: CustomerId,
    /// On what, in the words of the program that logged in; may be empty.
    pub device: String,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When it was last used to get an access token.
    pub renewed_at: Timestamp,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
}

/// Until when a session of `created_at` lasts that is used at `now`: each use prolongs it, up to the cap.
pub fn lasts_until(created_at: Timestamp, now: Timestamp) -> Timestamp {
    later(now, SESSION_SECONDS).min(later(created_at, SESSION_CAP_SECONDS))
}

/// What is kept of how a program describes itself: one line.
pub fn device(user_agent: &str) -> String {
    user_agent.chars().filter(|char| !char.is_control()).take(DEVICE_CHARACTERS).collect()
}
