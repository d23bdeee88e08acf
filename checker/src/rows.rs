//! Rows: what is read from the database and from the ledger, as it is written there. Judges nothing.
//!
//! Ids stay texts, so that a row which the domain would refuse can still be reported.

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, IsolationLevel, Statement,
    TransactionOptions, TransactionTrait,
};

use crate::error::CheckError;
use crate::evidence::Ledger;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident from $from:literal { $($field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, FromQueryResult)]
        pub(crate) struct $name {
            $(pub(crate) $field: $kind,)*
        }

        impl $name {
            async fn all(db: &impl ConnectionTrait) -> Result<Vec<Self>, CheckError> {
                let columns = [$(stringify!($field)),*].join(", ");
                read(db, format!("select {columns} from {}", $from)).await
            }
        }
    )*};
}

rows! {
    /// A booking.
    Booking from "bookings order by created_at, id" {
        id: String, show_id: String, customer_id: String, partner_id: String, seat_ids: String, state: String,
        state_detail: String, quote: Option<String>, amount_minor: i64, currency: String, refund_policy: String,
        expires_at: Option<i64>, hard_cap_at: i64, paid_by_attempt: Option<i32>, next_seq: i64, next_position: i64,
        created_at: i64, updated_at: i64, closed_at: Option<i64>,
    }
    /// A seat of a show that somebody has.
    Seat from "show_seats where state in ('held', 'sold') or booking_id is not null order by show_id, seat_id" {
        show_id: String, seat_id: String, state: String, booking_id: Option<String>, held_until_at: Option<i64>,
        version: i64,
    }
    /// A seat that a booking took.
    BookedSeat from "booking_seats order by booking_id, position" {
        booking_id: String, seat_id: String, show_id: String, price_minor: i64, seat_version: i64,
    }
    /// One of the holds that a customer may have.
    Slot from "hold_slots order by booking_id, slot" {
        show_id: String, customer_id: String, slot: i32, booking_id: String,
    }
    /// A ticket.
    Ticket from "tickets order by booking_id, id" {
        id: String, booking_id: String, show_id: String, seat_id: String, state: String,
    }
    /// Something to be paid.
    Payable from "payables order by id" {
        id: String, booking_id: Option<String>, amount_minor: i64, currency: String,
    }
    /// A payment.
    Payment from "payments order by id" {
        id: String, payable_id: String, state: String, amount_minor: i64, captured_minor: i64, refunded_minor: i64,
        currency: String,
    }
    /// An attempt to collect.
    Attempt from "payment_attempts order by payment_id, number" {
        payment_id: String, number: i32, booking_id: Option<String>, idempotency_key: String,
        intent_id: Option<String>, state: String, amount_minor: i64, captured_minor: i64, refunded_minor: i64,
        currency: String,
    }
    /// A refund.
    Refund from "refunds order by created_at, id" {
        id: String, payment_id: String, attempt_number: i32, reason: String, state: String, amount_minor: i64,
        currency: String, provider_refund_id: Option<String>,
    }
    /// An intent that the provider was asked for by message.
    MessageIntent from "message_intents order by id" {
        id: String, told: i64,
    }
    /// What a payment provider told.
    PaymentEvent from "payment_events order by provider, event_id" {
        provider: String, event_id: String, body: String, booking_id: Option<String>,
    }
    /// A message.
    Message from "outbox order by aggregate_id, seq, id" {
        id: String, aggregate_kind: String, aggregate_id: String, seq: i64, kind: String, subject: String,
        body: String, slot: i32, published_at: Option<i64>,
    }
    /// A step on a timeline.
    Step from "timeline_entries order by booking_id, position" {
        booking_id: String, position: i64,
    }
    /// What an operator did.
    OperatorAction from "operator_actions order by acted_at, id" {
        booking_id: String, operator: String, action: String,
    }
    /// A show.
    Show from "shows order by id" {
        id: String, starts_at: i64, called_off_at: Option<i64>,
    }
    /// An intent of the provider.
    Intent from "intents order by created_at, id" {
        id: String, idempotency_key: String, amount_minor: i64, currency: String, state: String, captured_minor: i64,
        refunded_minor: i64, metadata: String, updated_at: i64,
    }
    /// A refund of the provider.
    LedgerRefund from "refunds order by created_at, id" {
        id: String, idempotency_key: String, intent_id: String, amount_minor: i64, currency: String, state: String,
    }
    /// A webhook of the provider that was answered with success.
    Receipt from "webhook_deliveries where last_status between 200 and 299 and delivered_at is not null order by event_id" {
        event_id: String, delivered_at: i64,
    }
}

