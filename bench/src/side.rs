//! What runs beside the measured boxoffice, each in a process of its own so that it can be told apart.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use boxoffice::engine_server::free_port;
use uuid::Uuid;

use crate::floor::FloorCaller;
use crate::system::System;

/// How long a bare server may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);

/// A process that lives as long as this value.
struct Side(Child);

impl Side {
    fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let child = command.args(arguments).stdin(Stdio::null()).spawn();
        child.map(Self).with_context(|| format!("{arguments:?} cannot be started"))
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The floor on the engine of a boxoffice, with its worker.
pub(crate) struct EngineFloor {
    /// Whoever starts its workflows.
    pub(crate) caller: FloorCaller,
    _worker: Side,
}

impl EngineFloor {
    /// Starts the worker.
    pub(crate) async fn start(system: &System) -> anyhow::Result<Self> {
        let (engine, namespace) = (&system.addresses.temporal, &system.addresses.namespace);
        let queue = format!("floor-{}", Uuid::new_v4().simple());
        let worker = Side::start(&["floor-worker", engine, namespace, &queue])?;
        Ok(Self { caller: FloorCaller::connect(engine, namespace, &queue).await?, _worker: worker })
    }
}

/// A server with nothing but bare handlers.
pub(crate) struct BareServer {
    address: String,
    _process: Side,
}

impl BareServer {
    /// Starts one whose reader answers what is in `file`.
    pub(crate) async fn start(redis: &str, file: &Path) -> anyhow::Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let process = Side::start(&["bare", &address, redis, &file.to_string_lossy()])?;
        let deadline = Instant::now() + LISTENS_WITHIN;
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            if Instant::now() > deadline {
                bail!("the bare server does not listen at {address}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { address, _process: process })
    }

    /// Where one of its handlers is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
