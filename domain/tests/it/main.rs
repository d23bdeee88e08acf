//! What the rules promise, as tables and as properties.

mod booking_state;
mod hold;
mod ids;
mod money;
mod payment;
mod quote;
mod show;
