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

/// Keeps `at_once` pieces of `work` going for `length`, then waits for the last ones. Where the time was too short for any
/// piece, as it can be on a machine that has much else to do, it lasts until the first of them has ended.
pub(crate) async fn keep_busy<T, F>(at_once: usize, length: Duration, work: impl Fn() -> F) -> anyhow::Result<Done<T>>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let began = Instant::now();
    let done = Mutex::new(Done { results: Vec::new(), took: length });
    try_join_all((0..at_once).map(|_| async {
        loop {
            let result = work().await?;
            let ended = began.elapsed();
            let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if ended < length || done.results.is_empty() {
                done.results.push(result);
                done.took = done.took.max(ended);
            }
            if ended >= length {
                return anyhow::Ok(());
            }
        }
    }))
    .await?;
    Ok(done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn kept_busy(length: Duration, piece: Duration) -> Done<()> {
        let work = || async move {
            tokio::time::sleep(piece).await;
            anyhow::Ok(())
        };
        keep_busy(3, length, work).await.expect("sleeping does not fail")
    }

    #[tokio::test]
    async fn what_ends_too_late_is_left_out_unless_there_is_nothing_else() {
        let short = kept_busy(Duration::from_secs(1), Duration::from_millis(1)).await;
        assert!(short.results.len() > 1, "{short:?}");
        assert_eq!(short.took, Duration::from_secs(1));
        let long = kept_busy(Duration::from_millis(1), Duration::from_millis(50)).await;
        assert_eq!(long.results.len(), 1);
        assert!(long.took >= Duration::from_millis(50), "{long:?}");
    }
}
