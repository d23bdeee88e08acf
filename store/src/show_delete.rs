//! Deleting a show that nobody has ever booked.

use domain::ids::ShowId;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::error::StoreError;
use crate::statement::{bind, sql};
use crate::transaction::{Outcome, for_update};
use crate::versioned::{Edited, lock_version};

impl Store {
    /// Deletes a show of which there never was a booking, with its prices and its seats. A booking that is being opened
    /// has its seats before, and then the show stays, or is refused for want of them.
    pub async fn delete_show(&self, show_id: ShowId) -> Result<Edited, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = delete(&tx, show_id).await;
            (tx, done)
        })
        .await
    }
}

async fn delete(tx: &DatabaseTransaction, show_id: ShowId) -> Result<Outcome<Edited>, StoreError> {
    let Some(version) = lock_version(tx, "shows", &show_id.to_string()).await? else {
        return Ok(Outcome::RollBack(Edited::Gone));
    };
    // Asked before its seats are kept as well, so that a show that sells does not wait for this.
    if is_booked(tx, show_id).await? {
        return Ok(Outcome::RollBack(Edited::InUse));
    }
    keep_seats(tx, show_id).await?;
    if is_booked(tx, show_id).await? {
        return Ok(Outcome::RollBack(Edited::InUse));
    }
    // Those that are sold elsewhere go with them.
    sql("delete from show_seats where show_id = $1", bind![show_id]).run(tx).await?;
    sql("delete from show_prices where show_id = $1", bind![show_id]).run(tx).await?;
    sql("delete from shows where id = $1", bind![show_id]).run(tx).await?;
    Ok(Outcome::Commit(Edited::Done { version }))
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

/// Whether there is a booking of a show, in whatever state. All of them are counted, as a planner that is asked for any
/// one may read the whole table until it has met one.
async fn is_booked(tx: &DatabaseTransaction, show_id: ShowId) -> Result<bool, StoreError> {
    Ok(sql("select count(*) as count from bookings where show_id = $1", bind![show_id]).count(tx).await? > 0)
}
