//! What several people may edit: each row has a version, and whoever changes it says which one they have seen.

use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, sql};
use crate::transaction::for_update;

/// Something with the version that it has in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// What it is.
    pub content: T,
    /// Which version, from 1 on.
    pub version: i64,
}

/// What changing something came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// It is as it was wished, in this version.
    Done {
        /// The version that it has now.
        version: i64,
    },
    /// There is no such thing.
    Gone,
    /// Somebody else has changed it since.
    Changed,
    /// Something else needs it as it is.
    InUse,
}

/// How a change came out whose condition was the version: `changed` is how many rows it changed.
pub(crate) async fn edited(
    db: &impl Session,
    table: &'static str,
    id: &str,
    changed: u64,
    seen: i64,
) -> Result<Edited, StoreError> {
    if changed == 1 {
        return Ok(Edited::Done { version: seen + 1 });
    }
    let text = format!("select count(*) as count from {table} where id = $1");
    let is_there = sql(text, bind![id]).count(db).await? == 1;
    Ok(if is_there { Edited::Changed } else { Edited::Gone })
}

/// The version of a row that is to be deleted, which nobody else changes or refers to until the end of the transaction;
/// none if it is gone.
pub(crate) async fn lock_version(
    tx: &DatabaseTransaction,
    table: &'static str,
    id: &str,
) -> Result<Option<i64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Version {
        version: i64,
    }
    let text = format!("select version from {table} where id = $1{}", for_update(tx));
    Ok(sql(text, bind![id]).one::<Version>(tx).await?.map(|row| row.version))
}
