//! P1, in the past: who has had which seat, one after the other.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::findings::Findings;
use crate::promise::Promise;

/// Checks that nobody took a seat from a booking that had it.
///
/// Every change of a seat raises its version by one, and a booking remembers the version in which it has, or last had,
/// each of its seats. Whoever has a seat afterwards has it in a version that is higher by two at least: one to free it
/// and one to take it.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    let mut takes: BTreeMap<(&str, &str), Vec<(i64, &str)>> = BTreeMap::new();
    for seat in &case.rows.booked_seats {
        takes.entry((&seat.show_id, &seat.seat_id)).or_default().push((seat.seat_version, &seat.booking_id));
    }
    for ((_, seat_id), mut owners) in takes {
        owners.sort_unstable();
        for pair in owners.windows(2) {
            let ((before, one), (after, other)) = (pair[0], pair[1]);
            if after - before < 2 {
                let what = format!("it took seat {seat_id} in version {after}, and {one} had it in version {before}");
                found.broken(Promise::P1, other, what);
            }
        }
    }
}
