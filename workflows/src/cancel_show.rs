//! `CancelShow`: takes back every booking of a show that was called off, some at a time.
//!
//! Tell the sagas of the next few bookings, pause, go on with those after them; when all have been told, begin again
//! with those that are still open, until there are none. What becomes of a booking and of its money is its own saga's
//! work. That the show is called off is in the database before this starts, so nothing is sold meanwhile. The sweep
//! starts it again for as long as bookings are open and it does not run.

#![allow(missing_docs, reason = "the macros make undocumented constants of the handlers")]

use std::time::Duration;

use domain::booking::StuckStep;
use domain::ids::{BookingId, ShowId};
use domain::show_cancel::{BookingsToCancel, BookingsTold};
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

use crate::saga::Patience;
use crate::steps::cancel_bookings;

/// What the workflow starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelShowInput {
    /// The show.
    pub show_id: ShowId,
    /// How fast it goes.
    pub pace: Pace,
    /// How long it waits before it begins again.
    pub patience: Patience,
    /// How far an earlier run of it has come.
    #[serde(default)]
    pub progress: Progress,
}

/// How fast bookings are taken back, so that those who book other shows, and the payment provider, do not suffer. Given
/// at the start and kept, so that a changed configuration never disturbs a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// How many bookings are told at once.
    pub bookings: u32,
    /// How long it pauses after them, in milliseconds.
    pub pause_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bookings: 50, pause_ms: 1000 }
    }
}

impl Pace {
    fn pause(self) -> Duration {
        Duration::from_millis(self.pause_ms)
    }
}

/// How far it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The last booking that this round has seen.
    pub after: Option<BookingId>,
    /// How many open bookings this round has found.
    pub found: u64,
    /// How many rounds are over.
    pub rounds: u32,
    /// How often a saga was told, in all rounds.
    pub told: u64,
}

/// How many times bookings are told before the workflow goes on as a new one, whose history is short again: each takes
/// about a dozen of the 50,000 events that the engine allows.
const TIMES_PER_RUN: u32 = 300;

/// The id of the one workflow that cancels a show.
pub fn workflow_id(show_id: ShowId) -> String {
    format!("cancel-show/{show_id}")
}

/// See the module.
#[workflow]
pub struct CancelShow {
    input: CancelShowInput,
}

#[workflow_methods]
impl CancelShow {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: CancelShowInput) -> Self {
        Self { input }
    }

    /// The story; answers how far it came.
    #[run(name = "CancelShow")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Progress> {
        let mut input = ctx.state(|cancelling| cancelling.input.clone());
        for _ in 0..TIMES_PER_RUN {
            let order =
                BookingsToCancel { show_id: input.show_id, after: input.progress.after, limit: input.pace.bookings };
            let (doing, pause) = match cancel_bookings(ctx, order).await {
                Ok(told) => match input.progress.go_on(&told) {
                    Next::Bookings => ("Taking bookings back.".to_owned(), input.pace.pause()),
                    Next::Round => ("Looking for bookings that are still open.".to_owned(), input.before_round()),
                    Next::Done => {
                        ctx.set_current_details(format!("No booking is open any more. {}", input.progress.words()));
                        return Ok(input.progress);
                    }
                },
                Err(StuckStep { step, error }) => {
                    let doing =
                        format!("STANDS STILL: step `{step}` cannot be done: {error}. It is tried again by itself.");
                    (doing, input.before_trying_again())
                }
            };
            ctx.set_current_details(format!("{doing} {}", input.progress.words()));
            ctx.timer(pause).await;
            // Whoever stops it may want another pace, not that bookings stay: the sweep begins another one, as does
            // asking for the cancellation again.
            if ctx.cancellation_token().is_cancelled() {
                return Err(WorkflowTermination::cancelled());
            }
        }
        match ctx.continue_as_new(input, ContinueAsNewOptions::default())? {}
    }
}

/// What comes after some bookings were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Those after them.
    Bookings,
    /// Those that are still open, from the first.
    Round,
    /// Nothing: none was open.
    Done,
}

impl Progress {
    /// Counts what was told, and says what comes next.
    fn go_on(&mut self, told: &BookingsTold) -> Next {
        self.found += u64::from(told.told) + u64::from(told.untold);
        self.told += u64::from(told.told);
        self.after = told.last;
        if told.last.is_some() {
            return Next::Bookings;
        }
        self.rounds += 1;
        if std::mem::take(&mut self.found) == 0 { Next::Done } else { Next::Round }
    }

    /// The same in words, for whoever looks at it in the engine's user interface.
    fn words(&self) -> String {
        format!("Sagas were told {} times, {} rounds are over.", self.told, self.rounds)
    }
}

impl CancelShowInput {
    /// How long to wait before a round begins again: longer each time, so that sagas that need their time are not told
    /// over and over.
    fn before_round(&self) -> Duration {
        let first = self.pace.pause();
        let rounds_before = self.progress.rounds.saturating_sub(1);
        first.saturating_mul(2_u32.saturating_pow(rounds_before)).min(self.before_trying_again().max(first))
    }

    /// How long to wait after a step could not be done.
    fn before_trying_again(&self) -> Duration {
        Duration::from_secs(self.patience.slow_retry_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show_id() -> ShowId {
        ShowId::parse("sho_00000000000000000000000000000001").unwrap()
    }

    fn told(told: u32, untold: u32, is_last: bool) -> BookingsTold {
        let last = BookingId::parse("bkg_00000000000000000000000000000001").unwrap();
        BookingsTold { told, untold, last: (!is_last).then_some(last) }
    }

    #[test]
    fn a_round_begins_again_until_one_finds_nothing() {
        let mut progress = Progress::default();
        assert_eq!(progress.go_on(&told(50, 0, false)), Next::Bookings);
        assert!(progress.after.is_some());
        assert_eq!(progress.go_on(&told(0, 0, true)), Next::Round, "its first bookings were open");
        assert_eq!(progress.after, None, "from the first");
        assert_eq!(progress.go_on(&told(0, 1, true)), Next::Round, "one could not be told");
        assert_eq!(progress.go_on(&told(0, 0, true)), Next::Done);
        assert_eq!((progress.told, progress.rounds), (50, 3));
    }

    #[test]
    fn a_show_without_bookings_is_done_at_once() {
        assert_eq!(Progress::default().go_on(&told(0, 0, true)), Next::Done);
    }

    #[test]
    fn rounds_come_ever_later_up_to_a_limit() {
        let mut input = CancelShowInput {
            show_id: show_id(),
            pace: Pace::default(),
            patience: Patience { slow_retry_seconds: 5, ..Patience::default() },
            progress: Progress::default(),
        };
        for (rounds, seconds) in [(1, 1), (2, 2), (3, 4), (4, 5), (100, 5)] {
            input.progress.rounds = rounds;
            assert_eq!(input.before_round(), Duration::from_secs(seconds), "after {rounds} rounds");
        }
        input.pace.pause_ms = 60_000;
        assert_eq!(input.before_round(), Duration::from_secs(60), "never sooner than the next bookings");
    }
}
