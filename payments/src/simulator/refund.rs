//! Refunds in the ledger: their rows and the statements on them. Decides nothing.

use domain::money::Currency;
use domain::refund::RefundState;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::error::SimulatorError;
use super::ledger::{bad_row, instant, millis, sql};
use super::wire::RefundOut;

/// A refund as the ledger has it.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) idempotency_key: String,
    pub(crate) request_hash: String,
    pub(crate) intent_id: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) state: RefundState,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    id: String,
    idempotency_key: String,
    request_hash: String,
    intent_id: String,
    amount_minor: i64,
    currency: String,
    state: String,
    due_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<Row> for Refund {
    type Error = SimulatorError;

    fn try_from(row: Row) -> Result<Self, SimulatorError> {
        Ok(Self {
            id: row.id,
            idempotency_key: row.idempotency_key,
            request_hash: row.request_hash,
            intent_id: row.intent_id,
            amount_minor: row.amount_minor,
            currency: Currency::parse(&row.currency).map_err(|error| bad_row(error.to_string()))?,
            state: RefundState::ALL
                .into_iter()
                .find(|state| state.as_str() == row.state)
                .ok_or_else(|| bad_row(format!("`{}` is no state", row.state)))?,
            due_at: row.due_at.map(instant).transpose()?,
            created_at: instant(row.created_at)?,
        })
    }
}

impl Refund {
    /// The refund as its owner sees it.
    pub(crate) fn to_wire(&self) -> RefundOut {
        RefundOut {
            id: self.id.clone(),
            intent_id: self.intent_id.clone(),
            amount_minor: self.amount_minor,
            currency: self.currency,
            state: self.state,
            idempotency_key: self.idempotency_key.clone(),
            created_at: self.created_at,
        }
    }
}

/// Writes a new refund.
pub(crate) async fn insert(db: &impl ConnectionTrait, refund: &Refund) -> Result<(), SimulatorError> {
    let statement = sql(
        "insert into refunds (id, idempotency_key, request_hash, intent_id, amount_minor, currency, state, due_at, \
         created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            refund.id.as_str().into(),
            refund.idempotency_key.as_str().into(),
            refund.request_hash.as_str().into(),
            refund.intent_id.as_str().into(),
            refund.amount_minor.into(),
            refund.currency.as_str().into(),
            refund.state.as_str().into(),
            refund.due_at.map(millis).into(),
            millis(refund.created_at).into(),
        ],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// Writes what can change of a refund.
pub(crate) async fn update(db: &impl ConnectionTrait, refund: &Refund) -> Result<(), SimulatorError> {
    let values = [refund.state.as_str().into(), refund.due_at.map(millis).into(), refund.id.as_str().into()];
    db.execute_raw(sql("update refunds set state = ?, due_at = ? where id = ?", values)).await?;
    Ok(())
}

/// The refund of an id.
pub(crate) async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Refund, SimulatorError> {
    let found = all(db, "where id = ?", [id.into()]).await?.pop();
    found.ok_or_else(|| SimulatorError::NotFound { what: "refund", id: id.chars().take(64).collect() })
}

/// The refund of an idempotency key.
pub(crate) async fn find_by_key(db: &impl ConnectionTrait, key: &str) -> Result<Option<Refund>, SimulatorError> {
    Ok(all(db, "where idempotency_key = ?", [key.into()]).await?.pop())
}

/// At most `limit` refunds that were created after the position `(created_at, id)`, oldest first.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    after: (i64, &str),
    limit: u32,
) -> Result<Vec<Refund>, SimulatorError> {
    let values = [after.0.into(), after.1.into(), i64::from(limit).into()];
    all(db, "where (created_at, id) > (?, ?) order by created_at, id limit ?", values).await
}

/// The refunds that succeed by themselves at `now` or before.
pub(crate) async fn due(db: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<Refund>, SimulatorError> {
    all(db, "where due_at <= ? order by due_at limit 100", [millis(now).into()]).await
}

async fn all<const N: usize>(
    db: &impl ConnectionTrait,
    condition: &str,
    values: [Value; N],
) -> Result<Vec<Refund>, SimulatorError> {
    let statement = sql(&format!("select * from refunds {condition}"), values);
    Row::find_by_statement(statement).all(db).await?.into_iter().map(Refund::try_from).collect()
}
