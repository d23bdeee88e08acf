//! One SQL text for both databases: statements with numbered placeholders, and the values for them.

use domain::ids::{
    BookingId, CustomerId, EventId, HallId, MessageId, NoticeId, OfferId, PartnerId, PaymentId, RefundId, SeatId,
    SessionId, ShowId, TicketId, VenueId,
};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};

use crate::error::StoreError;
use crate::pool::Session;

/// A statement with its values; `$1` is the first of them, which SQLite understands as well as PostgreSQL.
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

/// A statement with its values.
pub(crate) fn sql(text: impl Into<String>, values: Vec<Value>) -> Sql {
    Sql { text: text.into(), values }
}

impl Sql {
    /// Runs it and says how many rows it changed.
    pub(crate) async fn run(self, db: &impl Session) -> Result<u64, StoreError> {
        let run = |statement| async { db.connection().execute_raw(statement).await };
        self.on(db, run).await.map(|done| done.rows_affected())
    }

    /// The row that it finds, if it finds one.
    pub(crate) async fn one<R: FromQueryResult>(self, db: &impl Session) -> Result<Option<R>, StoreError> {
        let run = |statement| async {
            let row = db.connection().query_one_raw(statement).await?;
            row.map(|row| R::from_query_result(&row, "")).transpose()
        };
        self.on(db, run).await
    }

    /// Every row that it finds.
    pub(crate) async fn all<R: FromQueryResult>(self, db: &impl Session) -> Result<Vec<R>, StoreError> {
        let run = |statement| async {
            let rows = db.connection().query_all_raw(statement).await?;
            rows.iter().map(|row| R::from_query_result(row, "")).collect()
        };
        self.on(db, run).await
    }

    /// The number that it counts.
    pub(crate) async fn count(self, db: &impl Session) -> Result<i64, StoreError> {
        #[derive(FromQueryResult)]
        struct Count {
            count: i64,
        }
        Ok(self.one::<Count>(db).await?.map_or(0, |row| row.count))
    }

    /// Runs it; outside a transaction once more on another connection, if the first one turns out to be dead.
    async fn on<T, W>(self, db: &impl Session, run: impl Fn(Statement) -> W) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, DbErr>>,
    {
        tracing::trace!(target: "store::statement", statement = %self.text);
        let start = beginning(&self.text);
        let statement = Statement::from_sql_and_values(db.connection().get_database_backend(), self.text, self.values);
        let Some(doubt) = db.doubt() else {
            return run(statement).await.map_err(|source| failed(start, source));
        };
        match run(statement.clone()).await.map_err(|source| failed(start.as_str(), source)) {
            Err(error) if error.lost_its_connection() => {
                tracing::debug!(%error, "a connection was lost; another one is tried");
                doubt.raise();
                run(statement).await.map_err(|source| failed(start, source))
            }
            done => done,
        }
    }
}

/// `$first, $first+1, ...`, `count` of them.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let numbered: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    numbered.join(", ")
}

/// `rows` groups of `columns` placeholders, for an insert of many rows.
pub(crate) fn placeholder_rows(rows: usize, columns: usize) -> String {
    let groups: Vec<String> = (0..rows).map(|row| format!("({})", placeholders(row * columns + 1, columns))).collect();
    groups.join(", ")
}

/// How many seats one statement names: their ids are its values.
pub(crate) const SEATS_PER_STATEMENT: usize = 1_000;

/// Values followed by seats.
pub(crate) fn with_seats(mut values: Vec<Value>, seat_ids: &[SeatId]) -> Vec<Value> {
    values.extend(seat_ids.iter().map(Column::value));
    values
}

/// An error of the database with the beginning of the statement that it belongs to.
pub(crate) fn failed(statement: impl Into<String>, source: DbErr) -> StoreError {
    StoreError::Database { statement: statement.into(), source }
}

/// Enough of a statement to recognise it.
fn beginning(text: &str) -> String {
    const WORDS: usize = 8;
    text.split_whitespace().take(WORDS).collect::<Vec<_>>().join(" ")
}

/// What can be a value of a statement.
pub(crate) trait Column {
    /// The value as the database has it.
    fn value(&self) -> Value;
}

macro_rules! columns {
    ($($kind:ty => |$it:ident| $value:expr;)*) => {$(
        impl Column for $kind {
            fn value(&self) -> Value {
                let $it = self;
                Value::from($value)
            }
        }
    )*};
}

macro_rules! id_columns {
    ($($id:ty),*) => {
        columns! { $($id => |id| id.to_string();)* }

        $(impl Column for Option<$id> {
            fn value(&self) -> Value {
                Value::from(self.map(|id| id.to_string()))
            }
        })*
    };
}

columns! {
    i64 => |number| *number;
    i32 => |number| *number;
    bool => |flag| *flag;
    f64 => |number| *number;
    String => |text| text.clone();
    str => |text| text.to_owned();
    &str => |text| (*text).to_owned();
    Option<i64> => |number| *number;
    Option<i32> => |number| *number;
    Option<String> => |text| text.clone();
    Option<&str> => |text| text.map(str::to_owned);
    Timestamp => |at| at.as_millisecond();
    Option<Timestamp> => |at| at.map(|at| at.as_millisecond());
}

id_columns!(
    BookingId, CustomerId, EventId, HallId, MessageId, NoticeId, OfferId, PartnerId, PaymentId, RefundId, SeatId,
    SessionId, ShowId, TicketId, VenueId
);

/// The values of a statement, in the order of its placeholders.
macro_rules! bind {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::statement::Column::value(&$value)),*]
    };
}

pub(crate) use bind;
