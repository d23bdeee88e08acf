//! What the rules promise, as tables and as properties.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

mod best_available;
mod booking_state;
mod drawn;
mod hold;
mod ids;
mod message_intent;
mod money;
mod neighbours;
mod payment;
mod quote;
mod seat_map;
mod show;
mod single_seat;
