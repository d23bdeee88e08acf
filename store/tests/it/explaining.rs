//! No statement reads more as the platform grows older: every one that the store runs is explained on a database with
//! volume, and none may read a table that grows from end to end.

use std::collections::BTreeMap;

use domain::ids::ShowId;
use domain::show::Show;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use store::PutOn;
use uuid::Uuid;

use crate::harness::TestDatabase;
use crate::statement_log::StatementLog;
use crate::{crowd, fixture, tour};

on_both_databases! {
    no_statement_reads_a_table_that_grows,
    two_seats_are_found_in_a_new_show_without_reading_the_others,
}

/// Tables that grow with every booking or every show. Partners, venues, halls and events are left out: there are a few
/// thousand of them at most, and reading all of them can be right.
const GROWING: &[&str] = &[
    "booking_seats",
    "bookings",
    "consumed_messages",
    "dead_letters",
    "earnings",
    "hold_slots",
    "notices",
    "message_intents",
    "message_refunds",
    "operator_actions",
    "offer_uses",
    "order_bookings",
    "outbox",
    "payables",
    "payment_attempts",
    "payment_events",
    "payments",
    "refunds",
    "seats",
    "show_prices",
    "show_seats",
    "show_seats_sold_elsewhere",
    "shows",
    "tickets",
    "timeline_entries",
];

/// Indexes that have only what waits for something, so that reading one from its start is reading a queue, and those
/// which lists are in the order of and end at their limit.
const MAY_BE_READ_FROM_THE_START: &[&str] = &[
    "bookings_attention",
    "dead_letters_age",
    "notices_age",
    "notices_waiting",
    "outbox_unpublished",
    "payment_attempts_abandoned",
    "payment_attempts_unspent",
    "shows_start",
];

/// Methods that sum up all shows to come. What they answer is kept, so that they are called once in a while.
const SUMMARIES: &[&str] = &["cities", "list_events"];

/// Methods whose pages have to come in the order of an index: sorting a page means reading all that may be on it.
const LISTS: &[&str] = &[
    "abandoned_attempts",
    "bookings_of_show",
    "bookings_to_cancel",
    "claim_due_notices",
    "claim_due_payment_events",
    "list_bookings_for",
    "list_notices",
    "list_notices_in",
    "list_message_intents",
    "list_message_refunds",
    "parked_payment_events",
    "shows_with_claims",
    "unpublished_messages",
    "unpublished_messages_of",
];

