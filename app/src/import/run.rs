//! One run of an import: what was sent before, what was refused, and what is told of it.

use std::collections::BTreeSet;
use std::fmt;

use domain::external_id::{EXTERNAL_ID_CHARACTERS, ExternalId};
use domain::ids::{BookingId, PartnerId};
use domain::limits::SEATS_PER_IMPORT;
use domain::show_seat::ShowSeatState;

use super::Sent;
use crate::AppError;
use crate::identity::Caller;

/// A kind of thing that is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportKind {
    /// A building.
    Venue,
    /// A room with its seats.
    Hall,
    /// What is performed.
    Event,
    /// An event in a hall at a time.
    Show,
    /// The seats of a show that the other system sells.
    SoldElsewhere,
}

/// What became of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It was not there before.
    Created,
    /// It was there, and something about it was other.
    Updated,
    /// It was there already, just as it was sent.
    Unchanged,
    /// It is as it was before, there or not. A hall that somebody else has changed meanwhile may have one of name and seats
    /// as it was sent, and not the other.
    Refused(ImportRefusal),
}

/// Why something was not imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportRefusal {
    /// The stable code, as it is answered where the same is done by hand.
    pub code: &'static str,
    /// The field that is wrong, if it is one.
    pub field: Option<String>,
    /// The problem in words.
    pub problem: String,
    /// Everything that is wrong with a seat map, each with its place.
    pub faults: Vec<String>,
    /// The seats that it is about, by section, row and number.
    pub seats: Vec<String>,
}

/// What became of the seats that are sold elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeatsSynced {
    /// How many were blocked.
    pub blocked: usize,
    /// How many that an earlier import had blocked were given back.
    pub released: usize,
    /// Those that the show does not have.
    pub unknown: Vec<String>,
    /// Those that are held or sold here.
    pub conflicts: Vec<SeatSoldTwice>,
}

/// A seat that is sold elsewhere and held or sold here: somebody has to look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatSoldTwice {
    /// Section, row and number.
    pub seat: String,
    /// Held or sold.
    pub state: ShowSeatState,
    /// To which booking.
    pub booking_id: BookingId,
}

/// Which of the imported things are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Telling {
    /// Those that have news: all but those that are unchanged and have no conflicts.
    #[default]
    News,
    /// Every one, also for its id.
    All,
}

/// A thing of an import, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedThing {
    /// What it is.
    pub kind: ImportKind,
    /// The id that it has in the other system; that of the show for its seats.
    pub external_id: String,
    /// The id that it has here; none where it cannot have one.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// For seats that are sold elsewhere.
    pub seats: Option<SeatsSynced>,
}

/// What an import came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many things were not there before.
    pub created: usize,
    /// How many were changed.
    pub updated: usize,
    /// How many were as they were sent.
    pub unchanged: usize,
    /// How many were refused.
    pub refused: usize,
    /// How many seats are sold twice.
    pub conflicts: usize,
    /// The things that are told, in the order in which they were imported.
    pub things: Vec<ImportedThing>,
}

/// A run that has not ended.
#[derive(Default)]
pub(super) struct Run {
    seen: BTreeSet<(ImportKind, String)>,
    refused: BTreeSet<(ImportKind, String)>,
    seats: usize,
    imported: Imported,
    telling: Telling,
}

impl Run {
    /// A run that has not begun.
    pub(super) fn new(telling: Telling) -> Self {
        Self { telling, ..Self::default() }
    }

