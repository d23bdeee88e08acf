//! `SettleBooking`: whatever comes after `BookTicket` has ended, one thing at a time.
//!
//! One per booking (`settle/<booking id>`), started by the signal that needs it: a cancellation, late money, a booking
//! whose saga was terminated. `BookTicket` drains its own last words through the same code.

#![allow(missing_docs, reason = "the macros make undocumented constants of the handlers")]

use std::collections::VecDeque;
use std::time::Duration;

use domain::booking::{BookingRecord, BookingRequest, Cleared, StuckStep};
use domain::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use domain::ids::BookingId;
use domain::payment::{AttemptRecord, AttemptState, AttemptToRequest, IntentId};
use domain::refund::RefundReason;
use serde::{Deserialize, Serialize};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

use crate::attention::{Attended, Insisted};
use crate::money::{Collected, Stopped};
use crate::saga::{OpenPayment, Patience, SLOWEST_RETRY, Saga};
use crate::search_attributes::BOOKING_STATE;
use crate::signals::{CancelRequested, OperatorWord, PaymentNoticed, ResolvedAs, Word};

/// What a settling saga starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleBookingInput {
    /// The booking as asked for; a row is made from it where its saga ended before there was one.
    pub request: BookingRequest,
    /// How long it tries.
    pub patience: Patience,
}

/// Marks histories of sagas that give money back which came while their booking was being taken back.
const GIVES_UNSPENT_BACK: &str = "gives-unspent-money-back";

/// The id of the one settling saga of a booking.
pub fn workflow_id(booking_id: BookingId) -> String {
    format!("settle/{booking_id}")
}

/// See the module.
#[workflow]
pub struct SettleBooking {
    input: SettleBookingInput,
    words: VecDeque<Word>,
    operator_words: VecDeque<OperatorWord>,
    stuck: Option<StuckStep>,
}

#[workflow_methods]
impl SettleBooking {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: SettleBookingInput) -> Self {
        Self { input, words: VecDeque::new(), operator_words: VecDeque::new(), stuck: None }
    }

    #[signal(name = "payment.noticed")]
    pub fn payment_noticed(&mut self, _ctx: &mut SyncWorkflowContext<Self>, notice: PaymentNoticed) {
        self.words.push_back(Word::Payment(notice));
    }

    #[signal(name = "cancel.requested")]
    pub fn cancel_requested(&mut self, _ctx: &mut SyncWorkflowContext<Self>, request: CancelRequested) {
        self.words.push_back(Word::Cancel(request));
    }

    #[signal(name = "booking.overdue")]
    pub fn booking_overdue(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _nothing: ()) {
        self.words.push_back(Word::Overdue);
    }

    #[signal(name = "operator.spoke")]
    pub fn operator_spoke(&mut self, _ctx: &mut SyncWorkflowContext<Self>, word: OperatorWord) {
        self.operator_words.push_back(word);
    }

    #[query(name = "stuck")]
    pub fn stuck(&self, _ctx: &WorkflowContextView) -> Option<StuckStep> {
        self.stuck.clone()
    }

    /// Acts on every word until there is none left; answers where the booking stands.
    #[run(name = "SettleBooking")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let input = ctx.state(|settling| settling.input.clone());
        let saga = Saga::new(ctx, input.request, input.patience);
        let mut state = "unknown".to_owned();
        loop {
            let word = ctx.state_mut(|settling| {
                settling.words.pop_front().or_else(|| settling.operator_words.pop_front().map(Word::from))
            });
            let Some(word) = word else { break };
            state = saga.settle(word).await;
        }
        ctx.upsert_search_attributes([BOOKING_STATE.value_set(state.clone())]);
        saga.tell(format!("Settled: the booking is {state}."));
        Ok(state)
    }
}

impl Attended for SettleBooking {
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

impl<W: Attended + 'static> Saga<W> {
    /// Acts on one word about a booking whose saga is over, or nearly; answers the name of the state it leaves.
    pub(crate) async fn settle(&self, word: Word) -> String {
        let record = self.recall_until_done().await;
        let end = match (word, record) {
            (_, None) => self.close_what_never_opened().await,
            (Word::Payment(notice), Some(record)) => self.settle_payments(&record, notice.intent_id.as_ref()).await,
            (Word::Cancel(request), Some(record)) => self.settle_cancel(&record, request.by).await,
            (Word::Resolved { operator, end }, Some(record)) => self.settle_by_hand(&record, operator, end).await,
            (Word::Overdue, Some(record)) => self.settle_overdue(&record, end_of_overdue(&record.state)).await,
        };
        if let Some(end) = &end {
            self.clear_attention(end).await;
        }
        end.map_or("unchanged", |end| end.name()).to_owned()
    }

