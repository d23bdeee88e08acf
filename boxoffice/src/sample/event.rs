//! What is performed in the sample.

use std::collections::BTreeMap;

use domain::event::{Event, EventKind};

use super::{CINEMAS, CONCERT, FILM, PLAY, SECOND_FILM, THEATRE_COMPANY};

/// How long the film takes.
pub(super) const FILM_MINUTES: i32 = 118;
/// How long the second film takes.
pub(super) const SECOND_FILM_MINUTES: i32 = 97;
/// How long the play takes, with its interval.
pub(super) const PLAY_MINUTES: i32 = 160;
/// How long the concert takes.
pub(super) const CONCERT_MINUTES: i32 = 90;

pub(super) fn events() -> Vec<Event> {
    vec![
        Event {
            id: FILM,
            partner_id: CINEMAS,
            kind: EventKind::Film,
            titles: titles(&[("de", "Nachtzug nach Triest"), ("en", "Night Train to Trieste")]),
            languages: words(&["de", "it"]),
            genres: words(&["thriller", "drama"]),
            duration_minutes: FILM_MINUTES,
            age_rating: Some("12".to_owned()),
        },
        Event {
            id: SECOND_FILM,
            partner_id: CINEMAS,
            kind: EventKind::Film,
            titles: titles(&[
                ("de", "Das Riesenrad im Regen"),
                ("en", "The Ferris Wheel in the Rain"),
                ("fr", "La Grande Roue sous la pluie"),
            ]),
            languages: words(&["de"]),
            genres: words(&["comedy", "family"]),
            duration_minutes: SECOND_FILM_MINUTES,
            age_rating: Some("6".to_owned()),
        },
        Event {
            id: PLAY,
            partner_id: THEATRE_COMPANY,
            kind: EventKind::Play,
            titles: titles(&[("de", "Was ihr wollt"), ("en", "Twelfth Night"), ("fr", "La Nuit des rois")]),
            languages: words(&["en"]),
            genres: words(&["comedy", "classic"]),
            duration_minutes: PLAY_MINUTES,
            age_rating: Some("8+".to_owned()),
        },
        Event {
            id: CONCERT,
            partner_id: THEATRE_COMPANY,
            kind: EventKind::Concert,
            titles: titles(&[("de", "Schubert bei Kerzenschein"), ("en", "Schubert by Candlelight")]),
            languages: words(&["de"]),
            genres: words(&["classical", "chamber music"]),
            duration_minutes: CONCERT_MINUTES,
            age_rating: None,
        },
    ]
}

fn titles(by_language: &[(&str, &str)]) -> BTreeMap<String, String> {
    by_language.iter().map(|(language, title)| ((*language).to_owned(), (*title).to_owned())).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
