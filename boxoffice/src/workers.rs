//! The workers' own thread: sagas are polled on one thread by the engine's library, steps run on the shared runtime.

use std::thread::JoinHandle;

use activities::worker::{WorkerParts, workers};
use anyhow::anyhow;
use temporalio_sdk::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::LocalSet;

/// A thread that runs every worker of this process.
pub struct WorkerThread {
    thread: JoinHandle<anyhow::Result<()>>,
    stop: Box<dyn Fn() + Send + Sync>,
    ended: watch::Receiver<bool>,
}

impl WorkerThread {
    /// Starts the workers; they poll when this returns.
    pub fn start(parts: WorkerParts) -> anyhow::Result<Self> {
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
            let running = futures::future::try_join_all(all.iter_mut().map(temporalio_sdk::Worker::run));
            let outcome = handle.block_on(local.run_until(running));
            let _ = end.send(true);
            outcome.map(|_| ()).map_err(|error| anyhow!("a worker has stopped: {error}"))
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
