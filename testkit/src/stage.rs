//! Processes of each role, their servers behind proxies, and one address for all APIs.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use boxoffice::dev::{Addresses, ledger_in};
use checker::{Quiet, Report};
use domain::contact::{Contact, EmailAddress, Locale, PersonName};
use domain::ids::BookingId;
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use secrecy::ExposeSecret;
use store::Store;
use tokio::sync::{Mutex, MutexGuard};

use crate::buyer::Buyer;
use crate::fleet::Fleet;
use crate::listeners::Listeners;
use crate::mode::Mode;
use crate::proxy::Proxy;
use crate::rest::Unrest;
use crate::test_app::{Entrance, TestSettings, World};

/// Only one stage at a time may have the servers: of this process, and of this clone.
static ALONE: Mutex<()> = Mutex::const_new(());

/// How long a contact may take to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

/// Where buyers are written to.
pub const ADDRESS: &str = "ada@example.org";

/// Who plays, besides the payment provider, and what they are told besides where everything is.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The shipped binary.
    pub program: PathBuf,
    /// How many APIs there are.
    pub apis: usize,
    /// How many workers there are.
    pub workers: usize,
    /// How many relays there are; without relays and consumers nobody listens, and there is no Kafka.
    pub relays: usize,
    /// How many consumers there are.
    pub consumers: usize,
    /// Set for every process, after everything else.
    pub environment: Vec<(String, String)>,
    /// Where the database is kept, if not where PostgreSQL keeps all of them.
    pub tablespace: Option<String>,
}

/// Everything that a test of the topology plays with.
pub struct Stage {
    /// The data and the buyers.
    pub world: World,
    /// The database, around the proxy.
    pub store: Store,
    /// The processes.
    pub fleet: Fleet,
    /// What stands between them and PostgreSQL.
    pub postgres: Proxy,
    /// What stands between them and Redis.
    pub redis: Proxy,
    /// What stands between them and Temporal.
    pub temporal: Proxy,
    /// Those who listen, where there are any.
    pub listeners: Option<Listeners>,
    /// Where each API is.
    pub apis: Vec<String>,
    /// The one address of all APIs, as a load balancer gives it; kept for as long as it is needed.
    _front: Proxy,
    /// Where everything is.
    pub addresses: Addresses,
    _alone: (MutexGuard<'static, ()>, File),
}

impl Cast {
    /// APIs and workers of `program`, and nobody who listens.
    pub fn new(program: impl Into<PathBuf>, apis: usize, workers: usize) -> Self {
        let program = program.into();
        Self { program, apis, workers, relays: 0, consumers: 0, environment: Vec::new(), tablespace: None }
    }

