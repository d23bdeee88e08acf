//! Venues, halls, events and shows as partners plan them.

use domain::booking::{BookingOpened, BookingRequest};
use domain::booking_state::{BookingState, EndState, FailureReason};
use domain::ids::{EventId, HallId, PartnerId, SeatId, VenueId};
use domain::money::Money;
use domain::seat::{Seat, SeatCategory};
use domain::show::Show;
use domain::show_seat::ShowSeatState;
use domain::single_seat::SingleSeatRule;
use futures::future::join_all;
use store::{Allocated, Allocation, Edited, HallCreated, NotPutOn, PutOn, Replanned, SeatsDrawn};
use uuid::Uuid;

use crate::fixture::{self, SEATS, after, now, open, request, seat, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    of_two_who_change_a_venue_at_once_one_is_told,
    what_is_needed_is_not_deleted,
    a_show_that_nobody_booked_goes_with_all_that_it_has,
    a_show_that_was_ever_booked_stays,
    a_hall_goes_with_its_seats_once_its_shows_are_gone,
    events_are_listed_in_pages,
    a_hall_has_the_seats_that_were_drawn_last,
    a_show_is_put_on_with_the_seats_of_its_hall_and_changed,
    seats_are_allocated_all_or_none_and_never_those_of_somebody,
}

async fn of_two_who_change_a_venue_at_once_one_is_told(db: TestDatabase) {
    let store = &db.store;
    store.load_catalogue(&fixture::catalogue(SEATS), now()).await.unwrap();
    let venue = fixture::catalogue(SEATS).venues[0].clone();
    assert!(!store.create_venue(&venue).await.unwrap(), "it is there");
    let seen = store.find_venue(venue.id).await.unwrap().unwrap();
    assert_eq!((&seen.content, seen.version), (&venue, 1));
    let changes = ["first", "second", "third"].map(|name| {
        let changed = domain::venue::Venue { name: name.to_owned(), ..venue.clone() };
        async move { store.update_venue(&changed, seen.version).await.unwrap() }
    });
    let edited = join_all(changes).await;
    assert_eq!(edited.iter().filter(|it| **it == Edited::Done { version: 2 }).count(), 1, "{edited:?}");
    assert_eq!(edited.iter().filter(|it| **it == Edited::Changed).count(), 2, "{edited:?}");
    let unknown = domain::venue::Venue { id: VenueId::new(Uuid::nil()), ..venue };
    assert_eq!(store.update_venue(&unknown, 1).await.unwrap(), Edited::Gone);
}

async fn what_is_needed_is_not_deleted(db: TestDatabase) {
    let store = &db.store;
    store.load_catalogue(&fixture::catalogue(SEATS), now()).await.unwrap();
    let catalogue = fixture::catalogue(SEATS);
    let (venue, event) = (&catalogue.venues[0], &catalogue.events[0]);
    assert_eq!(store.delete_venue(venue.id, 1).await.unwrap(), Edited::InUse);
    assert_eq!(store.delete_event(event.id, 1).await.unwrap(), Edited::InUse);
    assert_eq!(store.delete_venue(VenueId::new(Uuid::nil()), 1).await.unwrap(), Edited::Gone);

    let empty = domain::venue::Venue { id: VenueId::new(Uuid::from_u128(77)), ..venue.clone() };
    assert!(store.create_venue(&empty).await.unwrap());
    let hall_id = HallId::new(Uuid::from_u128(78));
    assert_eq!(store.create_hall(hall_id, empty.id, "Main").await.unwrap(), HallCreated::Done);
    assert_eq!(store.create_hall(hall_id, empty.id, "Main").await.unwrap(), HallCreated::Known);
    let nowhere = VenueId::new(Uuid::nil());
    assert_eq!(store.create_hall(hall_id, nowhere, "Main").await.unwrap(), HallCreated::NoVenue);
    let hall = store.find_hall(hall_id).await.unwrap().unwrap();
    assert_eq!((hall.content.seats, hall.content.partner_id), (0, venue.partner_id));
    assert_eq!(store.rename_hall(hall_id, "Great", hall.version).await.unwrap(), Edited::Done { version: 2 });
    assert_eq!(store.rename_hall(hall_id, "Small", hall.version).await.unwrap(), Edited::Changed);
    assert_eq!(store.halls_of(empty.id).await.unwrap()[0].content.name, "Great");
    assert_eq!(store.delete_venue(empty.id, 1).await.unwrap(), Edited::InUse);
}

