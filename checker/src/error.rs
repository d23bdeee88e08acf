//! What keeps the checker from checking.

use sea_orm::DbErr;

/// The evidence could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The database or the ledger did not answer a statement.
    #[error("`{statement}` could not be read")]
    Unreadable {
        /// The statement.
        statement: String,
        /// What the database said.
        #[source]
        source: DbErr,
    },
    /// The provider's ledger could not be opened.
    #[error("the ledger {path} could not be opened")]
    NoLedger {
        /// Where it was looked for.
        path: String,
        /// What the database said.
        #[source]
        source: DbErr,
    },
}
