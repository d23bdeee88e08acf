//! Stories of bookings: each step adds what the system would have written down for it, everywhere.

mod writing;

use domain::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use domain::ids::{BookingId, CustomerId, PaymentId, RefundId, SeatId, ShowId, TicketId};
use domain::message::Message;
use domain::money::{Currency, Money};
use domain::payment::IntentId;
use domain::refund::RefundReason;

use crate::world::{booking, customer, free_show_id, moment, show_id};

struct Attempt {
    state: &'static str,
    intent_id: Option<String>,
    captured: i64,
    refunds: Vec<(RefundId, RefundReason, i64)>,
}

/// What has happened to one booking so far.
pub(crate) struct Story {
    key: &'static str,
    id: BookingId,
    customer_id: CustomerId,
    show_id: ShowId,
    seats: Vec<SeatId>,
    price: i64,
    opened: bool,
    began: i64,
    closed: Option<i64>,
    state: BookingState,
    paid_by: Option<i32>,
    late: bool,
    attempts: Vec<Attempt>,
    tickets: Option<&'static str>,
    messages: Vec<Message>,
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

impl Story {
    /// Seats are held `seconds` ago.
    pub(crate) fn open(key: &'static str, seats: &[usize], seconds: i64) -> Self {
        Self::begin(key, show_id(), seats, seconds, crate::world::PRICE)
    }

    /// The same for a show that costs nothing.
    pub(crate) fn open_free(key: &'static str, seats: &[usize], seconds: i64) -> Self {
        Self::begin(key, free_show_id(), seats, seconds, 0)
    }

    fn begin(key: &'static str, show_id: ShowId, seats: &[usize], seconds: i64, price: i64) -> Self {
        let mut story = Self::refused(key, seats, seconds);
        (story.show_id, story.price, story.opened) = (show_id, price, true);
        story.state = BookingState::Pending;
        story.closed = None;
        if price > 0 {
            story.attempts.push(Attempt { state: "requested", intent_id: None, captured: 0, refunds: vec![] });
        }
        story.messages = vec![Message::BookingCreated {
            show_id,
            seat_ids: story.seats.clone(),
            amount: euros(story.amount()),
            expires_at: moment(story.began + 300),
        }];
        story
    }

    /// A booking that never held a seat.
    pub(crate) fn refused(key: &'static str, seats: &[usize], seconds: i64) -> Self {
        let seats: Vec<SeatId> = seats.iter().map(|number| crate::world::seat(*number)).collect();
        let reason = FailureReason::SeatsTaken { seat_ids: seats.clone() };
        let message = Message::BookingFailed { show_id: show_id(), seat_ids: seats.clone(), reason: reason.clone() };
        Self {
            key,
            id: booking(key),
            customer_id: customer(key),
            show_id: show_id(),
            seats,
            price: 0,
            opened: false,
            began: -seconds,
            closed: Some(-seconds),
            state: BookingState::Failed { reason },
            paid_by: None,
            late: false,
            attempts: vec![],
            tickets: None,
            messages: vec![message],
        }
    }

    fn amount(&self) -> i64 {
        self.price * self.seats.len() as i64
    }

    fn payment_id(&self) -> PaymentId {
        PaymentId::for_booking(self.id)
    }

    fn newest(&mut self) -> (u32, &mut Attempt) {
        let number = self.attempts.len() as u32;
        (number, self.attempts.last_mut().expect("an attempt"))
    }

    /// The provider knows of the newest attempt.
    pub(crate) fn request(mut self) -> Self {
        let (payment_id, amount, key) = (self.payment_id(), euros(self.amount()), self.key);
        let (attempt, newest) = self.newest();
        let intent_id = format!("pi_{key}_{attempt}");
        newest.state = "live";
        newest.intent_id = Some(intent_id.clone());
        let intent_id = IntentId::new(intent_id);
        self.messages.push(Message::PaymentRequested { payment_id, attempt, intent_id, amount });
        self.state = BookingState::AwaitingPayment;
        self
    }

