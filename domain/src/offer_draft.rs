//! Offers as they are written down, before and after they are checked: by a partner, in the database.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::field::InvalidField;
use crate::ids::{OfferId, PartnerId};
use crate::limits::{SEATS_PER_BOOKING, USES_PER_OFFER};
use crate::money::{Money, Percent};
use crate::offer::{Offer, OfferScope};
use crate::offer_calendar::{BookingPeriod, InvalidStartTimes, ShowCalendar, StartTimes, Weekday};
use crate::offer_terms::{Discount, InvalidOfferCode, InvalidOfferName, OfferCode, OfferName, is_printable};
use crate::seat::SeatCategory;

/// The longest name of a city, in characters.
const CITY_CHARACTERS: usize = 80;

/// An offer as it is written down. What is left out does not limit it, and of what is given all has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferDraft {
    /// Its id.
    pub id: OfferId,
    /// Whose offer it is.
    pub partner_id: PartnerId,
    /// What it is called on the quote: 1 to 80 printable characters.
    pub name: String,
    /// Which shows it is for.
    pub scope: OfferScope,
    /// The code that has to be typed: 3 to 32 of A-Z, 0-9 and -, in capitals or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many seats the booking has to have at least, 2 to 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
    /// From which time of day on, on the venue's clock, the show has to start; comes with `starts_until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_from: Option<Time>,
    /// Before which time of day the show has to start; a smaller one than `starts_from` is one after midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_until: Option<Time>,
    /// On which days of the week the show has to be; every day where there are none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub weekdays: BTreeSet<Weekday>,
    /// The first day on which the show may be, at the venue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_date: Option<Date>,
    /// The last day on which the show may be, at the venue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_date: Option<Date>,
    /// From when on the booking has to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked_from: Option<Timestamp>,
    /// Before when the booking has to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked_until: Option<Timestamp>,
    /// The categories whose seats it counts and makes cheaper; all where there are none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<SeatCategory>,
    /// That it is for every nth seat only, 2 to 10: 3 is the 3rd, the 6th and the 9th.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<usize>,
    /// How many hundredths of the price it takes off, 1 to 100; either this or `amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// What it takes off the price of a seat; either this or `percent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// By how many bookings its code may be used in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Whether it is switched on.
    pub active: bool,
}

/// An offer that contradicts itself, or would never or always apply where it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOffer {
    /// Cannot be shown.
    #[error("name {0}")]
    Name(#[from] InvalidOfferName),
    /// No venue can be in it.
    #[error("scope.city must have 1 to 80 printable characters")]
    City,
    /// Nobody could type it.
    #[error("code {0}")]
    Code(#[from] InvalidOfferCode),
    /// Every booking or none would have so many seats.
    #[error(
        "atLeast must be 2 to {SEATS_PER_BOOKING}, not {value}: a booking has 1 to {SEATS_PER_BOOKING} seats; leave it out for every booking"
    )]
    AtLeast {
        /// The number as given.
        value: usize,
    },
    /// One time without the other.
    #[error("startsFrom and startsUntil must come together; for shows from 18:00 on they are 18:00 and 00:00")]
    OneStartTime,
    /// No time between them, or every time.
    #[error("startsFrom and startsUntil {0}")]
    StartTimes(#[from] InvalidStartTimes),
    /// A limit that is none.
    #[error("weekdays must be less than seven; leave them out for every day")]
    Weekdays,
    /// No day between them.
    #[error("firstDate {first} must not be after lastDate {last}")]
    Dates {
        /// The first day as given.
        first: Date,
        /// The last day as given.
        last: Date,
    },
    /// No moment between them.
    #[error("bookedFrom {from} must be before bookedUntil {until}")]
    Booked {
        /// The beginning as given.
        from: Timestamp,
        /// The end as given.
        until: Timestamp,
    },
    /// Every ticket or none would be discounted.
    #[error("nth must be 2 to {SEATS_PER_BOOKING}, not {value}; leave it out for every seat")]
    Nth {
        /// The number as given.
        value: usize,
    },
    /// It gives nothing, or two things.
    #[error("percent or amount must be given, and not both")]
    Gives,
    /// It gives nothing, or more than there is.
    #[error("percent must be 1 to 100, not {value}")]
    Percent {
        /// The number as given.
        value: u8,
    },
    /// It gives nothing.
    #[error("amount must be more than nothing, not {amount}")]
    Amount {
        /// The amount as given.
        amount: Money,
    },
    /// It can never be used.
    #[error("uses must be at least 1; to switch the offer off say active: false")]
    NoUses,
    /// They could not all be written down.
    #[error("uses must be at most {USES_PER_OFFER}, not {value}; leave it out for any number")]
    TooManyUses {
        /// The number as given.
        value: u32,
    },
    /// What is automatic cannot be counted by its code.
    #[error("uses can only be limited for an offer with a code; add a code or leave uses out")]
    UsesWithoutCode,
}

impl InvalidOffer {
    /// The field that is wrong, as the wire spells it: what the message begins with.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::City => "scope.city",
            Self::Code(_) => "code",
            Self::AtLeast { .. } => "atLeast",
            Self::OneStartTime | Self::StartTimes(_) => "startsFrom",
            Self::Weekdays => "weekdays",
            Self::Dates { .. } => "firstDate",
            Self::Booked { .. } => "bookedFrom",
            Self::Nth { .. } => "nth",
            Self::Gives | Self::Percent { .. } => "percent",
            Self::Amount { .. } => "amount",
            Self::NoUses | Self::TooManyUses { .. } | Self::UsesWithoutCode => "uses",
        }
    }
}

