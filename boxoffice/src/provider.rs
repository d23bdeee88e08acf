//! The role `payments`: the payment simulator as a process of its own, with its own ledger, reached over HTTP and
//! telling over webhooks, or reached and telling by message, as a real provider would be. Knows nothing of bookings.

use std::sync::Arc;

use anyhow::Context;
use app::readiness::{Need, Part, Question, Watch};
use messaging::kafka::{self, KafkaConfig, Producer};
use messaging::payments::{PaymentRequestConsumer, PaymentResultOutlet};
use payments::simulator::{Collect, EventOutlet, Outlet, Simulator};
use poem::{EndpointExt, Route};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::application::{kafka_of, serve, simulator};
use crate::discovery::Discovery;
use crate::operations::Operations;
use crate::relaying::kafka_question;
use crate::settings::{ProcessRole, ReachedBy, Settings};
use crate::workers::Heart;

/// The provider, built and not yet running.
pub struct Provider {
    settings: Settings,
    simulator: Simulator,
    listener: TcpListener,
    requests: Option<Requests>,
    operations: Option<Operations>,
    discovery: Option<Discovery>,
}

/// What it is asked by message.
struct Requests {
    kafka: KafkaConfig,
    collect: Collect,
}

impl Requests {
    fn of(settings: &Settings) -> anyhow::Result<Self> {
        let kafka = kafka_of(settings)?.context("kafka.brokers is not set")?;
        let collect = settings.payments.collect().context("payments.collect is not right")?;
        Ok(Self { kafka, collect })
    }

    /// Where the answers go.
    fn results(&self) -> anyhow::Result<Arc<dyn EventOutlet>> {
        let producer = Producer::new(&self.kafka)?;
        Ok(Arc::new(PaymentResultOutlet::new(Arc::new(producer), &self.kafka.topics.payment_results)))
    }

    /// Whether Kafka is there. Without it payments that are under way can still be paid.
    fn question(&self) -> anyhow::Result<(Part, Need, Question)> {
        Ok((Part::Kafka, Need::Useful, kafka_question(self.kafka.probe()?)))
    }

    /// Has `simulator` do what it is asked until `stop` is cancelled.
    async fn listen(self, simulator: Simulator, stop: CancellationToken) -> anyhow::Result<()> {
        let consumer = Arc::new(PaymentRequestConsumer::new(simulator, self.collect));
        let topics = [self.kafka.topics.payment_events.as_str()];
        kafka::listen(&self.kafka, consumer, &topics, stop).await.context("requests are not listened to")
    }
}

impl Provider {
    /// Opens the ledger and takes the address. Payment pages are linked to where it listens if nothing else is set.
    pub async fn build(mut settings: Settings) -> anyhow::Result<Self> {
        settings.validate(&[ProcessRole::Payments])?;
        let listen = settings.payments.listen;
        let bound = TcpListener::bind(listen).await;
        let listener =
            bound.with_context(|| format!("payments.listen {listen} cannot be used (BOXOFFICE_PAYMENTS__LISTEN)"))?;
        settings.payments.listen = listener.local_addr()?;
        if settings.payments.page_url().is_empty() {
            settings.payments.public_url = format!("http://{}/simulator", settings.payments.listen);
        }
        let (outlet, requests) = match settings.payments.reached_by {
            ReachedBy::Http => (Outlet::Webhook(Url::parse(&settings.payments.webhook_url)?), None),
            ReachedBy::Messages => {
                let requests = Requests::of(&settings)?;
                (Outlet::Messages(requests.results()?), Some(requests))
            }
        };
        let simulator = simulator(&settings, &settings.payments.ledger, outlet).await?;
        Ok(Self { settings, simulator, listener, requests, operations: None, discovery: None })
    }

    /// The settings, with what followed from what was bound.
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

    /// Runs until `stop` is cancelled, then lets requests under way finish. Webhooks that are not sent yet are sent by
    /// the next process on the same ledger.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let drain = &self.settings.drain;
        // It calls nobody but the receiver of its webhooks, whose absence is no reason to stop taking payments.
        let watch = match &self.requests {
            Some(requests) => Watch::new([requests.question()?]),
            None => Watch::new([]),
        };
        let (serving, ending) = (CancellationToken::new(), CancellationToken::new());
        let registration = self.discovery.map(|discovery| tokio::spawn(discovery.run(stop.clone())));
        let operations = match self.operations {
            Some(operations) => {
                Some(tokio::spawn(operations.serve(watch.clone(), Heart::default(), ending.clone())?))
            }
            None => None,
        };
        let routes =
            Route::new().nest(api::simulator::PREFIX, api::simulator::routes(self.simulator.clone())).map_to_response();
        let server = serve("payments", self.listener, routes, serving.clone(), drain.limit())?;
        let (simulator, sending) = (self.simulator.clone(), ending.clone());
        let mut sender = tokio::spawn(async move { simulator.run(sending).await });
        let (simulator, asking) = (self.simulator.clone(), serving.clone());
        let mut asked = tokio::spawn(async move {
            match self.requests {
                Some(requests) => requests.listen(simulator, asking).await,
                None => {
                    asking.cancelled().await;
                    Ok(())
                }
            }
        });
        let (mut sent, mut heard) = (None, None);
        tokio::select! {
            () = stop.cancelled() => {}
            ended = &mut sender => sent = Some(ended),
            ended = &mut asked => heard = Some(ended),
        }
        stop.cancel();
        watch.drain();
        tokio::time::sleep(drain.notice()).await;
        serving.cancel();
        server.await??;
        let heard = match heard {
            Some(heard) => heard,
            None => asked.await,
        };
        // What it was asked last is answered by the next process on the same ledger, if not by this one.
        ending.cancel();
        let sent = match sent {
            Some(sent) => sent,
            None => sender.await,
        };
        for helper in [registration, operations].into_iter().flatten() {
            helper.await?;
        }
        heard??;
        sent?.context("the payment simulator has stopped")
    }
}
