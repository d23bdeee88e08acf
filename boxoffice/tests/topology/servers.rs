//! The servers that the tests share, stopped and started by the script that has started them.

use std::process::{Command, Stdio};

/// Runs `scripts/services` with `arguments`.
pub(crate) fn services(arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/services");
    let output = Command::new("bash").arg(script).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "scripts/services {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Starts a server again at the end of a test, however it ends: those that follow need it.
pub(crate) struct Stopped(&'static str);

impl Stopped {
    /// Stops a server.
    pub(crate) fn now(name: &'static str) -> Self {
        services(&["stop", name]);
        Self(name)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        services(&["start", self.0]);
    }
}
