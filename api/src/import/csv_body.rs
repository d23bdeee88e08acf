//! Seats that are sold elsewhere, as CSV: what changes every few minutes, and what most systems can write.

use std::collections::BTreeMap;

use app::import::{Sent, SentSeat, check_count};
use csv::{ReaderBuilder, StringRecord, Trim};
use domain::seat::SeatPlace;
use poem::web::FromRequest;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::MetaSchemaRef;
use poem_openapi::types::Type;

use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;

/// A body of comma-separated values (RFC 4180).
#[derive(Debug)]
pub struct Csv(pub String);

/// Which column is what.
enum Columns {
    /// The seat is in one column: `stalls/A/12`.
    Label { show: usize, seat: usize },
    /// The seat is in three.
    Names { show: usize, section: usize, row: usize, seat: usize },
}

impl Csv {
    /// Reads the seats of each show; the first line names the columns. More shows than may be imported at once are not
    /// read to their end.
    pub fn read(&self) -> Result<Vec<Sent<Vec<SentSeat>>>, Problem> {
        // Spreadsheets mark a text as UTF-8 so.
        let text = self.0.strip_prefix('\u{feff}').unwrap_or(&self.0);
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
        let columns = Columns::of(reader.headers().map_err(unreadable)?)?;
        let mut shows: BTreeMap<String, Vec<SentSeat>> = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            shows.entry(columns.show(&record).to_owned()).or_default().extend(columns.seat(&record));
            check_count(shows.len())?;
        }
        Ok(shows.into_iter().map(|(external_id, seats)| Sent { external_id, content: Ok(seats) }).collect())
    }
}

impl Columns {
    fn of(names: &StringRecord) -> Result<Self, Problem> {
        let at = |name: &str| names.iter().position(|found| found == name);
        match (names.len(), at("show"), at("section"), at("row"), at("seat")) {
            (2, Some(show), None, None, Some(seat)) => Ok(Self::Label { show, seat }),
            (4, Some(show), Some(section), Some(row), Some(seat)) => Ok(Self::Names { show, section, row, seat }),
            _ => Err(Problem::new(&INVALID_BODY, "the first line must be `show,seat` or `show,section,row,seat`")),
        }
    }

    fn show<'a>(&self, record: &'a StringRecord) -> &'a str {
        match self {
            Self::Label { show, .. } | Self::Names { show, .. } => &record[*show],
        }
    }

    /// The seat of a line; none where a line says that a show has none.
    fn seat(&self, record: &StringRecord) -> Option<SentSeat> {
        match self {
            Self::Label { seat, .. } => (!record[*seat].is_empty()).then(|| SentSeat::read(&record[*seat])),
            Self::Names { section, row, seat, .. } => {
                let [section, row, number] = [section, row, seat].map(|column| record[*column].to_owned());
                let is_none = section.is_empty() && row.is_empty() && number.is_empty();
                (!is_none).then_some(SentSeat::At(SeatPlace { section, row, number }))
            }
        }
    }
}

fn unreadable(error: csv::Error) -> Problem {
    Problem::new(&INVALID_BODY, format!("the CSV cannot be read: {error}"))
}

impl Payload for Csv {
    const CONTENT_TYPE: &'static str = "text/csv";

    fn check_content_type(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case(Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        String::schema_ref()
    }
}

impl ParsePayload for Csv {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        <String as FromRequest>::from_request(request, body).await.map(Self)
    }
}
