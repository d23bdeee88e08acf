//! `BookTicket`: one customer's attempt to buy seats of one show.
//!
//! Lock the seats, open the booking, request the payment, answer the caller, wait for the money, a cancellation or the
//! deadline; then sell the seats or take everything back.

#![allow(missing_docs, reason = "the macros make undocumented constants of the handlers")]

use std::collections::VecDeque;
use std::time::Duration;

use domain::booking::{BookingConfirmed, BookingOpened, BookingRequest, Fingerprint, OpenBooking, StuckStep};
use domain::booking_state::{CancelledBy, EndState, FailureReason};
use domain::hold::{HoldExtended, SeatsLocked, deadline};
use domain::limits::PROCESSING_POLL_SECONDS;
use domain::payment::{AttemptOpened, AttemptRecorded, AttemptToRequest, IntentReading, Verdict, judge};
use domain::refund::RefundReason;
use domain::show::HoldTime;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, select};

use crate::attention::{Attended, Insisted};
use crate::money::{Collected, Stopped};
use crate::queues::ProviderCalls;
use crate::saga::{OpenPayment, Patience, Saga, Undo, UndoLog};
use crate::search_attributes::BOOKING_STATE;
use crate::signals::{CancelRequested, OperatorWord, PaymentNoticed, Word};

/// What the saga starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookTicketInput {
    /// Who wants which seats.
    pub request: BookingRequest,
    /// How long the show holds seats; the database decides, this is what the locks begin with.
    pub hold: HoldTime,
    /// How long it tries.
    pub patience: Patience,
    /// How it calls the payment provider.
    #[serde(default)]
    pub provider_calls: ProviderCalls,
    /// Whether a payment is written down and the seats sold in one step; sagas that were started before there was such a
    /// step take two.
    #[serde(default)]
    pub sells_at_once: bool,
}

/// What the caller is answered. What the booking looks like is read from the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum OpeningAnswer {
    /// The seats are held, the payment is open.
    AwaitingPayment,
    /// The booking has ended, in refusal or otherwise, or waits for an operator.
    Ended,
}

/// See the module.
#[workflow]
pub struct BookTicket {
    input: BookTicketInput,
    answer: Option<OpeningAnswer>,
    words: VecDeque<Word>,
    operator_words: VecDeque<OperatorWord>,
    stuck: Option<StuckStep>,
}

#[workflow_methods]
impl BookTicket {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: BookTicketInput) -> Self {
        Self { input, answer: None, words: VecDeque::new(), operator_words: VecDeque::new(), stuck: None }
    }

    #[signal(name = "payment.noticed")]
    pub fn payment_noticed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, notice: PaymentNoticed) {
        self.words.push_back(Word::Payment(notice));
    }

    #[signal(name = "cancel.requested")]
    pub fn cancel_requested(&mut self, _ctx: &mut SyncWorkflowContext<Self>, request: CancelRequested) {
        self.words.push_back(Word::Cancel(request));
    }

    #[signal(name = "operator.spoke")]
    pub fn operator_spoke(&mut self, _ctx: &mut SyncWorkflowContext<Self>, word: OperatorWord) {
        self.operator_words.push_back(word);
    }

    #[query(name = "stuck")]
    pub fn stuck(&self, _ctx: &WorkflowContextView) -> Option<StuckStep> {
        self.stuck.clone()
    }

    /// Refuses a request that uses the key of another one.
    #[update_validator(await_opening)]
    fn same_request(
        &self,
        _ctx: &WorkflowContextView,
        fingerprint: &Fingerprint,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if *fingerprint == self.input.request.fingerprint { Ok(()) } else { Err(KEY_OF_ANOTHER_REQUEST.into()) }
    }

    /// Answers as soon as the payment is open or the booking has ended.
    #[update(name = "await_opening")]
    pub async fn await_opening(ctx: &mut WorkflowContext<Self>, _fingerprint: Fingerprint) -> OpeningAnswer {
        let _cancelled = ctx.wait_condition(|booking| booking.answer.is_some()).await;
        ctx.state(|booking| booking.answer.clone()).unwrap_or(OpeningAnswer::Ended)
    }

    /// The story.
    #[run(name = "BookTicket")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<EndState> {
        let input = ctx.state(|booking| booking.input.clone());
        let saga = Saga::new(ctx, input.request.clone(), input.patience)
            .calling(input.provider_calls)
            .selling_at_once(input.sells_at_once);
        let mut undo = UndoLog::default();

        let end = match saga.open(&mut undo, input.hold).await {
            Opening::Open(open) => {
                saga.answer(OpeningAnswer::AwaitingPayment);
                saga.await_money(&mut undo, open).await
            }
            Opening::Free => saga.sell(undo, None).await,
            Opening::Failed(reason) => saga.take_back(undo, EndState::Failed { reason }).await,
            Opening::Ended(end) => end,
        };

        saga.clear_attention(&end).await;
        saga.answer(OpeningAnswer::Ended);
        let state = saga.drain(end.name()).await;
        ctx.upsert_search_attributes([BOOKING_STATE.value_set(state.clone())]);
        saga.tell(format!("Ended: the booking is {state}."));
        Ok(end)
    }
}

