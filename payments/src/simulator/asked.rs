//! What the simulator does when it is asked by message: the same as its API would, with each answer an event, because
//! nobody waits for one. Everything may be asked again. Knows no broker and no message's form.

use domain::payment::IntentState;
use domain::refund::RefundState;

use super::Simulator;
use super::cards::TestCard;
use super::controls::ApiEndpoint;
use super::error::SimulatorError;
use super::event::{EventKind, Telling, tell, tell_page};
use super::intent::{self, Intent};
use super::ledger::{bad_row, new_id};
use super::refund::{self, Refund};
use super::service::{checked_key, hash, invalid};
use super::wire::{IntentIn, RefundIn};

/// An intent that is asked for by message.
#[derive(Debug, Clone)]
pub struct AskedIntent {
    /// Its id, which whoever asks has given it.
    pub id: String,
    /// What makes a repeated request find the same intent.
    pub idempotency_key: String,
    /// What to collect.
    pub intent: IntentIn,
}

/// Who pays an intent that was asked for by message.
#[derive(Debug, Clone, Copy)]
pub enum Collect {
    /// A buyer, on the payment page.
    ByPage,
    /// The simulator itself, as a buyer with this card would.
    ByCard(&'static TestCard),
}

impl Collect {
    /// Reads `page`, the number of a test card, or the name of what a card does.
    pub fn parse(text: &str) -> Option<Self> {
        let number = match text.trim() {
            "page" => return Some(Self::ByPage),
            "succeed" => "4242424242424242",
            "decline" => "4000000000000002",
            "second_step" => "4000000000003220",
            "processing" => "4000000000000101",
            "processing_then_succeed" => "4000000000000077",
            "processing_then_decline" => "4000000000007726",
            "twice" => "4000000000000259",
            "out_of_order" => "4000000000000341",
            "never" => "4000000000000499",
            number => number,
        };
        TestCard::parse(number).map(Self::ByCard)
    }
}

impl Simulator {
    /// Creates an intent under the id that it was given, and pays it if nobody else will; answers with its payment page,
    /// or with what became of it.
    pub async fn take_intent(&self, asked: &AskedIntent, collect: Collect) -> Result<(), SimulatorError> {
        let work = async {
            let intent = self.find_or_create(asked).await?;
            // One that was cancelled before it was asked for, or is being paid, has been told of.
            if !is_untouched(&intent) {
                return Ok(());
            }
            let collect = async |tx: &_, intent: &mut Intent, now| match collect {
                // Meanwhile somebody else has done something about it.
                _ if !is_untouched(intent) => Ok(()),
                Collect::ByPage => tell_page(tx, intent, self.to_wire(intent).payment_page, now).await,
                Collect::ByCard(card) => self.pay_by(tx, intent, card, None, now).await,
            };
            self.change(&intent.id, collect).await.map(|_intent| ())
        };
        self.inner.controls.obey(ApiEndpoint::Create, self.now(), work).await
    }

    /// Cancels an intent if it can be, and answers how it is afterwards. One that was not asked for yet never will be
    /// paid.
    pub async fn take_cancellation(&self, asked: &AskedIntent) -> Result<(), SimulatorError> {
        let work = async {
            let intent = self.find_or_create(asked).await?;
            self.change(&intent.id, async |tx, intent, now| {
                let kind = match intent.state {
                    IntentState::RequiresPayment | IntentState::RequiresAction | IntentState::Cancelled => {
                        intent.state = IntentState::Cancelled;
                        EventKind::Cancelled
                    }
                    IntentState::Processing => EventKind::Processing,
                    IntentState::Succeeded => EventKind::Succeeded,
                };
                tell(tx, Telling::InAnswer, kind, intent, None, now).await
            })
            .await
            .map(|_intent| ())
        };
        self.inner.controls.obey(ApiEndpoint::Cancel, self.now(), work).await
    }

