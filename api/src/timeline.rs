//! Timelines on the wire: every step of a booking with its time.

use domain::timeline::TimelineEntry;
use poem_openapi::Object;

use crate::moment::Moment;

/// What happened to a booking, first to last.
#[derive(Debug, Object)]
#[oai(rename = "Timeline", rename_all = "camelCase")]
pub struct TimelineOut {
    /// The steps.
    pub items: Vec<TimelineEntryOut>,
}

/// One step of a booking.
#[derive(Debug, Object)]
#[oai(rename = "TimelineEntry", rename_all = "camelCase")]
pub struct TimelineEntryOut {
    /// 1 for the first step of the booking.
    pub position: i64,
    /// When it happened.
    pub at: Moment,
    /// The stable name of the kind of step, such as `seats_held`.
    pub code: String,
    /// The step as a sentence for a person.
    pub text: String,
}

impl From<Vec<TimelineEntry>> for TimelineOut {
    fn from(entries: Vec<TimelineEntry>) -> Self {
        Self { items: entries.into_iter().map(TimelineEntryOut::from).collect() }
    }
}

impl From<TimelineEntry> for TimelineEntryOut {
    fn from(entry: TimelineEntry) -> Self {
        let TimelineEntry { position, at, step } = entry;
        Self { position, at: at.into(), code: step.code().to_owned(), text: step.sentence() }
    }
}
