//! Why a code that was typed did nothing: what customers ask support most.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::OfferId;
use crate::money::Currency;
use crate::offer::Offer;
use crate::offer_calendar::{ShowCalendar, listed as in_words, moment_in_words};
use crate::offer_terms::OfferCode;
use crate::pricing::{Offered, PricingContext};
use crate::quote::Quote;
use crate::seat::SeatCategory;

/// An offer whose code was typed and which took nothing off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedOffer {
    /// The offer; none where the partner has no offer with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_id: Option<OfferId>,
    /// What the offer is called, or the code where there is no offer.
    pub name: String,
    /// Why it took nothing off: a plain English sentence without capital and full stop.
    pub why: String,
}

/// Why an offer takes nothing off a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WhyUnused {
    UnknownCode,
    SwitchedOff,
    OtherShow,
    NotYet { from: Timestamp },
    Over { until: Timestamp },
    UsedUp,
    OtherTime { calendar: ShowCalendar },
    OtherCurrency { offer: Currency, show: Currency },
    OtherCategory { categories: BTreeSet<SeatCategory> },
    TooFewSeats { needed: usize, chosen: usize, categories: BTreeSet<SeatCategory> },
    AnotherIsBetter { name: String },
    TooLittleLeft,
}

impl WhyUnused {
    fn in_words(&self, context: &PricingContext) -> String {
        let at_venue = |moment| moment_in_words(moment, &context.zone);
        match self {
            Self::UnknownCode => "there is no offer with this code".to_owned(),
            Self::SwitchedOff => "the offer is switched off".to_owned(),
            Self::OtherShow => "the offer is not for this show".to_owned(),
            Self::NotYet { from } => format!("the offer is for bookings from {} on", at_venue(*from)),
            Self::Over { until } => format!("the offer was for bookings before {}", at_venue(*until)),
            Self::UsedUp => "the code has been used as often as it may be".to_owned(),
            Self::OtherTime { calendar } => format!("the offer is for {calendar}"),
            Self::OtherCurrency { offer, show } => {
                format!("the offer is in {offer}, and the show is sold in {show}")
            }
            Self::OtherCategory { categories } => {
                format!("the offer is for seats in {}, and none were chosen", in_words(categories))
            }
            Self::TooFewSeats { needed, chosen, categories } if categories.is_empty() => {
                format!("the offer needs {needed} seats or more, not {chosen}")
            }
            Self::TooFewSeats { needed, chosen, categories } => {
                format!("the offer needs {needed} seats or more in {}, not {chosen}", in_words(categories))
            }
            Self::AnotherIsBetter { name } => format!("`{name}` takes more off, and both cannot be had"),
            Self::TooLittleLeft => "what is left of the price is too little to take it off".to_owned(),
        }
    }
}

impl UnusedOffer {
    /// The offers with the code that was typed that took nothing off `quote`, by id.
    pub(crate) fn all(offered: &Offered<'_>, quote: &Quote) -> Vec<Self> {
        let context = offered.context;
        let Some(code) = &context.code else { return Vec::new() };
        let coded: Vec<&Offer> = offered.offers.iter().copied().filter(|offer| offer.code.is_some()).collect();
        if coded.is_empty() {
            return vec![Self::unknown(code, context)];
        }
        let applied = quote.offers();
        let (used, unused): (Vec<&Offer>, Vec<&Offer>) = coded.into_iter().partition(|it| applied.contains(&it.id));
        unused.into_iter().map(|offer| Self::of(offer, used.first().copied(), context, quote)).collect()
    }

    fn of(offer: &Offer, used: Option<&Offer>, context: &PricingContext, quote: &Quote) -> Self {
        let why = match (offer.check(context, quote), used) {
            (Err(why), _) => why,
            (Ok(_), Some(used)) => WhyUnused::AnotherIsBetter { name: used.name.as_str().to_owned() },
            (Ok(_), None) => WhyUnused::TooLittleLeft,
        };
        Self { offer_id: Some(offer.id), name: offer.name.as_str().to_owned(), why: why.in_words(context) }
    }

    fn unknown(code: &OfferCode, context: &PricingContext) -> Self {
        Self { offer_id: None, name: code.to_string(), why: WhyUnused::UnknownCode.in_words(context) }
    }
}
