//! Importing what a partner's own system has: venues, halls, events and shows by the ids that they have there, and which
//! seats it sells by itself. The same thing sent again changes nothing.

mod run;

use std::collections::{BTreeMap, BTreeSet};

use domain::external_id::ExternalId;
use domain::ids::{EventId, HallId, PartnerId, SeatId, ShowId, VenueId};
use domain::member::Deed;
use domain::money::Currency;
use domain::seat::{Seat, SeatPlace};
use domain::show::Show;
use domain::venue::NAME_CHARACTERS;
use jiff::Timestamp;
use store::{SoldElsewhere, SoldTwice, Versioned};

use crate::editing::{checked_name, conclude};
use crate::event::EventWish;
use crate::identity::Caller;
use crate::import::run::Run;
use crate::seat_map::Drawn;
use crate::show_plan::{SEATS_AT_ONCE, ShowTerms, ShowWish, check_takes_place};
use crate::venue::VenueWish;
use crate::{App, AppError};

pub use run::{ImportKind, ImportOutcome, ImportRefusal, Imported, ImportedThing, SeatSoldTwice, SeatsSynced, Telling};

/// The most things of one import: what a house plans in several years.
pub const THINGS_AT_ONCE: usize = 5_000;

/// Something that the other system has, as it was sent.
#[derive(Debug, Clone)]
pub struct Sent<T> {
    /// The id that it has there.
    pub external_id: String,
    /// What is said of it, or why that cannot be read.
    pub content: Result<T, ImportRefusal>,
}

/// What the other system has, or a part of it.
#[derive(Debug, Clone, Default)]
pub struct Import {
    /// The buildings.
    pub venues: Vec<Sent<VenueWish>>,
    /// Their rooms.
    pub halls: Vec<Sent<SentHall>>,
    /// What is performed.
    pub events: Vec<Sent<EventWish>>,
    /// When and where.
    pub shows: Vec<Sent<SentShow>>,
    /// By the ids of shows: all seats of the show that the other system sells.
    pub sold_elsewhere: Vec<Sent<Vec<SeatPlace>>>,
}

/// A room that the other system has.
#[derive(Debug, Clone)]
pub struct SentHall {
    /// The building, by its id there.
    pub venue: String,
    /// Its name.
    pub name: String,
    /// Its seats.
    pub drawn: Drawn,
}

/// A show that the other system has.
#[derive(Debug, Clone)]
pub struct SentShow {
    /// What is performed, by its id there.
    pub event: String,
    /// Where, by its id there.
    pub hall: String,
    /// What its prices are in.
    pub currency: Currency,
    /// When, and for how much.
    pub terms: ShowTerms,
    /// All seats that the other system sells; where it does not say, those that it has said before.
    pub sold_elsewhere: Option<Vec<SeatPlace>>,
}

