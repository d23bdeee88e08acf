//! Every identifier of boxoffice: typed, with a text prefix, so that one is never mistaken for another.
//!
//! An id is written as its prefix, an underscore and 32 hexadecimal digits (`bkg_5f0c...`), the same in the
//! database, on the wire and in logs. Ids that a retry has to find again are derived (UUID version 5, RFC 9562
//! section 5.5) from what makes the thing unique; the others are given by the caller.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::external_id::ExternalId;
use crate::payment::IntentId;

/// The namespace of all derived ids. Changing it would orphan every key that was ever used.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_3c52_0c7e_4d0a_9a55_1d2c_b0f1_77e1);

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {article} id: it must look like `{prefix}_` and 32 hexadecimal digits")]
pub struct InvalidId {
    /// The text as given, cut to a length that is safe to show.
    pub text: String,
    /// The prefix that was expected, without the underscore.
    pub prefix: &'static str,
    /// The kind of id with its article, for the message.
    pub article: &'static str,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $article:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// An id from a UUID that the caller made.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID without the prefix.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Parses the text form; the only way from text to an id.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix(concat!($prefix, "_")).filter(|rest| {
                    rest.len() == 32 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                });
                match digits.map(Uuid::try_parse) {
                    Some(Ok(uuid)) => Ok(Self(uuid)),
                    Some(Err(_)) | None => Err(InvalidId {
                        text: text.chars().take(64).collect(),
                        prefix: $prefix,
                        article: $article,
                    }),
                }
            }

            /// The id that always follows from `parts`, in this order.
            #[allow(dead_code, reason = "not every kind of id is derived")]
            fn derive(parts: &[&str]) -> Self {
                // The unit separator cannot occur in a header value or in an id, so no two lists of parts collide.
                let name = format!("{}\u{1f}{}", $prefix, parts.join("\u{1f}"));
                Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )*};
}

typed_ids! {
    /// An organisation that sells.
    PartnerId, "par", "a partner";
    /// A building.
    VenueId, "ven", "a venue";
    /// A room with a seat map.
    HallId, "hal", "a hall";
    /// One place in a hall.
    SeatId, "sea", "a seat";
    /// What is performed.
    EventId, "evt", "an event";
    /// An event in a hall at a time.
    ShowId, "sho", "a show";
    /// A discount rule of a partner.
    OfferId, "off", "an offer";
    /// Somebody who buys; the engine knows nothing else of them.
    CustomerId, "cus", "a customer";
    /// One attempt to buy seats of one show; also the id of its `BookTicket` workflow.
    BookingId, "bkg", "a booking";
    /// Several bookings paid together.
    OrderId, "ord", "an order";
    /// What the provider is asked to collect for a booking or an order.
    PaymentId, "pay", "a payment";
    /// Money back for a payment.
    RefundId, "rfd", "a refund";
    /// The right to one seat.
    TicketId, "tkt", "a ticket";
    /// A published fact.
    MessageId, "msg", "a message";
    /// Something that a customer is told.
    NoticeId, "ntc", "a notice";
    /// The time for which somebody is logged in on a device.
    SessionId, "ses", "a session";
}

impl BookingId {
    /// The booking that `key` stands for when `customer` sends it: a retry, however late, finds the same booking.
    pub fn for_key(customer: CustomerId, key: &str) -> Self {
        Self::derive(&[&customer.to_string(), key])
    }
}

impl PaymentId {
    /// The one payment of a booking.
    pub fn for_booking(booking: BookingId) -> Self {
        Self::derive(&[&booking.to_string()])
    }
}

impl RefundId {
    /// The one refund of a payment for a reason: asking twice finds the same refund.
    pub fn for_reason(payment: PaymentId, reason: &str) -> Self {
        Self::derive(&[&payment.to_string(), reason])
    }
}

impl TicketId {
    /// The ticket of a booking for a seat.
    pub fn for_seat(booking: BookingId, seat: SeatId) -> Self {
        Self::derive(&[&booking.to_string(), &seat.to_string()])
    }
}

impl MessageId {
    /// The `seq`-th message about an aggregate, whose id is given in its text form.
    pub fn for_sequence(aggregate: &str, seq: i64) -> Self {
        Self::derive(&[aggregate, &seq.to_string()])
    }
}

impl NoticeId {
    /// The one notice of a step of a booking.
    pub fn for_step(booking: BookingId, step: &str) -> Self {
        Self::derive(&[&booking.to_string(), step])
    }
}

impl IntentId {
    /// The intent of a provider that does not name its intents itself: a repeated request finds the same one.
    pub fn for_key(idempotency_key: &str) -> Self {
        let name = format!("pi\u{1f}{idempotency_key}");
        Self::new(format!("pi_{}", Uuid::new_v5(&NAMESPACE, name.as_bytes()).simple()))
    }
}

impl SeatId {
    /// The seat at a place of a hall; importing the same seat map twice finds the same seats.
    pub fn for_place(hall: HallId, section: &str, row: &str, number: &str) -> Self {
        Self::derive(&[&hall.to_string(), section, row, number])
    }
}

macro_rules! imported_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        impl $name {
            $(#[$doc])*
            pub fn for_external(partner: PartnerId, external: &ExternalId) -> Self {
                Self::derive(&[&partner.to_string(), external.as_str()])
            }
        }
    )*};
}

imported_ids! {
    /// The building that a partner's own system knows by this id: importing it twice finds the same one.
    VenueId;
    /// The room that a partner's own system knows by this id.
    HallId;
    /// The event that a partner's own system knows by this id.
    EventId;
    /// The show that a partner's own system knows by this id.
    ShowId;
}
