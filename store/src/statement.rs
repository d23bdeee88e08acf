//! One SQL text for both databases: statements with numbered placeholders, and the values for them.

use domain::ids::{
    BookingId, CustomerId, EventId, HallId, MessageId, PartnerId, PaymentId, RefundId, SeatId, ShowId, TicketId,
    VenueId,
};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};

use crate::error::StoreError;

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
    pub(crate) async fn run(self, db: &impl ConnectionTrait) -> Result<u64, StoreError> {
        let (statement, start) = self.prepare(db);
        let result = db.execute_raw(statement).await;
        result.map(|done| done.rows_affected()).map_err(|source| failed(start, source))
    }

    /// The row that it finds, if it finds one.
    pub(crate) async fn one<R: FromQueryResult>(self, db: &impl ConnectionTrait) -> Result<Option<R>, StoreError> {
        let (statement, start) = self.prepare(db);
        let row = match db.query_one_raw(statement).await {
            Ok(Some(row)) => R::from_query_result(&row, "").map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        row.map_err(|source| failed(start, source))
    }

    /// Every row that it finds.
    pub(crate) async fn all<R: FromQueryResult>(self, db: &impl ConnectionTrait) -> Result<Vec<R>, StoreError> {
        let (statement, start) = self.prepare(db);
        let rows = match db.query_all_raw(statement).await {
            Ok(rows) => rows.iter().map(|row| R::from_query_result(row, "")).collect(),
            Err(error) => Err(error),
        };
        rows.map_err(|source| failed(start, source))
    }

    /// The number that it counts.
    pub(crate) async fn count(self, db: &impl ConnectionTrait) -> Result<i64, StoreError> {
        #[derive(FromQueryResult)]
        struct Count {
            count: i64,
        }
        Ok(self.one::<Count>(db).await?.map_or(0, |row| row.count))
    }

    fn prepare(self, db: &impl ConnectionTrait) -> (Statement, String) {
        let start = beginning(&self.text);
        (Statement::from_sql_and_values(db.get_database_backend(), self.text, self.values), start)
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
    BookingId, CustomerId, EventId, HallId, MessageId, PartnerId, PaymentId, RefundId, SeatId, ShowId, TicketId,
    VenueId
);

/// The values of a statement, in the order of its placeholders.
macro_rules! bind {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::statement::Column::value(&$value)),*]
    };
}

pub(crate) use bind;
