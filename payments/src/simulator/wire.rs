//! The JSON that the simulator's API takes and answers. Known to its routes and to its client, to nobody else.

use std::collections::BTreeMap;

use domain::money::Currency;
use domain::payment::IntentState;
use domain::refund::RefundState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::behaviour::Settlement;

/// What a caller wants kept with an object, for its own use.
pub type Metadata = BTreeMap<String, String>;

/// An intent to create.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentIn {
    /// What to collect, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// What to keep with it: `booking_id`, `payment_id` and `attempt` for an intent of boxoffice.
    #[serde(default)]
    pub metadata: Metadata,
}

/// An intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentOut {
    /// `pi_sim_` and hexadecimal digits.
    pub id: String,
    /// Where it stands.
    pub state: IntentState,
    /// What it is to collect, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// What it has collected.
    pub captured_minor: i64,
    /// What was given back of that, or is on its way.
    pub refunded_minor: i64,
    /// Why the last try was declined, if it was.
    pub decline_code: Option<String>,
    /// The last four digits of the last card.
    pub card_last_digits: Option<String>,
    /// Where the customer pays. Secret; absent from webhooks.
    pub payment_page: Option<String>,
    /// What the caller wants kept with it.
    pub metadata: Metadata,
    /// The key that it was created with.
    pub idempotency_key: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A refund to create.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundIn {
    /// The intent whose money goes back.
    pub intent_id: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency; it must be the intent's.
    pub currency: Currency,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOut {
    /// `re_sim_` and hexadecimal digits.
    pub id: String,
    /// The intent whose money goes back.
    pub intent_id: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// Where it stands; never `open`.
    pub state: RefundState,
    /// The key that it was created with.
    pub idempotency_key: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListIn {
    /// Only what was created at that moment or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Where the last part ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most so many, 1 to 100; 50 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A part of a list, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListOut<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask with for the rest; absent at the end.
    pub next_cursor: Option<String>,
}

/// How a processing intent is to end.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleIn {
    /// How.
    pub outcome: Settlement,
}

/// A customer's card for an intent.
#[derive(Clone, Deserialize)]
pub struct PayIn {
    /// The card's number, one of the test cards.
    pub card: String,
    /// The number chosen from the payment page's list; it comes before the one that was typed.
    #[serde(default)]
    pub choice: Option<String>,
    /// The payment page's secret.
    pub secret: String,
    /// How long something that settles by itself takes, in seconds.
    #[serde(default)]
    pub delay: Option<f64>,
}

/// A customer's answer to the second step.
#[derive(Clone, Deserialize)]
pub struct SecondStepIn {
    /// Whether the customer approves.
    pub approve: bool,
    /// The payment page's secret.
    pub secret: String,
}

/// A refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorOut {
    /// The refusal.
    pub error: ErrorBody,
}

/// What a refusal says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorBody {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// The intent that is in the way, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Box<IntentOut>>,
}

/// A webhook's body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventOut {
    /// `evt_sim_` and hexadecimal digits, the same in every copy.
    pub id: String,
    /// `intent.succeeded` and the like.
    pub kind: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// The intent as it was then.
    pub intent: IntentOut,
    /// The refund, for an event about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundOut>,
}
