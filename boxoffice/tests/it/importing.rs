//! A theatre's own system over HTTP: what it has is imported, what it sells is not sold here.

use std::time::Duration;

use domain::ids::{SeatId, ShowId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::buyer::GOOD_CARD;
use testkit::person::Person;
use testkit::{Answer, TestApp};

use crate::planning::{HALL, hamlet, is, theatre, with};

/// How long a payment takes to be seen.
const PAID_WITHIN: Duration = Duration::from_secs(30);

/// A small theatre: a building, two rooms of it, a play, and two evenings.
fn small_theatre() -> Value {
    let starts_at = "2099-12-24T19:30:00.123456Z";
    let prices = json!([
        { "category": "standard", "minor": 2000 },
        { "category": "premium", "minor": 3500 },
        { "category": "standing", "minor": 1200 },
    ]);
    let show = json!({
        "externalId": "s-1", "event": "e-1", "hall": "h-1", "currency": "EUR", "startsAt": starts_at, "prices": prices,
    });
    json!({
        "venues": [with(theatre(), "externalId", json!("v-1"))],
        "halls": [
            { "externalId": "h-1", "venue": "v-1", "name": "Main", "rows": HALL },
            { "externalId": "h-2", "venue": "v-1", "name": "Cellar", "seatMap": {
                "sections": [{ "name": "cellar", "rows": [{ "row": "A", "seats": [{ "number": "1" }, { "number": "2" }] }] }],
            } },
        ],
        "events": [with(hamlet(), "externalId", json!("e-1"))],
        "shows": [
            with(show.clone(), "soldElsewhere", json!([
                "stalls/A/1", { "section": "stalls", "row": "B", "number": "12" }, "floor//7",
            ])),
            with(with(show, "externalId", json!("s-2")), "hall", json!("h-2")),
        ],
    })
}

/// How many things were created, changed, left and refused.
fn counts(answer: &Answer) -> [u64; 4] {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    ["created", "updated", "unchanged", "refused"].map(|name| answer.body[name].as_u64().unwrap())
}

/// What is told of a thing.
fn told<'a>(answer: &'a Answer, kind: &str, external_id: &str) -> &'a Value {
    let items = answer.body["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["kind"] == kind && item["externalId"] == external_id);
    found.unwrap_or_else(|| panic!("nothing is told of {kind} {external_id}: {answer:?}"))
}

async fn import(person: &Person<'_>, partner: &str, body: &Value) -> Answer {
    person.send(Method::POST, &format!("/partners/{partner}/imports"), Some(body.clone())).await
}

async fn import_csv(person: &Person<'_>, partner: &str, text: &str) -> Answer {
    person.send_as(Method::POST, &format!("/partners/{partner}/imports"), "text/csv; charset=utf-8", text).await
}

/// A show as it was told of when it was imported.
fn show_of(answer: &Answer, external_id: &str) -> ShowId {
    told(answer, "show", external_id)["id"].as_str().unwrap().parse().unwrap()
}

async fn seat_at(app: &TestApp, show_id: ShowId, row: &str, number: &str) -> SeatId {
    let seats = app.store.show_seats(show_id).await.unwrap();
    seats.into_iter().find(|seat| seat.row == row && seat.number == number).unwrap().seat_id
}

