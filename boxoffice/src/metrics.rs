//! The metrics of this process, for Prometheus. Crates count for themselves; here it is said what each one means.

use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The upper bounds of the buckets of durations, in seconds: one booking at a time is answered within the fourth.
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
    describe_locks();
    describe_availability();
    describe_messages();
}

fn describe_messages() {
    describe_gauge!("boxoffice_outbox_waiting", "Messages that are not published yet, of all relays together.");
    describe_gauge!(
        "boxoffice_outbox_lag_seconds",
        Unit::Seconds,
        "The age of the oldest message that is not published yet."
    );
    describe_gauge!("boxoffice_outbox_slots", "How many of the outbox's 16 slots this relay publishes.");
    describe_counter!("boxoffice_messages_published_total", "Messages that this relay has published.");
    describe_gauge!("boxoffice_notices_waiting", "Notices to customers that are not sent yet.");
    describe_counter!("boxoffice_notices_total", "Tries to send a notice, by what came of them.");
    describe_counter!("boxoffice_messages_consumed_total", "Messages that came to a consumer, by what became of them.");
    describe_gauge!(
        "boxoffice_consumer_lag_messages",
        "Messages in Kafka that this process's partitions still have for a consumer."
    );
}

fn describe_locks() {
    describe_gauge!("boxoffice_redis_up", "1 while Redis is connected, 0 while it is away.");
    describe_counter!("boxoffice_redis_failures_total", "Calls that failed because Redis was away.");
    describe_counter!("boxoffice_seat_locks_bypassed_total", "What went on without seat locks, by operation.");
    describe_counter!("boxoffice_seat_locks_rebuilt_total", "Rebuilds of seat locks from the database.");
    describe_counter!("boxoffice_bookings_without_locks_total", "Bookings taken while the seat locks were away.");
}

fn describe_availability() {
    describe_counter!("boxoffice_seat_changes_lost_total", "Changes of seats that could not be announced.");
    describe_gauge!("boxoffice_availability_boards", "Shows whose seats are kept in memory because somebody asks.");
    describe_gauge!("boxoffice_availability_subscribers", "Streams of seat changes that are open.");
    describe_counter!("boxoffice_availability_snapshots_total", "Snapshots of a show's seats that were answered.");
    describe_counter!("boxoffice_availability_lags_total", "Streams that were slower than what they were told.");
    describe_counter!("boxoffice_availability_rereads_total", "Comparisons of a show's seats with the database.");
    describe_counter!("boxoffice_availability_healed_seats_total", "Seats that such a comparison has put right.");
}
