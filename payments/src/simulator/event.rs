//! Events in the ledger and the queue of their webhooks. Sends nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::behaviour::WebhookMode;
use super::error::SimulatorError;
use super::intent::Intent;
use super::ledger::{bad_row, millis, new_id, sql};
use super::refund::Refund;
use super::wire::{EventOut, IntentOut};

/// How much later than the newer event an older one is sent that comes out of order.
const OUT_OF_ORDER_DELAY: SignedDuration = SignedDuration::from_millis(300);

/// What happened, as webhooks name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Created,
    RequiresAction,
    Processing,
    Succeeded,
    PaymentFailed,
    Cancelled,
    RefundCreated,
    RefundSucceeded,
    RefundFailed,
}

impl EventKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "intent.created",
            Self::RequiresAction => "intent.requires_action",
            Self::Processing => "intent.processing",
            Self::Succeeded => "intent.succeeded",
            Self::PaymentFailed => "intent.payment_failed",
            Self::Cancelled => "intent.cancelled",
            Self::RefundCreated => "refund.created",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
        }
    }

    const fn ends_payment(self) -> bool {
        matches!(self, Self::Succeeded | Self::PaymentFailed)
    }
}

/// What an intent that was told to say nothing says all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Nothing.
    AsTold,
    /// The answer to what it was asked by message, as an answer over HTTP is not a webhook either.
    InAnswer,
}

/// An event to send: by webhook, or by message.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Delivery {
    pub(crate) event_id: String,
    pub(crate) intent_id: String,
    pub(crate) copy: i64,
    pub(crate) due_at: i64,
    pub(crate) tries: i64,
    pub(crate) body: String,
    pub(crate) created_at: i64,
}

/// Writes down that something happened and queues its webhooks as the intent's behaviour says.
pub(crate) async fn emit(
    db: &impl ConnectionTrait,
    kind: EventKind,
    intent: &Intent,
    refund: Option<&Refund>,
    now: Timestamp,
) -> Result<(), SimulatorError> {
    tell(db, Telling::AsTold, kind, intent, refund, now).await
}

/// Writes down where the customer pays an intent that was asked for by message, and tells whoever has asked.
pub(crate) async fn tell_page(
    db: &impl ConnectionTrait,
    intent: &Intent,
    page: Option<String>,
    now: Timestamp,
) -> Result<(), SimulatorError> {
    let wire = IntentOut { payment_page: page, ..intent.to_public_wire() };
    write_wire(db, EventKind::Created, wire, None, now, &[now]).await
}

/// The same as [`emit`], which an answer is not kept back by.
pub(crate) async fn tell(
    db: &impl ConnectionTrait,
    telling: Telling,
    kind: EventKind,
    intent: &Intent,
    refund: Option<&Refund>,
    now: Timestamp,
) -> Result<(), SimulatorError> {
    match intent.behaviour.webhooks.unwrap_or(WebhookMode::Normal) {
        WebhookMode::Never if telling == Telling::AsTold => write(db, kind, intent, refund, now, &[]).await,
        WebhookMode::Never | WebhookMode::Normal => write(db, kind, intent, refund, now, &[now]).await,
        WebhookMode::Twice => write(db, kind, intent, refund, now, &[now, now]).await,
        WebhookMode::OutOfOrder => {
            write(db, kind, intent, refund, now, &[now]).await?;
            if !kind.ends_payment() {
                return Ok(());
            }
            let older = now.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(now);
            let later = now.saturating_add(OUT_OF_ORDER_DELAY).unwrap_or(now);
            let before = Intent {
                state: domain::payment::IntentState::Processing,
                captured_minor: 0,
                decline_code: None,
                ..intent.clone()
            };
            write(db, EventKind::Processing, &before, None, older, &[later]).await
        }
    }
}

async fn write(
    db: &impl ConnectionTrait,
    kind: EventKind,
    intent: &Intent,
    refund: Option<&Refund>,
    happened_at: Timestamp,
    send_at: &[Timestamp],
) -> Result<(), SimulatorError> {
    write_wire(db, kind, intent.to_public_wire(), refund, happened_at, send_at).await
}

