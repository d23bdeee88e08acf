//! How one intent is told to behave. Part of the simulator's wire format and of its ledger.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cards::{CardOutcome, PROCESSING_SECONDS, TestCard};

/// What is said about an intent over webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookMode {
    /// Each event once.
    Normal,
    /// Each event twice, at the same time and with the same id.
    Twice,
    /// Before an end is an older event, which is sent after it.
    OutOfOrder,
    /// Nothing.
    Never,
}

/// What the next card does, whatever its number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextOutcome {
    /// It succeeds.
    Succeed,
    /// It is declined.
    Decline,
    /// It needs a second step.
    SecondStep,
    /// It is processing until told otherwise.
    Processing,
    /// It is processing and succeeds after the delay.
    ProcessingThenSucceed,
    /// It is processing and is declined after the delay.
    ProcessingThenDecline,
}

/// How a processing intent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The money is collected.
    Succeed,
    /// It is not, and the buyer may try again.
    Decline,
}

impl Settlement {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Succeed => "succeed",
            Self::Decline => "decline",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Succeed, Self::Decline].into_iter().find(|settlement| settlement.as_str() == text)
    }
}

/// What becomes of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundMode {
    /// It succeeds at once.
    Succeed,
    /// It is pending and succeeds after the delay; for ever, if there is none.
    Pending,
    /// It fails, and the money stays collected.
    Fail,
}

/// How an intent is told to behave. What is absent is left to the card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// What is said over webhooks, from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<WebhookMode>,
    /// What the next card does; forgotten once it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_outcome: Option<NextOutcome>,
    /// The provider's code of a decline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
    /// How long something that settles by itself takes, in seconds; fractions are fine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<f64>,
    /// What is collected instead of the amount, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_minor: Option<i64>,
    /// What becomes of refunds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunds: Option<RefundMode>,
}

impl Behaviour {
    pub(crate) fn delay(&self) -> Option<Duration> {
        self.delay_seconds.and_then(duration)
    }

    /// What a card does to an intent that behaves so, and how long it takes.
    pub(crate) fn outcome_of(&self, card: &TestCard, delay: Option<Duration>) -> CardOutcome {
        let delay = delay.or(self.delay());
        let usual = Duration::from_secs(PROCESSING_SECONDS);
        let processing = |then| CardOutcome::Processing { then: Some(then), after: delay.or(Some(usual)) };
        match self.next_outcome {
            Some(NextOutcome::Succeed) => CardOutcome::Succeeds,
            Some(NextOutcome::Decline) => CardOutcome::Declined { code: "card_declined" },
            Some(NextOutcome::SecondStep) => CardOutcome::SecondStep,
            Some(NextOutcome::Processing) => CardOutcome::Processing { then: None, after: None },
            Some(NextOutcome::ProcessingThenSucceed) => processing(Settlement::Succeed),
            Some(NextOutcome::ProcessingThenDecline) => processing(Settlement::Decline),
            None => match card.outcome {
                CardOutcome::Processing { then: Some(then), after } => {
                    CardOutcome::Processing { then: Some(then), after: delay.or(after) }
                }
                // Where the card never settles by itself a delay has nothing to put off.
                other @ (CardOutcome::Succeeds
                | CardOutcome::Declined { .. }
                | CardOutcome::SecondStep
                | CardOutcome::Processing { then: None, .. }) => other,
            },
        }
    }
}

/// A span of time from seconds as they came over the wire; none for what is no span.
pub(crate) fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
