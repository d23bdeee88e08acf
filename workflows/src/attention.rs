//! Steps that have to happen: tried for a while, then shown to an operator, then tried slowly for ever, or until the
//! operator says that they are done.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use domain::booking::{Cleared, StuckStep, UnflagBooking};
use domain::booking_state::EndState;
use temporalio_workflow::{WaitConditionOptions, WorkflowCancellationToken, select};

use crate::saga::{SLOWEST_RETRY, Saga};
use crate::search_attributes::BOOKING_STATE;
use crate::signals::OperatorWord;

/// A workflow that operators can speak to.
pub(crate) trait Attended {
    /// What they have said and the saga has not acted on.
    fn operator_words(&mut self) -> &mut VecDeque<OperatorWord>;
    /// The same, to look at.
    fn has_operator_words(&self) -> bool;
    /// What the saga waits for an operator with.
    fn set_stuck(&mut self, stuck: Option<StuckStep>);
}

/// How a step that had to happen came out.
#[derive(Debug)]
pub(crate) enum Insisted<T> {
    /// It is done.
    Done(T),
    /// An operator has settled the booking by hand; it ends here.
    Resolved(EndState),
}

/// The step for which an operator was called, kept until the booking is unflagged.
#[derive(Debug, Default)]
pub(crate) struct Flagged(RefCell<Option<String>>);

impl<W: Attended + 'static> Saga<W> {
    /// Runs a step that has to happen; where it cannot be done, the booking waits for an operator on its way `toward`
    /// an end.
    pub(crate) async fn insist<T, F>(&self, toward: EndState, mut step: impl FnMut() -> F) -> Insisted<T>
    where
        F: Future<Output = Result<T, StuckStep>>,
    {
        match step().await {
            Ok(done) => Insisted::Done(done),
            Err(stuck) => self.attend(stuck, toward, step).await,
        }
    }

    /// Shows a stuck step to an operator and tries it slowly until it is done or declared so.
    pub(crate) async fn attend<T, F>(
        &self,
        mut stuck: StuckStep,
        toward: EndState,
        mut step: impl FnMut() -> F,
    ) -> Insisted<T>
    where
        F: Future<Output = Result<T, StuckStep>>,
    {
        let mut pause = Duration::from_secs(self.patience.slow_retry_seconds);
        loop {
            self.call_operator(&stuck, &toward).await;
            match self.operator_or_pause(pause).await {
                Some(OperatorWord::Resolve { operator, end }) => {
                    let end = end.map_or(toward, EndState::from);
                    self.unflag(&stuck.step, Cleared::Resolved { operator }, end.clone()).await;
                    return Insisted::Resolved(end);
                }
                Some(OperatorWord::Retry { .. }) | None => {}
            }
            match step().await {
                Ok(done) => return Insisted::Done(done),
                Err(still) => stuck = still,
            }
            pause = pause.saturating_mul(2).min(SLOWEST_RETRY);
        }
    }

    /// Brings a booking that was shown to an operator to its end, once everything is done. Without effect otherwise.
    pub(crate) async fn clear_attention(&self, end: &EndState) {
        let flagged = self.flagged.0.borrow().clone();
        if let Some(step) = flagged {
            self.unflag(&step, Cleared::Retried, end.clone()).await;
        }
    }

    /// Writes the flag wherever a person may look. The database may be what is stuck, so failing to write is no reason
    /// to stop trying the step; the next round writes it.
    pub(crate) async fn call_operator(&self, stuck: &StuckStep, toward: &EndState) {
        let first = self.flagged.0.borrow_mut().replace(stuck.step.clone()).is_none();
        if first {
            self.ctx.upsert_search_attributes([BOOKING_STATE.value_set("needs_attention".to_owned())]);
        }
        self.ctx.state_mut(|saga| saga.set_stuck(Some(stuck.clone())));
        self.tell(format!(
            "NEEDS ATTENTION: step `{}` cannot be done: {}. It is tried again by itself; \
             `boxoffice repair {} retry` tries now, `resolve` declares it done.",
            stuck.step,
            stuck.error,
            self.booking_id(),
        ));
        let _unwritten = self.flag_booking(stuck.clone(), toward.clone()).await;
    }

    pub(crate) async fn unflag(&self, step: &str, cleared: Cleared, end: EndState) {
        let unflag = UnflagBooking { booking_id: self.booking_id(), step: step.to_owned(), cleared, end };
        let mut pause = Duration::from_secs(self.patience.slow_retry_seconds);
        while self.unflag_booking(unflag.clone()).await.is_err() {
            self.pause(pause).await;
            pause = pause.saturating_mul(2).min(SLOWEST_RETRY);
        }
        self.flagged.0.replace(None);
        self.ctx.state_mut(|saga| saga.set_stuck(None));
    }

    /// Waits, whatever happens to the workflow meanwhile.
    pub(crate) async fn pause(&self, pause: Duration) {
        let mut options = temporalio_workflow::TimerOptions::from(pause);
        options.cancellation_token = Some(WorkflowCancellationToken::new());
        self.ctx.timer(options).await;
    }

    async fn operator_or_pause(&self, pause: Duration) -> Option<OperatorWord> {
        let detached = WaitConditionOptions::builder().cancellation_token(WorkflowCancellationToken::new()).build();
        let mut spoken = self.ctx.wait_condition_with_options(|saga| saga.has_operator_words(), detached);
        let mut options = temporalio_workflow::TimerOptions::from(pause);
        options.cancellation_token = Some(WorkflowCancellationToken::new());
        let mut timer = self.ctx.timer(options);
        select! {
            _ = spoken => self.ctx.state_mut(|saga| saga.operator_words().pop_front()),
            _ = timer => None,
        }
    }
}

impl<W: Attended + 'static> Saga<W> {
    /// Takes over a booking that another saga has shown to an operator.
    pub(crate) fn resume_attention(&self, step: &str) {
        self.flagged.0.replace(Some(step.to_owned()));
    }
}
