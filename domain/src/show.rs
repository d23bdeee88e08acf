//! Shows: an event in a hall at a time, on sale for a while, with a price per category.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::field::InvalidField;
use crate::ids::{EventId, HallId, PartnerId, ShowId};
use crate::limits::{HARD_CAP_SECONDS, HOLD_SECONDS};
use crate::money::{Currency, Money, Percent};
use crate::seat::SeatCategory;
use crate::single_seat::SingleSeatRule;

/// Whether a show takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShowState {
    /// Announced; sold within its sales window.
    Scheduled,
    /// Called off.
    Cancelled,
}

impl ShowState {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Cancelled => "cancelled",
        }
    }

    /// Every state.
    pub const ALL: [Self; 2] = [Self::Scheduled, Self::Cancelled];
}

/// An event in a hall at a time: the thing that is booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Show {
    /// Its id.
    pub id: ShowId,
    /// What is performed.
    pub event_id: EventId,
    /// Where.
    pub hall_id: HallId,
    /// Who sells it.
    pub partner_id: PartnerId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// From when on it is sold.
    pub sales_open_at: Timestamp,
    /// Until when it is sold.
    pub sales_close_at: Timestamp,
    /// Whether it takes place.
    pub state: ShowState,
    /// What all its prices are in.
    pub currency: Currency,
    /// What a seat of each category costs.
    pub prices: BTreeMap<SeatCategory, Money>,
    /// How long seats are held for a customer to pay.
    pub hold: HoldTime,
    /// What a customer gets back who cancels, frozen into each booking at purchase.
    pub refund_policy: RefundPolicy,
    /// What is done about customers who pick seats by hand and leave single ones.
    #[serde(default)]
    pub single_seats: SingleSeatRule,
}

/// The most categories that a show has prices for.
const PRICES: usize = 100;

impl Show {
    /// Refuses what no show has.
    pub fn check(&self) -> Result<(), InvalidField> {
        let rules = [
            (self.starts_at < self.ends_at, "startsAt", "must come before the end"),
            (self.sales_open_at < self.sales_close_at, "salesOpenAt", "must come before the end of sales"),
            (self.sales_close_at <= self.ends_at, "salesCloseAt", "must not come after the end of the show"),
            (!self.prices.is_empty(), "prices", "must have one for at least one category"),
            (self.prices.len() <= PRICES, "prices", "must be at most 100"),
            (self.prices.values().all(|price| price.minor >= 0), "prices", "must not be negative"),
            (self.prices.values().all(|price| price.currency == self.currency), "prices", "must be of one currency"),
        ];
        let broken = rules.into_iter().find(|(is_kept, ..)| !is_kept);
        broken.map_or(Ok(()), |(_, field, problem)| Err(InvalidField::new(field, problem)))
    }
}

/// Why a show does not sell at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotOnSale {
    /// Called off.
    #[error("the show is cancelled")]
    Cancelled,
    /// Sales have not begun.
    #[error("sales have not opened yet")]
    NotYet,
    /// Sales have ended.
    #[error("sales have closed")]
    Closed,
    /// The show is over.
    #[error("the show is over")]
    Over,
}

impl Show {
    /// Whether seats may be taken at `now`.
    pub fn check_on_sale(&self, now: Timestamp) -> Result<(), NotOnSale> {
        if self.state == ShowState::Cancelled {
            Err(NotOnSale::Cancelled)
        } else if now >= self.ends_at {
            Err(NotOnSale::Over)
        } else if now < self.sales_open_at {
            Err(NotOnSale::NotYet)
        } else if now >= self.sales_close_at {
            Err(NotOnSale::Closed)
        } else {
            Ok(())
        }
    }

