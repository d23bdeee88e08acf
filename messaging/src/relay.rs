//! The relay: takes what the outbox holds to where it is published, in order for each booking, at least once, and never
//! a thing that was rolled back. Any number of them share the work.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use store::{OutboxMessage, PublishedBatch, SlotLease, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How long slots stay with a relay of which nothing is heard. Longer than a batch can take.
const LEASE_SECONDS: i64 = 15;
/// How often a relay says that it is at work.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often the outbox is looked at while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The pause after a look that found something: what comes meanwhile is published at once, which costs a fraction of
/// publishing it one by one.
const GATHER: Duration = Duration::from_millis(50);
/// How many messages of a slot are published at once.
const BATCH: u32 = 500;
/// The pause after something was away; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is said in the log that something is still away.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// How often the backlog is counted for the metrics.
const COUNT_EVERY: Duration = Duration::from_secs(3);

/// Where messages are published.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Takes a slot over: from now on nobody who has opened it before can publish.
    async fn open(&self, slot: i32) -> Result<Box<dyn SlotPublisher>, PublishFault>;
}

/// The one who publishes a slot. After an error it is of no use any more, and the slot is to be opened anew.
#[async_trait]
pub trait SlotPublisher: Send {
    /// Publishes all of a batch in its order. After an error all of it, or nothing, may have been published.
    async fn publish(&mut self, batch: &Arc<[OutboxMessage]>) -> Result<(), PublishFault>;
}

/// Why something was not published for now.
#[derive(Debug, thiserror::Error)]
#[error("not published")]
pub struct PublishFault {
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl PublishFault {
    /// For this reason.
    pub fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Box::new(source) }
    }
}

impl From<crate::kafka::KafkaFault> for PublishFault {
    fn from(fault: crate::kafka::KafkaFault) -> Self {
        Self::new(fault)
    }
}

/// Takes messages from the outbox to a publisher.
pub struct Relay {
    store: Store,
    publisher: Arc<dyn Publisher>,
    name: String,
    slots: BTreeMap<i32, Slot>,
    /// What is published and yet to be marked so: a database that reads and does not write must not have everything
    /// published again and again.
    unmarked: Vec<PublishedBatch>,
    renewed: Option<Instant>,
    counted: Option<Instant>,
}

struct Slot {
    lease: SlotLease,
    publisher: Option<Box<dyn SlotPublisher>>,
    /// The last message of the last batch, where there was more than fitted in.
    after: Option<(String, i64)>,
}

/// What a look at the outbox has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Messages were published, and more wait than fitted in.
    More,
    /// All that waited was published.
    Done,
    /// Nothing waits in this relay's slots.
    Empty,
}

