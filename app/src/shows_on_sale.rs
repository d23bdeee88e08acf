//! The shows that are being sold, as they were read a moment ago: thousands who want the same show at the same time need
//! not read it thousands of times. The database decides by its own reading whether a show is on sale and for what price.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::ShowId;
use domain::show::Show;
use lru::LruCache;
use store::{Store, StoreError};

/// How long a reading is used: for so long a change of a show may find requests that are refused, or let through to the
/// database, by what was true before.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How many readings are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// See the module.
pub(crate) struct ShowsOnSale(Mutex<LruCache<ShowId, (Instant, Arc<Show>)>>);

impl Default for ShowsOnSale {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl ShowsOnSale {
    /// A show, read within the last second; none if there is no such show, which is looked up each time.
    pub(crate) async fn find(&self, store: &Store, show_id: ShowId) -> Result<Option<Arc<Show>>, StoreError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&show_id).cloned();
        if let Some((read_at, show)) = known
            && read_at.elapsed() < FRESH_FOR
        {
            return Ok(Some(show));
        }
        let Some(show) = store.find_show(show_id).await?.map(Arc::new) else {
            return Ok(None);
        };
        let reading = (Instant::now(), Arc::clone(&show));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(show_id, reading);
        Ok(Some(show))
    }
}
