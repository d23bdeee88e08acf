//! Imports on the wire: what a partner's own system has, as JSON, and which seats it sells, as CSV as well.

mod csv_body;
mod item;
mod seat_place;

use app::App;
use app::import::{
    Import, ImportKind, ImportOutcome, ImportRefusal, Imported, ImportedThing, SeatSoldTwice, SeatsSynced, Sent,
    SentHall, SentShow, Telling,
};
use app::seat_map::Drawn;
use domain::ids::{BookingId, PartnerId};
use domain::money::Currency;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiRequest, Enum, Object, OpenApi};
use serde_json::Value;

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::boxed;
use crate::event::EventIn;
use crate::id::Id;
use crate::problem::Problem;
use crate::problem_kind::{INVALID_BODY, INVALID_VALUE};
use crate::refusal::{Importing, Refusal};
use crate::seat_map;
use crate::show_plan::ShowChangeIn;
use crate::tags::Tag;
use crate::venue::VenueIn;

pub use self::csv_body::Csv;
pub use self::item::Item;
pub use self::seat_place::SeatPlaceIn;

/// The last part of the address of imports, whose bodies may be larger than others.
pub(crate) const SUFFIX: &str = "/imports";

/// The largest import, in bytes.
pub(crate) const BODY_BYTES: usize = seat_map::BODY_BYTES;

/// The operation that imports.
pub struct ImportRoutes;

/// What is imported; both forms are described in `docs/imports.md`.
#[derive(ApiRequest)]
pub enum ImportIn {
    /// Venues, halls, events and shows.
    Json(Body<CatalogueIn>),
    /// Seats sold elsewhere, all of each show that is named: `show,seat` or `show,section,row,seat`.
    Csv(Csv),
}

/// What the other system has, or a part of it. Things refer to each other by the ids that they have there.
#[derive(Debug, Object)]
#[oai(rename = "Catalogue", rename_all = "camelCase", deny_unknown_fields)]
pub struct CatalogueIn {
    /// The buildings.
    #[oai(default)]
    pub venues: Vec<Item<VenueToImport>>,
    /// Their rooms.
    #[oai(default)]
    pub halls: Vec<Item<HallToImport>>,
    /// What is performed.
    #[oai(default)]
    pub events: Vec<Item<EventToImport>>,
    /// When and where.
    #[oai(default)]
    pub shows: Vec<Item<ShowToImport>>,
}

/// A building that the other system has.
#[derive(Debug, Object)]
#[oai(rename = "VenueToImport", rename_all = "camelCase")]
pub struct VenueToImport {
    /// Its id there; one line of at most 100 characters.
    pub external_id: String,
    /// The building.
    #[oai(flatten)]
    pub venue: VenueIn,
}

/// A room that the other system has, with all of its seats: in `seatMap` or in `rows`.
#[derive(Debug, Object)]
#[oai(rename = "HallToImport", rename_all = "camelCase", deny_unknown_fields)]
pub struct HallToImport {
    /// Its id there; one line of at most 100 characters.
    pub external_id: String,
    /// The building it is in, by its id there.
    pub venue: String,
    /// Its name within the building.
    pub name: String,
    /// Its seats as JSON, as in `docs/seat-maps.md`.
    #[oai(nullable)]
    pub seat_map: Option<Any<Value>>,
    /// Its seats as text, as in `docs/seat-maps.md`.
    #[oai(nullable)]
    pub rows: Option<String>,
}

/// What is performed, as the other system has it.
#[derive(Debug, Object)]
#[oai(rename = "EventToImport", rename_all = "camelCase")]
pub struct EventToImport {
    /// Its id there; one line of at most 100 characters.
    pub external_id: String,
    /// What is performed.
    #[oai(flatten)]
    pub event: EventIn,
}

/// A show that the other system has. What is performed, where and in which currency stays as it was imported first.
#[derive(Debug, Object)]
#[oai(rename = "ShowToImport", rename_all = "camelCase")]
pub struct ShowToImport {
    /// Its id there; one line of at most 100 characters.
    pub external_id: String,
    /// What is performed, by its id there; it says how long the show lasts.
    pub event: String,
    /// The room, by its id there.
    pub hall: String,
    /// What its prices are in, ISO 4217.
    #[oai(validator(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    /// All seats that are sold there. They are blocked, and those that an earlier import blocked and that are not among
    /// them are sold here again. Where it is not said, nothing changes about them.
    #[oai(nullable)]
    pub sold_elsewhere: Option<Vec<SeatPlaceIn>>,
    /// When, and for how much.
    #[oai(flatten)]
    pub terms: ShowChangeIn,
}

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
    /// It is as it was before.
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

#[OpenApi(prefix_path = "/api/v1/partners", tag = "Tag::Catalogue")]
impl ImportRoutes {
    /// Import what another system has
    ///
    /// Venues, halls, events and shows, in this order, by the ids that they have there: what was imported before is found
    /// again, and the same import sent again changes nothing. Each is imported by itself under the rules that hold by hand;
    /// what is refused keeps nothing else from being imported but what refers to it. An import that was cut off is sent
    /// again: it goes on where it stopped.
    ///
    /// At most 5,000 things, and 20,000 seats in a hall or in the list of a show. Seats sold elsewhere may be sent as CSV,
    /// too, in UTF-8 and with commas: `show,seat` or `show,section,row,seat` and no other columns, all seats of each show
    /// that is named, and a line without a seat for a show that has none. The things of a CSV are its shows.
    #[oai(path = "/:id/imports", method = "post", operation_id = "importCatalogue")]
    async fn import(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// Whether what is unchanged is among the `items`, too, with the id that it has here; not if it is not said.
        all: Query<Option<bool>>,
        import: ImportIn,
    ) -> Result<Json<ImportOut>, Refusal<Importing>> {
        let telling = if all.unwrap_or_default() { Telling::All } else { Telling::News };
        Ok(Json(boxed(app.import(&caller, id.parse("id")?, import.parse()?, telling)).await?.into()))
    }
}

