//! A show that is called off: nothing of it is sold any more, and everybody gets everything back.

use std::sync::Arc;
use std::time::Duration;

use domain::contact::EmailAddress;
use domain::ids::{CustomerId, ShowId};
use domain::member::MemberRole;
use domain::show::Show;
use domain::show_cancel::CallOff;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use temporalio_client::WorkflowDescribeOptions;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{put_on_another, seat};
use testkit::faults::Gate;
use testkit::person::Person;
use testkit::{Answer, Buyer, Fault, Proxy, TestApp, TestSettings, eventually};
use workflows::cancel_show::CancelShow;

use crate::by_hand::temporal;

const SOON: Duration = Duration::from_secs(60);
const STEP: &str = "show.cancel_bookings";

/// Has a show begin in an hour: so late its policy gives nothing back.
async fn begins_soon(app: &TestApp, show_id: ShowId) {
    let show = app.store.find_show_to_edit(show_id).await.unwrap().unwrap();
    let starts_at = Timestamp::now() + SignedDuration::from_hours(1);
    let ends_at = starts_at + SignedDuration::from_hours(2);
    let soon = Show { starts_at, ends_at, sales_close_at: starts_at, ..show.content };
    app.store.update_show(&soon, show.version).await.unwrap();
}

/// Somebody who belongs to the partner of a show.
async fn member<'a>(app: &'a TestApp, show_id: ShowId, role: MemberRole) -> Person<'a> {
    let person = Person::register(app).await;
    let partner_id = app.store.find_show(show_id).await.unwrap().unwrap().partner_id;
    let email = EmailAddress::parse(&person.email).unwrap();
    app.store.put_member(partner_id, &email, role, Timestamp::now()).await.unwrap();
    person
}

/// Somebody with a confirmed booking, and the booking.
async fn holder(app: &TestApp, show_id: ShowId, number: u32) -> (Buyer, Answer) {
    let buyer = app.buyer();
    let booking = buyer.book(show_id, &[seat(number)]).await;
    assert_eq!(booking.status, StatusCode::CREATED, "{booking:?}");
    if booking.body["amount"]["minor"] != 0 {
        buyer.pay(&booking, GOOD_CARD).await;
    }
    let confirmed = buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    (buyer, confirmed)
}

async fn holders(app: &TestApp, show_id: ShowId, count: u32) -> Vec<(Buyer, Answer)> {
    let mut all = Vec::new();
    for number in 0..count {
        all.push(holder(app, show_id, number).await);
    }
    all
}

async fn call_off(app: &TestApp, show_id: ShowId) -> Answer {
    let admin = app.admin();
    admin.send(admin.post(&format!("/shows/{show_id}/cancel")).json(&json!({}))).await
}

async fn cancellation(app: &TestApp, show_id: ShowId) -> Answer {
    let admin = app.admin();
    admin.send(admin.get(&format!("/shows/{show_id}/cancellation"))).await
}

/// How the cancellation of a show stands when it is done.
async fn done(app: &TestApp, show_id: ShowId) -> Value {
    eventually("the show is cancelled", SOON, || async {
        let now = cancellation(app, show_id).await;
        (now.body["isDone"] == true).then_some(now.body)
    })
    .await
}

