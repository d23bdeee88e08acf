//! Answers that are kept for a moment, and for longer where the database is busy: browsing goes on while seats are sold.

use std::collections::hash_map::RandomState;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::AppError;

/// How long an answer is given again without asking.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// How long an older answer is good enough where there is no newer one in time.
const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// How long the database may take where there is an older answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// How many answers are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(2_000).unwrap();

/// Answers by what was asked.
pub(crate) struct Kept<K: Hash + Eq, V>(Mutex<LruCache<K, (Instant, Arc<V>), RandomState>>);

impl<K: Hash + Eq, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(LruCache::with_hasher(KEPT, RandomState::new())))
    }
}

impl<K: Hash + Eq, V> Kept<K, V> {
    /// The answer to a question: the one that is kept, or what `ask` finds out, or an older one if that fails or takes
    /// long.
    pub(crate) async fn answer(
        &self,
        question: K,
        ask: impl Future<Output = Result<V, AppError>>,
    ) -> Result<Arc<V>, AppError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&question).cloned();
        let found = match known.filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            None => ask.await?,
            Some((at, answer)) if at.elapsed() < FRESH_FOR => return Ok(answer),
            Some((_, older)) => match tokio::time::timeout(PATIENCE, ask).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) if !matches!(error, AppError::Unavailable { .. }) => return Err(error),
                Ok(Err(_)) | Err(_) => {
                    metrics::counter!("boxoffice_browsed_from_memory_total").increment(1);
                    return Ok(older);
                }
            },
        };
        let found = Arc::new(found);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(question, (Instant::now(), Arc::clone(&found)));
        Ok(found)
    }
}