    /// Whether a booking whose hold is in force may be confirmed at `now`.
    ///
    /// Its seats were taken while the show was on sale, so the end of sales does not refuse a customer who is paying;
    /// a cancelled show and one that is over do.
    pub fn check_confirmable(&self, now: Timestamp) -> Result<(), NotOnSale> {
        match self.check_on_sale(now) {
            Ok(()) | Err(NotOnSale::NotYet | NotOnSale::Closed) => Ok(()),
            Err(refusal @ (NotOnSale::Cancelled | NotOnSale::Over)) => Err(refusal),
        }
    }
}

/// How long a show holds seats for a customer to pay, in seconds: at least 1, at most the hard cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub struct HoldTime(i64);

/// A hold time that no show may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hold of {seconds} s is not between 1 s and the hard cap of {HARD_CAP_SECONDS} s")]
pub struct InvalidHoldTime {
    /// The number as given.
    pub seconds: i64,
}

impl HoldTime {
    /// What a show has that does not say otherwise.
    pub const DEFAULT: Self = Self(HOLD_SECONDS);

    /// Parses a number of seconds.
    pub fn parse(seconds: i64) -> Result<Self, InvalidHoldTime> {
        if (1..=HARD_CAP_SECONDS).contains(&seconds) { Ok(Self(seconds)) } else { Err(InvalidHoldTime { seconds }) }
    }

    /// The number of seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for HoldTime {
    type Error = InvalidHoldTime;

    fn try_from(seconds: i64) -> Result<Self, InvalidHoldTime> {
        Self::parse(seconds)
    }
}

impl From<HoldTime> for i64 {
    fn from(hold: HoldTime) -> i64 {
        hold.0
    }
}

/// What a customer gets back who cancels: the share of the first tier whose time before the show has not passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<RefundTier>", try_from = "Vec<RefundTier>")]
pub struct RefundPolicy(Vec<RefundTier>);

/// One step of a refund policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundTier {
    /// Up to how many minutes before the show starts.
    pub until_minutes_before: i64,
    /// Which share of the price is given back.
    pub share: Percent,
}

/// Refund tiers that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refund tiers must go from the longest time before the show to the shortest, none of them negative")]
pub struct InvalidRefundPolicy;

impl RefundPolicy {
    /// Parses tiers ordered from the longest time before the show to the shortest.
    pub fn parse(tiers: Vec<RefundTier>) -> Result<Self, InvalidRefundPolicy> {
        let ordered = tiers.windows(2).all(|pair| pair[0].until_minutes_before > pair[1].until_minutes_before);
        let sensible = tiers.iter().all(|tier| tier.until_minutes_before >= 0);
        if ordered && sensible { Ok(Self(tiers)) } else { Err(InvalidRefundPolicy) }
    }

    /// Everything until 24 hours before the show, half until 2 hours, then nothing (product A3).
    pub fn standard() -> Self {
        Self(vec![
            RefundTier { until_minutes_before: 24 * 60, share: Percent::FULL },
            RefundTier { until_minutes_before: 2 * 60, share: Percent::HALF },
        ])
    }

    /// The tiers, from the longest time before the show to the shortest.
    pub fn tiers(&self) -> &[RefundTier] {
        &self.0
    }

    /// The share that a cancellation at `now` gives back for a show that starts at `starts_at`.
    pub fn share_at(&self, now: Timestamp, starts_at: Timestamp) -> Percent {
        let left: SignedDuration = starts_at.duration_since(now);
        // A partner may say a time that no duration holds: then it has passed.
        let in_time = |tier: &&RefundTier| {
            SignedDuration::try_from_mins(tier.until_minutes_before).is_some_and(|before| left >= before)
        };
        let tier = self.0.iter().find(in_time);
        tier.map_or(Percent::NONE, |tier| tier.share)
    }
}

impl TryFrom<Vec<RefundTier>> for RefundPolicy {
    type Error = InvalidRefundPolicy;

    fn try_from(tiers: Vec<RefundTier>) -> Result<Self, InvalidRefundPolicy> {
        Self::parse(tiers)
    }
}

impl From<RefundPolicy> for Vec<RefundTier> {
    fn from(policy: RefundPolicy) -> Vec<RefundTier> {
        policy.0
    }
}