    /// The id of what was sent, with its content, if that could be read; none, and a refusal, where it cannot be an id, or
    /// the same was sent before.
    pub(super) fn identify<T>(
        &mut self,
        kind: ImportKind,
        sent: Sent<T>,
    ) -> Option<(ExternalId, Result<T, ImportRefusal>)> {
        let Sent { external_id, content } = sent;
        let is_first = self.seen.insert((kind, external_id.clone()));
        let refusal = match ExternalId::parse("externalId", &external_id) {
            Ok(parsed) if is_first => return Some((parsed, content)),
            Ok(_) => {
                let problem = "is that of another of the same list: the first one counts";
                ImportRefusal::from(AppError::invalid("externalId", "invalid_value", problem))
            }
            Err(invalid) => ImportRefusal::from(AppError::of_field(invalid)),
        };
        // What cannot be read has more to say, such as the place of what has no id.
        self.refuse(kind, &external_id, content.err().unwrap_or(refusal));
        None
    }

    /// The id and the content of what was sent; none, and a refusal, where one of them cannot be, or the same was sent
    /// before.
    pub(super) fn admit<T>(&mut self, kind: ImportKind, sent: Sent<T>) -> Option<(ExternalId, T)> {
        let (external_id, content) = self.identify(kind, sent)?;
        match content {
            Ok(content) => Some((external_id, content)),
            Err(refusal) => {
                self.refused.insert((kind, external_id.as_str().to_owned()));
                self.refuse(kind, external_id.as_str(), refusal);
                None
            }
        }
    }

    /// Takes note of a thing that is none.
    fn refuse(&mut self, kind: ImportKind, external_id: &str, refusal: ImportRefusal) {
        let external_id = external_id.chars().take(EXTERNAL_ID_CHARACTERS).collect();
        let outcome = ImportOutcome::Refused(refusal);
        self.add(ImportedThing { kind, external_id, id: None, outcome, seats: None });
    }

    /// The thing that a field of another refers to, unless it was refused.
    pub(super) fn refer(
        &self,
        kind: ImportKind,
        field: &'static str,
        external_id: &str,
    ) -> Result<ExternalId, AppError> {
        let parsed = ExternalId::parse(field, external_id).map_err(AppError::of_field)?;
        if self.refused.contains(&(kind, external_id.to_owned())) {
            let problem = format!("is `{external_id}`, which was refused itself");
            return Err(AppError::invalid(field, "invalid_value", problem));
        }
        Ok(parsed)
    }

    /// Refuses to write the seats of one of a list of things that are too many for one run.
    pub(super) fn check_room_for(&self, list: &'static str, seats: usize) -> Result<(), AppError> {
        if self.seats.saturating_add(seats) > SEATS_PER_IMPORT {
            let problem = format!(
                "at most {SEATS_PER_IMPORT} seats are written by one import: send it again, it goes on where it ended"
            );
            return Err(AppError::invalid(list, "invalid_value", problem));
        }
        Ok(())
    }

    /// Counts seats that were written. What was refused is not: the same import sent again would end where it did before.
    pub(super) fn wrote_seats(&mut self, seats: usize) {
        self.seats += seats;
    }

    /// Takes note of what became of a thing. A part that is away and a defect end the run.
    pub(super) fn note(
        &mut self,
        kind: ImportKind,
        external_id: &ExternalId,
        id: impl fmt::Display,
        done: Result<ImportOutcome, AppError>,
    ) -> Result<(), AppError> {
        let outcome = settled(done)?;
        if matches!(outcome, ImportOutcome::Refused(_)) {
            self.refused.insert((kind, external_id.as_str().to_owned()));
        }
        let (external_id, id) = (external_id.as_str().to_owned(), Some(id.to_string()));
        self.add(ImportedThing { kind, external_id, id, outcome, seats: None });
        Ok(())
    }

    /// Takes note of what became of the seats of a show that are sold elsewhere.
    pub(super) fn note_seats(
        &mut self,
        external_id: &ExternalId,
        show_id: impl fmt::Display,
        done: Result<SeatsSynced, AppError>,
    ) -> Result<(), AppError> {
        let (outcome, seats) = match done {
            Ok(seats) => (outcome_of(&seats), Some(seats)),
            Err(error) => (settled(Err(error))?, None),
        };
        let (external_id, id) = (external_id.as_str().to_owned(), Some(show_id.to_string()));
        self.add(ImportedThing { kind: ImportKind::SoldElsewhere, external_id, id, outcome, seats });
        Ok(())
    }

