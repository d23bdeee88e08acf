//! Many buyers, few seats.

use std::time::Duration;

use checker::Quiet;
use futures::future::join_all;
use reqwest::StatusCode;
use testkit::TestApp;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};

const BUYERS: u32 = 200;
const SEATS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buyers_for_twenty_seats_buy_twenty() {
    let app = TestApp::start().await;
    let races = (0..BUYERS).map(|number| {
        let buyer = app.buyer();
        async move {
            let wanted = seat(number % SEATS);
            let answer = buyer.book(LONG_HOLD, &[wanted]).await;
            match answer.status {
                StatusCode::CREATED | StatusCode::ACCEPTED => {
                    let open = buyer.opened(answer, Duration::from_secs(60)).await;
                    assert_eq!(open.state(), "awaiting_payment", "{open:?}");
                    buyer.pay(&open, GOOD_CARD).await;
                    buyer.wait_for(open.booking_id(), "confirmed", Duration::from_secs(60)).await;
                    true
                }
                StatusCode::CONFLICT => {
                    assert_eq!(answer.code(), "seats_taken");
                    assert_eq!(answer.body["seatIds"], serde_json::json!([wanted]), "the refusal names the seat");
                    false
                }
                other => panic!("{other}: {answer:?}"),
            }
        }
    });
    let sold = join_all(races).await.into_iter().filter(|won| *won).count();
    assert_eq!(sold, SEATS as usize);

    let seats = app.store.show_seats(LONG_HOLD).await.unwrap();
    let held = seats.iter().filter(|seat| seat.state == domain::show_seat::ShowSeatState::Held).count();
    assert_eq!(held, 0, "no hold is left over");
    app.all_sagas_closed(Duration::from_secs(30)).await;
    app.world.check(Some(&app.addresses), Quiet::Settled).await;
    app.finish().await;
}
