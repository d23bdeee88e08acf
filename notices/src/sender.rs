//! Sending notices: whoever is due, leased, written, given to a mailer, tried again for days.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::NoticeId;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use store::{Notice, NoticeState, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::letter::{LetterError, Letters};
use crate::mailer::{MailFault, Mailer};

/// How long sending one notice may take before somebody else may try: longer than a mailer needs.
const LEASE_SECONDS: i64 = 120;
/// How many are sent at once.
const AT_ONCE: usize = 8;
const BATCH: u32 = 32;
/// How often notices are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The pause after the database was away.
const PAUSE: Duration = Duration::from_secs(5);
/// The pause before the second try; each further one is twice as long.
const FIRST_PAUSE_SECONDS: i64 = 5;
const LONGEST_PAUSE_SECONDS: i64 = 60 * 60;
/// After how long a notice is given up: mail is late then, and the customer has seen the booking elsewhere.
const GIVE_UP_AFTER_HOURS: i64 = 72;

/// Sends notices. Any number of them share the work.
pub struct Sender {
    store: Store,
    letters: Letters,
    mailer: Arc<dyn Mailer>,
}

/// Why a notice was not sent.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error(transparent)]
    Mail(#[from] MailFault),
    #[error("the letter cannot be written")]
    Letter(#[from] LetterError),
    #[error("what it is about cannot be read")]
    Store(#[from] StoreError),
    #[error("there is no {what}")]
    Missing { what: &'static str },
}

impl Sender {
    /// Sends what `store` has to tell, as `letters` by `mailer`.
    pub fn new(store: Store, letters: Letters, mailer: Arc<dyn Mailer>) -> Self {
        Self { store, letters, mailer }
    }

    /// Sends until `stop` is cancelled, then lets what is on its way arrive.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.send_due().await {
                Ok(0) => LOOK_EVERY,
                Ok(_) => continue,
                Err(error) => {
                    let error: &dyn Error = &error;
                    tracing::warn!(error, "notices cannot be read for now");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Sends what is due; answers how many notices that was.
    pub async fn send_due(&self) -> Result<usize, StoreError> {
        let due = self.store.claim_due_notices(Timestamp::now(), LEASE_SECONDS, BATCH).await?;
        let count = due.len();
        let sends = due.into_iter().map(|notice| self.finish(notice));
        futures::stream::iter(sends).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        metrics::gauge!("boxoffice_notices_waiting").set(self.store.waiting_notices().await? as f64);
        Ok(count)
    }

    async fn finish(&self, notice: Notice) {
        let outcome = match self.send(&notice).await {
            Ok(true) => self.close(notice.id, NoticeState::Sent, None).await,
            Ok(false) => self.close(notice.id, NoticeState::NoAddress, None).await,
            Err(fault) => self.not_sent(&notice, fault).await,
        };
        if let Err(error) = outcome {
            // The lease ends, and the mail is sent once more under the same id.
            let error: &dyn Error = &error;
            tracing::warn!(notice.id = %notice.id, error, "what became of a notice could not be written down");
        }
    }

    /// Sends a notice; false if nobody knows where to.
    async fn send(&self, notice: &Notice) -> Result<bool, NotSent> {
        let Some(contact) = self.store.contact_of(notice.customer_id).await? else {
            return Ok(false);
        };
        let booking = self.store.find_booking(notice.booking_id).await?;
        let booking = booking.ok_or(NotSent::Missing { what: "booking" })?;
        let show = self.store.find_show_listing(booking.show_id).await?;
        let show = show.ok_or(NotSent::Missing { what: "show" })?;
        let letter = self.letters.write(notice, &booking, &show, &contact)?;
        let mail = self.letters.mail(notice.id, letter, &contact, Timestamp::now())?;
        self.mailer.send(&mail).await?;
        Ok(true)
    }

    async fn not_sent(&self, notice: &Notice, fault: NotSent) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let why = describe(&fault);
        let too_old = now.duration_since(notice.created_at) >= SignedDuration::from_hours(GIVE_UP_AFTER_HOURS);
        let refused = matches!(fault, NotSent::Mail(MailFault::Refused { .. }));
        if refused || too_old {
            tracing::warn!(notice.id = %notice.id, booking.id = %notice.booking_id, error = why, "a notice is given up");
            return self.close(notice.id, NoticeState::GivenUp, Some(&why)).await;
        }
        if notice.tries <= 1 {
            tracing::info!(notice.id = %notice.id, booking.id = %notice.booking_id, error = why, "a notice has to wait");
        }
        count("tried_again");
        self.store.park_notice(notice.id, &why, next_try(now, notice.tries)).await
    }

    async fn close(&self, id: NoticeId, state: NoticeState, error: Option<&str>) -> Result<(), StoreError> {
        count(state.as_str());
        self.store.close_notice(id, state, error, Timestamp::now()).await
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("boxoffice_notices_total", "outcome" => outcome).increment(1);
}

fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn next_try(now: Timestamp, tries: i32) -> Timestamp {
    let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 16)).unwrap_or(0);
    let pause = (FIRST_PAUSE_SECONDS << doublings).min(LONGEST_PAUSE_SECONDS);
    now.saturating_add(SignedDuration::from_secs(pause)).unwrap_or(Timestamp::MAX)
}
