//! Booking without choosing: the best seats together are picked, and the ones that are told are the ones that are held.
//! And choosing by hand, where a show minds the single seats that are left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::best_available::{BestWish, Choice, Focus, SeatCount, choose};
use domain::ids::{SeatId, ShowId};
use domain::show_seat::{ShowSeat, ShowSeatState};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::buyer::Buyer;
use testkit::faults::{Fault, Gate};
use testkit::person::{Person, send};
use testkit::{Answer, TestApp, TestSettings, eventually};
use uuid::Uuid;

use crate::planning::{self, is};

/// A hall of ten rows, each of sixteen seats.
const HALL: [u32; 10] = [16; 10];

/// Puts a show on in a hall with rows of these lengths.
async fn put_on(owner: &mut Person<'_>, rows: &[u32], terms: Value) -> ShowId {
    let rows: String = ('A'..).zip(rows).map(|(row, seats)| format!("{row} 1-{seats}\n")).collect();
    let drawing = format!("section stalls, category standard\n{rows}");
    planning::put_on(owner, &drawing, terms).await.show_id
}

/// Terms of a show with a rule about single seats.
fn minding(single_seats: &str) -> Value {
    let prices = json!([{ "category": "standard", "minor": 2000 }, { "category": "premium", "minor": 3000 }]);
    json!({ "prices": prices, "singleSeats": single_seats })
}

/// Terms of a show at one price.
fn at(minor: i64) -> Value {
    json!({ "prices": [{ "category": "standard", "minor": minor }] })
}

/// Where a seat is: its row, and its number.
async fn places(app: &TestApp, show_id: ShowId) -> BTreeMap<SeatId, (String, u32)> {
    let seats = app.store.show_seats(show_id).await.unwrap();
    seats.into_iter().map(|seat| (seat.seat_id, (seat.row, seat.number.parse().unwrap()))).collect()
}

/// The seats of each row, from left to right.
async fn rows(app: &TestApp, show_id: ShowId) -> BTreeMap<String, Vec<SeatId>> {
    let mut by_place: Vec<_> = places(app, show_id).await.into_iter().map(|(seat, place)| (place, seat)).collect();
    by_place.sort();
    let mut rows: BTreeMap<String, Vec<SeatId>> = BTreeMap::new();
    for ((row, _number), seat) in by_place {
        rows.entry(row).or_default().push(seat);
    }
    rows
}

fn held(body: &Value) -> Vec<SeatId> {
    seats(&body["seatIds"])
}

fn seats(ids: &Value) -> Vec<SeatId> {
    ids.as_array().unwrap().iter().map(|seat| seat.as_str().unwrap().parse().unwrap()).collect()
}

