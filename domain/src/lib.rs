//! The rules of selling seats: pure values and total functions. Knows no clock, no randomness, no database, no wire.

pub mod ids;
pub mod limits;
pub mod money;

pub mod event;
pub mod partner;
mod position;
pub mod seat;
pub mod seat_map;
pub mod show;
pub mod show_seat;
pub mod venue;

pub mod best_available;
pub mod neighbours;
pub mod single_seat;

pub mod quote;

pub mod booking;
pub mod booking_state;
pub mod hold;
pub mod payment;
pub mod refund;
pub mod ticket;

pub mod contact;
pub mod message;
pub mod message_intent;
pub mod timeline;
