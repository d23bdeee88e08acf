//! What a saga can be found by in the engine's own user interface.

use temporalio_common::search_attributes::SearchAttributeKey;

/// Where the booking stands: set at the start, when it gets stuck, and at the end.
pub const BOOKING_STATE: SearchAttributeKey<String> = SearchAttributeKey::keyword("BookingState");
/// The show.
pub const SHOW_ID: SearchAttributeKey<String> = SearchAttributeKey::keyword("ShowId");
/// Who books.
pub const CUSTOMER_ID: SearchAttributeKey<String> = SearchAttributeKey::keyword("CustomerId");
/// Who sells.
pub const PARTNER_ID: SearchAttributeKey<String> = SearchAttributeKey::keyword("PartnerId");

/// The names of all of them; each is a keyword.
pub const NAMES: [&str; 4] = ["BookingState", "ShowId", "CustomerId", "PartnerId"];
