//! P8, at the engine: a booking is made by one saga, once.

use crate::case::Case;
use crate::findings::Findings;
use crate::promise::Promise;

/// Checks that no saga was started a second time, running or over.
pub(crate) fn check(case: &Case<'_>, found: &mut Findings) {
    for (saga, starts) in case.started_again.into_iter().flatten() {
        if saga.starts_with("bkg_") {
            found.broken(Promise::P8, saga, format!("its saga was started {starts} times"));
        }
    }
}
