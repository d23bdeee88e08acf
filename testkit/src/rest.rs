//! Coming to rest: no saga is open, nobody has to look at anything, and every promise holds.

use std::time::{Duration, Instant};

use boxoffice::dev::Addresses;
use boxoffice::promises;
use checker::{Quiet, Report};

use crate::test_app::World;

/// Why something has not come to rest.
#[derive(Debug, Clone)]
pub enum Unrest {
    /// What the promises were last found like: one is broken, or somebody has to look at something.
    Report(Box<Report>),
    /// The evidence could not be read, for this reason.
    Unreadable(String),
}

impl World {
    /// Waits until no saga is open, nobody has to look at anything, and every promise holds, what the buyers were
    /// answered included.
    pub async fn comes_to_rest(&self, addresses: &Addresses, within: Duration) -> Result<Report, Unrest> {
        let deadline = Instant::now() + within;
        loop {
            let answers = self.answers();
            let checked = promises::check(&self.settings, self.path(), Some(addresses), answers, Quiet::Settled).await;
            let unrest = match checked {
                Ok(report) if report.is_clean() && report.attention.is_empty() => return Ok(report),
                Ok(report) => Unrest::Report(Box::new(report)),
                Err(error) => Unrest::Unreadable(format!("{error:#}")),
            };
            if Instant::now() >= deadline {
                return Err(unrest);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until everything is at rest, and holds every message against its contract, too.
    pub async fn rests_with_every_promise_kept(&self, addresses: &Addresses, within: Duration) {
        if let Err(unrest) = self.comes_to_rest(addresses, within).await {
            panic!("not at rest within {within:?}: {unrest}");
        }
        self.check(Some(addresses), Quiet::Settled).await;
    }
}

impl std::fmt::Display for Unrest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Report(report) => write!(f, "{report}"),
            Self::Unreadable(why) => write!(f, "the evidence cannot be read: {why}"),
        }
    }
}
