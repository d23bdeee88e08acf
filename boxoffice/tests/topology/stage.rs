//! Processes of each role, their servers behind proxies, and one address for all APIs.

use std::collections::BTreeMap;
use std::time::Duration;

use boxoffice::dev::{Addresses, ledger_in};
use boxoffice::promises;
use checker::Quiet;
use domain::contact::{Contact, EmailAddress, Locale, PersonName};
use domain::ids::BookingId;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use store::Store;
use testkit::test_app::World;
use testkit::{Buyer, Fleet, Proxy, TestSettings, eventually};
use tokio::sync::{Mutex, MutexGuard};

use crate::listeners::Listeners;

/// Only one test may have the servers.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Where buyers are written to.
pub(crate) const ADDRESS: &str = "ada@example.org";

/// Everything that a test of the topology plays with.
pub(crate) struct Stage {
    /// The data and the buyers.
    pub(crate) world: World,
    /// The database, around the proxy.
    pub(crate) store: Store,
    /// The processes.
    pub(crate) fleet: Fleet,
    /// What stands between them and PostgreSQL.
    pub(crate) postgres: Proxy,
    /// What stands between them and Redis.
    pub(crate) redis: Proxy,
    /// What stands between them and Temporal.
    pub(crate) temporal: Proxy,
    /// Those who listen, where there are any.
    pub(crate) listeners: Option<Listeners>,
    /// Where each API is.
    pub(crate) apis: Vec<String>,
    /// The one address of all APIs, as a load balancer gives it; kept for as long as it is needed.
    _front: Proxy,
    /// Where everything is.
    pub(crate) addresses: Addresses,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    /// Starts `apis` and `workers` and the payment provider.
    pub(crate) async fn set(apis: usize, workers: usize) -> Self {
        Self::set_with(apis, workers, None, &[]).await
    }

    /// Starts them with Kafka: `relays`, `consumers`, and somebody who takes their mail.
    pub(crate) async fn set_listening(apis: usize, workers: usize, relays: usize, consumers: usize) -> Self {
        Self::set_with(apis, workers, Some((relays, consumers)), &[]).await
    }

    /// Starts one process of each kind with a payment provider that is reached by message alone, whose intents are paid
    /// as `collect` says.
    pub(crate) async fn set_paying_by_message(collect: &str) -> Self {
        let settings = [("PAYMENTS__REACHED_BY", "messages"), ("PAYMENTS__COLLECT", collect)];
        Self::set_with(1, 1, Some((1, 1)), &settings).await
    }

    async fn set_with(apis: usize, workers: usize, listening: Option<(usize, usize)>, others: &[(&str, &str)]) -> Self {
        let alone = ALONE.lock().await;
        let world = World::new(&TestSettings::default()).await;
        let settings = &world.settings;
        let postgres = Proxy::start(vec![host_and_port(&settings.database.url)]).await;
        let redis = Proxy::start(vec![host_and_port(settings.locks.url.expose_secret())]).await;
        let temporal = Proxy::start(vec![host_and_port(&settings.engine.address)]).await;

        let store = Store::connect(&settings.database.config()).await.unwrap();
        let mut fleet = Fleet::new(env!("CARGO_BIN_EXE_boxoffice"), world.path(), BTreeMap::new());
        let provider = format!("http://{}/simulator", fleet.add("payments", 1)[0]);
        let apis = fleet.add("api", apis);
        let front = Proxy::start(apis.clone()).await;
        fleet.add("worker", workers);
        let api = format!("http://{}", front.address());
        for (name, value) in [
            ("DATABASE__URL", postgres.in_place_of(&settings.database.url)),
            ("LOCKS__URL", redis.in_place_of(settings.locks.url.expose_secret())),
            ("LOCKS__PREFIX", settings.locks.prefix.clone()),
            ("ENGINE__ADDRESS", temporal.address()),
            ("ENGINE__TASK_QUEUE", settings.engine.task_queue.clone()),
            ("SAGA__SLOW_RETRY_SECONDS", "2".to_owned()),
            ("PAYMENTS__PROVIDER_URL", provider.clone()),
            ("PAYMENTS__WEBHOOK_URL", format!("{api}/webhooks/simulator")),
            ("PAYMENTS__LEDGER", ledger_in(world.path()).display().to_string()),
            ("PAYMENTS__API_KEY", settings.payments.api_key.expose_secret().to_owned()),
            ("PAYMENTS__WEBHOOK_SECRET", settings.payments.webhook_secret.expose_secret().to_owned()),
            ("IDENTITY__TOKEN_SECRET", settings.identity.token_secret.expose_secret().to_owned()),
        ] {
            fleet.set(&format!("BOXOFFICE_{name}"), value);
        }
        for (name, value) in others {
            fleet.set(&format!("BOXOFFICE_{name}"), *value);
        }
        let listeners = match listening {
            Some((relays, consumers)) => {
                let listeners = Listeners::start(world.path(), &settings.engine.task_queue).await;
                fleet.add("relay", relays);
                fleet.add("consume", consumers);
                for (name, value) in listeners.environment() {
                    fleet.set(&name, value);
                }
                Some(listeners)
            }
            None => None,
        };
        let addresses = Addresses {
            swagger_ui: format!("{api}/docs"),
            api,
            simulator: provider,
            temporal: settings.engine.address.clone(),
            temporal_ui: String::new(),
            namespace: settings.engine.namespace.clone(),
        };
        fleet.start_all().await;
        let apis = apis.iter().map(|address| format!("http://{address}")).collect();
        Self {
            world,
            store,
            fleet,
            postgres,
            redis,
            temporal,
            listeners,
            apis,
            _front: front,
            addresses,
            _alone: alone,
        }
    }

