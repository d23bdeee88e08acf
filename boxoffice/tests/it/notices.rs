//! What operators find of the mail that customers got, or did not get.

use std::time::Duration;

use testkit::catalogue::{LONG_HOLD, seat};
use testkit::{TestApp, buyer::GOOD_CARD, eventually};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn operators_find_notices_by_booking_and_state() {
    let app = TestApp::start().await;
    let (buyer, admin) = (app.buyer(), app.admin());
    let mut bookings = Vec::new();
    for number in 0..2 {
        let booked = buyer.book(LONG_HOLD, &[seat(number)]).await;
        buyer.pay(&booked, GOOD_CARD).await;
        buyer.wait_for(booked.booking_id(), "confirmed", SOON).await;
        bookings.push(booked.booking_id());
    }
    buyer.cancel(bookings[1]).await;
    let found = async |query: &str| {
        let list = admin.send(admin.get(&format!("/admin/notices?{query}"))).await;
        assert_eq!(list.status, 200, "{list:?}");
        let items = list.body["items"].as_array().unwrap().clone();
        let text = |key: &str, item: &serde_json::Value| item[key].as_str().unwrap().to_owned();
        let items: Vec<_> = items.iter().map(|item| (text("bookingId", item), text("step", item))).collect();
        (items, list.body["nextCursor"].as_str().map(str::to_owned))
    };
    eventually("nobody knows where to write to", SOON, || async {
        (found("state=no_address").await.0.len() == 4).then_some(())
    })
    .await;
    assert_eq!(found("state=sent").await, (Vec::new(), None));

    let (first, second) = (bookings[0].to_string(), bookings[1].to_string());
    assert_eq!(found(&format!("booking={first}")).await, (vec![(first, "confirmed".to_owned())], None));
    let query = format!("booking={second}&state=no_address");
    let (all, _) = found(&query).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all.last().unwrap().1, "confirmed", "the newest first: {all:?}");
    assert_eq!(found(&format!("booking={second}&state=waiting")).await.0, []);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let (page, next) = found(&format!("{query}&limit=1{cursor}")).await;
        paged.extend(page);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all, "page by page as at once");

    for (wrong, code) in [
        ("state=lost", "invalid_parameter"),
        ("booking=shw_1", "invalid_id"),
        ("limit=0", "invalid_parameter"),
        ("cursor=nonsense", "invalid_parameter"),
    ] {
        let refused = admin.send(admin.get(&format!("/admin/notices?{wrong}"))).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, code), "{wrong}");
    }
    let customer = buyer.send(buyer.get("/admin/notices")).await;
    assert_eq!(customer.status, 403);
    app.finish().await;
}
