//! How texts and numbers of the database become values of the domain: a row that cannot is an error, never a panic.

use domain::money::{Currency, Money};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// Which row is being read, for the message if it cannot be.
#[derive(Clone, Copy)]
pub(crate) struct RowOf<'a> {
    pub(crate) table: &'static str,
    pub(crate) id: &'a str,
}

impl<'a> RowOf<'a> {
    /// The row of `table` with the key `id`.
    pub(crate) fn new(table: &'static str, id: &'a str) -> Self {
        Self { table, id }
    }

    /// A parsed column, or the row as the culprit.
    pub(crate) fn read<T, E>(self, column: Result<T, E>) -> Result<T, StoreError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        column.map_err(|source| StoreError::CorruptRow {
            table: self.table,
            id: self.id.to_owned(),
            source: source.into(),
        })
    }

    /// An instant.
    pub(crate) fn instant(self, milliseconds: i64) -> Result<Timestamp, StoreError> {
        self.read(Timestamp::from_millisecond(milliseconds))
    }

    /// An instant that may be missing.
    pub(crate) fn instant_or_none(self, milliseconds: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
        milliseconds.map(|at| self.instant(at)).transpose()
    }

    /// An amount.
    pub(crate) fn money(self, minor: i64, currency: &str) -> Result<Money, StoreError> {
        Ok(Money::new(minor, self.read(Currency::parse(currency))?))
    }

    /// A document.
    pub(crate) fn json<T: DeserializeOwned>(self, text: &str) -> Result<T, StoreError> {
        self.read(serde_json::from_str(text))
    }

    /// A number that is never negative.
    pub(crate) fn natural(self, number: i32) -> Result<u32, StoreError> {
        self.read(u32::try_from(number))
    }

    /// One of `known` by its name.
    pub(crate) fn named<T: Copy>(
        self,
        text: &str,
        known: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        let found = known.iter().copied().find(|value| name(*value) == text);
        self.read(found.ok_or_else(|| format!("`{text}` is not a known name")))
    }
}

/// A document as text.
pub(crate) fn json_text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::Unwritable)
}

/// An instant as the database keeps it, in whole milliseconds: an answer is the same when it is read again.
pub(crate) fn rounded(at: Timestamp) -> Timestamp {
    // Every number of milliseconds that came from an instant is one.
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
