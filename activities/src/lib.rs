//! What the steps of the sagas do: one outside effect each. They decide nothing; a business "no" is a value that the
//! saga decides by.

pub mod booking;
pub mod fault;
pub mod payment;
pub mod seat;
pub mod show;
pub mod worker;
