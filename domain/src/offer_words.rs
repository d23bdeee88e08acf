//! What a discount is given for, in a sentence of plain English that a customer reads on the quote.

use jiff::tz::TimeZone;

use crate::offer::Offer;
use crate::offer_calendar::listed as in_words;
use crate::offer_terms::Discount;

impl Offer {
    /// What it gives for the seat that is the `rank`-th ticket of those it counts, and for what: "3rd ticket: 50 % off",
    /// "20 % off shows that start between 12:00 and 17:00". Moments are on the clock of `zone`.
    pub(crate) fn explanation(&self, rank: usize, zone: &TimeZone) -> String {
        let ticket = match (self.nth, self.categories.is_empty()) {
            (Some(_), true) => format!("{} ticket: ", ordinal(rank)),
            (Some(_), false) => format!("{} ticket in {}: ", ordinal(rank), in_words(&self.categories)),
            (None, _) => String::new(),
        };
        let conditions = self.conditions(zone).join(", ");
        let space = if conditions.is_empty() { "" } else { " " };
        format!("{ticket}{}{space}{conditions}", self.gives)
    }

    fn conditions(&self, zone: &TimeZone) -> Vec<String> {
        let shows = (!self.calendar.is_any()).then(|| self.calendar.to_string());
        let categories =
            (self.nth.is_none() && !self.categories.is_empty()).then(|| format!("in {}", in_words(&self.categories)));
        let seats = self.at_least.map(|seats| format!("for {seats} seats or more"));
        let booked = self.booked.in_words(zone).map(|period| format!("for bookings {period}"));
        let code = self.code.as_ref().map(|code| format!("with the code {code}"));
        [shows, categories, seats, booked, code].into_iter().flatten().collect()
    }

    /// What one more seat would bring: "One more seat and the 3rd ticket is half price".
    pub(crate) fn invitation(&self, rank: usize) -> String {
        let seat = if self.categories.is_empty() {
            "seat".to_owned()
        } else {
            // Any of several categories would do, and the customer has chosen one of them already.
            format!("seat in {}", self.categories.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
        };
        let price = match &self.gives {
            Discount::Percent(percent) if percent.value() == 100 => "free".to_owned(),
            Discount::Percent(percent) if percent.value() == 50 => "half price".to_owned(),
            gives @ (Discount::Percent(_) | Discount::Amount(_)) => gives.to_string(),
        };
        format!("One more {seat} and the {} ticket is {price}", ordinal(rank))
    }
}

/// A number as it is said in a row: 1st, 2nd, 3rd, 4th, 11th, 21st.
fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
