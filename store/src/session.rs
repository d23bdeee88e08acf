//! Sessions: who is logged in, where, and until when.

use domain::ids::{CustomerId, SessionId};
use domain::session::{Session, lasts_until};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// How many of the sessions of somebody are listed: the newest.
const LISTED: u32 = 100;

/// Somebody who has just logged in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The id of the session.
    pub id: SessionId,
    /// Who.
    pub customer_id: CustomerId,
    /// The SHA-256 of the session's secret, in hexadecimal digits.
    pub secret_hash: String,
    /// On what.
    pub device: String,
}

/// How somebody with a session stands at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub customer_id: CustomerId,
    /// The session.
    pub session_id: SessionId,
    /// Whether they operate the platform.
    pub is_admin: bool,
    /// Whether they belong to a partner.
    pub is_member: bool,
}

impl Store {
    /// Writes down that somebody is logged in.
    pub async fn create_session(&self, new: &NewSession, now: Timestamp) -> Result<Session, StoreError> {
        let now = rounded(now);
        let NewSession { id, customer_id, secret_hash, device } = new.clone();
        let expires_at = lasts_until(now, now);
        let text = "insert into sessions (id, customer_id, secret_hash, device, created_at, renewed_at, expires_at) \
                    values ($1, $2, $3, $4, $5, $5, $6)";
        sql(text, bind![id, customer_id, secret_hash, device, now, expires_at]).run(self.writer()).await?;
        Ok(Session { id, customer_id, device, created_at: now, renewed_at: now, expires_at })
    }

    /// Prolongs a session whose secret has this hash; none if there is none in force. How long comparing takes tells
    /// nothing: whoever guesses does not choose the hash.
    pub async fn renew_session(
        &self,
        session_id: SessionId,
        secret_hash: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let now = rounded(now);
        let text = format!(
            "select {COLUMNS} from sessions where id = $1 and secret_hash = $2 and ended_at is null and expires_at > $3"
        );
        let found = sql(text, bind![session_id, secret_hash, now]).one::<SessionRow>(self.reader()).await?;
        let Some(mut session) = found.map(Session::try_from).transpose()? else { return Ok(None) };
        (session.renewed_at, session.expires_at) = (now, lasts_until(session.created_at, now));
        let text = "update sessions set renewed_at = $2, expires_at = $3 where id = $1 and ended_at is null";
        let values = bind![session.id, session.renewed_at, session.expires_at];
        let is_in_force = sql(text, values).run(self.writer()).await? == 1;
        Ok(is_in_force.then_some(session))
    }

    /// How somebody stands who has this session; none if it is not in force any more.
    pub async fn standing(&self, session_id: SessionId, now: Timestamp) -> Result<Option<Standing>, StoreError> {
        let text = "select s.customer_id, a.is_admin, \
                    exists (select 1 from partner_members m where m.customer_id = s.customer_id) as is_member \
                    from sessions s join accounts a on a.customer_id = s.customer_id \
                    where s.id = $1 and s.ended_at is null and s.expires_at > $2";
        let found = sql(text, bind![session_id, now]).one::<StandingRow>(self.reader()).await?;
        found
            .map(|StandingRow { customer_id, is_admin, is_member }| {
                let of = RowOf::new("sessions", &customer_id);
                let customer_id = of.read(CustomerId::parse(&customer_id))?;
                Ok(Standing { customer_id, session_id, is_admin, is_member })
            })
            .transpose()
    }

    /// Where somebody is logged in, the latest first.
    pub async fn sessions_of(&self, customer_id: CustomerId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let text = format!(
            "select {COLUMNS} from sessions where customer_id = $1 and ended_at is null and expires_at > $2 \
             order by created_at desc, id limit {LISTED}"
        );
        let rows = sql(text, bind![customer_id, now]).all::<SessionRow>(self.reader()).await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Ends a session of somebody; false if they have no such session in force.
    pub async fn end_session(
        &self,
        customer_id: CustomerId,
        session_id: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let now = rounded(now);
        let text = "update sessions set ended_at = $3 \
                    where id = $1 and customer_id = $2 and ended_at is null and expires_at > $3";
        Ok(sql(text, bind![session_id, customer_id, now]).run(self.writer()).await? == 1)
    }

    /// Ends every session of somebody.
    pub async fn end_sessions(&self, customer_id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = end_all(&tx, customer_id, now).await;
            (tx, done)
        })
        .await
    }
}

/// Ends every session of somebody.
pub(crate) async fn end_all(
    tx: &DatabaseTransaction,
    customer_id: CustomerId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "update sessions set ended_at = $2 where customer_id = $1 and ended_at is null";
    sql(text, bind![customer_id, now]).run(tx).await?;
    Ok(())
}

const COLUMNS: &str = "id, customer_id, device, created_at, renewed_at, expires_at";

#[derive(FromQueryResult)]
struct StandingRow {
    customer_id: String,
    is_admin: bool,
    is_member: bool,
}

#[derive(FromQueryResult)]
struct SessionRow {
    id: String,
    customer_id: String,
    device: String,
    created_at: i64,
    renewed_at: i64,
    expires_at: i64,
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let of = RowOf::new("sessions", &row.id);
        Ok(Self {
            id: of.read(SessionId::parse(&row.id))?,
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            device: row.device.clone(),
            created_at: of.instant(row.created_at)?,
            renewed_at: of.instant(row.renewed_at)?,
            expires_at: of.instant(row.expires_at)?,
        })
    }
}
