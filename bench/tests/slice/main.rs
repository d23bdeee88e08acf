//! A slice of the measuring, for every run of the tests: rows come to a figure. What the figures are is not asked, for
//! what is measured is not optimized and shares its machine with other tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::program;

/// Runs some rows in a mode, and gives what was measured.
fn measured(mode: &str, rows: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--slice", "--mode", mode, "--only", rows, "--program"])
        .arg(program::of_these_sources())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "measuring ends with {}: {text}", output.status);
    text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn come_to_figures(mode: &str, rows: &str, expected: &[&str]) {
    let figures = measured(mode, rows);
    for name in expected {
        let figure = figures.iter().find(|figure| figure["name"] == *name);
        let value = figure.and_then(|figure| figure["value"].as_f64());
        assert!(value.is_some_and(|value| value > 0.0), "{name} was not measured: {figures:?}");
    }
}

// One test, because each of the two modes wants the machine for itself.
#[test]
fn rows_come_to_figures() {
    come_to_figures(
        "embedded",
        "saga,open-sagas,ready",
        &[
            "saga_throughput/embedded",
            "saga_cpu/embedded",
            "saga_latency/embedded/post_to_201/p50",
            "saga_latency/embedded/paid_to_confirmed/p99",
            "open_sagas/embedded/worker_memory",
            "open_sagas/embedded/common_deadline",
            "ready",
        ],
    );
    come_to_figures(
        "distributed",
        "saga,rush,availability",
        &["saga_throughput/distributed", "saga_cpu/distributed", "rush/distributed", "availability/distributed"],
    );
}