    /// The newest attempt is declined, cancelled and followed by another one.
    pub(crate) fn decline(mut self) -> Self {
        let payment_id = self.payment_id();
        let (attempt, newest) = self.newest();
        newest.state = "cancelled";
        let decline_code = "card_declined".to_owned();
        self.messages.push(Message::PaymentFailed { payment_id, attempt, decline_code });
        self.attempts.push(Attempt { state: "requested", intent_id: None, captured: 0, refunds: vec![] });
        self.request()
    }

    /// An attempt collects its money.
    pub(crate) fn capture(mut self, attempt: u32) -> Self {
        let (payment_id, amount) = (self.payment_id(), euros(self.amount()));
        let collecting = &mut self.attempts[attempt as usize - 1];
        (collecting.state, collecting.captured) = ("succeeded", amount.minor);
        self.messages.push(Message::PaymentConfirmed { payment_id, attempt, amount });
        self
    }

    /// The tickets are issued for the money of an attempt.
    pub(crate) fn confirm(mut self, attempt: Option<i32>) -> Self {
        self.late = !matches!(self.state, BookingState::Pending | BookingState::AwaitingPayment);
        self.paid_by = attempt;
        self.tickets = Some("issued");
        let seconds = -self.began - 60;
        self = self.end(EndState::Confirmed, seconds);
        for seat_id in self.seats.clone() {
            let ticket_id = TicketId::for_seat(self.id, seat_id);
            self.messages.push(Message::TicketIssued { ticket_id, show_id: self.show_id, seat_id });
        }
        self
    }

    /// The booking ends, `seconds` ago.
    pub(crate) fn end(mut self, end: EndState, seconds: i64) -> Self {
        let (show_id, seat_ids, amount, late) = (self.show_id, self.seats.clone(), euros(self.amount()), self.late);
        if self.tickets.is_none() && end != EndState::Confirmed {
            self.attempts.iter_mut().filter(|it| it.captured == 0).for_each(|it| it.state = "cancelled");
        }
        self.messages.push(match end.clone() {
            EndState::Confirmed => Message::BookingConfirmed { show_id, seat_ids, amount, late },
            EndState::Expired => Message::BookingExpired { show_id, seat_ids },
            EndState::Failed { reason } => Message::BookingFailed { show_id, seat_ids, reason },
            EndState::Cancelled { by } => Message::BookingCancelled { show_id, seat_ids, by },
        });
        self.state = end.into();
        self.closed = Some(-seconds);
        self
    }

    /// The booking is taken back by its customer, `seconds` ago.
    pub(crate) fn cancel(mut self, seconds: i64) -> Self {
        self = self.end(EndState::Cancelled { by: CancelledBy::Customer }, seconds);
        if self.tickets.is_some() {
            self.tickets = Some("voided");
            for seat_id in self.seats.clone() {
                let ticket_id = TicketId::for_seat(self.id, seat_id);
                self.messages.push(Message::TicketVoided { ticket_id, show_id: self.show_id, seat_id });
            }
        }
        self
    }

    /// Money of an attempt goes back.
    pub(crate) fn refund(mut self, attempt: u32, reason: RefundReason, minor: i64) -> Self {
        let payment_id = self.payment_id();
        let refund_id = RefundId::for_reason(payment_id, &format!("{reason}:{attempt}"));
        self.attempts[attempt as usize - 1].refunds.push((refund_id, reason, minor));
        self.messages.push(Message::PaymentRefunded { payment_id, refund_id, amount: euros(minor), reason });
        self
    }

    /// The payment cannot be cancelled; the seats go back all the same.
    pub(crate) fn get_stuck(mut self) -> Self {
        let step = "payment.cancel".to_owned();
        let error = "the provider does not answer".to_owned();
        self.messages.push(Message::BookingNeedsAttention { step: step.clone(), error });
        self.state = BookingState::NeedsAttention { step, toward: EndState::Expired };
        self
    }

    fn is_open(&self) -> bool {
        self.state.is_open()
    }

    fn needs_saga(&self) -> bool {
        self.state.end().is_none()
    }
}