async fn write_wire(
    db: &impl ConnectionTrait,
    kind: EventKind,
    intent: IntentOut,
    refund: Option<&Refund>,
    happened_at: Timestamp,
    send_at: &[Timestamp],
) -> Result<(), SimulatorError> {
    let (id, intent_id) = (new_id("evt"), intent.id.clone());
    let event = EventOut {
        id: id.clone(),
        kind: kind.as_str().to_owned(),
        created_at: happened_at,
        intent,
        refund: refund.map(Refund::to_wire),
    };
    // The body is kept as text because every copy must carry the same bytes as are signed.
    let body = serde_json::to_string(&event).map_err(|error| bad_row(error.to_string()))?;
    let values =
        [id.as_str().into(), kind.as_str().into(), intent_id.as_str().into(), body.into(), millis(happened_at).into()];
    let insert = "insert into events (id, kind, intent_id, body, created_at) values (?, ?, ?, ?, ?)";
    db.execute_raw(sql(insert, values)).await?;
    for (copy, due_at) in (1_i64..).zip(send_at) {
        let values = [id.as_str().into(), copy.into(), millis(*due_at).into()];
        let insert = "insert into webhook_deliveries (event_id, copy, due_at) values (?, ?, ?)";
        db.execute_raw(sql(insert, values)).await?;
    }
    Ok(())
}

/// The first `limit` webhooks that are to be sent, now or later.
pub(crate) async fn queue(db: &impl ConnectionTrait, limit: usize) -> Result<Vec<Delivery>, SimulatorError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = sql(
        "select d.event_id, e.intent_id, d.copy, d.due_at, d.tries, e.body, e.created_at \
         from webhook_deliveries d join events e on e.id = d.event_id \
         where d.due_at is not null order by d.due_at, e.created_at, e.id, d.copy limit ?",
        [limit.into()],
    );
    Ok(Delivery::find_by_statement(statement).all(db).await?)
}

/// How many webhooks are still to be sent.
pub(crate) async fn queue_length(db: &impl ConnectionTrait) -> Result<u64, SimulatorError> {
    #[derive(FromQueryResult)]
    struct Count {
        number: i64,
    }
    let statement = sql("select count(*) as number from webhook_deliveries where due_at is not null", []);
    let count = Count::find_by_statement(statement).one(db).await?.map_or(0, |count| count.number);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Writes down that a webhook was received.
pub(crate) async fn delivered(
    db: &impl ConnectionTrait,
    delivery: &Delivery,
    status: Option<u16>,
    now: Timestamp,
) -> Result<(), SimulatorError> {
    let statement = sql(
        "update webhook_deliveries set due_at = null, delivered_at = ?, tries = tries + 1, last_status = ? \
         where event_id = ? and copy = ?",
        [millis(now).into(), status.map(i64::from).into(), delivery.event_id.as_str().into(), delivery.copy.into()],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// Writes down that a webhook was not received, and when it is sent again; never, if no wait is given.
pub(crate) async fn not_delivered(
    db: &impl ConnectionTrait,
    delivery: &Delivery,
    status: Option<u16>,
    wait: Option<Duration>,
    now: Timestamp,
) -> Result<(), SimulatorError> {
    let due_at = wait.map(|wait| millis(now).saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
    let statement = sql(
        "update webhook_deliveries set due_at = ?, tries = tries + 1, last_status = ? where event_id = ? and copy = ?",
        [due_at.into(), status.map(i64::from).into(), delivery.event_id.as_str().into(), delivery.copy.into()],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// When the next thing happens by itself: an intent or a refund settles.
pub(crate) async fn next_settlement(db: &impl ConnectionTrait) -> Result<Option<i64>, SimulatorError> {
    #[derive(FromQueryResult)]
    struct Next {
        due_at: Option<i64>,
    }
    let statement = sql(
        "select min(due_at) as due_at from (select min(due_at) as due_at from intents where due_at is not null \
         union all select min(due_at) from refunds where due_at is not null)",
        [],
    );
    Ok(Next::find_by_statement(statement).one(db).await?.and_then(|next| next.due_at))
}
