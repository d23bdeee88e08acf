//! What several people may edit: each row has a version, and whoever changes it says which one they have seen.

use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, sql};
use crate::transaction::{for_share, for_update};

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

/// Whether a row may be deleted, which is in the version `seen` and to which no row of `users`, a table and its column,
/// refers: [`Edited::Done`] with the version that it has. Nobody else changes it or refers to it until the end of the
/// transaction.
///
/// Whether somebody does is asked for in a statement of its own: it sees whoever has come first, for whose end the lock waits.
pub(crate) async fn lock_unused(
    tx: &DatabaseTransaction,
    table: &'static str,
    id: &str,
    seen: i64,
    users: (&'static str, &'static str),
) -> Result<Edited, StoreError> {
    let version = match version(tx, table, id, for_update(tx)).await? {
        None => return Ok(Edited::Gone),
        Some(version) if version != seen => return Ok(Edited::Changed),
        Some(version) => version,
    };
    Ok(if is_used(tx, id, users).await? { Edited::InUse } else { Edited::Done { version } })
}

/// Whether a row of `users` refers to `id` by its `column`. All of them are counted, as a planner that is asked for any one
/// may read the whole table until it has met one.
pub(crate) async fn is_used(
    tx: &DatabaseTransaction,
    id: &str,
    (users, column): (&'static str, &'static str),
) -> Result<bool, StoreError> {
    let text = format!("select count(*) as count from {users} where {column} = $1");
    Ok(sql(text, bind![id]).count(tx).await? > 0)
}

/// Deletes a row that is in the version `seen` and to which no row of `users`, a table and its column, refers.
pub(crate) async fn delete_unused(
    tx: &DatabaseTransaction,
    table: &'static str,
    id: &str,
    seen: i64,
    users: (&'static str, &'static str),
) -> Result<Edited, StoreError> {
    let unused = lock_unused(tx, table, id, seen, users).await?;
    if matches!(unused, Edited::Done { .. }) {
        sql(format!("delete from {table} where id = $1"), bind![id]).run(tx).await?;
    }
    Ok(unused)
}

/// Whether there is a row; if so, nobody changes or deletes it until the end of the transaction.
pub(crate) async fn stays(tx: &DatabaseTransaction, table: &'static str, id: &str) -> Result<bool, StoreError> {
    Ok(version(tx, table, id, for_share(tx)).await?.is_some())
}

/// The version of a row; `lock` is what follows the select.
async fn version(
    tx: &DatabaseTransaction,
    table: &'static str,
    id: &str,
    lock: &'static str,
) -> Result<Option<i64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Version {
        version: i64,
    }
    let text = format!("select version from {table} where id = $1{lock}");
    Ok(sql(text, bind![id]).one::<Version>(tx).await?.map(|row| row.version))
}
