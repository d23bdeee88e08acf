//! Payments whose provider is reached by message alone: what messages have told of an intent and of a refund so far.
//!
//! Messages may repeat and overtake each other. What is known ends up the same in whatever order they come.

use jiff::Timestamp;

use crate::ids::{BookingId, PaymentId};
use crate::money::Money;
use crate::payment::{IntentId, IntentReading, IntentState};
use crate::refund::{RefundReading, RefundState};

/// An intent that the provider was asked for by message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageIntent {
    /// Its id, given by boxoffice.
    pub intent_id: IntentId,
    /// What makes a repeated request find the same intent.
    pub idempotency_key: String,
    /// The booking that is paid for.
    pub booking_id: BookingId,
    /// The payment it belongs to.
    pub payment_id: PaymentId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What to collect.
    pub amount: Money,
    /// Where it stands, as told.
    pub state: IntentState,
    /// What it has collected, as told.
    pub captured: Money,
    /// What the provider has given back of that or is about to, as told.
    pub refunded: Money,
    /// Why the last try was declined, if it was.
    pub decline_code: Option<String>,
    /// Where the customer pays, once told.
    pub payment_page: Option<String>,
    /// How much has been told of it.
    pub told: i64,
    /// When the newest of that happened.
    pub told_at: Option<Timestamp>,
    /// How much had been told when the provider was last asked to cancel.
    pub asked_at_told: Option<i64>,
    /// When it was written down.
    pub created_at: Timestamp,
}

/// What a message tells of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentNews {
    /// Which intent.
    pub intent_id: IntentId,
    /// Where it stands.
    pub state: IntentState,
    /// What it has collected, if the message says so. One that has succeeded has collected what was asked for, where
    /// nothing else is said.
    pub captured: Option<Money>,
    /// Why the last try was declined, if it was.
    pub decline_code: Option<String>,
    /// Where the customer pays, if the message says so.
    pub payment_page: Option<String>,
    /// When it came to stand so.
    pub happened_at: Timestamp,
}

/// A refund that the provider was asked for by message, or has made unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRefund {
    /// The id that boxoffice gave it; the provider's own for one that nobody asked for.
    pub id: String,
    /// The intent whose money goes back.
    pub intent_id: IntentId,
    /// How much.
    pub amount: Money,
    /// Where it stands, as told; open until the provider has said anything.
    pub state: RefundState,
    /// The provider's name for it, where it has one of its own.
    pub provider_refund_id: Option<String>,
    /// Whether boxoffice has asked for it.
    pub asked: bool,
    /// When it came to stand so, as told.
    pub told_at: Option<Timestamp>,
    /// When it was written down.
    pub created_at: Timestamp,
}

/// What a message tells of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundNews {
    /// Which refund: the id that boxoffice gave it, or the provider's own.
    pub refund_id: String,
    /// The provider's name for it, where it has one of its own.
    pub provider_refund_id: Option<String>,
    /// The intent whose money goes back.
    pub intent_id: IntentId,
    /// How much, if the message says so.
    pub amount: Option<Money>,
    /// Where it stands.
    pub state: RefundState,
    /// When it came to stand so.
    pub happened_at: Timestamp,
}

impl MessageIntent {
    /// Takes in what a message tells. Each message has to be taken in once.
    ///
    /// Money that was collected stays collected, whatever comes before or after it; a cancelled intent can only turn
    /// out to have collected all the same, which is for an operator to look into.
    pub fn hear(&mut self, news: &IntentNews) {
        use IntentState::{Cancelled, Processing, RequiresAction, RequiresPayment, Succeeded};
        let believed = match (self.state, news.state) {
            (Succeeded, _) => false,
            (RequiresPayment | RequiresAction | Processing | Cancelled, Succeeded) => true,
            (Cancelled, _) => false,
            (RequiresPayment | RequiresAction | Processing, Cancelled) => true,
            (RequiresPayment | RequiresAction | Processing, RequiresPayment | RequiresAction | Processing) => {
                self.told_at.is_none_or(|newest| news.happened_at >= newest)
            }
        };
        if believed {
            self.state = news.state;
            self.decline_code.clone_from(&news.decline_code);
        }
        let captured = news.captured.or((news.state == Succeeded).then_some(self.amount));
        if let Some(captured) = captured
            && captured.minor > self.captured.minor
        {
            self.captured = captured;
        }
        if news.payment_page.is_some() {
            self.payment_page.clone_from(&news.payment_page);
        }
        self.told += 1;
        self.told_at = self.told_at.max(Some(news.happened_at));
    }

    /// Whether the provider should be asked to cancel it: it may still collect, and the question is not already open.
    pub fn should_ask_to_cancel(&self) -> bool {
        !self.is_final() && self.asked_at_told != Some(self.told)
    }

    /// Whether it will stand as it does for ever.
    pub const fn is_final(&self) -> bool {
        match self.state {
            IntentState::Succeeded | IntentState::Cancelled => true,
            IntentState::RequiresPayment | IntentState::RequiresAction | IntentState::Processing => false,
        }
    }

    /// What is known of it, as if it had been read from the provider.
    pub fn reading(&self) -> IntentReading {
        IntentReading {
            intent_id: self.intent_id.clone(),
            state: self.state,
            amount: self.amount,
            captured: self.captured,
            refunded: self.refunded,
            decline_code: self.decline_code.clone(),
            payment_page: self.payment_page.clone(),
        }
    }
}

impl MessageRefund {
    /// Takes in what a message tells. A success may still turn out to have failed: banks return money that was sent.
    pub fn hear(&mut self, news: &RefundNews) {
        let is_new = self.told_at.is_none_or(|newest| news.happened_at >= newest);
        let believed = match (self.state, news.state) {
            (_, RefundState::Open) | (RefundState::Succeeded | RefundState::Failed, RefundState::Pending) => false,
            (RefundState::Open | RefundState::Pending, RefundState::Succeeded | RefundState::Failed) => true,
            (RefundState::Open | RefundState::Pending, RefundState::Pending)
            | (RefundState::Succeeded | RefundState::Failed, RefundState::Succeeded | RefundState::Failed) => is_new,
        };
        if believed {
            // An end is newer than another one by its own time, whatever else was told meanwhile.
            (self.state, self.told_at) = (news.state, Some(news.happened_at));
        }
        if news.provider_refund_id.is_some() {
            self.provider_refund_id.clone_from(&news.provider_refund_id);
        }
    }

    /// What is known of it, as if it had been read from the provider; none if nothing has been told yet.
    pub fn reading(&self) -> Option<RefundReading> {
        let provider_refund_id = self.provider_refund_id.clone().unwrap_or_else(|| self.id.clone());
        (self.state != RefundState::Open).then_some(RefundReading { provider_refund_id, state: self.state })
    }
}
