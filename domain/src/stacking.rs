//! How several offers work together: at most one of each kind, kind after kind, each on what the one before left of a
//! seat's price, and of all ways to choose them the one in which the customer pays least. Told in `docs/offers.md`.
//!
//! The best offer of a kind cannot be told from that kind alone: one that takes a little more off now may leave less for
//! a later one. Choosing it by itself would let a partner make bookings dearer by adding an offer, so the ways are
//! compared at the end. To keep them few, a way that leaves no seat cheaper than another way does is given up at once:
//! whatever comes later keeps that order (see [`Discount::off`](crate::offer_terms::Discount::off), and fees do too).

use std::cmp::Ordering;

use crate::fee::FeeTerms;
use crate::ids::OfferId;
use crate::money::{Currency, Money, MoneyError};
use crate::offer::OfferKind;
use crate::offer_check::{Applicable, RankedSeat};
use crate::quote::Quote;

/// How many ways are followed at once. More than a handful needs offers made to be incomparable: on many categories, each
/// better for another one. Beyond it the ways that have taken most off so far are followed.
const WAYS_FOLLOWED: usize = 64;

/// A choice of offers for the kinds so far, and what it leaves of each seat's price.
#[derive(Debug, Clone)]
pub(crate) struct Way<'a> {
    /// What is left of the price of each seat, in the order of the quote's lines.
    pub(crate) left: Vec<Money>,
    /// The offers that took something off, in their order.
    pub(crate) steps: Vec<Step<'a>>,
    /// What was left of all prices together after each kind, in minor units.
    sums: Vec<i128>,
}

/// What one offer takes off.
#[derive(Debug, Clone)]
pub(crate) struct Step<'a> {
    pub(crate) applicable: &'a Applicable<'a>,
    pub(crate) cuts: Vec<Cut>,
}

/// What one offer takes off one seat: more than nothing, and at most what was left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) seat: RankedSeat,
    pub(crate) amount: Money,
}

/// The way to choose among `offers`, which are ordered by id, in which the seats of `listed` cost least, fees included.
pub(crate) fn cheapest<'a>(
    listed: &Quote,
    offers: &'a [Applicable<'a>],
    fees: &FeeTerms,
) -> Result<Way<'a>, MoneyError> {
    let mut best = Way::at_list_prices(listed);
    let mut ways = vec![best.clone()];
    for kind in OfferKind::ALL {
        ways = followed(ways, offers.iter().filter(|applicable| applicable.offer.kind() == kind));
    }
    let mut least = None;
    for way in ways {
        let total = way.total(listed.total.currency, fees)?.minor;
        let better = least.is_none_or(|least| total < least || (total == least && way.prefer(&best).is_lt()));
        if better {
            (least, best) = (Some(total), way);
        }
    }
    Ok(best)
}

/// Every way that is worth following after one of `offers`, which are of one kind, was chosen or none could be.
fn followed<'a>(ways: Vec<Way<'a>>, offers: impl Iterator<Item = &'a Applicable<'a>> + Clone) -> Vec<Way<'a>> {
    let mut kept = Vec::new();
    for way in ways {
        let mut none_takes_anything = true;
        for next in offers.clone().filter_map(|offer| way.then(offer)) {
            none_takes_anything = false;
            keep(&mut kept, next);
        }
        // To go without where an offer takes something off is never better.
        if none_takes_anything {
            keep(&mut kept, way.without());
        }
    }
    kept
}

fn keep<'a>(kept: &mut Vec<Way<'a>>, way: Way<'a>) {
    if kept.iter().any(|other| other.is_never_worse_than(&way)) {
        return;
    }
    kept.retain(|other| !way.is_never_worse_than(other));
    kept.push(way);
    if kept.len() > WAYS_FOLLOWED {
        kept.sort_by(|left, right| left.sums.last().cmp(&right.sums.last()).then_with(|| left.prefer(right)));
        kept.truncate(WAYS_FOLLOWED);
    }
}

impl<'a> Way<'a> {
    fn at_list_prices(listed: &Quote) -> Self {
        Self { left: listed.lines.iter().map(|line| line.price).collect(), steps: Vec::new(), sums: Vec::new() }
    }

    /// This way and then an offer, unless that takes nothing off.
    fn then(&self, applicable: &'a Applicable<'a>) -> Option<Self> {
        let mut next = self.clone();
        let mut cuts = Vec::new();
        for seat in &applicable.seats {
            let Some(left) = next.left.get_mut(seat.line) else { continue };
            let amount = applicable.offer.gives.off(*left);
            if !amount.is_zero() {
                // It lies between zero and what is left, so this cannot overflow.
                left.minor -= amount.minor;
                cuts.push(Cut { seat: *seat, amount });
            }
        }
        if cuts.is_empty() {
            return None;
        }
        next.steps.push(Step { applicable, cuts });
        Some(next.without())
    }

    /// This way, with a kind finished.
    fn without(mut self) -> Self {
        self.sums.push(self.left.iter().map(|left| i128::from(left.minor)).sum());
        self
    }

    /// What the customer pays, in `currency`: what is left of the prices, and the fee on it.
    pub(crate) fn total(&self, currency: Currency, fees: &FeeTerms) -> Result<Money, MoneyError> {
        let fee = fees.fee_on(&self.left, currency)?;
        self.left.iter().try_fold(fee, |sum, left| sum.checked_add(*left))
    }

    /// Whether it ends no dearer than `other` whatever comes after both, and is to be preferred where it ends the same.
    fn is_never_worse_than(&self, other: &Self) -> bool {
        self.left.iter().zip(&other.left).all(|(mine, theirs)| mine.minor <= theirs.minor) && self.prefer(other).is_le()
    }

    /// Which of two ways that cost the same is taken (the smaller): the one in which the first kinds take more off, and
    /// then the one with the smaller ids.
    fn prefer(&self, other: &Self) -> Ordering {
        self.sums.cmp(&other.sums).then_with(|| self.offer_ids().cmp(other.offer_ids()))
    }

    fn offer_ids(&self) -> impl Iterator<Item = OfferId> {
        self.steps.iter().map(|step| step.applicable.offer.id)
    }
}
