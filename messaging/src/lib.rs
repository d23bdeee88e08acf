//! Messages: the outbox on its way to Kafka, and everything that listens. Knows no SQL and no HTTP.

pub mod consumer;
pub mod envelope;
pub mod schema;
pub mod topics;
