//! Publishing the outbox: relays share its slots by leases, and number what they have published.
//!
//! A slot has one publisher at a time: taking it raises its epoch, and whoever comes with an older one is turned away.
//! Within a slot the numbers of what is published rise in the order of publication, which makes it a log to read from.

use domain::ids::MessageId;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::outbox::{COLUMNS, OUTBOX_SLOTS, OutboxMessage, OutboxRow};
use crate::statement::{bind, sql};
use crate::transaction::for_update;

/// How many rows one statement numbers, well below the 32766 values that SQLite takes.
const ROWS_PER_STATEMENT: usize = 500;

/// A slot that a relay may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotLease {
    /// Which.
    pub slot: i32,
    /// How often the slot has been taken; a lease of an older epoch is void.
    pub epoch: i64,
}

/// Messages that were published from one slot.
#[derive(Debug, Clone)]
pub struct PublishedBatch {
    /// By which right.
    pub lease: SlotLease,
    /// The messages in the order of publication.
    pub ids: Vec<MessageId>,
}

/// What waits to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many messages.
    pub waiting: i64,
    /// When the oldest of them became a fact; none if nothing waits.
    pub oldest: Option<Timestamp>,
}

/// A place in the log of what was published: of each slot the number of the last message read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition(pub [i64; OUTBOX_SLOTS as usize]);

impl LogPosition {
    /// Before the first message.
    pub const START: Self = Self([0; OUTBOX_SLOTS as usize]);

    /// Moves past a message.
    pub fn pass(&mut self, message: &PublishedMessage) {
        if let Some(position) = usize::try_from(message.message.slot).ok().and_then(|slot| self.0.get_mut(slot)) {
            *position = (*position).max(message.number);
        }
    }
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedMessage {
    /// The message.
    pub message: OutboxMessage,
    /// Its number in its slot's log.
    pub number: i64,
    /// When it was published.
    pub published_at: Timestamp,
}

impl Store {
    /// Says that a relay is at work, and answers the slots that are its own until `lease_seconds` from now.
    ///
    /// The slots are shared evenly among the relays that are at work: one that has more than its share gives some back,
    /// one that has fewer takes those that nobody has.
    pub async fn lease_slots(
        &self,
        relay: &str,
        now: Timestamp,
        lease_seconds: i64,
    ) -> Result<Vec<SlotLease>, StoreError> {
        let until = now.saturating_add(SignedDuration::from_secs(lease_seconds)).unwrap_or(Timestamp::MAX);
        self.change(|tx| async move {
            let result = lease(&tx, relay, now, until).await;
            (tx, result)
        })
        .await
    }

    /// Gives every slot of a relay back: it has ended.
    pub async fn release_slots(&self, relay: &str) -> Result<(), StoreError> {
        self.change(|tx| async move {
            let result = release(&tx, relay).await;
            (tx, result)
        })
        .await
    }

    /// Those of a relay's slots in which something waits.
    pub async fn slots_with_messages(&self, relay: &str) -> Result<Vec<i32>, StoreError> {
        #[derive(FromQueryResult)]
        struct Slot {
            slot: i32,
        }
        let text = "select s.slot from outbox_slots s where s.owner = $1 and exists \
                    (select 1 from outbox o where o.slot = s.slot and o.published_at is null) order by s.slot";
        Ok(sql(text, bind![relay]).all::<Slot>(self.writer()).await?.into_iter().map(|row| row.slot).collect())
    }

    /// Messages of a slot that wait, those about one booking in order, beginning after the one named by `after`: its
    /// booking and sequence number. That lets a relay take its turns with all bookings where more waits than it can do.
    pub async fn unpublished_messages_of(
        &self,
        slot: i32,
        after: Option<&(String, i64)>,
        limit: u32,
    ) -> Result<Vec<OutboxMessage>, StoreError> {
        let (aggregate, seq) = after.map_or(("", 0), |(aggregate, seq)| (aggregate.as_str(), *seq));
        let text = format!(
            "select {COLUMNS} from outbox where slot = $1 and published_at is null and (aggregate_id, seq) > ($2, $3) \
             order by aggregate_id, seq limit $4"
        );
        let values = bind![slot, aggregate, seq, i64::from(limit)];
        // On the writer: one that lags behind would leave out the first messages of a booking and show the next ones.
        let rows = sql(text, values).all::<OutboxRow>(self.writer()).await?;
        rows.into_iter().map(OutboxMessage::try_from).collect()
    }

    /// Writes down what was published; answers the leases that are void, whose messages the slot's new owner publishes
    /// once more.
    pub async fn mark_published(
        &self,
        relay: &str,
        batches: &[PublishedBatch],
        now: Timestamp,
    ) -> Result<Vec<SlotLease>, StoreError> {
        self.change(|tx| async move {
            let result = mark(&tx, relay, batches, now).await;
            (tx, result)
        })
        .await
    }

