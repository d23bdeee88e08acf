//! Payments whose provider is reached by message: what it is asked for goes into the booking's outbox with the row that
//! says so, and what it tells goes into the row with the inbox entry that tells it apart from a repetition.

use domain::ids::{BookingId, PaymentId};
use domain::message::Message;
use domain::message_intent::{IntentNews, MessageIntent, MessageRefund, RefundNews};
use domain::payment::{IntentId, IntentState};
use domain::refund::{RefundState, RefundToSend};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::LockedBooking;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::payment_event::{self, NewPaymentEvent, PaymentEventStored};
use crate::pool::Session;
use crate::refund;
use crate::statement::{bind, placeholders, sql};
use crate::transaction::for_update;

impl Store {
    /// Writes an intent down that the provider is going to be asked for, or finds the one of the same id as it is today.
    pub async fn open_message_intent(&self, intent: &MessageIntent) -> Result<MessageIntent, StoreError> {
        let text = format!(
            "insert into message_intents (id, idempotency_key, booking_id, payment_id, attempt, amount_minor, currency, \
             state, captured_currency, created_at, updated_at) values ({}) on conflict do nothing",
            placeholders(1, 11)
        );
        let currency = intent.amount.currency.as_str();
        let values = bind![
            intent.intent_id.as_str(),
            intent.idempotency_key,
            intent.booking_id,
            intent.payment_id,
            i64::from(intent.attempt),
            intent.amount.minor,
            currency,
            intent.state.as_str(),
            currency,
            intent.created_at,
            intent.created_at,
        ];
        sql(text, values).run(self.writer()).await?;
        let found = find(self.writer(), &intent.intent_id, "").await?;
        found.ok_or_else(|| StoreError::NotFound { what: "message intent", id: intent.intent_id.to_string() })
    }

    /// What has been told of an intent; none if it was not asked for by message.
    pub async fn message_intent(&self, id: &IntentId) -> Result<Option<MessageIntent>, StoreError> {
        find(self.reader(), id, "").await
    }

    /// Asks the provider to cancel an intent, unless the question is open already or its end is known; answers what is
    /// known of the intent, none if it was not asked for by message.
    pub async fn ask_to_cancel_intent(
        &self,
        id: &IntentId,
        now: Timestamp,
    ) -> Result<Option<MessageIntent>, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = ask_to_cancel(&tx, id, now).await;
            (tx, done)
        })
        .await
    }

    /// Asks the provider to give money back, once; answers what is known of the refund, none if its intent was not
    /// asked for by message.
    pub async fn ask_for_refund(
        &self,
        refund: &RefundToSend,
        now: Timestamp,
    ) -> Result<Option<MessageRefund>, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = ask_for_refund(&tx, refund, now).await;
            (tx, done)
        })
        .await
    }

    /// What has been told of a refund, by the id that boxoffice gave it.
    pub async fn message_refund(&self, id: &str) -> Result<Option<MessageRefund>, StoreError> {
        find_refund(self.reader(), "id", id).await
    }

    /// What has been told of a refund, by the provider's name for it.
    pub async fn message_refund_sent_as(&self, provider_refund_id: &str) -> Result<Option<MessageRefund>, StoreError> {
        find_refund(self.reader(), "provider_refund_id", provider_refund_id).await
    }

    /// Keeps a message about an intent, due for delivery at once, and takes in what it tells, once.
    ///
    /// Of an intent that was not asked for by message nothing is taken in: it is read at its provider.
    pub async fn hear_of_intent(
        &self,
        event: &NewPaymentEvent,
        news: &IntentNews,
    ) -> Result<PaymentEventStored, StoreError> {
        self.change(|tx| async move {
            let done = hear_of_intent(&tx, event, news).await;
            (tx, done)
        })
        .await
    }

    /// Keeps a message about a refund, due for delivery at once, and takes in what it tells, once.
    pub async fn hear_of_refund(
        &self,
        event: &NewPaymentEvent,
        news: &RefundNews,
    ) -> Result<PaymentEventStored, StoreError> {
        self.change(|tx| async move {
            let done = hear_of_refund(&tx, event, news).await;
            (tx, done)
        })
        .await
    }

    /// Intents that were asked for by message after the given time and id, oldest first.
    pub async fn list_message_intents(
        &self,
        after: (Timestamp, &str),
        limit: u32,
    ) -> Result<Vec<MessageIntent>, StoreError> {
        let text = format!("{INTENTS} where (i.created_at, i.id) > ($1, $2) order by i.created_at, i.id limit $3");
        let rows = sql(text, bind![after.0, after.1, i64::from(limit)]).all::<IntentRow>(self.reader()).await?;
        rows.into_iter().map(MessageIntent::try_from).collect()
    }

    /// Refunds that messages were about after the given time and id, oldest first.
    pub async fn list_message_refunds(
        &self,
        after: (Timestamp, &str),
        limit: u32,
    ) -> Result<Vec<MessageRefund>, StoreError> {
        let text = format!("{REFUNDS} where (created_at, id) > ($1, $2) order by created_at, id limit $3");
        let rows = sql(text, bind![after.0, after.1, i64::from(limit)]).all::<RefundRow>(self.reader()).await?;
        rows.into_iter().map(MessageRefund::try_from).collect()
    }
}