    /// What it came to.
    pub(super) fn end(self, caller: &Caller, partner_id: PartnerId) -> Imported {
        let Imported { created, updated, unchanged, refused, conflicts, .. } = self.imported;
        let (partner, by) = (partner_id, caller.customer_id);
        tracing::info!(partner.id = %partner, %by, created, updated, unchanged, refused, "a catalogue was imported");
        if conflicts > 0 {
            tracing::warn!(partner.id = %partner, seats = conflicts, "seats are sold here and by the partner's own system");
        }
        self.imported
    }

    fn add(&mut self, thing: ImportedThing) {
        let conflicts = thing.seats.as_ref().map_or(0, |seats| seats.conflicts.len());
        self.imported.conflicts += conflicts;
        let count = match thing.outcome {
            ImportOutcome::Created => &mut self.imported.created,
            ImportOutcome::Updated => &mut self.imported.updated,
            ImportOutcome::Unchanged => &mut self.imported.unchanged,
            ImportOutcome::Refused(_) => &mut self.imported.refused,
        };
        *count += 1;
        let is_news = thing.outcome != ImportOutcome::Unchanged || conflicts > 0;
        if is_news || self.telling == Telling::All {
            self.imported.things.push(thing);
        }
    }
}

impl ImportRefusal {
    /// The same, of a field.
    pub(super) fn in_field(self, field: &'static str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }
}

impl From<AppError> for ImportRefusal {
    fn from(error: AppError) -> Self {
        let (code, words) = (error.code(), error.to_string());
        let refusal = Self { code, problem: words, ..Self::default() };
        match error {
            AppError::Invalid { field, code: _, problem } => Self { problem, ..refusal }.in_field(field),
            AppError::SeatMapRefused { faults } => {
                Self { faults: faults.faults.iter().map(ToString::to_string).collect(), ..refusal }
            }
            _ => refusal,
        }
    }
}

/// What became of a thing, unless it cannot be told: then the same import is sent again.
fn settled(done: Result<ImportOutcome, AppError>) -> Result<ImportOutcome, AppError> {
    match done {
        Err(error @ (AppError::Unavailable { .. } | AppError::Internal { .. })) => Err(error),
        Err(error) => Ok(ImportOutcome::Refused(error.into())),
        Ok(outcome) => Ok(outcome),
    }
}

fn outcome_of(seats: &SeatsSynced) -> ImportOutcome {
    if !seats.unknown.is_empty() {
        let problem = "names seats that the show does not have: those that it has are blocked, and none is given back \
                       until all are known";
        return ImportOutcome::Refused(ImportRefusal {
            code: "seats_unknown",
            field: Some("soldElsewhere".to_owned()),
            problem: problem.to_owned(),
            seats: seats.unknown.clone(),
            ..ImportRefusal::default()
        });
    }
    if seats.blocked + seats.released > 0 { ImportOutcome::Updated } else { ImportOutcome::Unchanged }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_writes_only_so_many_seats() {
        let mut run = Run::default();
        assert!(run.check_room_for("halls", SEATS_PER_IMPORT).is_ok());
        run.wrote_seats(SEATS_PER_IMPORT - 2);
        let refused = ImportRefusal::from(run.check_room_for("shows", 3).unwrap_err());
        assert_eq!((refused.code, refused.field.as_deref()), ("invalid_value", Some("shows")));
        assert!(refused.problem.starts_with("at most 500000 seats"), "{}", refused.problem);
        assert!(run.check_room_for("shows", 2).is_ok(), "what was refused is not written");
        run.wrote_seats(2);
        assert!(run.check_room_for("halls", 1).is_err());
        assert!(run.check_room_for("halls", usize::MAX).is_err());
    }
}
