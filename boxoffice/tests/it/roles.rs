//! The roles as processes of their own: they start in any order, stop without dropping what they have begun, and none
//! of them is needed in particular. The shipped binary, on PostgreSQL, Redis and Temporal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use boxoffice::dev::{Addresses, ledger_in};
use boxoffice::engine_server::{EngineServer, free_port};
use domain::hold::later;
use futures::future::join_all;
use jiff::Timestamp;
use payments::simulator::SIGNATURE_HEADER;
use payments::webhook::sign;
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use serde_json::json;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::test_app::World;
use testkit::{Answer, Buyer, Fleet, Mode, Proxy, TestSettings, eventually};

const SOON: Duration = Duration::from_secs(40);

/// Processes of one installation, and what they have in common.
struct Installation {
    world: World,
    fleet: Fleet,
    apis: Vec<String>,
    addresses: Addresses,
}

impl Installation {
    /// One that is configured for `apis` and `workers` and a payment provider; nothing is started yet.
    async fn plan(wanted: &TestSettings, apis: usize, workers: usize) -> Self {
        let world = World::new(&TestSettings { mode: Mode::Distributed, ..wanted.clone() }).await;
        let settings = &world.settings;
        let mut fleet = Fleet::new(env!("CARGO_BIN_EXE_boxoffice"), world.path(), BTreeMap::new());
        let provider = format!("http://{}/simulator", fleet.add("payments", 1)[0]);
        let apis: Vec<String> = fleet.add("api", apis).iter().map(|address| format!("http://{address}")).collect();
        fleet.add("worker", workers);
        let secret = |secret: &secrecy::SecretString| secret.expose_secret().to_owned();
        for (name, value) in [
            ("DATABASE__URL", settings.database.url.clone()),
            ("LOCKS__URL", secret(&settings.locks.url)),
            ("LOCKS__PREFIX", settings.locks.prefix.clone()),
            ("ENGINE__ADDRESS", settings.engine.address.clone()),
            ("ENGINE__TASK_QUEUE", settings.engine.task_queue.clone()),
            ("API__ANSWER_WITHIN_MS", settings.api.answer_within_ms.to_string()),
            ("PAYMENTS__PROVIDER_URL", provider.clone()),
            ("PAYMENTS__WEBHOOK_URL", format!("{}/webhooks/simulator", apis[0])),
            ("PAYMENTS__LEDGER", ledger_in(world.path()).display().to_string()),
            ("PAYMENTS__API_KEY", secret(&settings.payments.api_key)),
            ("PAYMENTS__WEBHOOK_SECRET", secret(&settings.payments.webhook_secret)),
            ("IDENTITY__TOKEN_SECRET", secret(&settings.identity.token_secret)),
        ] {
            fleet.set(&format!("BOXOFFICE_{name}"), value);
        }
        let addresses = Addresses {
            api: apis[0].clone(),
            swagger_ui: String::new(),
            simulator: provider,
            temporal: settings.engine.address.clone(),
            temporal_ui: String::new(),
            namespace: settings.engine.namespace.clone(),
        };
        Self { world, fleet, apis, addresses }
    }

    fn buyer(&self) -> Buyer {
        self.world.buyer(&self.apis[0])
    }

    async fn started(&mut self, names: &[&str]) {
        for name in names {
            self.fleet.start(name);
        }
        for name in names {
            self.fleet.is_ready(name).await;
        }
    }

    /// Waits until everything is at rest, checks every promise, and stops all that runs, which has to end well.
    async fn finish(mut self) {
        self.world.rests_with_every_promise_kept(&self.addresses, Duration::from_secs(60)).await;
        self.fleet.stop_all().await;
    }
}

async fn readiness(url: &str) -> Option<(u16, serde_json::Value)> {
    let answer = reqwest::get(format!("{url}/health/ready")).await.ok()?;
    Some((answer.status().as_u16(), answer.json().await.ok()?))
}

