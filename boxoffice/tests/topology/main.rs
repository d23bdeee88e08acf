//! The distributed mode as operators run it: the shipped binary as several processes on PostgreSQL, Redis, Temporal and
//! Kafka, behind proxies that cut, while processes die and servers restart.
//!
//! These tests stop servers that all tests share. So they are a program of their own, which runs when the others have
//! ended, and only one of them runs at a time.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

mod availability;
mod messages;
mod outages;
mod postgres_restarts;
mod redis_is_lost;
mod sale;
mod stage;
