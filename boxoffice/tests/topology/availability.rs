//! Live availability across processes: what one API sells is seen at another, whoever dies and whatever Redis loses.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::SeatId;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::sse::{Event, EventStream, Picture, SeatList};
use testkit::{Buyer, eventually};

use crate::stage;

const SOON: Duration = Duration::from_secs(20);
/// The streams read the database again every 10 s, which finds what was lost.
const HEALED: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_sells_is_seen_at_all_others() {
    let mut stage = stage::set(2, 2).await;
    let [first, second] = [0, 1].map(|number| stage.world.buyer(&stage.apis[number]));
    let list = SeatList::of(&first.send(first.get(&format!("/shows/{LONG_HOLD}/seats"))).await.body);
    let mut near = Follower::of(&first, &list, None).await;
    let mut far = Follower::of(&second, &list, None).await;

    sell(&first, &[seat(0), seat(1)]).await;
    near.sees(b's', 2).await;
    far.sees(b's', 2).await;

    // Its process dies, something is sold meanwhile, and it comes back at another one: it is told just what it missed.
    stage.fleet.kill("api-1");
    sell(&second, &[seat(2)]).await;
    far.sees(b's', 3).await;
    let position = near.picture.position.clone();
    near = Follower { stream: follow(&second, Some(&position)).await, picture: near.picture };
    let missed = near.next(SOON).await;
    assert_eq!(missed.name, "changes", "{missed:?}");
    near.picture.take(&missed);
    near.sees(b's', 3).await;

    // What was published is gone, and so are the positions in it.
    testkit::mode::flush_redis().await;
    sell(&second, &[seat(3)]).await;
    near.sees(b's', 4).await;
    far.sees(b's', 4).await;
    assert_eq!(near.picture.states, far.picture.states);

    // Without Redis nothing is published: the database is looked at instead.
    stage.redis.cut();
    sell(&second, &[seat(4)]).await;
    near.sees(b's', 5).await;
    stage.redis.restore();
    stage.fleet.start("api-1");
    stage.fleet.is_ready("api-1").await;
    let snapshot = eventually("the process that came back has the same picture", SOON, || async {
        let answer = first.try_to_send(first.get(&format!("/shows/{LONG_HOLD}/availability"))).await?;
        (answer.body["counts"]["sold"] == 5).then_some(answer.body)
    })
    .await;
    assert_eq!(snapshot["states"].as_str().unwrap().as_bytes(), near.picture.states);
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

/// Somebody who watches a show.
struct Follower {
    stream: EventStream,
    picture: Picture,
}

impl Follower {
    async fn of(buyer: &Buyer, list: &Arc<SeatList>, last: Option<&str>) -> Self {
        Self { stream: follow(buyer, last).await, picture: Picture::new(list) }
    }

    async fn next(&mut self, within: Duration) -> Event {
        self.stream.next(within).await.expect("the stream goes on")
    }

    /// Reads on until some seats are in a state.
    async fn sees(&mut self, letter: u8, count: usize) {
        while self.picture.count(letter) != count {
            let event = self.next(HEALED).await;
            self.picture.take(&event);
        }
    }
}

async fn follow(buyer: &Buyer, last: Option<&str>) -> EventStream {
    let request = buyer.get(&format!("/shows/{LONG_HOLD}/availability/stream"));
    EventStream::open(match last {
        Some(last) => request.header("Last-Event-ID", last),
        None => request,
    })
    .await
}

async fn sell(buyer: &Buyer, seats: &[SeatId]) {
    let booking = buyer.book(LONG_HOLD, seats).await;
    assert!(booking.status.is_success(), "{booking:?}");
    let open = buyer.wait_for(booking.booking_id(), "awaiting_payment", SOON).await;
    buyer.pay(&open, GOOD_CARD).await;
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
}
