//! Offers over HTTP: what partners take off, what a quote says of it, and what is paid and earned in the end.

use std::time::Duration;

use domain::ids::{SeatId, ShowId};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::TestApp;
use testkit::buyer::GOOD_CARD;
use testkit::person::{Person, send};

use crate::planning::{self, HALL, Sale, create, is, of_row, prices, with};

/// Puts a show on that starts at a time of day in Vienna, in two days; and gives the seats of row B, all of one price.
async fn put_on(owner: &mut Person<'_>, starts: Time) -> (Sale, Vec<SeatId>) {
    let vienna = TimeZone::get("Europe/Vienna").unwrap();
    let day = Timestamp::now().to_zoned(vienna.clone()).date().tomorrow().unwrap().tomorrow().unwrap();
    let starts_at = day.to_datetime(starts).to_zoned(vienna).unwrap().timestamp();
    let terms = json!({ "startsAt": starts_at.to_string(), "prices": prices() });
    let sale = planning::put_on(owner, HALL, terms).await;
    let seats = owner.send(Method::GET, &format!("/shows/{}/seats", sale.show_id), None).await;
    (sale, of_row(&seats, "B").iter().map(|seat| seat.parse().unwrap()).collect())
}

async fn quote(app: &TestApp, show_id: ShowId, seats: &[SeatId], code: Option<&str>) -> Value {
    let wish = json!({ "showId": show_id, "seatIds": seats, "code": code });
    let quoted = send(app, Method::POST, "/quotes", None, Some(wish)).await;
    assert_eq!(quoted.status, StatusCode::OK, "{quoted:?}");
    quoted.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_explains_itself_and_is_what_is_paid() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let (Sale { partner, venue, show_id }, seats) = put_on(&mut ada, Time::constant(14, 0, 0, 0)).await;
    let offers = format!("/partners/{partner}/offers");
    create(&ada, &offers, json!({ "name": "Third ticket", "nth": 3, "percent": 50 })).await;
    let scope = json!({ "kind": "venue", "venueId": venue });
    let afternoon =
        json!({ "name": "Afternoons", "scope": scope, "startsFrom": "12:00", "startsUntil": "17:00", "percent": 20 });
    create(&ada, &offers, afternoon).await;
    let code = json!({
        "name": "Premiere", "code": "premiere", "amount": { "minor": 100, "currency": "EUR" }, "uses": 1,
    });
    let limited = create(&ada, &offers, code).await;
    let admin = app.admin();
    let terms = json!({ "perSeat": { "minor": 50, "currency": "EUR" }, "commission": 500 });
    let agreed = admin.send(admin.put(&format!("/partners/{partner}/fee-terms")).json(&terms)).await;
    assert_eq!(agreed.status, StatusCode::OK, "{agreed:?}");
    let refused = ada.send(Method::PUT, &format!("/partners/{partner}/fee-terms"), Some(terms.clone())).await;
    is(&refused, StatusCode::FORBIDDEN, "forbidden");

    let two = quote(&app, show_id, &seats[..2], None).await;
    assert_eq!(two["hint"], "One more seat and the 3rd ticket is half price", "{two}");
    // 3 times 20.00 less 20 %, the third of them at half of that, and 0.50 for each.
    let three = quote(&app, show_id, &seats[..3], None).await;
    assert_eq!(three["total"]["minor"], 1600 + 1600 + 800 + 150, "{three}");
    assert_eq!(three["fees"][0]["amount"]["minor"], 150);
    let lines = three["lines"].as_array().unwrap();
    let why = lines.iter().flat_map(|line| line["discounts"].as_array().unwrap());
    assert_eq!(why.count(), 4, "three afternoons and a third ticket: {three}");
    assert!(three.get("commission").is_none(), "customers do not see it");
    let with_code = quote(&app, show_id, &seats[..3], Some("Premiere")).await;
    assert_eq!(with_code["total"]["minor"], 1500 + 1500 + 700 + 150, "{with_code}");
    let wrong = quote(&app, show_id, &seats[..1], Some("GALA")).await;
    assert_eq!(wrong["unused"].as_array().unwrap().len(), 1, "{wrong}");

    let buyer = app.buyer();
    let booked = buyer.book_with_code(show_id, &seats[..3], "premiere").await;
    assert_eq!((booked.status, &booked.body["amount"]["minor"]), (StatusCode::CREATED, &json!(3850)), "{booked:?}");
    buyer.pay(&booked, GOOD_CARD).await;
    buyer.wait_for(booked.booking_id(), "confirmed", Duration::from_secs(20)).await;
    let bought = buyer.send(buyer.get(&format!("/bookings/{}/seats", booked.booking_id()))).await;
    assert_eq!(bought.body["total"]["minor"], 3850);
    assert_eq!(bought.body["items"][0]["discounts"].as_array().unwrap().len(), 2, "{bought:?}");

    let used = ada.send(Method::GET, &format!("/offers/{limited}"), None).await;
    assert_eq!((&used.body["uses"], &used.body["used"]), (&json!(1), &json!(1)), "{used:?}");
    let late = quote(&app, show_id, &seats[..1], Some("PREMIERE")).await;
    assert_eq!(late["unused"].as_array().unwrap().len(), 1, "it is used up: {late}");
    let earned = ada.send(Method::GET, &format!("/partners/{partner}/earnings"), None).await;
    let sums = json!([earned.body["items"][0]["fees"]["minor"], earned.body["items"][0]["commission"]["minor"]]);
    assert_eq!(sums, json!([150, 185]), "5 % of 37.00: {earned:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_makes_no_sense_is_refused_by_the_name_of_its_field() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (Person::register(&app).await, Person::register(&app).await);
    let partner = ada.found("The Old Stage").await;
    eve.found("Another Stage").await;
    let path = format!("/partners/{partner}/offers");
    let offer = json!({ "name": "Half price", "percent": 50 });
    for (field, named, value) in [
        ("name", "name", json!(" ")),
        ("scope", "scope.city", json!({ "kind": "city" })),
        ("code", "code", json!("a b")),
        ("atLeast", "atLeast", json!(1)),
        ("startsFrom", "startsFrom", json!("noon")),
        ("startsFrom", "startsFrom", json!("12:00")),
        ("firstDate", "firstDate", json!("tomorrow")),
        ("nth", "nth", json!(11)),
        ("percent", "percent", json!(0)),
        ("amount", "percent", json!({ "minor": 1, "currency": "EUR" })),
        ("uses", "uses", json!(10)),
    ] {
        let refused = ada.send(Method::POST, &path, Some(with(offer.clone(), field, value.clone()))).await;
        is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
        assert_eq!(refused.body["field"], named, "{value}");
    }
    is(&eve.send(Method::POST, &path, Some(offer.clone())).await, StatusCode::NOT_FOUND, "not_found");
    let created = ada.send(Method::POST, &path, Some(offer.clone())).await;
    let (at, tag) = (format!("/offers/{}", created.body["id"].as_str().unwrap()), created.headers["etag"].clone());
    is(&eve.send(Method::GET, &at, None).await, StatusCode::NOT_FOUND, "not_found");
    let off = with(offer.clone(), "active", json!(false));
    let changed = ada.send_if_match(Method::PUT, &at, tag.to_str().unwrap(), &off).await;
    assert_eq!((changed.status, &changed.body["active"]), (StatusCode::OK, &json!(false)), "{changed:?}");
    is(
        &ada.send_if_match(Method::PUT, &at, tag.to_str().unwrap(), &offer).await,
        StatusCode::PRECONDITION_FAILED,
        "changed",
    );
    let listed = ada.send(Method::GET, &path, None).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    app.finish().await;
}
