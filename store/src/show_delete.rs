//! Deleting a show that nobody has ever booked.

use domain::ids::ShowId;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::error::StoreError;
use crate::statement::{bind, sql};
use crate::transaction::{Outcome, for_update};
use crate::versioned::{Edited, is_used, lock_unused};

/// The bookings of a show, in whatever state.
const BOOKINGS: (&str, &str) = ("bookings", "show_id");

impl Store {
    /// Deletes a show that is in the version `seen` and of which there never was a booking, with its prices and its seats. A booking that is being opened
    /// has its seats before, and then the show stays, or is refused for want of them.
    pub async fn delete_show(&self, show_id: ShowId, seen: i64) -> Result<Edited, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = delete(&tx, show_id, seen).await;
            (tx, done)
        })
        .await
    }
}

async fn delete(tx: &DatabaseTransaction, show_id: ShowId, seen: i64) -> Result<Outcome<Edited>, StoreError> {
    // Asked before its seats are kept as well, so that a show that sells does not wait for this.
    let unused = lock_unused(tx, "shows", &show_id.to_string(), seen, BOOKINGS).await?;
    if !matches!(unused, Edited::Done { .. }) {
        return Ok(Outcome::RollBack(unused));
    }
    keep_seats(tx, show_id).await?;
    if is_used(tx, &show_id.to_string(), BOOKINGS).await? {
        return Ok(Outcome::RollBack(Edited::InUse));
    }
    // Those that are sold elsewhere go with them.
    sql("delete from show_seats where show_id = $1", bind![show_id]).run(tx).await?;
    sql("delete from show_prices where show_id = $1", bind![show_id]).run(tx).await?;
    sql("delete from shows where id = $1", bind![show_id]).run(tx).await?;
    Ok(Outcome::Commit(unused))
}

/// Keeps all seats of a show from others until the end of the transaction: in id order, as those who hold seats take them.
/// They take no lock on the show, for thousands of them would wait for each other there.
async fn keep_seats(tx: &DatabaseTransaction, show_id: ShowId) -> Result<(), StoreError> {
    let lock = for_update(tx);
    let text = format!(
        "select count(*) as count from (select seat_id from show_seats where show_id = $1 order by seat_id{lock}) kept"
    );
    sql(text, bind![show_id]).count(tx).await?;
    Ok(())
}
