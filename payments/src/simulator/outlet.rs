//! Where the simulator's events go. Knows no broker.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use super::wire::EventOut;

/// Where events go.
#[derive(Clone)]
pub enum Outlet {
    /// To somebody's address, signed, as most providers do.
    Webhook(Url),
    /// Wherever messages go.
    Messages(Arc<dyn EventOutlet>),
}

/// Somewhere that takes events as messages.
#[async_trait]
pub trait EventOutlet: Send + Sync {
    /// Publishes an event; it leaves the queue when this returns, and is published again where it fails.
    async fn publish(&self, event: &EventOut) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(url) => f.debug_tuple("Webhook").field(url).finish(),
            Self::Messages(_) => f.write_str("Messages"),
        }
    }
}
