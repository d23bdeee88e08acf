//! Domain values become the wire's words.

use api::booking_out::BookingOut;
use api::show_seat::{SeatCountsOut, ShowSeatsOut};
use app::BookingView;
use domain::booking::{Booking, Fingerprint};
use domain::booking_state::{BookingState, CancelledBy, EndState, FailureReason};
use domain::ids::{BookingId, CustomerId, PartnerId, SeatId, ShowId};
use domain::money::{Currency, Money};
use domain::payment::{AttemptRecord, AttemptState};
use domain::seat::SeatCategory;
use domain::show::RefundPolicy;
use domain::show_seat::{ShowSeat, ShowSeatState};
use jiff::Timestamp;
use poem_openapi::types::ToJSON;
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn a_booking_that_awaits_its_payment_says_where_to_pay() {
    let out = written(BookingState::AwaitingPayment);
    assert_eq!(out["state"], "awaiting_payment");
    assert_eq!(out["amount"], json!({"minor": 2450, "currency": "EUR", "display": "24.50 EUR"}));
    assert_eq!(out["expiresAt"], "2026-12-24T19:05:00Z");
    let payment = json!({"attempt": 2, "state": "live", "declineCode": null, "paymentPage": "https://pay.example/2"});
    assert_eq!(out["payment"], payment);
    assert_eq!(
        (&out["failure"], &out["cancelledBy"], &out["needsAttention"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(out["tickets"], json!([]));
    assert_eq!(out["refundPolicy"][0], json!({"untilMinutesBefore": 1440, "percent": 100}));
}

#[test]
fn a_booking_that_has_ended_says_why() {
    let seat = SeatId::new(Uuid::from_u128(4));
    let failed = written(BookingState::Failed { reason: FailureReason::SeatsTaken { seat_ids: vec![seat] } });
    assert_eq!(failed["failure"]["code"], "seats_taken");
    assert_eq!(failed["failure"]["seatIds"], json!([seat.to_string()]));
    assert_eq!(failed["payment"], Value::Null);
    let cancelled = written(BookingState::Cancelled { by: CancelledBy::Customer });
    assert_eq!(cancelled["cancelledBy"], "customer");
    let stuck = BookingState::NeedsAttention { step: "payment.cancel".to_owned(), toward: EndState::Expired };
    assert_eq!(written(stuck)["needsAttention"], json!({"step": "payment.cancel", "toward": "expired"}));
}

#[test]
fn every_state_has_its_own_name() {
    let states = [
        BookingState::Pending,
        BookingState::AwaitingPayment,
        BookingState::Confirmed,
        BookingState::Expired,
        BookingState::Failed { reason: FailureReason::Abandoned },
        BookingState::Cancelled { by: CancelledBy::Operator },
        BookingState::NeedsAttention { step: "refund.send".to_owned(), toward: EndState::Confirmed },
    ];
    for state in states {
        let name = state.name();
        assert_eq!(written(state)["state"], name);
    }
}

#[test]
fn the_seats_of_a_show_are_counted() {
    let seats = [ShowSeatState::Available, ShowSeatState::Sold, ShowSeatState::Sold, ShowSeatState::Held];
    let seats = seats.into_iter().enumerate().map(|(place, state)| ShowSeat {
        seat_id: SeatId::new(Uuid::from_u128(place as u128)),
        section: "stalls".to_owned(),
        row: "A".to_owned(),
        number: place.to_string(),
        category: SeatCategory::parse("standard").unwrap(),
        accessible: false,
        x: 0.5,
        y: 1.0,
        state,
    });
    let out = ShowSeatsOut::of(ShowId::new(Uuid::from_u128(1)), seats.collect());
    assert_eq!(out.counts, SeatCountsOut { available: 1, blocked: 0, held: 1, sold: 2 });
    assert_eq!(out.to_json().unwrap()["items"][3]["state"], "held");
}

fn written(state: BookingState) -> Value {
    let eur = |minor| Money::new(minor, Currency::EUR);
    let attempt = |number, state, page: &str| AttemptRecord {
        number,
        intent_id: None,
        state,
        amount: eur(2450),
        captured: eur(0),
        refunded: eur(0),
        decline_code: None,
        payment_page: Some(page.to_owned()),
    };
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let booking = Booking {
        id: BookingId::new(Uuid::from_u128(1)),
        customer_id: CustomerId::new(Uuid::from_u128(2)),
        show_id: ShowId::new(Uuid::from_u128(3)),
        partner_id: PartnerId::new(Uuid::from_u128(5)),
        seat_ids: vec![SeatId::new(Uuid::from_u128(4))],
        fingerprint: Fingerprint::new("f"),
        state,
        quote: None,
        amount: eur(2450),
        refund_policy: RefundPolicy::standard(),
        expires_at: Some(at("2026-12-24T19:05:00Z")),
        attempts: vec![
            attempt(1, AttemptState::Cancelled, "https://pay.example/1"),
            attempt(2, AttemptState::Live, "https://pay.example/2"),
        ],
        captured: eur(0),
        refunded: eur(0),
        created_at: at("2026-12-24T19:00:00Z"),
        updated_at: at("2026-12-24T19:00:00Z"),
    };
    let view = BookingView { booking, tickets: vec![], as_of: at("2026-12-24T19:01:00Z") };
    BookingOut::from(view).to_json().unwrap()
}
