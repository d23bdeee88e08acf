//! Payment providers: the port, and the simulator behind it. Knows bookings only as ids that a provider keeps for us.

mod fault;
mod provider;
pub mod simulator;
pub mod webhook;

pub use fault::ProviderFault;
pub use provider::{IntentToRequest, ListedIntent, ListedRefund, Page, PaymentProvider};
pub use webhook::{ProviderEvent, WebhookRefusal};
