use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::sale::{Sale, between, draft};

/// Whether an offer applies to a show.
fn applies(offer: OfferDraft, start: &str) -> bool {
    Sale::of(&[("standard", 1000)]).offer(offer).starting(start).left() == [900]
}

#[test]
fn the_time_of_day_is_that_of_the_start_and_ends_before_its_end() {
    let check = |start: &str, expected| {
        let start = format!("2026-06-02T{start}[Europe/Vienna]");
        assert_eq!(applies(between(1, "12:00", "17:00"), &start), expected, "{start}");
    };
    check("11:59:59", false);
    check("12:00", true);
    check("16:59:59", true);
    check("17:00", false);
}

#[test]
fn the_clocks_of_spring_and_autumn_are_those_on_the_wall() {
    // The offsets say which of two equal times is meant. Where they change is in the IANA database: Vienna goes from
    // +01:00 to +02:00 at 2:00 on 29 March 2026 and back at 3:00 on 25 October; New York from -05:00 to -04:00 at 2:00 on
    // 8 March and back at 2:00 on 1 November; Lord Howe Island moves by half an hour.
    let check = |from: &str, until: &str, start: &str, expected| {
        assert_eq!(applies(between(1, from, until), start), expected, "{from} to {until}, {start}");
    };
    check("01:00", "02:00", "2026-03-29T01:59+01:00[Europe/Vienna]", true);
    check("02:00", "03:00", "2026-03-29T03:00+02:00[Europe/Vienna]", false);
    check("03:00", "04:00", "2026-03-29T03:00+02:00[Europe/Vienna]", true);
    check("12:00", "17:00", "2026-03-28T12:00+01:00[Europe/Vienna]", true);
    check("12:00", "17:00", "2026-03-29T12:00+02:00[Europe/Vienna]", true);
    check("12:00", "17:00", "2026-03-29T11:59+02:00[Europe/Vienna]", false);
    check("12:00", "17:00", "2026-03-29T16:59+02:00[Europe/Vienna]", true);
    check("12:00", "17:00", "2026-03-29T17:00+02:00[Europe/Vienna]", false);
    check("02:00", "03:00", "2026-10-25T02:30+02:00[Europe/Vienna]", true);
    check("02:00", "03:00", "2026-10-25T02:30+01:00[Europe/Vienna]", true);
    check("02:00", "03:00", "2026-10-25T03:00+01:00[Europe/Vienna]", false);
    check("12:00", "17:00", "2026-10-25T12:00+01:00[Europe/Vienna]", true);
    check("12:00", "17:00", "2026-10-25T11:59+01:00[Europe/Vienna]", false);
    check("02:00", "03:00", "2026-03-08T03:00-04:00[America/New_York]", false);
    check("12:00", "17:00", "2026-03-08T12:00-04:00[America/New_York]", true);
    check("12:00", "17:00", "2026-03-08T17:00-04:00[America/New_York]", false);
    check("01:00", "02:00", "2026-11-01T01:30-04:00[America/New_York]", true);
    check("01:00", "02:00", "2026-11-01T01:30-05:00[America/New_York]", true);
    check("01:00", "02:00", "2026-11-01T02:00-05:00[America/New_York]", false);
    check("12:00", "17:00", "2026-06-02T12:00+05:30[Asia/Kolkata]", true);
    check("12:00", "17:00", "2026-06-02T11:59+05:30[Asia/Kolkata]", false);
    check("01:30", "02:00", "2026-04-05T01:45+11:00[Australia/Lord_Howe]", true);
    check("01:30", "02:00", "2026-04-05T01:45+10:30[Australia/Lord_Howe]", true);
}

#[test]
fn the_day_is_the_venue_s_where_it_is_another_day_in_greenwich() {
    let on = |day: Weekday, date: &str| OfferDraft {
        weekdays: [day].into(),
        first_date: date.parse().ok(),
        last_date: date.parse().ok(),
        ..draft(1)
    };
    // 23:30 UTC on Tuesday the 2nd.
    let tokyo = "2026-06-03T08:30+09:00[Asia/Tokyo]";
    assert!(applies(on(Weekday::Wednesday, "2026-06-03"), tokyo));
    assert!(!applies(on(Weekday::Tuesday, "2026-06-02"), tokyo));
    // 0:30 UTC on Wednesday the 3rd.
    let new_york = "2026-06-02T20:30-04:00[America/New_York]";
    assert!(applies(on(Weekday::Tuesday, "2026-06-02"), new_york));
    assert!(!applies(on(Weekday::Wednesday, "2026-06-03"), new_york));
    assert!(!applies(on(Weekday::Wednesday, "2026-06-02"), new_york), "both have to hold");
}

