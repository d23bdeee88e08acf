//! What partners plan over HTTP: venues, halls and events, each seen and changed by its own people only.

use domain::ids::{SeatId, ShowId};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::person::Person;
use testkit::{Answer, TestApp};

pub(crate) fn theatre() -> Value {
    json!({
        "name": "The Old Stage", "address": "1 High Street", "city": "Wien", "country": "AT", "timeZone": "Europe/Vienna",
    })
}

pub(crate) fn hamlet() -> Value {
    json!({
        "kind": "play", "titles": { "en": "Hamlet", "de": "Hamlet, Prinz von Dänemark" }, "languages": ["de"],
        "genres": ["tragedy"], "durationMinutes": 180,
    })
}

pub(crate) fn is(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}

pub(crate) fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// Writes something down, and gives its id.
pub(crate) async fn create(owner: &Person<'_>, path: &str, body: Value) -> String {
    let created = owner.send(Method::POST, path, Some(body)).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    text(&created.body["id"])
}

/// A show of a partner that is on sale.
pub(crate) struct Sale {
    pub(crate) partner: String,
    pub(crate) venue: String,
    pub(crate) show_id: ShowId,
}

/// Founds a partner and puts a show on in two days, in a hall that is drawn like this; `terms` is what else is said of
/// the show.
pub(crate) async fn put_on(owner: &mut Person<'_>, drawing: &str, terms: Value) -> Sale {
    let partner = owner.found("The Old Stage").await;
    let venue = create(owner, &format!("/partners/{partner}/venues"), theatre()).await;
    let hall = create(owner, &format!("/venues/{venue}/halls"), json!({ "name": "Main" })).await;
    let drawn = owner.send_text(Method::PUT, &format!("/halls/{hall}/seat-map"), drawing).await;
    assert_eq!(drawn.status, StatusCode::OK, "{drawn:?}");
    let event = create(owner, &format!("/partners/{partner}/events"), hamlet()).await;
    let mut wish = json!({ "eventId": event, "hallId": hall, "currency": "EUR", "startsAt": in_two_days() });
    wish.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
    let show_id = create(owner, &format!("/partners/{partner}/shows"), wish).await.parse().unwrap();
    Sale { partner, venue, show_id }
}

fn in_two_days() -> String {
    (Timestamp::now() + SignedDuration::from_hours(48)).to_string()
}

/// What the categories of [`HALL`] cost.
pub(crate) fn prices() -> Value {
    json!([
        { "category": "standard", "minor": 2000 },
        { "category": "premium", "minor": 3500 },
        { "category": "standing", "minor": 1200 },
    ])
}

