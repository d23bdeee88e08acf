//! Notices from the row to the mail: against real databases, real folders and real SMTP conversations.

#![allow(clippy::unwrap_used)]

mod mail_server;
mod stage;

mod sending;
mod smtp;
mod writing;
