//! What a use case answers when it cannot do what it was asked: no transport in it, one stable code each.

use domain::booking_state::FailureReason;
use domain::field::InvalidField;
use domain::ids::SeatId;
use domain::limits::MEMBERS_PER_PARTNER;
use domain::seat_map::SeatMapFaults;
use domain::show::NotOnSale;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Something in the request cannot be right.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, as the caller wrote it (`seatIds`, `Idempotency-Key`).
        field: &'static str,
        /// The stable code of the problem, such as `seats_unknown`.
        code: &'static str,
        /// The problem in words.
        problem: String,
    },
    /// There is no such thing, or the caller may not know of it.
    #[error("there is no such {what}")]
    NotFound {
        /// What, in the glossary's word.
        what: &'static str,
    },
    /// Some of the seats belong to somebody else.
    #[error("{} of the seats are taken", seat_ids.len())]
    SeatsTaken {
        /// Which.
        seat_ids: Vec<SeatId>,
    },
    /// Seats that are to be kept back, released or moved are held by or sold to somebody.
    #[error("{} of the seats are held or sold; no seat was changed", seat_ids.len())]
    SeatsOfSomebody {
        /// Which.
        seat_ids: Vec<SeatId>,
    },
    /// Seats that were picked by hand would leave others single, and the show does not sell such seats.
    #[error("the seats would leave {} single, which can be avoided", seat_ids.len())]
    SeatsStranded {
        /// The seats that would be left single.
        seat_ids: Vec<SeatId>,
    },
    /// There are not as many seats together as were wished for.
    #[error("there are not as many seats together; {largest} there are")]
    NotTogether {
        /// The largest number for which the same wish could be fulfilled; 0, if there is none.
        largest: usize,
    },
    /// The show does not sell.
    #[error("{why}")]
    NotOnSale {
        /// Why not.
        why: NotOnSale,
    },
    /// The customer holds seats of this show in too many bookings.
    #[error("there are {limit} open bookings of this customer for this show already")]
    TooManyHolds {
        /// How many are allowed.
        limit: i32,
    },
    /// The idempotency key belongs to a request with another body.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// A booking, or a show, is in a state in which this cannot be done.
    #[error("a {what} that is {state} cannot be {wish}")]
    WrongState {
        /// What, in the glossary's word.
        what: &'static str,
        /// The name of the state.
        state: &'static str,
        /// What was wished, as a participle.
        wish: &'static str,
    },
    /// The booking failed when it was made; its key is used up.
    #[error("the booking failed: {reason}; a new try needs a new idempotency key")]
    BookingFailed {
        /// Why.
        reason: FailureReason,
    },
    /// The caller is not known.
    #[error("the bearer token is {problem}")]
    Unauthenticated {
        /// What is wrong with the token.
        problem: &'static str,
    },
    /// The caller may not do this.
    #[error("this needs the role `{role}`")]
    Forbidden {
        /// Which role it needs.
        role: &'static str,
    },
    /// The address or the password is not right; which is not told.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// Somebody has registered with this address before.
    #[error("there is an account with this address already")]
    EmailTaken,
    /// A partner would be without an owner.
    #[error("a partner needs an owner: make somebody else one first")]
    LastOwner,
    /// A partner has as many members as it may have.
    #[error("a partner has at most {MEMBERS_PER_PARTNER} members")]
    TooManyMembers,
    /// Somebody else has changed what the caller wants to change.
    #[error("it was changed by somebody else; read it again")]
    Changed,
    /// A seat map has faults.
    #[error("the seat map has faults: {faults}")]
    SeatMapRefused {
        /// All of them, each with its place.
        faults: SeatMapFaults,
    },
    /// Seats that are to be removed belong to shows.
    #[error("{} seats that are not drawn any more belong to shows", seat_ids.len())]
    SeatsInUse {
        /// Which.
        seat_ids: Vec<SeatId>,
    },
    /// What is to be deleted is needed.
    #[error("the {what} has {by}")]
    InUse {
        /// What, in the glossary's word.
        what: &'static str,
        /// What needs it.
        by: &'static str,
    },
    /// It is asked for too often.
    #[error("too many requests; the next one is answered in {after_seconds} s")]
    TooManyRequests {
        /// When it may be asked again, in seconds.
        after_seconds: u64,
    },
    /// The signature of a webhook is wrong, or it is too old.
    #[error("the webhook is refused: {problem}")]
    WebhookRefused {
        /// Why.
        problem: String,
    },
    /// A part that is needed is away; the same request may be sent again.
    #[error("{part} is away")]
    Unavailable {
        /// Which part: `engine`, `database`, `payment provider`.
        part: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A defect: something that should not happen.
    #[error("something went wrong")]
    Internal {
        /// What.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl AppError {
    /// The stable code, one page of the documentation each.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { code, .. } => code,
            Self::NotFound { .. } => "not_found",
            Self::SeatsTaken { .. } | Self::SeatsOfSomebody { .. } => "seats_taken",
            Self::SeatsStranded { .. } => "seats_stranded",
            Self::NotTogether { .. } => "not_together",
            Self::NotOnSale { .. } => "not_on_sale",
            Self::TooManyHolds { .. } => "too_many_holds",
            Self::KeyReused => "idempotency_key_reused",
            Self::WrongState { .. } => "wrong_state",
            Self::BookingFailed { .. } => "booking_failed",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::WrongCredentials => "wrong_credentials",
            Self::EmailTaken => "email_taken",
            Self::LastOwner => "last_owner",
            Self::TooManyMembers => "too_many_members",
            Self::Changed => "changed",
            Self::SeatMapRefused { .. } => "seat_map_refused",
            Self::InUse { .. } | Self::SeatsInUse { .. } => "in_use",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::WebhookRefused { .. } => "webhook_refused",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal { .. } => "internal",
        }
    }

    pub(crate) fn invalid(field: &'static str, code: &'static str, problem: impl ToString) -> Self {
        Self::Invalid { field, code, problem: problem.to_string() }
    }

    pub(crate) fn of_field(invalid: InvalidField) -> Self {
        Self::Invalid { field: invalid.field, code: "invalid_value", problem: invalid.problem }
    }

    pub(crate) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal { source: source.into() }
    }

    pub(crate) fn engine_away(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { part: "engine", source: source.into() }
    }
}

impl From<store::StoreError> for AppError {
    fn from(error: store::StoreError) -> Self {
        if error.is_transient() {
            Self::Unavailable { part: "database", source: error.into() }
        } else {
            Self::internal(error)
        }
    }
}

impl From<FailureReason> for AppError {
    /// How a booking that was refused in its saga is answered, the first time and for ever.
    fn from(reason: FailureReason) -> Self {
        match reason {
            FailureReason::SeatsTaken { seat_ids } => Self::SeatsTaken { seat_ids },
            FailureReason::SeatsUnknown { seat_ids } => seats_unknown(&seat_ids),
            FailureReason::NotOnSale { why } => Self::NotOnSale { why },
            FailureReason::TooManyHolds { limit } => Self::TooManyHolds { limit },
            reason @ (FailureReason::NoPrice
            | FailureReason::PaymentUnavailable
            | FailureReason::PaymentDeclined
            | FailureReason::Abandoned) => Self::BookingFailed { reason },
        }
    }
}

/// Seats that the show does not have.
pub(crate) fn seats_unknown(seat_ids: &[SeatId]) -> AppError {
    let list = seat_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    AppError::invalid("seatIds", "seats_unknown", format!("the show has no seats {list}"))
}
