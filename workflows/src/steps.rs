//! The steps of the sagas: each calls one activity, with how long it is tried and what it is called in the engine's
//! user interface.
//!
//! Every step of a booking's saga is detached from the cancellation of its workflow: a saga that is told to stop decides
//! itself, between steps, what that means.

use std::time::Duration;

use domain::booking::{
    BookingCancelled, BookingClosed, BookingConfirmed, BookingOpened, BookingRecord, CancelBooking, CloseBooking,
    FlagBooking, StuckStep, UnflagBooking,
};
use domain::booking_state::{BookingState, CancelledBy, EndState};
use domain::hold::{HoldExtended, SeatsLocked};
use domain::payment::{AttemptOpened, AttemptRecorded, AttemptToRequest, IntentId, IntentReading, RecordAttempt};
use domain::refund::{RecordRefund, RefundOpened, RefundReading, RefundState, RefundToOpen, RefundToSend};
use domain::show_cancel::{BookingsToCancel, BookingsTold};
use jiff::Timestamp;
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::TemporalDeserializable;
use temporalio_workflow::{
    ActivityCloseTimeouts, ActivityExecutionError, ActivityOptions, LocalActivityOptions, RetryPolicy,
    WorkflowCancellationToken, WorkflowContext,
};

use crate::attention::Attended;
use crate::contracts::{
    BookingActivities, CancelPayment, ConfirmBooking, LOCKS_BUDGET, PaymentActivities, SeatActivities, SellBooking,
    ShowActivities,
};
use crate::queues::{ProviderCalls, ProviderEndpoint};
use crate::saga::{OpenPayment, Saga};

/// How long one try of a database or lock step may take; longer than the database's own statement timeout.
const LOCAL_TRY: Duration = Duration::from_secs(10);
/// How long one try of a call to the provider may take; longer than the provider client's own timeout.
const PROVIDER_TRY: Duration = Duration::from_secs(15);
/// How long a step may take that is tried once, as another way leads on: shorter than a workflow task, of which it is a
/// part.
const ONLY_TRY: Duration = Duration::from_secs(3);

/// How long one try of telling some sagas may take: longer than the step itself takes before it hands back what is left.
const TELLING_TRY: Duration = Duration::from_secs(20);

/// How long a step is tried before it counts as not done.
#[derive(Debug, Clone, Copy)]
enum Budget {
    /// A step that makes locks: not waited for.
    Locks,
    /// A step that the booking may be given up for.
    Step,
    /// A step that has to happen.
    Undo,
}

