//! What the simulator does when it is asked: by the API and by the customer. Knows no HTTP.

use std::time::Duration;

use domain::payment::IntentState;
use domain::refund::RefundState;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::behaviour::{Behaviour, RefundMode, Settlement, WebhookMode, duration};
use super::cards::{CardOutcome, TestCard};
use super::controls::ApiEndpoint;
use super::error::SimulatorError;
use super::event::{EventKind, Telling, emit, tell};
use super::intent::{self, Intent};
use super::ledger::{bad_row, millis, new_id};
use super::refund::{self, Refund};
use super::wire::{IntentIn, IntentOut, ListIn, ListOut, PayIn, RefundIn, RefundOut, SecondStepIn};
use super::{Simulator, same_secret};

/// The longest list that is answered at once.
const LIST_LIMIT: u32 = 100;
const DEFAULT_LIST_LIMIT: u32 = 50;

/// The longest idempotency key, in bytes.
const KEY_BYTES: usize = 255;

impl Simulator {
    /// Creates an intent, or finds the one of the same key as it is today.
    pub async fn create_intent(&self, key: Option<&str>, request: &IntentIn) -> Result<IntentOut, SimulatorError> {
        let work = async {
            let key = checked_key(key)?;
            if request.amount_minor <= 0 {
                return Err(invalid("amount_minor must be positive"));
            }
            let request_hash = hash(request)?;
            let tx = self.inner.ledger.begin().await?;
            let new = Intent::new(new_id("pi"), key, request_hash.clone(), request, self.now());
            intent::insert(&tx, &new).await?;
            let stored = intent::find_by_key(&tx, key).await?.ok_or_else(|| bad_row("an intent is gone"))?;
            tx.commit().await?;
            if stored.request_hash != request_hash {
                return Err(SimulatorError::IdempotencyMismatch);
            }
            Ok(self.to_wire(&stored))
        };
        self.inner.controls.obey(ApiEndpoint::Create, self.now(), work).await
    }

    /// Reads an intent.
    pub async fn read_intent(&self, id: &str) -> Result<IntentOut, SimulatorError> {
        let work = async { Ok(self.to_wire(&intent::find(self.inner.ledger.reader(), id).await?)) };
        self.inner.controls.obey(ApiEndpoint::Read, self.now(), work).await
    }

    /// Cancels an intent that waits for the customer; one that is cancelled stays so.
    pub async fn cancel_intent(&self, id: &str) -> Result<IntentOut, SimulatorError> {
        let work = self.change(id, async |tx, intent, now| match intent.state {
            IntentState::RequiresPayment | IntentState::RequiresAction => {
                intent.state = IntentState::Cancelled;
                emit(tx, EventKind::Cancelled, intent, None, now).await
            }
            IntentState::Cancelled => Ok(()),
            IntentState::Processing | IntentState::Succeeded => Err(self.unexpected(intent)),
        });
        self.inner.controls.obey(ApiEndpoint::Cancel, self.now(), work).await
    }

    /// Gives money back, or finds the refund of the same key as it is today. All refunds of an intent together never
    /// exceed what it has collected.
    pub async fn create_refund(&self, key: Option<&str>, request: &RefundIn) -> Result<RefundOut, SimulatorError> {
        let work = async {
            let key = checked_key(key)?;
            if request.amount_minor <= 0 {
                return Err(invalid("amount_minor must be positive"));
            }
            let request_hash = hash(request)?;
            let tx = self.inner.ledger.begin().await?;
            if let Some(stored) = refund::find_by_key(&tx, key).await? {
                let same = stored.request_hash == request_hash;
                return if same { Ok(stored.to_wire()) } else { Err(SimulatorError::IdempotencyMismatch) };
            }
            let refund = self.refund_in(&tx, Telling::AsTold, key, request_hash, request).await?;
            tx.commit().await?;
            self.inner.work.notify_one();
            Ok(refund.to_wire())
        };
        self.inner.controls.obey(ApiEndpoint::Refund, self.now(), work).await
    }

    pub(super) async fn refund_in(
        &self,
        tx: &DatabaseTransaction,
        telling: Telling,
        key: &str,
        request_hash: String,
        request: &RefundIn,
    ) -> Result<Refund, SimulatorError> {
        let now = self.now();
        let mut intent = intent::find(tx, &request.intent_id).await?;
        if intent.state != IntentState::Succeeded {
            return Err(self.unexpected(&intent));
        }
        if intent.currency != request.currency {
            return Err(invalid("currency is not the intent's"));
        }
        let left_minor = intent.captured_minor - intent.refunded_minor;
        if request.amount_minor > left_minor {
            return Err(SimulatorError::AmountTooLarge { left_minor });
        }
        let (state, due_at, kind) = match intent.behaviour.refunds.unwrap_or(RefundMode::Succeed) {
            RefundMode::Succeed => (RefundState::Succeeded, None, EventKind::RefundSucceeded),
            RefundMode::Pending => {
                let due_at = intent.behaviour.delay().map(|delay| after(now, delay));
                (RefundState::Pending, due_at, EventKind::RefundCreated)
            }
            RefundMode::Fail => (RefundState::Failed, None, EventKind::RefundFailed),
        };
        let refund = Refund {
            id: new_id("re"),
            idempotency_key: key.to_owned(),
            request_hash,
            intent_id: intent.id.clone(),
            amount_minor: request.amount_minor,
            currency: request.currency,
            state,
            due_at,
            created_at: now,
        };
        refund::insert(tx, &refund).await?;
        if state != RefundState::Failed {
            intent.refunded_minor += request.amount_minor;
            intent::update(tx, &intent, now).await?;
        }
        tell(tx, telling, kind, &intent, Some(&refund), now).await?;
        Ok(refund)
    }

