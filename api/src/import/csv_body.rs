//! Seats that are sold elsewhere, as CSV: what changes every few minutes, and what most systems can write.

use std::collections::BTreeMap;

use app::import::{ImportRefusal, Sent, check_count};
use csv::{ReaderBuilder, StringRecord, Trim};
use domain::seat::{InvalidSeatPlace, SeatPlace};
use poem::web::FromRequest;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::MetaSchemaRef;
use poem_openapi::types::Type;

use crate::problem::Problem;
use crate::problem_kind::{INVALID_BODY, INVALID_VALUE};

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
    pub fn read(&self) -> Result<Vec<Sent<Vec<SeatPlace>>>, Problem> {
        // Spreadsheets mark a text as UTF-8 so.
        let text = self.0.strip_prefix('\u{feff}').unwrap_or(&self.0);
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
        let columns = Columns::of(reader.headers().map_err(unreadable)?)?;
        let mut shows: BTreeMap<String, Result<Vec<SeatPlace>, ImportRefusal>> = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let seats = shows.entry(columns.show(&record).to_owned()).or_insert_with(|| Ok(Vec::new()));
            match (columns.place(&record), seats) {
                (Ok(place), Ok(seats)) => seats.extend(place),
                // Without one of them, the others would not be all.
                (Err(invalid), seats @ Ok(_)) => *seats = Err(refusal(&record, &invalid)),
                (_, Err(_)) => {}
            }
            check_count(shows.len())?;
        }
        Ok(shows.into_iter().map(|(external_id, content)| Sent { external_id, content }).collect())
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
    fn place(&self, record: &StringRecord) -> Result<Option<SeatPlace>, InvalidSeatPlace> {
        match self {
            Self::Label { seat, .. } if record[*seat].is_empty() => Ok(None),
            Self::Label { seat, .. } => SeatPlace::parse(&record[*seat]).map(Some),
            Self::Names { section, row, seat, .. } => {
                let [section, row, number] = [section, row, seat].map(|column| record[*column].to_owned());
                let is_none = section.is_empty() && row.is_empty() && number.is_empty();
                Ok((!is_none).then_some(SeatPlace { section, row, number }))
            }
        }
    }
}

fn unreadable(error: csv::Error) -> Problem {
    Problem::new(&INVALID_BODY, format!("the CSV cannot be read: {error}"))
}

fn refusal(record: &StringRecord, invalid: &InvalidSeatPlace) -> ImportRefusal {
    let line = record.position().map_or(0, csv::Position::line);
    ImportRefusal {
        code: INVALID_VALUE.code,
        field: Some("seat".to_owned()),
        problem: format!("in line {line}: {invalid}"),
        ..ImportRefusal::default()
    }
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
