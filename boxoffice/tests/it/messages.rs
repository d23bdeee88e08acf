//! Messages without a Kafka: what is published is read over HTTP, and the same consumers act on it.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::{Buyer, TestApp, eventually};

const SOON: Duration = Duration::from_secs(20);

/// Everything about a booking that an admin can read, a few messages at a time.
async fn told(admin: &Buyer, booking: &str) -> Vec<Value> {
    let (mut cursor, mut all) = (String::new(), Vec::new());
    loop {
        let path = format!("/admin/messages?limit=3{cursor}");
        let page = admin.send(admin.get(&path)).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = page.body["items"].as_array().unwrap().clone();
        if items.is_empty() {
            break;
        }
        all.extend(items);
        cursor = format!("&cursor={}", page.body["nextCursor"].as_str().unwrap());
    }
    all.retain(|message| message["subject"] == booking);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_published_in_order_and_the_order_service_hears_of_it() {
    let app = TestApp::start().await;
    let (buyer, admin) = (app.buyer(), app.admin());
    let booked = buyer.book(LONG_HOLD, &[seat(0), seat(1)]).await;
    let booking_id = booked.booking_id();
    buyer.pay(&booked, GOOD_CARD).await;
    buyer.wait_for(booking_id, "confirmed", SOON).await;
    let booking = booking_id.to_string();
    let expected =
        ["BookingCreated", "PaymentRequested", "PaymentConfirmed", "BookingConfirmed", "TicketIssued", "TicketIssued"];
    let messages = eventually("all is published", SOON, || async {
        let messages = told(&admin, &booking).await;
        (messages.len() == expected.len()).then_some(messages)
    })
    .await;
    for ((message, kind), number) in messages.iter().zip(expected).zip(1..) {
        assert_eq!(message["type"], kind);
        assert_eq!(message["sequence"].as_str().unwrap().parse::<i32>().unwrap(), number);
        assert_eq!((&message["specversion"], &message["source"]), (&"1.0".into(), &"boxoffice".into()));
        assert_eq!(message["data"]["bookingId"], booking.as_str());
    }
    let order = eventually("the order service knows", SOON, || async {
        let order = app.store.order_booking(booking_id).await.unwrap()?;
        (order.messages == 6).then_some(order)
    })
    .await;
    assert_eq!((order.state.as_str(), order.valid_tickets), ("confirmed", 2));

    buyer.cancel(booking_id).await;
    let more = eventually("the rest is published", SOON, || async {
        let messages = told(&admin, &booking).await;
        let refunded = messages.iter().any(|message| message["type"] == "PaymentRefunded");
        refunded.then_some(messages)
    })
    .await;
    assert_eq!(more[..6], messages, "what was read stays where it was");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_for_admins_who_send_sound_cursors() {
    let app = TestApp::start().await;
    let (buyer, admin) = (app.buyer(), app.admin());
    for path in ["/admin/messages", "/admin/dead-letters"] {
        assert_eq!(buyer.send(buyer.get(path)).await.status, 403);
        assert_eq!(admin.send(admin.get(path)).await.body["items"], Value::Array(Vec::new()));
        assert_eq!(admin.send(admin.get(&format!("{path}?limit=0"))).await.status, 400);
    }
    let wrong = admin.send(admin.get("/admin/messages?cursor=1.2")).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid_parameter"));
    assert!(wrong.body.to_string().contains("cursor"), "{wrong:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_where_is_written_to_once_for_each_step() {
    let app = TestApp::start().await;
    let (buyer, admin) = (app.buyer(), app.admin());
    assert_eq!(buyer.send(buyer.get("/me/contact")).await.status, 404);
    let put = |body: Value| buyer.send(buyer.put("/me/contact").json(&body));
    for (field, body) in [
        ("email", json!({ "name": "Ada", "email": "not an address" })),
        ("name", json!({ "name": "Ada\nBcc: all@example.org", "email": "ada@example.org" })),
        ("locale", json!({ "name": "Ada", "email": "ada@example.org", "locale": "English" })),
    ] {
        let refused = put(body).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_body"), "{refused:?}");
        assert!(refused.body.to_string().contains(field), "{refused:?}");
    }
    let booked = buyer.book(LONG_HOLD, &[seat(0)]).await;
    let booking_id = booked.booking_id();
    buyer.pay(&booked, GOOD_CARD).await;
    buyer.wait_for(booking_id, "confirmed", SOON).await;
    let states = || async {
        let list = admin.send(admin.get("/admin/notices")).await;
        let items = list.body["items"].as_array().unwrap().clone();
        let of = |key: &str| items.iter().map(|it| it[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert!(!list.body.to_string().contains("example.org"), "operators see no addresses");
        (of("step"), of("state"))
    };
    eventually("nobody knows where to write to", SOON, || async {
        (states().await == (vec!["confirmed".to_owned()], vec!["no_address".to_owned()])).then_some(())
    })
    .await;

    let said = put(json!({ "name": "Ada Lovelace", "email": "ada@example.org" })).await;
    assert_eq!((said.status.as_u16(), &said.body["locale"]), (200, &"en".into()));
    buyer.cancel(booking_id).await;
    eventually("three steps are told", SOON, || async {
        let (steps, states) = states().await;
        eprintln!("{steps:?} {states:?}");
        (steps.len() == 3 && states.iter().all(|state| state == "sent")).then_some(())
    })
    .await;
    let folder = boxoffice::dev::mail_in(app.world.path());
    let mails: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().all(|mail| mail.contains("ada@example.org") && mail.contains("Message-ID: <ntc_")));
    assert_eq!(mails.iter().filter(|mail| mail.contains("Subject: Your tickets: ")).count(), 1);

    assert_eq!(buyer.send(buyer.delete("/me/contact")).await.status, 204);
    assert_eq!(buyer.send(buyer.delete("/me/contact")).await.status, 404);
    app.finish().await;
}