    /// Somebody new who buys from any of the APIs, and can be written to where there is mail.
    pub(crate) async fn buyer(&self) -> Buyer {
        let buyer = self.world.buyer(&self.addresses.api);
        if self.listeners.is_none() {
            return buyer;
        }
        let contact = Contact {
            customer_id: buyer.customer_id,
            name: PersonName::parse("Ada Lovelace").unwrap(),
            email: EmailAddress::parse(ADDRESS).unwrap(),
            locale: Locale::default(),
        };
        self.store.put_contact(&contact, Timestamp::now()).await.unwrap();
        buyer
    }

    /// Whether everything that was collected for a booking has gone back, as the database knows it.
    pub(crate) async fn refunded(&self, booking_id: BookingId) -> bool {
        let booking = self.store.find_booking(booking_id).await.unwrap().unwrap();
        booking.captured.minor > 0 && booking.refunded == booking.captured
    }

    /// Waits until no saga is open and every promise holds, then stops all processes, which have to end well.
    pub(crate) async fn rests_with_every_promise_kept(mut self, within: Duration) {
        let last = std::sync::Mutex::new(String::new());
        let settled = eventually_or_none(within, || async {
            let answers = Vec::new();
            let report = promises::check(
                &self.world.settings,
                self.world.path(),
                Some(&self.addresses),
                answers,
                Quiet::Settled,
            );
            match report.await {
                Ok(report) if report.is_clean() && report.attention.is_empty() => Some(()),
                Ok(report) => {
                    *last.lock().unwrap() = report.to_string();
                    None
                }
                Err(error) => {
                    *last.lock().unwrap() = format!("{error:#}");
                    None
                }
            }
        })
        .await;
        let ended = self.fleet.ended();
        assert!(ended.is_empty(), "processes have ended by themselves: {ended:?}");
        if settled.is_none() {
            for name in self.fleet.names() {
                eprintln!("== the end of the log of {name}:\n{}", self.fleet.log_of(&name));
            }
            panic!("not at rest within {within:?}: {}", last.lock().unwrap());
        }
        // Once more with what the buyers were answered.
        self.world.check(Some(&self.addresses), Quiet::Settled).await;
        self.fleet.stop_all().await;
    }
}

/// As [`eventually`], for a caller that says more when it fails.
async fn eventually_or_none<F: Future<Output = Option<()>>>(
    within: Duration,
    mut look: impl FnMut() -> F,
) -> Option<()> {
    let deadline = std::time::Instant::now() + within;
    while std::time::Instant::now() < deadline {
        if look().await.is_some() {
            return Some(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    None
}

/// `host:port` of a URL.
fn host_and_port(url: &str) -> String {
    let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let url: reqwest::Url = with_scheme.parse().unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

/// Waits until everything that the API needs is there, as it says itself.
pub(crate) async fn all_parts_are_up(stage: &Stage) {
    for name in stage.fleet.names().into_iter().filter(|name| name != "payments-1") {
        eventually(&format!("{name} says that all parts are up"), Duration::from_secs(30), || async {
            let (status, body) = stage.fleet.operations(&name, "/health/ready").await?;
            (status == 200 && body.contains("\"status\":\"ready\"")).then_some(())
        })
        .await;
    }
}
