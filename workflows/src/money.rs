//! What the sagas do about money: stop a payment, turn collected money into tickets, give it back.

use std::time::Duration;

use domain::booking::{BookingConfirmed, ConfirmRefusal, StuckStep};
use domain::booking_state::EndState;
use domain::payment::{IntentReading, Verdict, judge};
use domain::refund::{
    RecordRefund, RefundOpened, RefundReading, RefundReason, RefundState, RefundToOpen, RefundToSend,
};

use crate::attention::{Attended, Insisted};
use crate::saga::{OpenPayment, Saga};

/// How long to wait before reading a refund again that the provider works on.
const PENDING_REFUND_POLL: Duration = Duration::from_secs(30);

/// What became of a payment that was to be stopped.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It will never be collected.
    Cancelled,
    /// It has been collected.
    Collected,
    /// The provider could not say: its outcome is open.
    Open(IntentReading),
}

/// What became of collected money.
#[derive(Debug)]
pub(crate) enum Collected {
    /// It became tickets.
    Sold,
    /// It could not; it has to go back.
    NotSold(ConfirmRefusal),
    /// An operator has settled it by hand.
    Resolved(EndState),
}

impl<W: Attended + 'static> Saga<W> {
    /// Asks the provider never to collect a payment, and writes down what it answers.
    pub(crate) async fn stop_payment(&self, payment: &OpenPayment) -> Result<Stopped, StuckStep> {
        let reading = self.cancel_payment(payment).await?;
        self.record_attempt(payment.attempt.number, reading.clone(), false).await?;
        Ok(match judge(payment.attempt.amount, &reading) {
            Verdict::Gone => Stopped::Cancelled,
            Verdict::Paid | Verdict::Mismatch => Stopped::Collected,
            Verdict::Processing | Verdict::Waiting | Verdict::Declined => Stopped::Open(reading),
        })
    }

    /// Turns money that an attempt has collected into tickets. The capture is written down before. `end` is where the
    /// booking goes if an operator has to settle it by hand.
    pub(crate) async fn collect(&self, attempt: Option<u32>, end: EndState) -> Collected {
        match self.insist(end, || self.confirm_booking(attempt)).await {
            Insisted::Done(BookingConfirmed::Confirmed { .. }) => {
                // Without the mark, latecomers are refused by the database instead: slower, never wrong.
                let _slower = self.mark_sold().await;
                Collected::Sold
            }
            Insisted::Done(BookingConfirmed::Refused { why }) => Collected::NotSold(why),
            Insisted::Resolved(end) => Collected::Resolved(end),
        }
    }

    /// Gives money back, once, and waits until the provider has done so. `end` is where the booking is or goes.
    pub(crate) async fn give_back(&self, refund: RefundToOpen, end: &EndState) -> Insisted<()> {
        let opened = match self.insist(end.clone(), || self.open_refund(refund.clone())).await {
            Insisted::Done(opened) => opened,
            Insisted::Resolved(end) => return Insisted::Resolved(end),
        };
        match opened {
            RefundOpened::Open(refund) => self.insist(end.clone(), || self.send_until_done(refund.clone())).await,
            RefundOpened::Done | RefundOpened::Nothing => Insisted::Done(()),
        }
    }

    /// Gives back all that an attempt has collected.
    pub(crate) async fn give_all_back(&self, attempt: u32, reason: RefundReason, end: &EndState) -> Insisted<()> {
        let refund = RefundToOpen { booking_id: self.booking_id(), attempt, reason, amount: None };
        self.give_back(refund, end).await
    }

    async fn send_until_done(&self, refund: RefundToSend) -> Result<(), StuckStep> {
        let refund_id = refund.refund_id;
        let mut reading: RefundReading = self.send_refund(refund).await?;
        loop {
            match self.record_refund(RecordRefund { refund_id, reading: reading.clone() }).await? {
                RefundState::Succeeded => return Ok(()),
                RefundState::Failed => {
                    let error = format!("the provider could not give the money of refund {refund_id} back");
                    return Err(StuckStep { step: "refund.send".to_owned(), error });
                }
                RefundState::Open | RefundState::Pending => self.pause(PENDING_REFUND_POLL).await,
            }
            reading = self.read_refund(reading.provider_refund_id).await?;
        }
    }
}
