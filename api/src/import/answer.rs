//! What an import is answered with: what became of each thing.

use app::import::{ImportKind, ImportOutcome, ImportRefusal, Imported, ImportedThing, SeatSoldTwice, SeatsSynced};
use domain::ids::BookingId;
use poem_openapi::{Enum, Object};

use crate::id::Id;

/// What an import came to.
#[derive(Debug, Object)]
#[oai(rename = "Import", rename_all = "camelCase")]
pub struct ImportOut {
    /// How many things were not there before.
    pub created: usize,
    /// How many were changed.
    pub updated: usize,
    /// How many were as they were sent, so that nothing was written.
    pub unchanged: usize,
    /// How many were refused, and are as they were before.
    pub refused: usize,
    /// How many seats are sold elsewhere and held or sold here.
    pub conflicts: usize,
    /// What was created, changed or refused, and seats sold elsewhere with conflicts; with `all` everything that was
    /// sent. In the order in which it was imported.
    pub items: Vec<ImportedOut>,
}

/// A kind of thing that is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ImportKind", rename_all = "snake_case")]
pub enum ImportKindOut {
    /// A building.
    Venue,
    /// A room with its seats.
    Hall,
    /// What is performed.
    Event,
    /// A show.
    Show,
    /// The seats of a show that are sold elsewhere.
    SoldElsewhere,
}

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ImportOutcome", rename_all = "snake_case")]
pub enum ImportOutcomeOut {
    /// It was not there before.
    Created,
    /// It was changed.
    Updated,
    /// It was as it was sent.
    Unchanged,
    /// It is as it was before; a hall that somebody else has changed meanwhile may have one of name and seats as it was
    /// sent, and not the other.
    Refused,
}

/// A thing of an import, and what became of it.
#[derive(Debug, Object)]
#[oai(rename = "ImportedThing", rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct ImportedOut {
    /// What it is.
    pub kind: ImportKindOut,
    /// The id that it has in the other system; that of the show for its seats.
    pub external_id: String,
    /// The id that it has here.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: ImportOutcomeOut,
    /// Why it was refused: the code of the same problem elsewhere.
    pub code: Option<String>,
    /// The field that is wrong.
    pub field: Option<String>,
    /// What is wrong, for a person.
    pub problem: Option<String>,
    /// Everything that is wrong with a seat map, each with its place; at most 50.
    pub faults: Option<Vec<String>>,
    /// The seats that the problem is about: section, row and number, with slashes between them.
    pub seats: Option<Vec<String>>,
    /// How many seats were blocked.
    pub blocked: Option<usize>,
    /// How many seats that an earlier import had blocked are sold here again.
    pub released: Option<usize>,
    /// The seats that are sold elsewhere and held or sold here. Nothing was changed about them.
    pub conflicts: Option<Vec<SeatSoldTwiceOut>>,
}

/// A seat that is sold elsewhere and held or sold here: somebody has to look at it.
#[derive(Debug, Object)]
#[oai(rename = "SeatSoldTwice", rename_all = "camelCase")]
pub struct SeatSoldTwiceOut {
    /// Section, row and number, with slashes between them.
    pub seat: String,
    /// `held` or `sold`.
    pub state: String,
    /// The booking that has it here.
    pub booking_id: Id<BookingId>,
}

impl From<Imported> for ImportOut {
    fn from(imported: Imported) -> Self {
        let Imported { created, updated, unchanged, refused, conflicts, things } = imported;
        let items = things.into_iter().map(ImportedOut::from).collect();
        Self { created, updated, unchanged, refused, conflicts, items }
    }
}

impl From<ImportedThing> for ImportedOut {
    fn from(thing: ImportedThing) -> Self {
        let ImportedThing { kind, external_id, id, outcome, seats } = thing;
        let (outcome, refusal) = match outcome {
            ImportOutcome::Created => (ImportOutcomeOut::Created, None),
            ImportOutcome::Updated => (ImportOutcomeOut::Updated, None),
            ImportOutcome::Unchanged => (ImportOutcomeOut::Unchanged, None),
            ImportOutcome::Refused(refusal) => (ImportOutcomeOut::Refused, Some(refusal)),
        };
        let code = refusal.as_ref().map(|refusal| refusal.code.to_owned());
        let ImportRefusal { code: _, field, problem, faults, seats: named } = refusal.unwrap_or_default();
        let (blocked, released, conflicts) = match seats {
            // Those that the show does not have are named by the refusal.
            Some(SeatsSynced { blocked, released, unknown: _, conflicts }) => {
                (Some(blocked), Some(released), conflicts)
            }
            None => (None, None, Vec::new()),
        };
        Self {
            kind: kind.into(),
            external_id,
            id,
            outcome,
            field,
            problem: code.is_some().then_some(problem),
            code,
            faults: (!faults.is_empty()).then_some(faults),
            seats: (!named.is_empty()).then_some(named),
            blocked,
            released,
            conflicts: (!conflicts.is_empty()).then(|| conflicts.into_iter().map(SeatSoldTwiceOut::from).collect()),
        }
    }
}

impl From<SeatSoldTwice> for SeatSoldTwiceOut {
    fn from(seat: SeatSoldTwice) -> Self {
        let SeatSoldTwice { seat, state, booking_id } = seat;
        Self { seat, state: state.as_str().to_owned(), booking_id: booking_id.into() }
    }
}

impl From<ImportKind> for ImportKindOut {
    fn from(kind: ImportKind) -> Self {
        match kind {
            ImportKind::Venue => Self::Venue,
            ImportKind::Hall => Self::Hall,
            ImportKind::Event => Self::Event,
            ImportKind::Show => Self::Show,
            ImportKind::SoldElsewhere => Self::SoldElsewhere,
        }
    }
}
