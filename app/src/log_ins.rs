//! How often somebody may try a password: guessing one takes years, whoever guesses and from wherever.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::account::email_key;
use domain::contact::EmailAddress;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::AppError;

/// How many tries of one address are free; somebody who looks for the right password among a few finds it.
const FREE_TRIES: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// How often there is another one after that.
const ANOTHER_EVERY: Duration = Duration::from_secs(30);
/// How many addresses are watched before those are forgotten that have all their tries again.
const WATCHED: usize = 10_000;

/// The tries of every address, in this process.
pub(crate) struct LogIns {
    tries: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Default for LogIns {
    fn default() -> Self {
        // The quota is none only for a period of zero.
        let quota = Quota::with_period(ANOTHER_EVERY).unwrap_or(Quota::per_minute(FREE_TRIES)).allow_burst(FREE_TRIES);
        Self { tries: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }
}

impl LogIns {
    /// Counts a try of an address, or says when the next one is.
    pub(crate) fn check(&self, email: &EmailAddress) -> Result<(), AppError> {
        if self.tries.len() > WATCHED {
            self.tries.retain_recent();
        }
        self.tries.check_key(&email_key(email)).map_err(|not_until| AppError::TooManyRequests {
            after_seconds: not_until.wait_time_from(self.clock.now()).as_secs() + 1,
        })
    }
}
