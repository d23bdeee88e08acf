//! Messages: the outbox on its way to Kafka, and everything that listens. Knows no SQL and no HTTP.

pub mod envelope;
pub mod schema;
pub mod topics;

pub mod kafka;
pub mod log;
pub mod relay;

mod acting;
pub mod commands;
pub mod consumer;
pub mod notices;
pub mod orders;
pub mod payments;
