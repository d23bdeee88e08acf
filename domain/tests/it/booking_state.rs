use domain::booking::{InvalidSelection, SeatSelection};
use domain::booking_state::{BookingEvent, BookingState, CancelledBy, EndState, FailureReason};
use domain::ids::SeatId;
use proptest::prelude::*;
use uuid::Uuid;

fn states() -> Vec<BookingState> {
    vec![
        BookingState::Pending,
        BookingState::AwaitingPayment,
        BookingState::Confirmed,
        BookingState::Expired,
        BookingState::Failed { reason: FailureReason::PaymentDeclined },
        BookingState::Cancelled { by: CancelledBy::Customer },
        BookingState::NeedsAttention { step: "payment.cancel".to_owned(), toward: EndState::Expired },
    ]
}

fn events() -> Vec<BookingEvent> {
    vec![
        BookingEvent::PaymentRequested,
        BookingEvent::Sold,
        BookingEvent::HoldLapsed,
        BookingEvent::Failed(FailureReason::PaymentDeclined),
        BookingEvent::Cancelled(CancelledBy::Customer),
        BookingEvent::GotStuck { step: "payment.cancel".to_owned(), toward: EndState::Expired },
        BookingEvent::Unstuck(EndState::Expired),
    ]
}

/// The table of the product document, state by state: where each event leads, `-` for nowhere.
#[test]
fn the_table_of_states_is_the_product_documents() {
    let sold_only = ["-", "confirmed", "-", "-", "-", "needs_attention", "-"];
    let table = [
        ("pending", ["awaiting_payment", "confirmed", "-", "failed", "cancelled", "needs_attention", "-"]),
        (
            "awaiting_payment",
            ["awaiting_payment", "confirmed", "expired", "failed", "cancelled", "needs_attention", "-"],
        ),
        ("confirmed", ["-", "-", "-", "-", "cancelled", "needs_attention", "-"]),
        ("expired", sold_only),
        ("failed", sold_only),
        ("cancelled", sold_only),
        ("needs_attention", ["-", "confirmed", "-", "-", "-", "needs_attention", "expired"]),
    ];
    for (state, (name, row)) in states().into_iter().zip(table) {
        assert_eq!(state.name(), name);
        for (event, expected) in events().into_iter().zip(row) {
            let next = state.transition(event.clone()).map_or("-", |next| next.name());
            assert_eq!(next, expected, "{name} on {event:?}");
        }
    }
}

#[test]
fn every_state_is_written_and_read_back() {
    for state in states() {
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<BookingState>(&text).unwrap(), state, "{text}");
        assert!(BookingState::NAMES.contains(&state.name()));
    }
}

#[test]
fn a_selection_has_one_to_ten_different_seats() {
    let seat = |number| SeatId::new(Uuid::from_u128(number));
    assert_eq!(SeatSelection::parse(Vec::new()), Err(InvalidSelection::Empty));
    assert_eq!(SeatSelection::parse((0..11).map(seat).collect()), Err(InvalidSelection::TooMany { count: 11 }));
    let twice = vec![seat(1), seat(2), seat(1)];
    assert_eq!(SeatSelection::parse(twice), Err(InvalidSelection::Duplicate { seat_id: seat(1) }));
    assert!(SeatSelection::parse((0..10).map(seat).collect()).is_ok());
}

proptest! {
    #[test]
    fn a_booking_that_has_ended_changes_only_for_late_money_a_cancellation_or_an_operator(
        path in proptest::collection::vec(0_usize..7, 0..20),
    ) {
        let mut state = BookingState::Pending;
        for step in path {
            let event = events().swap_remove(step);
            let Ok(next) = state.transition(event.clone()) else { continue };
            if state.end().is_some() {
                let allowed = matches!(
                    event,
                    BookingEvent::Sold | BookingEvent::Cancelled(_) | BookingEvent::GotStuck { .. }
                );
                prop_assert!(allowed, "{:?} on {:?}", state, event);
            }
            prop_assert!(!(next.is_open() && state.end().is_some()), "no way back to an open booking");
            state = next;
        }
    }
}