/// What the update's validator says to a request that uses the key of another one.
pub const KEY_OF_ANOTHER_REQUEST: &str = "the idempotency key belongs to another request";

/// How the opening came out.
enum Opening {
    /// Seats held, payment requested.
    Open(PaymentOpen),
    /// Seats held, nothing to pay.
    Free,
    /// Not possible; what was done so far has to be taken back.
    Failed(FailureReason),
    /// The booking had ended before, in an earlier run.
    Ended(EndState),
}

/// A booking that waits for its money.
struct PaymentOpen {
    expires_at: Timestamp,
    attempt: AttemptToRequest,
    reading: IntentReading,
}

/// What ends a wait.
enum Waited {
    Word(Word),
    Cancelled,
    TimeIsUp,
}

impl Saga<BookTicket> {
    /// Steps 1 to 3: lock, open, request.
    async fn open(&self, undo: &mut UndoLog, hold: HoldTime) -> Opening {
        self.tell("Locking the seats.".to_owned());
        undo.record(Undo::ReleaseSeats);
        // Locks only make refusals cheap. Where they cannot be had the database decides alone.
        if let Ok(SeatsLocked::Taken { seat_ids }) = self.lock_seats(deadline(self.now(), hold)).await {
            // The caller waits for a row, and its key is to be answered the same for ever.
            undo.record(Undo::CloseBooking);
            return Opening::Failed(FailureReason::SeatsTaken { seat_ids });
        }

        undo.record(Undo::CloseBooking);
        let open: OpenBooking = match self.open_booking().await {
            Ok(BookingOpened::Opened(open)) => open,
            Ok(BookingOpened::Refused { reason }) => return Opening::Failed(reason),
            Ok(BookingOpened::Ended { end }) => return Opening::Ended(end),
            Err(_fault) => return Opening::Failed(FailureReason::Abandoned),
        };
        let Some(attempt) = open.attempt else { return Opening::Free };

        match self.request(undo, attempt.clone()).await {
            Ok(Some(reading)) => Opening::Open(PaymentOpen { expires_at: open.expires_at, attempt, reading }),
            Ok(None) => Opening::Failed(FailureReason::Abandoned),
            Err(_fault) => Opening::Failed(FailureReason::PaymentUnavailable),
        }
    }

    /// Asks the provider to collect. None where the booking has ended meanwhile.
    async fn request(&self, undo: &mut UndoLog, attempt: AttemptToRequest) -> Result<Option<IntentReading>, StuckStep> {
        undo.record(Undo::CancelPayment(OpenPayment { attempt: attempt.clone(), intent_id: None }));
        let number = attempt.number;
        let reading = self.request_payment(attempt).await?;
        undo.name_intent(&reading.intent_id);
        match self.record_attempt(number, reading.clone(), false).await? {
            AttemptRecorded::Open => Ok(Some(reading)),
            AttemptRecorded::NotOpen { .. } => Ok(None),
        }
    }

