//! What the demo reads of the API's answers, which is not all that is in them.

use std::collections::BTreeMap;

use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use domain::money::Currency;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// The items of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

/// A show.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Show {
    pub(super) id: ShowId,
    event: Event,
    venue: Venue,
    hall: Hall,
    pub(super) starts_at: Timestamp,
    sales_open_at: Timestamp,
    sales_close_at: Timestamp,
    state: String,
    prices: Vec<Price>,
    pub(super) hold_seconds: i64,
}

#[derive(Debug, Clone, Deserialize)]
struct Event {
    titles: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Venue {
    name: String,
    city: String,
    time_zone: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Hall {
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Price {
    price: Amount,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Amount {
    pub(super) minor: i64,
    pub(super) currency: Currency,
    pub(super) display: String,
}

/// A seat of a show.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seat {
    pub(super) seat_id: SeatId,
    pub(super) section: String,
    pub(super) row: String,
    number: String,
    category: String,
    pub(super) accessible: bool,
    pub(super) x: f64,
    state: String,
}

/// What a wish for seats is answered at least.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    pub(super) id: BookingId,
    #[serde(default)]
    pub(super) seat_ids: Vec<SeatId>,
    /// None while the outcome is open.
    pub(super) state: Option<String>,
}

/// Somebody who has registered.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registered {
    pub(super) customer_id: CustomerId,
    pub(super) access: Access,
}

/// What the API is called with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Access {
    pub(super) access_token: String,
}

/// What seats cost.
#[derive(Debug, Deserialize)]
pub(super) struct Quote {
    pub(super) lines: Vec<QuoteLine>,
    pub(super) total: Amount,
}

/// What one seat costs.
#[derive(Debug, Deserialize)]
pub(super) struct QuoteLine {
    pub(super) label: String,
    pub(super) price: Amount,
    pub(super) discounts: Vec<Discount>,
}

/// What an offer takes off it.
#[derive(Debug, Deserialize)]
pub(super) struct Discount {
    pub(super) name: String,
    pub(super) explanation: String,
    pub(super) amount: Amount,
}

/// A booking.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Booking {
    pub(super) id: BookingId,
    pub(super) state: String,
    pub(super) seat_ids: Vec<SeatId>,
    pub(super) amount: Amount,
    pub(super) captured: Amount,
    pub(super) refunded: Amount,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) payment: Option<Payment>,
    #[serde(default)]
    pub(super) tickets: Vec<Ticket>,
}

/// The newest attempt to pay.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub(super) attempt: u32,
    pub(super) payment_page: Option<String>,
}

/// A ticket.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ticket {
    pub(super) state: String,
}

/// One step of a booking.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    pub(super) code: String,
    pub(super) text: String,
}

/// What the payment page answers a program.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) state: String,
    pub(super) decline_code: Option<String>,
}

/// What a refusal says to a program.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) seat_ids: Vec<SeatId>,
}

impl Show {
    /// Whether it sells at `now`, for money.
    pub(super) fn is_sold(&self, now: Timestamp) -> bool {
        self.state == "scheduled"
            && (self.sales_open_at..self.sales_close_at).contains(&now)
            && self.prices.iter().all(|price| price.price.minor > 0)
    }

    /// What, where and when, in the time of the place if this machine knows it.
    pub(super) fn summary(&self) -> String {
        let Self { event, venue, hall, starts_at, .. } = self;
        let title = event.titles.get("en").or_else(|| event.titles.values().next()).map_or("", String::as_str);
        let zone = TimeZone::get(&venue.time_zone).unwrap_or(TimeZone::UTC);
        let at = starts_at.to_zoned(zone).strftime("%a %-d %b %H:%M %Z");
        format!("{title}, {at}, {} ({}), {}", venue.name, hall.name, venue.city)
    }
}

impl Seat {
    /// Whether it can be had.
    pub(super) fn is_available(&self) -> bool {
        self.state == "available"
    }

    /// What is printed on a ticket.
    pub(super) fn label(&self) -> String {
        format!("{} {}{}", self.section, self.row, self.number)
    }

    /// The same with the category.
    pub(super) fn description(&self) -> String {
        format!("{} ({})", self.label(), self.category)
    }
}
