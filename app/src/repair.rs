//! The operator's door: audited words to a saga that is stuck. There is no other way to move one.

use domain::booking_state::BookingState;
use domain::ids::BookingId;
use domain::ticket::TicketState;
use locks::LockedSeat;
use store::OperatorAction;
use uuid::Uuid;
use workflows::signals::{OperatorWord, ResolvedAs};

use crate::engine::Word;
use crate::identity::{Caller, Role};
use crate::{App, AppError};

/// What an operator wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What the saga is told.
    pub action: RepairAction,
    /// Why, in the operator's words; kept in the audit log and on the timeline.
    pub note: String,
}

/// What a stuck saga can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairAction {
    /// Try the stuck step again now.
    Retry,
    /// The stuck step has been done by hand.
    Resolve {
        /// Where the booking ends; none for where it was going.
        end: Option<ResolvedAs>,
    },
}

impl App {
    /// Tells a stuck saga what an operator wants, after writing it down.
    pub async fn repair(&self, caller: &Caller, booking_id: BookingId, repair: Repair) -> Result<(), AppError> {
        caller.require(Role::Admin)?;
        if repair.note.trim().is_empty() {
            return Err(AppError::invalid("note", "note_missing", "say why, for those who read it later"));
        }
        let booking = self.booking_for(caller, booking_id).await?;
        if let RepairAction::Resolve { end } = repair.action {
            if !matches!(booking.state, BookingState::NeedsAttention { .. }) {
                return Err(AppError::WrongState {
                    what: "booking",
                    state: booking.state.name(),
                    wish: "resolved by hand",
                });
            }
            // What is sold is taken back by cancelling it, which gives the money back as well.
            let tickets = self.store().tickets_of(booking.id).await?;
            if end.is_some() && tickets.iter().any(|ticket| ticket.state == TicketState::Issued) {
                return Err(AppError::invalid(
                    "end",
                    "booking_has_tickets",
                    "the booking has tickets: it ends confirmed",
                ));
            }
        }
        let operator = caller.customer_id.to_string();
        let (action, word) = match repair.action {
            RepairAction::Retry => ("retry", OperatorWord::Retry { operator: operator.clone() }),
            RepairAction::Resolve { end } => ("resolve", OperatorWord::Resolve { operator: operator.clone(), end }),
        };
        let written = OperatorAction {
            id: Uuid::now_v7(),
            booking_id: booking.id,
            operator,
            action: action.to_owned(),
            note: repair.note,
        };
        self.store().record_operator_action(&written, self.now()).await?;
        self.tell(booking.id, Word::Operator(word)).await
    }

    /// Every seat that the locks refuse, for operators and for the checker.
    pub async fn locked_seats(&self, caller: &Caller) -> Result<Vec<LockedSeat>, AppError> {
        caller.require(Role::Admin)?;
        self.locks()
            .all(self.now())
            .await
            .map_err(|error| AppError::Unavailable { part: "seat locks", source: error.into() })
    }
}
