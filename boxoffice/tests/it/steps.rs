//! Every step of the saga failed, repeated, timed out, and overtaken by a cancellation; then every promise checked.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::BookingId;
use futures::future::join_all;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::faults::Gate;
use testkit::{Answer, Buyer, Fault, TestApp, TestSettings};

/// The steps of a booking that is paid, and those of taking one back.
const FORWARD: [&str; 8] = [
    "seats.lock",
    "booking.open",
    "payment.request",
    "attempt.record",
    "payment.read",
    "booking.sell",
    "booking.confirm",
    "seats.mark_sold",
];
const UNDO: [&str; 3] = ["payment.cancel", "booking.close", "seats.release"];
const REFUND: [&str; 4] = ["booking.cancel", "refund.open", "refund.send", "refund.record"];

/// Long enough for every budget to be spent twice and the slow tries to follow.
const TO_THE_END: Duration = Duration::from_secs(90);

/// Short budgets: a step that hangs spends all of its own.
fn impatient() -> TestSettings {
    TestSettings { step_seconds: 3, undo_seconds: 3, ..TestSettings::default() }
}

async fn book(buyer: &Buyer, number: u32) -> Answer {
    buyer.book_with("steps", LONG_HOLD, &[seat(number)]).await
}

/// Pays as soon as there is something to pay.
async fn pay_if_open(buyer: &Buyer, booking: &Answer) {
    if booking.status.is_success() && booking.body["payment"]["paymentPage"].is_string() {
        buyer.pay(booking, GOOD_CARD).await;
    }
}

/// Waits until a fault that was planned has happened.
async fn has_met(app: &TestApp, booking_id: BookingId, step: &str) {
    testkit::eventually(&format!("the fault in {step} happens"), TO_THE_END, || async {
        (app.faults.met(booking_id, step) > 0).then_some(())
    })
    .await;
}

