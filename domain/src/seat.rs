//! Seats: the places of a hall.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{HallId, SeatId};

/// The longest name of a seat category, in bytes.
const CATEGORY_BYTES: usize = 32;

/// What a seat costs and offers, as the partner names it: `standard`, `premium`, `balcony`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SeatCategory(String);

/// A text that cannot name a seat category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a seat category: 1 to 32 of a-z, 0-9, - and _")]
pub struct InvalidSeatCategory {
    /// The text as given, cut.
    pub text: String,
}

impl SeatCategory {
    /// What a seat is whose seat map does not say otherwise: most halls have one category and give it no name.
    pub fn standard() -> Self {
        Self("standard".to_owned())
    }

    /// Parses 1 to 32 of lower-case letters, digits, `-` and `_`.
    pub fn parse(text: &str) -> Result<Self, InvalidSeatCategory> {
        let fits = !text.is_empty()
            && text.len() <= CATEGORY_BYTES
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSeatCategory { text: text.chars().take(64).collect() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SeatCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SeatCategory {
    type Error = InvalidSeatCategory;

    fn try_from(text: String) -> Result<Self, InvalidSeatCategory> {
        Self::parse(&text)
    }
}

impl From<SeatCategory> for String {
    fn from(category: SeatCategory) -> String {
        category.0
    }
}

/// The row of a place of general admission, which stands in no row. No row of seats is called so: their names are not
/// empty.
pub const GENERAL_ADMISSION_ROW: &str = "";

/// One place in a hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// Its id.
    pub id: SeatId,
    /// The hall it stands in.
    pub hall_id: HallId,
    /// The part of the hall: `stalls`, `balcony`.
    pub section: String,
    /// The row as written on the floor: `A`, `12`; [`GENERAL_ADMISSION_ROW`] where places are sold by count.
    pub row: String,
    /// The number as written on the seat.
    pub number: String,
    /// Its category.
    pub category: SeatCategory,
    /// Whether it is a place for a wheelchair.
    pub accessible: bool,
    /// Distance from the left edge of the seat map, in seat widths.
    pub x: f64,
    /// Distance from the front edge of the seat map, in row depths.
    pub y: f64,
}

/// Where a seat is, in the words of its seat map: what names it within its hall.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatPlace {
    /// The part of the hall.
    pub section: String,
    /// The row; [`GENERAL_ADMISSION_ROW`] where places are sold by count.
    pub row: String,
    /// The number.
    pub number: String,
}

/// A text that does not say where a seat is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not section, row and number of a seat with a slash between them, such as `stalls/A/12`")]
pub struct InvalidSeatPlace {
    /// The text as given, cut.
    pub text: String,
}

impl SeatPlace {
    /// Parses `stalls/A/12`, or `floor//7` where places are sold by count. A seat with a slash in its own names cannot be
    /// written so: what is printed on tickets cannot be read back either, for `112` is seat 12 of row 1 and seat 2 of row 11.
    pub fn parse(text: &str) -> Result<Self, InvalidSeatPlace> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [section, row, number] if !section.is_empty() && !number.is_empty() => {
                Ok(Self { section: section.to_owned(), row: row.to_owned(), number: number.to_owned() })
            }
            _ => Err(InvalidSeatPlace { text: text.chars().take(128).collect() }),
        }
    }

    /// The seat of a hall that is there, if one is.
    pub fn seat_id(&self, hall: HallId) -> SeatId {
        SeatId::for_place(hall, &self.section, &self.row, &self.number)
    }
}

impl fmt::Display for SeatPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.section, self.row, self.number)
    }
}

impl Seat {
    /// Where it is, in the words of its seat map.
    pub fn place(&self) -> SeatPlace {
        SeatPlace { section: self.section.clone(), row: self.row.clone(), number: self.number.clone() }
    }

    /// What is printed on a ticket: section, row and number.
    pub fn label(&self) -> String {
        format!("{} {}{}", self.section, self.row, self.number)
    }
}
