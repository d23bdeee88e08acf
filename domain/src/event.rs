//! Events: what is performed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contact::Locale;
use crate::field::{InvalidField, check_line};
use crate::ids::{EventId, PartnerId};

/// The longest title, in characters.
const TITLE_CHARACTERS: usize = 200;
/// The most titles, languages or genres of an event.
const MOST: usize = 30;
/// The longest genre or age rating, in characters.
const WORD_CHARACTERS: usize = 50;
/// The longest that an event takes, in minutes: a festival of three days.
const LONGEST_MINUTES: i32 = 3 * 24 * 60;

/// What kind of performance an event is. It decides where the best seats are: in the front row for a concert, halfway back
/// for a play, two thirds back for a film.
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

impl Event {
    /// Refuses what no event has.
    pub fn check(&self) -> Result<(), InvalidField> {
        let few = |field, count| {
            let problem = || format!("must be at most {MOST}");
            if count <= MOST { Ok(()) } else { Err(InvalidField::new(field, problem())) }
        };
        if self.titles.is_empty() {
            return Err(InvalidField::new("titles", "must have one in at least one language: {\"en\": \"Hamlet\"}"));
        }
        few("titles", self.titles.len())?;
        for (language, title) in &self.titles {
            check_language("titles", language)?;
            check_line("titles", title, TITLE_CHARACTERS)?;
        }
        few("languages", self.languages.len())?;
        for language in &self.languages {
            check_language("languages", language)?;
        }
        few("genres", self.genres.len())?;
        for genre in &self.genres {
            check_line("genres", genre, WORD_CHARACTERS)?;
        }
        if !(1..=LONGEST_MINUTES).contains(&self.duration_minutes) {
            return Err(InvalidField::new("durationMinutes", format!("must be 1 to {LONGEST_MINUTES}")));
        }
        self.age_rating.as_deref().map_or(Ok(()), |rating| check_line("ageRating", rating, WORD_CHARACTERS))
    }

    /// The title for somebody who reads these languages, the one they like best first: the same language of another
    /// country before another language, then English, then any.
    pub fn title(&self, wanted: &[Locale]) -> Option<(&str, &str)> {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
        let exact = |wanted: &Locale| self.titles.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(wanted.as_str()));
        let same = |wanted: &Locale| self.titles.iter().find(|(tag, _)| primary(tag) == primary(wanted.as_str()));
        let found = wanted.iter().find_map(|wanted| exact(wanted).or_else(|| same(wanted)));
        let english = || self.titles.iter().find(|(tag, _)| primary(tag) == "en");
        let chosen = found.or_else(english).or_else(|| self.titles.iter().next());
        chosen.map(|(tag, title)| (tag.as_str(), title.as_str()))
    }

    /// What a search by text looks into: titles and genres, in small letters.
    pub fn searchable(&self) -> String {
        let words: Vec<&str> = self.titles.values().chain(&self.genres).map(String::as_str).collect();
        words.join("\n").to_lowercase()
    }
}

fn check_language(field: &'static str, tag: &str) -> Result<(), InvalidField> {
    let problem = |problem| InvalidField::new(field, format!("{problem}, and `{tag}` is none"));
    Locale::parse(tag).map(|_locale| ()).map_err(problem)
}
