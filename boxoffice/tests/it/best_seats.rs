//! Booking without choosing: the best seats together are picked, and the ones that are told are the ones that are held.

use std::collections::{BTreeMap, BTreeSet};

use domain::best_available::{BestWish, Choice, Focus, SeatCount, choose};
use domain::ids::{SeatId, ShowId};
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::TestApp;
use testkit::person::Person;
use uuid::Uuid;

use crate::planning::{self, is};

/// The rows of the hall, each of sixteen seats.
const ROWS: [char; 10] = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'];

/// Puts a show on in a hall of these rows.
async fn put_on(owner: &mut Person<'_>) -> ShowId {
    let rows: String = ROWS.iter().map(|row| format!("{row} 1-16\n")).collect();
    let prices = json!([{ "category": "standard", "minor": 2000 }]);
    let drawing = format!("section stalls, category standard\n{rows}");
    planning::put_on(owner, &drawing, json!({ "prices": prices })).await.show_id
}

/// Where a seat is: its row, and its number.
async fn places(app: &TestApp, show_id: ShowId) -> BTreeMap<SeatId, (String, u32)> {
    let seats = app.store.show_seats(show_id).await.unwrap();
    assert_eq!(seats.len(), 160);
    seats.into_iter().map(|seat| (seat.seat_id, (seat.row, seat.number.parse().unwrap()))).collect()
}

fn held(body: &Value) -> Vec<SeatId> {
    body["seatIds"].as_array().unwrap().iter().map(|seat| seat.as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_sits_together_in_the_middle() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let show_id = put_on(&mut ada).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_is_refused_for_a_reason() {
    const ASKERS: usize = 60;
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let show_id = put_on(&mut ada).await;
    let places = places(&app, show_id).await;
    let four = json!({ "count": 4 });
    let asked = join_all((0..ASKERS).map(|_| {
        let (buyer, four) = (app.buyer(), &four);
        async move {
            let answer = buyer.book_best("group", show_id, four).await;
            (buyer, answer)
        }
    }));
    let mut taken = BTreeSet::new();
    let mut winners = Vec::new();
    for (buyer, answer) in asked.await {
        match answer.status {
            StatusCode::CREATED => {
                let seats = held(&answer.body);
                let mut numbers: Vec<_> = seats.iter().map(|seat| places[seat].clone()).collect();
                numbers.sort();
                assert!(numbers.windows(2).all(|two| two[0].0 == two[1].0 && two[0].1 + 1 == two[1].1), "{numbers:?}");
                assert!(seats.iter().all(|seat| taken.insert(*seat)), "a seat was given twice: {answer:?}");
                winners.push((buyer, answer.booking_id()));
            }
            StatusCode::ACCEPTED => winners.push((buyer, answer.booking_id())),
            _ => is(&answer, StatusCode::CONFLICT, "not_together"),
        }
    }
    // A group in the middle of a row leaves a group and a pair on each side of it.
    assert!((30..=40).contains(&winners.len()), "{} fours", winners.len());
    let seats = app.store.show_seats(show_id).await.unwrap();
    let wish = BestWish {
        count: SeatCount::parse(4).unwrap(),
        category: None,
        section: None,
        accessible: false,
        split: false,
    };
    assert!(matches!(choose(&seats, &wish, Focus::Middle), Choice::NotTogether { .. }), "there were four together");
    join_all(winners.iter().map(|(buyer, booking_id)| buyer.cancel(*booking_id))).await;
    app.finish().await;
}
