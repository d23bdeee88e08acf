//! The days and hours that offers are limited to, on the clock of the venue.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
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
    /// The last day of the week.
    Sunday,
}

impl Weekday {
    /// Every day, from Monday on.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The day of the week of a date.
    pub fn of(date: Date) -> Self {
        use jiff::civil::Weekday as Day;
        match date.weekday() {
            Day::Monday => Self::Monday,
            Day::Tuesday => Self::Tuesday,
            Day::Wednesday => Self::Wednesday,
            Day::Thursday => Self::Thursday,
            Day::Friday => Self::Friday,
            Day::Saturday => Self::Saturday,
            Day::Sunday => Self::Sunday,
        }
    }
}

/// The days of a list, as in "on Mondays and Tuesdays".
impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names in code are the English names.
        write!(f, "{self:?}s")
    }
}

/// From when to when a show has to start, on the venue's clock: `from` included, `until` not. Where `until` is the
/// smaller one the time goes on after midnight: 22:00 to 02:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartTimes {
    pub(crate) from: Time,
    pub(crate) until: Time,
}

/// Two times between which no show, or every show, would start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be two different times in whole minutes")]
pub struct InvalidStartTimes;

impl StartTimes {
    /// Parses two times of day in whole minutes that are not the same.
    pub fn parse(from: Time, until: Time) -> Result<Self, InvalidStartTimes> {
        let whole = [from, until].iter().all(|time| time.second() == 0 && time.subsec_nanosecond() == 0);
        if whole && from != until { Ok(Self { from, until }) } else { Err(InvalidStartTimes) }
    }

    /// The day to which a start belongs, if it lies between the two: a start after midnight belongs to the day on which
    /// these times began, so that the late shows of a Friday are Friday's, the one at 1:00 as well.
    fn day_of(&self, start: DateTime) -> Option<Date> {
        let (date, time) = (start.date(), start.time());
        if self.from < self.until {
            (self.from <= time && time < self.until).then_some(date)
        } else if time >= self.from {
            Some(date)
        } else {
            (time < self.until).then(|| date.yesterday().unwrap_or(date))
        }
    }
}

/// Which shows an offer is for by when they start, on the venue's clock. What is empty does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShowCalendar {
    pub(crate) times: Option<StartTimes>,
    pub(crate) weekdays: BTreeSet<Weekday>,
    pub(crate) first_date: Option<Date>,
    pub(crate) last_date: Option<Date>,
}

impl ShowCalendar {
    /// Whether it limits nothing.
    pub fn is_any(&self) -> bool {
        self == &Self::default()
    }

    /// Whether it has room for a show that starts at `start` on the venue's clock.
    pub fn includes(&self, start: DateTime) -> bool {
        let day = self.times.map_or(Some(start.date()), |times| times.day_of(start));
        day.is_some_and(|day| {
            (self.weekdays.is_empty() || self.weekdays.contains(&Weekday::of(day)))
                && self.first_date.is_none_or(|first| first <= day)
                && self.last_date.is_none_or(|last| day <= last)
        })
    }
}

/// The shows that it has room for, as in "shows that start between 12:00 and 17:00 on Mondays".
impl fmt::Display for ShowCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shows")?;
        if let Some(StartTimes { from, until }) = self.times {
            write!(f, " that start between {} and {}", from.strftime("%H:%M"), until.strftime("%H:%M"))?;
        }
        if !self.weekdays.is_empty() {
            write!(f, " on {}", listed(&self.weekdays))?;
        }
        match (self.first_date, self.last_date) {
            (Some(first), Some(last)) if first == last => write!(f, " on {}", day(first)),
            (Some(first), Some(last)) => write!(f, " from {} to {}", day(first), day(last)),
            (Some(first), None) => write!(f, " from {} on", day(first)),
            (None, Some(last)) => write!(f, " until {}", day(last)),
            (None, None) => Ok(()),
        }
    }
}

/// When a booking has to be made: `from` included, `until` not. What is empty does not limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BookingPeriod {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl BookingPeriod {
    /// Whether it limits nothing.
    pub fn is_any(&self) -> bool {
        self == &Self::default()
    }

    /// Its two ends in words, on the clock of `zone`, as in "from 1 May 2026 10:00 on".
    pub(crate) fn in_words(&self, zone: &TimeZone) -> Option<String> {
        let moment = |moment| moment_in_words(moment, zone);
        match (self.from, self.until) {
            (Some(from), Some(until)) => Some(format!("from {} to before {}", moment(from), moment(until))),
            (Some(from), None) => Some(format!("from {} on", moment(from))),
            (None, Some(until)) => Some(format!("before {}", moment(until))),
            (None, None) => None,
        }
    }
}

/// A moment on the clock of `zone`, as in "1 May 2026 10:00".
pub(crate) fn moment_in_words(moment: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(moment).strftime("%-d %B %Y %H:%M").to_string()
}

fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// A list in words: "a", "a and b", "a, b and c".
pub(crate) fn listed<Item: fmt::Display>(items: impl IntoIterator<Item = Item>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match (items.pop(), items.is_empty()) {
        (Some(last), true) => last,
        (Some(last), false) => format!("{} and {last}", items.join(", ")),
        (None, _) => String::new(),
    }
}
