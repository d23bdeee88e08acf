//! The order service's ear: keeps what it knows of bookings in step with them, from messages alone.

use async_trait::async_trait;
use jiff::Timestamp;
use store::Store;

use crate::consumer::{Consumed, Consumer, Trouble};
use crate::envelope::{Envelope, SOURCE};

/// Applies every fact about a booking, once.
pub struct OrderConsumer {
    store: Store,
}

impl OrderConsumer {
    /// Keeps what it knows in `store`.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Consumer for OrderConsumer {
    fn name(&self) -> &'static str {
        "orders"
    }

    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble> {
        if message.source != SOURCE {
            return Ok(Consumed::Ignored);
        }
        let Some(fact) = message.fact()? else {
            return Ok(Consumed::Ignored);
        };
        let now = Timestamp::now();
        let new = self.store.apply_to_order(&fact.id, fact.sequence, &fact.subject, &fact.message, now).await?;
        Ok(if new { Consumed::Done } else { Consumed::Repeated })
    }
}
