//! What happens by itself in the ledger when its time comes. Sends nothing.

use domain::payment::IntentState;
use domain::refund::RefundState;

use super::Simulator;
use super::behaviour::Settlement;
use super::error::SimulatorError;
use super::event::{EventKind, emit};
use super::{event, intent, refund};

impl Simulator {
    /// How many webhooks are still to be sent, now or later.
    pub async fn queued_webhooks(&self) -> Result<u64, SimulatorError> {
        event::queue_length(self.inner.ledger.reader()).await
    }

    /// Settles the intents and refunds that are due. A time that passed while nobody ran counts as passed now.
    pub(super) async fn settle_due(&self) -> Result<(), SimulatorError> {
        let now = self.now();
        if intent::due(self.inner.ledger.reader(), now).await?.is_empty()
            && refund::due(self.inner.ledger.reader(), now).await?.is_empty()
        {
            return Ok(());
        }
        let tx = self.inner.ledger.begin().await?;
        // Read again, as an operator may have settled one in between.
        for mut intent in intent::due(&tx, now).await? {
            intent.due_at = None;
            if intent.state == IntentState::Processing {
                let settlement = intent.settlement.unwrap_or(Settlement::Succeed);
                self.end(&tx, &mut intent, settlement, now).await?;
            }
            intent::update(&tx, &intent, now).await?;
        }
        for mut refund in refund::due(&tx, now).await? {
            refund.due_at = None;
            refund.state = RefundState::Succeeded;
            refund::update(&tx, &refund).await?;
            let intent = intent::find(&tx, &refund.intent_id).await?;
            emit(&tx, EventKind::RefundSucceeded, &intent, Some(&refund), now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
