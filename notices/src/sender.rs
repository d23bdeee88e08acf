//! Sending notices: whoever is due, leased, written, given to a mailer, tried again for days.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::NoticeId;
use jiff::{SignedDuration, Timestamp};
use store::{Notice, NoticeState, Store, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::letter::{LetterError, Letters};
use crate::mailer::{MailFault, Mailer, SEND_SECONDS};

/// How long a notice is one sender's before another may try: longer than sending takes.
const LEASE_SECONDS: u64 = 60;
/// How many are sent at once; no more are taken, so that none waits while its lease runs out.
const AT_ONCE: usize = 8;
/// How long what is on its way has to arrive once the sender is to stop. What has not is sent again by the next one.
const ARRIVE: Duration = Duration::from_secs(3);
/// How often the notices that wait are counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// How often notices are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The pause after the database was away.
const PAUSE: Duration = Duration::from_secs(5);
/// The pause before the second try; each further one is twice as long.
const FIRST_PAUSE_SECONDS: i64 = 5;
const LONGEST_PAUSE_SECONDS: i64 = 60 * 60;
/// After how long a notice is given up: mail is late then, and the customer has seen the booking elsewhere.
const GIVE_UP_AFTER_HOURS: i64 = 72;

const _: () = assert!(SEND_SECONDS < LEASE_SECONDS);

/// Sends notices. Any number of them share the work.
pub struct Sender {
    office: Arc<Office>,
}

/// What sending one notice needs.
struct Office {
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
    #[error("it is too late to tell of it")]
    Late,
    #[error("there is no {what}")]
    Missing { what: &'static str },
}

impl Sender {
    /// Sends what `store` has to tell, as `letters` by `mailer`.
    pub fn new(store: Store, letters: Letters, mailer: Arc<dyn Mailer>) -> Self {
        Self { office: Arc::new(Office { store, letters, mailer }) }
    }

    /// Sends until `stop` is cancelled, then lets what is on its way arrive, for a moment.
    pub async fn run(&self, stop: CancellationToken) {
        // Tasks of their own: one may have what the next look at the database waits for, and has to go on meanwhile.
        let mut under_way = JoinSet::new();
        let mut counted = None;
        while !stop.is_cancelled() {
            let pause = match self.office.claim(AT_ONCE - under_way.len()).await {
                Ok(due) => {
                    for notice in due {
                        let office = Arc::clone(&self.office);
                        under_way.spawn(async move { office.finish(notice).await });
                    }
                    self.office.count_waiting(&mut counted).await;
                    LOOK_EVERY
                }
                Err(error) => {
                    let error: &dyn Error = &error;
                    tracing::warn!(error, "notices cannot be read for now");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = under_way.join_next() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let arriving = async { while under_way.join_next().await.is_some() {} };
        let _some_may_be_late = tokio::time::timeout(ARRIVE, arriving).await;
    }
}

impl Office {
    async fn claim(&self, free: usize) -> Result<Vec<Notice>, StoreError> {
        match u32::try_from(free) {
            Ok(limit @ 1..) => self.store.claim_due_notices(Timestamp::now(), LEASE_SECONDS.cast_signed(), limit).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Counting looks at every notice that waits, and those are many while the mail server is away.
    async fn count_waiting(&self, counted: &mut Option<Instant>) {
        if counted.is_none_or(|at| at.elapsed() >= COUNT_EVERY) {
            *counted = Some(Instant::now());
            if let Ok(waiting) = self.store.waiting_notices().await {
                metrics::gauge!("boxoffice_notices_waiting").set(waiting as f64);
            }
        }
    }

    async fn finish(&self, notice: Notice) {
        let written = match self.send(&notice).await {
            Ok(true) => self.close(notice.id, NoticeState::Sent, None).await,
            Ok(false) => self.without_address(notice.id).await,
            Err(fault) => self.not_sent(&notice, fault).await,
        };
        match written {
            Ok(outcome) => metrics::counter!("boxoffice_notices_total", "outcome" => outcome).increment(1),
            Err(error) => {
                // The lease ends, and the mail is sent once more under the same id.
                let error: &dyn Error = &error;
                tracing::warn!(notice.id = %notice.id, error, "what became of a notice could not be written down");
            }
        }
    }

    /// Sends a notice; false if nobody knows where to.
    async fn send(&self, notice: &Notice) -> Result<bool, NotSent> {
        if is_late(notice, Timestamp::now()) {
            return Err(NotSent::Late);
        }
        let Some(contact) = self.store.contact_of(notice.customer_id).await? else {
            return Ok(false);
        };
        let booking = self.store.find_booking(notice.booking_id).await?;
        let booking = booking.ok_or(NotSent::Missing { what: "booking" })?;
        let show = self.store.find_show_listing(booking.show_id).await?;
        let show = show.ok_or(NotSent::Missing { what: "show" })?;
        let letter = self.letters.write(notice, &booking, &show, &contact)?;
        let mail = self.letters.mail(notice, letter, &contact, Timestamp::now())?;
        self.mailer.send(&mail).await?;
        Ok(true)
    }

    async fn not_sent(&self, notice: &Notice, fault: NotSent) -> Result<&'static str, StoreError> {
        let now = Timestamp::now();
        let why = match (&fault, &notice.last_error) {
            (NotSent::Late, Some(last)) => last.clone(),
            _ => describe(&fault),
        };
        let refused = matches!(fault, NotSent::Mail(MailFault::Refused { .. }));
        if refused || is_late(notice, now) {
            tracing::warn!(notice.id = %notice.id, booking.id = %notice.booking_id, error = why, "a notice is given up");
            return self.close(notice.id, NoticeState::GivenUp, Some(&why)).await;
        }
        if notice.tries <= 1 {
            tracing::info!(notice.id = %notice.id, booking.id = %notice.booking_id, error = why, "a notice has to wait");
        }
        self.store.park_notice(notice.id, &why, next_try(now, notice.tries)).await?;
        Ok("tried_again")
    }

    async fn without_address(&self, id: NoticeId) -> Result<&'static str, StoreError> {
        let closed = self.store.notice_without_address(id, Timestamp::now()).await?;
        Ok(if closed { NoticeState::NoAddress.as_str() } else { "tried_again" })
    }

    async fn close(&self, id: NoticeId, state: NoticeState, error: Option<&str>) -> Result<&'static str, StoreError> {
        self.store.close_notice(id, state, error, Timestamp::now()).await?;
        Ok(state.as_str())
    }
}

/// Whether a notice is too old to be sent: it could not be for days, or whoever notes them was away for so long.
fn is_late(notice: &Notice, now: Timestamp) -> bool {
    now.duration_since(notice.created_at) >= SignedDuration::from_hours(GIVE_UP_AFTER_HOURS)
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