fn minor(booking: &Answer, what: &str) -> i64 {
    booking.body[what]["minor"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_everything_back_and_nothing_is_sold_any_more() {
    let app = TestApp::start().await;
    let show_id = put_on_another(&app.admin(), 1500).await;
    begins_soon(&app, show_id).await;
    let confirmed = holders(&app, show_id, 5).await;
    let waiting = app.buyer();
    let unpaid = waiting.book(show_id, &[seat(10)]).await;
    assert_eq!(unpaid.state(), "awaiting_payment");
    let (early, taken_back) = holder(&app, show_id, 11).await;
    assert_eq!(early.cancel(taken_back.booking_id()).await.state(), "cancelled");

    let path = format!("/shows/{show_id}/cancel");
    let (stranger, staff) = (Person::register(&app).await, member(&app, show_id, MemberRole::Staff).await);
    let owner = member(&app, show_id, MemberRole::Owner).await;
    let refused = stranger.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::NOT_FOUND, "not_found"), "{refused:?}");
    let refused = staff.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden"), "{refused:?}");
    let refused = owner.send(Method::POST, &path, Some(json!({ "reason": "two\nlines" }))).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_value"), "{refused:?}");
    let progress = format!("/shows/{show_id}/cancellation");
    let none_yet = staff.send(Method::GET, &progress, None).await;
    assert_eq!((none_yet.status, none_yet.code()), (StatusCode::NOT_FOUND, "not_found"), "{none_yet:?}");

    let reason = "The tenor has lost his voice.";
    let begun = owner.send(Method::POST, &path, Some(json!({ "reason": reason }))).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{begun:?}");
    assert_eq!(begun.headers["location"].to_str().unwrap(), format!("/api/v1{progress}"));
    assert_eq!((&begun.body["isDone"], &begun.body["reason"]), (&json!(false), &json!(reason)));
    let counts = json!({ "all": 7, "open": 6, "cancelled": 1, "needsAttention": 0 });
    assert_eq!(begun.body["bookings"], counts, "{begun:?}");
    let again = owner.send(Method::POST, &path, Some(json!({ "reason": "Another one." }))).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{again:?}");
    for field in ["showId", "calledOffAt", "reason"] {
        assert_eq!(again.body[field], begun.body[field], "{field}");
    }

    let done = done(&app, show_id).await;
    let counts = json!({ "all": 7, "open": 0, "cancelled": 7, "needsAttention": 0 });
    assert_eq!(done["bookings"], counts, "{done}");
    let sums = ["pending", "done", "refused"].map(|sum| done["refunds"][sum]["minor"].clone());
    assert_eq!(sums, [json!(0), json!(7500), json!(0)], "{done}");
    for (buyer, booking) in &confirmed {
        let now = buyer.booking(booking.booking_id()).await;
        assert_eq!((now.state(), minor(&now, "refunded")), ("cancelled", 1500), "{now:?}");
        assert!(now.body["tickets"].as_array().unwrap().iter().all(|it| it["state"] == "voided"), "{now:?}");
    }
    let now = waiting.booking(unpaid.booking_id()).await;
    assert_eq!((now.state(), minor(&now, "captured")), ("cancelled", 0), "{now:?}");
    let now = early.booking(taken_back.booking_id()).await;
    assert_eq!((now.state(), minor(&now, "refunded")), ("cancelled", 0), "they had what their policy gave: {now:?}");

    let refused = app.buyer().book(show_id, &[seat(20)]).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "not_on_sale"), "{refused:?}");
    assert_eq!(refused.body["reason"], "cancelled");
    let change = json!({ "startsAt": "2100-01-01T20:00:00Z", "prices": [{ "category": "standard", "minor": 1 }] });
    let refused = owner.send(Method::PUT, &format!("/shows/{show_id}"), Some(change)).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "wrong_state"), "{refused:?}");
    let block = json!({ "action": "block", "seatIds": [seat(0).to_string()] });
    let refused = owner.send(Method::POST, &format!("/shows/{show_id}/allocations"), Some(block)).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "wrong_state"), "{refused:?}");

    // Nothing is left to do, and so nothing is started.
    app.all_sagas_closed(SOON).await;
    let again = owner.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((again.status, &again.body), (StatusCode::ACCEPTED, &done), "{again:?}");
    assert!(app.engine.open_sagas().await.unwrap().is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_nobody_booked_is_called_off_just_the_same() {
    let app = TestApp::start().await;
    let show_id = put_on_another(&app.admin(), 1500).await;
    assert_eq!(cancellation(&app, show_id).await.status, StatusCode::NOT_FOUND);
    let begun = call_off(&app, show_id).await;
    assert_eq!((begun.status, &begun.body["isDone"]), (StatusCode::ACCEPTED, &json!(true)), "{begun:?}");
    let refused = app.buyer().book(show_id, &[seat(0)]).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "not_on_sale"), "{refused:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cancels_once_the_show_is_called_off_gets_everything_back_too() {
    let app = TestApp::start().await;
    let show_id = put_on_another(&app.admin(), 1500).await;
    begins_soon(&app, show_id).await;
    let (buyer, booking) = holder(&app, show_id, 0).await;
    let gate = Arc::new(Gate::default());
    app.faults.plan_for_any(STEP, Fault::Hold(Arc::clone(&gate)));
    assert_eq!(call_off(&app, show_id).await.status, StatusCode::ACCEPTED);
    gate.reached().await;
    let cancelled = buyer.cancel(booking.booking_id()).await;
    assert_eq!(cancelled.state(), "cancelled", "{cancelled:?}");
    gate.open();
    let done = done(&app, show_id).await;
    assert_eq!(done["refunds"]["done"]["minor"], 1500, "{done}");
    let now = buyer.booking(booking.booking_id()).await;
    assert_eq!(minor(&now, "refunded"), 1500, "{now:?}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_or_runs_twice_leaves_nobody_out_and_gives_back_once() {
    let app = TestApp::start().await;
    let mut met = 0;
    for (price, fault) in [(1500, Fault::Fail(2)), (0, Fault::LoseAnswer(2))] {
        let show_id = put_on_another(&app.admin(), price).await;
        let confirmed = holders(&app, show_id, 5).await;
        app.faults.plan_for_any(STEP, fault);
        assert_eq!(call_off(&app, show_id).await.status, StatusCode::ACCEPTED);
        let done = done(&app, show_id).await;
        assert_eq!((&done["bookings"]["cancelled"], &done["refunds"]["done"]["minor"]), (&json!(5), &json!(5 * price)));
        for (buyer, booking) in &confirmed {
            assert_eq!(buyer.booking(booking.booking_id()).await.state(), "cancelled");
        }
        met += 2;
        assert_eq!(app.faults.met_by_any(STEP), met, "the faults happened");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_terminated_by_hand_goes_on_when_it_is_asked_for_again() {
    let app = TestApp::start().await;
    let show_id = put_on_another(&app.admin(), 1500).await;
    let confirmed = holders(&app, show_id, 5).await;
    let gate = Arc::new(Gate::default());
    app.faults.plan_for_any(STEP, Fault::Hold(Arc::clone(&gate)));
    assert_eq!(call_off(&app, show_id).await.status, StatusCode::ACCEPTED);
    gate.reached().await;
    let workflow = workflows::cancel_show::workflow_id(show_id);
    temporal(&app, &["workflow", "terminate", "--workflow-id", &workflow]);
    gate.open();
    eventually("the workflow is gone", SOON, || async {
        (app.engine.is_running(&workflow).await.unwrap() == Some(false)).then_some(())
    })
    .await;
    // At most two were told by the step that was under way.
    let left = cancellation(&app, show_id).await;
    assert!(left.body["bookings"]["open"].as_i64().unwrap() >= 3, "{left:?}");
    assert_eq!(call_off(&app, show_id).await.status, StatusCode::ACCEPTED);
    done(&app, show_id).await;
    for (buyer, booking) in &confirmed {
        let now = buyer.booking(booking.booking_id()).await;
        assert_eq!((now.state(), minor(&now, "refunded")), ("cancelled", 1500), "{now:?}");
    }
    app.finish().await;
}

/// A show that was called off so long ago that the sweep looks at it; nobody has begun to take its bookings back.
async fn called_off_a_while_ago(app: &TestApp, show_id: ShowId) {
    let order = CallOff { show_id, by: CustomerId::new(uuid::Uuid::new_v4()), reason: None };
    let then = Timestamp::now() - SignedDuration::from_mins(1);
    assert!(app.store.call_off_show(&order, then).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_that_died_has_called_off_is_finished_by_the_sweep() {
    let app = TestApp::start().await;
    let dear = put_on_another(&app.admin(), 1500).await;
    let free = put_on_another(&app.admin(), 0).await;
    let confirmed = holders(&app, dear, 3).await;
    let (guest, for_nothing) = holder(&app, free, 0).await;
    for show_id in [dear, free] {
        called_off_a_while_ago(&app, show_id).await;
    }
    app.app.sweep_once(true).await.unwrap();
    for (show_id, back) in [(dear, 4500), (free, 0)] {
        let done = done(&app, show_id).await;
        assert_eq!(done["refunds"]["done"]["minor"], back, "{done}");
    }
    for (buyer, booking) in &confirmed {
        let now = buyer.booking(booking.booking_id()).await;
        assert_eq!((now.state(), minor(&now, "refunded")), ("cancelled", 1500), "{now:?}");
    }
    assert_eq!(guest.booking(for_nothing.booking_id()).await.state(), "cancelled");

    // Nothing is left to do, and so nothing is started.
    app.all_sagas_closed(SOON).await;
    app.app.sweep_once(true).await.unwrap();
    assert!(app.engine.open_sagas().await.unwrap().is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_terminated_by_hand_is_begun_again_by_the_sweep() {
    let app = TestApp::start().await;
    let show_id = put_on_another(&app.admin(), 1500).await;
    let confirmed = holders(&app, show_id, 5).await;
    called_off_a_while_ago(&app, show_id).await;
    let gate = Arc::new(Gate::default());
    app.faults.plan_for_any(STEP, Fault::Hold(Arc::clone(&gate)));
    assert_eq!(call_off(&app, show_id).await.status, StatusCode::ACCEPTED);
    gate.reached().await;
    // One that runs is left alone.
    let workflow = workflows::cancel_show::workflow_id(show_id);
    let run = run_of(&app, &workflow).await;
    app.app.sweep_once(true).await.unwrap();
    assert_eq!(run_of(&app, &workflow).await, run);

    temporal(&app, &["workflow", "terminate", "--workflow-id", &workflow]);
    app.app.sweep_once(true).await.unwrap();
    assert_ne!(run_of(&app, &workflow).await, run, "another one was begun");
    gate.open();
    done(&app, show_id).await;
    for (buyer, booking) in &confirmed {
        let now = buyer.booking(booking.booking_id()).await;
        assert_eq!((now.state(), minor(&now, "refunded")), ("cancelled", 1500), "{now:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_show_that_cannot_be_gone_on_with_keeps_no_other_one_waiting() {
    let here = testkit::test_app::shared_engine();
    let line = Proxy::start(vec![here.trim_start_matches("http://").to_owned()]).await;
    let app = TestApp::start_with(TestSettings { engine: Some(line.address()), ..TestSettings::default() }).await;
    let mut bookings = Vec::new();
    for _ in 0..2 {
        let show_id = put_on_another(&app.admin(), 1500).await;
        let (buyer, booking) = holder(&app, show_id, 0).await;
        bookings.push((show_id, buyer, booking));
    }
    line.cut();
    for (show_id, ..) in &bookings {
        called_off_a_while_ago(&app, *show_id).await;
    }
    app.app.sweep_once(true).await.unwrap();
    for (show_id, ..) in &bookings {
        assert_eq!(cancellation(&app, *show_id).await.body["bookings"]["open"], 1, "nobody could be told");
    }
    line.restore();
    eventually("the engine is back", SOON, || async {
        app.app.sweep_once(true).await.unwrap();
        let (show_id, ..) = bookings.last().unwrap();
        let now = cancellation(&app, *show_id).await;
        (now.body["bookings"]["open"] == 0).then_some(())
    })
    .await;
    for (show_id, buyer, booking) in &bookings {
        done(&app, *show_id).await;
        assert_eq!(buyer.booking(booking.booking_id()).await.state(), "cancelled");
    }
    app.finish().await;
}

/// Which run of a workflow is the latest.
async fn run_of(app: &TestApp, workflow: &str) -> String {
    let client = app.engine.client().await.unwrap();
    let handle = client.get_workflow_handle::<CancelShow>(workflow);
    handle.describe(WorkflowDescribeOptions::default()).await.unwrap().run_id().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_the_show_is_called_off_and_asking_again_does_the_rest() {
    let here = testkit::test_app::shared_engine();
    let line = Proxy::start(vec![here.trim_start_matches("http://").to_owned()]).await;
    let app = TestApp::start_with(TestSettings { engine: Some(line.address()), ..TestSettings::default() }).await;
    let show_id = put_on_another(&app.admin(), 1500).await;
    let (buyer, booking) = holder(&app, show_id, 0).await;
    line.cut();
    let refused = call_off(&app, show_id).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"), "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    let now = cancellation(&app, show_id).await;
    assert_eq!((now.status, &now.body["bookings"]["open"]), (StatusCode::OK, &json!(1)), "{now:?}");
    line.restore();
    eventually("it is taken on", SOON, || async {
        (call_off(&app, show_id).await.status == StatusCode::ACCEPTED).then_some(())
    })
    .await;
    done(&app, show_id).await;
    assert_eq!(buyer.booking(booking.booking_id()).await.state(), "cancelled");
    app.finish().await;
}
