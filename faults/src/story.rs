//! A booking's whole story, for a person who has to find out why a promise was broken: its rows, what the provider knows,
//! its sagas, what clients were told and what the processes have logged. Judges nothing, and tells what it cannot read.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use app::engine::Engine;
use boxoffice::dev::ledger_in;
use domain::ids::BookingId;
use futures::TryStreamExt;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, FromQueryResult, JsonValue, Statement};
use temporalio_client::{WorkflowFetchHistoryOptions, WorkflowListOptions};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use testkit::Stage;
use workflows::book_ticket::BookTicket;

/// The rows that tell of a booking; `$1` is its id.
const ROWS: [(&str, &str); 11] = [
    ("booking", "select * from bookings where id = $1"),
    ("seats it took", "select * from booking_seats where booking_id = $1 order by position"),
    (
        "those seats now",
        "select s.* from show_seats s join booking_seats b on b.show_id = s.show_id and b.seat_id = s.seat_id \
         where b.booking_id = $1 order by s.seat_id",
    ),
    ("attempts", "select * from payment_attempts where booking_id = $1 order by number"),
    (
        "refunds",
        "select r.* from refunds r join payments p on p.id = r.payment_id join payables y on y.id = p.payable_id \
         where y.booking_id = $1 order by r.created_at",
    ),
    ("tickets", "select * from tickets where booking_id = $1 order by id"),
    ("timeline", "select * from timeline_entries where booking_id = $1 order by position"),
    (
        "messages",
        "select id, seq, kind, slot, occurred_at, published_at, published_seq, body from outbox \
         where aggregate_id = $1 order by seq",
    ),
    (
        "what the provider has told",
        "select event_id, kind, intent_id, state, deliveries, last_error, received_at, delivered_at from payment_events \
         where booking_id = $1 or intent_id in (select intent_id from payment_attempts where booking_id = $1) \
         order by received_at",
    ),
    ("notices", "select id, step, state, tries, last_error, created_at, closed_at from notices where booking_id = $1"),
    ("what the order service knows", "select * from order_bookings where booking_id = $1"),
];

/// The rows of the provider's ledger that tell of an intent.
const LEDGER: [(&str, &str); 4] = [
    (
        "intents",
        "select id, idempotency_key, state, amount_minor, captured_minor, refunded_minor, decline_code, \
         card_last_digits, settlement, due_at, created_at, updated_at from intents where metadata like $1 \
         order by created_at",
    ),
    (
        "refunds",
        "select r.id, r.idempotency_key, r.intent_id, r.amount_minor, r.state, r.created_at from refunds r \
         join intents i on i.id = r.intent_id where i.metadata like $1 order by r.created_at",
    ),
    (
        "events",
        "select e.id, e.kind, e.intent_id, e.created_at from events e join intents i on i.id = e.intent_id \
         where i.metadata like $1 order by e.created_at",
    ),
    (
        "deliveries",
        "select d.event_id, d.copy, d.due_at, d.tries, d.delivered_at, d.last_status from webhook_deliveries d \
         join events e on e.id = d.event_id join intents i on i.id = e.intent_id where i.metadata like $1",
    ),
];

/// The whole story of a booking, a line for each thing that is known.
pub async fn of(stage: &Stage, booking_id: BookingId) -> String {
    let mut story = format!("  the story of {booking_id}\n");
    let database = stage.store.connection();
    for (title, text) in ROWS {
        add(&mut story, title, rows(database, text, &booking_id.to_string()).await);
    }
    match ledger(stage.world.path()).await {
        Ok(ledger) => {
            for (title, text) in LEDGER {
                let found = rows(&ledger, text, &format!("%{booking_id}%")).await;
                add(&mut story, &format!("{title} at the provider"), found);
            }
        }
        Err(error) => add(&mut story, "the provider's ledger", Err(error)),
    }
    for saga in [booking_id.to_string(), format!("settle/{booking_id}")] {
        add(&mut story, &format!("saga {saga}"), saga_of(stage, &saga).await);
    }
    let answers = stage.world.answers().into_iter().filter(|answer| answer.booking_id == booking_id);
    let answers = answers.map(|it| {
        let state = it.state.unwrap_or_else(|| "no state".to_owned());
        let key = it.idempotency_key.map_or_else(String::new, |key| format!(", to a request with the key `{key}`"));
        format!("{}: {} {state}{key}", it.at, it.status)
    });
    add(&mut story, "clients were answered", Ok(shortened(answers.collect())));
    let id = booking_id.to_string();
    add(&mut story, "the processes logged of it", Ok(stage.fleet.logged(|line| line.contains(&id))));
    // A defect is logged once, with the id of the request that met it.
    add(&mut story, "the processes logged as errors", Ok(stage.fleet.logged(|line| line.contains("ERROR"))));
    story
}

