//! The promises, and the kinds of evidence that each is held against.

use std::fmt;

use crate::evidence::Quiet;

/// What is promised to hold under crashes, restarts, network cuts, duplicates and reordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// No seat of a show is ever sold to two bookings.
    P1,
    /// Captured money always ends as tickets or as a refund.
    P2,
    /// No ticket without captured money, or a price of zero.
    P3,
    /// No hold outlives its deadline by more than a minute, nor the hard cap.
    P4,
    /// Every refund happens exactly once.
    P5,
    /// Every change is published, in order per booking; nothing is published that was rolled back.
    P6,
    /// What was answered with success survives.
    P7,
    /// A retried request has no second effect.
    P8,
    /// What the promises rest on: the rows of a booking agree with each other, and somebody sees to each open one.
    Consistency,
}

impl Promise {
    /// Every promise, in order.
    pub const ALL: [Self; 9] =
        [Self::P1, Self::P2, Self::P3, Self::P4, Self::P5, Self::P6, Self::P7, Self::P8, Self::Consistency];

    /// The promise as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::P1 => "No seat is sold to two bookings.",
            Self::P2 => "Captured money ends as tickets or as a refund.",
            Self::P3 => "No ticket without captured money.",
            Self::P4 => "No hold outlives its deadline.",
            Self::P5 => "Every refund happens exactly once.",
            Self::P6 => "Every change is published, in order.",
            Self::P7 => "What was answered with success survives.",
            Self::P8 => "A retried request has no second effect.",
            Self::Consistency => "Records agree, sagas see to open bookings.",
        }
    }

    /// What is counted to say how much was looked at.
    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::P1 => "held or sold seats",
            Self::P2 => "captures",
            Self::P3 => "valid tickets",
            Self::P4 => "holds and locks",
            Self::P5 => "refunds",
            Self::P6 => "messages",
            Self::P7 => "answers and webhooks",
            Self::P8 => "bookings, intents, events and answers",
            Self::Consistency => "bookings",
        }
    }

    /// What the promise is held against, and what is left unchecked where that is missing.
    pub(crate) fn needs(self, quiet: Quiet) -> Vec<(Source, &'static str)> {
        let mut needs = vec![(Source::Database, "")];
        match self {
            Self::P1 => needs.push((Source::Locks, "whether the locks agree with the sales is not checked")),
            Self::P2 => {
                needs.push((Source::Ledger, "only money that the database knows of is checked, by its own word"));
                if quiet == Quiet::Running {
                    needs.push((Source::Sagas, "money of bookings that may still move is not checked"));
                }
            }
            Self::P3 => needs.push((Source::Ledger, "the money is there by the database's own word")),
            Self::P4 => {
                needs.push((Source::Locks, "locks that outlive their hold are not checked"));
                needs.push((Source::Sagas, "locks without a booking are not checked"));
            }
            Self::P5 => {
                needs.push((Source::Ledger, "what the provider gave back is not checked, only the database's sums"));
                if quiet == Quiet::Running {
                    needs.push((Source::Sagas, "refunds of bookings that may still move are not checked"));
                }
            }
            Self::P6 => {}
            Self::P7 => {
                needs.push((Source::Ledger, "whether acknowledged webhooks are kept is not checked"));
                needs.push((Source::Answers, "whether answers are still so is not checked"));
            }
            Self::P8 => {
                needs.push((Source::Ledger, "whether the provider was asked twice is not checked"));
                needs.push((Source::Starts, "whether a saga was started twice is not checked"));
                needs.push((Source::Answers, "whether a key names one booking is not checked"));
            }
            Self::Consistency => needs.push((Source::Sagas, "whether open bookings have a saga is not checked")),
        }
        needs
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
            Self::P5 => "P5",
            Self::P6 => "P6",
            Self::P7 => "P7",
            Self::P8 => "P8",
            Self::Consistency => "--",
        })
    }
}

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The database of the system.
    Database,
    /// The payment provider's ledger.
    Ledger,
    /// The seat locks.
    Locks,
    /// The open workflows.
    Sagas,
    /// How often workflows were started.
    Starts,
    /// What clients were answered.
    Answers,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Database => "database",
            Self::Ledger => "ledger",
            Self::Locks => "locks",
            Self::Sagas => "open sagas",
            Self::Starts => "started sagas",
            Self::Answers => "answers",
        })
    }
}
