//! What the whole system promises, tried over HTTP with a real engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

mod availability;
mod bad_input;
mod best_seats;
mod browsing;
mod by_hand;
mod calling_off;
mod configuration;
mod crash;
mod deleting;
mod edges;
mod identity;
mod importing;
mod large;
mod late_money;
mod messages;
mod notices;
mod offers;
mod outage;
mod payment;
mod permissions;
mod planning;
mod race;
mod replay;
mod retry;
mod roles;
mod show_bookings;
mod steps;
mod story;
mod stuck;
mod webhook;