impl App {
    /// Imports what a partner's own system has: venues, halls, events and shows, in this order, each by itself. What cannot
    /// be imported is refused, with what refers to it, and keeps nothing else from being imported. Whatever ended an
    /// import early, the same one sent again finds done what was done, and does the rest.
    pub async fn import(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        import: Import,
        telling: Telling,
    ) -> Result<Imported, AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await?;
        let Import { venues, halls, events, shows, sold_elsewhere } = import;
        let things = venues.len() + halls.len() + events.len() + shows.len() + sold_elsewhere.len();
        if things > THINGS_AT_ONCE {
            let problem = format!("has {things} things, and at most {THINGS_AT_ONCE} are imported at once");
            return Err(AppError::invalid("body", "invalid_value", problem));
        }
        let mut run = Run::new(telling);
        for sent in venues {
            let Some((external_id, wish)) = run.admit(ImportKind::Venue, sent) else { continue };
            let id = VenueId::for_external(partner_id, &external_id);
            let done = self.import_venue(partner_id, id, wish).await;
            run.note(ImportKind::Venue, &external_id, id, done)?;
        }
        for sent in halls {
            let Some((external_id, hall)) = run.admit(ImportKind::Hall, sent) else { continue };
            let id = HallId::for_external(partner_id, &external_id);
            let done = self.import_hall(&run, partner_id, id, hall).await;
            run.note(ImportKind::Hall, &external_id, id, done)?;
        }
        for sent in events {
            let Some((external_id, wish)) = run.admit(ImportKind::Event, sent) else { continue };
            let id = EventId::for_external(partner_id, &external_id);
            let done = self.import_event(partner_id, id, wish).await;
            run.note(ImportKind::Event, &external_id, id, done)?;
        }
        for sent in shows {
            let Some((external_id, show)) = run.admit(ImportKind::Show, sent) else { continue };
            self.import_show(&mut run, partner_id, external_id, show).await?;
        }
        for sent in sold_elsewhere {
            let Some((external_id, places)) = run.admit(ImportKind::SoldElsewhere, sent) else { continue };
            let id = ShowId::for_external(partner_id, &external_id);
            let done = self.import_sold_elsewhere(id, &places).await;
            run.note_seats(&external_id, id, done)?;
        }
        Ok(run.end(caller, partner_id))
    }

    async fn import_venue(
        &self,
        partner_id: PartnerId,
        id: VenueId,
        wish: VenueWish,
    ) -> Result<ImportOutcome, AppError> {
        let venue = wish.of(id, partner_id)?;
        match self.store().find_venue(id).await? {
            None => created(self.store().create_venue(&venue).await?),
            Some(before) if before.content == venue => Ok(ImportOutcome::Unchanged),
            Some(before) => {
                let edited = self.store().update_venue(&venue, before.version).await?;
                conclude(edited, "venue").map(|_version| ImportOutcome::Updated)
            }
        }
    }

    async fn import_event(
        &self,
        partner_id: PartnerId,
        id: EventId,
        wish: EventWish,
    ) -> Result<ImportOutcome, AppError> {
        let event = wish.of(id, partner_id)?;
        match self.store().find_event(id).await? {
            None => created(self.store().create_event(&event).await?),
            Some(before) if before.content == event => Ok(ImportOutcome::Unchanged),
            Some(before) => {
                let edited = self.store().update_event(&event, before.version).await?;
                conclude(edited, "event").map(|_version| ImportOutcome::Updated)
            }
        }
    }

    async fn import_hall(
        &self,
        run: &Run,
        partner_id: PartnerId,
        id: HallId,
        hall: SentHall,
    ) -> Result<ImportOutcome, AppError> {
        let field = match hall.drawn {
            Drawn::Json(_) => "seatMap",
            Drawn::Text(_) => "rows",
        };
        match self.import_drawn_hall(run, partner_id, id, hall, field).await {
            Err(AppError::SeatsInUse { seat_ids }) => {
                let in_use: BTreeSet<SeatId> = seat_ids.iter().copied().collect();
                let there = self.store().seats_of_hall(id).await?;
                let named = there.iter().filter(|seat| in_use.contains(&seat.id));
                let seats = named.map(|seat| seat.place().to_string()).collect();
                let refusal = ImportRefusal::from(AppError::SeatsInUse { seat_ids }).in_field(field);
                Ok(ImportOutcome::Refused(ImportRefusal { seats, ..refusal }))
            }
            Err(error @ AppError::SeatMapRefused { .. }) => {
                Ok(ImportOutcome::Refused(ImportRefusal::from(error).in_field(field)))
            }
            done => done,
        }
    }

    async fn import_drawn_hall(
        &self,
        run: &Run,
        partner_id: PartnerId,
        id: HallId,
        hall: SentHall,
        field: &'static str,
    ) -> Result<ImportOutcome, AppError> {
        let SentHall { venue, name, drawn } = hall;
        let venue_id = VenueId::for_external(partner_id, &run.refer(ImportKind::Venue, "venue", &venue)?);
        let name = checked_name(&name, NAME_CHARACTERS)?;
        let seat_map = drawn.parse()?;
        if seat_map.seat_count() > SEATS_AT_ONCE {
            let problem = format!("has {} seats, and at most {SEATS_AT_ONCE} are imported", seat_map.seat_count());
            return Err(AppError::invalid(field, "invalid_value", problem));
        }
        let seats = seat_map.seats(id);
        let Some(Versioned { content: before, mut version }) = self.store().find_hall(id).await? else {
            self.store().find_venue(venue_id).await?.ok_or_else(|| unknown("venue"))?;
            let done = created(self.store().create_hall(id, venue_id, &name).await?)?;
            self.draw_seats(id, &seats, 1).await?;
            return Ok(done);
        };
        if before.venue_id != venue_id {
            return Err(AppError::invalid(
                "venue",
                "invalid_value",
                "is another than before, and a hall stays where it is",
            ));
        }
        let mut done = ImportOutcome::Unchanged;
        // The seats first: where they are refused, nothing else of the hall is changed.
        if sorted(self.store().seats_of_hall(id).await?) != sorted(seats.clone()) {
            version = self.draw_seats(id, &seats, version).await?;
            done = ImportOutcome::Updated;
        }
        if before.name != name {
            conclude(self.store().rename_hall(id, &name, version).await?, "hall")?;
            done = ImportOutcome::Updated;
        }
        Ok(done)
    }

    /// A show, and which of its seats are sold elsewhere: two things, each with what became of it.
    async fn import_show(
        &self,
        run: &mut Run,
        partner_id: PartnerId,
        external_id: ExternalId,
        mut show: SentShow,
    ) -> Result<(), AppError> {
        let id = ShowId::for_external(partner_id, &external_id);
        let Some(before) = self.store().find_show_to_edit(id).await? else {
            let is_told = show.sold_elsewhere.is_some();
            let (done, seats) = match self.import_new_show(run, partner_id, id, show).await {
                Ok(seats) => (Ok(ImportOutcome::Created), Some(seats).filter(|_| is_told)),
                Err(error) => (Err(error), None),
            };
            run.note(ImportKind::Show, &external_id, id, done)?;
            return seats.map_or(Ok(()), |seats| run.note_seats(&external_id, id, Ok(seats)));
        };
        let (hall_id, places) = (before.content.hall_id, show.sold_elsewhere.take());
        let done = self.import_known_show(run, partner_id, before, show).await;
        run.note(ImportKind::Show, &external_id, id, done)?;
        // Whatever became of the rest: what is sold elsewhere must not be sold here.
        let Some(places) = places else { return Ok(()) };
        let done = self.sell_elsewhere(id, hall_id, &places).await;
        run.note_seats(&external_id, id, done)
    }

    async fn import_new_show(
        &self,
        run: &Run,
        partner_id: PartnerId,
        id: ShowId,
        show: SentShow,
    ) -> Result<SeatsSynced, AppError> {
        let (event_id, hall_id) = references(run, partner_id, &show)?;
        let SentShow { event: _, hall: _, currency, terms, sold_elsewhere } = show;
        let wish = ShowWish { event_id, hall_id, currency, terms: in_milliseconds(terms) };
        let show = self.planned(id, partner_id, wish).await.map_err(as_referred)?;
        let places = sold_elsewhere.unwrap_or_default();
        let seat_ids = seats_of(&places, hall_id)?;
        let sold = self.store().create_show_sold_elsewhere(&show, &seat_ids).await?;
        Ok(named(sold.ok_or(AppError::Changed)?, &places, hall_id))
    }

    async fn import_known_show(
        &self,
        run: &Run,
        partner_id: PartnerId,
        before: Versioned<Show>,
        show: SentShow,
    ) -> Result<ImportOutcome, AppError> {
        let (event_id, hall_id) = references(run, partner_id, &show)?;
        let Versioned { content: before, version } = before;
        for (is_kept, field) in [
            (before.event_id == event_id, "event"),
            (before.hall_id == hall_id, "hall"),
            (before.currency == show.currency, "currency"),
        ] {
            if !is_kept {
                let problem = "is another than before, and stays what the show was put on with";
                return Err(AppError::invalid(field, "invalid_value", problem));
            }
        }
        let show = self.replanned(before.clone(), in_milliseconds(show.terms)).await?;
        if show == before {
            return Ok(ImportOutcome::Unchanged);
        }
        check_takes_place(&before)?;
        let edited = self.store().update_show(&show, version).await?;
        conclude(edited, "show").map(|_version| ImportOutcome::Updated)
    }

    async fn import_sold_elsewhere(&self, show_id: ShowId, places: &[SeatPlace]) -> Result<SeatsSynced, AppError> {
        let show = self.store().find_show(show_id).await?.ok_or_else(|| unknown("show"))?;
        self.sell_elsewhere(show_id, show.hall_id, places).await
    }

    async fn sell_elsewhere(
        &self,
        show_id: ShowId,
        hall_id: HallId,
        places: &[SeatPlace],
    ) -> Result<SeatsSynced, AppError> {
        let seat_ids = seats_of(places, hall_id)?;
        let sold = self.store().sell_elsewhere(show_id, &seat_ids).await?;
        Ok(named(sold, places, hall_id))
    }
}

