use domain::ids::{EventId, ShowId, VenueId};
use domain::money::{Currency, Money};
use domain::offer::{Offer, OfferKind, OfferScope};
use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use domain::offer_terms::{OfferCode, OfferName};
use serde_json::json;
use uuid::Uuid;

use crate::sale::{Sale, amount, between, category, coded, draft, offer_id, third_ticket};

#[test]
fn an_offer_that_makes_no_sense_is_refused_by_the_name_of_its_field() {
    let check = |draft: OfferDraft, problem: &str| {
        let refused = Offer::parse(draft).expect_err(problem).to_string();
        assert!(refused.starts_with(problem), "`{refused}` instead of `{problem}`");
    };
    check(OfferDraft { name: " ".to_owned(), ..draft(1) }, "name must have 1 to 80 printable characters");
    check(OfferDraft { name: "x".repeat(81), ..draft(1) }, "name must have");
    check(OfferDraft { name: "two\nlines".to_owned(), ..draft(1) }, "name must have");
    check(OfferDraft { name: "turned \u{202e}round".to_owned(), ..draft(1) }, "name must have");
    check(OfferDraft { scope: OfferScope::City { city: "  ".to_owned() }, ..draft(1) }, "scope.city must have");
    check(coded(1, "ab"), "code `ab` is not a code: it must have 3 to 32");
    check(coded(1, "SUMMER 26"), "code `SUMMER 26` is not a code");
    check(coded(1, &"X".repeat(33)), "code `XXX");
    check(OfferDraft { at_least: Some(1), ..draft(1) }, "atLeast must be 2 to 10, not 1");
    check(OfferDraft { at_least: Some(11), ..draft(1) }, "atLeast must be 2 to 10, not 11");
    check(OfferDraft { nth: Some(1), ..draft(1) }, "nth must be 2 to 10, not 1; leave it out for every seat");
    check(OfferDraft { nth: Some(0), ..draft(1) }, "nth must be 2 to 10, not 0");
    check(OfferDraft { nth: Some(11), ..draft(1) }, "nth must be 2 to 10, not 11");
    check(OfferDraft { starts_until: None, ..between(1, "12:00", "17:00") }, "startsFrom and startsUntil must come");
    check(OfferDraft { starts_from: None, ..between(1, "12:00", "17:00") }, "startsFrom and startsUntil must come");
    check(between(1, "12:00", "12:00"), "startsFrom and startsUntil must be two different times in whole minutes");
    check(between(1, "12:00:30", "17:00"), "startsFrom and startsUntil must be two different times");
    check(OfferDraft { weekdays: Weekday::ALL.into(), ..draft(1) }, "weekdays must be less than seven");
    let dates = OfferDraft {
        first_date: Some("2026-06-30".parse().unwrap()),
        last_date: Some("2026-06-01".parse().unwrap()),
        ..draft(1)
    };
    check(dates, "firstDate 2026-06-30 must not be after lastDate 2026-06-01");
    let moment = "2026-06-01T00:00:00Z".parse().ok();
    let never = OfferDraft { booked_from: moment, booked_until: moment, ..draft(1) };
    check(never, "bookedFrom 2026-06-01T00:00:00Z must be before bookedUntil 2026-06-01T00:00:00Z");
    check(OfferDraft { percent: Some(0), ..draft(1) }, "percent must be 1 to 100, not 0");
    check(OfferDraft { percent: Some(101), ..draft(1) }, "percent must be 1 to 100, not 101");
    check(OfferDraft { percent: None, ..draft(1) }, "percent or amount must be given, and not both");
    check(OfferDraft { percent: Some(10), ..amount(1, 100) }, "percent or amount must be given, and not both");
    check(amount(1, 0), "amount must be more than nothing, not 0.00 EUR");
    check(amount(1, -1), "amount must be more than nothing, not -0.01 EUR");
    check(OfferDraft { uses: Some(0), ..coded(1, "SUMMER") }, "uses must be at least 1");
    check(OfferDraft { uses: Some(100_001), ..coded(1, "SUMMER") }, "uses must be at most 100000, not 100001");
    check(OfferDraft { uses: Some(100), ..draft(1) }, "uses can only be limited for an offer with a code");
}

#[test]
fn what_is_just_inside_the_limits_is_an_offer() {
    let check = |draft: OfferDraft| assert_eq!(Offer::parse(draft).err(), None);
    check(OfferDraft { name: "ж".repeat(80), ..draft(1) });
    check(coded(1, "ABC"));
    check(coded(1, &"7".repeat(32)));
    check(OfferDraft { uses: Some(1), ..coded(1, "-A-") });
    check(OfferDraft { uses: Some(100_000), ..coded(1, "-A-") });
    check(OfferDraft { at_least: Some(2), nth: Some(10), ..draft(1) });
    check(OfferDraft { percent: Some(100), ..between(1, "22:00", "02:00") });
    check(OfferDraft { percent: Some(1), ..between(1, "18:00", "00:00") });
    check(amount(1, 1));
    let day = "2026-06-01".parse().ok();
    check(OfferDraft { first_date: day, last_date: day, ..draft(1) });
}

