//! Bookings as the order service knows them: from messages alone, whatever order the topics bring them in.

use domain::ids::{BookingId, CustomerId, PartnerId, ShowId};
use domain::message::{Message, MessageSubject};
use domain::money::Money;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::RowOf;
use crate::consumed;
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// The consumer that keeps them.
const CONSUMER: &str = "orders";

/// What the order service knows of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBooking {
    /// The booking.
    pub booking_id: BookingId,
    /// Who books.
    pub customer_id: CustomerId,
    /// Who sells.
    pub partner_id: PartnerId,
    /// The show, once a message has named it.
    pub show_id: Option<ShowId>,
    /// The name of its state: `created`, `confirmed`, `cancelled`, `expired`, `failed`, `needs_attention`; `unknown`
    /// before a message has told.
    pub state: String,
    /// What it costs, once a message has told.
    pub amount: Option<Money>,
    /// How much was collected for it, in minor units of its currency.
    pub paid_minor: i64,
    /// How much of that went back.
    pub refunded_minor: i64,
    /// How many valid tickets it has.
    pub valid_tickets: i64,
    /// How many messages have made this of it; the sequence number of the last one when all have come.
    pub messages: i64,
}

/// What one message changes.
struct Change<'m> {
    /// The state that it tells of.
    state: Option<&'static str>,
    show_id: Option<ShowId>,
    amount: Option<&'m Money>,
    paid: i64,
    refunded: i64,
    tickets: i64,
}

impl<'m> Change<'m> {
    fn of(message: &'m Message) -> Self {
        let nothing = Self { state: None, show_id: None, amount: None, paid: 0, refunded: 0, tickets: 0 };
        match message {
            Message::BookingCreated { show_id, amount, .. } => {
                Self { state: Some("created"), show_id: Some(*show_id), amount: Some(amount), ..nothing }
            }
            Message::BookingConfirmed { show_id, amount, .. } => {
                Self { state: Some("confirmed"), show_id: Some(*show_id), amount: Some(amount), ..nothing }
            }
            Message::BookingCancelled { show_id, .. } => {
                Self { state: Some("cancelled"), show_id: Some(*show_id), ..nothing }
            }
            Message::BookingExpired { show_id, .. } => {
                Self { state: Some("expired"), show_id: Some(*show_id), ..nothing }
            }
            Message::BookingFailed { show_id, .. } => {
                Self { state: Some("failed"), show_id: Some(*show_id), ..nothing }
            }
            Message::BookingNeedsAttention { .. } => Self { state: Some("needs_attention"), ..nothing },
            Message::PaymentConfirmed { amount, .. } => Self { paid: amount.minor, ..nothing },
            Message::PaymentRefunded { amount, .. } => Self { refunded: amount.minor, ..nothing },
            Message::TicketIssued { .. } => Self { tickets: 1, ..nothing },
            Message::TicketVoided { .. } => Self { tickets: -1, ..nothing },
            Message::PaymentRequested { .. }
            | Message::PaymentFailed { .. }
            | Message::PaymentCancellationRequested { .. }
            | Message::RefundRequested { .. }
            | Message::RefundFailed { .. } => nothing,
        }
    }
}

impl Store {
    /// Applies a message, once; false if it was applied before.
    ///
    /// Sums are added up, and a state is the one of the highest sequence number, so that it does not matter which of
    /// two topics is ahead.
    pub async fn apply_to_order(
        &self,
        message_id: &str,
        seq: i64,
        subject: &MessageSubject,
        message: &Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change(|tx| async move {
            let result = apply(&tx, message_id, seq, subject, message, now).await;
            (tx, result)
        })
        .await
    }

    /// What the order service knows of a booking; none if no message about it has come.
    pub async fn order_booking(&self, booking_id: BookingId) -> Result<Option<OrderBooking>, StoreError> {
        let text = "select booking_id, customer_id, partner_id, show_id, state, amount_minor, currency, paid_minor, \
                    refunded_minor, valid_tickets, messages from order_bookings where booking_id = $1";
        let row = sql(text, bind![booking_id]).one::<OrderBookingRow>(self.reader()).await?;
        row.map(OrderBooking::try_from).transpose()
    }
}

async fn apply(
    tx: &DatabaseTransaction,
    message_id: &str,
    seq: i64,
    subject: &MessageSubject,
    message: &Message,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !consumed::mark(tx, CONSUMER, message_id, now).await? {
        return Ok(false);
    }
    let change = Change::of(message);
    let state_seq = if change.state.is_some() { seq } else { 0 };
    let text = "insert into order_bookings (booking_id, customer_id, partner_id, show_id, state, state_seq, \
                amount_minor, currency, paid_minor, refunded_minor, valid_tickets, messages, updated_at) \
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12) \
                on conflict (booking_id) do update set \
                show_id = coalesce(order_bookings.show_id, excluded.show_id), \
                state = case when excluded.state_seq > order_bookings.state_seq then excluded.state \
                    else order_bookings.state end, \
                state_seq = case when excluded.state_seq > order_bookings.state_seq then excluded.state_seq \
                    else order_bookings.state_seq end, \
                amount_minor = coalesce(order_bookings.amount_minor, excluded.amount_minor), \
                currency = coalesce(order_bookings.currency, excluded.currency), \
                paid_minor = order_bookings.paid_minor + excluded.paid_minor, \
                refunded_minor = order_bookings.refunded_minor + excluded.refunded_minor, \
                valid_tickets = order_bookings.valid_tickets + excluded.valid_tickets, \
                messages = order_bookings.messages + 1, \
                updated_at = excluded.updated_at";
    let values = bind![
        subject.booking_id,
        subject.customer_id,
        subject.partner_id,
        change.show_id,
        change.state.unwrap_or("unknown"),
        state_seq,
        change.amount.map(|amount| amount.minor),
        change.amount.map(|amount| amount.currency.as_str()),
        change.paid,
        change.refunded,
        change.tickets,
        now,
    ];
    sql(text, values).run(tx).await?;
    Ok(true)
}

#[derive(FromQueryResult)]
struct OrderBookingRow {
    booking_id: String,
    customer_id: String,
    partner_id: String,
    show_id: Option<String>,
    state: String,
    amount_minor: Option<i64>,
    currency: Option<String>,
    paid_minor: i64,
    refunded_minor: i64,
    valid_tickets: i64,
    messages: i64,
}

impl TryFrom<OrderBookingRow> for OrderBooking {
    type Error = StoreError;

    fn try_from(row: OrderBookingRow) -> Result<Self, StoreError> {
        let of = RowOf::new("order_bookings", &row.booking_id);
        let amount = match (row.amount_minor, row.currency.as_deref()) {
            (Some(minor), Some(currency)) => Some(of.money(minor, currency)?),
            _ => None,
        };
        Ok(Self {
            booking_id: of.read(BookingId::parse(&row.booking_id))?,
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            partner_id: of.read(PartnerId::parse(&row.partner_id))?,
            show_id: row.show_id.as_deref().map(|id| of.read(ShowId::parse(id))).transpose()?,
            state: row.state,
            amount,
            paid_minor: row.paid_minor,
            refunded_minor: row.refunded_minor,
            valid_tickets: row.valid_tickets,
            messages: row.messages,
        })
    }
}