/// Why a round has failed.
#[derive(Debug, thiserror::Error)]
enum RoundFault {
    #[error("the outbox cannot be read or written")]
    Outbox(#[from] StoreError),
    #[error("messages cannot be published")]
    Publishing(#[from] PublishFault),
}

impl Relay {
    /// A relay named `name`, which no other may be called, not even one that has ended in a crash.
    pub fn new(store: Store, publisher: Arc<dyn Publisher>, name: String) -> Self {
        Self { store, publisher, name, slots: BTreeMap::new(), unmarked: Vec::new(), renewed: None, counted: None }
    }

    /// Publishes until `stop` is cancelled; then finishes its batch and gives its slots back.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut trouble = Trouble::default();
        while !stop.is_cancelled() {
            let pause = match self.round().await {
                Ok(Round::More) => {
                    trouble.over();
                    continue;
                }
                Ok(Round::Done) => {
                    trouble.over();
                    GATHER
                }
                Ok(Round::Empty) => {
                    trouble.over();
                    LOOK_EVERY
                }
                Err(fault) => trouble.another(&fault),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.slots.clear();
        if let Err(error) = self.store.release_slots(&self.name).await {
            tracing::warn!(error = &error as &dyn Error, "the outbox's slots stay leased until the lease ends");
        }
    }

    async fn round(&mut self) -> Result<Round, RoundFault> {
        self.mark().await?;
        self.renew().await?;
        self.count().await?;
        let waiting = self.store.slots_with_messages(&self.name).await?;
        // One that it was given after the last renewal is opened after the next one.
        let at_work: Vec<_> = self
            .slots
            .values_mut()
            .filter(|slot| waiting.contains(&slot.lease.slot))
            .map(|slot| publish(&self.store, self.publisher.as_ref(), slot))
            .collect();
        let mut fault = None;
        for outcome in join_all(at_work).await {
            match outcome {
                Ok(batch) => self.unmarked.extend(batch),
                Err(error) => fault = Some(error),
            }
        }
        let sent = !self.unmarked.is_empty();
        let full = self.slots.values().any(|slot| slot.after.is_some());
        self.mark().await?;
        match fault {
            Some(fault) => Err(fault),
            None if sent => Ok(if full { Round::More } else { Round::Done }),
            None => Ok(Round::Empty),
        }
    }

    /// Marks as published what is.
    async fn mark(&mut self) -> Result<(), StoreError> {
        if self.unmarked.is_empty() {
            return Ok(());
        }
        let void = self.store.mark_published(&self.name, &self.unmarked, Timestamp::now()).await?;
        for lease in void {
            tracing::info!(slot = lease.slot, "another relay has taken over");
            self.slots.remove(&lease.slot);
        }
        let published: usize = self.unmarked.drain(..).map(|batch| batch.ids.len()).sum();
        metrics::counter!("boxoffice_messages_published_total").increment(published as u64);
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        if self.renewed.is_some_and(|at| at.elapsed() < RENEW_EVERY) {
            return Ok(());
        }
        let leases = self.store.lease_slots(&self.name, Timestamp::now(), LEASE_SECONDS).await?;
        self.renewed = Some(Instant::now());
        // What was taken away is closed; what was taken away and given back is opened anew.
        self.slots.retain(|_, slot| leases.contains(&slot.lease));
        for lease in leases {
            self.slots.entry(lease.slot).or_insert(Slot { lease, publisher: None, after: None });
        }
        metrics::gauge!("boxoffice_outbox_slots").set(self.slots.len() as f64);
        Ok(())
    }

    async fn count(&mut self) -> Result<(), StoreError> {
        if self.counted.is_some_and(|at| at.elapsed() < COUNT_EVERY) {
            return Ok(());
        }
        let backlog = self.store.outbox_backlog().await?;
        self.counted = Some(Instant::now());
        let age = backlog.oldest.map_or(0.0, |oldest| Timestamp::now().duration_since(oldest).as_secs_f64().max(0.0));
        metrics::gauge!("boxoffice_outbox_waiting").set(backlog.waiting as f64);
        metrics::gauge!("boxoffice_outbox_lag_seconds").set(age);
        Ok(())
    }
}

/// Publishes the next batch of a slot.
async fn publish(
    store: &Store,
    publisher: &dyn Publisher,
    slot: &mut Slot,
) -> Result<Option<PublishedBatch>, RoundFault> {
    // Before anything is read: what is read afterwards cannot be published by anybody else any more.
    let mut open = match slot.publisher.take() {
        Some(open) => open,
        None => publisher.open(slot.lease.slot).await?,
    };
    let batch: Arc<[OutboxMessage]> =
        store.unpublished_messages_of(slot.lease.slot, slot.after.as_ref(), BATCH).await?.into();
    let full = batch.len() == BATCH as usize;
    slot.after = batch.last().filter(|_| full).map(|last| (last.booking_id.to_string(), last.seq));
    if batch.is_empty() {
        slot.publisher = Some(open);
        return Ok(None);
    }
    if let Err(fault) = open.publish(&batch).await {
        slot.after = None;
        return Err(fault.into());
    }
    slot.publisher = Some(open);
    Ok(Some(PublishedBatch { lease: slot.lease, ids: batch.iter().map(|message| message.id).collect() }))
}

/// How long something has been away, and when it was last told of.
#[derive(Default)]
struct Trouble {
    times: u32,
    told: Option<Instant>,
}

impl Trouble {
    fn another(&mut self, fault: &RoundFault) -> Duration {
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            tracing::warn!(error = fault as &dyn Error, "messages wait in the outbox");
            self.told = Some(Instant::now());
        }
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.times)).min(LONGEST_PAUSE);
        self.times = self.times.saturating_add(1);
        pause
    }

    fn over(&mut self) {
        if self.told.is_some() {
            tracing::info!("messages are published again");
        }
        *self = Self::default();
    }
}