/// What a thing is that was not there before; if it is by now, somebody else imports the same.
fn created(is_new: bool) -> Result<ImportOutcome, AppError> {
    if is_new { Ok(ImportOutcome::Created) } else { Err(AppError::Changed) }
}

fn unknown(field: &'static str) -> AppError {
    AppError::invalid(field, "invalid_value", "is none that was imported for this partner")
}

/// What a show refers to.
fn references(run: &Run, partner_id: PartnerId, show: &SentShow) -> Result<(EventId, HallId), AppError> {
    let event = run.refer(ImportKind::Event, "event", &show.event)?;
    let hall = run.refer(ImportKind::Hall, "hall", &show.hall)?;
    Ok((EventId::for_external(partner_id, &event), HallId::for_external(partner_id, &hall)))
}

/// The problem of a show that was planned by ids of ours, for somebody who has written ids of theirs.
fn as_referred(error: AppError) -> AppError {
    match error {
        AppError::Invalid { field: "eventId", code, problem } => AppError::Invalid { field: "event", code, problem },
        AppError::Invalid { field: "hallId", code, problem } => AppError::Invalid { field: "hall", code, problem },
        other => other,
    }
}

/// The terms as the database keeps them, or they would never be found unchanged.
fn in_milliseconds(terms: ShowTerms) -> ShowTerms {
    let whole = |at: Timestamp| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    ShowTerms {
        starts_at: whole(terms.starts_at),
        sales_open_at: terms.sales_open_at.map(whole),
        sales_close_at: terms.sales_close_at.map(whole),
        ..terms
    }
}