impl<W: Attended + 'static> Saga<W> {
    pub(crate) async fn lock_seats(&self, deadline: Timestamp) -> Result<SeatsLocked, StuckStep> {
        let hold = self.hold(deadline);
        let summary = format!("Lock {} seats", hold.seat_ids.len());
        self.local(SeatActivities::lock, hold, Budget::Locks, summary).await
    }

    pub(crate) async fn release_seats(&self) -> Result<(), StuckStep> {
        let hold = self.hold(self.now());
        self.local(SeatActivities::release, hold, Budget::Undo, "Let go of the seat locks".to_owned()).await
    }

    pub(crate) async fn mark_sold(&self) -> Result<(), StuckStep> {
        let hold = self.hold(self.now());
        self.local(SeatActivities::mark_sold, hold, Budget::Locks, "Mark the seats sold".to_owned()).await
    }

    pub(crate) async fn open_booking(&self) -> Result<BookingOpened, StuckStep> {
        let summary = format!("Hold {} seats", self.request.seat_ids.as_slice().len());
        self.local(BookingActivities::open, self.request.clone(), Budget::Step, summary).await
    }

    pub(crate) async fn close_booking(
        &self,
        end: EndState,
        stuck: Option<StuckStep>,
    ) -> Result<BookingClosed, StuckStep> {
        let summary = format!("End as {} and free the seats", end.name());
        let close = CloseBooking { request: self.request.clone(), end, stuck };
        self.local(BookingActivities::close, close, Budget::Undo, summary).await
    }

    pub(crate) async fn confirm_booking(&self, attempt: Option<u32>) -> Result<BookingConfirmed, StuckStep> {
        let confirm = ConfirmBooking { booking_id: self.booking_id(), attempt };
        self.local(BookingActivities::confirm, confirm, Budget::Undo, "Sell the seats, issue tickets".to_owned()).await
    }

    /// Writes down a reading by which an attempt is paid and sells the seats, in one step that is tried once; none where
    /// that is not to be done or did not work out, and two steps have to do it.
    pub(crate) async fn sell_at_once(&self, number: u32, reading: &IntentReading) -> Option<BookingConfirmed> {
        if !self.sells_at_once {
            return None;
        }
        let record = self.reading_to_record(number, reading.clone(), false);
        let sell = SellBooking { record, seats: self.hold(self.now()) };
        let summary = format!("Attempt {number} is {}: sell the seats, issue tickets", reading.state.as_str());
        self.once(BookingActivities::sell, sell, summary).await
    }

    pub(crate) async fn cancel_booking(&self, by: CancelledBy) -> Result<BookingCancelled, StuckStep> {
        let cancel = CancelBooking { booking_id: self.booking_id(), by };
        self.local(BookingActivities::cancel, cancel, Budget::Undo, "Take the booking back".to_owned()).await
    }

    pub(crate) async fn extend_hold(&self) -> Result<HoldExtended, StuckStep> {
        let summary = "Hold longer, the money is on its way".to_owned();
        self.local(BookingActivities::extend_hold, self.booking_id(), Budget::Undo, summary).await
    }

    pub(crate) async fn flag_booking(&self, stuck: StuckStep, toward: EndState) -> Result<BookingState, StuckStep> {
        let summary = format!("Call an operator: {}", stuck.step);
        let flag = FlagBooking { booking_id: self.booking_id(), stuck, toward };
        self.local(BookingActivities::flag, flag, Budget::Step, summary).await
    }

    pub(crate) async fn unflag_booking(&self, unflag: UnflagBooking) -> Result<BookingState, StuckStep> {
        let summary = format!("No longer stuck: {}", unflag.step);
        self.local(BookingActivities::unflag, unflag, Budget::Undo, summary).await
    }

    pub(crate) async fn recall_booking(&self) -> Result<Option<BookingRecord>, StuckStep> {
        self.local(BookingActivities::recall, self.booking_id(), Budget::Undo, "Read the booking".to_owned()).await
    }

    pub(crate) async fn open_attempt(&self) -> Result<AttemptOpened, StuckStep> {
        let summary = "Prepare another payment attempt".to_owned();
        self.local(BookingActivities::open_attempt, self.booking_id(), Budget::Step, summary).await
    }

    pub(crate) async fn record_attempt(
        &self,
        number: u32,
        reading: IntentReading,
        abandoned: bool,
    ) -> Result<AttemptRecorded, StuckStep> {
        let summary = format!("Attempt {number} is {}", reading.state.as_str());
        let record = self.reading_to_record(number, reading, abandoned);
        self.local(BookingActivities::record_attempt, record, Budget::Undo, summary).await
    }

    fn reading_to_record(&self, number: u32, reading: IntentReading, abandoned: bool) -> RecordAttempt {
        RecordAttempt { booking_id: self.booking_id(), number, reading, abandoned }
    }

    pub(crate) async fn open_refund(&self, refund: RefundToOpen) -> Result<RefundOpened, StuckStep> {
        let summary = format!("Owe a refund: {}", refund.reason);
        self.local(BookingActivities::open_refund, refund, Budget::Undo, summary).await
    }

    pub(crate) async fn record_refund(&self, record: RecordRefund) -> Result<RefundState, StuckStep> {
        let summary = format!("Refund is {}", record.reading.state.as_str());
        self.local(BookingActivities::record_refund, record, Budget::Undo, summary).await
    }

    pub(crate) async fn request_payment(&self, attempt: AttemptToRequest) -> Result<IntentReading, StuckStep> {
        let summary = format!("Ask for {} (attempt {})", attempt.amount, attempt.number);
        let direct = self.direct(PaymentActivities::request, attempt.clone(), summary.clone()).await;
        if let Some(reading) = direct {
            return Ok(reading);
        }
        self.provider(PaymentActivities::request, attempt, ProviderEndpoint::Create, Budget::Step, summary).await
    }

    pub(crate) async fn read_payment(&self, intent_id: IntentId) -> Result<IntentReading, StuckStep> {
        let summary = format!("Read back {intent_id}");
        if let Some(reading) = self.direct(PaymentActivities::read, intent_id.clone(), summary.clone()).await {
            return Ok(reading);
        }
        self.provider(PaymentActivities::read, intent_id, ProviderEndpoint::Read, Budget::Step, summary).await
    }

    pub(crate) async fn cancel_payment(&self, payment: &OpenPayment) -> Result<IntentReading, StuckStep> {
        let summary = format!("Ask never to collect attempt {}", payment.attempt.number);
        let cancel = CancelPayment { attempt: payment.attempt.clone(), intent_id: payment.intent_id.clone() };
        self.provider(PaymentActivities::cancel, cancel, ProviderEndpoint::Cancel, Budget::Undo, summary).await
    }

    pub(crate) async fn send_refund(&self, refund: RefundToSend) -> Result<RefundReading, StuckStep> {
        let summary = format!("Give back {}", refund.amount);
        self.provider(PaymentActivities::send_refund, refund, ProviderEndpoint::Refund, Budget::Undo, summary).await
    }

    pub(crate) async fn read_refund(&self, provider_refund_id: String) -> Result<RefundReading, StuckStep> {
        let summary = format!("Read back {provider_refund_id}");
        self.provider(PaymentActivities::read_refund, provider_refund_id, ProviderEndpoint::Read, Budget::Undo, summary)
            .await
    }

    fn budget(&self, budget: Budget) -> Duration {
        match budget {
            Budget::Locks => LOCKS_BUDGET,
            Budget::Step => Duration::from_secs(self.patience.step_seconds),
            Budget::Undo => Duration::from_secs(self.patience.undo_seconds),
        }
    }

    async fn local<A: ActivityDefinition>(
        &self,
        activity: A,
        input: A::Input,
        budget: Budget,
        summary: String,
    ) -> Result<A::Output, StuckStep>
    where
        A::Output: TemporalDeserializable,
    {
        let step = activity.name().to_owned();
        let budget = self.budget(budget);
        let retry = retry(Duration::from_millis(50), Duration::from_secs(2));
        let options = local_options(retry, LOCAL_TRY.min(budget), budget, summary);
        let done = self.ctx.execute_local_activity(activity, input, options).await;
        done.map_err(|error| stuck(step, &error))
    }

    /// Calls the provider from this worker, once; none where that is not to be done or did not work out.
    async fn direct<A: ActivityDefinition>(&self, activity: A, input: A::Input, summary: String) -> Option<A::Output>
    where
        A::Output: TemporalDeserializable,
    {
        match self.provider_calls {
            ProviderCalls::Queued => None,
            ProviderCalls::Direct => self.once(activity, input, summary).await,
        }
    }

    /// Runs a step on this worker with one try; none where that did not work out.
    async fn once<A: ActivityDefinition>(&self, activity: A, input: A::Input, summary: String) -> Option<A::Output>
    where
        A::Output: TemporalDeserializable,
    {
        let once = RetryPolicy::builder().maximum_attempts(1).build();
        let options = local_options(once, ONLY_TRY, ONLY_TRY, summary);
        self.ctx.execute_local_activity(activity, input, options).await.ok()
    }

    async fn provider<A: ActivityDefinition>(
        &self,
        activity: A,
        input: A::Input,
        endpoint: ProviderEndpoint,
        budget: Budget,
        summary: String,
    ) -> Result<A::Output, StuckStep>
    where
        A::Output: TemporalDeserializable,
    {
        let step = activity.name().to_owned();
        let budget = self.budget(budget);
        let timeouts = ActivityCloseTimeouts::ScheduleAndStartToClose {
            start_to_close: PROVIDER_TRY.min(budget),
            schedule_to_close: budget,
        };
        let mut options = ActivityOptions::with_close_timeouts(timeouts)
            .task_queue(endpoint.queue(self.ctx.task_queue()))
            .retry_policy(retry(Duration::from_millis(200), Duration::from_secs(5)))
            .summary(summary)
            .build();
        options.cancellation_token = Some(WorkflowCancellationToken::new());
        let done = self.ctx.execute_activity(activity, input, options).await;
        done.map_err(|error| stuck(step, &error))
    }
}

