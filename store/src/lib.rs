//! The database: what is written together, in which order it is locked, and what is read. Knows no engine, no provider,
//! no lock server and no wire.
//!
//! Every change is one transaction that locks the booking first, asks the domain what becomes of it, and writes the
//! state, the messages and the timeline together. Every change may be repeated: it answers the same and writes nothing.

mod connection;
mod database_config;
mod error;
mod pool;
mod transaction;

mod column;
mod statement;

mod account;
mod member;
mod session;

mod browse;
mod catalogue;
mod earning;
mod event;
mod offer;
mod pricing;
mod seat_map;
mod show;
mod show_booking;
mod show_cancel;
mod show_delete;
mod show_plan;
mod show_seat;
mod sold_elsewhere;
mod venue;
mod versioned;

mod booking;
mod booking_cancel;
mod booking_close;
mod booking_confirm;
mod booking_open;
mod booking_read;
mod hold;
mod stuck;

mod message_intent;
mod payment;
mod payment_event;
mod payment_record;
mod refund;

mod consumed;
mod contact;
mod notice;
mod operator_action;
mod order_booking;
mod outbox;
mod relay;
mod sweep;
mod ticket;
mod timeline;

pub use account::{AccountCreated, NewAccount, StoredPassword};
pub use booking_read::{BookingFilter, KnownBooking};
pub use browse::{City, EventFilter, EventListing};
pub use catalogue::Catalogue;
pub use connection::Store;
pub use consumed::DeadLetter;
pub use database_config::DatabaseConfig;
pub use earning::Earnings;
pub use error::StoreError;
pub use hold::Claims;
pub use member::MemberChanged;
pub use notice::{Notice, NoticeState};
pub use operator_action::OperatorAction;
pub use order_booking::OrderBooking;
pub use outbox::{OUTBOX_SLOTS, OutboxMessage};
pub use payment_event::{NewPaymentEvent, PaymentEvent, PaymentEventState, PaymentEventStored};
pub use pricing::Priced;
pub use relay::{Backlog, LogPosition, PublishedBatch, PublishedMessage, SlotLease};
pub use seat_map::SeatsDrawn;
pub use session::{NewSession, Standing};
pub use show::{ShowFilter, ShowListing};
pub use show_booking::ShowBooking;
pub use show_plan::{Allocated, Allocation, NotPutOn, PutOn, Replanned};
pub use show_seat::{Obstacles, SeatCheck};
pub use sold_elsewhere::{SoldElsewhere, SoldTwice};
pub use venue::{HallCreated, HallHead};
pub use versioned::{Edited, Versioned};