fn sorted(mut seats: Vec<Seat>) -> Vec<Seat> {
    seats.sort_unstable_by_key(|seat| seat.id);
    seats
}

fn seats_of(places: &[SeatPlace], hall_id: HallId) -> Result<Vec<SeatId>, AppError> {
    if places.len() > SEATS_AT_ONCE {
        let problem = format!("has {} seats, and at most {SEATS_AT_ONCE} are imported", places.len());
        return Err(AppError::invalid("soldElsewhere", "invalid_value", problem));
    }
    Ok(places.iter().map(|place| place.seat_id(hall_id)).collect())
}

/// What became of the seats, by the names that they were sent with.
fn named(sold: SoldElsewhere, places: &[SeatPlace], hall_id: HallId) -> SeatsSynced {
    let SoldElsewhere { blocked, released, unknown, conflicts } = sold;
    let names: BTreeMap<SeatId, &SeatPlace> = places.iter().map(|place| (place.seat_id(hall_id), place)).collect();
    let name = |seat_id: &SeatId| names.get(seat_id).map_or_else(|| seat_id.to_string(), ToString::to_string);
    let twice = |it: SoldTwice| SeatSoldTwice { seat: name(&it.seat_id), state: it.state, booking_id: it.booking_id };
    SeatsSynced {
        blocked,
        released,
        unknown: unknown.iter().map(name).collect(),
        conflicts: conflicts.into_iter().map(twice).collect(),
    }
}
