//! Fees: what the platform earns by a booking, from the customer and from the partner.

use serde::{Deserialize, Serialize};

use crate::field::InvalidField;
use crate::money::{BasisPoints, Currency, Money, MoneyError};

/// What the platform and a partner have agreed on. There are none that contradict themselves: [`FeeTerms::parse`] is the
/// only way to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "FeeTermsDraft", try_from = "FeeTermsDraft")]
pub struct FeeTerms(FeeTermsDraft);

/// Fee terms as they are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeeTermsDraft {
    /// What the customer pays for each seat that costs something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_seat: Option<Money>,
    /// Which share of the discounted prices the customer pays on top of them, in basis points.
    #[serde(default, skip_serializing_if = "BasisPoints::is_none")]
    pub share: BasisPoints,
    /// The most that the customer pays for a booking, both together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Money>,
    /// Which share of the discounted prices the partner owes, in basis points. The customer does not pay it.
    #[serde(default, skip_serializing_if = "BasisPoints::is_none")]
    pub commission: BasisPoints,
}

/// Fee terms that contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFeeTerms {
    /// It would be a discount, or nothing.
    #[error("perSeat must be more than nothing, not {amount}; leave it out for no fee per seat")]
    PerSeat {
        /// The amount as given.
        amount: Money,
    },
    /// It would take the fee away.
    #[error("atMost must be more than nothing, not {amount}; leave it out for no upper limit")]
    AtMost {
        /// The amount as given.
        amount: Money,
    },
    /// There is nothing to limit.
    #[error("atMost limits a fee, and there is neither perSeat nor share")]
    NothingToLimit,
    /// A fee that its limit cannot be compared with.
    #[error("atMost is in {at_most} and perSeat in {per_seat}: both must be in the currency of the shows")]
    Currencies {
        /// The currency of the limit.
        at_most: Currency,
        /// The currency of the fee.
        per_seat: Currency,
    },
}

impl InvalidFeeTerms {
    /// The field that is wrong, as the wire spells it: what the message begins with.
    pub fn field(&self) -> &'static str {
        match self {
            Self::PerSeat { .. } => "perSeat",
            Self::AtMost { .. } | Self::NothingToLimit | Self::Currencies { .. } => "atMost",
        }
    }
}

impl From<InvalidFeeTerms> for InvalidField {
    fn from(invalid: InvalidFeeTerms) -> Self {
        Self::of_message(invalid.field(), &invalid.to_string())
    }
}

impl FeeTerms {
    /// No fee and no commission.
    pub const NONE: Self =
        Self(FeeTermsDraft { per_seat: None, share: BasisPoints::NONE, at_most: None, commission: BasisPoints::NONE });

    /// Parses terms; the error names the field that is wrong.
    pub fn parse(draft: FeeTermsDraft) -> Result<Self, InvalidFeeTerms> {
        match (draft.per_seat, draft.at_most) {
            (Some(amount), _) if amount.minor <= 0 => Err(InvalidFeeTerms::PerSeat { amount }),
            (_, Some(amount)) if amount.minor <= 0 => Err(InvalidFeeTerms::AtMost { amount }),
            (Some(per_seat), Some(at_most)) if per_seat.currency != at_most.currency => {
                Err(InvalidFeeTerms::Currencies { at_most: at_most.currency, per_seat: per_seat.currency })
            }
            (None, Some(_)) if draft.share.is_none() => Err(InvalidFeeTerms::NothingToLimit),
            _ => Ok(Self(draft)),
        }
    }

    /// The currency that its amounts are in, if it has amounts: it has to be that of the show.
    pub fn currency(&self) -> Option<Currency> {
        self.0.per_seat.or(self.0.at_most).map(|amount| amount.currency)
    }

    /// What the customer pays for a booking whose seats cost `discounted`, in `currency`. The share is taken of their sum
    /// and rounded once, half up; a seat that costs nothing carries no fee.
    ///
    /// Dearer seats never carry a smaller fee. Fails where the terms are in another currency.
    pub fn fee_on(&self, discounted: &[Money], currency: Currency) -> Result<Money, MoneyError> {
        let mut fee = sum(discounted, currency)?.rounded_share(self.0.share);
        if let Some(per_seat) = self.0.per_seat {
            for _ in discounted.iter().filter(|price| price.minor > 0) {
                fee = fee.checked_add(per_seat)?;
            }
        }
        match self.0.at_most {
            // The difference has no answer where the currencies differ.
            Some(at_most) if fee.checked_sub(at_most)?.minor > 0 => Ok(at_most),
            Some(_) | None => Ok(fee),
        }
    }

    /// What the partner owes for a booking whose seats cost `discounted`, in `currency`: of their sum, rounded half up.
    pub fn commission_on(&self, discounted: &[Money], currency: Currency) -> Result<Money, MoneyError> {
        Ok(sum(discounted, currency)?.rounded_share(self.0.commission))
    }
}

fn sum(prices: &[Money], currency: Currency) -> Result<Money, MoneyError> {
    prices.iter().try_fold(Money::zero(currency), |sum, price| sum.checked_add(*price))
}

impl TryFrom<FeeTermsDraft> for FeeTerms {
    type Error = InvalidFeeTerms;

    fn try_from(draft: FeeTermsDraft) -> Result<Self, InvalidFeeTerms> {
        Self::parse(draft)
    }
}

impl From<FeeTerms> for FeeTermsDraft {
    fn from(terms: FeeTerms) -> Self {
        terms.0
    }
}