    /// With Kafka: `relays`, `consumers`, and somebody who takes their mail.
    pub fn listening(self, relays: usize, consumers: usize) -> Self {
        Self { relays, consumers, ..self }
    }
}

/// Where buyers come from.
#[derive(Clone)]
pub struct StageEntrance {
    entrance: Entrance,
    /// Where their addresses are noted, if there is mail.
    store: Option<Store>,
}

impl StageEntrance {
    /// Somebody new, who can be written to where there is mail.
    pub async fn buyer(&self) -> Buyer {
        let buyer = self.entrance.buyer();
        let Some(store) = &self.store else { return buyer };
        let contact = Contact {
            customer_id: buyer.customer_id,
            name: PersonName::parse("Ada Lovelace").unwrap(),
            email: EmailAddress::parse(ADDRESS).unwrap(),
            locale: Locale::default(),
        };
        let deadline = Instant::now() + WRITTEN_WITHIN;
        while let Err(error) = store.put_contact(&contact, Timestamp::now()).await {
            // The server may be restarting, or have no room on its disk.
            assert!(Instant::now() < deadline, "no contact can be written: {error}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        buyer
    }
}

impl Stage {
    /// Starts everybody, and waits until they are ready; says who is not.
    pub async fn try_to_set(cast: Cast) -> Result<Self, String> {
        let alone = (ALONE.lock().await, alone_in_this_clone().await);
        let tablespace = cast.tablespace.clone();
        let wanted = TestSettings { mode: Mode::Distributed, tablespace, ..TestSettings::default() };
        let world = World::new(&wanted).await;
        let settings = &world.settings;
        let postgres = Proxy::start(vec![host_and_port(&settings.database.url)]).await;
        let redis = Proxy::start(vec![host_and_port(settings.locks.url.expose_secret())]).await;
        let temporal = Proxy::start(vec![host_and_port(&settings.engine.address)]).await;

        let store = Store::connect(&settings.database.config()).await.unwrap();
        let mut fleet = Fleet::new(&cast.program, world.path(), BTreeMap::new());
        let provider = format!("http://{}/simulator", fleet.add("payments", 1)[0]);
        let apis = fleet.add("api", cast.apis);
        let front = Proxy::start(apis.clone()).await;
        fleet.add("worker", cast.workers);
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
        let listeners = if cast.relays + cast.consumers > 0 {
            let listeners = Listeners::start(world.path(), &settings.engine.task_queue).await;
            fleet.add("relay", cast.relays);
            fleet.add("consume", cast.consumers);
            for (name, value) in listeners.environment() {
                fleet.set(&name, value);
            }
            Some(listeners)
        } else {
            None
        };
        for (name, value) in cast.environment {
            fleet.set(&name, value);
        }
        let addresses = Addresses {
            swagger_ui: format!("{api}/docs"),
            api,
            simulator: provider,
            temporal: settings.engine.address.clone(),
            temporal_ui: String::new(),
            namespace: settings.engine.namespace.clone(),
        };
        fleet.try_to_start_all().await?;
        let apis = apis.iter().map(|address| format!("http://{address}")).collect();
        let (_front, _alone) = (front, alone);
        Ok(Self { world, store, fleet, postgres, redis, temporal, listeners, apis, _front, addresses, _alone })
    }

    /// Starts everybody, and panics unless they are ready soon.
    pub async fn set(cast: Cast) -> Self {
        Self::try_to_set(cast).await.unwrap_or_else(|who| panic!("{who}"))
    }

    /// Somebody new who buys from any of the APIs, and can be written to where there is mail.
    pub async fn buyer(&self) -> Buyer {
        self.entrance().buyer().await
    }

    /// Where buyers come from, for those who have no stage at hand.
    pub fn entrance(&self) -> StageEntrance {
        let store = self.listeners.as_ref().map(|_listeners| self.store.clone());
        StageEntrance { entrance: self.world.entrance(&self.addresses.api), store }
    }

    /// Whether everything that was collected for a booking has gone back, as the database knows it.
    pub async fn refunded(&self, booking_id: BookingId) -> bool {
        let booking = self.store.find_booking(booking_id).await.unwrap().unwrap();
        booking.captured.minor > 0 && booking.refunded == booking.captured
    }

    /// Waits until no saga is open, nobody has to look at anything, and every promise holds, what the buyers were
    /// answered included.
    pub async fn comes_to_rest(&self, within: Duration) -> Result<Report, Unrest> {
        self.world.comes_to_rest(&self.addresses, within).await
    }

    /// Waits until no saga is open and every promise holds, then stops all processes, which have to end well.
    pub async fn rests_with_every_promise_kept(mut self, within: Duration) {
        let settled = self.comes_to_rest(within).await;
        let ended = self.fleet.ended();
        assert!(ended.is_empty(), "processes have ended by themselves: {ended:?}");
        if let Err(unrest) = settled {
            for name in self.fleet.names() {
                eprintln!("== the end of the log of {name}:\n{}", self.fleet.log_of(&name));
            }
            panic!("not at rest within {within:?}: {unrest}");
        }
        // Once more, with every message held against its contract.
        self.world.check(Some(&self.addresses), Quiet::Settled).await;
        self.fleet.stop_all().await;
    }

    /// Waits until everything that the processes need is there, as they say themselves. Tells who was the last to miss
    /// something, if anybody had to be waited for; the error says who still does.
    pub async fn parts_are_up(&self, within: Duration) -> Result<Option<String>, String> {
        let deadline = Instant::now() + within;
        let mut last = None;
        for name in self.fleet.names().into_iter().filter(|name| name != "payments-1") {
            loop {
                let answer = self.fleet.operations(&name, "/health/ready").await;
                if matches!(&answer, Some((200, body)) if body.contains("\"status\":\"ready\"")) {
                    break;
                }
                let said = answer.map_or_else(|| "nothing".to_owned(), |(status, body)| format!("{status} {body}"));
                if Instant::now() >= deadline {
                    return Err(format!("{name} does not say that all parts are up, but {said}"));
                }
                last = Some(format!("{name} said {said}"));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(last)
    }
}

/// Waits until no other process has a stage; they would restart each other's servers. Nobody else has it for as long as
/// the file is open.
async fn alone_in_this_clone() -> File {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data");
    let locked = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(folder)?;
        let file = File::create(format!("{folder}/stage.lock"))?;
        flock(&file, FlockOperation::LockExclusive)?;
        std::io::Result::Ok(file)
    });
    locked.await.unwrap().unwrap()
}

/// `host:port` of a URL.
fn host_and_port(url: &str) -> String {
    let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let url: reqwest::Url = with_scheme.parse().unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

/// Waits until everything that the processes need is there, as they say themselves.
pub async fn all_parts_are_up(stage: &Stage) {
    if let Err(who) = stage.parts_are_up(Duration::from_secs(30)).await {
        panic!("{who}");
    }
}
