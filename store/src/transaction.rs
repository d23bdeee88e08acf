//! Running a change as one transaction, and running it again where it lost against another one.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::Store;
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::failed;

/// How often a transaction is tried before its caller hears of it.
const TRIES: u32 = 6;

/// How long the first pause between two tries is; each further one is twice as long.
const FIRST_PAUSE_MILLISECONDS: u64 = 5;

/// What becomes of a transaction that has its answer.
pub(crate) enum Outcome<T> {
    /// What it wrote stays.
    Commit(T),
    /// What it wrote is undone; the answer stands.
    RollBack(T),
}

impl Store {
    /// Runs `work` as one transaction; an error undoes it.
    ///
    /// `work` hands the transaction back with its answer: borrowing it for the time of a future that may move between
    /// threads cannot be said about a closure yet.
    pub(crate) async fn change<T, W>(&self, work: impl Fn(DatabaseTransaction) -> W) -> Result<T, StoreError>
    where
        W: Future<Output = (DatabaseTransaction, Result<T, StoreError>)>,
    {
        let work = &work;
        let committed = |tx| async move {
            let (tx, result) = work(tx).await;
            (tx, result.map(Outcome::Commit))
        };
        self.change_or_undo(committed).await
    }

    /// Runs `work` as one transaction, which may have an answer that undoes it.
    pub(crate) async fn change_or_undo<T, W>(&self, work: impl Fn(DatabaseTransaction) -> W) -> Result<T, StoreError>
    where
        W: Future<Output = (DatabaseTransaction, Result<Outcome<T>, StoreError>)>,
    {
        let mut tries = 1;
        loop {
            let (tx, result) = work(self.begin().await?).await;
            match finish(tx, result).await {
                Err(error) if error.lost_a_race() && tries < TRIES => {
                    tracing::debug!(%error, tries, "a transaction lost a race and is run again");
                    tokio::time::sleep(Duration::from_millis(FIRST_PAUSE_MILLISECONDS << (tries - 1))).await;
                    tries += 1;
                }
                Err(error) => {
                    if error.lost_its_connection() {
                        self.writer().doubt.raise();
                    }
                    return Err(error);
                }
                Ok(answer) => return Ok(answer),
            }
        }
    }

    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        // A deferred transaction of SQLite fails when it turns from reading to writing; an immediate one waits first.
        let mode = (self.backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        let begin = || async {
            let begun = self.connection().begin_with_options(options).await;
            begun.map_err(|source| failed("begin", source))
        };
        match begin().await {
            // Nothing has been done yet, so that another connection can do it.
            Err(error) if error.lost_its_connection() => {
                self.writer().doubt.raise();
                begin().await
            }
            done => done,
        }
    }
}

/// What makes a select keep the rows that it reads until the end of the transaction: SQLite's has the whole file.
pub(crate) fn for_update(tx: &DatabaseTransaction) -> &'static str {
    if tx.get_database_backend() == DbBackend::Postgres { " for update" } else { "" }
}

/// What makes a select keep the rows that it reads from being changed until the end of the transaction, by anybody who does
/// not just read them as well.
pub(crate) fn for_share(tx: &DatabaseTransaction) -> &'static str {
    if tx.get_database_backend() == DbBackend::Postgres { " for share" } else { "" }
}

/// The same as [`for_update`] for the rows of one table of several.
pub(crate) fn for_update_of(tx: &DatabaseTransaction, table: &str) -> String {
    if tx.get_database_backend() == DbBackend::Postgres { format!(" for update of {table}") } else { String::new() }
}

/// What makes a select pass over rows that another transaction is busy with.
pub(crate) fn for_update_skip_locked(db: &impl Session) -> &'static str {
    if db.connection().get_database_backend() == DbBackend::Postgres { " for update skip locked" } else { "" }
}

async fn finish<T>(tx: DatabaseTransaction, result: Result<Outcome<T>, StoreError>) -> Result<T, StoreError> {
    match result {
        Ok(Outcome::Commit(answer)) => tx.commit().await.map(|()| answer).map_err(|source| failed("commit", source)),
        Ok(Outcome::RollBack(answer)) => {
            tx.rollback().await.map(|()| answer).map_err(|source| failed("rollback", source))
        }
        Err(error) => {
            // The connection may be gone, and with it the transaction: the first error is the one to tell.
            if let Err(undo) = tx.rollback().await {
                tracing::debug!(error = %undo, "a failed transaction could not be rolled back");
            }
            Err(error)
        }
    }
}
