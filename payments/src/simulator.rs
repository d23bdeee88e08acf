//! A payment provider to develop and test against: intents, a payment page, signed webhooks, refunds, and outages on
//! demand. Behaves as one behind HTTP would; its routes are served by whoever embeds it. Knows no database but its own.

mod asked;
mod behaviour;
mod cards;
mod client;
mod controls;
mod error;
mod event;
mod intent;
mod ledger;
mod outlet;
mod page;
mod refund;
mod service;
mod settling;
mod webhooks;
pub mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use asked::{AskedIntent, Collect};
pub use behaviour::{Behaviour, NextOutcome, RefundMode, Settlement, WebhookMode};
pub use cards::{PROCESSING_SECONDS, TEST_CARDS, TestCard};
pub use client::{PROVIDER_NAME, SimulatorProvider};
pub use controls::{ApiEndpoint, ControlIn};
pub use error::SimulatorError;
pub use outlet::{EventOutlet, Outlet};
pub use page::{PaymentPage, refusal_page};

use controls::Controls;
use ledger::Ledger;

/// The header that carries a webhook's signature.
pub const SIGNATURE_HEADER: &str = "Boxoffice-Simulator-Signature";

/// What the simulator has to be told.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// The ledger's file; made if it does not exist.
    pub ledger: PathBuf,
    /// Where browsers find the simulator's routes, such as `http://localhost:8080/simulator`.
    pub public_url: Url,
    /// Where events go.
    pub outlet: Outlet,
    /// What webhooks are signed with.
    pub webhook_secret: SecretString,
    /// What callers of the API have to show.
    pub api_key: SecretString,
    /// Where the time comes from.
    pub clock: fn() -> Timestamp,
}

/// The simulator. Cloning it gives another handle on the same one.
#[derive(Debug, Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: SimulatorConfig,
    ledger: Ledger,
    controls: Controls,
    /// Rung after every commit that leaves something to send or to settle.
    work: Notify,
}

impl Simulator {
    /// Opens the ledger. What is due is done by [`Self::run`].
    pub async fn open(config: SimulatorConfig) -> Result<Self, SimulatorError> {
        let ledger = Ledger::open(&config.ledger).await?;
        let inner = Inner { config, ledger, controls: Controls::default(), work: Notify::new() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sends events and settles what settles by itself, until `stop` is cancelled. What is left is done by the next
    /// run on the same ledger.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), SimulatorError> {
        webhooks::run(self, stop).await
    }

    /// Whether `bearer` is the API key.
    pub fn authorize(&self, bearer: Option<&str>) -> Result<(), SimulatorError> {
        match bearer {
            Some(key) if same_secret(key, self.inner.config.api_key.expose_secret()) => Ok(()),
            Some(_) | None => Err(SimulatorError::Unauthorized),
        }
    }

    /// Obeys an order to misbehave from now on.
    pub fn control(&self, control: &ControlIn) {
        self.inner.controls.give(control, self.now());
    }

    fn now(&self) -> Timestamp {
        (self.inner.config.clock)()
    }
}

/// Compares digests, whose first differing byte says nothing about the secrets.
fn same_secret(given: &str, expected: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(expected)
}
