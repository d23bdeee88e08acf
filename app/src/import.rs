//! Importing what a partner's own system has: venues, halls, events and shows by the ids that they have there, and which
//! seats it sells by itself. The same thing sent again changes nothing.

mod run;
mod sent;

use std::collections::{BTreeMap, BTreeSet};

use domain::external_id::ExternalId;
use domain::ids::{EventId, HallId, PartnerId, SeatId, ShowId, VenueId};
use domain::limits::{SEATS_PER_IMPORTED_HALL, THINGS_PER_IMPORT};
use domain::member::Deed;
use domain::seat::Seat;
use domain::show::Show;
use domain::venue::NAME_CHARACTERS;
use jiff::Timestamp;
use store::{SoldElsewhere, SoldTwice, Versioned};

use crate::editing::{checked_name, conclude};
use crate::event::EventWish;
use crate::identity::Caller;
use crate::import::run::Run;
use crate::seat_map::Drawn;
use crate::show_plan::{ShowTerms, ShowWish, check_takes_place, is_on};
use crate::venue::{VenueWish, is_written};
use crate::{App, AppError};

pub use run::{ImportKind, ImportOutcome, ImportRefusal, Imported, ImportedThing, SeatSoldTwice, SeatsSynced, Telling};
pub use sent::{Import, Sent, SentHall, SentSeat, SentShow, ShowWithSeats};

/// Refuses an import of so many things, if that is more than are imported at once.
pub fn check_count(things: usize) -> Result<(), AppError> {
    if things > THINGS_PER_IMPORT {
        let problem = format!("has more than {THINGS_PER_IMPORT} things, and no more are imported at once");
        return Err(AppError::invalid("body", "invalid_value", problem));
    }
    Ok(())
}

/// Refuses a list of so many seats that are sold elsewhere, if that is more than a hall that is imported has.
pub fn check_seats(seats: usize) -> Result<(), AppError> {
    if seats > SEATS_PER_IMPORTED_HALL {
        let problem = format!("has {seats} seats, and at most {SEATS_PER_IMPORTED_HALL} are imported");
        return Err(AppError::invalid("soldElsewhere", "invalid_value", problem));
    }
    Ok(())
}

