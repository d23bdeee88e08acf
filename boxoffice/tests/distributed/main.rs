//! The tests of the saga once more, on PostgreSQL and Redis. The mode follows from this program's name.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

#[path = "../it/availability.rs"]
mod availability;
#[path = "../it/bad_input.rs"]
mod bad_input;
#[path = "../it/best_seats.rs"]
mod best_seats;
#[path = "../it/browsing.rs"]
mod browsing;
#[path = "../it/by_hand.rs"]
mod by_hand;
#[path = "../it/calling_off.rs"]
mod calling_off;
#[path = "../it/crash.rs"]
mod crash;
#[path = "../it/deleting.rs"]
mod deleting;
#[path = "../it/identity.rs"]
mod identity;
#[path = "../it/importing.rs"]
mod importing;
#[path = "../it/large.rs"]
mod large;
#[path = "../it/late_money.rs"]
mod late_money;
#[path = "../it/messages.rs"]
mod messages;
#[path = "../it/offers.rs"]
mod offers;
#[path = "../it/outage.rs"]
mod outage;
#[path = "../it/payment.rs"]
mod payment;
#[path = "../it/permissions.rs"]
mod permissions;
#[path = "../it/planning.rs"]
mod planning;
#[path = "../it/race.rs"]
mod race;
#[path = "../it/retry.rs"]
mod retry;
#[path = "../it/show_bookings.rs"]
mod show_bookings;
#[path = "../it/steps.rs"]
mod steps;
#[path = "../it/story.rs"]
mod story;
#[path = "../it/stuck.rs"]
mod stuck;
#[path = "../it/webhook.rs"]
mod webhook;

mod mode;
