//! P7, towards the payment provider: a webhook that was answered with success is kept.

use std::collections::BTreeSet;

use crate::case::Case;
use crate::findings::Findings;
use crate::promise::Promise;

/// Checks that every event whose webhook was acknowledged, by the provider's own word, is in the inbox.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    let Some(ledger) = &case.ledger else { return };
    let kept: BTreeSet<&str> = case.rows.payment_events.iter().map(|event| event.event_id.as_str()).collect();
    // One that was acknowledged while the evidence was collected may have come after the inbox was read.
    let receipts = ledger.rows.receipts.iter().filter(|receipt| receipt.delivered_at <= case.now);
    let acknowledged: BTreeSet<&str> = receipts.map(|receipt| receipt.event_id.as_str()).collect();
    found.looked(Promise::P7, acknowledged.len());
    for event_id in acknowledged.difference(&kept) {
        found.broken(Promise::P7, "", format!("event {event_id} was acknowledged and is not in the inbox"));
    }
}
