//! The metrics of this process, for Prometheus. Crates count for themselves; here it is said what each one means.

use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The upper bounds of the buckets of durations, in seconds: the goal of a booking's answer is within the third.
const DURATION_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The recorder of the process; a process has one, however often it is asked for.
pub fn recorder() -> anyhow::Result<PrometheusHandle> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let durations = Matcher::Suffix("_duration_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(durations, &DURATION_BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| anyhow!("the metrics cannot be recorded: {error}"))?;
    describe();
    metrics::gauge!("boxoffice_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    *installed = Some(handle.clone());
    Ok(handle)
}

fn describe() {
    describe_gauge!("boxoffice_build_info", "1, labelled with the version that runs.");
    describe_gauge!("boxoffice_dependency_up", "1 while the part answers this process, 0 while it is away.");
    describe_counter!("boxoffice_http_requests_total", "Requests answered, by method, route and status.");
    describe_histogram!(
        "boxoffice_http_request_duration_seconds",
        Unit::Seconds,
        "From the arrival of a request to the head of its answer."
    );
    describe_counter!("boxoffice_seat_locks_rebuilt_total", "Rebuilds of seat locks from the database.");
    describe_counter!("boxoffice_bookings_without_locks_total", "Bookings taken while the seat locks were away.");
    describe_counter!("boxoffice_seat_changes_lost_total", "Changes of seats that could not be announced.");
}
