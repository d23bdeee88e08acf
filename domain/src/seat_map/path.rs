//! Where in a seat map something is.

use std::fmt;

/// Where in a seat map something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPlace {
    /// In JSON.
    Path(SeatMapPath),
    /// In the line of the text form with this number, counted from 1.
    Line(usize),
}

/// The path of something in the JSON form, written as `sections[0].rows[3].seats[7].number`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeatMapPath {
    /// The index of the section; all of them are meant, if there is none.
    pub section: Option<usize>,
    /// The index of the row in the section, if one is meant.
    pub row: Option<usize>,
    /// What in the row is meant, if something is.
    pub in_row: Option<InRow>,
    /// The field of what the indexes say, if one is meant.
    pub field: Option<&'static str>,
}

/// Something in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InRow {
    /// The seat with this index.
    Seat(usize),
    /// The entry of the row's gaps with this index.
    Gap(usize),
}

impl SeatMapPath {
    pub(super) fn section(index: usize) -> Self {
        Self { section: Some(index), ..Self::default() }
    }

    pub(super) fn row(self, index: usize) -> Self {
        Self { row: Some(index), ..self }
    }

    pub(super) fn seat(self, index: usize) -> Self {
        Self { in_row: Some(InRow::Seat(index)), ..self }
    }

    pub(super) fn gap(self, index: usize) -> Self {
        Self { in_row: Some(InRow::Gap(index)), ..self }
    }

    pub(super) fn field(self, name: &'static str) -> Self {
        Self { field: Some(name), ..self }
    }
}

impl fmt::Display for SeatMapPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sections")?;
        if let Some(section) = self.section {
            write!(f, "[{section}]")?;
        }
        if let Some(row) = self.row {
            write!(f, ".rows[{row}]")?;
        }
        match self.in_row {
            Some(InRow::Seat(seat)) => write!(f, ".seats[{seat}]")?,
            Some(InRow::Gap(gap)) => write!(f, ".gaps[{gap}]")?,
            None => {}
        }
        self.field.map_or(Ok(()), |field| write!(f, ".{field}"))
    }
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}
