//! What the rules promise, as tables and as properties.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

mod account;
mod best_available;
mod booking_state;
mod drawn;
mod fee;
mod hold;
mod ids;
mod message_intent;
mod money;
mod neighbours;
mod offer;
mod offer_calendar;
mod payment;
mod quote;
mod quote_hint;
mod sale;
mod seat_map;
mod show;
mod show_cancel;
mod single_seat;
mod stacking;
mod stacking_properties;
mod unused_offer;
