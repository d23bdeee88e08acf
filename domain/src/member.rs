//! Members: the people of a partner, and what each may do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::EmailAddress;
use crate::ids::{CustomerId, PartnerId};

/// What somebody is at a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Plans and sells.
    Staff,
    /// Does that, and decides what cannot be taken back: who is a member, and that a show is called off.
    Owner,
}

/// What is done to what belongs to a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Looks at its halls, shows that are not announced, sales.
    See,
    /// Changes venues, halls, events, shows with their prices, offers and inventory.
    Plan,
    /// Calls a show off, which gives money back.
    CallOff,
    /// Says who is a member, and changes the partner itself.
    Govern,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 4] = [Self::See, Self::Plan, Self::CallOff, Self::Govern];
}

impl MemberRole {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Owner => "owner",
        }
    }

    /// Every role.
    pub const ALL: [Self; 2] = [Self::Staff, Self::Owner];

    /// Whether a member with this role may do something.
    pub const fn may(self, deed: Deed) -> bool {
        match (self, deed) {
            (Self::Owner, _) | (Self::Staff, Deed::See | Deed::Plan) => true,
            (Self::Staff, Deed::CallOff | Deed::Govern) => false,
        }
    }
}

/// Somebody who works for a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The partner.
    pub partner_id: PartnerId,
    /// Who.
    pub customer_id: CustomerId,
    /// What they log in with.
    pub email: EmailAddress,
    /// As what.
    pub role: MemberRole,
    /// Since when.
    pub added_at: Timestamp,
}