async fn pay_and_wait(buyer: &Buyer, booking: &Answer) {
    buyer.pay(booking, GOOD_CARD).await;
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_under_way_is_answered_by_an_api_that_is_told_to_stop() {
    let wanted = TestSettings { answer_within_ms: 8_000, ..TestSettings::default() };
    let mut all = Installation::plan(&wanted, 2, 1).await;
    all.started(&["payments-1", "api-1"]).await;
    let buyer = all.buyer();
    let (poster, api) = (buyer.clone(), all.apis[0].clone());
    // Without a worker it waits for its outcome.
    let post = tokio::spawn(async move { poster.book(LONG_HOLD, &[seat(0)]).await });
    eventually("the saga has been started", SOON, || async {
        let engine = app::engine::Engine::new(all.world.settings.engine_config().unwrap(), "test");
        (!engine.open_sagas().await.ok()?.is_empty()).then_some(())
    })
    .await;
    let process = Pid::from_raw(i32::try_from(all.fleet.process_id("api-1")).unwrap()).unwrap();
    kill_process(process, Signal::TERM).unwrap();
    eventually("it takes no connections any more", SOON, || async {
        reqwest::get(format!("{api}/health/live")).await.is_err().then_some(())
    })
    .await;
    assert!(!post.is_finished(), "the request is still under way");
    all.started(&["worker-1"]).await;
    let booking = post.await.unwrap();
    assert_eq!(booking.status, StatusCode::CREATED, "it has got its answer: {booking:?}");
    eventually("the process has ended well", SOON, || {
        // `ended` tells of what ended without being stopped by the fleet, and how.
        let ended = all.fleet.ended();
        std::future::ready((ended == ["api-1: exit status: 0"]).then_some(()))
    })
    .await;
    all.fleet.kill("api-1");
    all.started(&["api-1"]).await;
    pay_and_wait(&buyer, &booking).await;
    all.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_says_no_before_connections_are_refused() {
    let mut all = Installation::plan(&TestSettings::default(), 1, 0).await;
    all.fleet.set("BOXOFFICE_DRAIN__NOTICE_MS", "2000");
    all.started(&["payments-1", "api-1"]).await;
    let api = all.apis[0].clone();
    let (status, body) = readiness(&api).await.unwrap();
    assert_eq!((status, &body["status"]), (200, &json!("ready")), "{body}");

    let process = Pid::from_raw(i32::try_from(all.fleet.process_id("api-1")).unwrap()).unwrap();
    let told = Instant::now();
    kill_process(process, Signal::TERM).unwrap();
    eventually("it says that it drains", SOON, || async {
        let (status, body) = readiness(&api).await?;
        (status == 503 && body["status"] == "draining").then_some(())
    })
    .await;
    assert!(told.elapsed() < Duration::from_secs(1), "at once");
    let (status, body) = all.fleet.operations("api-1", "/health/ready").await.unwrap();
    assert_eq!(status, 503, "on the operations listener as well: {body}");
    let shows = reqwest::get(format!("{api}/api/v1/shows")).await.unwrap();
    assert_eq!(shows.status(), StatusCode::OK, "who has not noticed yet is served");
    eventually("it has ended", SOON, || async {
        reqwest::get(format!("{api}/health/live")).await.is_err().then_some(())
    })
    .await;
    assert!(told.elapsed() >= Duration::from_secs(2), "not before its notice was over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_process_at_once() {
    let wanted = TestSettings { answer_within_ms: 20_000, ..TestSettings::default() };
    let mut all = Installation::plan(&wanted, 1, 0).await;
    all.fleet.set("BOXOFFICE_DRAIN__SECONDS", "30");
    all.started(&["payments-1", "api-1"]).await;
    let (poster, api) = (all.buyer(), all.apis[0].clone());
    let post = tokio::spawn(async move { poster.try_to_book("lost", LONG_HOLD, &[seat(0)]).await });
    eventually("the saga has been started", SOON, || async {
        let engine = app::engine::Engine::new(all.world.settings.engine_config().unwrap(), "test");
        (!engine.open_sagas().await.ok()?.is_empty()).then_some(())
    })
    .await;
    let process = Pid::from_raw(i32::try_from(all.fleet.process_id("api-1")).unwrap()).unwrap();
    kill_process(process, Signal::TERM).unwrap();
    eventually("it drains", SOON, || async { reqwest::get(format!("{api}/health/live")).await.is_err().then_some(()) })
        .await;
    let told = Instant::now();
    kill_process(process, Signal::TERM).unwrap();
    eventually("it has ended", SOON, || {
        std::future::ready((all.fleet.ended() == ["api-1: exit status: 130"]).then_some(()))
    })
    .await;
    assert!(told.elapsed() < Duration::from_secs(2), "it waits for nobody");
    assert!(post.await.unwrap().is_none_or(|answer| !answer.status.is_success()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sagas_go_on_when_their_worker_is_told_to_stop() {
    let mut all = Installation::plan(&TestSettings::default(), 1, 2).await;
    all.started(&["payments-1", "api-1", "worker-1"]).await;
    let buyer = all.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(booking.state(), "awaiting_payment", "{booking:?}");
    all.started(&["worker-2"]).await;
    // The saga is in the memory of the first worker, and the engine knows.
    let stopping = Instant::now();
    all.fleet.stop("worker-1").await;
    let stopped = stopping.elapsed();
    let paid = Instant::now();
    buyer.pay(&booking, GOOD_CARD).await;
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    let confirmed = paid.elapsed();
    println!("a worker without work stops in {stopped:?}; its saga is confirmed elsewhere {confirmed:?} after payment");
    // An engine that still believed in the first worker would wait 10 s for it.
    assert!(confirmed < Duration::from_secs(4), "confirmed after {confirmed:?}");

    all.started(&["worker-1"]).await;
    let begun = Instant::now();
    let buyers: Vec<Buyer> = (0..16).map(|_| all.buyer()).collect();
    let books = (0..).zip(&buyers).map(|(number, buyer)| async move {
        tokio::time::sleep(Duration::from_millis(40 * u64::from(number))).await;
        let asked = Instant::now();
        (buyer.book(LONG_HOLD, &[seat(number + 1)]).await, asked.elapsed())
    });
    let stop = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let stopping = Instant::now();
        all.fleet.stop("worker-2").await;
        stopping.elapsed()
    };
    let (answers, stopped) = tokio::join!(join_all(books), stop);
    let slowest = answers.iter().map(|(_, took)| *took).max().unwrap();
    println!("16 bookings in {:?}, slowest {slowest:?}, while a worker stopped in {stopped:?}", begun.elapsed());
    // A task that the engine hands over in the very moment of the stop may go down with the worker: its booking is then
    // answered 202, and goes on.
    let late = answers.iter().filter(|(answer, _)| answer.status == StatusCode::ACCEPTED).count();
    assert!(late <= 2, "{late} of 16 were not answered in time");
    for (buyer, (answer, took)) in buyers.iter().zip(&answers) {
        assert!(answer.status.is_success(), "after {took:?}: {answer:?}");
        buyer.wait_for(answer.booking_id(), "awaiting_payment", SOON).await;
    }
    for (buyer, (booking, _)) in buyers.iter().zip(&answers) {
        buyer.cancel(booking.booking_id()).await;
    }
    all.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sagas_go_on_when_their_worker_is_killed() {
    let mut all = Installation::plan(&TestSettings::default(), 1, 2).await;
    all.started(&["payments-1", "api-1", "worker-1"]).await;
    let buyer = all.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(booking.state(), "awaiting_payment", "{booking:?}");
    all.started(&["worker-2"]).await;
    all.fleet.kill("worker-1");
    let paid = Instant::now();
    pay_and_wait(&buyer, &booking).await;
    let confirmed = paid.elapsed();
    println!("a saga whose worker was killed is confirmed elsewhere {confirmed:?} after payment");
    assert!(confirmed < Duration::from_secs(6), "confirmed after {confirmed:?}");
    all.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_an_api_has_stored_outlives_it() {
    let mut all = Installation::plan(&TestSettings::default(), 2, 1).await;
    // The first API loses its engine before the webhook comes; the provider sends none of its own.
    let engine = Proxy::start(vec![all.world.settings.engine.address.trim_start_matches("http://").to_owned()]).await;
    all.fleet.set("BOXOFFICE_PAYMENTS__WEBHOOK_URL", format!("http://127.0.0.1:{}/nobody", free_port().unwrap()));
    all.started(&["payments-1", "api-2", "worker-1"]).await;
    all.fleet.set("BOXOFFICE_ENGINE__ADDRESS", engine.address());
    all.started(&["api-1"]).await;
    let buyer = all.world.buyer(&all.apis[1]);
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    buyer.pay(&booking, GOOD_CARD).await;
    engine.silence();

    let intent = booking.body["payment"]["paymentPage"].as_str().unwrap();
    let intent = intent.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    let now = Timestamp::now();
    let event = json!({ "id": "evt_lost", "kind": "intent.succeeded", "created_at": now, "intent": { "id": intent } });
    let body = event.to_string();
    let signature = sign(&all.world.settings.payments.webhook_secret, body.as_bytes(), now);
    let url = format!("{}/webhooks/simulator", all.apis[0]);
    let request = all.world.http().post(url).header("Content-Type", "application/json").body(body);
    let stored = request.header(SIGNATURE_HEADER, signature).send().await.unwrap();
    assert_eq!(stored.status(), StatusCode::OK);
    let acknowledged = Instant::now();
    all.fleet.kill("api-1");
    buyer.wait_for(booking.booking_id(), "confirmed", SOON).await;
    let confirmed = acknowledged.elapsed();
    println!("a webhook whose API died while it delivered it is delivered by a worker: confirmed after {confirmed:?}");
    assert!(confirmed < Duration::from_secs(6), "confirmed after {confirmed:?}");
    assert!(later(now, 60) > Timestamp::now(), "and not by the deadline");
    all.addresses.api = all.apis[1].clone();
    all.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_start_before_their_engine_and_outlive_it() {
    let (state, port) = (tempfile::tempdir().unwrap(), free_port().unwrap());
    let wanted = TestSettings { engine: Some(format!("127.0.0.1:{port}")), ..TestSettings::default() };
    let mut all = Installation::plan(&wanted, 1, 1).await;
    all.started(&["payments-1", "api-1"]).await;
    all.fleet.start("worker-1");
    let degraded = async |all: &Installation| {
        eventually("the API says what is away and the worker that it is of no use", SOON, || async {
            let (api, said) = all.fleet.operations("api-1", "/health/ready").await?;
            let (worker, _) = all.fleet.operations("worker-1", "/health/ready").await?;
            let said: serde_json::Value = serde_json::from_str(&said).ok()?;
            let known = said["status"] == "degraded" && said["engine"] == "away" && said["database"] == "up";
            (api == 200 && worker == 503 && known).then_some(())
        })
        .await;
        let (alive, _) = all.fleet.operations("worker-1", "/health/live").await.unwrap();
        assert_eq!(alive, 200, "waiting is no reason to be restarted");
    };
    degraded(&all).await;
    let buyer = all.buyer();
    let refused = buyer.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");

    let engine = EngineServer::start_on(state.path(), port, free_port().unwrap()).await.unwrap();
    all.fleet.is_ready("worker-1").await;
    let booking = eventually("bookings are taken", SOON, || async {
        let answer = buyer.try_to_book("first", LONG_HOLD, &[seat(0)]).await?;
        (answer.status == StatusCode::CREATED).then_some(answer)
    })
    .await;

    engine.stop().await.unwrap();
    degraded(&all).await;
    let engine = EngineServer::start_on(state.path(), port, free_port().unwrap()).await.unwrap();
    let back = Instant::now();
    all.fleet.is_ready("worker-1").await;
    pay_and_wait(&buyer, &booking).await;
    println!("the engine came back, and {:?} later a booking was confirmed", back.elapsed());
    assert_eq!(all.fleet.ended(), [""; 0], "no process has ended");
    all.finish().await;
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_started_at_once_and_migrate_makes_the_rest() {
    let mut all = Installation::plan(&TestSettings::default(), 1, 1).await;
    // An empty database, and a namespace that nobody has made.
    let empty = testkit::mode::fresh_postgres().await;
    let namespace = format!("test-{}", uuid::Uuid::new_v4().simple());
    wipe(&empty).await;
    all.fleet.set("BOXOFFICE_DATABASE__URL", &empty);
    all.fleet.set("BOXOFFICE_ENGINE__NAMESPACE", &namespace);
    all.world.settings.database.url = empty;
    all.world.settings.engine.namespace.clone_from(&namespace);
    all.addresses.namespace = namespace;
    for name in all.fleet.names() {
        all.fleet.start(&name);
    }
    let said = join_all((0..3).map(|_| command(&all, &["migrate"]))).await;
    for output in &said {
        assert!(output.status.success(), "{output:?}");
    }
    let texts: String = said.iter().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).collect();
    assert_eq!(texts.matches("is made").count(), 1, "one makes the namespace: {texts}");
    let again = command(&all, &["migrate"]).await;
    let text = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(text.contains("the database is up to date") && text.contains("has every search attribute"), "{text}");
    testkit::mode::fill(&all.world.settings.database.url).await;
    for name in all.fleet.names() {
        all.fleet.is_ready(&name).await;
    }
    let buyer = all.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    assert_eq!(booking.status, StatusCode::CREATED, "{booking:?}");
    pay_and_wait(&buyer, &booking).await;

    let checked = command(&all, &["check", "--api", &all.apis[0]]).await;
    let report = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success() && !report.contains("cannot be"), "{checked:?}");
    let told = ["repair", &booking.booking_id().to_string(), "retry", "--note", "tried", "--api", &all.apis[0]]
        .map(str::to_owned);
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    let repaired = command(&all, &told).await;
    assert!(repaired.status.success(), "{repaired:?}");
    all.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_is_explained() {
    let mut all = Installation::plan(&TestSettings::default(), 1, 1).await;
    all.started(&["payments-1", "api-1", "worker-1"]).await;
    let buyer = all.buyer();
    let booking = buyer.book(LONG_HOLD, &[seat(0)]).await;
    pay_and_wait(&buyer, &booking).await;
    for name in ["api-1", "worker-1", "payments-1"] {
        let (status, text) = all.fleet.operations(name, "/metrics").await.unwrap();
        assert_eq!(status, 200);
        let explained = |metric: &str| text.contains(&format!("# HELP {metric} "));
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            let metric = line.split(' ').nth(2).unwrap();
            assert!(metric.starts_with("boxoffice_") && explained(metric), "{name}: {line}");
        }
        assert!(text.contains("boxoffice_build_info{version="), "{text}");
    }
    let (_, text) = all.fleet.operations("api-1", "/metrics").await.unwrap();
    for line in [
        "boxoffice_dependency_up{dependency=\"database\"} 1",
        "boxoffice_dependency_up{dependency=\"engine\"} 1",
        "boxoffice_dependency_up{dependency=\"locks\"} 1",
        "boxoffice_http_requests_total{method=\"POST\",route=\"/api/v1/bookings\",status=\"201\"} 1",
    ] {
        assert!(text.contains(line), "`{line}` is missing: {text}");
    }
    all.finish().await;
}

/// Runs the shipped binary as an operator of the installation.
async fn command(all: &Installation, arguments: &[&str]) -> std::process::Output {
    let settings = &all.world.settings;
    let secret = |secret: &secrecy::SecretString| secret.expose_secret().to_owned();
    tokio::process::Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(arguments)
        .current_dir(all.world.path())
        .env("BOXOFFICE_DATABASE__URL", &settings.database.url)
        .env("BOXOFFICE_ENGINE__ADDRESS", &settings.engine.address)
        .env("BOXOFFICE_ENGINE__NAMESPACE", &settings.engine.namespace)
        .env("BOXOFFICE_ENGINE__TASK_QUEUE", &settings.engine.task_queue)
        .env("BOXOFFICE_IDENTITY__TOKEN_SECRET", secret(&settings.identity.token_secret))
        .env("BOXOFFICE_PAYMENTS__LEDGER", ledger_in(all.world.path()))
        .output()
        .await
        .unwrap()
}

/// Takes everything out of a database.
async fn wipe(url: &str) {
    let store = store::Store::connect(&store::DatabaseConfig::new(url)).await.unwrap();
    store.connection().execute_unprepared("drop schema public cascade; create schema public").await.unwrap();
    store.close().await.unwrap();
}
