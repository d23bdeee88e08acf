//! The shipped binary as many processes, as operators run it: roles on ports of their own, killed and started again.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use boxoffice::engine_server::free_port;
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a process may take to stop when it is told to.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// How long those that still run may take to stop when the fleet is dropped.
const DROPPED_WITHIN: Duration = Duration::from_secs(10);

/// Processes of the shipped binary. Dropping it stops those that still run, and kills those that do not stop.
pub struct Fleet {
    program: PathBuf,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    members: Vec<Member>,
    /// Those that were found to have ended by themselves when they were to be killed.
    ended: Vec<String>,
    http: reqwest::Client,
}

/// One process, whether it runs or not.
struct Member {
    name: String,
    role: &'static str,
    /// Where it serves what it is for; workers serve nothing.
    listen: String,
    /// Where it tells how it is.
    operations: String,
    child: Option<Child>,
}

impl Fleet {
    /// A fleet of `program`, which logs into `folder` and has `environment` in common.
    pub fn new(program: impl AsRef<Path>, folder: &Path, environment: BTreeMap<String, String>) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let (program, folder) = (program.as_ref().to_owned(), folder.to_owned());
        Self { program, folder, environment, members: Vec::new(), ended: Vec::new(), http }
    }

    /// Sets something in the environment of all processes that are started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// Makes all processes that are started from now on those of another binary.
    pub fn run_from_now_on(&mut self, program: impl AsRef<Path>) {
        self.program = program.as_ref().to_owned();
    }

    /// Adds `count` processes of a role, which are started by [`Self::start`], and tells where they will serve.
    pub fn add(&mut self, role: &'static str, count: usize) -> Vec<String> {
        let mut added = Vec::new();
        for number in 1..=count {
            let address = || format!("127.0.0.1:{}", free_port().unwrap());
            let member = Member {
                name: format!("{role}-{number}"),
                role,
                listen: address(),
                operations: address(),
                child: None,
            };
            added.push(member.listen.clone());
            self.members.push(member);
        }
        added
    }

    /// The names of all processes.
    pub fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.name.clone()).collect()
    }

    /// Starts a process; it need not be ready yet.
    pub fn start(&mut self, name: &str) {
        let log = File::options().create(true).append(true).open(self.folder.join(format!("{name}.log"))).unwrap();
        let (program, folder, environment) = (self.program.clone(), self.folder.clone(), self.environment.clone());
        let member = self.member(name);
        assert!(member.child.is_none(), "{name} runs");
        let child = Command::new(program)
            .arg(member.role)
            .current_dir(folder)
            .envs(environment)
            // What ends it is the last line of its log, not forty frames of a backtrace.
            .env("RUST_LIB_BACKTRACE", "0")
            .env("BOXOFFICE_OPERATIONS__LISTEN", &member.operations)
            .env(
                if member.role == "payments" { "BOXOFFICE_PAYMENTS__LISTEN" } else { "BOXOFFICE_API__LISTEN" },
                &member.listen,
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        member.child = Some(child);
    }

    /// Starts all processes and waits until they are ready; tells which is not.
    pub async fn try_to_start_all(&mut self) -> Result<(), String> {
        for name in self.names() {
            self.start(&name);
        }
        for name in self.names() {
            self.becomes_ready(&name).await?;
        }
        Ok(())
    }

    /// Waits until a process is ready, and panics if it is not for long.
    pub async fn is_ready(&mut self, name: &str) {
        if let Err(why) = self.becomes_ready(name).await {
            panic!("{why}");
        }
    }

    /// Waits until a process is ready; the error is the end of its log. One that has ended is not waited for.
    pub async fn becomes_ready(&mut self, name: &str) -> Result<(), String> {
        let url = self.operations_url(name, "/health/ready");
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self.member(name).child.as_mut().and_then(|child| child.try_wait().unwrap());
            if let Some(status) = ended {
                return Err(format!("{name} has ended with {status}: {}", self.log_of(name)));
            }
            if Instant::now() >= deadline {
                return Err(format!("{name} is not ready: {}", self.log_of(name)));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a process answers on its operations listener, whatever the status; none if it does not.
    pub async fn operations(&self, name: &str, path: &str) -> Option<(u16, String)> {
        let answer = self.http.get(self.operations_url(name, path)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// The id of a process that runs.
    pub fn process_id(&self, name: &str) -> u32 {
        let member = self.members.iter().find(|member| member.name == name);
        member.and_then(|member| member.child.as_ref()).unwrap_or_else(|| panic!("{name} does not run")).id()
    }

    /// Kills a process with SIGKILL.
    pub fn kill(&mut self, name: &str) {
        let mut child = self.member(name).child.take().unwrap_or_else(|| panic!("{name} does not run"));
        if let Some(status) = child.try_wait().unwrap() {
            self.ended.push(format!("{name}: {status}"));
            return;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops a process in the middle of whatever it does, as a machine that is overloaded or migrated; it knows nothing
    /// of it when it is woken.
    pub fn pause(&self, name: &str) {
        self.signal(name, Signal::STOP);
    }

    /// Wakes a process that was paused.
    pub fn wake(&self, name: &str) {
        self.signal(name, Signal::CONT);
    }

    fn signal(&self, name: &str, signal: Signal) {
        let id = i32::try_from(self.process_id(name)).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Tells a process to stop, as an orchestrator does, and waits until it has; panics unless it ends well.
    pub async fn stop(&mut self, name: &str) {
        if let Err(why) = self.try_to_stop(name).await {
            panic!("{why}");
        }
    }

    /// Tells a process to stop, and waits until it has; the error says how it ended otherwise.
    pub async fn try_to_stop(&mut self, name: &str) -> Result<(), String> {
        let mut child = self.member(name).child.take().unwrap_or_else(|| panic!("{name} does not run"));
        // Of one that has ended by itself there is only the status.
        let _gone = kill_process(Pid::from_child(&child), Signal::TERM);
        let deadline = Instant::now() + STOPPED_WITHIN;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                let well = status.success();
                return if well { Ok(()) } else { Err(format!("{name} ends with {status}: {}", self.log_of(name))) };
            }
            if Instant::now() >= deadline {
                self.member(name).child = Some(child);
                return Err(format!("{name} has not stopped: {}", self.log_of(name)));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops all processes that run, first those that were added last; panics unless they end well.
    pub async fn stop_all(&mut self) {
        let failures = self.try_to_stop_all().await;
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// Stops all processes that run, first those that were added last; tells which did not end well.
    pub async fn try_to_stop_all(&mut self) -> Vec<String> {
        let running: Vec<String> =
            self.members.iter().rev().filter(|it| it.child.is_some()).map(|it| it.name.clone()).collect();
        let mut failures = Vec::new();
        for name in running {
            failures.extend(self.try_to_stop(&name).await.err());
        }
        failures
    }

    /// The processes that have ended by themselves, which none should.
    pub fn ended(&mut self) -> Vec<String> {
        let running = self.members.iter_mut().filter_map(|member| Some((&member.name, member.child.as_mut()?)));
        let now =
            running.filter_map(|(name, child)| child.try_wait().unwrap().map(|status| format!("{name}: {status}")));
        self.ended.iter().cloned().chain(now).collect()
    }

    /// The last lines that a process has logged.
    pub fn log_of(&self, name: &str) -> String {
        let text = self.whole_log_of(name);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// The lines of all logs in which something is told, each after the name of who has logged it.
    pub fn logged(&self, is_told: impl Fn(&str) -> bool) -> Vec<String> {
        let mut logged = Vec::new();
        for Member { name, .. } in &self.members {
            let text = self.whole_log_of(name);
            logged.extend(text.lines().filter(|line| is_told(line)).map(|line| format!("{name}: {line}")));
        }
        logged
    }

    /// What a process has logged; nothing, if it has not begun. A line that was being written when it was killed is kept.
    fn whole_log_of(&self, name: &str) -> String {
        let text = std::fs::read(self.folder.join(format!("{name}.log"))).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn operations_url(&self, name: &str, path: &str) -> String {
        let member = self.members.iter().find(|member| member.name == name);
        format!("http://{}{path}", member.unwrap_or_else(|| panic!("there is no {name}")).operations)
    }

    fn member(&mut self, name: &str) -> &mut Member {
        let member = self.members.iter_mut().find(|member| member.name == name);
        member.unwrap_or_else(|| panic!("there is no {name}"))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let mut children: Vec<Child> = self.members.iter_mut().filter_map(|member| member.child.take()).collect();
        for child in &children {
            // A `dev` that was killed would leave its engine's server behind; one that was paused has to wake to stop.
            let _gone = kill_process(Pid::from_child(child), Signal::TERM);
            let _gone = kill_process(Pid::from_child(child), Signal::CONT);
        }
        let deadline = Instant::now() + DROPPED_WITHIN;
        while Instant::now() < deadline && children.iter_mut().any(|child| matches!(child.try_wait(), Ok(None))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        for child in &mut children {
            let _dead = child.kill();
            let _reaped = child.wait();
        }
    }
}
