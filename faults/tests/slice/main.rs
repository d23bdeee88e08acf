//! A slice of the storm, for every run of the tests: the same as `make faults`, but short.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

mod story;

use std::time::Duration;

use faults::{Options, rage, report};
use testkit::program;

/// One that fills the disk first and then restarts PostgreSQL; a busy machine takes a minute to bring Kafka back.
const SEED: u64 = 10;
const LENGTH: Duration = Duration::from_secs(60);
const REST_WITHIN: Duration = Duration::from_secs(120);
const AT_ONCE: usize = 16;
/// Fewer than even a machine serves that is busy with other things.
const CUSTOMERS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn every_promise_holds_in_a_storm_of_a_minute() {
    let seed = std::env::var("BOXOFFICE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("seed {seed} (BOXOFFICE_TEST_SEED chooses another)");
    let (program, environment) = (program::of_these_sources(), Vec::new());
    let options = Options { seed, length: LENGTH, program, environment, rest_within: REST_WITHIN, at_once: AT_ONCE };
    let outcome = rage(options).await.unwrap();
    print!("{}", report::table(&outcome));
    println!("{}", report::line(&outcome));
    assert!(outcome.broken.is_empty(), "{} promises or answers are broken, see above", outcome.broken.len());

    // A storm that did nothing proves nothing.
    for kind in ["kill", "pause", "cut", "stampede"] {
        assert!(outcome.deeds.keys().any(|(done, _)| *done == kind), "nothing of the kind was done: {kind}");
    }
    assert!(outcome.customers > CUSTOMERS, "{} customers", outcome.customers);
    assert!(outcome.bookings["confirmed"] > 0 && outcome.messages > outcome.customers && outcome.mails > 0);
}