async fn a_show_that_nobody_booked_goes_with_all_that_it_has(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let gone = fixture::free_show_id();
    assert_eq!(store.sell_elsewhere(gone, &[seat(1)]).await.unwrap().blocked, 1);
    open(store, &request(1, "another show", &[0])).await;
    assert_eq!(store.delete_show(gone, 2).await.unwrap(), Edited::Changed);
    assert_eq!(store.delete_show(gone, 1).await.unwrap(), Edited::Done { version: 1 });
    assert_eq!(store.find_show(gone).await.unwrap(), None);
    for table in ["show_seats", "show_prices", "show_seats_sold_elsewhere"] {
        assert_eq!(fixture::count(store, &format!("{table} where show_id = '{gone}'")).await, 0, "{table}");
    }
    assert_eq!(store.show_seats(show_id()).await.unwrap().len(), SEATS, "those of another show stay");
    assert_eq!(store.delete_show(gone, 1).await.unwrap(), Edited::Gone);

    // A saga that comes late is refused, and ends as one does that named a show which never was.
    let late = BookingRequest { show_id: gone, ..request(2, "late", &[0]) };
    let reason = FailureReason::SeatsUnknown { seat_ids: vec![seat(0)] };
    let opened = store.open_booking(&late, now()).await.unwrap();
    assert_eq!(opened, BookingOpened::Refused { reason: reason.clone() });
    let end = EndState::Failed { reason: reason.clone() };
    assert_eq!(fixture::close(store, &late, end).await, BookingState::Failed { reason });
}

async fn a_show_that_was_ever_booked_stays(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let over = request(1, "over", &[0]);
    open(store, &over).await;
    assert_eq!(store.delete_show(show_id(), 1).await.unwrap(), Edited::InUse);
    fixture::close(store, &over, EndState::Expired).await;
    assert_eq!(store.delete_show(show_id(), 1).await.unwrap(), Edited::InUse);
    // What was refused is a booking, too.
    let free = fixture::free_show_id();
    let refused = BookingRequest { show_id: free, ..request(2, "refused", &[0]) };
    fixture::close(store, &refused, EndState::Failed { reason: FailureReason::Abandoned }).await;
    assert_eq!(store.delete_show(free, 1).await.unwrap(), Edited::InUse);
    for show in [show_id(), free] {
        assert_eq!(store.show_seats(show).await.unwrap().len(), SEATS);
        assert!(!store.find_show(show).await.unwrap().unwrap().prices.is_empty());
    }
}

async fn a_hall_goes_with_its_seats_once_its_shows_are_gone(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let hall_id = fixture::catalogue(SEATS).halls[0].id;
    for show in [show_id(), fixture::free_show_id()] {
        assert_eq!(store.delete_hall(hall_id, 1).await.unwrap(), Edited::InUse);
        assert_eq!(store.seats_of_hall(hall_id).await.unwrap().len(), SEATS);
        assert_eq!(store.delete_show(show, 1).await.unwrap(), Edited::Done { version: 1 });
    }
    assert_eq!(store.delete_hall(hall_id, 1).await.unwrap(), Edited::Done { version: 1 });
    assert_eq!(store.find_hall(hall_id).await.unwrap(), None);
    assert!(store.seats_of_hall(hall_id).await.unwrap().is_empty());
    assert_eq!(store.delete_hall(hall_id, 1).await.unwrap(), Edited::Gone);
}

async fn events_are_listed_in_pages(db: TestDatabase) {
    let store = &db.store;
    store.load_catalogue(&fixture::catalogue(SEATS), now()).await.unwrap();
    let model = fixture::catalogue(SEATS).events[0].clone();
    let id = |number: u128| EventId::new(Uuid::from_u128(0xe000 + number));
    for number in 0..5 {
        assert!(store.create_event(&domain::event::Event { id: id(number), ..model.clone() }).await.unwrap());
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.events_of(model.partner_id, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.content.id);
        seen.extend(page.into_iter().map(|event| event.content.id));
    }
    let mut expected: Vec<EventId> = (0..5).map(id).chain([model.id]).collect();
    expected.sort();
    assert_eq!(seen, expected);
    assert!(store.events_of(PartnerId::new(Uuid::nil()), None, 10).await.unwrap().is_empty());

    let changed = domain::event::Event { id: id(0), duration_minutes: 7, ..model };
    assert_eq!(store.update_event(&changed, 1).await.unwrap(), Edited::Done { version: 2 });
    assert_eq!(store.find_event(id(0)).await.unwrap().unwrap().content, changed);
    assert_eq!(store.delete_event(id(0), 1).await.unwrap(), Edited::Changed);
    assert_eq!(store.delete_event(id(0), 2).await.unwrap(), Edited::Done { version: 2 });
}

