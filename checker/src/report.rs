//! The report: what was found, what it was found by, and what could not be looked at.

use std::collections::BTreeMap;
use std::fmt;

use domain::ids::BookingId;
use jiff::Timestamp;

use crate::case::Case;
use crate::evidence::Quiet;
use crate::findings::Findings;
use crate::p2_money::money;
use crate::promise::{Promise, Source};

/// What a check has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The moment that deadlines were judged by.
    pub now: Timestamp,
    /// Whether the system was expected to be at rest.
    pub quiet: Quiet,
    /// How much there was.
    pub counts: Counts,
    /// Each promise, with the evidence that it was held against.
    pub checked: Vec<Checked>,
    /// Where a promise is broken.
    pub violations: Vec<Violation>,
    /// What somebody has to look at, and breaks no promise by itself.
    pub attention: Vec<Attention>,
}

/// How much there was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bookings by the name of their state.
    pub bookings: BTreeMap<String, u64>,
    /// Seats that are sold.
    pub seats_sold: u64,
    /// Seats that are held.
    pub seats_held: u64,
    /// Tickets that are valid.
    pub tickets: u64,
    /// What was captured, in minor units by currency: by the ledger, or by the database where there is none.
    pub captured_minor: BTreeMap<String, i64>,
    /// What was given back of it.
    pub refunded_minor: BTreeMap<String, i64>,
    /// Messages.
    pub messages: u64,
    /// Messages that nobody has published yet.
    pub unpublished: u64,
    /// Answers of clients.
    pub answers: u64,
}

/// How a promise was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The promise.
    pub promise: Promise,
    /// How many of the things that it is about were looked at.
    pub looked_at: u64,
    /// What it was held against.
    pub with: Vec<Source>,
    /// What was missing, and what is therefore not known.
    pub without: Vec<(Source, &'static str)>,
    /// How often it was found broken.
    pub violations: usize,
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub promise: Promise,
    /// About which booking; none where there is no such booking.
    pub booking_id: Option<BookingId>,
    /// What was found.
    pub what: String,
}

/// Something that somebody has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// About which booking.
    pub booking_id: Option<BookingId>,
    /// What was found.
    pub what: String,
}

impl Report {
    /// Whether no promise was found broken. What could not be checked is in [`Report::checked`].
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Puts together what the checks have found.
pub(crate) fn write(case: &Case<'_>, mut found: Findings) -> Report {
    found.violations.sort_by_key(|violation| violation.promise);
    let checked = Promise::ALL.into_iter().map(|promise| {
        let (with, without): (Vec<_>, Vec<_>) =
            promise.needs(case.quiet).into_iter().partition(|(source, _)| is_there(case, *source));
        Checked {
            promise,
            looked_at: found.looked_at.get(&promise).copied().unwrap_or_default(),
            with: with.into_iter().map(|(source, _)| source).collect(),
            without,
            violations: found.violations.iter().filter(|violation| violation.promise == promise).count(),
        }
    });
    Report {
        now: Timestamp::from_millisecond(case.now).unwrap_or_default(),
        quiet: case.quiet,
        counts: count(case),
        checked: checked.collect(),
        violations: found.violations,
        attention: found.attention,
    }
}

fn is_there(case: &Case<'_>, source: Source) -> bool {
    match source {
        Source::Database => true,
        Source::Ledger => case.ledger.is_some(),
        Source::Locks => case.locks.is_some(),
        Source::Sagas => case.sagas.is_some(),
        Source::Starts => case.started_again.is_some(),
        Source::Answers => !case.answers.is_empty(),
    }
}

fn count(case: &Case<'_>) -> Counts {
    let rows = case.rows;
    let mut counts = Counts {
        seats_sold: rows.seats.iter().filter(|seat| seat.state == "sold").count() as u64,
        seats_held: rows.seats.iter().filter(|seat| seat.state == "held").count() as u64,
        tickets: rows.tickets.iter().filter(|ticket| ticket.state == "issued").count() as u64,
        messages: rows.messages.len() as u64,
        unpublished: rows.messages.iter().filter(|message| message.published_at.is_none()).count() as u64,
        answers: case.answers.len() as u64,
        ..Counts::default()
    };
    for booking in &rows.bookings {
        *counts.bookings.entry(booking.state.clone()).or_default() += 1;
    }
    let money: Vec<(&str, i64, i64)> = match &case.ledger {
        Some(ledger) => {
            ledger.rows.intents.iter().map(|it| (&*it.currency, it.captured_minor, it.refunded_minor)).collect()
        }
        None => rows.payments.iter().map(|it| (&*it.currency, it.captured_minor, it.refunded_minor)).collect(),
    };
    for (currency, captured, refunded) in money {
        *counts.captured_minor.entry(currency.to_owned()).or_default() += captured;
        *counts.refunded_minor.entry(currency.to_owned()).or_default() += refunded;
    }
    counts
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quiet = match self.quiet {
            Quiet::Settled => "at rest",
            Quiet::Running => "running",
        };
        writeln!(f, "boxoffice, {quiet}, at {}", self.now)?;
        write!(f, "{}", self.counts)?;
        writeln!(f)?;
        for checked in &self.checked {
            write!(f, "{checked}")?;
        }
        if !self.attention.is_empty() {
            writeln!(f, "\nNEEDS ATTENTION ({}):", self.attention.len())?;
            for Attention { booking_id, what } in &self.attention {
                writeln!(f, "    {}{what}", named(*booking_id))?;
            }
        }
        if !self.violations.is_empty() {
            writeln!(f, "\nBROKEN ({}):", self.violations.len())?;
            for Violation { promise, booking_id, what } in &self.violations {
                writeln!(f, "{promise}  {}{what}", named(*booking_id))?;
            }
        }
        writeln!(f)?;
        match self.checked.iter().filter(|checked| checked.violations > 0).count() {
            0 => write!(f, "every promise held"),
            1 => write!(f, "1 promise broken"),
            broken => write!(f, "{broken} promises broken"),
        }
    }
}

fn named(booking_id: Option<BookingId>) -> String {
    booking_id.map_or_else(String::new, |id| format!("{id}: "))
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bookings: Vec<String> = self.bookings.iter().map(|(state, count)| format!("{count} {state}")).collect();
        writeln!(f, "{:>8} bookings ({})", self.bookings.values().sum::<u64>(), bookings.join(", "))?;
        writeln!(f, "{:>8} seats sold, {} held, {} valid tickets", self.seats_sold, self.seats_held, self.tickets)?;
        for (currency, captured) in &self.captured_minor {
            let refunded = self.refunded_minor.get(currency).copied().unwrap_or_default();
            writeln!(f, "{:>8} captured, {} refunded", money(*captured, currency), money(refunded, currency))?;
        }
        writeln!(f, "{:>8} messages, {} to be published; {} answers", self.messages, self.unpublished, self.answers)
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.violations {
            // Nothing was looked at, for want of what to look at it with.
            0 if self.looked_at == 0 && !self.without.is_empty() => "unknown".to_owned(),
            0 if !self.without.is_empty() => "in part".to_owned(),
            0 => "held".to_owned(),
            count => format!("BROKEN {count}"),
        };
        let with: Vec<String> = self.with.iter().map(ToString::to_string).collect();
        let (promise, sentence, subject) = (self.promise, self.promise.sentence(), self.promise.subject());
        writeln!(f, "{promise}  {verdict:<10} {sentence:<48} {} {subject}, by {}", self.looked_at, with.join(" and "))?;
        for (source, consequence) in &self.without {
            writeln!(f, "    NOT GIVEN  {source}: {consequence}")?;
        }
        Ok(())
    }
}