    /// Step 4: wait for the money, a cancellation or the deadline.
    async fn await_money(&self, undo: &mut UndoLog, open: PaymentOpen) -> EndState {
        let PaymentOpen { mut expires_at, mut attempt, mut reading } = open;
        let mut look_again = false;
        loop {
            self.tell(format!(
                "Waiting for {} (attempt {}, {}); the seats are held until {expires_at}.",
                attempt.amount, attempt.number, reading.intent_id,
            ));
            let waited = self.wait(expires_at, look_again).await;
            let end = match waited {
                Waited::Word(Word::Cancel(request)) => EndState::Cancelled { by: request.by },
                Waited::Cancelled => EndState::Cancelled { by: CancelledBy::Operator },
                Waited::TimeIsUp if self.now() >= expires_at => EndState::Expired,
                Waited::Word(Word::Payment(_) | Word::Overdue | Word::Resolved { .. }) | Waited::TimeIsUp => {
                    // Webhooks are hints and may be about an earlier attempt: the live one is read back.
                    // A fault here loses nothing: it is read again soon, and once more at the deadline.
                    let Ok(now) = self.read_payment(reading.intent_id.clone()).await else {
                        look_again = true;
                        continue;
                    };
                    reading = now;
                    look_again = false;
                    if judge(attempt.amount, &reading) == Verdict::Paid
                        && let Some(confirmed) = self.sell_at_once(attempt.number, &reading).await
                    {
                        let collected = match confirmed {
                            BookingConfirmed::Confirmed { .. } => Collected::Sold,
                            BookingConfirmed::Refused { why } => Collected::NotSold(why),
                        };
                        return self.sold(std::mem::take(undo), Some(attempt.number), collected).await;
                    }
                    if let Err(stuck) = self.record_attempt(attempt.number, reading.clone(), false).await {
                        self.call_operator(&stuck, &EndState::Expired).await;
                        continue;
                    }
                    match judge(attempt.amount, &reading) {
                        Verdict::Paid | Verdict::Mismatch => return self.sell_once(undo, attempt.number).await,
                        Verdict::Waiting => continue,
                        Verdict::Processing => {
                            look_again = true;
                            continue;
                        }
                        Verdict::Declined | Verdict::Gone => match self.next_attempt(undo).await {
                            NextAttempt::Requested(next, opened) => {
                                (attempt, reading) = (next, opened);
                                continue;
                            }
                            NextAttempt::Paid => return self.sell_once(undo, attempt.number).await,
                            NextAttempt::StillOpen => continue,
                            NextAttempt::None(reason) => EndState::Failed { reason },
                        },
                    }
                }
            };
            match self.let_go(undo, end).await {
                LetGo::Ended(end) => return end,
                LetGo::HeldLonger(until) => (expires_at, look_again) = (until, true),
            }
        }
    }

    /// After a decline: makes sure that the declined attempt can never be paid, then asks for the next one.
    async fn next_attempt(&self, undo: &mut UndoLog) -> NextAttempt {
        let Some(declined) = undo.take_payment() else {
            return NextAttempt::None(FailureReason::PaymentDeclined);
        };
        match self.stop_payment(&declined).await {
            Ok(Stopped::Cancelled) => {}
            Ok(Stopped::Collected) => return NextAttempt::Paid,
            // The customer is paying the declined attempt once more, or the provider is away: at most one live intent.
            Ok(Stopped::Open(_)) | Err(_) => {
                undo.record(Undo::CancelPayment(declined));
                return NextAttempt::StillOpen;
            }
        }
        let next = match self.open_attempt().await {
            Ok(AttemptOpened::Opened(next)) => next,
            Ok(AttemptOpened::Exhausted) => return NextAttempt::None(FailureReason::PaymentDeclined),
            Ok(AttemptOpened::NotOpen { .. }) => return NextAttempt::None(FailureReason::Abandoned),
            Err(_fault) => return NextAttempt::None(FailureReason::PaymentUnavailable),
        };
        match self.request(undo, next.clone()).await {
            Ok(Some(reading)) => NextAttempt::Requested(next, reading),
            Ok(None) => NextAttempt::None(FailureReason::Abandoned),
            Err(_fault) => NextAttempt::None(FailureReason::PaymentUnavailable),
        }
    }