/// The names of the seats of a show that are blocked.
async fn blocked(app: &TestApp, show_id: ShowId) -> Vec<String> {
    let seats = app.store.show_seats(show_id).await.unwrap().into_iter();
    let blocked = seats.filter(|seat| seat.state == domain::show_seat::ShowSeatState::Blocked);
    let mut names: Vec<String> = blocked.map(|seat| format!("{}/{}/{}", seat.section, seat.row, seat.number)).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theatre_is_imported_once_however_often_it_is_sent() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let first = import(&ada, &partner, &small_theatre()).await;
    // The seats that are sold elsewhere are a thing of their own.
    assert_eq!(counts(&first), [6, 1, 0, 0], "{first:?}");
    let kinds: Vec<&Value> = first.body["items"].as_array().unwrap().iter().map(|item| &item["kind"]).collect();
    assert_eq!(kinds, ["venue", "hall", "hall", "event", "show", "sold_elsewhere", "show"]);
    assert_eq!(told(&first, "sold_elsewhere", "s-1")["blocked"], 3);

    let (main, cellar) = (show_of(&first, "s-1"), show_of(&first, "s-2"));
    assert_eq!(blocked(&app, main).await, ["floor//7", "stalls/A/1", "stalls/B/12"]);
    assert_eq!(app.store.show_seats(cellar).await.unwrap().len(), 2);
    let shown = ada.send(Method::GET, &format!("/shows/{main}"), None).await;
    assert_eq!((shown.status, &shown.body["event"]["titles"]["en"]), (StatusCode::OK, &json!("Hamlet")), "{shown:?}");

    let statuses = app.store.seat_statuses(main).await.unwrap();
    let second = import(&ada, &partner, &small_theatre()).await;
    assert_eq!(counts(&second), [0, 0, 7, 0], "{second:?}");
    assert_eq!((&second.body["items"], &second.body["conflicts"]), (&json!([]), &json!(0)));
    assert_eq!(app.store.seat_statuses(main).await.unwrap(), statuses, "no seat was written");
    let venue = told(&first, "venue", "v-1")["id"].as_str().unwrap();
    let venue = ada.send(Method::GET, &format!("/venues/{venue}"), None).await;
    let show = ada.send(Method::GET, &format!("/shows/{main}"), None).await;
    for (what, answer) in [("venue", &venue), ("show", &show)] {
        assert_eq!(answer.headers["etag"], "\"1\"", "no {what} was written");
    }

    let buyer = app.buyer();
    let refused = buyer.book(main, &[seat_at(&app, main, "A", "1").await]).await;
    is(&refused, StatusCode::CONFLICT, "seats_taken");
    let booked = buyer.book(main, &[seat_at(&app, main, "A", "2").await]).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    buyer.cancel(booked.booking_id()).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_all_is_told_the_ids_again() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let first = import(&ada, &partner, &small_theatre()).await;
    let names = |answer: &Answer| -> Vec<(Value, Value, Value)> {
        let items = answer.body["items"].as_array().unwrap();
        items.iter().map(|item| (item["kind"].clone(), item["externalId"].clone(), item["id"].clone())).collect()
    };
    let told = names(&first);
    assert!(told.iter().all(|(_, _, id)| id.is_string()), "{first:?}");

    let path = format!("/partners/{partner}/imports");
    let again = ada.send(Method::POST, &format!("{path}?all=true"), Some(small_theatre())).await;
    assert_eq!(counts(&again), [0, 0, 7, 0], "{again:?}");
    assert_eq!(names(&again), told);
    assert!(again.body["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "unchanged"), "{again:?}");
    let csv = "show,seat\ns-2,\n";
    let seats = ada.send_as(Method::POST, &format!("{path}?all=true"), "text/csv", csv).await;
    assert_eq!(names(&seats), [(json!("sold_elsewhere"), json!("s-2"), json!(show_of(&first, "s-2")))]);

    let news = ada.send(Method::POST, &format!("{path}?all=false"), Some(small_theatre())).await;
    assert_eq!((counts(&news), &news.body["items"]), ([0, 0, 7, 0], &json!([])), "{news:?}");
    let unclear = ada.send(Method::POST, &format!("{path}?all=perhaps"), Some(small_theatre())).await;
    is(&unclear, StatusCode::BAD_REQUEST, "invalid_parameter");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_changed_and_nothing_else() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let first = import(&ada, &partner, &small_theatre()).await;
    let main = show_of(&first, "s-1");

    // The same cellar in the other form, under another name; another title; another price.
    let mut changed = small_theatre();
    changed["halls"][1] =
        json!({ "externalId": "h-2", "venue": "v-1", "name": "Vault", "rows": "section cellar\nA 1 2" });
    changed["events"][0]["titles"]["en"] = json!("Hamlet, Prince of Denmark");
    changed["shows"][0]["prices"][0]["minor"] = json!(2100);
    changed["shows"][0]["soldElsewhere"] = json!(["stalls/A/1", "stalls/A/2"]);
    let second = import(&ada, &partner, &changed).await;
    assert_eq!(counts(&second), [0, 4, 3, 0], "{second:?}");
    let seats = told(&second, "sold_elsewhere", "s-1");
    assert_eq!((&seats["blocked"], &seats["released"]), (&json!(1), &json!(2)), "{seats}");
    assert_eq!(blocked(&app, main).await, ["stalls/A/1", "stalls/A/2"]);
    assert_eq!(counts(&import(&ada, &partner, &changed).await), [0, 0, 7, 0]);

    // A part of it, which says nothing of the seats: they stay as they are.
    let mut part = json!({ "shows": [changed["shows"][0]] });
    part["shows"][0].as_object_mut().unwrap().remove("soldElsewhere");
    assert_eq!(counts(&import(&ada, &partner, &part).await), [0, 0, 1, 0]);
    assert_eq!(blocked(&app, main).await, ["stalls/A/1", "stalls/A/2"]);

    // What somebody keeps back by hand is theirs, whatever is sold elsewhere.
    let by_hand = json!({ "action": "block", "seatIds": [seat_at(&app, main, "A", "2").await] });
    let path = format!("/shows/{main}/allocations");
    assert_eq!(ada.send(Method::POST, &path, Some(by_hand)).await.status, StatusCode::NO_CONTENT);
    part["shows"][0]["soldElsewhere"] = json!([]);
    assert_eq!(told(&import(&ada, &partner, &part).await, "sold_elsewhere", "s-1")["released"], 1);
    assert_eq!(blocked(&app, main).await, ["stalls/A/2"]);

    for (field, value) in [("hall", json!("h-2")), ("event", json!("e-9")), ("currency", json!("USD"))] {
        let moved = json!({ "shows": [with(small_theatre()["shows"][0].clone(), field, value)] });
        let refused = import(&ada, &partner, &moved).await;
        assert_eq!(told(&refused, "show", "s-1")["field"], field, "{refused:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_does_not_say_of_a_show_stays() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let rules = json!({
        "salesOpenAt": "2026-01-01T00:00:00Z", "salesCloseAt": "2099-12-24T12:00:00Z", "holdSeconds": 120,
        "refundPolicy": [{ "untilMinutesBefore": 60, "percent": 70 }], "singleSeats": "refuse",
    });
    let mut first = small_theatre();
    first["shows"][0].as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    let first = import(&ada, &partner, &first).await;
    assert_eq!(counts(&first), [6, 1, 0, 0], "{first:?}");
    let (main, cellar) = (show_of(&first, "s-1"), show_of(&first, "s-2"));
    let silent = import(&ada, &partner, &small_theatre()).await;
    assert_eq!(counts(&silent), [0, 0, 7, 0], "{silent:?}");

    let mut later = small_theatre();
    for show in later["shows"].as_array_mut().unwrap() {
        show["startsAt"] = json!("2099-12-25T19:30:00Z");
    }
    let moved = import(&ada, &partner, &later).await;
    assert_eq!(counts(&moved), [0, 2, 5, 0], "{moved:?}");
    let kept = ada.send(Method::GET, &format!("/shows/{main}"), None).await.body;
    for (field, value) in rules.as_object().unwrap() {
        assert_eq!(&kept[field], value, "{field}");
    }
    let until_it_begins = ada.send(Method::GET, &format!("/shows/{cellar}"), None).await.body;
    assert_eq!(until_it_begins["salesCloseAt"], "2099-12-25T19:30:00Z", "sales move along with the beginning");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_keeps_nothing_else_from_being_imported() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let mut mixed = small_theatre();
    let add = |list: &mut Value, thing: Value| list.as_array_mut().unwrap().push(thing);
    let nowhere = with(with(theatre(), "externalId", json!("v-2")), "timeZone", json!("Europe/Atlantis"));
    add(&mut mixed["venues"], nowhere);
    add(&mut mixed["venues"], theatre());
    add(&mut mixed["venues"], with(theatre(), "externalId", json!("v-1")));
    for (id, venue, rows) in
        [("h-3", "v-2", "section a\nA 1-2"), ("h-4", "v-1", "section a\nA 1-x"), ("h-5", "v-9", HALL)]
    {
        let hall = json!({ "externalId": id, "venue": venue, "name": "Another", "rows": rows });
        add(&mut mixed["halls"], hall);
    }
    add(&mut mixed["events"], with(with(hamlet(), "externalId", json!("e-2")), "durationMinutes", json!("long")));
    let show = mixed["shows"][0].clone();
    for (id, field, value) in [
        ("s-3", "hall", json!("h-3")),
        ("s-4", "event", json!("e-2")),
        ("s-5", "event", json!("e-9")),
        ("s-6", "prices", json!([])),
        ("s-7", "soldElsewhere", json!(["A1"])),
        ("s-8", "prices", json!([{ "category": "standard", "minor": 2000 }])),
        ("s-9", "soldElsewhere", json!("stalls/A/1")),
    ] {
        add(&mut mixed["shows"], with(with(show.clone(), "externalId", json!(id)), field, value));
    }
    let answer = import(&ada, &partner, &mixed).await;
    assert_eq!(counts(&answer), [7, 1, 0, 14], "{answer:?}");
    for (kind, id, code, field) in [
        ("venue", "v-2", "invalid_value", "timeZone"),
        ("venue", "", "invalid_body", "venues[2].externalId"),
        ("hall", "h-3", "invalid_value", "venue"),
        ("hall", "h-4", "seat_map_refused", "rows"),
        ("hall", "h-5", "invalid_value", "venue"),
        ("event", "e-2", "invalid_body", "durationMinutes"),
        ("show", "s-3", "invalid_value", "hall"),
        ("show", "s-4", "invalid_value", "event"),
        ("show", "s-5", "invalid_value", "event"),
        ("show", "s-6", "invalid_value", "prices"),
        ("sold_elsewhere", "s-7", "seats_unknown", "soldElsewhere"),
        ("show", "s-8", "invalid_value", "prices"),
        ("show", "s-9", "invalid_body", "soldElsewhere"),
    ] {
        let refused = told(&answer, kind, id);
        assert_eq!(refused["outcome"], "refused", "{refused}");
        assert_eq!((&refused["code"], &refused["field"]), (&json!(code), &json!(field)), "{refused}");
        assert!(refused["problem"].as_str().is_some_and(|words| words.len() > 5), "{refused}");
    }
    assert_eq!(told(&answer, "hall", "h-4")["faults"].as_array().unwrap().len(), 1, "{answer:?}");
    assert!(told(&answer, "show", "s-3")["problem"].as_str().unwrap().contains("`h-3`"), "{answer:?}");

    // A hall whose seats belong to shows keeps them. Its show is refused with it; what is sold elsewhere is not sold here.
    let mut smaller = small_theatre();
    smaller["halls"][0]["rows"] = json!(HALL.replace("A 1-10, gap 5", "A 2-10, gap 5"));
    smaller["halls"][0]["name"] = json!("Smaller");
    smaller["shows"][0]["soldElsewhere"] = json!(["stalls/A/1", "stalls/A/2"]);
    let answer = import(&ada, &partner, &smaller).await;
    assert_eq!(counts(&answer), [0, 1, 4, 2], "{answer:?}");
    let hall = told(&answer, "hall", "h-1");
    assert_eq!((&hall["code"], &hall["field"]), (&json!("in_use"), &json!("rows")), "{hall}");
    assert_eq!(hall["seats"], json!(["stalls/A/1"]));
    assert_eq!(told(&answer, "show", "s-1")["field"], "hall");
    assert_eq!(told(&answer, "sold_elsewhere", "s-1")["blocked"], 1);
    assert_eq!(counts(&import(&ada, &partner, &small_theatre()).await), [0, 1, 6, 0], "only the seats were other");

    let too_many = json!({ "venues": vec![json!({}); 5_001] });
    let refused = import(&ada, &partner, &too_many).await;
    is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(refused.body["field"], "body");
    let too_many = (0..5_001).fold("show,seat\n".to_owned(), |text, show| format!("{text}s-{show},\n"));
    let refused = import_csv(&ada, &partner, &too_many).await;
    is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(refused.body["field"], "body");
    let unknown = import(&ada, &partner, &json!({ "theatres": [] })).await;
    is(&unknown, StatusCode::BAD_REQUEST, "invalid_body");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_elsewhere_is_blocked_whatever_cannot_be_read_beside_it() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let main = show_of(&import(&ada, &partner, &small_theatre()).await, "s-1");
    let show = small_theatre()["shows"][0].clone();
    let sent = |field: &str, value: Value, seats: Value| json!({ "shows": [with(with(show.clone(), field, value), "soldElsewhere", seats)] });

    // A seat that is no seat's name is refused alone, and keeps the others from being given back.
    let misspelt = sent("currency", json!("Euro"), json!(["stalls/A/1", "A3", "stalls/A/2"]));
    let answer = import(&ada, &partner, &misspelt).await;
    assert_eq!(counts(&answer), [0, 0, 0, 2], "{answer:?}");
    assert_eq!(told(&answer, "show", "s-1")["field"], "currency");
    let seats = told(&answer, "sold_elsewhere", "s-1");
    assert_eq!((&seats["code"], &seats["seats"]), (&json!("seats_unknown"), &json!(["A3"])), "{seats}");
    assert_eq!((&seats["blocked"], &seats["released"]), (&json!(1), &json!(0)), "{seats}");
    assert_eq!(blocked(&app, main).await, ["floor//7", "stalls/A/1", "stalls/A/2", "stalls/B/12"]);

    let timeless = sent("startsAt", json!("tonight"), json!(["stalls/A/1"]));
    let answer = import(&ada, &partner, &timeless).await;
    assert_eq!(counts(&answer), [0, 1, 0, 1], "{answer:?}");
    assert_eq!(told(&answer, "sold_elsewhere", "s-1")["released"], 3);
    assert_eq!(blocked(&app, main).await, ["stalls/A/1"]);

    // What is no list says nothing of any seat. The show is as it is sent.
    let answer = import(&ada, &partner, &sent("currency", json!("EUR"), json!("stalls/A/2"))).await;
    assert_eq!(counts(&answer), [0, 0, 1, 1], "{answer:?}");
    assert_eq!(told(&answer, "sold_elsewhere", "s-1")["code"], "invalid_body");
    // Of two with one id, the first one counts, be it as it may.
    let mut twice = sent("currency", json!("Euro"), json!(["stalls/A/1"]));
    twice["shows"].as_array_mut().unwrap().push(with(show.clone(), "soldElsewhere", json!([])));
    assert_eq!(counts(&import(&ada, &partner, &twice).await), [0, 0, 1, 2]);
    assert_eq!(blocked(&app, main).await, ["stalls/A/1"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_is_sold_twice_is_told_and_left_alone() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let main = show_of(&import(&ada, &partner, &small_theatre()).await, "s-1");
    let buyer = app.buyer();
    let booked = buyer.book(main, &[seat_at(&app, main, "A", "5").await]).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");

    let mut theirs = json!({ "shows": [small_theatre()["shows"][0]] });
    theirs["shows"][0]["soldElsewhere"] = json!(["stalls/A/5", "stalls/A/6"]);
    let told_of = |answer: &Answer| {
        assert_eq!(answer.body["conflicts"], 1, "{answer:?}");
        told(answer, "sold_elsewhere", "s-1")["conflicts"][0].clone()
    };
    let held = told_of(&import(&ada, &partner, &theirs).await);
    assert_eq!(held, json!({ "seat": "stalls/A/5", "state": "held", "bookingId": booked.booking_id() }));
    assert_eq!(blocked(&app, main).await, ["stalls/A/6"]);
    let looked_at = ada.send(Method::GET, &format!("/bookings/{}", booked.booking_id()), None).await;
    assert_eq!((looked_at.status, looked_at.state()), (StatusCode::OK, "awaiting_payment"), "{looked_at:?}");

    buyer.pay(&booked, GOOD_CARD).await;
    buyer.wait_for(booked.booking_id(), "confirmed", PAID_WITHIN).await;
    // It is told every time, though nothing else has changed.
    let again = import(&ada, &partner, &theirs).await;
    assert_eq!(counts(&again), [0, 0, 2, 0], "{again:?}");
    assert_eq!(told_of(&again)["state"], "sold");
    assert_eq!(buyer.booking(booked.booking_id()).await.state(), "confirmed", "whoever bought it here has it");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_plans_for_a_partner_imports() {
    let app = TestApp::start().await;
    let (mut ada, bob) = (Person::register(&app).await, Person::register(&app).await);
    let mut eve = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    eve.found("Another Stage").await;
    let path = format!("/partners/{partner}/imports");
    let nobody = testkit::person::send(&app, Method::POST, &path, None, Some(small_theatre())).await;
    is(&nobody, StatusCode::UNAUTHORIZED, "unauthenticated");
    is(&import(&eve, &partner, &small_theatre()).await, StatusCode::NOT_FOUND, "not_found");
    is(&import(&bob, &partner, &small_theatre()).await, StatusCode::NOT_FOUND, "not_found");

    let members = format!("/partners/{partner}/members");
    let staff = json!({ "email": bob.email, "role": "staff" });
    assert_eq!(ada.send(Method::PUT, &members, Some(staff)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(counts(&import(&bob, &partner, &small_theatre()).await), [6, 1, 0, 0], "staff plans");
    let gone = ada.send(Method::DELETE, &format!("{members}/{}", bob.customer_id), None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    is(&import(&bob, &partner, &small_theatre()).await, StatusCode::NOT_FOUND, "not_found");
    is(&import_csv(&bob, &partner, "show,seat\ns-1,\n").await, StatusCode::NOT_FOUND, "not_found");
    // What they send is not even read.
    for (text, content_type) in [("{", "application/json"), ("s-1,stalls/A/1\n", "text/csv")] {
        is(&bob.send_as(Method::POST, &path, content_type, text).await, StatusCode::NOT_FOUND, "not_found");
        let refused = ada.send_as(Method::POST, &path, content_type, text).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    }

    // The same ids of another partner are other things.
    let theirs = eve.send(Method::GET, "/partners", None).await.body["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(counts(&import(&eve, &theirs, &small_theatre()).await), [6, 1, 0, 0]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_sold_elsewhere_come_as_csv() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let main = show_of(&import(&ada, &partner, &small_theatre()).await, "s-1");

    let label = "show,seat\ns-1,stalls/A/1\ns-1,stalls/A/2\ns-2,cellar/A/1\n";
    let answer = import_csv(&ada, &partner, label).await;
    assert_eq!(counts(&answer), [0, 2, 0, 0], "{answer:?}");
    let seats = told(&answer, "sold_elsewhere", "s-1");
    assert_eq!((&seats["blocked"], &seats["released"]), (&json!(1), &json!(2)), "each list is the whole list: {seats}");
    assert_eq!(blocked(&app, main).await, ["stalls/A/1", "stalls/A/2"]);
    assert_eq!(counts(&import_csv(&ada, &partner, label).await), [0, 0, 2, 0]);

    let names = "show,section,row,seat\ns-1,stalls,A,2\ns-1,floor,,9\n";
    assert_eq!(counts(&import_csv(&ada, &partner, names).await), [0, 1, 0, 0]);
    assert_eq!(blocked(&app, main).await, ["floor//9", "stalls/A/2"]);

    // A seat that the hall does not have may be a misnamed one: none is given back.
    let misnamed = import_csv(&ada, &partner, "show,seat\ns-1,stalls/Z/2\ns-1,stalls/A/3\ns-9,stalls/A/1\n").await;
    assert_eq!(counts(&misnamed), [0, 0, 0, 2], "{misnamed:?}");
    let seats = told(&misnamed, "sold_elsewhere", "s-1");
    assert_eq!((&seats["code"], &seats["seats"]), (&json!("seats_unknown"), &json!(["stalls/Z/2"])), "{seats}");
    assert_eq!(told(&misnamed, "sold_elsewhere", "s-9")["field"], "show");
    assert_eq!(blocked(&app, main).await, ["floor//9", "stalls/A/2", "stalls/A/3"]);

    assert_eq!(counts(&import_csv(&ada, &partner, "show,seat\ns-1,\n").await), [0, 1, 0, 0]);
    assert!(blocked(&app, main).await.is_empty(), "it has sold none of them any more");
    is(&import_csv(&ada, &partner, "s-1,stalls/A/1\n").await, StatusCode::BAD_REQUEST, "invalid_body");
    let plain = ada.send_text(Method::POST, &format!("/partners/{partner}/imports"), label).await;
    is(&plain, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    app.finish().await;
}