async fn a_hall_has_the_seats_that_were_drawn_last(db: TestDatabase) {
    let store = &db.store;
    let catalogue = fixture::catalogue(SEATS);
    store.load_catalogue(&catalogue, now()).await.unwrap();
    let venue = &catalogue.venues[0];
    let hall_id = HallId::new(Uuid::from_u128(78));
    store.create_hall(hall_id, venue.id, "Main").await.unwrap();
    let drawn = |numbers: std::ops::Range<usize>, accessible| -> Vec<Seat> {
        let seat = |number: usize| {
            let model = catalogue.halls[0].seats[0].clone();
            let number = number.to_string();
            Seat {
                id: SeatId::for_place(hall_id, &model.section, &model.row, &number),
                hall_id,
                number,
                accessible,
                ..model
            }
        };
        numbers.map(seat).collect()
    };
    let draw = |seats: Vec<Seat>, seen| async move { store.draw_seats(hall_id, &seats, seen).await.unwrap() };
    // More than one statement takes.
    assert_eq!(draw(drawn(0..2_500, false), 1).await, SeatsDrawn::Done { version: 2 });
    assert_eq!(store.seats_of_hall(hall_id).await.unwrap().len(), 2_500);
    assert_eq!(draw(drawn(0..10, false), 1).await, SeatsDrawn::Changed);
    assert_eq!(draw(drawn(5..15, true), 2).await, SeatsDrawn::Done { version: 3 });
    let seats = store.seats_of_hall(hall_id).await.unwrap();
    assert_eq!(seats.len(), 10);
    assert!(seats.iter().all(|seat| seat.accessible), "those that stayed are brought up to date");
    let unknown = HallId::new(Uuid::nil());
    assert_eq!(store.draw_seats(unknown, &[], 1).await.unwrap(), SeatsDrawn::Gone);

    // A seat of a show stays: somebody may have bought it.
    let used = &catalogue.halls[0];
    let fewer = &used.seats[..used.seats.len() - 1];
    let last = used.seats.last().unwrap().id;
    let refused = store.draw_seats(used.id, fewer, 1).await.unwrap();
    assert_eq!(refused, SeatsDrawn::InUse { seat_ids: vec![last] });
    assert_eq!(store.seats_of_hall(used.id).await.unwrap().len(), used.seats.len());
}

async fn a_show_is_put_on_with_the_seats_of_its_hall_and_changed(db: TestDatabase) {
    let store = &db.store;
    let catalogue = fixture::catalogue(SEATS);
    store.load_catalogue(&catalogue, now()).await.unwrap();
    let mut show = catalogue.shows[0].clone();
    show.id = domain::ids::ShowId::new(Uuid::from_u128(0x5050));
    show.single_seats = SingleSeatRule::Warn;
    let dearer = SeatCategory::parse("dearer").unwrap();
    let only_dearer = || [(dearer.clone(), Money::new(9_900, show.currency))].into();
    let unpriced = Show { prices: only_dearer(), ..show.clone() };
    let standard = SeatCategory::parse("standard").unwrap();
    assert_eq!(
        store.create_show(&unpriced).await.unwrap(),
        PutOn::Refused(NotPutOn::Unpriced { category: standard.clone() })
    );
    assert_eq!(store.find_show(show.id).await.unwrap(), None, "nothing of it is left");
    let nowhere = Show { hall_id: HallId::new(Uuid::nil()), ..show.clone() };
    assert_eq!(store.create_show(&nowhere).await.unwrap(), PutOn::Refused(NotPutOn::NoSeats));
    let of_nothing = Show { event_id: EventId::new(Uuid::nil()), ..show.clone() };
    assert_eq!(store.create_show(&of_nothing).await.unwrap(), PutOn::Refused(NotPutOn::NoEvent));
    assert_eq!(store.create_show(&show).await.unwrap(), PutOn::Done(()));
    assert_eq!(store.create_show(&show).await.unwrap(), PutOn::Refused(NotPutOn::Known));
    assert_eq!(store.show_seats(show.id).await.unwrap().len(), SEATS);
    let seen = store.find_show_to_edit(show.id).await.unwrap().unwrap();
    assert_eq!((&seen.content, seen.version), (&show, 1));

    let refused = store.update_show(&Show { prices: only_dearer(), ..show.clone() }, 1).await.unwrap();
    assert_eq!(refused, Replanned::Unpriced { category: standard.clone() });
    assert_eq!(store.find_show(show.id).await.unwrap().as_ref(), Some(&show), "nothing has changed");
    show.prices.insert(dearer.clone(), Money::new(9_900, show.currency));
    show.sales_close_at = after(10);
    show.single_seats = SingleSeatRule::Refuse;
    let edited = store.update_show(&show, 1).await.unwrap();
    assert_eq!(edited, Replanned::Edited(Edited::Done { version: 2 }));
    assert_eq!(store.find_show(show.id).await.unwrap().unwrap(), show);
    let late = store.update_show(&catalogue.shows[0], 7).await.unwrap();
    assert_eq!(late, Replanned::Edited(Edited::Changed));

    // What is kept back needs no price, until it is to be sold again.
    let seats: Vec<_> = (0..SEATS).map(seat).collect();
    assert_eq!(store.allocate(show.id, &seats, &Allocation::Block).await.unwrap(), Allocated::Done);
    show.prices.remove(&standard);
    let edited = store.update_show(&show, 2).await.unwrap();
    assert_eq!(edited, Replanned::Edited(Edited::Done { version: 3 }));
    let release = store.allocate(show.id, &seats[..1], &Allocation::Release).await.unwrap();
    assert_eq!(release, Allocated::Unpriced { category: standard.clone() });
    let back = Allocation::Move { category: standard.clone() };
    let moved = store.allocate(show.id, &seats[..1], &back).await.unwrap();
    assert_eq!(moved, Allocated::Unpriced { category: standard });
    let all_dearer = Allocation::Move { category: dearer };
    assert_eq!(store.allocate(show.id, &seats[1..], &all_dearer).await.unwrap(), Allocated::Done);
    // A seat without a price that is sold since before prices were asked for stands in nobody else's way.
    let id = show.id;
    let from_before =
        format!("update show_seats set state = 'available' where show_id = '{id}' and category = 'standard'");
    fixture::tamper(store, &from_before).await;
    assert_eq!(store.allocate(show.id, &seats[1..2], &Allocation::Release).await.unwrap(), Allocated::Done);
}