    /// Reads the booking, however long it takes: while it cannot be read, nothing is known that could be decided by hand.
    async fn recall_until_done(&self) -> Option<BookingRecord> {
        let mut pause = Duration::from_secs(self.patience.slow_retry_seconds);
        loop {
            match self.recall_booking().await {
                Ok(record) => return record,
                Err(stuck) => self.tell(format!("The booking cannot be read, it is tried again: {}", stuck.error)),
            }
            self.pause(pause).await;
            pause = pause.saturating_mul(2).min(SLOWEST_RETRY);
        }
    }

    /// The saga ended before the booking was written: nothing is held, and nothing ever will be.
    async fn close_what_never_opened(&self) -> Option<EndState> {
        let end = EndState::Failed { reason: FailureReason::Abandoned };
        self.end_and_release(end).await
    }

    /// Reads every payment that the notice may mean, and acts on what it says.
    async fn settle_payments(&self, record: &BookingRecord, noticed: Option<&IntentId>) -> Option<EndState> {
        let mut end = record.state.end();
        for attempt in &record.attempts {
            let Some(intent_id) = &attempt.intent_id else { continue };
            if noticed.is_some_and(|noticed| noticed != intent_id) {
                continue;
            }
            // A fault here loses nothing: the notice came from a sweep or a webhook, and both come again.
            let Ok(reading) = self.read_payment(intent_id.clone()).await else { continue };
            let collected = reading.state == domain::payment::IntentState::Succeeded;
            let toward = record.state.end().unwrap_or(EndState::Expired);
            let recorded = self.insist(toward, || {
                self.record_attempt(attempt.number, reading.clone(), attempt.state == AttemptState::Abandoned)
            });
            if let Insisted::Resolved(resolved) = recorded.await {
                return Some(resolved);
            }
            // Money that is accounted for buys nothing a second time: its tickets, or its refund, were decided then.
            let accounted_for = attempt.state == AttemptState::Succeeded && record.state.end().is_some();
            if collected && !accounted_for {
                end = Some(self.turn_into_tickets_or_refund(attempt.number, record).await);
            }
        }
        end
    }

    /// Money is there: tickets for it if the rules still give them, else back with it.
    pub(crate) async fn turn_into_tickets_or_refund(&self, attempt: u32, record: &BookingRecord) -> EndState {
        let toward = record.state.end().unwrap_or(EndState::Expired);
        match self.collect(Some(attempt), toward).await {
            Collected::Sold => EndState::Confirmed,
            Collected::Resolved(end) => end,
            Collected::NotSold(why) => {
                let end = record.state.end().unwrap_or_else(|| why.end());
                if record.state.is_open() {
                    self.end_and_release(end.clone()).await;
                }
                match self.give_all_back(attempt, RefundReason::from(why), &end).await {
                    Insisted::Done(()) => end,
                    Insisted::Resolved(end) => end,
                }
            }
        }
    }

    /// A confirmed booking is taken back with what the policy gives; an open one ends; any other has ended before.
    async fn settle_cancel(&self, record: &BookingRecord, by: CancelledBy) -> Option<EndState> {
        let end = EndState::Cancelled { by };
        match &record.state {
            BookingState::Confirmed | BookingState::Cancelled { .. } => self.give_back_by_policy(by, end).await,
            BookingState::Pending | BookingState::AwaitingPayment => self.settle_overdue(record, end).await,
            BookingState::NeedsAttention { .. } => self.settle_overdue(record, end_of_overdue(&record.state)).await,
            BookingState::Expired | BookingState::Failed { .. } => record.state.end(),
        }
    }

    /// An operator's word for a booking whose saga is gone while it was stuck.
    async fn settle_by_hand(
        &self,
        record: &BookingRecord,
        operator: String,
        end: Option<ResolvedAs>,
    ) -> Option<EndState> {
        let BookingState::NeedsAttention { step, toward } = &record.state else { return record.state.end() };
        let end = end.map_or_else(|| toward.clone(), EndState::from);
        self.unflag(step, Cleared::Resolved { operator }, end.clone()).await;
        Some(end)
    }

