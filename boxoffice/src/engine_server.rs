//! A Temporal development server as a child process: a whole engine, web UI included, with its state in one file.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use uuid::Uuid;
use workflows::search_attributes;

/// How long the server may take to stop by itself.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The ports that are given to servers for which nobody has asked for one.
const PORTS: std::ops::Range<u16> = 10_000..20_000;

/// Where the project keeps tools that the machine does not have.
const TOOLS_FOLDER: &str = ".tools";

/// A running development server.
pub struct EngineServer {
    child: Child,
    pid_file: PathBuf,
    /// `host:port` of the engine.
    pub address: String,
    /// The web UI.
    pub ui: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Running {
    pid: i32,
}

impl EngineServer {
    /// Starts a server with its state below `folder`, on ports that are free. What an earlier process that was killed
    /// has left running on the same state is stopped first.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        Self::start_on(folder, free_port()?, free_port()?).await
    }

    /// The same on ports that are preferred, so that links to the web UI stay good over restarts, where they are free.
    pub async fn start_preferring(folder: &Path, port: u16, ui_port: u16) -> anyhow::Result<Self> {
        stop_left_over(&folder.join("temporal.json"), folder).await?;
        Self::start_on(folder, free_or_other(port)?, free_or_other(ui_port)?).await
    }

    /// Starts a server on two ports, where clients may know an earlier one.
    pub async fn start_on(folder: &Path, port: u16, ui_port: u16) -> anyhow::Result<Self> {
        let program = find_program()?;
        let pid_file = folder.join("temporal.json");
        stop_left_over(&pid_file, folder).await?;
        let log = File::create(folder.join("temporal.log"))?;
        let mut command = Command::new(&program);
        command
            .args(["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"])
            .args(["--port", &port.to_string(), "--ui-port", &ui_port.to_string()])
            .arg("--db-filename")
            .arg(folder.join("temporal.db"))
            // Without these two every write waits for the disk twice.
            .args(["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]);
        // The defaults read each queue at most 20 times a second: 50 ms per step on an idle server.
        for setting in [
            "history.transferProcessorMaxPollRPS=1000",
            "history.timerProcessorMaxPollRPS=1000",
            "frontend.enableCancelWorkerPollsOnShutdown=true",
            "matching.numTaskqueueReadPartitions=1",
            "matching.numTaskqueueWritePartitions=1",
        ] {
            command.args(["--dynamic-config-value", setting]);
        }
        for name in search_attributes::NAMES {
            command.args(["--search-attribute", &format!("{name}=Keyword")]);
        }
        command
            .env("GOGC", "400")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A terminal's Ctrl-C is for us alone: the workers finish before their engine stops.
            .process_group(0);
        let child = command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).context("the engine has ended at once")?;
        std::fs::write(&pid_file, serde_json::to_string(&Running { pid })?)?;
        Ok(Self { child, pid_file, address: format!("127.0.0.1:{port}"), ui: format!("http://127.0.0.1:{ui_port}") })
    }

    /// Whether the server still runs.
    pub fn check_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the Temporal development server has ended: {status}; see temporal.log"),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops the server and waits until it has ended.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) {
            // It may have ended meanwhile, which is what is wanted.
            let _ended = kill_process(pid, Signal::TERM);
        }
        if tokio::time::timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        let _gone = std::fs::remove_file(&self.pid_file);
        Ok(())
    }
}

/// A port that is free now, and will be when it is used: outgoing connections are given ports from 32768 on (Linux's
/// `ip_local_port_range`), and one of them could otherwise take it meanwhile; and nobody else who asks this process is
/// given it, though it may be long until the first one listens there.
pub fn free_port() -> anyhow::Result<u16> {
    const TRIES: usize = 200;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let candidates = (0..TRIES).map(|_| PORTS.start + (Uuid::new_v4().as_fields().1 % (PORTS.end - PORTS.start)));
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.into_iter().find(|port| is_free(port) && given.insert(*port)).context("no port is free")
}

fn free_or_other(preferred: u16) -> anyhow::Result<u16> {
    match std::net::TcpListener::bind(("127.0.0.1", preferred)) {
        Ok(_free) => Ok(preferred),
        Err(_taken) => free_port(),
    }
}

fn find_program() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("BOXOFFICE_TEMPORAL_CLI") {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!("BOXOFFICE_TEMPORAL_CLI names {}, which is not there", named.display());
    }
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .map(|folder| folder.join("temporal"))
        .find(|candidate| candidate.is_file());
    let tools = Path::new(TOOLS_FOLDER).join("temporal");
    match on_path {
        Some(program) => Ok(program),
        None if tools.is_file() => Ok(tools),
        None => bail!(
            "the `temporal` command is neither on PATH nor in {TOOLS_FOLDER}/: run `scripts/temporal` to get it, or set \
             TEMPORAL_ADDRESS to a server that runs already"
        ),
    }
}

/// A process that was killed could not stop its server. The state's file is locked by it, so it has to go.
async fn stop_left_over(pid_file: &Path, folder: &Path) -> anyhow::Result<()> {
    let Ok(text) = std::fs::read_to_string(pid_file) else { return Ok(()) };
    let Ok(Running { pid }) = serde_json::from_str::<Running>(&text) else { return Ok(()) };
    let Some(pid) = Pid::from_raw(pid) else { return Ok(()) };
    // The number may belong to another program by now: only one that was started on this state is ours.
    let state = folder.join("temporal.db");
    let command = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let ours = command.split(|byte| *byte == 0).any(|argument| argument == state.as_os_str().as_encoded_bytes());
    if !ours {
        return Ok(());
    }
    tracing::info!(pid = pid.as_raw_nonzero().get(), "stopping the engine that an earlier process has left");
    let _ended = kill_process(pid, Signal::TERM);
    let deadline = Instant::now() + STOP_WITHIN;
    while test_kill_process(pid).is_ok() {
        if Instant::now() > deadline {
            let _ended = kill_process(pid, Signal::KILL);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_given_a_port_that_somebody_else_was_given() {
        // As many that were drawn without a look at the others would hold one twice, but for one time in a million.
        let ports: Vec<u16> = (0..500).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(port)), "{ports:?}");
    }
}
