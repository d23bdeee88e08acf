//! P8, towards the payment provider: an event that comes twice is kept once.

use crate::case::{Case, grouped};
use crate::findings::Findings;
use crate::promise::Promise;

/// Checks that no two rows of the inbox are the same event. An event names itself in its text, so that the texts of two
/// differ.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    found.looked(Promise::P8, case.rows.payment_events.len());
    let by_text = grouped(&case.rows.payment_events, |event| Some((event.provider.as_str(), event.body.as_str())));
    for same in by_text.values().filter(|same| same.len() > 1) {
        let owner = same.iter().find_map(|event| event.booking_id.as_deref()).unwrap_or_default();
        let ids: Vec<&str> = same.iter().map(|event| event.event_id.as_str()).collect();
        found.broken(Promise::P8, owner, format!("one event is in the inbox as {}", ids.join(" and as ")));
    }
}
