//! The card numbers that the simulator takes, and what each does. Knows no state and stores nothing.
//!
//! | number | what it does |
//! | --- | --- |
//! | 4242 4242 4242 4242 | succeeds |
//! | 4000 0000 0000 0002 | declined: `card_declined` |
//! | 4000 0000 0000 9995 | declined: `insufficient_funds` |
//! | 4000 0000 0000 3220 | needs a second step, which the buyer approves or fails |
//! | 4000 0000 0000 0077 | processing, succeeds after 3 s or the given delay |
//! | 4000 0000 0000 7726 | processing, declined after 3 s or the given delay |
//! | 4000 0000 0000 0101 | processing until told otherwise |
//! | 4000 0000 0000 0259 | succeeds, each webhook is sent twice |
//! | 4000 0000 0000 0341 | succeeds, an older `processing` webhook follows the `succeeded` one |
//! | 4000 0000 0000 0499 | succeeds, no webhook is ever sent |
//! | 4000 0000 0000 0507 | processing, succeeds when told or after the given delay |

use std::time::Duration;

use super::behaviour::{Settlement, WebhookMode};

/// How long a card that settles by itself is processing, where nobody says otherwise.
pub const PROCESSING_SECONDS: u64 = 3;

const PROCESSING: Option<Duration> = Some(Duration::from_secs(PROCESSING_SECONDS));

/// A card number that the simulator takes.
#[derive(Debug, Clone, Copy)]
pub struct TestCard {
    /// Sixteen digits.
    pub number: &'static str,
    /// What it does, in words for the payment page.
    pub does: &'static str,
    pub(crate) outcome: CardOutcome,
    pub(crate) webhooks: WebhookMode,
}

/// What becomes of an intent that is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CardOutcome {
    Succeeds,
    Declined { code: &'static str },
    SecondStep,
    Processing { then: Option<Settlement>, after: Option<Duration> },
}

impl TestCard {
    const fn new(number: &'static str, does: &'static str, outcome: CardOutcome) -> Self {
        Self { number, does, outcome, webhooks: WebhookMode::Normal }
    }

    const fn with_webhooks(self, webhooks: WebhookMode) -> Self {
        Self { webhooks, ..self }
    }

    /// The card of a number, written with or without spaces. Every other number is unknown, so that nobody's real card
    /// is ever taken.
    pub fn parse(text: &str) -> Option<&'static Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        TEST_CARDS.iter().find(|card| card.number == digits)
    }

    /// The last four digits: all of a card that is ever stored.
    pub fn last_digits(&self) -> &'static str {
        self.number.get(12..).unwrap_or_default()
    }

    /// The number in groups of four, as on a card.
    pub fn grouped(&self) -> String {
        let groups: Vec<&str> = [0, 4, 8, 12].iter().filter_map(|start| self.number.get(*start..start + 4)).collect();
        groups.join(" ")
    }
}

/// Every card that the simulator takes.
pub const TEST_CARDS: &[TestCard] = &[
    TestCard::new("4242424242424242", "succeeds", CardOutcome::Succeeds),
    TestCard::new("4000000000000002", "is declined", CardOutcome::Declined { code: "card_declined" }),
    TestCard::new(
        "4000000000009995",
        "is declined for insufficient funds",
        CardOutcome::Declined { code: "insufficient_funds" },
    ),
    TestCard::new("4000000000003220", "needs a second step", CardOutcome::SecondStep),
    TestCard::new(
        "4000000000000077",
        "is processing, then succeeds",
        CardOutcome::Processing { then: Some(Settlement::Succeed), after: PROCESSING },
    ),
    TestCard::new(
        "4000000000007726",
        "is processing, then is declined",
        CardOutcome::Processing { then: Some(Settlement::Decline), after: PROCESSING },
    ),
    TestCard::new(
        "4000000000000101",
        "is processing until told otherwise",
        CardOutcome::Processing { then: None, after: None },
    ),
    TestCard::new("4000000000000259", "succeeds and says so twice", CardOutcome::Succeeds)
        .with_webhooks(WebhookMode::Twice),
    TestCard::new("4000000000000341", "succeeds and says so out of order", CardOutcome::Succeeds)
        .with_webhooks(WebhookMode::OutOfOrder),
    TestCard::new("4000000000000499", "succeeds and never says so", CardOutcome::Succeeds)
        .with_webhooks(WebhookMode::Never),
    TestCard::new(
        "4000000000000507",
        "is processing, succeeds late: when told or after a given delay",
        CardOutcome::Processing { then: Some(Settlement::Succeed), after: None },
    ),
];
