//! The groups of operations in the document.

use poem_openapi::Tags;

/// A group of operations.
#[derive(Tags)]
pub enum Tag {
    /// Buying seats: book, look, cancel.
    Bookings,
    /// What is on, and which seats are free. Needs no token.
    Shows,
    /// Register, log in, log out.
    Accounts,
    /// How callers are reached.
    Contact,
    /// Who sells, and who works for them.
    Partners,
    /// What partners sell: venues, halls, events.
    Catalogue,
    /// What payment providers call.
    Webhooks,
    /// What operators see and do. Needs the role `admin`.
    Admin,
    /// Whether the service lives and is ready.
    Health,
}