#[test]
fn a_range_of_dates_includes_its_first_and_last_day() {
    let check = |first: Option<&str>, last: Option<&str>, day: &str, expected| {
        let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let offer = OfferDraft { first_date: date(first), last_date: date(last), ..draft(1) };
        assert_eq!(applies(offer, &format!("{day}[Europe/Vienna]")), expected, "{first:?} to {last:?}, {day}");
    };
    let (first, last) = (Some("2026-06-01"), Some("2026-06-30"));
    check(first, last, "2026-05-31T23:59", false);
    check(first, last, "2026-06-01T00:00", true);
    check(first, last, "2026-06-30T23:59", true);
    check(first, last, "2026-07-01T00:00", false);
    check(first, None, "2027-01-01T00:00", true);
    check(None, last, "2026-01-01T00:00", true);
    check(None, last, "2026-07-01T00:00", false);
}

#[test]
fn what_starts_after_midnight_belongs_to_the_night_that_began_before() {
    let night = |offer: OfferDraft| OfferDraft {
        starts_from: "22:00".parse().ok(),
        starts_until: "02:00".parse().ok(),
        ..offer
    };
    let check = |offer: OfferDraft, start: &str, expected| {
        assert_eq!(applies(night(offer), &format!("{start}[Europe/Vienna]")), expected, "{start}");
    };
    check(draft(1), "2026-06-05T21:59", false);
    check(draft(1), "2026-06-05T22:00", true);
    check(draft(1), "2026-06-06T00:00", true);
    check(draft(1), "2026-06-06T01:59", true);
    check(draft(1), "2026-06-06T02:00", false);
    // The 5th is a Friday.
    let friday = || OfferDraft { weekdays: [Weekday::Friday].into(), ..draft(1) };
    check(friday(), "2026-06-05T01:00", false);
    check(friday(), "2026-06-05T23:00", true);
    check(friday(), "2026-06-06T01:00", true);
    check(friday(), "2026-06-06T23:00", false);
    let until_friday = || OfferDraft { last_date: "2026-06-05".parse().ok(), ..draft(1) };
    check(until_friday(), "2026-06-06T01:00", true);
    check(until_friday(), "2026-06-06T22:00", false);
    // Without a time of day a show at one in the morning is Saturday's.
    let saturday = OfferDraft { weekdays: [Weekday::Saturday].into(), ..draft(1) };
    assert!(applies(saturday, "2026-06-06T01:00[Europe/Vienna]"));
}

#[test]
fn a_booking_is_made_in_time_up_to_the_end_of_the_range() {
    let check = |now: &str, expected: i64| {
        let offer = OfferDraft {
            booked_from: "2026-05-01T08:00:00Z".parse().ok(),
            booked_until: "2026-05-31T22:00:00Z".parse().ok(),
            ..draft(1)
        };
        assert_eq!(Sale::of(&[("standard", 1000)]).offer(offer).booked_at(now).left(), [expected], "{now}");
    };
    check("2026-05-01T07:59:59.999Z", 1000);
    check("2026-05-01T08:00:00Z", 900);
    check("2026-05-31T21:59:59.999Z", 900);
    check("2026-05-31T22:00:00Z", 1000);
}

proptest! {
    #[test]
    fn of_two_times_that_share_the_day_exactly_one_holds(
        from in 0_i8..24, until in 0_i8..24, second in 1_700_000_000_i64..1_900_000_000,
        zone in prop::sample::select(vec!["Europe/Vienna", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    ) {
        prop_assume!(from != until);
        let start = Timestamp::from_second(second).unwrap().to_zoned(TimeZone::get(zone).unwrap()).to_string();
        let (from, until) = (format!("{from:02}:00"), format!("{until:02}:00"));
        prop_assert_ne!(applies(between(1, &from, &until), &start), applies(between(1, &until, &from), &start));
    }
}
