//! Keeping the seat locks in step with the database, which is believed wherever the two disagree.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::hold::lock_deadline;
use domain::ids::ShowId;
use locks::{Forgotten, LockError, LockOwner};
use tokio_util::sync::CancellationToken;

use crate::{App, AppError};

/// How often all locks are compared with the database, whether or not something was noticed.
const COMPARE_EVERY: Duration = Duration::from_secs(5 * 60);
/// The pause after a rebuild that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How many shows are read at once.
const BATCH: u32 = 200;

impl App {
    /// Rebuilds locks where they were forgotten, and all of them from time to time, until `stop` is cancelled.
    ///
    /// Every process may do so: rebuilding twice is harmless.
    pub async fn keep_locks_right(&self, stop: CancellationToken) {
        let mut compare = tokio::time::interval(COMPARE_EVERY);
        compare.tick().await;
        loop {
            let forgotten = tokio::select! {
                () = stop.cancelled() => return,
                forgotten = self.locks().forgotten() => forgotten,
                _ = compare.tick() => Forgotten::Everything,
            };
            // Until it is done: what was forgotten is told once.
            let mut told = false;
            while let Err(error) = self.rebuild_forgotten(forgotten).await {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(error = %error, "the seat locks cannot be rebuilt for now; it is tried every second");
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            metrics::counter!("boxoffice_seat_locks_rebuilt_total").increment(1);
        }
    }

    async fn rebuild_forgotten(&self, forgotten: Forgotten) -> Result<(), AppError> {
        match forgotten {
            Forgotten::Show(show_id) => self.rebuild_locks_of(show_id).await,
            Forgotten::Everything => self.rebuild_locks().await,
        }
    }

    /// Makes all locks say what the database says.
    pub async fn rebuild_locks(&self) -> Result<(), AppError> {
        let now = self.now();
        // A show with locks and nothing held or sold any more has to be looked at as well.
        let mut shows: BTreeSet<ShowId> = self.locks().shows(now).await.map_err(away)?.into_iter().collect();
        let mut after = None;
        loop {
            let page = self.store().shows_with_claims(now, after, BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            shows.extend(page);
        }
        for show_id in shows {
            self.rebuild_locks_of(show_id).await?;
        }
        Ok(())
    }

    async fn rebuild_locks_of(&self, show_id: ShowId) -> Result<(), AppError> {
        let now = self.now();
        let mut claims = self.store().claims_of_show(show_id, now).await?;
        for hold in &mut claims.holds {
            hold.until = lock_deadline(hold.until);
        }
        let sold = claims.sold.iter().map(LockOwner::from).collect();
        self.locks().rebuild(show_id, claims.holds, sold, now).await.map_err(away)
    }
}

fn away(error: LockError) -> AppError {
    AppError::Unavailable { part: "seat locks", source: error.into() }
}