    /// Reads a refund.
    pub async fn read_refund(&self, id: &str) -> Result<RefundOut, SimulatorError> {
        let work = async { Ok(refund::find(self.inner.ledger.reader(), id).await?.to_wire()) };
        self.inner.controls.obey(ApiEndpoint::Read, self.now(), work).await
    }

    /// Lists intents by the time of their creation.
    pub async fn list_intents(&self, list: &ListIn) -> Result<ListOut<IntentOut>, SimulatorError> {
        let work = async {
            let (created_at, id, limit) = position(list)?;
            let found = intent::list(self.inner.ledger.reader(), (created_at, &id), limit + 1).await?;
            Ok(part(found.iter().map(|intent| self.to_wire(intent)).collect(), limit, |i| (i.created_at, &i.id)))
        };
        self.inner.controls.obey(ApiEndpoint::List, self.now(), work).await
    }

    /// Lists refunds by the time of their creation.
    pub async fn list_refunds(&self, list: &ListIn) -> Result<ListOut<RefundOut>, SimulatorError> {
        let work = async {
            let (created_at, id, limit) = position(list)?;
            let found = refund::list(self.inner.ledger.reader(), (created_at, &id), limit + 1).await?;
            Ok(part(found.iter().map(Refund::to_wire).collect(), limit, |r| (r.created_at, &r.id)))
        };
        self.inner.controls.obey(ApiEndpoint::List, self.now(), work).await
    }

    /// Tells an intent how to behave from now on.
    pub async fn set_behaviour(&self, id: &str, behaviour: Behaviour) -> Result<IntentOut, SimulatorError> {
        if behaviour.delay_seconds.is_some_and(|seconds| duration(seconds).is_none()) {
            return Err(invalid("delay_seconds must be a number of seconds, 0 or more"));
        }
        if behaviour.capture_minor.is_some_and(|minor| minor <= 0) {
            return Err(invalid("capture_minor must be positive"));
        }
        self.change(id, async |_, intent, _| {
            intent.behaviour = behaviour;
            Ok(())
        })
        .await
    }

    /// Ends an intent that is processing.
    pub async fn settle(&self, id: &str, settlement: Settlement) -> Result<IntentOut, SimulatorError> {
        self.change(id, async |tx, intent, now| match intent.state {
            IntentState::Processing => self.end(tx, intent, settlement, now).await,
            _ => Err(self.unexpected(intent)),
        })
        .await
    }

    /// What the payment page shows: the intent, for whoever has its secret.
    pub async fn view_payment(&self, id: &str, secret: &str) -> Result<IntentOut, SimulatorError> {
        let intent = intent::find(self.inner.ledger.reader(), id).await?;
        check_secret(&intent, secret)?;
        Ok(self.to_wire(&intent))
    }

    /// Pays an intent by card.
    pub async fn pay(&self, id: &str, pay: &PayIn) -> Result<IntentOut, SimulatorError> {
        let delay = match pay.delay {
            Some(seconds) => Some(duration(seconds).ok_or_else(|| invalid("delay must be 0 or more seconds"))?),
            None => None,
        };
        self.change(id, async |tx, intent, now| {
            check_secret(intent, &pay.secret)?;
            if intent.state != IntentState::RequiresPayment {
                return Err(self.unexpected(intent));
            }
            let card =
                TestCard::parse(pay.choice.as_deref().unwrap_or(&pay.card)).ok_or(SimulatorError::UnknownCard)?;
            self.pay_by(tx, intent, card, delay, now).await
        })
        .await
    }

    /// Does what a card does to an intent that waits for one; the caller writes it down.
    pub(super) async fn pay_by(
        &self,
        db: &impl ConnectionTrait,
        intent: &mut Intent,
        card: &TestCard,
        delay: Option<Duration>,
        now: Timestamp,
    ) -> Result<(), SimulatorError> {
        let outcome = intent.behaviour.outcome_of(card, delay);
        intent.behaviour.next_outcome = None;
        // What the intent was told comes first, and an ordinary card leaves the choice to the next one.
        if card.webhooks != WebhookMode::Normal {
            intent.behaviour.webhooks = intent.behaviour.webhooks.or(Some(card.webhooks));
        }
        intent.card_last_digits = Some(card.last_digits().to_owned());
        intent.decline_code = None;
        match outcome {
            CardOutcome::Succeeds => self.end(db, intent, Settlement::Succeed, now).await,
            CardOutcome::Declined { code } => self.decline(db, intent, code, now).await,
            CardOutcome::SecondStep => {
                intent.state = IntentState::RequiresAction;
                emit(db, EventKind::RequiresAction, intent, None, now).await
            }
            CardOutcome::Processing { then, after: wait } => {
                intent.state = IntentState::Processing;
                intent.settlement = then;
                intent.due_at = then.and(wait).map(|wait| after(now, wait));
                emit(db, EventKind::Processing, intent, None, now).await
            }
        }
    }

