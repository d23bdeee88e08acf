//! Events on the wire: what is performed.

use std::collections::BTreeMap;

use domain::event::Event;
use domain::ids::{EventId, PartnerId};
use poem_openapi::Object;

use crate::id::Id;

/// What is performed.
#[derive(Debug, Object)]
#[oai(rename = "Event", rename_all = "camelCase")]
pub struct EventOut {
    /// Its id.
    pub id: Id<EventId>,
    /// Who puts it on.
    pub partner_id: Id<PartnerId>,
    /// `film`, `concert` or `play`.
    pub kind: String,
    /// The title by language (BCP 47 tag).
    pub titles: BTreeMap<String, String>,
    /// The languages it is performed in, BCP 47 tags.
    pub languages: Vec<String>,
    /// Genres in the partner's words.
    pub genres: Vec<String>,
    /// How long it takes, in minutes.
    pub duration_minutes: i32,
    /// The age rating in the words of the country's board, if there is one.
    #[oai(nullable)]
    pub age_rating: Option<String>,
}

impl From<Event> for EventOut {
    fn from(event: Event) -> Self {
        let Event { id, partner_id, kind, titles, languages, genres, duration_minutes, age_rating } = event;
        Self {
            id: id.into(),
            partner_id: partner_id.into(),
            kind: kind.as_str().to_owned(),
            titles,
            languages,
            genres,
            duration_minutes,
            age_rating,
        }
    }
}
