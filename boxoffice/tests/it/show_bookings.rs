//! The bookings of a show, as those see them who sell it: all of them, and nothing of who has made them.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ids::SeatId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::buyer::GOOD_CARD;
use testkit::person::Person;
use testkit::{Answer, TestApp};

use crate::planning::{HALL, is, of_row, prices, put_on};

/// How long a payment takes to be seen.
const PAID_WITHIN: Duration = Duration::from_secs(30);

/// Has somebody work for a partner.
async fn employ(owner: &Person<'_>, partner: &str, person: &Person<'_>) {
    let staff = json!({ "email": person.email, "role": "staff" });
    let employed = owner.send(Method::PUT, &format!("/partners/{partner}/members"), Some(staff)).await;
    assert_eq!(employed.status, StatusCode::NO_CONTENT, "{employed:?}");
}

/// The seats of the first row of a show.
async fn first_row(owner: &Person<'_>, show: &str) -> Vec<SeatId> {
    let seats = owner.send(Method::GET, &format!("/shows/{show}/seats"), None).await;
    of_row(&seats, "A").iter().map(|seat| seat.parse().unwrap()).collect()
}

async fn post_with_key(app: &TestApp, person: &Person<'_>, path: &str) -> Answer {
    app.buyer().send(person.request(Method::POST, path).header("Idempotency-Key", "a-key")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_look_at_a_booking_of_their_show_and_leave_it_alone() {
    let app = TestApp::start().await;
    let (mut ada, bob) = (Person::register(&app).await, Person::register(&app).await);
    let mut eve = Person::register(&app).await;
    let sale = put_on(&mut ada, HALL, json!({ "prices": prices() })).await;
    employ(&ada, &sale.partner, &bob).await;
    eve.found("Another Stage").await;
    let row = first_row(&ada, &sale.show_id.to_string()).await;
    let buyer = app.buyer();
    let booked = buyer.book(sale.show_id, &row[..2]).await;
    assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    assert!(booked.body["payment"]["paymentPage"].is_string(), "{booked:?}");

    let booking = format!("/bookings/{}", booked.booking_id());
    let parts = [booking.clone(), format!("{booking}/timeline"), format!("{booking}/seats")];
    for member in [&ada, &bob] {
        let seen = member.send(Method::GET, &booking, None).await;
        assert_eq!((seen.status, seen.state()), (StatusCode::OK, "awaiting_payment"), "{seen:?}");
        assert_eq!(seen.body["seatIds"], booked.body["seatIds"]);
        let payment = &seen.body["payment"];
        assert_eq!(
            (&payment["attempt"], &payment["paymentPage"]),
            (&json!(1), &Value::Null),
            "where it is paid is theirs"
        );
        let timeline = member.send(Method::GET, &parts[1], None).await;
        assert_eq!((timeline.status, &timeline.body["items"][0]["code"]), (StatusCode::OK, &json!("seats_held")));
        assert_eq!(member.send(Method::GET, &parts[2], None).await.status, StatusCode::OK);
        let refused = post_with_key(&app, member, &format!("{booking}/cancel")).await;
        is(&refused, StatusCode::NOT_FOUND, "not_found");
        let refused = post_with_key(&app, member, &format!("{booking}/verify-payment")).await;
        is(&refused, StatusCode::NOT_FOUND, "not_found");
    }
    let stranger = Person::register(&app).await;
    for path in &parts {
        is(&eve.send(Method::GET, path, None).await, StatusCode::NOT_FOUND, "not_found");
        is(&stranger.send(Method::GET, path, None).await, StatusCode::NOT_FOUND, "not_found");
    }
    let left = format!("/partners/{}/members/{}", sale.partner, bob.customer_id);
    assert_eq!(ada.send(Method::DELETE, &left, None).await.status, StatusCode::NO_CONTENT);
    is(&bob.send(Method::GET, &booking, None).await, StatusCode::NOT_FOUND, "not_found");

    let own = buyer.booking(booked.booking_id()).await;
    assert_eq!((own.state(), &own.body["payment"]), ("awaiting_payment", &booked.body["payment"]), "nothing was done");
    let admin = app.admin();
    let operated = admin.booking(booked.booking_id()).await;
    assert_eq!(operated.body["payment"], booked.body["payment"], "operators step in");
    buyer.cancel(booked.booking_id()).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bookings_of_a_show_are_listed_for_those_who_sell_it() {
    let app = TestApp::start().await;
    let (mut ada, bob) = (Person::register(&app).await, Person::register(&app).await);
    let mut eve = Person::register(&app).await;
    let sale = put_on(&mut ada, HALL, json!({ "prices": prices() })).await;
    employ(&ada, &sale.partner, &bob).await;
    eve.found("Another Stage").await;
    let row = first_row(&ada, &sale.show_id.to_string()).await;
    let path = format!("/shows/{}/bookings", sale.show_id);
    let none_yet = ada.send(Method::GET, &path, None).await;
    assert_eq!(none_yet.body, json!({ "items": [], "nextCursor": null }), "{none_yet:?}");

    let (waiting, paying, leaving) = (app.buyer(), app.buyer(), app.buyer());
    let open = waiting.book(sale.show_id, &row[..1]).await;
    let paid = paying.book(sale.show_id, &row[1..3]).await;
    paying.pay(&paid, GOOD_CARD).await;
    paying.wait_for(paid.booking_id(), "confirmed", PAID_WITHIN).await;
    let left = leaving.book(sale.show_id, &row[3..4]).await;
    assert_eq!(leaving.cancel(left.booking_id()).await.state(), "cancelled");

    let all = bob.send(Method::GET, &path, None).await;
    assert_eq!((all.status, &all.body["nextCursor"]), (StatusCode::OK, &Value::Null), "{all:?}");
    let items = all.body["items"].as_array().unwrap();
    let expected = [(&open, "awaiting_payment"), (&left, "cancelled"), (&paid, "confirmed")];
    assert_eq!(items.len(), expected.len(), "{all:?}");
    for (item, (booked, state)) in items.iter().zip(expected) {
        let fields: BTreeSet<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            BTreeSet::from(["amount", "createdAt", "id", "seatIds", "state"]),
            "nothing of the customer"
        );
        assert_eq!(item["state"], state);
        for field in ["amount", "createdAt", "id", "seatIds"] {
            assert_eq!(item[field], booked.body[field], "{field} of {state}");
        }
    }

    let mut paged = Vec::new();
    let mut next = format!("{path}?limit=1");
    loop {
        let page = ada.send(Method::GET, &next, None).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        paged.extend(page.body["items"].as_array().unwrap().clone());
        let Some(cursor) = page.body["nextCursor"].as_str() else { break };
        next = format!("{path}?limit=1&cursor={cursor}");
    }
    assert_eq!(&paged, items);
    let confirmed = ada.send(Method::GET, &format!("{path}?state=confirmed"), None).await;
    assert_eq!(confirmed.body["items"], json!([items[2]]), "{confirmed:?}");
    let admin = app.admin();
    let operated = admin.send(admin.get(&path)).await;
    assert_eq!((operated.status, &operated.body), (StatusCode::OK, &all.body));

    for (query, field) in [("state=lost", "state"), ("cursor=nonsense", "cursor"), ("limit=0", "limit")] {
        let refused = ada.send(Method::GET, &format!("{path}?{query}"), None).await;
        is(&refused, StatusCode::BAD_REQUEST, "invalid_parameter");
        assert_eq!(refused.body["field"], field, "{refused:?}");
    }
    is(&eve.send(Method::GET, &path, None).await, StatusCode::NOT_FOUND, "not_found");
    let customer = waiting.send(waiting.get(&path)).await;
    is(&customer, StatusCode::NOT_FOUND, "not_found");
    let unknown = ada.send(Method::GET, "/shows/sho_ffffffffffffffffffffffffffffffff/bookings", None).await;
    is(&unknown, StatusCode::NOT_FOUND, "not_found");
    waiting.cancel(open.booking_id()).await;
    app.finish().await;
}
