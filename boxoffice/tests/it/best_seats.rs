//! Booking without choosing: the best seats together are picked, and the ones that are told are the ones that are held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::best_available::{BestWish, Choice, Focus, SeatCount, choose};
use domain::ids::{SeatId, ShowId};
use domain::show_seat::{ShowSeat, ShowSeatState};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::person::Person;
use testkit::{TestApp, TestSettings, eventually};
use uuid::Uuid;

use crate::planning::{hamlet, is, theatre};

/// Puts a show on in a hall with rows of these lengths, for this price.
async fn put_on(owner: &mut Person<'_>, rows: &[u32], minor: i64) -> ShowId {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let partner = owner.found("The Old Stage").await;
    let owner = &*owner;
    let create = async |path: String, body: Value| {
        let created = owner.send(Method::POST, &path, Some(body)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        text(&created.body["id"])
    };
    let venue = create(format!("/partners/{partner}/venues"), theatre()).await;
    let hall = create(format!("/venues/{venue}/halls"), json!({ "name": "Main" })).await;
    let drawn: String = ('A'..).zip(rows).map(|(row, seats)| format!("{row} 1-{seats}\n")).collect();
    let drawing = format!("section stalls, category standard\n{drawn}");
    let drawn = owner.send_text(Method::PUT, &format!("/halls/{hall}/seat-map"), &drawing).await;
    assert_eq!(drawn.body["hall"]["seats"], rows.iter().sum::<u32>(), "{drawn:?}");
    let event = create(format!("/partners/{partner}/events"), hamlet()).await;
    let starts_at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string();
    let prices = json!([{ "category": "standard", "minor": minor }]);
    let wish = json!({ "eventId": event, "hallId": hall, "currency": "EUR", "startsAt": starts_at, "prices": prices });
    create(format!("/partners/{partner}/shows"), wish).await.parse().unwrap()
}

/// Where a seat is: its row, and its number.
async fn places(app: &TestApp, show_id: ShowId) -> BTreeMap<SeatId, (String, u32)> {
    let seats = app.store.show_seats(show_id).await.unwrap();
    seats.into_iter().map(|seat| (seat.seat_id, (seat.row, seat.number.parse().unwrap()))).collect()
}

fn held(body: &Value) -> Vec<SeatId> {
    body["seatIds"].as_array().unwrap().iter().map(|seat| seat.as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_sits_together_in_the_middle() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let show_id = put_on(&mut ada, &[16; 10], 2000).await;
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
    let show_id = put_on(&mut ada, &ROWS, 0).await;
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
