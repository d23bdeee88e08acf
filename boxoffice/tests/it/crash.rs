//! Processes killed by SIGKILL at each step of the saga, and started again on what they left.

use std::time::Duration;

use checker::Quiet;
use domain::ids::BookingId;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, put_on_another, seat};
use testkit::process::{Death, ServingProcess, serve_if_asked};
use testkit::test_app::World;
use testkit::{Buyer, TestSettings, eventually};

const SERVER: &str = "crash::the_process_that_is_killed";
const SOON: Duration = Duration::from_secs(60);

/// Not a test by itself: the tests below start this program once more for it, and it serves until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_is_killed() {
    serve_if_asked().await;
}

/// A port for a process that has to come back at the same address.
fn an_address() -> String {
    format!("127.0.0.1:{}", boxoffice::engine_server::free_port().unwrap())
}

/// Pays the booking as it stands now, if it can be paid.
async fn pay(buyer: &Buyer, booking_id: BookingId) {
    let booking = eventually("the booking can be paid or has ended", SOON, || async {
        let now = buyer.try_to_book("crash", LONG_HOLD, &[seat(0)]).await?;
        let there = now.status.is_success() && now.body["state"].is_string() && now.body["state"] != "pending";
        (there || now.status == reqwest::StatusCode::CONFLICT).then_some(now)
    })
    .await;
    assert_eq!(booking.booking_id(), booking_id);
    if booking.state() == "awaiting_payment" {
        buyer.pay(&booking, GOOD_CARD).await;
    }
}

async fn killed_at(step: &str, death: Death) {
    let world = World::new(&TestSettings::default()).await;
    let address = an_address();
    let mut process = ServingProcess::start(&world, SERVER, &address, Some((step, death))).await;
    let buyer = world.buyer(&process.addresses.api);
    let booking_id = buyer.booking_for("crash");
    let answer = buyer.try_to_book("crash", LONG_HOLD, &[seat(0)]).await;
    if let Some(answer) = answer.filter(|answer| answer.body["payment"]["paymentPage"].is_string()) {
        // The process may die while it takes the money.
        let _dying = buyer.try_to_pay(&answer, GOOD_CARD).await;
    }
    process.has_died(SOON).await;

    let process = ServingProcess::start(&world, SERVER, &address, None).await;
    pay(&buyer, booking_id).await;
    let ended = buyer.wait_for_end(booking_id, SOON).await;
    assert_eq!(ended.state(), "confirmed", "killed {death:?} {step}: {ended:?}");
    world.rests_with_every_promise_kept(&process.addresses, SOON).await;
}

macro_rules! killed_at_each_step {
    ($($name:ident: $step:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            killed_at($step, Death::Before).await;
            killed_at($step, Death::After).await;
        }
    )*};
}

killed_at_each_step! {
    killed_at_locking: "seats.lock";
    killed_at_opening: "booking.open";
    killed_at_requesting_payment: "payment.request";
    killed_at_recording_the_attempt: "attempt.record";
    killed_at_reading_the_payment: "payment.read";
    killed_at_selling: "booking.sell";
    killed_at_confirming: "booking.confirm";
    killed_at_marking_sold: "seats.mark_sold";
}