    /// Gives money back, once for each key, and answers where that stands. What it refuses it answers as failed.
    pub async fn take_refund(&self, key: &str, request: &RefundIn) -> Result<(), SimulatorError> {
        let work = async {
            let key = checked_key(Some(key))?;
            if request.amount_minor <= 0 {
                return Err(invalid("the amount must be positive"));
            }
            let request_hash = hash(request)?;
            let tx = self.inner.ledger.begin().await?;
            let now = self.now();
            let stored = refund::find_by_key(&tx, key).await?;
            let refund = match stored {
                Some(stored) if stored.request_hash != request_hash => return Err(SimulatorError::IdempotencyMismatch),
                Some(stored) => stored,
                None => match self.refund_in(&tx, Telling::InAnswer, key, request_hash.clone(), request).await {
                    Ok(_answered) => {
                        tx.commit().await?;
                        self.inner.work.notify_one();
                        return Ok(());
                    }
                    Err(refusal) if refusal.status() < 500 && !matches!(refusal, SimulatorError::NotFound { .. }) => {
                        tracing::warn!(refund.key = key, %refusal, "a refund is refused");
                        let refused = refused(key, request_hash, request, now);
                        refund::insert(&tx, &refused).await?;
                        refused
                    }
                    Err(error) => return Err(error),
                },
            };
            let intent = intent::find(&tx, &request.intent_id).await?;
            let kind = match refund.state {
                RefundState::Open | RefundState::Pending => EventKind::RefundCreated,
                RefundState::Succeeded => EventKind::RefundSucceeded,
                RefundState::Failed => EventKind::RefundFailed,
            };
            tell(&tx, Telling::InAnswer, kind, &intent, Some(&refund), now).await?;
            tx.commit().await?;
            self.inner.work.notify_one();
            Ok(())
        };
        self.inner.controls.obey(ApiEndpoint::Refund, self.now(), work).await
    }

    async fn find_or_create(&self, asked: &AskedIntent) -> Result<Intent, SimulatorError> {
        let AskedIntent { id, idempotency_key, intent: request } = asked;
        let key = checked_key(Some(idempotency_key))?;
        if request.amount_minor <= 0 {
            return Err(invalid("the amount must be positive"));
        }
        let request_hash = hash(request)?;
        let tx = self.inner.ledger.begin().await?;
        let new = Intent::new(id.clone(), key, request_hash.clone(), request, self.now());
        intent::insert(&tx, &new).await?;
        let stored = intent::find_by_key(&tx, key).await?.ok_or_else(|| bad_row("an intent is gone"))?;
        tx.commit().await?;
        if stored.request_hash != request_hash || stored.id != *id {
            return Err(SimulatorError::IdempotencyMismatch);
        }
        Ok(stored)
    }
}

/// Whether nobody has tried to pay it or taken it back.
fn is_untouched(intent: &Intent) -> bool {
    intent.state == IntentState::RequiresPayment && intent.card_last_digits.is_none()
}

/// A refund that was not made, as it is remembered.
fn refused(key: &str, request_hash: String, request: &RefundIn, now: jiff::Timestamp) -> Refund {
    Refund {
        id: new_id("re"),
        idempotency_key: key.to_owned(),
        request_hash,
        intent_id: request.intent_id.clone(),
        amount_minor: request.amount_minor,
        currency: request.currency,
        state: RefundState::Failed,
        due_at: None,
        created_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::super::behaviour::NextOutcome;
    use super::*;

    #[test]
    fn what_collects_is_named_by_number_or_by_what_it_does() {
        let number = |text| match Collect::parse(text) {
            Some(Collect::ByCard(card)) => Some(card.number),
            Some(Collect::ByPage) => Some("page"),
            None => None,
        };
        assert_eq!(number("page"), Some("page"));
        assert_eq!(number("4000 0000 0000 0002"), Some("4000000000000002"));
        assert_eq!(number("out_of_order"), Some("4000000000000341"));
        assert_eq!(number(""), None);
        assert_eq!(number("4111111111111111"), None);
        // Whatever an intent can be told to do next has the same name here.
        for outcome in [
            NextOutcome::Succeed,
            NextOutcome::Decline,
            NextOutcome::SecondStep,
            NextOutcome::Processing,
            NextOutcome::ProcessingThenSucceed,
            NextOutcome::ProcessingThenDecline,
        ] {
            let name = serde_json::to_value(outcome).ok().and_then(|name| name.as_str().map(str::to_owned));
            assert!(name.as_deref().is_some_and(|name| Collect::parse(name).is_some()), "{name:?}");
        }
    }
}