    /// Two-step release: first the provider agrees never to collect, then the seats go back. Money that has been
    /// collected wins over a deadline; a cancellation wins over money.
    async fn let_go(&self, undo: &mut UndoLog, end: EndState) -> LetGo {
        let Some(payment) = undo.take_payment() else {
            return LetGo::Ended(self.take_back(std::mem::take(undo), end).await);
        };
        let number = payment.attempt.number;
        match self.stop_payment(&payment).await {
            Ok(Stopped::Cancelled) => LetGo::Ended(self.take_back(std::mem::take(undo), end).await),
            Ok(Stopped::Collected) => LetGo::Ended(self.settle_collected(std::mem::take(undo), number, end).await),
            Ok(Stopped::Open(reading)) => {
                if end == EndState::Expired
                    && let Ok(HoldExtended::Extended { until }) = self.extend_hold().await
                {
                    let _slower = self.lock_seats(until).await;
                    undo.record(Undo::CancelPayment(payment));
                    return LetGo::HeldLonger(until);
                }
                // The hard cap, or the customer's wish: the seats go back whatever the provider says. Money that
                // comes later is settled by itself.
                let abandon = || self.record_attempt(number, reading.clone(), true);
                if let Insisted::Resolved(end) = self.insist(end.clone(), abandon).await {
                    return LetGo::Ended(end);
                }
                LetGo::Ended(self.take_back(std::mem::take(undo), end).await)
            }
            Err(stuck) => LetGo::Ended(self.take_back_stuck(std::mem::take(undo), payment, stuck, end).await),
        }
    }

    /// The money was there before the provider could be stopped: it becomes tickets, unless the booking is being
    /// cancelled, which gives all of it back.
    async fn settle_collected(&self, undo: UndoLog, attempt: u32, end: EndState) -> EndState {
        match end {
            EndState::Cancelled { .. } => {
                let end = self.take_back(undo, end).await;
                match self.give_all_back(attempt, RefundReason::Cancelled, &end).await {
                    Insisted::Done(()) => end,
                    Insisted::Resolved(end) => end,
                }
            }
            EndState::Confirmed | EndState::Expired | EndState::Failed { .. } => self.sell(undo, Some(attempt)).await,
        }
    }

    /// One dead provider must not keep seats: everything else is taken back first, then the payment is tried slowly.
    async fn take_back_stuck(&self, undo: UndoLog, payment: OpenPayment, stuck: StuckStep, end: EndState) -> EndState {
        self.call_operator(&stuck, &end).await;
        let end = self.take_back_with(undo, end, Some(stuck.clone())).await;
        let number = payment.attempt.number;
        match self.attend(stuck, end.clone(), || self.stop_payment(&payment)).await {
            Insisted::Resolved(end) => end,
            Insisted::Done(Stopped::Cancelled) => end,
            Insisted::Done(Stopped::Open(reading)) => {
                match self.insist(end.clone(), || self.record_attempt(number, reading.clone(), true)).await {
                    Insisted::Done(_) => end,
                    Insisted::Resolved(end) => end,
                }
            }
            Insisted::Done(Stopped::Collected) => self.settle_collected(UndoLog::default(), number, end).await,
        }
    }

    async fn sell_once(&self, undo: &mut UndoLog, attempt: u32) -> EndState {
        self.sell(std::mem::take(undo), Some(attempt)).await
    }

    /// Step 5: turn the money into tickets; where that is refused, take everything back and give the money back.
    async fn sell(&self, undo: UndoLog, attempt: Option<u32>) -> EndState {
        self.tell("Paid; issuing the tickets.".to_owned());
        let collected = self.collect(attempt, EndState::Expired).await;
        self.sold(undo, attempt, collected).await
    }

    async fn sold(&self, mut undo: UndoLog, attempt: Option<u32>, collected: Collected) -> EndState {
        let why = match collected {
            Collected::Sold => return EndState::Confirmed,
            Collected::Resolved(end) => return end,
            Collected::NotSold(why) => why,
        };
        // There is nothing left to cancel at the provider: it has collected.
        let _collected = undo.take_payment();
        let end = self.take_back(undo, why.end()).await;
        let Some(attempt) = attempt else { return end };
        match self.give_all_back(attempt, RefundReason::from(why), &end).await {
            Insisted::Done(()) => end,
            Insisted::Resolved(end) => end,
        }
    }

    async fn take_back(&self, undo: UndoLog, end: EndState) -> EndState {
        self.take_back_with(undo, end, None).await
    }

