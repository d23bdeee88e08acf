//! A past: so many bookings that were made and paid for before, as rows. Made from one booking that was really bought.

use anyhow::{Context, ensure};
use domain::ids::{BookingId, ShowId};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use crate::catalogue::LARGE;
use crate::progress::say;

/// From how many past bookings on it is told which of their tables is being written.
const TOLD_FROM: u32 = 100_000;

/// A table, how a row of it belongs to a booking, and which of its columns name something of that booking alone.
struct Table {
    name: &'static str,
    belongs: &'static str,
    own: &'static [&'static str],
}

/// Whatever a booking leaves behind. Parents come before their children.
const TABLES: [Table; 11] = [
    Table { name: "bookings", belongs: "id = $1", own: &["id", "customer_id"] },
    Table { name: "booking_seats", belongs: "booking_id = $1", own: &["booking_id"] },
    Table { name: "tickets", belongs: "booking_id = $1", own: &["id", "booking_id"] },
    Table { name: "timeline_entries", belongs: "booking_id = $1", own: &["booking_id"] },
    Table { name: "payables", belongs: "booking_id = $1", own: &["id", "booking_id"] },
    Table {
        name: "payments",
        belongs: "payable_id in (select id from payables where booking_id = $1)",
        own: &["id", "payable_id"],
    },
    Table {
        name: "payment_attempts",
        belongs: "booking_id = $1",
        own: &["payment_id", "booking_id", "idempotency_key", "intent_id"],
    },
    Table { name: "payment_events", belongs: "booking_id = $1", own: &["event_id", "booking_id", "intent_id"] },
    Table { name: "outbox", belongs: "aggregate_id = $1", own: &["id", "aggregate_id"] },
    Table { name: "order_bookings", belongs: "booking_id = $1", own: &["booking_id", "customer_id"] },
    Table { name: "notices", belongs: "booking_id = $1", own: &["id", "booking_id", "customer_id"] },
];

/// Adds `count` bookings that are like `model`, whose one seat is of the large hall: each of a customer of its own and
/// with a seat of its own in one of `shows`, of which there have to be enough.
///
/// It is written over a connection of its own, on which statements may take as long as they do and nothing is held against
/// the rows that it refers to: parents come first. All tables are written in the order of their names, which are random, or
/// most of the time would go into writing indexes all over.
pub(crate) async fn make(url: &str, model: BookingId, shows: &[ShowId], count: u32) -> anyhow::Result<()> {
    ensure!(shows.len() as u64 * u64::from(LARGE) >= u64::from(count), "{} shows have too few seats", shows.len());
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).min_connections(1).sqlx_logging(false);
    let connection = &Database::connect(options).await?;
    let run = async |text: String| {
        connection.execute_unprepared(&text).await.map(|_done| ()).with_context(|| format!("making a past: {text}"))
    };
    if connection.get_database_backend() == DbBackend::Postgres {
        run("set statement_timeout = 0".to_owned()).await?;
        run("set session_replication_role = replica".to_owned()).await?;
    }
    if connection.get_database_backend() == DbBackend::Sqlite {
        // In KiB.
        run("pragma cache_size = -1000000".to_owned()).await?;
        run("pragma foreign_keys = off".to_owned()).await?;
    }
    let random = match connection.get_database_backend() {
        DbBackend::Postgres => "md5(n::text)",
        _ => "lower(hex(randomblob(16)))",
    };
    run("create table bench_past (n integer primary key, hex text not null, show_id text not null, seat_id text not null)".to_owned()).await?;
    for (number, show_id) in shows.iter().enumerate() {
        let before = number as u64 * u64::from(LARGE);
        let here = u64::from(count).saturating_sub(before).min(u64::from(LARGE));
        run(format!(
            "insert into bench_past (n, hex, show_id, seat_id) \
             select n, {random}, '{show_id}', seat_id from (select seat_id, {before} + row_number() over (order by seat_id) as n \
             from show_seats where show_id = '{show_id}') numbered where n <= {before} + {here}"
        ))
        .await?;
    }
    // The seats of the past are found one by one below.
    run("create unique index bench_past_seat on bench_past (show_id, seat_id)".to_owned()).await?;
    run("analyze bench_past".to_owned()).await?;
    for table in &TABLES {
        if count > TOLD_FROM {
            say(&format!("growth: writing the {} of {count} past bookings", table.name.replace('_', " ")));
        }
        run(multiplied(connection, table, model).await?).await?;
    }
    run(format!(
        "update show_seats set state = 'sold', booking_id = {} from bench_past p \
         where p.show_id = show_seats.show_id and p.seat_id = show_seats.seat_id",
        named_after(&format!("'{model}'")),
    ))
    .await?;
    // The positions in the log of messages go on after those that the past has taken.
    run("update outbox_slots set last_published = coalesce((select max(o.published_seq) from outbox o \
         where o.slot = outbox_slots.slot), last_published)"
        .to_owned())
    .await?;
    run("drop table bench_past".to_owned()).await?;
    run("analyze".to_owned()).await
}

/// The statement that writes a row of the past for each row that the model has in a table.
async fn multiplied(connection: &DatabaseConnection, table: &Table, model: BookingId) -> anyhow::Result<String> {
    let question = match connection.get_database_backend() {
        DbBackend::Postgres => format!(
            "select column_name as name from information_schema.columns where table_name = '{}' order by ordinal_position",
            table.name
        ),
        _ => format!("select name from pragma_table_info('{}') order by cid", table.name),
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), question)).await?;
    let columns: Vec<String> = rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?;
    ensure!(!columns.is_empty(), "there is no table {}", table.name);
    let values = columns.iter().map(|column| match column.as_str() {
        "show_id" => "p.show_id".to_owned(),
        "seat_id" => "p.seat_id".to_owned(),
        // One of each slot's own numbers, for as many messages as the model has.
        "published_seq" => "1000000000 + p.n * 64 + t.seq".to_owned(),
        own if table.own.contains(&own) => named_after(&format!("t.{own}")),
        other => format!("t.{other}"),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let (name, belongs) = (table.name, table.belongs.replace("$1", &format!("'{model}'")));
    let columns = columns.join(", ");
    Ok(format!(
        "insert into {name} ({columns}) select {values} from {name} t cross join bench_past p where {belongs} order by p.hex"
    ))
}

/// What a name of the model is called in the past: its kind, a number of its own, and what tells it from others of the
/// same booking.
fn named_after(name: &str) -> String {
    format!("(substr({name}, 1, 4) || substr(p.hex, 1, 24) || substr({name}, length({name}) - 7))")
}