async fn seats_are_allocated_all_or_none_and_never_those_of_somebody(db: TestDatabase) {
    let store = &db.store;
    store.load_catalogue(&fixture::catalogue(SEATS), now()).await.unwrap();
    let show = show_id();
    store.open_booking(&request(1, "held", &[0, 1]), now()).await.unwrap();
    let allocate = |seats: Vec<domain::ids::SeatId>, what: Allocation| async move {
        store.allocate(show, &seats, &what).await.unwrap()
    };
    let unknown = domain::ids::SeatId::new(Uuid::nil());
    let refused = allocate(vec![seat(1), seat(2), unknown], Allocation::Block).await;
    assert_eq!(refused, Allocated::Refused { unknown: vec![unknown], taken: vec![seat(1)] });
    let state = |number: usize| async move { store.statuses_of(show, &[seat(number)]).await.unwrap()[0] };
    assert_eq!(state(2).await.state, ShowSeatState::Available, "none was blocked");

    let before = state(2).await.version;
    assert_eq!(allocate(vec![seat(2), seat(3), seat(2)], Allocation::Block).await, Allocated::Done);
    let blocked = state(2).await;
    assert_eq!((blocked.state, blocked.version), (ShowSeatState::Blocked, before + 1));
    assert_eq!(allocate(vec![seat(2)], Allocation::Block).await, Allocated::Done, "it is what it was to be");
    let opened = store.open_booking(&request(2, "blocked", &[2]), now()).await.unwrap();
    assert!(matches!(opened, domain::booking::BookingOpened::Refused { .. }), "{opened:?}");
    assert_eq!(allocate(vec![seat(2)], Allocation::Release).await, Allocated::Done);
    assert_eq!(state(2).await.state, ShowSeatState::Available);

    let category = SeatCategory::parse("premium").unwrap();
    let mut priced = store.find_show(show).await.unwrap().unwrap();
    priced.prices.insert(category.clone(), Money::new(3_000, priced.currency));
    let edited = store.update_show(&priced, 1).await.unwrap();
    assert_eq!(edited, Replanned::Edited(Edited::Done { version: 2 }));
    assert_eq!(allocate(vec![seat(4)], Allocation::Move { category: category.clone() }).await, Allocated::Done);
    let moved = store.show_seats(show).await.unwrap().into_iter().find(|it| it.seat_id == seat(4)).unwrap();
    assert_eq!(moved.category, category);

    // Whoever comes first has the seat: it is held or it is blocked, never both.
    let wanted = request(3, "race", &[5]);
    let seats = [seat(5)];
    let (opened, blocked) =
        tokio::join!(store.open_booking(&wanted, now()), store.allocate(show, &seats, &Allocation::Block));
    let opened = matches!(opened.unwrap(), domain::booking::BookingOpened::Opened(_));
    assert_ne!(opened, blocked.unwrap() == Allocated::Done);
}
