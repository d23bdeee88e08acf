//! The binary's insides: settings, wiring, and a subcommand per role. Holds no rule of its own.

pub mod application;
pub mod command;
pub mod provider;
pub mod relaying;
pub mod settings;

pub mod discovery;
pub mod metrics;
pub mod operations;
pub mod stop;
pub mod workers;

pub mod dev;
pub mod engine_server;
pub mod logging;
pub mod promises;

pub mod demo;
pub mod sample;

mod requests;
