//! Waiting for something to become true: looked at again and again until a deadline, never slept for.

use std::time::{Duration, Instant};

/// Looks until `look` finds something, and panics with `what` was awaited when `within` has passed.
pub async fn eventually<T, F>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
