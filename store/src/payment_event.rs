//! The inbox: what payment providers tell, kept before it is acknowledged, delivered until it is understood.

use domain::ids::BookingId;
use domain::payment::IntentId;
use jiff::{SignedDuration, Timestamp};
use sea_orm::FromQueryResult;

use crate::Store;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, sql};
use crate::transaction::for_update_skip_locked;

/// A provider's message as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPaymentEvent {
    /// The provider's name: `simulator`, `stripe`.
    pub provider: String,
    /// The provider's id of the message, by which a repetition is known.
    pub event_id: String,
    /// The provider's name of what happened.
    pub kind: String,
    /// The intent it is about, if it is about one.
    pub intent_id: Option<IntentId>,
    /// The raw text, as it was signed.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When somebody who looks for what is due may deliver it.
    pub due_at: Timestamp,
    /// How many deliveries are begun with it: 1 where whoever keeps it delivers it at once, else 0.
    pub deliveries: i32,
}

impl NewPaymentEvent {
    /// The message as it is kept, for whoever delivers it at once.
    pub fn kept(self) -> PaymentEvent {
        let Self { provider, event_id, kind, intent_id, body, received_at, due_at, deliveries } = self;
        let state = PaymentEventState::Stored;
        let (next_delivery_at, last_error) = (due_at, None);
        PaymentEvent {
            provider,
            event_id,
            kind,
            intent_id,
            body,
            state,
            deliveries,
            next_delivery_at,
            last_error,
            received_at,
        }
    }
}

/// Whether a message was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEventStored {
    /// It was, and is kept now.
    Stored,
    /// It was kept before.
    Duplicate,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEventState {
    /// Kept, to be delivered.
    Stored,
    /// Its saga knows.
    Delivered,
    /// It could not be delivered; it is tried again later.
    Parked,
}

impl PaymentEventState {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }

    /// Every state.
    pub const ALL: [Self; 3] = [Self::Stored, Self::Delivered, Self::Parked];
}

/// A message that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The provider's name.
    pub provider: String,
    /// The provider's id of the message.
    pub event_id: String,
    /// The provider's name of what happened.
    pub kind: String,
    /// The intent it is about, if it is about one.
    pub intent_id: Option<IntentId>,
    /// The raw text.
    pub body: String,
    /// Where it stands.
    pub state: PaymentEventState,
    /// How often a delivery was begun, this one included.
    pub deliveries: i32,
    /// When it is due next.
    pub next_delivery_at: Timestamp,
    /// Why the last delivery failed, if it did.
    pub last_error: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
}

impl Store {
    /// Keeps a message.
    pub async fn store_payment_event(&self, event: &NewPaymentEvent) -> Result<PaymentEventStored, StoreError> {
        keep(self.writer(), event).await
    }

    /// Takes messages that are due, the longest due first; nobody else gets them until the lease has passed.
    pub async fn claim_due_payment_events(
        &self,
        now: Timestamp,
        lease_seconds: i64,
        limit: u32,
    ) -> Result<Vec<PaymentEvent>, StoreError> {
        // Materialized: a plan that looked again for each row would find other rows to skip, and take too many.
        let text = format!(
            "with due as materialized (select provider, event_id from payment_events \
             where state in ('stored', 'parked') and next_delivery_at <= $1 \
             order by next_delivery_at, event_id limit $3{}) \
             update payment_events set next_delivery_at = $2, deliveries = deliveries + 1 \
             where (provider, event_id) in (select provider, event_id from due) returning {COLUMNS}",
            for_update_skip_locked(self.writer())
        );
        let values = bind![now, leased_until(now, lease_seconds), i64::from(limit)];
        let rows = sql(text, values).all::<PaymentEventRow>(self.writer()).await?;
        let mut events = rows.into_iter().map(PaymentEvent::try_from).collect::<Result<Vec<_>, _>>()?;
        // The statement returns them in any order.
        events.sort_by(|one, other| (one.received_at, &one.event_id).cmp(&(other.received_at, &other.event_id)));
        Ok(events)
    }

