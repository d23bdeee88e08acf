//! Which topic a message is published to. The names are settings; which type goes where is not.

use domain::message::Message;

/// The names of the topics of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// What becomes of bookings and their tickets.
    pub booking_events: String,
    /// What becomes of their money; also what a provider that is reached by message is asked for.
    pub payment_events: String,
    /// Where payment providers tell what became of a payment.
    pub payment_results: String,
    /// Where other systems ask for something to be done to a booking.
    pub booking_commands: String,
    /// Where messages go that cannot be understood, with the reason.
    pub dead_letters: String,
}

/// One of the topics that boxoffice publishes facts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactTopic {
    /// Bookings and tickets.
    Bookings,
    /// Payments and refunds.
    Payments,
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            booking_events: "booking-events".to_owned(),
            payment_events: "payment-events".to_owned(),
            payment_results: "payment-results".to_owned(),
            booking_commands: "booking-commands".to_owned(),
            dead_letters: "boxoffice-dead-letters".to_owned(),
        }
    }
}

impl Topics {
    /// Every topic, for whoever creates them.
    pub fn all(&self) -> [&str; 5] {
        let Self { booking_events, payment_events, payment_results, booking_commands, dead_letters } = self;
        [booking_events, payment_events, payment_results, booking_commands, dead_letters]
    }

    /// The name of a topic of facts.
    pub fn name(&self, topic: FactTopic) -> &str {
        match topic {
            FactTopic::Bookings => &self.booking_events,
            FactTopic::Payments => &self.payment_events,
        }
    }
}

/// Where a message is published.
pub const fn topic_of(message: &Message) -> FactTopic {
    match message {
        Message::BookingCreated { .. }
        | Message::BookingConfirmed { .. }
        | Message::BookingCancelled { .. }
        | Message::BookingExpired { .. }
        | Message::BookingFailed { .. }
        | Message::BookingNeedsAttention { .. }
        | Message::TicketIssued { .. }
        | Message::TicketVoided { .. } => FactTopic::Bookings,
        Message::PaymentRequested { .. }
        | Message::PaymentConfirmed { .. }
        | Message::PaymentFailed { .. }
        | Message::PaymentCancellationRequested { .. }
        | Message::RefundRequested { .. }
        | Message::PaymentRefunded { .. }
        | Message::RefundFailed { .. } => FactTopic::Payments,
    }
}
