//! The promise checker: holds promises P1 to P8 against the evidence, whatever has happened to the system.
//!
//! It must not know how the system does its work: it asks the database with statements of its own, reads the payment
//! provider's ledger, and believes neither the store's queries nor the sagas. It changes nothing.
//!
//! The rows are read once, in one transaction, and every check is a function on them. What is read in which order
//! matters while the system runs: the caller collects locks, sagas and answers first, then the database is read, then
//! the ledger. Money moves at the provider before the database hears of it, so what the database says was captured
//! must be in the ledger, while the ledger may be ahead for as long as a saga still has time to follow.

mod answer;
mod evidence;
mod promise;
mod report;

mod case;
mod error;
mod findings;
mod rows;

mod p1_locks;
mod p1_seats;
mod p1_takes;
mod p2_money;
mod p2_open_intents;
mod p3_tickets;
mod p4_holds;
mod p4_locks;
mod p5_refunds;
mod p5_sums;
mod p6_messages;
mod p6_story;
mod p7_answers;
mod p7_webhooks;
mod p8_events;
mod p8_intents;
mod p8_retries;
mod p8_sagas;
mod records;
mod sagas;

pub use answer::Answer;
pub use error::CheckError;
pub use evidence::{Evidence, Ledger, Quiet, SeatLock};
pub use promise::{Promise, Source};
pub use report::{Attention, Checked, Counts, Report, Violation};

use crate::case::Case;
use crate::findings::Findings;
use crate::rows::{LedgerRows, Rows};

/// Checks every promise against the evidence. An error says that the evidence could not be read, not that a promise
/// is broken.
pub async fn check(evidence: &Evidence, quiet: Quiet) -> Result<Report, CheckError> {
    let rows = Rows::read(&evidence.database).await?;
    let ledger = match &evidence.ledger {
        Some(ledger) => Some(LedgerRows::read(ledger).await?),
        None => None,
    };
    let case = Case::new(evidence, quiet, &rows, ledger.as_ref());
    let mut found = Findings::default();
    p1_seats::check(&case, &mut found);
    p1_locks::check(&case, &mut found);
    p1_takes::check(&case, &mut found);
    p2_money::check(&case, &mut found);
    p2_open_intents::check(&case, &mut found);
    p3_tickets::check(&case, &mut found);
    p4_holds::check(&case, &mut found);
    p4_locks::check(&case, &mut found);
    p5_refunds::check(&case, &mut found);
    p5_sums::check(&case, &mut found);
    p6_messages::check(&case, &mut found);
    p6_story::check(&case, &mut found);
    p7_answers::check(&case, &mut found);
    p7_webhooks::check(&case, &mut found);
    p8_retries::check(&case, &mut found);
    p8_intents::check(&case, &mut found);
    p8_events::check(&case, &mut found);
    p8_sagas::check(&case, &mut found);
    records::check(&case, &mut found);
    sagas::check(&case, &mut found);
    Ok(report::write(&case, found))
}
