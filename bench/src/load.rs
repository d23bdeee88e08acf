//! So many at once, for so long.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::future::try_join_all;

/// What a while of work came to.
#[derive(Debug)]
pub(crate) struct Done<T> {
    /// What each piece of work gave, those that ended after the time was up left out.
    pub(crate) results: Vec<T>,
    /// How long it went on.
    pub(crate) took: Duration,
}

impl<T> Done<T> {
    /// How many were done a second.
    pub(crate) fn rate(&self) -> f64 {
        self.results.len() as f64 / self.took.as_secs_f64()
    }
}

/// Keeps `at_once` pieces of `work` going for `length`, then waits for the last ones.
pub(crate) async fn keep_busy<T, F>(at_once: usize, length: Duration, work: impl Fn() -> F) -> anyhow::Result<Done<T>>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let began = Instant::now();
    let results = Mutex::new(Vec::new());
    try_join_all((0..at_once).map(|_| async {
        while began.elapsed() < length {
            let result = work().await?;
            if began.elapsed() < length {
                results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(result);
            }
        }
        anyhow::Ok(())
    }))
    .await?;
    Ok(Done { results: results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner), took: length })
}
