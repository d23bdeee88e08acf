//! What is told at the end: a table for a person, and one line of JSON with every figure.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::outcome::{Broken, Outcome, Recovery};

/// A table for a person, with the whole story of each booking that a promise was broken for.
pub fn table(outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _written = write_table(&mut text, outcome);
    text
}

/// Every figure as one line of JSON.
pub fn line(outcome: &Outcome) -> String {
    let Outcome { sold_again, ready_again, .. } = outcome;
    let deeds = outcome.deeds.iter().map(|((kind, target), count)| (format!("{kind} {target}"), json!(count)));
    let broken = outcome.broken.iter().map(
        |Broken { promise, booking_id, what, .. }| json!({ "promise": promise, "bookingId": booking_id, "what": what }),
    );
    json!({
        "seed": outcome.seed,
        "lastedSeconds": seconds(outcome.lasted),
        "customers": outcome.customers,
        "deeds": deeds.collect::<serde_json::Map<_, _>>(),
        "untested": outcome.untested,
        "ends": outcome.ends,
        "bookings": outcome.bookings,
        "retries": outcome.retries,
        "longestWaitSeconds": seconds(outcome.longest_wait),
        "longestUntilSoldAgain": recovery(sold_again),
        "longestUntilReadyAgain": recovery(ready_again),
        "atRestAfterSeconds": outcome.at_rest_after.map(seconds),
        "messages": outcome.messages,
        "messagesAgain": outcome.messages_again,
        "mails": outcome.mails,
        "mailsAgain": outcome.mails_again,
        "broken": broken.collect::<Vec<_>>(),
    })
    .to_string()
}

fn write_table(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "\nstorm of seed {}, {:.0} s", outcome.seed, seconds(outcome.lasted))?;
    for ((kind, target), count) in &outcome.deeds {
        writeln!(text, "{count:>8} {kind} {target}")?;
    }
    for what in &outcome.untested {
        writeln!(text, "################ NOT TESTED: {what} ################")?;
    }
    writeln!(text, "{:>8} customers: {}", outcome.customers, listed(outcome.ends.iter()))?;
    let bookings: u64 = outcome.bookings.values().sum();
    writeln!(text, "{bookings:>8} bookings at rest: {}", listed(outcome.bookings.iter()))?;
    writeln!(text, "{:>8} requests tried again", outcome.retries)?;
    writeln!(text, "{:>8} messages, {} of them published again", outcome.messages, outcome.messages_again)?;
    writeln!(text, "{:>8} mails, {} of them sent again", outcome.mails, outcome.mails_again)?;
    writeln!(text, "{:>7.1}s longest wait for an answer to a booking", seconds(outcome.longest_wait))?;
    let Recovery { longest, from } = &outcome.sold_again;
    writeln!(text, "{:>7.1}s longest until somebody was sold something again, after {from}", seconds(*longest))?;
    let Recovery { longest, from } = &outcome.ready_again;
    writeln!(text, "{:>7.1}s longest until all parts were there again, after {from}", seconds(*longest))?;
    match outcome.at_rest_after {
        Some(after) => writeln!(text, "{:>7.1}s until nothing was open any more", seconds(after))?,
        None => writeln!(text, "   NEVER was nothing open any more")?,
    }
    for Broken { promise, booking_id, what, story } in &outcome.broken {
        let about = booking_id.map_or_else(String::new, |id| format!("{id}: "));
        writeln!(text, "\nBROKEN {promise}  {about}{what}")?;
        if let Some(story) = story {
            writeln!(text, "{story}")?;
        }
    }
    match outcome.broken.len() {
        0 => writeln!(text, "\nevery promise held"),
        count => writeln!(text, "\n{count} broken"),
    }
}

fn listed<'a, C: std::fmt::Display + 'a>(counts: impl Iterator<Item = (&'a String, C)>) -> String {
    counts.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

fn recovery(Recovery { longest, from }: &Recovery) -> Value {
    json!({ "seconds": seconds(*longest), "after": from })
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}
