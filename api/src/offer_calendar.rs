//! When the shows of an offer are, on the wire: days of the week, dates, and times of day on the venue's clock.

use domain::offer_calendar::Weekday;
use jiff::civil::{Date, Time};
use poem_openapi::Enum;

use crate::problem::Problem;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Weekday", rename_all = "snake_case")]
pub enum WeekdayIn {
    /// The first day of the week (ISO 8601).
    Monday,
    /// The day after Monday.
    Tuesday,
    /// The day after Tuesday.
    Wednesday,
    /// The day after Wednesday.
    Thursday,
    /// The day after Thursday.
    Friday,
    /// The day after Friday.
    Saturday,
    /// The day after Saturday.
    Sunday,
}

/// A time of day such as `12:00`.
pub(crate) fn parse_time(field: &'static str, text: &str) -> Result<Time, Problem> {
    text.parse().map_err(|_error| Problem::invalid_value(field, "must be a time such as 12:00"))
}

/// A time of day as [`parse_time`] reads it.
pub(crate) fn time_text(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

/// A day such as `2026-12-24`.
pub(crate) fn parse_date(field: &'static str, text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|_error| Problem::invalid_value(field, "must be a day such as 2026-12-24"))
}

macro_rules! weekdays {
    ($($day:ident)*) => {
        impl From<WeekdayIn> for Weekday {
            fn from(day: WeekdayIn) -> Self {
                match day {
                    $(WeekdayIn::$day => Self::$day,)*
                }
            }
        }

        impl From<Weekday> for WeekdayIn {
            fn from(day: Weekday) -> Self {
                match day {
                    $(Weekday::$day => Self::$day,)*
                }
            }
        }
    };
}

weekdays!(Monday Tuesday Wednesday Thursday Friday Saturday Sunday);