async fn each_step_of_a_sale_meets(fault: impl Fn() -> Fault, expected: Option<&str>) {
    let app = TestApp::start_with(impatient()).await;
    let tries = FORWARD.iter().enumerate().map(|(number, step)| {
        let (app, buyer, fault) = (&app, app.buyer(), fault());
        let booking_id = buyer.booking_for("steps");
        app.faults.plan(booking_id, step, fault);
        async move {
            let booking = buyer.opened(book(&buyer, number as u32).await, TO_THE_END).await;
            pay_if_open(&buyer, &booking).await;
            if *step == "payment.read" && expected.is_none() {
                // The read that the webhook asked for was lost: the buyer asks again.
                let _asked = buyer.verify_payment(booking_id).await;
            }
            // A refusal at the opening leaves a failed booking; all others go on to their end.
            let ended = buyer.wait_for_end(booking_id, TO_THE_END).await;
            if let Some(expected) = expected {
                assert_eq!(ended.state(), expected, "{step}");
            }
            // The seats are marked as sold after the row says so.
            has_met(app, booking_id, step).await;
        }
    });
    join_all(tries).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_sale_that_fails_is_tried_again() {
    each_step_of_a_sale_meets(|| Fault::Fail(2), Some("confirmed")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_sale_that_runs_twice_has_one_effect() {
    each_step_of_a_sale_meets(|| Fault::LoseAnswer(1), Some("confirmed")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_sale_that_times_out_leaves_a_right_end() {
    let app = TestApp::start_with(impatient()).await;
    let tries = FORWARD.iter().enumerate().map(|(number, step)| {
        let (app, buyer) = (&app, app.buyer());
        let booking_id = buyer.booking_for("steps");
        app.faults.plan(booking_id, step, Fault::TimeOut);
        async move {
            let booking = book(&buyer, number as u32).await;
            pay_if_open(&buyer, &booking).await;
            if *step == "payment.read" {
                // The hung read spends its budget; the next notice is read.
                testkit::eventually("the money is found", TO_THE_END, || async {
                    let now = buyer.verify_payment(booking_id).await;
                    (now.state() == "confirmed").then_some(())
                })
                .await;
            }
            let ended = buyer.wait_for_end(booking_id, TO_THE_END).await;
            let expected: &[&str] = match *step {
                // Not done within its budget, and the booking is given up, unless a second try fits into it.
                "booking.open" | "payment.request" | "attempt.record" => &["failed", "confirmed"],
                // Locks are not waited for; what has to happen is tried until it is done.
                _ => &["confirmed"],
            };
            assert!(expected.contains(&ended.state()), "{step}: {ended:?}");
            testkit::eventually(&format!("the fault in {step} happens"), TO_THE_END, || async {
                (app.faults.met(booking_id, step) == 1).then_some(())
            })
            .await;
        }
    });
    join_all(tries).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_during_each_step_of_a_sale_wins_or_comes_after() {
    let app = TestApp::start().await;
    let tries = FORWARD.iter().enumerate().map(|(number, step)| {
        let (app, buyer, gate) = (&app, app.buyer(), Arc::new(Gate::default()));
        let booking_id = buyer.booking_for("steps");
        app.faults.plan(booking_id, step, Fault::Hold(Arc::clone(&gate)));
        async move {
            let booking = {
                let buyer = buyer.clone();
                tokio::spawn(async move {
                    let booking = book(&buyer, number as u32).await;
                    pay_if_open(&buyer, &booking).await;
                })
            };
            gate.reached().await;
            // Told to the saga itself: before the booking is written, the API knows of nothing to cancel.
            let request = domain::booking::BookingRequest {
                booking_id,
                customer_id: buyer.customer_id,
                show_id: LONG_HOLD,
                seat_ids: domain::booking::SeatSelection::parse(vec![seat(number as u32)]).unwrap(),
                code: None,
                fingerprint: domain::booking::Fingerprint::new("not looked at"),
            };
            let by = domain::booking_state::CancelledBy::Customer;
            let word = app::engine::Word::Cancel(workflows::signals::CancelRequested { by });
            app.engine.tell(&request, word).await.unwrap();
            gate.open();
            let ended = buyer.wait_for(booking_id, "cancelled", TO_THE_END).await;
            let _answered = booking.await;
            let money = (&ended.body["captured"]["minor"], step);
            assert!(ended.body["tickets"].as_array().unwrap().iter().all(|it| it["state"] == "voided"), "{money:?}");
        }
    });
    join_all(tries).await;
    app.finish().await;
}

async fn each_undo_meets(fault: impl Fn() -> Fault) {
    let app = TestApp::start_with(impatient()).await;
    let tries = UNDO.iter().enumerate().map(|(number, step)| {
        let (app, buyer, fault) = (&app, app.buyer(), fault());
        let booking_id = buyer.booking_for("steps");
        app.faults.plan(booking_id, step, fault);
        async move {
            let booking = book(&buyer, number as u32).await;
            assert_eq!(booking.state(), "awaiting_payment");
            let _answer = buyer.cancel(booking_id).await;
            buyer.wait_for(booking_id, "cancelled", TO_THE_END).await;
            // The locks are let go of after the row says that the booking is cancelled.
            has_met(app, booking_id, step).await;
        }
    });
    join_all(tries).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_undo_that_fails_is_tried_again() {
    each_undo_meets(|| Fault::Fail(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_undo_that_runs_twice_has_one_effect() {
    each_undo_meets(|| Fault::LoseAnswer(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_undo_that_times_out_is_shown_to_an_operator_and_done_by_itself_later() {
    each_undo_meets(|| Fault::TimeOut).await;
}

async fn each_step_of_a_refund_meets(fault: impl Fn() -> Fault) {
    let app = TestApp::start_with(impatient()).await;
    let tries = REFUND.iter().enumerate().map(|(number, step)| {
        let (app, buyer, fault) = (&app, app.buyer(), fault());
        let booking_id = buyer.booking_for("steps");
        async move {
            let booking = book(&buyer, number as u32).await;
            buyer.pay(&booking, GOOD_CARD).await;
            buyer.wait_for(booking_id, "confirmed", TO_THE_END).await;
            app.faults.plan(booking_id, step, fault);
            let _answer = buyer.cancel(booking_id).await;
            testkit::eventually("the money is back", TO_THE_END, || async {
                let timeline = buyer.timeline(booking_id).await;
                timeline.contains(&"refunded".to_owned()).then_some(())
            })
            .await;
            assert!(app.faults.met(booking_id, step) > 0, "the fault in {step} never happened");
        }
    });
    join_all(tries).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_refund_that_fails_is_tried_again() {
    each_step_of_a_refund_meets(|| Fault::Fail(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_refund_that_runs_twice_gives_back_once() {
    each_step_of_a_refund_meets(|| Fault::LoseAnswer(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_refund_that_times_out_is_done_by_itself_later() {
    each_step_of_a_refund_meets(|| Fault::TimeOut).await;
}
