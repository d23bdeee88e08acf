//! The rules of selling seats: pure values and total functions. Knows no clock, no randomness, no database, no wire.

pub mod field;
pub mod ids;
pub mod limits;
pub mod money;

pub mod account;
pub mod member;
pub mod session;

pub mod event;
pub mod external_id;
pub mod partner;
mod position;
pub mod seat;
pub mod seat_map;
pub mod show;
pub mod show_cancel;
pub mod show_seat;
pub mod venue;

pub mod fee;
pub mod offer;
pub mod offer_calendar;
mod offer_check;
pub mod offer_draft;
pub mod offer_terms;
mod offer_words;
pub mod pricing;

pub mod best_available;
pub mod neighbours;
pub mod single_seat;

pub mod quote;
mod quote_hint;
mod stacking;
pub mod unused_offer;

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
