//! The role `payments`: the payment simulator as a process of its own, with its own ledger, reached over HTTP and
//! telling over webhooks, as a real provider would be. Knows nothing of bookings.

use anyhow::Context;
use app::readiness::Watch;
use poem::{EndpointExt, Route};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::application::{serve, simulator};
use crate::discovery::Discovery;
use crate::operations::Operations;
use crate::settings::{ProcessRole, Settings};
use crate::workers::Heart;

/// The provider, built and not yet running.
pub struct Provider {
    settings: Settings,
    simulator: payments::simulator::Simulator,
    listener: TcpListener,
    operations: Option<Operations>,
    discovery: Option<Discovery>,
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
        let webhook_url = Url::parse(&settings.payments.webhook_url)?;
        let simulator = simulator(&settings, &settings.payments.ledger, webhook_url).await?;
        Ok(Self { settings, simulator, listener, operations: None, discovery: None })
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
        // It talks to nobody but the receiver of its webhooks, whose absence is no reason to stop taking payments.
        let watch = Watch::new([]);
        let (serving, ending) = (CancellationToken::new(), CancellationToken::new());
        let registration = self.discovery.map(|discovery| tokio::spawn(discovery.run(stop.clone())));
        let operations = match self.operations {
            Some(operations) => {
                Some(tokio::spawn(operations.serve(watch.clone(), Heart::default(), ending.clone())?))
            }
            None => None,
        };
        let routes = Route::new().nest("/simulator", api::simulator::routes(self.simulator.clone())).map_to_response();
        let server = serve("payments", self.listener, routes, serving.clone(), drain.limit())?;
        let (simulator, sending) = (self.simulator.clone(), ending.clone());
        let mut sender = tokio::spawn(async move { simulator.run(sending).await });
        let sent = tokio::select! {
            () = stop.cancelled() => None,
            sent = &mut sender => Some(sent),
        };
        stop.cancel();
        watch.drain();
        tokio::time::sleep(drain.notice()).await;
        serving.cancel();
        server.await??;
        ending.cancel();
        let sent = match sent {
            Some(sent) => sent,
            None => sender.await,
        };
        for helper in [registration, operations].into_iter().flatten() {
            helper.await?;
        }
        sent?.context("the payment simulator has stopped")
    }
}
