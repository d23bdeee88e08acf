use domain::ids::{BookingId, CustomerId, PaymentId, RefundId, ShowId};
use proptest::prelude::*;
use uuid::Uuid;

#[test]
fn an_id_is_its_prefix_and_thirty_two_digits() {
    let id = BookingId::new(Uuid::from_u128(0xabc));
    assert_eq!(id.to_string(), "bkg_00000000000000000000000000000abc");
    for wrong in [
        "",
        "bkg_",
        "sho_00000000000000000000000000000abc",
        "00000000000000000000000000000abc",
        "bkg_00000000000000000000000000000ABC",
        "bkg_00000000-0000-0000-0000-000000000abc",
        "bkg_00000000000000000000000000000abc0",
        "bkg_0000000000000000000000000000é0",
    ] {
        assert!(BookingId::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_show_is_not_a_booking() {
    let show = ShowId::new(Uuid::from_u128(1)).to_string();
    let problem = BookingId::parse(&show).unwrap_err();
    assert!(problem.to_string().contains("must look like `bkg_`"), "{problem}");
}

#[test]
fn two_reasons_are_two_refunds_and_one_reason_is_one() {
    let payment = PaymentId::new(Uuid::from_u128(7));
    assert_eq!(RefundId::for_reason(payment, "cancelled:1"), RefundId::for_reason(payment, "cancelled:1"));
    assert_ne!(RefundId::for_reason(payment, "cancelled:1"), RefundId::for_reason(payment, "cancelled:2"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bits in any::<u128>()) {
        let id = BookingId::new(Uuid::from_u128(bits));
        prop_assert_eq!(BookingId::parse(&id.to_string()), Ok(id));
    }

    #[test]
    fn a_key_names_one_booking_of_one_customer(a in any::<u128>(), b in any::<u128>(), key in "[!-~]{1,40}", other in "[!-~]{1,40}") {
        let (one, two) = (CustomerId::new(Uuid::from_u128(a)), CustomerId::new(Uuid::from_u128(b)));
        prop_assert_eq!(BookingId::for_key(one, &key), BookingId::for_key(one, &key));
        prop_assert_eq!(one == two, BookingId::for_key(one, &key) == BookingId::for_key(two, &key));
        prop_assert_eq!(key == other, BookingId::for_key(one, &key) == BookingId::for_key(one, &other));
    }
}
