//! The checker against worlds in which everything is right, and against each with one thing made wrong.

mod clean;
mod seeded;
mod story;
mod tolerated;
mod world;

mod broken_messages;
mod broken_money;
mod broken_requests;
mod broken_seats;