    /// Takes the customer's answer to the second step.
    pub async fn second_step(&self, id: &str, step: &SecondStepIn) -> Result<IntentOut, SimulatorError> {
        self.change(id, async |tx, intent, now| {
            check_secret(intent, &step.secret)?;
            if intent.state != IntentState::RequiresAction {
                return Err(self.unexpected(intent));
            }
            if step.approve {
                self.end(tx, intent, Settlement::Succeed, now).await
            } else {
                self.decline(tx, intent, "authentication_failed", now).await
            }
        })
        .await
    }

    /// Changes an intent in a transaction of its own; nothing is changed where `change` fails.
    pub(super) async fn change(
        &self,
        id: &str,
        change: impl AsyncFnOnce(&DatabaseTransaction, &mut Intent, Timestamp) -> Result<(), SimulatorError>,
    ) -> Result<IntentOut, SimulatorError> {
        let tx = self.inner.ledger.begin().await?;
        let now = self.now();
        let mut intent = intent::find(&tx, id).await?;
        change(&tx, &mut intent, now).await?;
        intent::update(&tx, &intent, now).await?;
        tx.commit().await?;
        self.inner.work.notify_one();
        Ok(self.to_wire(&intent))
    }

    /// Brings an intent to its end; the caller writes it down.
    pub(super) async fn end(
        &self,
        db: &impl ConnectionTrait,
        intent: &mut Intent,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<(), SimulatorError> {
        match settlement {
            Settlement::Succeed => {
                intent.state = IntentState::Succeeded;
                intent.captured_minor = intent.behaviour.capture_minor.unwrap_or(intent.amount_minor);
                intent.settlement = None;
                intent.due_at = None;
                emit(db, EventKind::Succeeded, intent, None, now).await
            }
            Settlement::Decline => self.decline(db, intent, "card_declined", now).await,
        }
    }

    async fn decline(
        &self,
        db: &impl ConnectionTrait,
        intent: &mut Intent,
        code: &str,
        now: Timestamp,
    ) -> Result<(), SimulatorError> {
        intent.state = IntentState::RequiresPayment;
        intent.decline_code = Some(intent.behaviour.decline_code.clone().unwrap_or_else(|| code.to_owned()));
        intent.settlement = None;
        intent.due_at = None;
        emit(db, EventKind::PaymentFailed, intent, None, now).await
    }

    fn unexpected(&self, intent: &Intent) -> SimulatorError {
        SimulatorError::UnexpectedState { intent: Box::new(self.to_wire(intent)) }
    }

    pub(super) fn to_wire(&self, intent: &Intent) -> IntentOut {
        intent.to_wire(&self.inner.config.public_url)
    }
}

pub(super) fn invalid(message: &str) -> SimulatorError {
    SimulatorError::InvalidRequest { message: message.to_owned() }
}

pub(super) fn checked_key(key: Option<&str>) -> Result<&str, SimulatorError> {
    key.filter(|key| (1..=KEY_BYTES).contains(&key.len())).ok_or(SimulatorError::MissingIdempotencyKey)
}

fn check_secret(intent: &Intent, secret: &str) -> Result<(), SimulatorError> {
    if same_secret(secret, &intent.secret) { Ok(()) } else { Err(SimulatorError::Unauthorized) }
}

/// The hash of a request's canonical form: its fields in the order of the type, its metadata sorted.
pub(super) fn hash(request: &impl Serialize) -> Result<String, SimulatorError> {
    let text = serde_json::to_vec(request).map_err(|error| invalid(&error.to_string()))?;
    Ok(hex::encode(Sha256::digest(text)))
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// After which creation and id a list goes on, and how much of it is wanted.
fn position(list: &ListIn) -> Result<(i64, String, u32), SimulatorError> {
    let limit = list.limit.unwrap_or(DEFAULT_LIST_LIMIT);
    if !(1..=LIST_LIMIT).contains(&limit) {
        return Err(invalid("limit must be between 1 and 100"));
    }
    let (created_at, id) = match &list.cursor {
        Some(cursor) => {
            let parts = cursor.split_once('.').and_then(|(millis, id)| Some((millis.parse().ok()?, id.to_owned())));
            parts.ok_or_else(|| invalid("cursor is none that was given out"))?
        }
        // Every id comes after the empty one, so what was created at that very moment is on the list.
        None => (list.since.map_or(0, millis), String::new()),
    };
    Ok((created_at, id, limit))
}

/// Cuts what was read, one more than wanted, to the wanted length.
fn part<T>(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> (Timestamp, &String)) -> ListOut<T> {
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| {
        let (created_at, id) = place(last);
        format!("{}.{id}", millis(created_at))
    });
    ListOut { items, next_cursor }
}
