//! The servers that the tests share, stopped and started by the script that has started them.

use std::process::{Command, Stdio};

/// Runs `scripts/services` with `arguments`, and panics if it fails.
pub fn services(arguments: &[&str]) {
    if let Err(error) = try_services(arguments) {
        panic!("{error}");
    }
}

/// Runs `scripts/services` with `arguments`; the error is what it has said.
pub fn try_services(arguments: &[&str]) -> Result<(), String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/services");
    let output = Command::new("bash").arg(script).args(arguments).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("scripts/services {arguments:?}: {}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("scripts/services {arguments:?} cannot be started: {error}")),
    }
}

/// Starts a server again at the end of a test, however it ends: those that follow need it.
pub struct Stopped(&'static str);

impl Stopped {
    /// Stops a server.
    pub fn now(name: &'static str) -> Self {
        services(&["stop", name]);
        Self(name)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        services(&["start", self.0]);
    }
}