/// Everything that the database says, at one moment.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) bookings: Vec<Booking>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) booked_seats: Vec<BookedSeat>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) payables: Vec<Payable>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) message_intents: Vec<MessageIntent>,
    pub(crate) payment_events: Vec<PaymentEvent>,
    pub(crate) messages: Vec<Message>,
    pub(crate) steps: Vec<Step>,
    pub(crate) operator_actions: Vec<OperatorAction>,
    pub(crate) shows: Vec<Show>,
}

impl Rows {
    /// Reads the database. One transaction sees one moment, so that no change is seen by half.
    pub(crate) async fn read(database: &DatabaseConnection) -> Result<Self, CheckError> {
        let unreadable =
            |what: &'static str| move |source| CheckError::Unreadable { statement: what.to_owned(), source };
        // A transaction of SQLite sees one moment anyway, and knows no other kind.
        let options = match database.get_database_backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        let tx = database.begin_with_options(options).await.map_err(unreadable("begin"))?;
        let rows = Self {
            bookings: Booking::all(&tx).await?,
            seats: Seat::all(&tx).await?,
            booked_seats: BookedSeat::all(&tx).await?,
            slots: Slot::all(&tx).await?,
            tickets: Ticket::all(&tx).await?,
            payables: Payable::all(&tx).await?,
            payments: Payment::all(&tx).await?,
            attempts: Attempt::all(&tx).await?,
            refunds: Refund::all(&tx).await?,
            message_intents: MessageIntent::all(&tx).await?,
            payment_events: PaymentEvent::all(&tx).await?,
            messages: Message::all(&tx).await?,
            steps: Step::all(&tx).await?,
            operator_actions: OperatorAction::all(&tx).await?,
            shows: Show::all(&tx).await?,
        };
        tx.rollback().await.map_err(unreadable("rollback"))?;
        Ok(rows)
    }
}

/// Everything that the provider's ledger says, at one moment.
#[derive(Debug)]
pub(crate) struct LedgerRows {
    pub(crate) intents: Vec<Intent>,
    pub(crate) refunds: Vec<LedgerRefund>,
    pub(crate) receipts: Vec<Receipt>,
}

impl LedgerRows {
    /// Reads the ledger.
    pub(crate) async fn read(ledger: &Ledger) -> Result<Self, CheckError> {
        let unreadable = |source| CheckError::Unreadable { statement: "a transaction".to_owned(), source };
        let tx = ledger.connection().begin().await.map_err(unreadable)?;
        let rows = Self {
            intents: Intent::all(&tx).await?,
            refunds: LedgerRefund::all(&tx).await?,
            receipts: Receipt::all(&tx).await?,
        };
        tx.rollback().await.map_err(unreadable)?;
        Ok(rows)
    }
}

async fn read<R: FromQueryResult>(db: &impl ConnectionTrait, text: String) -> Result<Vec<R>, CheckError> {
    let statement = Statement::from_string(db.get_database_backend(), text.clone());
    let rows = match db.query_all_raw(statement).await {
        Ok(rows) => rows.iter().map(|row| R::from_query_result(row, "")).collect(),
        Err(error) => Err(error),
    };
    rows.map_err(|source| CheckError::Unreadable { statement: text, source })
}