    /// Takes the recorded steps back, newest first. One that cannot be taken back does not keep the next from running;
    /// it is shown to an operator afterwards.
    async fn take_back_with(&self, undo: UndoLog, end: EndState, stuck: Option<StuckStep>) -> EndState {
        self.tell(format!("Taking everything back; the booking ends as {}.", end.name()));
        let mut end = end;
        let mut stuck = stuck;
        let mut left: Vec<(Undo, StuckStep)> = Vec::new();
        for step in undo.newest_first() {
            if let Err(fault) = self.take_back_step(&step, &mut end, stuck.clone()).await {
                self.call_operator(&fault, &end).await;
                stuck = Some(fault.clone());
                left.push((step, fault));
            }
        }
        for (step, fault) in left {
            let attended = self.attend(fault, end.clone(), || async {
                let mut after = end.clone();
                self.take_back_step(&step, &mut after, None).await.map(|()| after)
            });
            match attended.await {
                Insisted::Done(after) => end = after,
                Insisted::Resolved(resolved) => return resolved,
            }
        }
        end
    }

    async fn take_back_step(&self, step: &Undo, end: &mut EndState, stuck: Option<StuckStep>) -> Result<(), StuckStep> {
        match step {
            Undo::CancelPayment(payment) => match self.stop_payment(payment).await? {
                Stopped::Cancelled => Ok(()),
                // Money for a booking that is being given up: what is owed is settled once the seats are back.
                Stopped::Collected => {
                    self.ctx.state_mut(|booking| {
                        booking.words.push_back(Word::Payment(PaymentNoticed { intent_id: payment.intent_id.clone() }));
                    });
                    Ok(())
                }
                Stopped::Open(reading) => {
                    self.record_attempt(payment.attempt.number, reading, true).await.map(|_recorded| ())
                }
            },
            Undo::CloseBooking => {
                let closed = self.close_booking(end.clone(), stuck).await?;
                // An end that came first stays.
                if let Some(came_first) = closed.state.end() {
                    *end = came_first;
                }
                Ok(())
            }
            Undo::ReleaseSeats if *end == EndState::Confirmed => Ok(()),
            Undo::ReleaseSeats => self.release_seats().await,
        }
    }

    /// Waits for a word, a cancellation of the workflow or the deadline; while money is on its way, or the provider could
    /// not be read, looks every now and then as well.
    async fn wait(&self, expires_at: Timestamp, look_again: bool) -> Waited {
        let mut left = self.until(expires_at);
        if look_again {
            left = left.min(Duration::from_secs(PROCESSING_POLL_SECONDS.unsigned_abs()));
        }
        if self.ctx.cancellation_token().is_cancelled() {
            return Waited::Cancelled;
        }
        let mut word = self.ctx.wait_condition(|booking| !booking.words.is_empty());
        let mut timer = self.ctx.timer(left);
        select! {
            told = word => match told {
                Ok(()) => self.next_word().map_or(Waited::TimeIsUp, Waited::Word),
                Err(_cancelled) => Waited::Cancelled,
            },
            _ = timer => if self.ctx.cancellation_token().is_cancelled() { Waited::Cancelled } else { Waited::TimeIsUp },
        }
    }

    fn next_word(&self) -> Option<Word> {
        self.ctx.state_mut(|booking| booking.words.pop_front())
    }

    fn answer(&self, answer: OpeningAnswer) {
        self.ctx.state_mut(|booking| {
            booking.answer.get_or_insert(answer);
        });
    }

    /// Acts on what was said while the booking ended: a cancellation that came with the money, a second payment.
    async fn drain(&self, state: &str) -> String {
        let mut state = state.to_owned();
        while let Some(word) = self.next_word() {
            let after = self.settle(word).await;
            if after != "unchanged" && after != "unknown" {
                state = after;
            }
        }
        state
    }
}

/// What comes after a decline.
enum NextAttempt {
    Requested(AttemptToRequest, IntentReading),
    Paid,
    StillOpen,
    None(FailureReason),
}

/// Whether the seats were let go of.
enum LetGo {
    Ended(EndState),
    HeldLonger(Timestamp),
}

impl Attended for BookTicket {
    fn operator_words(&mut self) -> &mut VecDeque<OperatorWord> {
        &mut self.operator_words
    }

    fn has_operator_words(&self) -> bool {
        !self.operator_words.is_empty()
    }

    fn set_stuck(&mut self, stuck: Option<StuckStep>) {
        self.stuck = stuck;
    }
}
