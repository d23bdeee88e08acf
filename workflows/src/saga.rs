//! What both sagas are made of: the context, the patience they have, and the undo log.

use std::time::Duration;

use domain::booking::BookingRequest;
use domain::hold::{Hold, lock_deadline};
use domain::ids::BookingId;
use domain::payment::{AttemptToRequest, IntentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_workflow::WorkflowContext;

use crate::attention::{Attended, Flagged};
use crate::queues::ProviderCalls;

/// How long a saga tries. Given at the start and kept, so that a changed configuration never disturbs a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// How long a step is tried before the booking is given up, in seconds.
    pub step_seconds: u64,
    /// How long an undo, or a step that has to happen, is tried before an operator is called, in seconds.
    pub undo_seconds: u64,
    /// The first pause between the slow tries of a stuck step, in seconds; each next one is twice as long.
    pub slow_retry_seconds: u64,
}

/// The longest pause between two slow tries: an hour, so that a saga stuck for a month stays within the engine's limits.
pub(crate) const SLOWEST_RETRY: Duration = Duration::from_secs(60 * 60);

impl Default for Patience {
    fn default() -> Self {
        Self { step_seconds: 20, undo_seconds: 30, slow_retry_seconds: 30 }
    }
}

/// A running saga: everything its steps need.
pub(crate) struct Saga<W> {
    pub(crate) ctx: WorkflowContext<W>,
    pub(crate) request: BookingRequest,
    pub(crate) patience: Patience,
    pub(crate) provider_calls: ProviderCalls,
    /// Whether a payment is written down and the seats sold in one step.
    pub(crate) sells_at_once: bool,
    pub(crate) flagged: Flagged,
}

impl<W: Attended + 'static> Saga<W> {
    pub(crate) fn new(ctx: &WorkflowContext<W>, request: BookingRequest, patience: Patience) -> Self {
        let provider_calls = ProviderCalls::Queued;
        let (ctx, flagged) = (ctx.clone(), Flagged::default());
        Self { ctx, request, patience, provider_calls, sells_at_once: false, flagged }
    }

    /// The same, which calls the provider in this way.
    pub(crate) fn calling(self, provider_calls: ProviderCalls) -> Self {
        Self { provider_calls, ..self }
    }

    /// The same, which sells in this way.
    pub(crate) fn selling_at_once(self, sells_at_once: bool) -> Self {
        Self { sells_at_once, ..self }
    }

    pub(crate) fn booking_id(&self) -> BookingId {
        self.request.booking_id
    }

    /// The time of the saga: the engine's, the same on every replay.
    pub(crate) fn now(&self) -> Timestamp {
        let time = self.ctx.workflow_time().and_then(|time| Timestamp::try_from(time).ok());
        time.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// How long it is until `moment`; nothing if it has passed.
    pub(crate) fn until(&self, moment: Timestamp) -> Duration {
        Duration::try_from(moment.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }

    /// The seats as locked until a little after `deadline`.
    pub(crate) fn hold(&self, deadline: Timestamp) -> Hold {
        Hold {
            show_id: self.request.show_id,
            seat_ids: self.request.seat_ids.sorted(),
            booking_id: self.request.booking_id,
            until: lock_deadline(deadline),
        }
    }

    /// Tells whoever looks at the saga in the engine's user interface what it is doing.
    pub(crate) fn tell(&self, details: String) {
        self.ctx.set_current_details(details);
    }
}

/// A step to be taken back, with everything that taking it back needs, known before the step ran.
#[derive(Debug, Clone)]
pub(crate) enum Undo {
    /// `seats.lock` -> `seats.release`.
    ReleaseSeats,
    /// `booking.open` -> `booking.close`.
    CloseBooking,
    /// `payment.request` -> `payment.cancel`.
    CancelPayment(OpenPayment),
}

/// An attempt that the provider may know of.
#[derive(Debug, Clone)]
pub(crate) struct OpenPayment {
    pub(crate) attempt: AttemptToRequest,
    /// None until the provider has named it.
    pub(crate) intent_id: Option<IntentId>,
}

/// The steps that may have happened, first to last. A step is recorded before it runs: one that timed out may have
/// happened all the same.
#[derive(Debug, Default)]
pub(crate) struct UndoLog {
    steps: Vec<Undo>,
}

impl UndoLog {
    /// Records how to take back the step that is about to run.
    pub(crate) fn record(&mut self, undo: Undo) {
        self.steps.push(undo);
    }

    /// Names the intent of the payment that was recorded last.
    pub(crate) fn name_intent(&mut self, intent_id: &IntentId) {
        if let Some(Undo::CancelPayment(payment)) = self.steps.last_mut() {
            payment.intent_id = Some(intent_id.clone());
        }
    }

    /// Takes the payment off the log, if the last step was one.
    pub(crate) fn take_payment(&mut self) -> Option<OpenPayment> {
        match self.steps.pop() {
            Some(Undo::CancelPayment(payment)) => Some(payment),
            Some(other @ (Undo::ReleaseSeats | Undo::CloseBooking)) => {
                self.steps.push(other);
                None
            }
            None => None,
        }
    }

    /// The steps to take back, newest first.
    pub(crate) fn newest_first(self) -> impl Iterator<Item = Undo> {
        self.steps.into_iter().rev()
    }
}