const INTENTS: &str = "select i.id, i.idempotency_key, i.booking_id, i.payment_id, i.attempt, i.amount_minor, \
     i.currency, i.state, i.captured_minor, i.captured_currency, (select cast(coalesce(sum(r.amount_minor), 0) as \
     bigint) from message_refunds r where r.intent_id = i.id and r.currency = i.currency and r.state in \
     ('pending', 'succeeded')) as refunded_minor, i.decline_code, i.payment_page, i.told, i.told_at, i.asked_at_told, \
     i.created_at from message_intents i";

const REFUNDS: &str = "select id, intent_id, amount_minor, currency, state, provider_refund_id, asked, told_at, \
     created_at from message_refunds";

async fn find(db: &impl Session, id: &IntentId, lock: &str) -> Result<Option<MessageIntent>, StoreError> {
    let text = format!("{INTENTS} where i.id = $1{lock}");
    let row = sql(text, bind![id.as_str()]).one::<IntentRow>(db).await?;
    row.map(MessageIntent::try_from).transpose()
}

async fn find_refund(db: &impl Session, column: &'static str, id: &str) -> Result<Option<MessageRefund>, StoreError> {
    let text = format!("{REFUNDS} where {column} = $1");
    let row = sql(text, bind![id]).one::<RefundRow>(db).await?;
    row.map(MessageRefund::try_from).transpose()
}

async fn ask_to_cancel(
    tx: &DatabaseTransaction,
    id: &IntentId,
    now: Timestamp,
) -> Result<Option<MessageIntent>, StoreError> {
    // The booking is locked before the intent: everything that boxoffice does about one booking waits at its row.
    let Some(MessageIntent { booking_id, .. }) = find(tx, id, "").await? else { return Ok(None) };
    let mut booking = LockedBooking::get(tx, booking_id).await?;
    let Some(mut intent) = find(tx, id, for_update(tx)).await? else { return Ok(None) };
    if !intent.should_ask_to_cancel() {
        return Ok(Some(intent));
    }
    intent.asked_at_told = Some(intent.told);
    let text = "update message_intents set asked_at_told = $2, updated_at = $3 where id = $1";
    sql(text, bind![id.as_str(), intent.told, now]).run(tx).await?;
    booking.say(Message::PaymentCancellationRequested {
        payment_id: intent.payment_id,
        attempt: intent.attempt,
        intent_id: id.clone(),
        amount: intent.amount,
    });
    booking.save(tx, now).await?;
    Ok(Some(intent))
}

async fn ask_for_refund(
    tx: &DatabaseTransaction,
    order: &RefundToSend,
    now: Timestamp,
) -> Result<Option<MessageRefund>, StoreError> {
    let RefundToSend { refund_id, booking_id, payment_id, intent_id, amount } = order;
    let mut booking = LockedBooking::get(tx, *booking_id).await?;
    if find(tx, intent_id, for_update(tx)).await?.is_none() {
        return Ok(None);
    }
    let id = refund_id.to_string();
    if let Some(known) = find_refund(tx, "id", &id).await?.filter(|known| known.asked) {
        return Ok(Some(known));
    }
    let reason = refund::reason_of(tx, *refund_id).await?;
    let reason = reason.ok_or_else(|| StoreError::NotFound { what: "refund", id: id.clone() })?;
    let text = format!(
        "insert into message_refunds (id, intent_id, amount_minor, currency, state, asked, created_at, updated_at) \
         values ({}) on conflict (id) do update set asked = excluded.asked",
        placeholders(1, 8)
    );
    let (state, currency) = (RefundState::Open.as_str(), amount.currency.as_str());
    sql(text, bind![id, intent_id.as_str(), amount.minor, currency, state, true, now, now]).run(tx).await?;
    let (payment_id, refund_id) = (*payment_id, *refund_id);
    booking.say(Message::RefundRequested {
        payment_id,
        refund_id,
        intent_id: intent_id.clone(),
        amount: *amount,
        reason,
    });
    booking.save(tx, now).await?;
    find_refund(tx, "id", &id).await
}