#[test]
fn a_code_is_the_same_however_it_is_typed() {
    let code = OfferCode::parse("SUMMER-26").unwrap();
    for typed in ["summer-26", " Summer-26 ", "SUMMER-26\n"] {
        assert_eq!(OfferCode::parse(typed), Ok(code.clone()), "{typed}");
    }
    for wrong in ["", "SU", "SUMMER_26", "SÜMMER", "SUMMER—26"] {
        assert!(OfferCode::parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(OfferName::parse("  Happy hour ").unwrap().as_str(), "Happy hour");
}

#[test]
fn an_offer_is_classed_by_its_strongest_condition() {
    let check = |draft: OfferDraft, kind| assert_eq!(Offer::parse(draft).unwrap().kind(), kind);
    let afternoon = || between(1, "12:00", "17:00");
    check(draft(1), OfferKind::General);
    check(OfferDraft { categories: [category("box")].into(), ..draft(1) }, OfferKind::General);
    check(OfferDraft { scope: OfferScope::City { city: "Wien".to_owned() }, ..draft(1) }, OfferKind::General);
    check(afternoon(), OfferKind::Calendar);
    check(OfferDraft { weekdays: [Weekday::Monday].into(), ..draft(1) }, OfferKind::Calendar);
    check(OfferDraft { last_date: "2026-06-30".parse().ok(), ..draft(1) }, OfferKind::Calendar);
    check(OfferDraft { booked_until: "2026-06-30T00:00:00Z".parse().ok(), ..draft(1) }, OfferKind::Calendar);
    check(OfferDraft { at_least: Some(4), ..afternoon() }, OfferKind::Quantity);
    check(OfferDraft { at_least: Some(4), nth: Some(3), ..afternoon() }, OfferKind::Nth);
    check(OfferDraft { code: Some("SUMMER".to_owned()), nth: Some(3), ..afternoon() }, OfferKind::Code);
}

#[test]
fn a_scope_limits_an_offer_to_its_shows() {
    let check = |scope: OfferScope, applies: bool| {
        let sale = Sale::of(&[("standard", 1000)]).offer(OfferDraft { scope: scope.clone(), ..draft(1) });
        assert_eq!(sale.left(), [if applies { 900 } else { 1000 }], "{scope:?}");
    };
    let city = |city: &str| OfferScope::City { city: city.to_owned() };
    check(OfferScope::Partner, true);
    check(city("Wien"), true);
    check(city(" wien "), true);
    check(city("Graz"), false);
    check(OfferScope::Venue { venue_id: VenueId::new(Uuid::from_u128(14)) }, true);
    check(OfferScope::Venue { venue_id: VenueId::new(Uuid::from_u128(99)) }, false);
    check(OfferScope::Event { event_id: EventId::new(Uuid::from_u128(13)) }, true);
    check(OfferScope::Event { event_id: EventId::new(Uuid::from_u128(99)) }, false);
    check(OfferScope::Show { show_id: ShowId::new(Uuid::from_u128(12)) }, true);
    check(OfferScope::Show { show_id: ShowId::new(Uuid::from_u128(99)) }, false);
}

#[test]
fn neither_what_is_switched_off_nor_what_another_partner_offers_applies() {
    let other = domain::ids::PartnerId::new(Uuid::from_u128(99));
    for idle in [OfferDraft { active: false, ..draft(1) }, OfferDraft { partner_id: other, ..draft(1) }] {
        assert_eq!(Sale::of(&[("standard", 1000)]).offer(idle).left(), [1000]);
    }
}

#[test]
fn an_offer_is_written_down_as_it_was_given_and_read_back() {
    let full = OfferDraft {
        scope: OfferScope::City { city: "Wien".to_owned() },
        code: Some("SUMMER".to_owned()),
        at_least: Some(4),
        weekdays: [Weekday::Sunday, Weekday::Monday].into(),
        first_date: "2026-06-01".parse().ok(),
        last_date: "2026-06-30".parse().ok(),
        booked_from: "2026-05-01T08:00:00Z".parse().ok(),
        booked_until: "2026-06-30T08:00:00Z".parse().ok(),
        categories: [category("premium")].into(),
        nth: Some(3),
        percent: None,
        amount: Some(Money::new(250, Currency::EUR)),
        uses: Some(500),
        ..between(1, "12:00", "17:30")
    };
    for draft in [full, draft(1), third_ticket(2)] {
        let offer = Offer::parse(draft.clone()).unwrap();
        assert_eq!(OfferDraft::from(offer.clone()), draft);
        let written = serde_json::to_string(&offer).unwrap();
        assert_eq!(serde_json::from_str::<Offer>(&written).unwrap(), offer, "{written}");
    }
}

#[test]
fn what_is_left_out_of_an_offer_does_not_limit_it() {
    let written = json!({
        "id": offer_id(2).to_string(), "partner_id": crate::sale::partner().to_string(), "name": "offer 2",
        "scope": {"kind": "partner"}, "nth": 3, "percent": 50, "active": true,
    });
    assert_eq!(serde_json::from_value::<Offer>(written.clone()).unwrap(), Offer::parse(third_ticket(2)).unwrap());
    assert_eq!(serde_json::to_value(Offer::parse(third_ticket(2)).unwrap()).unwrap(), written);
    let mut wrong = written;
    wrong["nth"] = json!(1);
    assert!(serde_json::from_value::<Offer>(wrong).unwrap_err().to_string().starts_with("nth must be 2 to 10"));
}