/// The seats of a row, of all seats of a show.
pub(crate) fn of_row(seats: &Answer, row: &str) -> Vec<String> {
    let items = seats.body["items"].as_array().unwrap();
    items.iter().filter(|it| it["row"] == row).map(|it| text(&it["seatId"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Where something was written down.
fn address(created: &Answer) -> String {
    created.headers["location"].to_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned()
}

async fn change(person: &Person<'_>, path: &str, tag: &str, body: &Value) -> Answer {
    person.send_if_match(Method::PUT, path, tag, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_venue_is_described_changed_and_deleted_by_its_partner() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (Person::register(&app).await, Person::register(&app).await);
    let partner = ada.found("The Old Stage").await;
    eve.found("Another Stage").await;
    let list = format!("/partners/{partner}/venues");
    is(&eve.send(Method::POST, &list, Some(theatre())).await, StatusCode::NOT_FOUND, "not_found");

    let created = ada.send(Method::POST, &list, Some(theatre())).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    let venue = address(&created);
    let first = created.headers["etag"].to_str().unwrap().to_owned();
    is(&eve.send(Method::GET, &venue, None).await, StatusCode::NOT_FOUND, "not_found");
    is(&eve.send(Method::DELETE, &venue, None).await, StatusCode::NOT_FOUND, "not_found");

    let moved = change(&ada, &venue, &first, &with(theatre(), "address", json!("2 High Street"))).await;
    assert_eq!((moved.status, &moved.body["address"]), (StatusCode::OK, &json!("2 High Street")), "{moved:?}");
    assert_ne!(moved.headers["etag"], first);
    let lost = change(&ada, &venue, &first, &theatre()).await;
    is(&lost, StatusCode::PRECONDITION_FAILED, "changed");
    assert_eq!(ada.send(Method::PUT, &venue, Some(theatre())).await.status, StatusCode::OK, "whoever does not ask");

    let halls = format!("{venue}/halls");
    let hall = ada.send(Method::POST, &halls, Some(json!({ "name": "Main" }))).await;
    assert_eq!((hall.status, &hall.body["seats"]), (StatusCode::CREATED, &json!(0)), "{hall:?}");
    assert_eq!(ada.send(Method::GET, &halls, None).await.body["items"][0]["id"], hall.body["id"]);
    is(&ada.send(Method::DELETE, &venue, None).await, StatusCode::CONFLICT, "in_use");

    let other = ada.send(Method::POST, &list, Some(with(theatre(), "name", json!("The New Stage")))).await;
    let page = ada.send(Method::GET, &format!("{list}?limit=1"), None).await;
    let rest =
        ada.send(Method::GET, &format!("{list}?cursor={}", page.body["nextCursor"].as_str().unwrap()), None).await;
    let names: Vec<&Value> = [&page, &rest].iter().flat_map(|it| it.body["items"].as_array().unwrap()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let other = address(&other);
    assert_eq!(ada.send(Method::DELETE, &other, None).await.status, StatusCode::NO_CONTENT);
    is(&ada.send(Method::GET, &other, None).await, StatusCode::NOT_FOUND, "not_found");

    for (field, value) in [
        ("name", json!(" ")),
        ("city", json!("")),
        ("country", json!("Austria")),
        ("timeZone", json!("Europe/Atlantis")),
        ("address", json!("a\nb")),
    ] {
        let refused = ada.send(Method::POST, &list, Some(with(theatre(), field, value))).await;
        is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
        assert_eq!(refused.body["field"], field);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_read_by_everybody_and_changed_by_its_partner() {
    let app = TestApp::start().await;
    let (mut ada, eve) = (Person::register(&app).await, Person::register(&app).await);
    let partner = ada.found("The Old Stage").await;
    let list = format!("/partners/{partner}/events");
    let created = ada.send(Method::POST, &list, Some(hamlet())).await;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
    let event = address(&created);
    let tag = created.headers["etag"].to_str().unwrap().to_owned();

    let seen = testkit::person::send(&app, Method::GET, &event, None, None).await;
    assert_eq!((seen.status, &seen.body["titles"]["en"]), (StatusCode::OK, &json!("Hamlet")), "{seen:?}");
    is(&eve.send(Method::PUT, &event, Some(hamlet())).await, StatusCode::NOT_FOUND, "not_found");
    let longer = change(&ada, &event, &tag, &with(hamlet(), "durationMinutes", json!(240))).await;
    assert_eq!((longer.status, &longer.body["durationMinutes"]), (StatusCode::OK, &json!(240)), "{longer:?}");
    is(&change(&ada, &event, &tag, &hamlet()).await, StatusCode::PRECONDITION_FAILED, "changed");
    assert_eq!(ada.send(Method::GET, &list, None).await.body["items"].as_array().unwrap().len(), 1);

    for (field, value) in [
        ("titles", json!({})),
        ("titles", json!({ "no language": "Hamlet" })),
        ("titles", json!({ "en": "" })),
        ("languages", json!(["German"])),
        ("genres", json!([""])),
        ("durationMinutes", json!(0)),
        ("ageRating", json!("\u{7}")),
    ] {
        let refused = ada.send(Method::POST, &list, Some(with(hamlet(), field, value.clone()))).await;
        is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
        assert_eq!(refused.body["field"], field, "{value}");
    }
    assert_eq!(ada.send(Method::DELETE, &event, None).await.status, StatusCode::NO_CONTENT);
    is(&ada.send(Method::GET, &event, None).await, StatusCode::NOT_FOUND, "not_found");
    app.finish().await;
}

/// A hall in the text form: two rows with an aisle, and places to stand.
pub(crate) const HALL: &str = "\
section stalls, category standard
A 1-10, gap 5, premium
B 1-12, gap 6, accessible 1 12
section floor, 30 places, category standing
";

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_draws_a_hall_puts_a_show_on_and_somebody_books_it() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let venue = create(&ada, &format!("/partners/{partner}/venues"), theatre()).await;
    let hall = create(&ada, &format!("/venues/{venue}/halls"), json!({ "name": "Main" })).await;
    let event = create(&ada, &format!("/partners/{partner}/events"), hamlet()).await;

    let shows = format!("/partners/{partner}/shows");
    let wish = json!({
        "eventId": event, "hallId": hall, "currency": "EUR", "startsAt": in_two_days(), "prices": prices(),
    });
    let empty = ada.send(Method::POST, &shows, Some(wish.clone())).await;
    is(&empty, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(empty.body["field"], "hallId", "it has no seats yet");

    let path = format!("/halls/{hall}/seat-map");
    let drawn = ada.send_text(Method::PUT, &path, HALL).await;
    assert_eq!((drawn.status, &drawn.body["hall"]["seats"]), (StatusCode::OK, &json!(52)), "{drawn:?}");
    let wrong = ada.send_text(Method::PUT, &path, "section stalls\nA 1-x\nB 5-\n").await;
    is(&wrong, StatusCode::UNPROCESSABLE_ENTITY, "seat_map_refused");
    assert!(wrong.body["faults"].as_array().unwrap().len() >= 2, "{wrong:?}");

    for (field, value) in [
        ("eventId", json!("evt_00000000000000000000000000000000")),
        ("hallId", json!("hal_00000000000000000000000000000000")),
        ("prices", json!([])),
        ("prices", json!(prices().as_array().unwrap()[..2])),
        ("salesCloseAt", json!("2100-01-01T00:00:00Z")),
        ("holdSeconds", json!(0)),
        (
            "refundPolicy",
            json!([{ "untilMinutesBefore": 1, "percent": 10 }, { "untilMinutesBefore": 5, "percent": 20 }]),
        ),
    ] {
        let refused = ada.send(Method::POST, &shows, Some(with(wish.clone(), field, value))).await;
        is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
        assert_eq!(refused.body["field"], field, "{refused:?}");
    }
    let below_nothing = with(wish.clone(), "prices", json!([{ "category": "standard", "minor": -1 }]));
    is(&ada.send(Method::POST, &shows, Some(below_nothing)).await, StatusCode::BAD_REQUEST, "invalid_body");
    let forbidden = ada.send(Method::POST, &shows, Some(with(wish.clone(), "singleSeats", json!("forbid")))).await;
    is(&forbidden, StatusCode::BAD_REQUEST, "invalid_body");
    assert_eq!(forbidden.body["field"], "singleSeats");
    let created = ada.send(Method::POST, &shows, Some(wish.clone())).await;
    assert_eq!((created.status, &created.body["singleSeats"]), (StatusCode::CREATED, &json!("allow")), "{created:?}");
    let show = text(&created.body["id"]);
    let seats = ada.send(Method::GET, &format!("/shows/{show}/seats"), None).await;
    assert_eq!(seats.body["counts"]["available"], 52, "{seats:?}");
    let of_row = |row: &str| of_row(&seats, row);

    let allocate = |body: Value| {
        let (ada, path) = (&ada, format!("/shows/{show}/allocations"));
        async move { ada.send(Method::POST, &path, Some(body)).await }
    };
    let blocked = allocate(json!({ "action": "block", "seatIds": of_row("A") })).await;
    assert_eq!(blocked.status, StatusCode::NO_CONTENT, "{blocked:?}");
    let show_id: ShowId = show.parse().unwrap();
    let seat = |id: &str| -> SeatId { id.parse().unwrap() };
    let buyer = app.buyer();
    let refused = buyer.book(show_id, &[seat(&of_row("A")[0])]).await;
    is(&refused, StatusCode::CONFLICT, "seats_taken");
    let released = allocate(json!({ "action": "release", "seatIds": of_row("A") })).await;
    assert_eq!(released.status, StatusCode::NO_CONTENT, "{released:?}");
    let booked = buyer.book(show_id, &[seat(&of_row("A")[0]), seat(&of_row("B")[0])]).await;
    assert_eq!((booked.status, &booked.body["amount"]["minor"]), (StatusCode::CREATED, &json!(5500)), "{booked:?}");
    let refused = allocate(json!({ "action": "block", "seatIds": of_row("B") })).await;
    is(&refused, StatusCode::CONFLICT, "seats_taken");
    assert_eq!(refused.body["detail"], "1 of the seats are held or sold; no seat was changed");
    let unpriced = allocate(json!({ "action": "move", "category": "box", "seatIds": of_row("B")[1..] })).await;
    is(&unpriced, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    let moved = allocate(json!({ "action": "move", "category": "premium", "seatIds": of_row("B")[1..] })).await;
    assert_eq!(moved.status, StatusCode::NO_CONTENT, "{moved:?}");

    // What was drawn and sold cannot be drawn away; what changes about the others does.
    is(&ada.send_text(Method::PUT, &path, "section stalls\nA 1-10\n").await, StatusCode::CONFLICT, "in_use");
    let tag = created.headers["etag"].to_str().unwrap();
    let mut change = wish;
    for field in ["eventId", "hallId", "currency"] {
        change.as_object_mut().unwrap().remove(field);
    }
    change["prices"] = json!([{ "category": "premium", "minor": 9900 }, { "category": "standard", "minor": 1 }]);
    change["singleSeats"] = json!("refuse");
    let unpriced = ada.send_if_match(Method::PUT, &format!("/shows/{show}"), tag, &change).await;
    is(&unpriced, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(unpriced.body["field"], "prices");
    assert!(unpriced.body["detail"].as_str().unwrap().contains("`standing`"), "{unpriced:?}");
    let kept_back = allocate(json!({ "action": "block", "seatIds": of_row("") })).await;
    assert_eq!(kept_back.status, StatusCode::NO_CONTENT, "{kept_back:?}");
    let changed = ada.send_if_match(Method::PUT, &format!("/shows/{show}"), tag, &change).await;
    assert_eq!((changed.status, &changed.body["singleSeats"]), (StatusCode::OK, &json!("refuse")), "{changed:?}");
    let again = ada.send_if_match(Method::PUT, &format!("/shows/{show}"), tag, &change).await;
    is(&again, StatusCode::PRECONDITION_FAILED, "changed");
    let unpriced = allocate(json!({ "action": "release", "seatIds": of_row("") })).await;
    is(&unpriced, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(unpriced.body["field"], "seatIds");
    assert_eq!(buyer.booking(booked.booking_id()).await.body["amount"]["minor"], 5500, "what was bought stays");
    buyer.cancel(booked.booking_id()).await;
    app.finish().await;
}

/// Changes a show, and gives what it is then.
async fn replan(person: &Person<'_>, show_id: ShowId, terms: Value) -> Value {
    let changed = person.send(Method::PUT, &format!("/shows/{show_id}"), Some(terms)).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    changed.body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_a_show_does_not_say_stays() {
    const ROW: &str = "section stalls\nA 1-4\n";
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (Person::register(&app).await, Person::register(&app).await);
    let brief = json!({ "startsAt": "2099-12-24T19:00:00Z", "prices": [{ "category": "standard", "minor": 2000 }] });
    let mut full = brief.clone();
    let rules = json!({
        "salesOpenAt": "2026-01-01T00:00:00Z", "salesCloseAt": "2099-12-24T12:00:00Z", "holdSeconds": 120,
        "refundPolicy": [{ "untilMinutesBefore": 60, "percent": 70 }], "singleSeats": "warn",
    });
    full.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    let show = put_on(&mut ada, ROW, full).await.show_id;
    let later = with(brief.clone(), "startsAt", json!("2099-12-25T19:00:00Z"));
    let changed = replan(&ada, show, later.clone()).await;
    assert_eq!(changed["startsAt"], "2099-12-25T19:00:00Z");
    for (field, value) in rules.as_object().unwrap() {
        assert_eq!(&changed[field], value, "{field}");
    }
    let none_back = replan(&ada, show, with(later.clone(), "refundPolicy", json!([]))).await;
    assert_eq!((&none_back["refundPolicy"], &none_back["holdSeconds"]), (&json!([]), &json!(120)));
    let still_none = replan(&ada, show, with(later.clone(), "holdSeconds", json!(60))).await;
    assert_eq!((&still_none["refundPolicy"], &still_none["holdSeconds"]), (&json!([]), &json!(60)));

    // Sales that end with the beginning move along with it.
    let until_it_begins = put_on(&mut eve, ROW, brief).await.show_id;
    let moved = replan(&eve, until_it_begins, later).await;
    assert_eq!(moved["salesCloseAt"], "2099-12-25T19:00:00Z");
    assert_eq!((&moved["holdSeconds"], &moved["singleSeats"]), (&json!(300), &json!("allow")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_seats_of_a_large_hall_are_kept_back_at_once() {
    const PLACES: usize = 2_500;
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let drawing = format!("section floor, {PLACES} places\n");
    let terms = json!({ "prices": [{ "category": "standard", "minor": 2000 }] });
    let show_id = put_on(&mut ada, &drawing, terms).await.show_id;
    let seats: Vec<SeatId> = app.store.show_seats(show_id).await.unwrap().iter().map(|seat| seat.seat_id).collect();
    assert_eq!(seats.len(), PLACES);
    let path = format!("/shows/{show_id}/allocations");
    let blocked = ada.send(Method::POST, &path, Some(json!({ "action": "block", "seatIds": seats }))).await;
    assert_eq!(blocked.status, StatusCode::NO_CONTENT, "{blocked:?}");
    let shown = ada.send(Method::GET, &format!("/shows/{show_id}/seats"), None).await;
    assert_eq!(shown.body["counts"]["blocked"], PLACES);

    let too_many = vec![seats[0]; app::show_plan::SEATS_AT_ONCE + 1];
    let refused = ada.send(Method::POST, &path, Some(json!({ "action": "release", "seatIds": too_many }))).await;
    is(&refused, StatusCode::UNPROCESSABLE_ENTITY, "invalid_value");
    assert_eq!(refused.body["field"], "seatIds");
    app.finish().await;
}
