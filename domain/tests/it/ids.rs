use domain::external_id::ExternalId;
use domain::ids::{BookingId, CustomerId, HallId, PartnerId, PaymentId, RefundId, SeatId, ShowId, VenueId};
use domain::seat::SeatPlace;
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
fn what_is_imported_twice_is_one_thing_of_one_partner() {
    let (one, two) = (PartnerId::new(Uuid::from_u128(1)), PartnerId::new(Uuid::from_u128(2)));
    let external = |text: &str| ExternalId::parse("externalId", text).unwrap();
    let main = VenueId::for_external(one, &external("main"));
    assert_eq!(main, VenueId::for_external(one, &external("main")));
    assert_ne!(main, VenueId::for_external(two, &external("main")));
    assert_ne!(main, VenueId::for_external(one, &external("Main")));
    assert_ne!(main.uuid(), HallId::for_external(one, &external("main")).uuid(), "a hall is not its building");
    let longest = "é".repeat(100);
    for (text, is_one) in [("1", true), (longest.as_str(), true), ("", false), (" 1", false), ("a\nb", false)] {
        assert_eq!(ExternalId::parse("venue", text).is_ok(), is_one, "{text:?}");
    }
    let refused = ExternalId::parse("venue", &"x".repeat(101)).unwrap_err();
    assert_eq!(refused.field, "venue");
}

#[test]
fn a_seat_is_found_by_section_row_and_number() {
    let hall = HallId::new(Uuid::from_u128(1));
    let place = SeatPlace::parse("stalls/A/12").unwrap();
    assert_eq!(place.seat_id(hall), SeatId::for_place(hall, "stalls", "A", "12"));
    assert_eq!(SeatPlace::parse("floor//7").unwrap().seat_id(hall), SeatId::for_place(hall, "floor", "", "7"));
    for text in ["stalls/A/12", "floor//7", "upper balcony/1/2 a"] {
        assert_eq!(SeatPlace::parse(text).unwrap().to_string(), text);
    }
    for wrong in ["", "A12", "stalls A12", "stalls/A", "/A/12", "stalls/A/", "stalls/A/12/", "a/b/A/12"] {
        assert!(SeatPlace::parse(wrong).is_err(), "{wrong:?}");
    }
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