    /// Marks a message as delivered; `booking_id` is whose it was, if it was anybody's.
    pub async fn payment_event_delivered(
        &self,
        provider: &str,
        event_id: &str,
        booking_id: Option<BookingId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let text = "update payment_events set state = 'delivered', booking_id = $3, delivered_at = $4, \
                    last_error = null where provider = $1 and event_id = $2 and state <> 'delivered'";
        sql(text, bind![provider, event_id, booking_id, now]).run(self.writer()).await?;
        Ok(())
    }

    /// Puts a message aside that could not be delivered, until `next_delivery_at`.
    pub async fn park_payment_event(
        &self,
        provider: &str,
        event_id: &str,
        error: &str,
        next_delivery_at: Timestamp,
    ) -> Result<(), StoreError> {
        let text = "update payment_events set state = 'parked', last_error = $3, next_delivery_at = $4 \
                    where provider = $1 and event_id = $2 and state <> 'delivered'";
        sql(text, bind![provider, event_id, error, next_delivery_at]).run(self.writer()).await?;
        Ok(())
    }

    /// Messages that are put aside, oldest first; `after` is time of arrival, provider and id of the last one seen.
    pub async fn parked_payment_events(
        &self,
        after: Option<(Timestamp, String, String)>,
        limit: u32,
    ) -> Result<Vec<PaymentEvent>, StoreError> {
        let (received_at, provider, event_id) = after.unwrap_or_else(|| (Timestamp::MIN, String::new(), String::new()));
        let text = format!(
            "select {COLUMNS} from payment_events where state = 'parked' \
             and (received_at, provider, event_id) > ($1, $2, $3) order by received_at, provider, event_id limit $4"
        );
        let values = bind![received_at, provider, event_id, i64::from(limit)];
        let rows = sql(text, values).all::<PaymentEventRow>(self.reader()).await?;
        rows.into_iter().map(PaymentEvent::try_from).collect()
    }
}

/// Keeps a message, unless it was kept before.
pub(crate) async fn keep(db: &impl Session, event: &NewPaymentEvent) -> Result<PaymentEventStored, StoreError> {
    let NewPaymentEvent { provider, event_id, kind, intent_id, body, received_at, due_at, deliveries } = event;
    let text = "insert into payment_events (provider, event_id, kind, intent_id, body, state, next_delivery_at, \
                received_at, deliveries) values ($1, $2, $3, $4, $5, 'stored', $6, $7, $8) on conflict do nothing";
    let intent_id = intent_id.as_ref().map(IntentId::as_str);
    let values = bind![*provider, *event_id, *kind, intent_id, *body, *due_at, *received_at, *deliveries];
    let stored = sql(text, values).run(db).await? == 1;
    Ok(if stored { PaymentEventStored::Stored } else { PaymentEventStored::Duplicate })
}

const COLUMNS: &str = "provider, event_id, kind, intent_id, body, state, deliveries, next_delivery_at, last_error, \
     received_at";

fn leased_until(now: Timestamp, lease_seconds: i64) -> Timestamp {
    rounded(now.saturating_add(SignedDuration::from_secs(lease_seconds)).unwrap_or(Timestamp::MAX))
}

#[derive(FromQueryResult)]
struct PaymentEventRow {
    provider: String,
    event_id: String,
    kind: String,
    intent_id: Option<String>,
    body: String,
    state: String,
    deliveries: i32,
    next_delivery_at: i64,
    last_error: Option<String>,
    received_at: i64,
}

impl TryFrom<PaymentEventRow> for PaymentEvent {
    type Error = StoreError;

    fn try_from(row: PaymentEventRow) -> Result<Self, StoreError> {
        let of = RowOf::new("payment_events", &row.event_id);
        Ok(Self {
            state: of.named(&row.state, &PaymentEventState::ALL, PaymentEventState::as_str)?,
            next_delivery_at: of.instant(row.next_delivery_at)?,
            received_at: of.instant(row.received_at)?,
            intent_id: row.intent_id.map(IntentId::new),
            provider: row.provider,
            event_id: row.event_id,
            kind: row.kind,
            body: row.body,
            deliveries: row.deliveries,
            last_error: row.last_error,
        })
    }
}