async fn hear_of_intent(
    tx: &DatabaseTransaction,
    event: &NewPaymentEvent,
    news: &IntentNews,
) -> Result<PaymentEventStored, StoreError> {
    if payment_event::keep(tx, event).await? == PaymentEventStored::Duplicate {
        return Ok(PaymentEventStored::Duplicate);
    }
    let Some(mut intent) = find(tx, &news.intent_id, for_update(tx)).await? else {
        return Ok(PaymentEventStored::Stored);
    };
    intent.hear(&IntentNews { happened_at: rounded(news.happened_at), ..news.clone() });
    let text = "update message_intents set state = $2, captured_minor = $3, captured_currency = $4, decline_code = $5, \
                payment_page = $6, told = $7, told_at = $8, updated_at = $9 where id = $1";
    let values = bind![
        intent.intent_id.as_str(),
        intent.state.as_str(),
        intent.captured.minor,
        intent.captured.currency.as_str(),
        intent.decline_code,
        intent.payment_page,
        intent.told,
        intent.told_at,
        event.received_at,
    ];
    sql(text, values).run(tx).await?;
    Ok(PaymentEventStored::Stored)
}

async fn hear_of_refund(
    tx: &DatabaseTransaction,
    event: &NewPaymentEvent,
    news: &RefundNews,
) -> Result<PaymentEventStored, StoreError> {
    if payment_event::keep(tx, event).await? == PaymentEventStored::Duplicate {
        return Ok(PaymentEventStored::Duplicate);
    }
    if find(tx, &news.intent_id, for_update(tx)).await?.is_none() {
        return Ok(PaymentEventStored::Stored);
    }
    let known = find_refund(tx, "id", &news.refund_id).await?;
    let unasked = || {
        news.amount.map(|amount| MessageRefund {
            id: news.refund_id.clone(),
            intent_id: news.intent_id.clone(),
            amount,
            state: RefundState::Open,
            provider_refund_id: None,
            asked: false,
            told_at: None,
            created_at: event.received_at,
        })
    };
    // Nobody knows how much goes back: there is nothing to write down but that it was said.
    let Some(mut refund) = known.or_else(unasked) else { return Ok(PaymentEventStored::Stored) };
    refund.hear(&RefundNews { happened_at: rounded(news.happened_at), ..news.clone() });
    let text = format!(
        "insert into message_refunds (id, intent_id, amount_minor, currency, state, provider_refund_id, asked, told_at, \
         created_at, updated_at) values ({}) on conflict (id) do update set state = excluded.state, \
         provider_refund_id = excluded.provider_refund_id, told_at = excluded.told_at, updated_at = excluded.updated_at",
        placeholders(1, 10)
    );
    let values = bind![
        refund.id,
        refund.intent_id.as_str(),
        refund.amount.minor,
        refund.amount.currency.as_str(),
        refund.state.as_str(),
        refund.provider_refund_id,
        refund.asked,
        refund.told_at,
        refund.created_at,
        event.received_at,
    ];
    sql(text, values).run(tx).await?;
    Ok(PaymentEventStored::Stored)
}

#[derive(FromQueryResult)]
struct IntentRow {
    id: String,
    idempotency_key: String,
    booking_id: String,
    payment_id: String,
    attempt: i32,
    amount_minor: i64,
    currency: String,
    state: String,
    captured_minor: i64,
    captured_currency: String,
    refunded_minor: i64,
    decline_code: Option<String>,
    payment_page: Option<String>,
    told: i64,
    told_at: Option<i64>,
    asked_at_told: Option<i64>,
    created_at: i64,
}

impl TryFrom<IntentRow> for MessageIntent {
    type Error = StoreError;

    fn try_from(row: IntentRow) -> Result<Self, StoreError> {
        let of = RowOf::new("message_intents", &row.id);
        Ok(Self {
            booking_id: of.read(BookingId::parse(&row.booking_id))?,
            payment_id: of.read(PaymentId::parse(&row.payment_id))?,
            attempt: of.natural(row.attempt)?,
            amount: of.money(row.amount_minor, &row.currency)?,
            state: of.named(&row.state, &IntentState::ALL, IntentState::as_str)?,
            captured: of.money(row.captured_minor, &row.captured_currency)?,
            refunded: of.money(row.refunded_minor, &row.currency)?,
            decline_code: row.decline_code,
            payment_page: row.payment_page,
            told: row.told,
            told_at: of.instant_or_none(row.told_at)?,
            asked_at_told: row.asked_at_told,
            created_at: of.instant(row.created_at)?,
            intent_id: IntentId::new(row.id.clone()),
            idempotency_key: row.idempotency_key,
        })
    }
}

#[derive(FromQueryResult)]
struct RefundRow {
    id: String,
    intent_id: String,
    amount_minor: i64,
    currency: String,
    state: String,
    provider_refund_id: Option<String>,
    asked: bool,
    told_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<RefundRow> for MessageRefund {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> Result<Self, StoreError> {
        let of = RowOf::new("message_refunds", &row.id);
        Ok(Self {
            amount: of.money(row.amount_minor, &row.currency)?,
            state: of.named(&row.state, &RefundState::ALL, RefundState::as_str)?,
            told_at: of.instant_or_none(row.told_at)?,
            created_at: of.instant(row.created_at)?,
            intent_id: IntentId::new(row.intent_id),
            provider_refund_id: row.provider_refund_id,
            asked: row.asked,
            id: row.id,
        })
    }
}
