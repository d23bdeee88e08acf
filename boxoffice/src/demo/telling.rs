//! Telling the stories: each in lines of its own, all of them in their order, however they overlap.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use domain::ids::BookingId;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::wire::Step;

/// How many stories there are.
const STORIES: usize = 6;

/// Tells one story.
pub(super) struct Teller {
    lines: UnboundedSender<String>,
    number: usize,
    in_colour: bool,
}

/// Prints what the tellers tell, story by story.
pub(super) struct Narration {
    stories: Vec<UnboundedReceiver<String>>,
}

/// A teller for each story, and the narration that prints what they tell.
pub(super) fn begin() -> ([Teller; STORIES], Narration) {
    let in_colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut stories = Vec::with_capacity(STORIES);
    let tellers = std::array::from_fn(|index| {
        let (lines, story) = unbounded_channel();
        stories.push(story);
        Teller { lines, number: index + 1, in_colour }
    });
    (tellers, Narration { stories })
}

impl Narration {
    /// Prints until every teller is gone. A story is printed while it happens, once those before it are told.
    pub(super) async fn tell(self) -> std::io::Result<()> {
        for mut story in self.stories {
            while let Some(line) = story.recv().await {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{line}")?;
                out.flush()?;
            }
        }
        Ok(())
    }
}

impl Teller {
    /// What the story is about.
    pub(super) fn title(&self, text: &str) {
        let title = format!("{}  {text}", self.number);
        self.line(format!("\n{}", if self.in_colour { format!("\u{1b}[1m{title}\u{1b}[0m") } else { title }));
    }

    /// Something that has happened.
    pub(super) fn step(&self, what: &str, text: impl Display) {
        self.line(format!("   {what:<10} {text}"));
    }

    /// Every step of a booking, with the time since the first, and where its saga can be seen.
    pub(super) fn timeline(&self, booking_id: BookingId, steps: &[Step], saga: &str) {
        self.step("timeline", format_args!("of {booking_id}"));
        let start = steps.first().map_or(Timestamp::UNIX_EPOCH, |step| step.at);
        for Step { at, code: _, text } in steps {
            self.line(format!("     {:>8} s  {text}", format!("+{:.3}", at.duration_since(start).as_secs_f64())));
        }
        if !saga.is_empty() {
            self.step("saga", saga);
        }
    }

    fn line(&self, line: String) {
        // Nobody listens any more when the output is closed; the stories go on to their end.
        let _unheard = self.lines.send(line);
    }
}

/// A time that somebody has waited, for a person.
pub(super) fn waited(time: SignedDuration) -> String {
    let milliseconds = time.as_millis();
    if milliseconds < 1000 { format!("{milliseconds} ms") } else { format!("{:.1} s", time.as_secs_f64()) }
}