async fn no_statement_reads_a_table_that_grows(db: TestDatabase) {
    crowd::fill(&db.store).await;
    let log = StatementLog::default();
    tour::take(&db.store, &log).await;
    let statements = log.statements();
    assert_complete(&statements);
    let outsider = db.outsider().await.begin().await.expect("a transaction");
    let mut faults = Vec::new();
    for (number, (statement, methods)) in statements.iter().enumerate() {
        let plan = match outsider.get_database_backend() {
            DbBackend::Postgres => explain_on_postgres(&outsider, number, statement).await,
            _ => explain_on_sqlite(&outsider, statement).await,
        };
        let wrong = match outsider.get_database_backend() {
            DbBackend::Postgres => faults_on_postgres(&plan, statement, methods),
            _ => faults_on_sqlite(&plan, statement, methods),
        };
        let is_summary = methods.len() == 1 && SUMMARIES.contains(&methods[0]);
        for what in wrong.into_iter().filter(|what| !is_summary || !what.starts_with("shows is read")) {
            faults.push(format!("{what}, for {methods:?}\n  {statement}\n    {}", plan.join("\n    ")));
        }
    }
    eprintln!("{} statements were explained", statements.len());
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// A show that was put on sale since PostgreSQL counted the rows is none that it knows of.
async fn two_seats_are_found_in_a_new_show_without_reading_the_others(db: TestDatabase) {
    const SHOWS: u128 = 10;
    const SEATS: usize = 1_000;
    let outsider = db.outsider().await;
    let catalogue = fixture::catalogue(SEATS);
    db.store.load_catalogue(&catalogue, fixture::now()).await.unwrap();
    let show = |number: u128| Show { id: ShowId::new(Uuid::from_u128(0x4e3 + number)), ..catalogue.shows[0].clone() };
    for number in 0..SHOWS {
        assert_eq!(db.store.create_show(&show(number)).await.unwrap(), PutOn::Done(()));
    }
    outsider.execute_unprepared("analyze").await.unwrap();
    let new = show(SHOWS);
    assert_eq!(db.store.create_show(&new).await.unwrap(), PutOn::Done(()));
    let backend = outsider.get_database_backend();
    let explain = if backend == DbBackend::Postgres { "explain (costs off)" } else { "explain query plan" };
    let (first, second) = (fixture::seat(7), fixture::seat(SEATS - 7));
    let text = format!(
        "{explain} select seat_id, state, version from show_seats \
         where show_id = '{}' and seat_id in ('{first}', '{second}')",
        new.id
    );
    let column = if backend == DbBackend::Postgres { "QUERY PLAN" } else { "detail" };
    let rows = outsider.query_all_raw(Statement::from_string(backend, text)).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
    let by_seat = |line: &String| match backend {
        DbBackend::Postgres => line.contains("Index Cond") && line.contains("seat_id"),
        _ => line.contains("(show_id=? AND seat_id=?)"),
    };
    assert!(plan.iter().any(by_seat), "{plan:#?}");
}

/// Panics if a method of the store, or a statement in its source, was left out of the tour.
fn assert_complete(statements: &BTreeMap<String, Vec<&'static str>>) {
    let mut missing = Vec::new();
    let called: Vec<&str> = statements.values().flatten().copied().collect();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("the sources") {
        let source = std::fs::read_to_string(entry.expect("a file").path()).expect("a source");
        // A literal that goes on in the next line is one text without the line's indentation.
        let source: String = source.split("\\\n").map(str::trim_start).collect();
        for method in source.split("pub async fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
            if !called.contains(&method) && !["connect", "close"].contains(&method) {
                missing.push(format!("the method {method}"));
            }
        }
        for verb in ["select ", "insert into ", "update ", "delete from ", "with due "] {
            for rest in source.split(&format!("\"{verb}")).skip(1) {
                let text = format!("{verb}{}", rest.split(['"', '{', '}']).next().unwrap_or_default());
                if !statements.keys().any(|statement| statement.contains(&text)) {
                    missing.push(format!("the statement `{text}`"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "the tour left out {missing:#?}");
}

/// The plan that PostgreSQL makes for any values, since the values of a test are not those of a busy platform.
async fn explain_on_postgres(db: &impl ConnectionTrait, number: usize, statement: &str) -> Vec<String> {
    let values = (1..).take_while(|number| statement.contains(&format!("${number}"))).count();
    let values = if values == 0 { String::new() } else { format!("({})", vec!["null"; values].join(", ")) };
    db.execute_unprepared("set local plan_cache_mode = force_generic_plan").await.expect("a setting");
    db.execute_unprepared(&format!("prepare s{number} as {statement}")).await.expect(statement);
    let text = format!("explain (costs off) execute s{number}{values}");
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, text)).await.expect(statement);
    rows.iter().map(|row| row.try_get("", "QUERY PLAN").expect("a line of the plan")).collect()
}

async fn explain_on_sqlite(db: &impl ConnectionTrait, statement: &str) -> Vec<String> {
    let text = format!("explain query plan {statement}");
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, text)).await.expect(statement);
    rows.iter().map(|row| row.try_get("", "detail").expect("a line of the plan")).collect()
}

fn faults_on_postgres(plan: &[String], statement: &str, methods: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in plan.iter().enumerate() {
        let node = line.trim_start().trim_start_matches("->").trim_start();
        let whole = node.strip_prefix("Seq Scan on ").and_then(|rest| rest.split(' ').next());
        if let Some(table) = whole.filter(|table| GROWING.contains(table)) {
            faults.push(format!("{table} is read from end to end"));
        }
        let index = node.split(" using ").nth(1).and_then(|rest| rest.split(' ').next());
        if let Some(index) = index.filter(|_| node.contains("Scan")) {
            let details = plan[number + 1..].iter().take_while(|line| !line.contains("->"));
            let bounded = details.into_iter().any(|line| line.contains("Index Cond"));
            if !bounded && !MAY_BE_READ_FROM_THE_START.contains(&index) {
                faults.push(format!("{index} is read from its start"));
            }
        }
        if node.starts_with("Sort") && !node.starts_with("Sort Key") && is_list(methods, statement) {
            faults.push("a page is sorted".to_owned());
        }
    }
    faults
}

fn faults_on_sqlite(plan: &[String], statement: &str, methods: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for line in plan {
        let mut words = line.split(' ');
        let (what, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let table = table_of(statement, name);
        let allowed = MAY_BE_READ_FROM_THE_START.iter().any(|index| line.ends_with(index));
        if what == "SCAN" && GROWING.contains(&table) && !allowed {
            faults.push(format!("{table} is read from end to end"));
        }
        if line.starts_with("USE TEMP B-TREE FOR ORDER BY") && is_list(methods, statement) {
            faults.push("a page is sorted".to_owned());
        }
    }
    faults
}

/// SQLite names tables in plans by their aliases.
fn table_of<'a>(statement: &'a str, alias: &'a str) -> &'a str {
    let words: Vec<&str> = statement.split([' ', ',', '(', ')']).collect();
    let found = words.windows(2).find(|pair| pair[1] == alias && GROWING.contains(&pair[0]));
    found.map_or(alias, |pair| pair[0])
}

/// Whether a statement is a page of a list. A customer's bookings of one show are too few to care, and what follows a
/// page, such as the attempts of the bookings on it, is sorted.
fn is_list(methods: &[&str], statement: &str) -> bool {
    methods.len() == 1 && LISTS.contains(&methods[0]) && !statement.contains("b.show_id = $")
}
