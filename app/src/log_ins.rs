//! How often somebody may try a wrong password: guessing one takes years, whoever guesses and from wherever.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::account::email_key;
use domain::contact::EmailAddress;

use crate::AppError;

/// How many tries of one address are free; somebody who looks for the right password among a few finds it.
const FREE_TRIES: u32 = 10;
/// How often there is another one after that.
const ANOTHER_EVERY: Duration = Duration::from_secs(30);
/// How many addresses are watched before those are forgotten that have all their tries again.
const WATCHED: usize = 10_000;

/// The tries of every address, in this process.
#[derive(Default)]
pub(crate) struct LogIns {
    /// When an address has all of its tries again. Each that it has used is another [`ANOTHER_EVERY`] until then, so this
    /// one moment says how many are left (the generic cell rate algorithm, ITU-T I.371).
    full_at: Mutex<HashMap<String, Instant>>,
}

impl LogIns {
    /// Does what tries a password of an address, unless it has no try left: then it says when the next one is. The try is
    /// counted before anything is compared, or whoever tries many passwords at the same time would not be counted at all.
    pub(crate) async fn limit<T>(
        &self,
        email: &EmailAddress,
        work: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AppError> {
        self.count_at(email, Instant::now())?;
        let outcome = work.await;
        self.settle(email, &outcome);
        outcome
    }

    /// Takes the count of a try back which has turned out to be none: only who was refused has tried.
    fn settle<T>(&self, email: &EmailAddress, outcome: &Result<T, AppError>) {
        if !matches!(outcome, Err(AppError::WrongCredentials | AppError::EmailTaken)) {
            self.give_back(email);
        }
    }

    fn count_at(&self, email: &EmailAddress, now: Instant) -> Result<(), AppError> {
        let mut full_at = self.lock();
        if full_at.len() > WATCHED {
            full_at.retain(|_address, at| *at > now);
        }
        let at = full_at.entry(email_key(email)).or_insert(now);
        let then = (*at).max(now) + ANOTHER_EVERY;
        let wait = then.duration_since(now).saturating_sub(ANOTHER_EVERY * FREE_TRIES);
        if !wait.is_zero() {
            return Err(AppError::TooManyRequests { after_seconds: wait.as_secs() + 1 });
        }
        *at = then;
        Ok(())
    }

    fn give_back(&self, email: &EmailAddress) {
        if let Some(at) = self.lock().get_mut(&email_key(email))
            && let Some(before) = at.checked_sub(ANOTHER_EVERY)
        {
            *at = before;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> EmailAddress {
        EmailAddress::parse("ada@example.org").unwrap()
    }

    #[test]
    fn ten_tries_are_free_and_then_there_is_one_every_half_a_minute() {
        let (log_ins, email, now) = (LogIns::default(), address(), Instant::now());
        let count = |seconds| log_ins.count_at(&email, now + Duration::from_secs(seconds));
        for _ in 0..FREE_TRIES {
            count(0).unwrap();
        }
        assert!(matches!(count(0), Err(AppError::TooManyRequests { after_seconds: 31 })));
        assert!(matches!(count(29), Err(AppError::TooManyRequests { after_seconds: 2 })));
        count(30).unwrap();
        assert!(count(31).is_err(), "there was one");
        for _ in 0..FREE_TRIES {
            count(31 + 300).unwrap();
        }
        assert!(count(31 + 300).is_err(), "a pause gives all of them back, and no more");
        log_ins.count_at(&EmailAddress::parse("bob@example.org").unwrap(), now).unwrap();
    }

    #[test]
    fn only_refusals_stay_counted() {
        let (log_ins, email, now) = (LogIns::default(), address(), Instant::now());
        let away = || AppError::Unavailable { part: "database", source: "it is away".into() };
        for _ in 0..5 * FREE_TRIES {
            log_ins.count_at(&email, now).unwrap();
            log_ins.settle(&email, &Ok(()));
            log_ins.count_at(&email, now).unwrap();
            log_ins.settle(&email, &Err::<(), _>(away()));
        }
        for _ in 0..FREE_TRIES {
            log_ins.count_at(&email, now).unwrap();
            log_ins.settle(&email, &Err::<(), _>(AppError::WrongCredentials));
        }
        assert!(log_ins.count_at(&email, now).is_err());
    }

    #[test]
    fn addresses_that_have_all_their_tries_are_forgotten() {
        let (log_ins, now) = (LogIns::default(), Instant::now());
        for number in 0..=WATCHED {
            log_ins.count_at(&EmailAddress::parse(&format!("{number}@example.org")).unwrap(), now).unwrap();
        }
        assert_eq!(log_ins.lock().len(), WATCHED + 1);
        log_ins.count_at(&address(), now + ANOTHER_EVERY).unwrap();
        assert_eq!(log_ins.lock().len(), 1);
    }
}
