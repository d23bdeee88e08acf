use domain::ids::ShowId;
use domain::money::{Currency, Money};
use domain::show_cancel::{BookingCounts, RefundSums, ShowCancellation};
use jiff::Timestamp;
use uuid::Uuid;

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

#[test]
fn money_is_pending_back_or_refused_and_never_twice() {
    // captured, given back, failed; pending, done, refused
    for (captured, given_back, failed, expected) in [
        (0, 0, 0, [0, 0, 0]),
        (1500, 0, 0, [1500, 0, 0]),
        (1500, 500, 0, [1000, 500, 0]),
        (1500, 500, 1000, [0, 500, 1000]),
        (1500, 0, 1000, [500, 0, 1000]),
        // What the provider had refused was given back there by hand.
        (1500, 1500, 1500, [0, 1500, 0]),
    ] {
        let sums = RefundSums::of(euros(captured), given_back, failed);
        assert_eq!([sums.pending.minor, sums.done.minor, sums.refused.minor], expected);
    }
}

#[test]
fn what_was_refused_for_one_booking_is_not_what_another_waits_for() {
    // The first was refused, and given back at the provider by hand; the others have just been sent.
    let by_hand = RefundSums::of(euros(100), 100, 100);
    let sums = RefundSums::none(Currency::EUR).with(1, by_hand).with(2, RefundSums::of(euros(100), 0, 0));
    assert_eq!([sums.pending.minor, sums.done.minor, sums.refused.minor], [200, 100, 0]);
}

#[test]
fn it_is_done_when_nothing_is_left_to_do() {
    let done = ShowCancellation {
        show_id: ShowId::new(Uuid::from_u128(1)),
        called_off_at: Timestamp::UNIX_EPOCH,
        reason: None,
        bookings: BookingCounts { all: 3, open: 0, cancelled: 2, needs_attention: 0 },
        refunds: RefundSums::of(euros(3000), 1500, 1500),
    };
    assert!(done.is_done(), "what the provider refused is no longer waited for");
    let with = |bookings, refunds| ShowCancellation { bookings, refunds, ..done.clone() };
    let (bookings, refunds) = (done.bookings, done.refunds);
    assert!(!with(BookingCounts { open: 1, ..bookings }, refunds).is_done());
    assert!(!with(BookingCounts { needs_attention: 1, ..bookings }, refunds).is_done());
    assert!(!with(bookings, RefundSums::of(euros(3000), 1500, 0)).is_done());
}
