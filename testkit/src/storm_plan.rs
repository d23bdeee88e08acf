//! What customers of a storm have in mind. Sends nothing: it is decided before the storm begins.

use domain::ids::{SeatId, ShowId};

/// What a customer has in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Pay.
    Pay,
    /// Pay with a card whose webhook comes twice.
    PayTwiceTold,
    /// Pay with a card whose webhooks come out of order.
    PayOutOfOrder,
    /// Pay with a card whose webhook never comes, and ask for the payment to be verified.
    PayUntold,
    /// Pay with a card whose webhook never comes, and ask for nothing.
    PaySilently,
    /// Pay with a card that takes seconds.
    PaySlowly,
    /// Pay when the hold is about to end.
    PayAtTheLastMoment,
    /// Have a card declined, then pay with another one.
    PaySecondCard,
    /// Change one's mind before paying.
    CancelUnpaid,
    /// Change one's mind while paying.
    CancelWhilePaying,
    /// Pay, and want the money back.
    CancelPaid,
    /// Never pay.
    Leave,
}

/// How a customer asks for the booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// Until there is an answer.
    Once,
    /// Three times at once, at different APIs.
    Thrice,
    /// Once more, long after everything is over.
    AgainLongAfter,
    /// And then for something else with the same key, which has to be refused.
    OtherBody,
}

/// All that a customer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What to do with the booking.
    pub plan: Plan,
    /// How to ask for it.
    pub manner: Manner,
    /// For which show.
    pub show_id: ShowId,
    /// For which seats.
    pub seats: Vec<SeatId>,
    /// A seat that is none of them.
    pub other_seat: SeatId,
    /// Whether nobody else ever wants these seats.
    pub alone: bool,
}

impl Plan {
    /// A plan by chance: four in ten simply pay.
    pub fn random(random: &mut fastrand::Rng) -> Self {
        match random.u32(0..40) {
            0..16 => Self::Pay,
            16..18 => Self::PayTwiceTold,
            18..20 => Self::PayOutOfOrder,
            20 => Self::PayUntold,
            21 => Self::PaySilently,
            22..24 => Self::PaySlowly,
            24..28 => Self::PayAtTheLastMoment,
            28..31 => Self::PaySecondCard,
            31..33 => Self::CancelUnpaid,
            33..35 => Self::CancelWhilePaying,
            35..37 => Self::CancelPaid,
            _ => Self::Leave,
        }
    }

    /// Whether the end is that of the hold, so that it should not be long.
    pub fn waits_for_the_deadline(self) -> bool {
        matches!(self, Self::Leave | Self::PayAtTheLastMoment | Self::PaySilently)
    }
}

impl Manner {
    /// A manner by chance: seven in ten ask once.
    pub fn random(random: &mut fastrand::Rng) -> Self {
        match random.u32(0..20) {
            0..14 => Self::Once,
            14..17 => Self::Thrice,
            17 => Self::AgainLongAfter,
            _ => Self::OtherBody,
        }
    }
}