/// Has the next few bookings of a show taken back. Tried until it can be done; only what trying again does not mend is an
/// error. It is not detached: what a cancelled workflow leaves undone is not half done, and the next one goes on.
pub(crate) async fn cancel_bookings<W>(
    ctx: &WorkflowContext<W>,
    order: BookingsToCancel,
) -> Result<BookingsTold, StuckStep> {
    let step = ShowActivities::cancel_bookings.name().to_owned();
    let summary = format!("Take back up to {} bookings", order.limit);
    let options = ActivityOptions::with_start_to_close_timeout(TELLING_TRY)
        .retry_policy(retry(Duration::from_millis(200), Duration::from_secs(10)))
        .summary(summary)
        .build();
    let done = ctx.execute_activity(ShowActivities::cancel_bookings, order, options).await;
    done.map_err(|error| stuck(step, &error))
}

/// How a step is run on this worker: `each` is how long one try may take, `all` how long all of them.
fn local_options(retry: RetryPolicy, each: Duration, all: Duration, summary: String) -> LocalActivityOptions {
    let mut options = LocalActivityOptions::builder()
        .retry_policy(retry)
        .start_to_close_timeout(each)
        .schedule_to_close_timeout(all)
        .summary(summary)
        .build();
    options.cancellation_token = Some(WorkflowCancellationToken::new());
    options
}

fn retry(first: Duration, longest: Duration) -> RetryPolicy {
    RetryPolicy::builder().initial_interval(first).maximum_interval(longest).build()
}

/// The step with what its last try said: the innermost cause, which is what an operator can act on.
fn stuck(step: String, error: &ActivityExecutionError) -> StuckStep {
    let mut message = error.to_string();
    let mut failure = error.failure();
    while let Some(inner) = failure {
        if !inner.message.is_empty() {
            message.clone_from(&inner.message);
        }
        failure = inner.cause.as_deref();
    }
    StuckStep { step, error: message }
}