impl App {
    /// Refuses whoever may not import what a partner's own system has: to be asked before a body is read that may be large.
    pub async fn check_may_import(&self, caller: &Caller, partner_id: PartnerId) -> Result<(), AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await
    }

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
        self.check_may_import(caller, partner_id).await?;
        let Import { venues, halls, events, shows, sold_elsewhere } = import;
        check_count(venues.len() + halls.len() + events.len() + shows.len() + sold_elsewhere.len())?;
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
            let done = self.import_hall(&mut run, partner_id, id, hall).await;
            run.note(ImportKind::Hall, &external_id, id, done)?;
        }
        for sent in events {
            let Some((external_id, wish)) = run.admit(ImportKind::Event, sent) else { continue };
            let id = EventId::for_external(partner_id, &external_id);
            let done = self.import_event(partner_id, id, wish).await;
            run.note(ImportKind::Event, &external_id, id, done)?;
        }
        for ShowWithSeats { show, sold_elsewhere } in shows {
            let Some((external_id, show)) = run.identify(ImportKind::Show, show) else { continue };
            self.import_show(&mut run, partner_id, external_id, show, sold_elsewhere).await?;
        }
        for sent in sold_elsewhere {
            let Some((external_id, seats)) = run.admit(ImportKind::SoldElsewhere, sent) else { continue };
            let id = ShowId::for_external(partner_id, &external_id);
            let done = self.import_sold_elsewhere(id, &seats).await;
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
        run: &mut Run,
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
        run: &mut Run,
        partner_id: PartnerId,
        id: HallId,
        hall: SentHall,
        field: &'static str,
    ) -> Result<ImportOutcome, AppError> {
        let SentHall { venue, name, drawn } = hall;
        let venue_id = VenueId::for_external(partner_id, &run.refer(ImportKind::Venue, "venue", &venue)?);
        let name = checked_name(&name, NAME_CHARACTERS)?;
        let seat_map = drawn.parse()?;
        if seat_map.seat_count() > SEATS_PER_IMPORTED_HALL {
            let problem =
                format!("has {} seats, and at most {SEATS_PER_IMPORTED_HALL} are imported", seat_map.seat_count());
            return Err(AppError::invalid(field, "invalid_value", problem));
        }
        let seats = seat_map.seats(id);
        let Some(Versioned { content: before, mut version }) = self.store().find_hall(id).await? else {
            run.check_room_for("halls", seats.len())?;
            is_written(self.store().create_hall(id, venue_id, &name).await?, unknown("venue"))?;
            self.draw_seats(id, &seats, 1).await?;
            run.wrote_seats(seats.len());
            return Ok(ImportOutcome::Created);
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
            run.check_room_for("halls", seats.len())?;
            version = self.draw_seats(id, &seats, version).await?;
            run.wrote_seats(seats.len());
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
        show: Result<SentShow, ImportRefusal>,
        sold_elsewhere: Option<Result<Vec<SentSeat>, ImportRefusal>>,
    ) -> Result<(), AppError> {
        let id = ShowId::for_external(partner_id, &external_id);
        let Some(before) = self.store().find_show_to_edit(id).await? else {
            let is_told = sold_elsewhere.is_some();
            let (done, synced) = match (show, sold_elsewhere.transpose()) {
                (Ok(show), Ok(seats)) => {
                    let seats = seats.unwrap_or_default();
                    match self.import_new_show(run, partner_id, id, show, &seats).await {
                        Ok(synced) => (Ok(ImportOutcome::Created), Some(synced).filter(|_| is_told)),
                        Err(error) => (Err(error), None),
                    }
                }
                // A show whose list cannot be read would sell what is sold elsewhere.
                (Err(refusal), _) | (Ok(_), Err(refusal)) => (Ok(ImportOutcome::Refused(refusal)), None),
            };
            run.note(ImportKind::Show, &external_id, id, done)?;
            return synced.map_or(Ok(()), |synced| run.note_seats(&external_id, id, Ok(synced)));
        };
        let hall_id = before.content.hall_id;
        let done = match show {
            Ok(show) => self.import_known_show(run, partner_id, before, show).await,
            Err(refusal) => Ok(ImportOutcome::Refused(refusal)),
        };
        run.note(ImportKind::Show, &external_id, id, done)?;
        // Whatever became of the rest: what is sold elsewhere must not be sold here.
        let Some(content) = sold_elsewhere else { return Ok(()) };
        let sent = Sent { external_id: external_id.as_str().to_owned(), content };
        let Some((external_id, seats)) = run.admit(ImportKind::SoldElsewhere, sent) else { return Ok(()) };
        let done = self.sell_elsewhere(id, hall_id, &seats).await;
        run.note_seats(&external_id, id, done)
    }

    async fn import_new_show(
        &self,
        run: &mut Run,
        partner_id: PartnerId,
        id: ShowId,
        show: SentShow,
        sold_elsewhere: &[SentSeat],
    ) -> Result<SeatsSynced, AppError> {
        let (event_id, hall_id) = references(run, partner_id, &show)?;
        let SentShow { event: _, hall: _, currency, terms } = show;
        let wish = ShowWish { event_id, hall_id, currency, terms: in_milliseconds(terms) };
        let (show, hall) = self.planned(id, partner_id, wish).await.map_err(as_referred)?;
        let seat_ids = ids_of(sold_elsewhere, hall_id)?;
        let seats = usize::try_from(hall.seats).unwrap_or(usize::MAX);
        run.check_room_for("shows", seats)?;
        let put_on = self.store().create_show_sold_elsewhere(&show, &seat_ids).await?;
        let sold = is_on(put_on).map_err(as_referred)?;
        run.wrote_seats(seats);
        Ok(named(sold, sold_elsewhere, hall_id))
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
        self.change_show(&show, version).await.map(|_version| ImportOutcome::Updated)
    }

    async fn import_sold_elsewhere(&self, show_id: ShowId, seats: &[SentSeat]) -> Result<SeatsSynced, AppError> {
        let show = self.store().find_show(show_id).await?.ok_or_else(|| unknown("show"))?;
        self.sell_elsewhere(show_id, show.hall_id, seats).await
    }

    async fn sell_elsewhere(
        &self,
        show_id: ShowId,
        hall_id: HallId,
        seats: &[SentSeat],
    ) -> Result<SeatsSynced, AppError> {
        let seat_ids = ids_of(seats, hall_id)?;
        let sold = self.store().sell_elsewhere(show_id, &seat_ids).await?;
        Ok(named(sold, seats, hall_id))
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

fn ids_of(seats: &[SentSeat], hall_id: HallId) -> Result<Vec<SeatId>, AppError> {
    check_seats(seats.len())?;
    Ok(seats.iter().map(|seat| seat.seat_id(hall_id)).collect())
}

/// What became of the seats, by the names that they were sent with.
fn named(sold: SoldElsewhere, seats: &[SentSeat], hall_id: HallId) -> SeatsSynced {
    let SoldElsewhere { blocked, released, unknown, conflicts } = sold;
    let names: BTreeMap<SeatId, &SentSeat> = seats.iter().map(|seat| (seat.seat_id(hall_id), seat)).collect();
    let name = |seat_id: &SeatId| names.get(seat_id).map_or_else(|| seat_id.to_string(), ToString::to_string);
    let twice = |it: SoldTwice| SeatSoldTwice { seat: name(&it.seat_id), state: it.state, booking_id: it.booking_id };
    SeatsSynced {
        blocked,
        released,
        unknown: unknown.iter().map(name).collect(),
        conflicts: conflicts.into_iter().map(twice).collect(),
    }
}
