//! An application in a process of its own, that can be killed.
//!
//! The process is the test program itself, started once more for one of its tests: [`serve_if_asked`] turns that test
//! into a server. So what is killed is the real application with the faults that a test has planned, and the binary
//! that is shipped knows no faults.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use boxoffice::application::{Application, ConsumerGroup, Roles};
use boxoffice::dev::{Addresses, ledger_in};
use boxoffice::settings::Settings;
use secrecy::ExposeSecret;

use crate::faults::{Fault, Faults};
use crate::test_app::World;
use crate::wait::eventually;

const FOLDER: &str = "BOXOFFICE_TEST_SERVE_FOLDER";
const QUEUE: &str = "BOXOFFICE_TEST_SERVE_QUEUE";
const ENGINE: &str = "BOXOFFICE_TEST_SERVE_ENGINE";
const LISTEN: &str = "BOXOFFICE_TEST_SERVE_LISTEN";
const FAULT: &str = "BOXOFFICE_TEST_SERVE_FAULT";

/// A process that serves, until it is killed.
pub struct ServingProcess {
    child: Child,
    /// Where it is.
    pub addresses: Addresses,
}

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Before the step does anything.
    Before,
    /// When it is done, before it can say so.
    After,
}

impl ServingProcess {
    /// Starts a process on the data of `world` that dies at a step, if one is named. `server_test` is the full name of
    /// the test that calls [`serve_if_asked`]. `listen` keeps a restarted process at its address: payment pages and
    /// webhooks name it.
    pub async fn start(world: &World, server_test: &str, listen: &str, dies_at: Option<(&str, Death)>) -> Self {
        let program = std::env::current_exe().unwrap();
        let ready = ready_file(world.path());
        let _old = std::fs::remove_file(&ready);
        let mut command = Command::new(program);
        command
            .args(["--exact", server_test, "--nocapture"])
            .env(FOLDER, world.path())
            .env(QUEUE, &world.settings.engine.task_queue)
            .env(ENGINE, &world.settings.engine.address)
            .env(LISTEN, listen)
            .envs(shared_parts(&world.settings))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((step, death)) = dies_at {
            let when = if death == Death::Before { "before" } else { "after" };
            command.env(FAULT, format!("{when} {step}"));
        }
        let child = command.spawn().unwrap();
        let addresses = eventually("the process serves", Duration::from_secs(30), || async {
            serde_json::from_str(&std::fs::read_to_string(&ready).ok()?).ok()
        })
        .await;
        Self { child, addresses }
    }

    /// Waits until the process has died.
    pub async fn has_died(&mut self, within: Duration) {
        let child = &mut self.child;
        let deadline = std::time::Instant::now() + within;
        while child.try_wait().unwrap().is_none() {
            assert!(std::time::Instant::now() < deadline, "the process has not died within {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for ServingProcess {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What the process has to be told of the parts that outlive it; the rest it finds in the folder.
fn shared_parts(settings: &Settings) -> [(&'static str, String); 3] {
    [
        ("BOXOFFICE_DATABASE__URL", settings.database.url.clone()),
        ("BOXOFFICE_LOCKS__URL", settings.locks.url.expose_secret().to_owned()),
        ("BOXOFFICE_LOCKS__PREFIX", settings.locks.prefix.clone()),
    ]
}

/// Serves until killed, if this process was started to; returns at once otherwise.
pub async fn serve_if_asked() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut settings = Settings::load(None).unwrap();
    settings.api.listen = std::env::var(LISTEN).unwrap().parse().unwrap();
    settings.engine.address = std::env::var(ENGINE).unwrap();
    settings.engine.task_queue = std::env::var(QUEUE).unwrap();
    // Longer than a killed process takes to come back, so that every step is found undecided.
    settings.saga.step_seconds = 30;
    settings.saga.undo_seconds = 30;
    settings.saga.slow_retry_seconds = 1;
    settings.saga.cancel_show_bookings = 2;
    settings.saga.cancel_show_pause_ms = 100;
    let settings = boxoffice::dev::settings_of(settings, &folder).unwrap();
    let faults = Faults::default();
    if let Ok(fault) = std::env::var(FAULT) {
        let (when, step) = fault.split_once(' ').unwrap();
        faults.plan_for_any(step, if when == "before" { Fault::KillBefore } else { Fault::KillAfter });
    }
    let roles = Roles {
        api: true,
        worker: true,
        relay: true,
        consume: ConsumerGroup::ALL.to_vec(),
        mail: Some(boxoffice::dev::mail_in(&folder)),
        simulator: Some(ledger_in(&folder)),
    };
    let temporal = settings.engine.address.clone();
    let namespace = settings.engine.namespace.clone();
    let application = Application::build(settings, roles).await.unwrap();
    let application = application.watched_by(std::sync::Arc::new(faults));
    let addresses = Addresses {
        api: application.api_url(),
        swagger_ui: String::new(),
        simulator: format!("{}/simulator", application.api_url()),
        temporal,
        temporal_ui: String::new(),
        namespace,
    };
    let ready = ready_file(&folder);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(application.run(stop));
    // Written whole or not at all: whoever waits for it reads it at once.
    let draft = ready.with_extension("draft");
    std::fs::write(&draft, serde_json::to_string(&addresses).unwrap()).unwrap();
    std::fs::rename(&draft, &ready).unwrap();
    running.await.unwrap().unwrap();
}

fn ready_file(folder: &Path) -> PathBuf {
    folder.join("serving.json")
}
