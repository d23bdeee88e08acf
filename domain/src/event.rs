//! Events: what is performed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, PartnerId};

/// What kind of performance an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A film.
    Film,
    /// A concert.
    Concert,
    /// A play.
    Play,
}

impl EventKind {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Film => "film",
            Self::Concert => "concert",
            Self::Play => "play",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Film, Self::Concert, Self::Play];
}

/// What is performed: a film, a concert, a play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Who puts it on.
    pub partner_id: PartnerId,
    /// What kind of performance it is.
    pub kind: EventKind,
    /// The title by language (BCP 47 tag); never empty.
    pub titles: BTreeMap<String, String>,
    /// The languages it is performed in, BCP 47 tags.
    pub languages: Vec<String>,
    /// Genres in the partner's words.
    pub genres: Vec<String>,
    /// How long it takes, in minutes.
    pub duration_minutes: i32,
    /// The age rating in the words of the country's board, if there is one.
    pub age_rating: Option<String>,
}
