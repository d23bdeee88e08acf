//! Imports on the wire: what a partner's own system has, as JSON, and which seats it sells, as CSV as well.

mod answer;
mod counting;
mod csv_body;
mod item;
mod seat_place;

use app::App;
use app::import::{
    Import, ImportRefusal, Sent, SentHall, SentSeat, SentShow, ShowWithSeats, Telling, check_count, check_seats,
};
use app::seat_map::Drawn;
use domain::ids::PartnerId;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiRequest, Object, OpenApi};
use serde_json::Value;

use crate::auth::Authenticated;
use crate::body::{Fields, ReadBody, Unread};
use crate::boxed;
use crate::event::EventIn;
use crate::id::Id;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refusal::{Importing, Refusal};
use crate::seat_map;
use crate::show_plan::{ShowChangeIn, currency_of};
use crate::tags::Tag;
use crate::venue::VenueIn;

pub use self::answer::{ImportKindOut, ImportOut, ImportOutcomeOut, ImportedOut, SeatSoldTwiceOut};
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
    Json(Unread<CatalogueIn>),
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

#[OpenApi(prefix_path = "/api/v1/partners", tag = "Tag::Catalogue")]
impl ImportRoutes {
    /// Import what another system has
    ///
    /// Venues, halls, events and shows, in this order, by the ids that they have there: what was imported before is found
    /// again, and the same import sent again changes nothing. Each is imported by itself under the rules that hold by hand;
    /// what is refused keeps nothing else from being imported but what refers to it. An import that was cut off is sent
    /// again: it goes on where it stopped.
    ///
    /// At most 5,000 things, and 20,000 seats in a hall or in the list of a show; at most 500,000 seats are written by one
    /// import, and those beyond them by the same one sent again. Seats sold elsewhere may be sent as CSV, too, in UTF-8 and
    /// with commas: `show,seat` or `show,section,row,seat` and no other columns, all seats of each show that is named, and
    /// a line without a seat for a show that has none. The things of a CSV are its shows.
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
        let partner_id = id.parse("id")?;
        let telling = if all.unwrap_or_default() { Telling::All } else { Telling::News };
        // Nobody's body is read who may not send it.
        app.check_may_import(&caller, partner_id).await?;
        Ok(Json(boxed(app.import(&caller, partner_id, import.parse()?, telling)).await?.into()))
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
            Self::Json(catalogue) => {
                check_count(counting::things_in(catalogue.text()))?;
                catalogue.read().map(Import::from)
            }
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
            shows: shows_of(shows),
            sold_elsewhere: Vec::new(),
        }
    }
}

/// The items of a list, each read by itself.
fn sent<T: ReadBody, U>(list: &str, items: Vec<Item<T>>, parse: impl Fn(T) -> Result<U, Problem>) -> Vec<Sent<U>> {
    items.into_iter().enumerate().map(|(place, item)| item_of(list, place, item, &parse)).collect()
}

/// Shows, each read apart from its seats that are sold elsewhere.
fn shows_of(items: Vec<Item<ShowToImport>>) -> Vec<ShowWithSeats> {
    let read = |(place, mut item): (usize, Item<ShowToImport>)| {
        let sold_elsewhere = item.take("soldElsewhere").map(seats_of);
        ShowWithSeats { show: item_of("shows", place, item, ShowToImport::parse), sold_elsewhere }
    };
    items.into_iter().enumerate().map(read).collect()
}

fn item_of<T: ReadBody, U>(
    list: &str,
    place: usize,
    item: Item<T>,
    parse: impl Fn(T) -> Result<U, Problem>,
) -> Sent<U> {
    let external_id = item.text("externalId").map(str::to_owned);
    let refused = |problem| {
        let refusal = refusal(&problem);
        // Whoever has no id is told by its place.
        let nameless = || Some(format!("{list}[{place}].externalId"));
        if external_id.is_some() { refusal } else { ImportRefusal { field: nameless(), ..refusal } }
    };
    let content = item.read().and_then(parse).map_err(refused);
    Sent { content, external_id: external_id.unwrap_or_default() }
}

/// The seats of a show that are sold elsewhere, each read by itself.
fn seats_of(value: Value) -> Result<Vec<SentSeat>, ImportRefusal> {
    let Value::Array(seats) = value else {
        return Err(refusal(&Problem::of_field(&INVALID_BODY, "soldElsewhere", "must be a list of seats")));
    };
    check_seats(seats.len())?;
    Ok(seats.into_iter().map(|seat| SeatPlaceIn::from(seat).0).collect())
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
        // Its seats are read apart.
        let Self { external_id: _, event, hall, currency, sold_elsewhere: _, terms } = self;
        Ok(SentShow { event, hall, currency: currency_of(&currency)?, terms: terms.parse()? })
    }
}