/// Asks what seats cost: those that they would leave single, and whether the show does not sell them for that.
async fn quoted(app: &TestApp, show_id: ShowId, picked: &[SeatId]) -> (Vec<SeatId>, bool) {
    let wish = json!({ "showId": show_id, "seatIds": picked });
    let quoted = send(app, Method::POST, "/quotes", None, Some(wish)).await;
    assert_eq!(quoted.status, StatusCode::OK, "{quoted:?}");
    assert_eq!(quoted.body["lines"].as_array().unwrap().len(), picked.len(), "{quoted:?}");
    (seats(&quoted.body["singleSeats"]), quoted.body["isRefused"].as_bool().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_sits_together_in_the_middle() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let show_id = put_on(&mut ada, &HALL, at(2000)).await;
    let places = places(&app, show_id).await;
    let buyer = app.buyer();
    let four = json!({ "count": 4 });
    let booked = buyer.book_best("group", show_id, &four).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    let seats: Vec<_> = held(&booked.body).iter().map(|seat| places[seat].clone()).collect();
    assert!(seats.iter().all(|(row, _)| *row == seats[0].0), "one row: {seats:?}");
    assert_eq!(seats.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [7, 8, 9, 10], "its middle: {seats:?}");
    assert!(["E", "F"].contains(&seats[0].0.as_str()), "half way back: {seats:?}");

    // The same wish under the same key is the same booking, and another wish is another.
    let again = buyer.book_best("group", show_id, &four).await;
    assert_eq!((again.status, &again.body["seatIds"]), (StatusCode::CREATED, &booked.body["seatIds"]));
    let other = buyer.book_best("group", show_id, &json!({ "count": 5 })).await;
    is(&other, StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused");

    let nowhere = app.buyer().book_best("none", show_id, &json!({ "count": 2, "section": "balcony" })).await;
    is(&nowhere, StatusCode::CONFLICT, "not_together");
    assert_eq!((&nowhere.body["limit"], &nowhere.body["field"]), (&json!(0), &json!("best")), "{nowhere:?}");
    for (body, field) in [
        (json!({ "showId": show_id }), "seatIds"),
        (json!({ "showId": show_id, "best": four, "seatIds": held(&booked.body) }), "best"),
        (json!({ "showId": show_id, "best": { "count": 11 } }), "best"),
        (json!({ "showId": show_id, "best": { "count": 2, "category": "" } }), "best.category"),
    ] {
        let key = Uuid::new_v4().to_string();
        let refused = buyer.send(buyer.post("/bookings").header("Idempotency-Key", key).json(&body)).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
        assert_eq!(refused.body["field"], field, "{refused:?}");
    }
    buyer.cancel(booked.booking_id()).await;
    app.finish().await;
}

/// How often four together are found in a hall, one group after the other.
fn fours(mut seats: Vec<ShowSeat>, wish: &BestWish) -> usize {
    let mut fours = 0;
    while let Choice::Together(four) = choose(&seats, wish, Focus::Middle) {
        for seat in seats.iter_mut().filter(|seat| four.contains(&seat.seat_id)) {
            seat.state = ShowSeatState::Held;
        }
        fours += 1;
    }
    fours
}

/// Two hundred ask at once in a hall of four hundred, whose rows leave one, two or three seats beside the groups. The
/// show is free, so that whoever has seats keeps them: no seat comes back, and what is true of a refusal stays true.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_is_refused_for_a_reason() {
    const ASKERS: usize = 200;
    const ROWS: [u32; 20] = [17, 19, 21, 23, 17, 19, 21, 23, 17, 19, 21, 23, 17, 19, 21, 23, 17, 19, 21, 23];
    // Nobody gives up or comes back for an answer only because a hundred sagas start at once.
    let patient = TestSettings { answer_within_ms: 25_000, step_seconds: 20, ..TestSettings::default() };
    let app = TestApp::start_with(patient).await;
    let mut ada = Person::register(&app).await;
    let show_id = put_on(&mut ada, &ROWS, at(0)).await;
    let places = places(&app, show_id).await;
    let wish = BestWish {
        count: SeatCount::parse(4).unwrap(),
        category: None,
        section: None,
        accessible: false,
        split: false,
    };
    let expected = fours(app.store.show_seats(show_id).await.unwrap(), &wish);
    assert!((60..=100).contains(&expected), "a good part has to be refused, and as many are served: {expected}");

    let four = json!({ "count": 4 });
    let asked = join_all((0..ASKERS).map(|_| {
        let (buyer, four) = (app.buyer(), &four);
        async move {
            // As the API's document says: where a part is away, the same again with the same key.
            let answer = eventually("an answer", Duration::from_secs(60), || async {
                let answer = buyer.book_best("group", show_id, four).await;
                (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
            });
            let answer = answer.await;
            (buyer, answer)
        }
    }));
    let (mut winners, mut refusals) = (Vec::new(), Vec::new());
    for (buyer, answer) in asked.await {
        if answer.status.is_success() {
            winners.push((buyer, answer));
        } else {
            is(&answer, StatusCode::CONFLICT, "not_together");
            refusals.push(answer);
        }
    }
    let mut taken = BTreeSet::new();
    for (buyer, told) in &winners {
        let booking = buyer.wait_for(told.booking_id(), "confirmed", Duration::from_secs(60)).await;
        let seats = held(&booking.body);
        assert!(told.status == StatusCode::ACCEPTED || held(&told.body) == seats, "{told:?} is {booking:?}");
        let mut numbers: Vec<_> = seats.iter().map(|seat| places[seat].clone()).collect();
        numbers.sort();
        assert_eq!(numbers.len(), 4);
        assert!(numbers.windows(2).all(|two| two[0].0 == two[1].0 && two[0].1 + 1 == two[1].1), "{numbers:?}");
        assert!(seats.iter().all(|seat| taken.insert(*seat)), "a seat was given twice: {booking:?}");
    }
    // Whoever was refused while there were four together would be missing among the winners.
    assert_eq!((winners.len(), refusals.len()), (expected, ASKERS - expected));
    let seats = app.store.show_seats(show_id).await.unwrap();
    let Choice::NotTogether { largest } = choose(&seats, &wish, Focus::Middle) else {
        panic!("there were four together");
    };
    for refusal in refusals {
        let told = refusal.body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap();
        assert!((largest..4).contains(&told), "there were {told}, and are {largest} in the end");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_seat_single_is_told_or_refused_as_the_show_wants_it() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (Person::register(&app).await, Person::register(&app).await);
    let (allows, warns) = (put_on(&mut ada, &HALL, at(2000)).await, put_on(&mut eve, &HALL, minding("warn")).await);
    let mut bookings = Vec::new();
    let mut keep = |buyer: Buyer, booked: Answer| {
        assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
        bookings.push((buyer, booked.booking_id()));
    };

    // The second and the third seat leave the first one single.
    for (show_id, rule, told) in [(allows, "allow", false), (warns, "warn", true)] {
        let shown = ada.send(Method::GET, &format!("/shows/{show_id}"), None).await;
        assert_eq!(shown.body["singleSeats"], rule, "{shown:?}");
        let row = &rows(&app, show_id).await["A"];
        let single = if told { vec![row[0]] } else { Vec::new() };
        assert_eq!(quoted(&app, show_id, &row[1..3]).await, (single, false), "{rule}");
        assert_eq!(quoted(&app, show_id, &row[..2]).await, (Vec::new(), false), "{rule}");
        let buyer = app.buyer();
        let booked = buyer.book(show_id, &row[1..3]).await;
        keep(buyer, booked);
        assert_eq!(quoted(&app, show_id, &row[..1]).await, (Vec::new(), false), "it is single already");
        assert_eq!(quoted(&app, show_id, &row[2..5]).await, (Vec::new(), false), "one of them is not free");
    }

    let refuses = put_on(&mut ada, &HALL, minding("refuse")).await;
    let rows = rows(&app, refuses).await;
    let row = &rows["A"];
    assert_eq!(quoted(&app, refuses, &row[1..3]).await, (vec![row[0]], true));
    let buyer = app.buyer();
    let refused = buyer.book_with("by-hand", refuses, &row[1..3]).await;
    is(&refused, StatusCode::CONFLICT, "seats_stranded");
    assert_eq!((held(&refused.body), &refused.body["field"]), (vec![row[0]], &json!("seatIds")), "{refused:?}");
    assert!(app.store.find_booking(buyer.booking_for("by-hand")).await.unwrap().is_none(), "it left something behind");
    let again = buyer.book_with("by-hand", refuses, &row[1..3]).await;
    is(&again, StatusCode::CONFLICT, "seats_stranded");
    // Nothing was claimed: somebody else has them at once, and is answered the same under the same key.
    let other = app.buyer();
    let first = other.book_with("three", refuses, &row[..3]).await;
    let second = other.book_with("three", refuses, &row[..3]).await;
    assert_eq!((second.status, second.booking_id()), (StatusCode::CREATED, first.booking_id()), "{second:?}");
    keep(other, first);
    let late = app.buyer().book(refuses, &row[1..3]).await;
    is(&late, StatusCode::CONFLICT, "seats_taken");

    // The last seats of a row are sold: one of two, and two of three, cannot but leave one.
    let (two, three) = (&rows["B"], &rows["C"]);
    for picked in [&two[..10], &two[10..14], &two[14..15], &two[15..], &three[..10], &three[10..13], &three[13..15]] {
        let buyer = app.buyer();
        assert_eq!(quoted(&app, refuses, picked).await, (Vec::new(), false), "{} seats", picked.len());
        let booked = buyer.book(refuses, picked).await;
        keep(buyer, booked);
    }

    for (buyer, booking_id) in &bookings {
        buyer.cancel(*booking_id).await;
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_again_is_not_refused_for_what_has_become_of_the_row() {
    // Those who ask are told early that it takes longer, so that the step that is held is not given up meanwhile.
    let settings = TestSettings { answer_within_ms: 1_000, step_seconds: 60, ..TestSettings::default() };
    let app = TestApp::start_with(settings).await;
    let mut ada = Person::register(&app).await;
    let show_id = put_on(&mut ada, &HALL, minding("refuse")).await;
    let row = &rows(&app, show_id).await["A"];
    // The first seat is one of a kind, so that it is sold although it leaves the second one single.
    let moved = json!({ "action": "move", "category": "premium", "seatIds": [row[0]] });
    let moved = ada.send(Method::POST, &format!("/shows/{show_id}/allocations"), Some(moved)).await;
    assert_eq!(moved.status, StatusCode::NO_CONTENT, "{moved:?}");

    // The third and the fourth are claimed while there are two beside them, and are not opened yet.
    let buyer = app.buyer();
    let gate = Arc::new(Gate::default());
    let booking_id = buyer.booking_for("slow");
    app.faults.plan(booking_id, "booking.open", Fault::Hold(Arc::clone(&gate)));
    let first = {
        let (buyer, picked) = (buyer.clone(), row[2..4].to_vec());
        tokio::spawn(async move { buyer.book_with("slow", show_id, &picked).await })
    };
    gate.reached().await;
    let other = app.buyer();
    let alone = other.book(show_id, &row[..1]).await;
    let alone = other.opened(alone, Duration::from_secs(20)).await;
    let again = buyer.book_with("slow", show_id, &row[2..4]).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{again:?}");
    gate.open();
    assert!(first.await.unwrap().status.is_success());
    buyer.wait_for(booking_id, "awaiting_payment", Duration::from_secs(20)).await;
    let opened = buyer.book_with("slow", show_id, &row[2..4]).await;
    assert_eq!((opened.status, opened.booking_id()), (StatusCode::CREATED, booking_id), "{opened:?}");
    let new = buyer.book(show_id, &row[5..7]).await;
    is(&new, StatusCode::CONFLICT, "seats_stranded");
    assert_eq!(held(&new.body), [row[4]], "{new:?}");

    other.cancel(alone.booking_id()).await;
    buyer.cancel(booking_id).await;
    app.finish().await;
}