impl ReadBody for CatalogueIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            venues: fields.optional("venues")?.unwrap_or_default(),
            halls: fields.optional("halls")?.unwrap_or_default(),
            events: fields.optional("events")?.unwrap_or_default(),
            shows: fields.optional("shows")?.unwrap_or_default(),
        })
    }
}

impl ReadBody for VenueToImport {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { external_id: fields.text("externalId")?, venue: VenueIn::read(fields)? })
    }
}

impl ReadBody for HallToImport {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            external_id: fields.text("externalId")?,
            venue: fields.text("venue")?,
            name: fields.text("name")?,
            seat_map: fields.optional("seatMap")?,
            rows: fields.optional_text("rows")?,
        })
    }
}

impl ReadBody for EventToImport {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { external_id: fields.text("externalId")?, event: EventIn::read(fields)? })
    }
}

impl ReadBody for ShowToImport {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            external_id: fields.text("externalId")?,
            event: fields.text("event")?,
            hall: fields.text("hall")?,
            currency: fields.text("currency")?,
            sold_elsewhere: fields.optional("soldElsewhere")?,
            terms: ShowChangeIn::read(fields)?,
        })
    }
}

impl ImportIn {
    fn parse(self) -> Result<Import, Problem> {
        match self {
            Self::Json(Body(catalogue)) => Ok(catalogue.into()),
            Self::Csv(csv) => Ok(Import { sold_elsewhere: csv.read()?, ..Import::default() }),
        }
    }
}

impl From<CatalogueIn> for Import {
    fn from(catalogue: CatalogueIn) -> Self {
        let CatalogueIn { venues, halls, events, shows } = catalogue;
        Self {
            venues: sent("venues", venues, |VenueToImport { external_id: _, venue }| Ok(venue.into())),
            halls: sent("halls", halls, HallToImport::parse),
            events: sent("events", events, |EventToImport { external_id: _, event }| Ok(event.into())),
            shows: sent("shows", shows, ShowToImport::parse),
            sold_elsewhere: Vec::new(),
        }
    }
}

/// The items of a list, each read by itself.
fn sent<T: ReadBody, U>(list: &str, items: Vec<Item<T>>, parse: impl Fn(T) -> Result<U, Problem>) -> Vec<Sent<U>> {
    let items = items.into_iter().enumerate().map(|(place, item)| {
        let external_id = item.text("externalId").map(str::to_owned);
        let refused = |problem| {
            let refusal = refusal(&problem);
            // Whoever has no id is told by its place.
            let nameless = || Some(format!("{list}[{place}].externalId"));
            if external_id.is_some() { refusal } else { ImportRefusal { field: nameless(), ..refusal } }
        };
        let content = item.read().and_then(&parse).map_err(refused);
        Sent { content, external_id: external_id.unwrap_or_default() }
    });
    items.collect()
}

/// The problem of a thing that cannot be read, which is one of many.
fn refusal(problem: &Problem) -> ImportRefusal {
    let words = problem.to_string();
    let bare = problem.field().and_then(|field| words.strip_prefix(&format!("`{field}` ")));
    ImportRefusal {
        code: problem.kind().code,
        field: problem.field().map(str::to_owned),
        problem: bare.unwrap_or(&words).to_owned(),
        ..ImportRefusal::default()
    }
}

impl HallToImport {
    fn parse(self) -> Result<SentHall, Problem> {
        let Self { external_id: _, venue, name, seat_map, rows } = self;
        let drawn = match (seat_map, rows) {
            (Some(Any(value)), None) => {
                let refused = |error| Problem::of_field(&INVALID_BODY, "seatMap", format_args!("is refused: {error}"));
                Drawn::Json(serde_json::from_value(value).map_err(refused)?)
            }
            (None, Some(text)) => Drawn::Text(text),
            (None, None) => return Err(Problem::of_field(&INVALID_BODY, "seatMap", "is needed, or `rows` instead")),
            (Some(_), Some(_)) => {
                return Err(Problem::of_field(&INVALID_BODY, "rows", "and `seatMap` exclude each other"));
            }
        };
        Ok(SentHall { venue, name, drawn })
    }
}

impl ShowToImport {
    fn parse(self) -> Result<SentShow, Problem> {
        let Self { external_id: _, event, hall, currency, sold_elsewhere, terms } = self;
        let currency = Currency::parse(&currency)
            .map_err(|error| Problem::of_field(&INVALID_VALUE, "currency", format_args!("is refused: {error}")))?;
        let sold_elsewhere = sold_elsewhere.map(|places| places.into_iter().map(|SeatPlaceIn(place)| place).collect());
        Ok(SentShow { event, hall, currency, terms: terms.parse()?, sold_elsewhere })
    }
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
