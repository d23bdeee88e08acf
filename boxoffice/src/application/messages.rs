//! Messages of a process: out by the relay, in by its consumers; through Kafka where brokers are named, else by the
//! outbox itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use app::App;
use jiff::Timestamp;
use messaging::commands::CommandConsumer;
use messaging::consumer::Consumer;
use messaging::kafka::{self, KafkaConfig, KafkaPublisher};
use messaging::log::{self, OutboxLog};
use messaging::notices::NoticeConsumer;
use messaging::orders::OrderConsumer;
use messaging::payments::PaymentResultConsumer;
use messaging::relay::Relay;
use messaging::topics::Topics;
use notices::{FolderMailer, Letters, Mailer, Sender, SmtpMailer};
use secrecy::ExposeSecret;
use store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Roles;
use crate::settings::Settings;

/// The name of the relay in the embedded mode. A data folder has one process, so that the next one is its heir at once.
const EMBEDDED: &str = "embedded";
/// How often what consumers have seen long ago is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Those who act on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConsumerGroup {
    /// They do what other systems ask for by message.
    Commands,
    /// They tell customers, by mail.
    Notices,
    /// They keep the order service in step with bookings.
    Orders,
    /// They take what payment providers answer by message.
    Payments,
}

impl ConsumerGroup {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Commands, Self::Notices, Self::Orders, Self::Payments];

    /// Those that act on what boxoffice itself publishes; the others need a Kafka that somebody else writes to.
    const OF_FACTS: [Self; 2] = [Self::Notices, Self::Orders];

    /// Its name on the command line, of its group in Kafka and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Notices => "notices",
            Self::Orders => "orders",
            Self::Payments => "payments",
        }
    }

    fn consumer(self, app: &App, store: &Store) -> Arc<dyn Consumer> {
        match self {
            Self::Commands => Arc::new(CommandConsumer::new(app.clone())),
            Self::Notices => Arc::new(NoticeConsumer::new(store.clone())),
            Self::Orders => Arc::new(OrderConsumer::new(store.clone())),
            Self::Payments => Arc::new(PaymentResultConsumer::new(app.clone())),
        }
    }

    fn topics(self, topics: &Topics) -> Vec<&str> {
        match self {
            Self::Commands => vec![&topics.booking_commands],
            Self::Notices | Self::Orders => vec![&topics.booking_events, &topics.payment_events],
            Self::Payments => vec![&topics.payment_results],
        }
    }
}

/// The relay of a process.
pub(crate) fn relay(settings: &Settings, store: Store) -> anyhow::Result<Relay> {
    match kafka_of(settings)? {
        Some(config) => {
            let host = rustix::system::uname();
            let name = format!("{}-{}", host.nodename().to_string_lossy(), Uuid::new_v4().simple());
            Ok(Relay::new(store, Arc::new(KafkaPublisher::new(config)), name))
        }
        None => Ok(Relay::new(store, Arc::new(OutboxLog), EMBEDDED.to_owned())),
    }
}

/// Kafka, where it is named; complains if no client can be made.
pub(crate) fn kafka_of(settings: &Settings) -> anyhow::Result<Option<KafkaConfig>> {
    let Some(config) = settings.kafka.config() else { return Ok(None) };
    config.check().context("kafka.brokers or kafka.options are not right")?;
    Ok(Some(config))
}

/// Whoever sends notices: through the mail server that is named, else into a folder where there is one.
fn sender(settings: &Settings, folder: Option<&Path>, store: &Store) -> anyhow::Result<Sender> {
    let mail = &settings.mail;
    let letters = Letters::new(&mail.from, &mail.booking_url)?;
    let mailer: Arc<dyn Mailer> = match (mail.smtp_url.expose_secret(), folder) {
        ("", Some(folder)) => Arc::new(FolderMailer::new(folder)),
        ("", None) => bail!("mail.smtp_url is not set, and the group `notices` needs it (BOXOFFICE_MAIL__SMTP_URL)"),
        (url, _) => Arc::new(SmtpMailer::new(url)?),
    };
    Ok(Sender::new(store.clone(), letters, mailer))
}

/// Has the groups of a process act on messages until `stop` is cancelled.
pub(super) fn consume(
    settings: &Settings,
    roles: &Roles,
    app: &App,
    store: &Store,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let kafka = kafka_of(settings)?;
    let groups = &roles.consume;
    if groups.contains(&ConsumerGroup::Notices) {
        let sender = sender(settings, roles.mail.as_deref(), store)?;
        let stop = stop.clone();
        tasks.spawn(async move { sender.run(stop).await });
    }
    for group in groups {
        let (consumer, stop) = (group.consumer(app, store), stop.clone());
        match &kafka {
            Some(config) => {
                let (config, group) = (config.clone(), *group);
                tasks.spawn(async move {
                    let topics = group.topics(&config.topics);
                    if let Err(error) = kafka::listen(&config, consumer, &topics, stop).await {
                        let error: &dyn std::error::Error = &error;
                        tracing::error!(consumer = group.name(), error, "a consumer has ended");
                    }
                });
            }
            None if ConsumerGroup::OF_FACTS.contains(group) => {
                let store = store.clone();
                tasks.spawn(async move { log::listen(&store, consumer, stop).await });
            }
            None => {}
        }
    }
    let (store, stop) = (store.clone(), stop.clone());
    tasks.spawn(async move { forget(&store, stop).await });
    Ok(())
}

async fn forget(store: &Store, stop: CancellationToken) {
    loop {
        if let Err(error) = store.forget_consumed(Timestamp::now()).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "what consumers have seen is not forgotten for now");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
    }
}