    /// How much waits, and since when.
    pub async fn outbox_backlog(&self) -> Result<Backlog, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            waiting: i64,
            oldest: Option<i64>,
        }
        let text = "select count(*) as waiting, min(occurred_at) as oldest from outbox where published_at is null";
        let row = sql(text, bind![]).one::<Row>(self.reader()).await?;
        let row = row.unwrap_or(Row { waiting: 0, oldest: None });
        let oldest = RowOf::new("outbox", "backlog").instant_or_none(row.oldest)?;
        Ok(Backlog { waiting: row.waiting, oldest })
    }

    /// What was published after `position`, those of one slot in the order of publication.
    pub async fn published_messages(
        &self,
        position: &LogPosition,
        limit: u32,
    ) -> Result<Vec<PublishedMessage>, StoreError> {
        // Each slot by itself, so that no more than a page of it is read; a condition on all of them would sort the log.
        let places: Vec<String> = (0..OUTBOX_SLOTS)
            .map(|slot| {
                format!(
                    "select * from (select {COLUMNS}, published_seq, published_at from outbox where slot = {slot} \
                     and published_seq > ${} order by published_seq limit $1) as slot_{slot}",
                    slot + 2
                )
            })
            .collect();
        let text = format!("{} order by published_at, slot, published_seq limit $1", places.join(" union all "));
        let mut values = bind![i64::from(limit)];
        values.extend(position.0.iter().flat_map(|number| bind![*number]));
        let rows = sql(text, values).all::<PublishedRow>(self.reader()).await?;
        rows.into_iter().map(PublishedMessage::try_from).collect()
    }
}

#[derive(FromQueryResult)]
struct SlotRow {
    slot: i32,
    owner: Option<String>,
    epoch: i64,
    leased_until: i64,
}

async fn lease(
    tx: &DatabaseTransaction,
    relay: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<SlotLease>, StoreError> {
    // Locked first, always, so that relays come one after the other.
    let text = format!("select slot, owner, epoch, leased_until from outbox_slots order by slot{}", for_update(tx));
    let slots = sql(text, bind![]).all::<SlotRow>(tx).await?;
    sql("delete from outbox_relays where seen_until < $1", bind![now]).run(tx).await?;
    let text = "insert into outbox_relays (id, seen_until) values ($1, $2) \
                on conflict (id) do update set seen_until = excluded.seen_until";
    sql(text, bind![relay, until]).run(tx).await?;
    let relays = sql("select count(*) as count from outbox_relays", bind![]).count(tx).await?;
    let relays = usize::try_from(relays).unwrap_or(1).max(1);
    let share = slots.len().div_ceil(relays);

    let now = now.as_millisecond();
    let (mine, others): (Vec<_>, Vec<_>) = slots.into_iter().partition(|slot| slot.owner.as_deref() == Some(relay));
    let mut leases = Vec::with_capacity(share);
    for SlotRow { slot, epoch, .. } in mine {
        if leases.len() < share {
            let text = "update outbox_slots set leased_until = $2 where slot = $1";
            sql(text, bind![slot, until]).run(tx).await?;
            leases.push(SlotLease { slot, epoch });
        } else {
            let text = "update outbox_slots set owner = null, leased_until = 0 where slot = $1";
            sql(text, bind![slot]).run(tx).await?;
        }
    }
    for SlotRow { slot, owner, epoch, leased_until } in others {
        if leases.len() < share && (owner.is_none() || leased_until < now) {
            let text = "update outbox_slots set owner = $2, epoch = epoch + 1, leased_until = $3 where slot = $1";
            sql(text, bind![slot, relay, until]).run(tx).await?;
            leases.push(SlotLease { slot, epoch: epoch + 1 });
        }
    }
    leases.sort_unstable();
    Ok(leases)
}

async fn release(tx: &DatabaseTransaction, relay: &str) -> Result<(), StoreError> {
    let text = "update outbox_slots set owner = null, leased_until = 0 where owner = $1";
    sql(text, bind![relay]).run(tx).await?;
    sql("delete from outbox_relays where id = $1", bind![relay]).run(tx).await?;
    Ok(())
}

async fn mark(
    tx: &DatabaseTransaction,
    relay: &str,
    batches: &[PublishedBatch],
    now: Timestamp,
) -> Result<Vec<SlotLease>, StoreError> {
    #[derive(FromQueryResult)]
    struct Last {
        last_published: i64,
    }
    let mut void = Vec::new();
    for PublishedBatch { lease, ids } in batches {
        let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let text = "update outbox_slots set last_published = last_published + $4 \
                    where slot = $1 and owner = $2 and epoch = $3 returning last_published";
        let last = sql(text, bind![lease.slot, relay, lease.epoch, count]).one::<Last>(tx).await?;
        let Some(Last { last_published }) = last else {
            void.push(*lease);
            continue;
        };
        let first = last_published - count + 1;
        for (part, ids) in ids.chunks(ROWS_PER_STATEMENT).enumerate() {
            let first = first + i64::try_from(part * ROWS_PER_STATEMENT).unwrap_or(i64::MAX);
            let mut values = bind![now];
            let mut rows = Vec::with_capacity(ids.len());
            for (number, id) in (first..).zip(ids) {
                values.extend(bind![*id]);
                rows.push(format!("(${}, {number})", values.len()));
            }
            let text = format!(
                "update outbox set published_at = $1, published_seq = numbered.column2 from (values {}) as numbered \
                 where outbox.id = numbered.column1 and outbox.published_at is null",
                rows.join(", ")
            );
            sql(text, values).run(tx).await?;
        }
    }
    Ok(void)
}

#[derive(FromQueryResult)]
struct PublishedRow {
    id: String,
    aggregate_id: String,
    seq: i64,
    slot: i32,
    subject: String,
    body: String,
    occurred_at: i64,
    published_seq: i64,
    published_at: i64,
}

impl TryFrom<PublishedRow> for PublishedMessage {
    type Error = StoreError;

    fn try_from(row: PublishedRow) -> Result<Self, StoreError> {
        let PublishedRow { id, aggregate_id, seq, slot, subject, body, occurred_at, published_seq, published_at } = row;
        let published_at = RowOf::new("outbox", &id).instant(published_at)?;
        let message = OutboxMessage::try_from(OutboxRow { id, aggregate_id, seq, slot, subject, body, occurred_at })?;
        Ok(Self { message, number: published_seq, published_at })
    }
}