impl From<InvalidOffer> for InvalidField {
    fn from(invalid: InvalidOffer) -> Self {
        Self::of_message(invalid.field(), &invalid.to_string())
    }
}

impl OfferDraft {
    /// The offer that is written down here, if it makes sense; in the order of the fields.
    pub(crate) fn check(self) -> Result<Offer, InvalidOffer> {
        let name = OfferName::parse(&self.name)?;
        let scope = checked_scope(self.scope.clone())?;
        let code = self.code.as_deref().map(OfferCode::parse).transpose()?;
        let at_least = seats(self.at_least, |value| InvalidOffer::AtLeast { value })?;
        let calendar = self.calendar()?;
        let booked = self.booked()?;
        let nth = seats(self.nth, |value| InvalidOffer::Nth { value })?;
        let gives = self.gives()?;
        let uses = self.limited_uses()?;
        Ok(Offer {
            id: self.id,
            partner_id: self.partner_id,
            name,
            scope,
            code,
            at_least,
            calendar,
            booked,
            categories: self.categories,
            nth,
            gives,
            uses,
            active: self.active,
        })
    }

    fn calendar(&self) -> Result<ShowCalendar, InvalidOffer> {
        let times = match (self.starts_from, self.starts_until) {
            (Some(from), Some(until)) => Some(StartTimes::parse(from, until)?),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(InvalidOffer::OneStartTime),
        };
        if self.weekdays.len() == Weekday::ALL.len() {
            return Err(InvalidOffer::Weekdays);
        }
        match (self.first_date, self.last_date) {
            (Some(first), Some(last)) if first > last => Err(InvalidOffer::Dates { first, last }),
            (first_date, last_date) => {
                Ok(ShowCalendar { times, weekdays: self.weekdays.clone(), first_date, last_date })
            }
        }
    }

    fn booked(&self) -> Result<BookingPeriod, InvalidOffer> {
        match (self.booked_from, self.booked_until) {
            (Some(from), Some(until)) if from >= until => Err(InvalidOffer::Booked { from, until }),
            (from, until) => Ok(BookingPeriod { from, until }),
        }
    }

    fn gives(&self) -> Result<Discount, InvalidOffer> {
        match (self.percent, self.amount) {
            (Some(value), None) => match Percent::parse(value) {
                Ok(percent) if percent != Percent::NONE => Ok(Discount::Percent(percent)),
                Ok(_) | Err(_) => Err(InvalidOffer::Percent { value }),
            },
            (None, Some(amount)) if amount.minor > 0 => Ok(Discount::Amount(amount)),
            (None, Some(amount)) => Err(InvalidOffer::Amount { amount }),
            (Some(_), Some(_)) | (None, None) => Err(InvalidOffer::Gives),
        }
    }

    fn limited_uses(&self) -> Result<Option<NonZeroU32>, InvalidOffer> {
        match self.uses.map(NonZeroU32::new) {
            None => Ok(None),
            Some(None) => Err(InvalidOffer::NoUses),
            Some(Some(_)) if self.code.is_none() => Err(InvalidOffer::UsesWithoutCode),
            Some(Some(uses)) if uses.get() > USES_PER_OFFER => Err(InvalidOffer::TooManyUses { value: uses.get() }),
            Some(uses) => Ok(uses),
        }
    }
}

fn checked_scope(scope: OfferScope) -> Result<OfferScope, InvalidOffer> {
    let OfferScope::City { city } = &scope else { return Ok(scope) };
    let city = city.trim();
    let fits = !city.is_empty() && city.chars().count() <= CITY_CHARACTERS && city.chars().all(is_printable);
    if fits { Ok(OfferScope::City { city: city.to_owned() }) } else { Err(InvalidOffer::City) }
}

/// A number of seats that some bookings have and some have not.
fn seats(value: Option<usize>, wrong: impl FnOnce(usize) -> InvalidOffer) -> Result<Option<usize>, InvalidOffer> {
    match value {
        Some(value) if !(2..=SEATS_PER_BOOKING).contains(&value) => Err(wrong(value)),
        value => Ok(value),
    }
}

impl From<Offer> for OfferDraft {
    fn from(offer: Offer) -> Self {
        let Offer {
            id,
            partner_id,
            name,
            scope,
            code,
            at_least,
            calendar,
            booked,
            categories,
            nth,
            gives,
            uses,
            active,
        } = offer;
        let ShowCalendar { times, weekdays, first_date, last_date } = calendar;
        let (percent, amount) = match gives {
            Discount::Percent(percent) => (Some(percent.value()), None),
            Discount::Amount(amount) => (None, Some(amount)),
        };
        Self {
            id,
            partner_id,
            name: name.into(),
            scope,
            code: code.map(String::from),
            at_least,
            starts_from: times.map(|times| times.from),
            starts_until: times.map(|times| times.until),
            weekdays,
            first_date,
            last_date,
            booked_from: booked.from,
            booked_until: booked.until,
            categories,
            nth,
            percent,
            amount,
            uses: uses.map(NonZeroU32::get),
            active,
        }
    }
}