    /// Does what a saga that is gone should have done: stops the payments, then sells or lets go.
    async fn settle_overdue(&self, record: &BookingRecord, end: EndState) -> Option<EndState> {
        if let Some(settled) = record.state.end() {
            return self.finish_refunds(record, settled).await;
        }
        if let BookingState::NeedsAttention { step, .. } = &record.state {
            self.resume_attention(step);
        }
        for attempt in record.attempts.iter().filter(|attempt| attempt.state.is_open()) {
            let payment = open_payment(record, attempt);
            match self.insist(end.clone(), || self.stop_payment(&payment)).await {
                Insisted::Resolved(end) => return Some(end),
                Insisted::Done(Stopped::Cancelled) => {}
                Insisted::Done(Stopped::Collected) => {
                    return Some(self.turn_into_tickets_or_refund(attempt.number, record).await);
                }
                Insisted::Done(Stopped::Open(reading)) => {
                    let abandon = || self.record_attempt(attempt.number, reading.clone(), true);
                    if let Insisted::Resolved(end) = self.insist(end.clone(), abandon).await {
                        return Some(end);
                    }
                }
            }
        }
        if let Some(attempt) = record.attempts.iter().find(|attempt| attempt.state == AttemptState::Succeeded) {
            return Some(self.turn_into_tickets_or_refund(attempt.number, record).await);
        }
        self.end_and_release(end).await
    }

    /// Sees the refunds of an ended booking through whose saga was lost before it had; those that are done stay done.
    async fn finish_refunds(&self, record: &BookingRecord, end: EndState) -> Option<EndState> {
        match end {
            EndState::Confirmed => Some(end),
            EndState::Cancelled { by } => {
                // Money that came while the booking was being taken back has bought nothing that a policy is about. A saga
                // that an earlier release went on with, which knew of no such money, does not begin to give it back in
                // the middle of its replay; the sweep finds it.
                let unspent = if record.unspent.is_empty() || !self.ctx.patched(GIVES_UNSPENT_BACK) {
                    &[]
                } else {
                    record.unspent.as_slice()
                };
                for attempt in unspent {
                    let given_back = self.give_all_back(*attempt, RefundReason::Cancelled, &end).await;
                    if let Insisted::Resolved(end) = given_back {
                        return Some(end);
                    }
                }
                self.give_back_by_policy(by, end).await
            }
            EndState::Expired | EndState::Failed { .. } => {
                let mut end = end;
                for attempt in record.attempts.iter().filter(|attempt| attempt.captured.minor > 0) {
                    end = self.turn_into_tickets_or_refund(attempt.number, record).await;
                }
                Some(end)
            }
        }
    }

    /// Takes a confirmed booking back and gives back what its policy says, or goes on with that.
    async fn give_back_by_policy(&self, by: CancelledBy, end: EndState) -> Option<EndState> {
        let cancelled = match self.insist(end.clone(), || self.cancel_booking(by)).await {
            Insisted::Done(cancelled) => cancelled,
            Insisted::Resolved(end) => return Some(end),
        };
        if let Insisted::Resolved(end) = self.insist(end.clone(), || self.release_seats()).await {
            return Some(end);
        }
        for refund in cancelled.refunds {
            if let Insisted::Resolved(end) = self.give_back(refund, &end).await {
                return Some(end);
            }
        }
        Some(cancelled.state.end().unwrap_or(end))
    }

    /// Ends an open booking and lets go of its locks.
    pub(crate) async fn end_and_release(&self, end: EndState) -> Option<EndState> {
        let closed = match self.insist(end.clone(), || self.close_booking(end.clone(), None)).await {
            Insisted::Done(closed) => closed.state.end(),
            Insisted::Resolved(end) => Some(end),
        };
        if closed != Some(EndState::Confirmed)
            && let Insisted::Resolved(end) = self.insist(end.clone(), || self.release_seats()).await
        {
            return Some(end);
        }
        closed.or(Some(end))
    }
}

/// Where a booking ends whose saga is gone.
fn end_of_overdue(state: &BookingState) -> EndState {
    match state {
        BookingState::Pending => EndState::Failed { reason: FailureReason::PaymentUnavailable },
        BookingState::NeedsAttention { toward, .. } => toward.clone(),
        BookingState::AwaitingPayment
        | BookingState::Confirmed
        | BookingState::Expired
        | BookingState::Failed { .. }
        | BookingState::Cancelled { .. } => EndState::Expired,
    }
}

fn open_payment(record: &BookingRecord, attempt: &AttemptRecord) -> OpenPayment {
    OpenPayment {
        attempt: AttemptToRequest {
            payment_id: record.payment_id,
            booking_id: record.request.booking_id,
            number: attempt.number,
            amount: attempt.amount,
        },
        intent_id: attempt.intent_id.clone(),
    }
}
