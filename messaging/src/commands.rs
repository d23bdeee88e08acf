//! What other systems ask for by message. It is answered by the messages that tell what has become of the booking; what
//! cannot be done is a dead letter with the reason.

use app::App;
use async_trait::async_trait;
use domain::ids::BookingId;
use serde::Deserialize;

use crate::consumer::{Consumed, Consumer, Trouble};
use crate::envelope::Envelope;

/// The names by which a wish to take a booking back is known.
const CANCEL: [&str; 2] = ["CancelBooking", "cancel_booking"];

/// Does what other systems ask for. Whoever may write to the topic may ask for it: see to that in Kafka.
pub struct CommandConsumer {
    app: App,
}

impl CommandConsumer {
    /// Asks `app`.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

/// Asks for a booking to be taken back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelBooking {
    booking_id: BookingId,
}

#[async_trait]
impl Consumer for CommandConsumer {
    fn name(&self) -> &'static str {
        "commands"
    }

    async fn consume(&self, message: &Envelope) -> Result<Consumed, Trouble> {
        if !CANCEL.contains(&message.kind.as_str()) {
            return Err(Trouble::Poison { reason: format!("there is no command `{}`", message.kind) });
        }
        let CancelBooking { booking_id } = message.data()?;
        let new = self.app.cancel_by_message(self.name(), &message.identity(), booking_id).await?;
        Ok(if new { Consumed::Done } else { Consumed::Repeated })
    }
}
