//! What the rest of the company hears: everything, in order, once it is asked twice; with Kafka there, away, or poisoned.

use std::time::{Duration, Instant};

use serde_json::json;
use store::Store;
use testkit::buyer::{GOOD_CARD, SILENT_CARD};
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::eventually;
use testkit::heard::hear_everything;
use testkit::servers::Stopped;
use testkit::stage::{Stage, all_parts_are_up};
use tokio::time::sleep;

use crate::sale::{line, sell_during};
use crate::stage;

/// How long relays and consumers may take to catch up.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(90);
/// How long Kafka is away.
const AWAY: Duration = Duration::from_secs(60);

/// Waits until everybody was told everything, and panics if that is not so. `again` mails at most may have been sent a
/// second time, whose sender died when the server had just taken it.
async fn everybody_was_told_everything(stage: &Stage, again: usize) {
    let hearing = hear_everything(stage, CAUGHT_UP_WITHIN).await;
    println!("{hearing}");
    assert!(hearing.wrong.is_empty(), "{:#?}", hearing.wrong);
    assert!(hearing.mails_again <= again, "{hearing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_go_on_while_kafka_is_stopped_and_the_relays_catch_up() {
    let stage = stage::set_listening(2, 2, 2, 2).await;
    let store = Store::connect(&stage.world.settings.database.config()).await.unwrap();
    let begun = Instant::now();
    let (mut stopped_at, mut started_at, mut waiting) = (Duration::ZERO, Duration::ZERO, 0);
    let visits = sell_during(&stage, async {
        sleep(Duration::from_secs(5)).await;
        stopped_at = begun.elapsed();
        let stopped = Stopped::now("kafka");
        sleep(AWAY).await;
        waiting = store.outbox_backlog().await.unwrap().waiting;
        drop(stopped);
        started_at = begun.elapsed();
        sleep(Duration::from_secs(5)).await;
    })
    .await;
    let ended = begun.elapsed();
    eventually("the relays have caught up", CAUGHT_UP_WITHIN, || async {
        (store.outbox_backlog().await.ok()?.waiting == 0).then_some(())
    })
    .await;
    println!("{}", line("with Kafka", &visits, Duration::ZERO, stopped_at));
    println!("{}", line("without Kafka", &visits, stopped_at, started_at));
    println!("{}", line("with Kafka again", &visits, started_at, ended));
    println!(
        "kafka: {waiting} messages waited; all published {:.1} s after it was back",
        (begun.elapsed() - started_at).as_secs_f64()
    );
    let sold_without = visits.iter().filter(|visit| visit.won && (stopped_at..started_at).contains(&visit.came));
    assert!(sold_without.count() > 20 && waiting > 100, "bookings have gone on");
    everybody_was_told_everything(&stage, 0).await;
    all_parts_are_up(&stage).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_are_confirmed_while_nobody_listens_and_no_mail_is_taken() {
    let mut stage = stage::set_listening(1, 1, 1, 1).await;
    stage.fleet.stop("consume-1").await;
    stage.listeners.as_mut().unwrap().stop_mail();
    for number in 0..5 {
        let buyer = stage.buyer().await;
        let booked = buyer.book(LONG_HOLD, &[seat(number)]).await;
        buyer.pay(&booked, GOOD_CARD).await;
        buyer.wait_for(booked.booking_id(), "confirmed", Duration::from_secs(20)).await;
    }
    assert_eq!(stage.store.list_notices(None, 10).await.unwrap(), []);
    stage.fleet.start("consume-1");
    eventually("the mail server is missed", Duration::from_secs(60), || async {
        let noted = stage.store.list_notices(None, 10).await.ok()?;
        (noted.len() == 5 && noted.iter().all(|notice| notice.last_error.is_some())).then_some(())
    })
    .await;
    stage.listeners.as_mut().unwrap().start_mail_again();
    everybody_was_told_everything(&stage, 0).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_systems_cancel_by_message_and_poison_holds_nobody_up() {
    let stage = stage::set_listening(1, 1, 1, 1).await;
    let listeners = stage.listeners.as_ref().unwrap();
    let commands = listeners.config.topics.booking_commands.clone();
    let buyer = stage.buyer().await;
    let booked = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&booked, GOOD_CARD).await;
    let booking_id = booked.booking_id();
    buyer.wait_for(booking_id, "confirmed", Duration::from_secs(20)).await;

    let command = |id: &str, kind: &str, data: serde_json::Value| {
        json!({ "specversion": "1.0", "id": id, "source": "support", "type": kind, "data": data }).to_string()
    };
    let key = booking_id.to_string();
    // All in one partition, so that each waits for the one before it.
    listeners.send(&commands, &key, "not even JSON");
    listeners.send(&commands, &key, &command("1", "Rebook", json!({ "bookingId": key })));
    listeners.send(&commands, &key, &command("2", "CancelBooking", json!({ "bookingId": "none of ours" })));
    let unknown = buyer.booking_for("never used").to_string();
    listeners.send(&commands, &key, &command("3", "CancelBooking", json!({ "bookingId": unknown })));
    listeners.send(&commands, &key, &command("4", "CancelBooking", json!({ "bookingId": key })));
    listeners.send(&commands, &key, &command("4", "CancelBooking", json!({ "bookingId": key })));
    buyer.wait_for(booking_id, "cancelled", Duration::from_secs(30)).await;

    let mut reasons: Vec<String> = Vec::new();
    eventually("all dead letters are there", Duration::from_secs(30), || {
        reasons = listeners
            .dead_letters()
            .iter()
            .map(|letter| letter["headers"]["dead-letter-reason"].as_str().unwrap().to_owned())
            .collect();
        std::future::ready((reasons.len() >= 4).then_some(()))
    })
    .await;
    let expected = [
        "it is not a CloudEvent in JSON",
        "there is no command `Rebook`",
        "its data is not that of a",
        "there is no such booking",
    ];
    assert_eq!(reasons.len(), expected.len(), "{reasons:?}");
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.contains(expected), "{reason}");
    }
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_reached_by_message_alone_is_asked_pays_and_gives_back() {
    let stage = stage::set_paying_by_message("page").await;
    let buyer = stage.buyer().await;
    let booked = buyer.book(LONG_HOLD, &[seat(0)]).await;
    let booking_id = booked.booking_id();
    // The provider tells where to pay once it has heard of the payment.
    let payable = eventually("there is a page to pay at", Duration::from_secs(20), || async {
        let now = buyer.booking(booking_id).await;
        now.body["payment"]["paymentPage"].is_string().then_some(now)
    })
    .await;
    let paid = Instant::now();
    buyer.pay(&payable, GOOD_CARD).await;
    buyer.wait_for(booking_id, "confirmed", Duration::from_secs(20)).await;
    println!("by message: confirmed {:.0} ms after the payment", paid.elapsed().as_secs_f64() * 1_000.0);
    buyer.cancel(booking_id).await;
    let refunded = eventually("the money is back", Duration::from_secs(30), || async {
        let now = buyer.booking(booking_id).await;
        (now.state() == "cancelled" && stage.refunded(booking_id).await).then_some(now)
    })
    .await;
    assert_eq!(refunded.state(), "cancelled");

    // Somebody else changes their mind before paying: the provider is asked to let the payment go.
    let other = stage.buyer().await;
    let unpaid = other.book(LONG_HOLD, &[seat(1)]).await;
    other.cancel(unpaid.booking_id()).await;
    other.wait_for(unpaid.booking_id(), "cancelled", Duration::from_secs(30)).await;
    everybody_was_told_everything(&stage, 0).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_collects_by_itself_needs_nobody_to_pay() {
    let stage = stage::set_paying_by_message(GOOD_CARD).await;
    let buyer = stage.buyer().await;
    let begun = Instant::now();
    let booked = buyer.book(LONG_HOLD, &[seat(0), seat(1)]).await;
    buyer.wait_for(booked.booking_id(), "confirmed", Duration::from_secs(20)).await;
    println!("by message: confirmed {:.0} ms after it was asked for", begun.elapsed().as_secs_f64() * 1_000.0);
    everybody_was_told_everything(&stage, 0).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_by_message_does_what_the_webhook_would_have_done() {
    let stage = stage::set_listening(1, 1, 1, 1).await;
    let listeners = stage.listeners.as_ref().unwrap();
    let buyer = stage.buyer().await;
    let booked = buyer.book(LONG_HOLD, &[seat(0)]).await;
    let booking_id = booked.booking_id();
    // The provider collects, and its webhook never comes.
    buyer.pay(&booked, SILENT_CARD).await;
    let booking = stage.store.find_booking(booking_id).await.unwrap().unwrap();
    let intent_id = booking.attempts.last().and_then(|attempt| attempt.intent_id.clone()).unwrap();
    let amount = serde_json::to_value(booking.amount).unwrap();
    let result = json!({
        "specversion": "1.0", "id": "evt_1", "source": "simulator", "type": "payment_processed",
        "data": { "intentId": intent_id.as_str(), "status": "succeeded", "amount": amount },
    });
    for _ in 0..2 {
        listeners.send(&listeners.config.topics.payment_results, &booking_id.to_string(), &result.to_string());
    }
    buyer.wait_for(booking_id, "confirmed", Duration::from_secs(30)).await;
    everybody_was_told_everything(&stage, 0).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(60)).await;
}
