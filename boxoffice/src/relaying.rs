//! The role `relay`: publishes the outbox to Kafka. Any number of processes share the work; none is special.

use std::time::Duration;

use app::readiness::{Need, Part, Question, Watch};
use messaging::kafka::Probe;
use messaging::relay::Relay;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::application::{connect, kafka_of, relay};
use crate::discovery::Discovery;
use crate::operations::Operations;
use crate::settings::{ProcessRole, Settings};
use crate::workers::Heart;

/// How long the database has to say goodbye.
const GRACE: Duration = Duration::from_secs(2);

/// A relay, built and not yet running.
pub struct RelayProcess {
    settings: Settings,
    store: Store,
    relay: Relay,
    watch: Watch,
    operations: Option<Operations>,
    discovery: Option<Discovery>,
}

impl RelayProcess {
    /// Connects to the database; Kafka need not be there yet.
    pub async fn build(settings: Settings) -> anyhow::Result<Self> {
        settings.validate(&[ProcessRole::Relay])?;
        let store = connect(&settings, &[ProcessRole::Relay]).await?;
        let relay = relay(&settings, store.clone())?;
        let mut parts: Vec<(Part, Need, Question)> = Vec::new();
        let asked = store.clone();
        let database: Question = Box::new(move || {
            let store = asked.clone();
            Box::pin(async move { store.ping().await.map_err(|error| error.to_string()) })
        });
        parts.push((Part::Database, Need::Essential, database));
        if let Some(config) = kafka_of(&settings)? {
            parts.push((Part::Kafka, Need::Essential, kafka_question(config.probe()?)));
        }
        Ok(Self { settings, store, relay, watch: Watch::new(parts), operations: None, discovery: None })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Answers those who watch the process on `operations`.
    #[must_use]
    pub fn operated_on(mut self, operations: Operations) -> Self {
        self.operations = Some(operations);
        self
    }

    /// Tells others where the process is, for as long as it runs.
    #[must_use]
    pub fn found_by(mut self, discovery: Discovery) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// Runs until `stop` is cancelled, then finishes its batch and leaves its slots to the others.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let (working, ending) = (CancellationToken::new(), CancellationToken::new());
        let registration = self.discovery.map(|discovery| tokio::spawn(discovery.run(stop.clone())));
        let operations = match self.operations {
            Some(operations) => {
                Some(tokio::spawn(operations.serve(self.watch.clone(), Heart::default(), ending.clone())?))
            }
            None => None,
        };
        let relay = tokio::spawn(self.relay.run(working.clone()));
        stop.cancelled().await;
        self.watch.drain();
        tracing::info!("told to stop: draining");
        tokio::time::sleep(self.settings.drain.notice()).await;
        working.cancel();
        if tokio::time::timeout(self.settings.drain.limit(), relay).await.is_err() {
            tracing::warn!("a batch is still under way; another relay publishes it again once the lease ends");
        }
        ending.cancel();
        for helper in [registration, operations].into_iter().flatten() {
            helper.await?;
        }
        if !matches!(tokio::time::timeout(GRACE, self.store.close()).await, Ok(Ok(()))) {
            tracing::warn!("the connections to the database are given up");
        }
        Ok(())
    }
}

/// Asks whether Kafka is there.
pub(crate) fn kafka_question(probe: Probe) -> Question {
    Box::new(move || {
        let probe = probe.clone();
        Box::pin(async move { probe.ask().await })
    })
}
