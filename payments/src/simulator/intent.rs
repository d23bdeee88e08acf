//! Intents in the ledger: their rows and the statements on them. Decides nothing.

use domain::money::Currency;
use domain::payment::IntentState;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use url::Url;

use super::behaviour::{Behaviour, Settlement};
use super::error::SimulatorError;
use super::ledger::{bad_row, instant, millis, sql};
use super::wire::{IntentIn, IntentOut, Metadata};

/// An intent as the ledger has it.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) idempotency_key: String,
    pub(crate) request_hash: String,
    pub(crate) secret: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) state: IntentState,
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
    pub(crate) decline_code: Option<String>,
    pub(crate) card_last_digits: Option<String>,
    pub(crate) behaviour: Behaviour,
    pub(crate) metadata: Metadata,
    /// How it ends by itself at `due_at`, or when it is told to go on.
    pub(crate) settlement: Option<Settlement>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    id: String,
    idempotency_key: String,
    request_hash: String,
    secret: String,
    amount_minor: i64,
    currency: String,
    state: String,
    captured_minor: i64,
    refunded_minor: i64,
    decline_code: Option<String>,
    card_last_digits: Option<String>,
    behaviour: String,
    metadata: String,
    settlement: Option<String>,
    due_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for Intent {
    type Error = SimulatorError;

    fn try_from(row: Row) -> Result<Self, SimulatorError> {
        let state = IntentState::ALL
            .into_iter()
            .find(|state| state.as_str() == row.state)
            .ok_or_else(|| bad_row(format!("`{}` is no state", row.state)))?;
        let settlement = match row.settlement {
            Some(text) => Some(Settlement::parse(&text).ok_or_else(|| bad_row(format!("`{text}` is no settlement")))?),
            None => None,
        };
        Ok(Self {
            id: row.id,
            idempotency_key: row.idempotency_key,
            request_hash: row.request_hash,
            secret: row.secret,
            amount_minor: row.amount_minor,
            currency: Currency::parse(&row.currency).map_err(|error| bad_row(error.to_string()))?,
            state,
            captured_minor: row.captured_minor,
            refunded_minor: row.refunded_minor,
            decline_code: row.decline_code,
            card_last_digits: row.card_last_digits,
            behaviour: serde_json::from_str(&row.behaviour).map_err(|error| bad_row(error.to_string()))?,
            metadata: serde_json::from_str(&row.metadata).map_err(|error| bad_row(error.to_string()))?,
            settlement,
            due_at: row.due_at.map(instant).transpose()?,
            created_at: instant(row.created_at)?,
        })
    }
}

impl Intent {
    /// A new intent, which waits for the customer.
    pub(crate) fn new(id: String, key: &str, request_hash: String, request: &IntentIn, now: Timestamp) -> Self {
        Self {
            id,
            idempotency_key: key.to_owned(),
            request_hash,
            secret: uuid::Uuid::new_v4().simple().to_string(),
            amount_minor: request.amount_minor,
            currency: request.currency,
            state: IntentState::RequiresPayment,
            captured_minor: 0,
            refunded_minor: 0,
            decline_code: None,
            card_last_digits: None,
            behaviour: Behaviour::default(),
            metadata: request.metadata.clone(),
            settlement: None,
            due_at: None,
            created_at: now,
        }
    }

    /// The intent as its owner sees it; `pages` is the address of the payment pages.
    pub(crate) fn to_wire(&self, pages: &Url) -> IntentOut {
        let mut page = pages.clone();
        page.set_path(&format!("{}/pay/{}", pages.path().trim_end_matches('/'), self.id));
        page.query_pairs_mut().clear().append_pair("secret", &self.secret);
        IntentOut { payment_page: Some(page.into()), ..self.to_public_wire() }
    }

    /// The intent without the secret way to pay it.
    pub(crate) fn to_public_wire(&self) -> IntentOut {
        IntentOut {
            id: self.id.clone(),
            state: self.state,
            amount_minor: self.amount_minor,
            currency: self.currency,
            captured_minor: self.captured_minor,
            refunded_minor: self.refunded_minor,
            decline_code: self.decline_code.clone(),
            card_last_digits: self.card_last_digits.clone(),
            payment_page: None,
            metadata: self.metadata.clone(),
            idempotency_key: self.idempotency_key.clone(),
            created_at: self.created_at,
        }
    }
}

/// Writes a new intent, unless there is one of the same key.
pub(crate) async fn insert(db: &impl ConnectionTrait, intent: &Intent) -> Result<(), SimulatorError> {
    let statement = sql(
        "insert into intents (id, idempotency_key, request_hash, secret, amount_minor, currency, state, behaviour, \
         metadata, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         on conflict (idempotency_key) do nothing",
        [
            intent.id.as_str().into(),
            intent.idempotency_key.as_str().into(),
            intent.request_hash.as_str().into(),
            intent.secret.as_str().into(),
            intent.amount_minor.into(),
            intent.currency.as_str().into(),
            intent.state.as_str().into(),
            json(&intent.behaviour)?,
            json(&intent.metadata)?,
            millis(intent.created_at).into(),
            millis(intent.created_at).into(),
        ],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// Writes what can change of an intent.
pub(crate) async fn update(db: &impl ConnectionTrait, intent: &Intent, now: Timestamp) -> Result<(), SimulatorError> {
    let statement = sql(
        "update intents set state = ?, captured_minor = ?, refunded_minor = ?, decline_code = ?, \
         card_last_digits = ?, behaviour = ?, settlement = ?, due_at = ?, updated_at = ? where id = ?",
        [
            intent.state.as_str().into(),
            intent.captured_minor.into(),
            intent.refunded_minor.into(),
            intent.decline_code.clone().into(),
            intent.card_last_digits.clone().into(),
            json(&intent.behaviour)?,
            intent.settlement.map(Settlement::as_str).map(str::to_owned).into(),
            intent.due_at.map(millis).into(),
            millis(now).into(),
            intent.id.as_str().into(),
        ],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// The intent of an id.
pub(crate) async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Intent, SimulatorError> {
    let found = all(db, "where id = ?", [id.into()]).await?.pop();
    found.ok_or_else(|| SimulatorError::NotFound { what: "intent", id: id.chars().take(64).collect() })
}

/// The intent of an idempotency key.
pub(crate) async fn find_by_key(db: &impl ConnectionTrait, key: &str) -> Result<Option<Intent>, SimulatorError> {
    Ok(all(db, "where idempotency_key = ?", [key.into()]).await?.pop())
}

/// At most `limit` intents that were created after the position `(created_at, id)`, oldest first.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    after: (i64, &str),
    limit: u32,
) -> Result<Vec<Intent>, SimulatorError> {
    let values = [after.0.into(), after.1.into(), i64::from(limit).into()];
    all(db, "where (created_at, id) > (?, ?) order by created_at, id limit ?", values).await
}

/// The intents that settle by themselves at `now` or before.
pub(crate) async fn due(db: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<Intent>, SimulatorError> {
    all(db, "where due_at <= ? order by due_at limit 100", [millis(now).into()]).await
}

async fn all<const N: usize>(
    db: &impl ConnectionTrait,
    condition: &str,
    values: [Value; N],
) -> Result<Vec<Intent>, SimulatorError> {
    let statement = sql(&format!("select * from intents {condition}"), values);
    Row::find_by_statement(statement).all(db).await?.into_iter().map(Intent::try_from).collect()
}

fn json(value: &impl serde::Serialize) -> Result<Value, SimulatorError> {
    let text = serde_json::to_string(value).map_err(|error| bad_row(error.to_string()))?;
    Ok(text.into())
}