fn add(story: &mut String, title: &str, lines: anyhow::Result<Vec<String>>) {
    let lines = match lines {
        Ok(lines) if lines.is_empty() => vec!["none".to_owned()],
        Ok(lines) => lines,
        Err(error) => vec![format!("it cannot be read: {error:#}")],
    };
    let _written = writeln!(story, "  {title}");
    for line in lines {
        let _written = writeln!(story, "    {line}");
    }
}

/// Customers look again and again: what they see for long is told by its first and its last time.
fn shortened(lines: Vec<String>) -> Vec<String> {
    let said = |line: &str| line.split_once(": ").map_or_else(String::new, |(_, said)| said.to_owned());
    let mut kept: Vec<String> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let before = number.checked_sub(1).map(|before| said(&lines[before]));
        let after = lines.get(number + 1).map(|after| said(after));
        if before.as_ref() != Some(&said(line)) || after.as_ref() != Some(&said(line)) {
            kept.push(line.clone());
        }
    }
    kept
}

async fn rows(database: &DatabaseConnection, text: &str, id: &str) -> anyhow::Result<Vec<String>> {
    let backend = database.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, [id.into()]);
    let rows = JsonValue::find_by_statement(statement).all(database).await.with_context(|| text.to_owned())?;
    Ok(rows.iter().map(ToString::to_string).collect())
}

async fn ledger(folder: &Path) -> anyhow::Result<DatabaseConnection> {
    let file = ledger_in(folder);
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite.filename(&file).in_memory(false).shared_cache(false).create_if_missing(false).read_only(true)
    });
    Ok(Database::connect(options).await?)
}

/// Every run of a saga: how it stands, and what has happened in it.
async fn saga_of(stage: &Stage, saga: &str) -> anyhow::Result<Vec<String>> {
    let engine = Engine::new(stage.world.settings.engine_config()?, "boxoffice-faults");
    let client = engine.client().await?;
    let mut list = client.list_workflows(format!("WorkflowId = '{saga}'"), WorkflowListOptions::default());
    let mut lines = Vec::new();
    while let Some(run) = list.try_next().await? {
        lines.push(format!("run {}: {:?}", run.run_id(), run.status()));
        let mut this = client.get_workflow_handle::<BookTicket>(saga).info().clone();
        this.run_id = Some(run.run_id().to_owned());
        let mut history = this.bind_untyped(client.clone()).fetch_history(WorkflowFetchHistoryOptions::default());
        while let Some(event) = history.try_next().await? {
            lines.push(format!("  {}", line_of(&event)));
        }
    }
    Ok(lines)
}

fn line_of(event: &HistoryEvent) -> String {
    let at = event.event_time.as_ref().and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok());
    let at = at.map_or_else(String::new, |at| format!("{at:.3} "));
    let kind = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_").to_lowercase();
    let what = match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(it)) => {
            it.activity_type.as_ref().map(|kind| kind.name.clone())
        }
        Some(Attributes::WorkflowExecutionSignaledEventAttributes(it)) => Some(it.signal_name.clone()),
        Some(Attributes::ActivityTaskFailedEventAttributes(it)) => it.failure.as_ref().map(|it| it.message.clone()),
        Some(Attributes::WorkflowTaskFailedEventAttributes(it)) => it.failure.as_ref().map(|it| it.message.clone()),
        Some(Attributes::TimerStartedEventAttributes(it)) => {
            it.start_to_fire_timeout.as_ref().map(|after| format!("{} s", after.seconds))
        }
        // What a local step has answered.
        Some(Attributes::MarkerRecordedEventAttributes(it)) => {
            let payloads = it.details.values().flat_map(|details| &details.payloads);
            Some(
                payloads
                    .map(|payload| String::from_utf8_lossy(&payload.data).into_owned())
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        }
        Some(_) | None => None,
    };
    what.map_or_else(|| format!("{at}{kind}"), |what| format!("{at}{kind}: {what}"))
}
