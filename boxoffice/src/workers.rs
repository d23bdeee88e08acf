//! The workers' own thread: sagas are polled on one thread by the engine's library, steps run on the shared runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use activities::worker::{WorkerParts, workers};
use anyhow::anyhow;
use temporalio_sdk::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::LocalSet;
use tokio::time::Instant;

/// How often the thread gives a sign of life.
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// After how long without one it counts as stuck. A saga's code runs for milliseconds between two waits.
const STUCK_AFTER: Duration = Duration::from_secs(15);

/// A thread that runs every worker of this process.
pub struct WorkerThread {
    thread: JoinHandle<anyhow::Result<()>>,
    stop: Box<dyn Fn() + Send + Sync>,
    ended: watch::Receiver<bool>,
}

/// The signs of life of a worker thread. Cloning it gives another handle on the same heart.
#[derive(Clone)]
pub struct Heart {
    shared: Arc<Beats>,
}

struct Beats {
    origin: Instant,
    /// Milliseconds after `origin`, plus one; zero while no thread has begun.
    last: AtomicU64,
}

impl Default for Heart {
    fn default() -> Self {
        Self { shared: Arc::new(Beats { origin: Instant::now(), last: AtomicU64::new(0) }) }
    }
}

impl Heart {
    /// Whether the thread lives, or has not begun: a worker that waits for its engine is well.
    pub fn beats(&self) -> bool {
        match self.shared.last.load(Ordering::Relaxed) {
            0 => true,
            last => self.now().saturating_sub(last) < STUCK_AFTER.as_millis() as u64,
        }
    }

    fn beat(&self) {
        self.shared.last.store(self.now(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.shared.origin.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl WorkerThread {
    /// Starts the workers; they poll soon after this returns.
    pub fn start(parts: WorkerParts, heart: Heart) -> anyhow::Result<Self> {
        let handle = tokio::runtime::Handle::current();
        let runtime = Runtime::from_current_tokio(Default::default())?;
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (end, ended) = watch::channel(false);
        let thread = std::thread::Builder::new().name("workers".to_owned()).spawn(move || {
            let _entered = handle.enter();
            let mut all = match workers(&runtime, &parts) {
                Ok(all) => all,
                Err(error) => {
                    let _ = ready.send(Err(anyhow::Error::from(error)));
                    return Ok(());
                }
            };
            let handles: Vec<_> = all.iter().map(temporalio_sdk::Worker::shutdown_handle).collect();
            let stop: Box<dyn Fn() + Send + Sync> = Box::new(move || handles.iter().for_each(|stop| stop()));
            let _ = ready.send(Ok(stop));
            let local = LocalSet::new();
            // Beside the sagas, on their thread: it beats only while they get their turn.
            local.spawn_local(async move {
                loop {
                    heart.beat();
                    tokio::time::sleep(BEAT_EVERY).await;
                }
            });
            let running = futures::future::try_join_all(all.iter_mut().map(temporalio_sdk::Worker::run));
            let outcome = handle.block_on(local.run_until(running));
            let _ = end.send(true);
            outcome.map(|_| ()).map_err(|error| anyhow::Error::from(error).context("a worker has stopped"))
        })?;
        let stop = is_ready.recv()??;
        Ok(Self { thread, stop, ended })
    }

    /// Resolves when the workers have ended by themselves, which they should not.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        let _gone = ended.wait_for(|ended| *ended).await;
    }

    /// Lets every task finish, then ends the thread.
    pub async fn stop(self) -> anyhow::Result<()> {
        (self.stop)();
        let (done, joined) = oneshot::channel();
        let thread = self.thread;
        std::thread::spawn(move || {
            let _ = done.send(thread.join());
        });
        match joined.await? {
            Ok(outcome) => outcome,
            Err(_panicked) => Err(anyhow!("the worker thread has panicked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_heart_that_has_begun_has_to_go_on() {
        let heart = Heart::default();
        tokio::time::advance(STUCK_AFTER * 2).await;
        assert!(heart.beats(), "nothing has begun");
        heart.beat();
        tokio::time::advance(STUCK_AFTER / 2).await;
        assert!(heart.beats());
        tokio::time::advance(STUCK_AFTER).await;
        assert!(!heart.beats(), "it is stuck");
        heart.beat();
        assert!(heart.beats(), "it has come back");
    }
}