async fn killed_while_cancelling(step: &str, death: Death) {
    let world = World::new(&TestSettings::default()).await;
    let address = an_address();
    let mut process = ServingProcess::start(&world, SERVER, &address, Some((step, death))).await;
    let buyer = world.buyer(&process.addresses.api);
    let booking = buyer.book_with("crash", LONG_HOLD, &[seat(0)]).await;
    let path = format!("/bookings/{}/cancel", booking.booking_id());
    let _dying = buyer.post(&path).header("Idempotency-Key", "cancel").send().await;
    process.has_died(SOON).await;

    let process = ServingProcess::start(&world, SERVER, &address, None).await;
    let ended = buyer.wait_for_end(booking.booking_id(), SOON).await;
    assert_eq!(ended.state(), "cancelled", "killed {death:?} {step}: {ended:?}");
    world.rests_with_every_promise_kept(&process.addresses, SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_undo() {
    for step in ["payment.cancel", "booking.close", "seats.release"] {
        killed_while_cancelling(step, Death::Before).await;
        killed_while_cancelling(step, Death::After).await;
    }
}

async fn killed_while_calling_off(death: Death) {
    let world = World::new(&TestSettings::default()).await;
    let address = an_address();
    let mut process = ServingProcess::start(&world, SERVER, &address, Some(("show.cancel_bookings", death))).await;
    let roles = [app::identity::Role::Admin, app::identity::Role::Customer];
    let admin = world.caller(&process.addresses.api, domain::ids::CustomerId::new(uuid::Uuid::new_v4()), &roles);
    let show_id = put_on_another(&admin, 1500).await;
    let mut bookings = Vec::new();
    for number in 0..3 {
        let buyer = world.buyer(&process.addresses.api);
        let booking = buyer.book_with("crash", show_id, &[seat(number)]).await;
        buyer.pay(&booking, GOOD_CARD).await;
        buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
        bookings.push((buyer, booking.booking_id()));
    }
    let _dying = admin.post(&format!("/shows/{show_id}/cancel")).json(&serde_json::json!({})).send().await;
    process.has_died(SOON).await;

    let process = ServingProcess::start(&world, SERVER, &address, None).await;
    eventually("the show is cancelled", SOON, || async {
        let progress = admin.try_to_send(admin.get(&format!("/shows/{show_id}/cancellation"))).await?;
        (progress.body["isDone"] == true && progress.body["refunds"]["done"]["minor"] == 4500).then_some(())
    })
    .await;
    for (buyer, booking_id) in &bookings {
        assert_eq!(buyer.booking(*booking_id).await.state(), "cancelled", "killed {death:?}");
    }
    world.rests_with_every_promise_kept(&process.addresses, SOON).await;
}

/// What was in the worker's hands is done by the next one, and what was not yet begun as well.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_calling_a_show_off() {
    killed_while_calling_off(Death::Before).await;
    killed_while_calling_off(Death::After).await;
}

/// The whole of `boxoffice dev`, engine included, killed between the request and the webhook.
#[tokio::test(flavor = "multi_thread")]
async fn everything_killed_between_the_booking_and_its_money() {
    let folder = tempfile::tempdir().unwrap();
    let mut dev = DevProcess::start(folder.path()).await;
    let settings =
        boxoffice::dev::settings_of(boxoffice::settings::Settings::load(None).unwrap(), folder.path()).unwrap();
    let customer_id = domain::ids::CustomerId::new(uuid::Uuid::new_v4());
    let token =
        boxoffice::promises::development_token(&settings, customer_id, &[app::identity::Role::Customer]).unwrap();
    let http = reqwest::Client::new();
    let buyer = Buyer::new(customer_id, token.clone(), &dev.addresses.api, http.clone(), Default::default());
    let shows = buyer.send(buyer.get("/shows?limit=200")).await;
    let (show, seats) = open_show(&buyer, &shows.body).await;
    let booking = buyer.book_with("crash", show, &seats).await;
    assert_eq!(booking.state(), "awaiting_payment", "{booking:?}");
    dev.kill();

    let dev = DevProcess::start(folder.path()).await;
    let buyer = Buyer::new(customer_id, token, &dev.addresses.api, http, Default::default());
    // The address has changed with the restart, so the page is asked for anew.
    let again = buyer.book_with("crash", show, &seats).await;
    assert_eq!(again.booking_id(), booking.booking_id());
    let page = again.body["payment"]["paymentPage"].as_str().unwrap().to_owned();
    let old: reqwest::Url = page.parse().unwrap();
    let secret = old.query_pairs().next().unwrap().1.into_owned();
    let pay = format!("{}{}", dev.addresses.api, old.path());
    let body = serde_json::json!({ "card": GOOD_CARD, "secret": secret });
    let paid = buyer.send(reqwest::Client::new().post(pay).json(&body)).await;
    assert!(paid.status.is_success(), "{paid:?}");
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    let report = boxoffice::promises::check(&settings, folder.path(), Some(&dev.addresses), Vec::new(), Quiet::Running);
    let report = report.await.unwrap();
    assert!(report.is_clean(), "{report}");
    dev.stop().await;
}

async fn open_show(buyer: &Buyer, shows: &serde_json::Value) -> (domain::ids::ShowId, Vec<domain::ids::SeatId>) {
    for show in shows["items"].as_array().unwrap() {
        let id = show["id"].as_str().unwrap();
        let seats = buyer.send(buyer.get(&format!("/shows/{id}/seats"))).await;
        let free = seats.body["items"].as_array().unwrap().iter().filter(|seat| seat["state"] == "available");
        let free: Vec<_> =
            free.map(|seat| domain::ids::SeatId::parse(seat["seatId"].as_str().unwrap()).unwrap()).collect();
        // Another one than the probe's, whose lock goes a moment after its booking has ended.
        let [tried, .., wanted] = free[..] else { continue };
        let show_id = domain::ids::ShowId::parse(id).unwrap();
        let probe = Buyer::clone(buyer).book(show_id, &[tried]).await;
        if probe.status.is_success() && probe.state() == "awaiting_payment" {
            let hold_seconds = show["holdSeconds"].as_i64().unwrap_or_default();
            buyer.cancel(probe.booking_id()).await;
            if hold_seconds >= 60 {
                return (show_id, vec![wanted]);
            }
        }
    }
    panic!("no show sells: {shows}");
}

/// The shipped binary in its embedded mode.
struct DevProcess {
    child: std::process::Child,
    addresses: boxoffice::dev::Addresses,
}

impl DevProcess {
    async fn start(folder: &std::path::Path) -> Self {
        let _old = std::fs::remove_file(folder.join("addresses.json"));
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_boxoffice"))
            .args(["dev", "--data"])
            .arg(folder)
            .env_remove("TEMPORAL_ADDRESS")
            .env("BOXOFFICE_API__LISTEN", "127.0.0.1:0")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let addresses =
            eventually("boxoffice dev is ready", SOON, || async { boxoffice::dev::running_in(folder) }).await;
        Self { child, addresses }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it as `make stop` does, which stops its engine as well.
    async fn stop(mut self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let deadline = std::time::Instant::now() + SOON;
        while self.child.try_wait().unwrap().is_none() {
            assert!(std::time::Instant::now() < deadline, "boxoffice dev stops when it is told to");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
