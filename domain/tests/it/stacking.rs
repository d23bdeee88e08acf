use domain::fee::FeeTermsDraft;
use domain::money::{BasisPoints, Currency, Money};
use domain::offer_calendar::Weekday;
use domain::offer_draft::OfferDraft;
use domain::quote::Quote;

use crate::sale::{Sale, afternoon, amount, between, category, coded, draft, offer_id, third_ticket};

const STANDARD: (&str, i64) = ("standard", 1000);

/// The offers that were taken off each seat, in their order.
fn applied(quote: &Quote) -> Vec<Vec<u128>> {
    let ids = |line: &domain::quote::QuoteLine| line.discounts.iter().map(|it| it.offer_id.uuid().as_u128()).collect();
    quote.lines.iter().map(ids).collect()
}

fn explained(text: &str, minor: i64) -> (String, i64) {
    (text.to_owned(), minor)
}

#[test]
fn the_example_of_the_document_comes_out_to_the_cent() {
    let sale = Sale::of(&[("stalls", 1250), ("stalls", 1250), ("gallery", 999)])
        .offer(third_ticket(1))
        .offer(afternoon(2))
        .fees(FeeTermsDraft {
            per_seat: Some(Money::new(50, Currency::EUR)),
            share: BasisPoints::parse(100).unwrap(),
            at_most: Some(Money::new(400, Currency::EUR)),
            commission: BasisPoints::parse(500).unwrap(),
        });
    let in_the_afternoon = |minor| explained("20 % off shows that start between 12:00 and 17:00", minor);
    let third = explained("3rd ticket: 50 % off", -400);
    let expected = [vec![in_the_afternoon(-250)], vec![in_the_afternoon(-250)], vec![in_the_afternoon(-200), third]];
    assert_eq!(sale.explanations(), expected);
    assert_eq!(sale.left(), [1000, 1000, 399]);
    let quote = sale.quote();
    assert_eq!(quote.lines.iter().map(|line| line.price.minor).collect::<Vec<_>>(), [1250, 1250, 999]);
    assert_eq!(quote.fees.iter().map(|fee| fee.amount.minor).collect::<Vec<_>>(), [174]);
    assert_eq!((quote.total.to_string().as_str(), quote.commission.map(|it| it.minor)), ("25.73 EUR", Some(120)));
}

#[test]
fn each_kind_of_offer_alone_says_what_it_is_given_for() {
    let check = |offer: OfferDraft, lines: [(&str, i64); 3]| {
        let sale = Sale::of(&[("box", 2000), STANDARD, STANDARD]).offer(offer).typed("SUMMER");
        let lines = lines.map(|(text, minor)| if minor == 0 { vec![] } else { vec![explained(text, minor)] });
        assert_eq!(sale.explanations(), lines);
    };
    let all = |text, minors: [i64; 3]| minors.map(|minor| (text, minor));
    check(draft(1), all("10 % off", [-200, -100, -100]));
    check(amount(1, 150), all("1.50 EUR off", [-150; 3]));
    check(third_ticket(1), all("3rd ticket: 50 % off", [0, 0, -500]));
    check(OfferDraft { nth: Some(2), ..draft(1) }, all("2nd ticket: 10 % off", [0, -100, 0]));
    check(OfferDraft { at_least: Some(3), ..draft(1) }, all("10 % off for 3 seats or more", [-200, -100, -100]));
    check(OfferDraft { at_least: Some(4), ..draft(1) }, all("", [0; 3]));
    check(afternoon(1), all("20 % off shows that start between 12:00 and 17:00", [-400, -200, -200]));
    let tuesdays = OfferDraft { weekdays: [Weekday::Tuesday].into(), ..draft(1) };
    check(tuesdays, all("10 % off shows on Tuesdays", [-200, -100, -100]));
    let june = OfferDraft { first_date: "2026-06-01".parse().ok(), last_date: "2026-06-30".parse().ok(), ..draft(1) };
    check(june, all("10 % off shows from 1 June 2026 to 30 June 2026", [-200, -100, -100]));
    let early = OfferDraft { booked_until: "2026-05-31T22:00:00Z".parse().ok(), ..draft(1) };
    check(early, all("10 % off for bookings before 1 June 2026 00:00", [-200, -100, -100]));
    check(coded(1, "summer"), all("10 % off with the code SUMMER", [-200, -100, -100]));
    check(coded(1, "winter"), all("", [0; 3]));
    let standard = OfferDraft { categories: [category("standard")].into(), ..draft(1) };
    check(standard.clone(), all("10 % off in standard", [0, -100, -100]));
    check(OfferDraft { nth: Some(2), ..standard }, all("2nd ticket in standard: 10 % off", [0, 0, -100]));
    let much = OfferDraft {
        weekdays: [Weekday::Monday, Weekday::Tuesday].into(),
        at_least: Some(2),
        code: Some("SUMMER".to_owned()),
        last_date: "2026-06-30".parse().ok(),
        booked_from: "2026-05-01T08:00:00Z".parse().ok(),
        ..between(1, "12:00", "17:00")
    };
    let words = "10 % off shows that start between 12:00 and 17:00 on Mondays and Tuesdays until 30 June 2026, \
                 for 2 seats or more, for bookings from 1 May 2026 10:00 on, with the code SUMMER";
    check(much, all(words, [-200, -100, -100]));
}

#[test]
fn one_of_each_kind_is_taken_off_kind_after_kind() {
    let sale = Sale::of(&[STANDARD; 2])
        .offer(OfferDraft { code: Some("SUMMER".to_owned()), ..amount(1, 100) })
        .offer(OfferDraft { percent: Some(50), ..afternoon(2) })
        .offer(OfferDraft { at_least: Some(2), ..amount(3, 40) })
        .offer(OfferDraft { nth: Some(2), percent: Some(20), ..draft(4) })
        .offer(amount(5, 100))
        .typed("SUMMER");
    assert_eq!(applied(&sale.quote()), [vec![5, 2, 3, 1], vec![5, 2, 3, 4, 1]]);
    // 1000 - 100 = 900; half of it is 450, less 40 is 410; less 100, or less a fifth (82) and 100.
    assert_eq!(sale.left(), [310, 228]);
}

#[test]
fn of_several_of_one_kind_the_one_that_takes_most_off_the_booking_applies() {
    let check = |offers: [OfferDraft; 3], expected: u128| {
        let sale = offers.into_iter().fold(Sale::of(&[STANDARD, STANDARD, ("box", 3000)]), Sale::offer).typed("SUMMER");
        assert_eq!(sale.quote().offers(), [offer_id(expected)].into());
    };
    let percent = |offer: OfferDraft, percent| OfferDraft { percent: Some(percent), ..offer };
    check([draft(1), percent(draft(2), 11), percent(draft(3), 9)], 2);
    // Half of the third ticket, the cheapest, is 5.00.
    check([third_ticket(1), OfferDraft { nth: Some(2), ..amount(2, 501) }, percent(third_ticket(3), 49)], 2);
    check([percent(coded(1, "SUMMER"), 29), percent(coded(2, "SUMMER"), 30), percent(coded(3, "WINTER"), 90)], 2);
    let boxes = OfferDraft { categories: [category("box")].into(), ..percent(afternoon(2), 34) };
    check([percent(afternoon(1), 20), boxes, percent(between(3, "18:00", "20:00"), 90)], 2);
    // What does not hold is no rival, and of equals it is the one with the smaller id.
    check(
        [
            OfferDraft { at_least: Some(3), ..draft(9) },
            OfferDraft { at_least: Some(3), ..draft(4) },
            OfferDraft { at_least: Some(5), percent: Some(90), ..draft(1) },
        ],
        4,
    );
}

#[test]
fn an_offer_that_takes_less_off_now_is_chosen_where_the_booking_is_cheaper_by_it() {
    // 0.56 per seat are more than 10 % of 11.00, but leave nothing of the second seat that 1.00 could be taken off.
    let sale = Sale::of(&[("box", 1000), ("rest", 100)]).offer(amount(2, 56)).offer(OfferDraft {
        percent: None,
        amount: Some(Money::new(100, Currency::EUR)),
        ..afternoon(3)
    });
    assert_eq!(sale.left(), [844, 0]);
    let more = sale.offer(draft(1));
    assert_eq!((more.left(), applied(&more.quote())), (vec![800, 0], vec![vec![1, 3], vec![1, 3]]));
}

#[test]
fn where_the_end_is_the_same_the_earlier_kind_takes_more_off() {
    let check = |offers: Vec<OfferDraft>, total: i64, chosen: &[u128]| {
        let seats = Sale::of(&[("box", 1000), ("rest", 1000)]).typed("FREE");
        let quote = offers.into_iter().fold(seats, Sale::offer).quote();
        let chosen = chosen.iter().map(|number| offer_id(*number)).collect();
        assert_eq!((quote.total.minor, quote.offers()), (total, chosen));
    };
    let on = |name: &str, offer: OfferDraft| OfferDraft { categories: [category(name)].into(), ..offer };
    let timed =
        |offer: OfferDraft| OfferDraft { percent: None, amount: offer.amount, ..afternoon(offer.id.uuid().as_u128()) };
    let free = || OfferDraft { percent: Some(100), ..coded(9, "FREE") };
    check(vec![free(), draft(1), OfferDraft { percent: Some(30), ..draft(2) }], 0, &[2, 9]);
    // 9.00 and 1.00 against 10.00 and nothing, of which the second takes more off at first.
    let late = on("rest", timed(amount(3, 900)));
    check(vec![on("box", amount(1, 100)), on("rest", amount(2, 200)), late], 1000, &[2, 3]);
    // Before the code the first is better by 1.00, after it they are the same.
    let late = on("rest", timed(amount(3, 1000)));
    check(vec![on("box", amount(1, 100)), on("rest", amount(2, 200)), late, free()], 0, &[2, 3, 9]);
    // The same everywhere but for the ids.
    check(vec![on("rest", draft(2)), on("box", draft(1))], 1900, &[1]);
}

#[test]
fn what_the_customer_pays_least_includes_the_fee() {
    let per_seat = FeeTermsDraft { per_seat: Some(Money::new(100, Currency::EUR)), ..FeeTermsDraft::default() };
    let on = |name: &str, offer: OfferDraft| OfferDraft { categories: [category(name)].into(), ..offer };
    let sale =
        Sale::of(&[("rest", 1000), ("box", 1500)]).offer(on("rest", amount(1, 1000))).offer(on("box", amount(2, 1010)));
    assert_eq!((sale.quote().offers(), sale.quote().total.minor), ([offer_id(2)].into(), 1490));
    // 0.10 more off the seats would cost a fee of 1.00 more.
    let sale = sale.fees(per_seat);
    assert_eq!((sale.quote().offers(), sale.quote().total.minor), ([offer_id(1)].into(), 1600));
}

#[test]
fn every_nth_ticket_is_counted_from_the_dearest_to_the_cheapest() {
    let check = |seats: &[(&str, i64)], nth, left: &[i64]| {
        let sale = Sale::of(seats).offer(OfferDraft { nth: Some(nth), percent: Some(50), ..draft(1) });
        assert_eq!(sale.left(), left, "{seats:?}, {nth}");
    };
    let (a, b, c) = (("a", 100), ("b", 200), ("c", 300));
    check(&[a, b, c], 3, &[50, 200, 300]);
    check(&[a, c, b], 3, &[50, 300, 200]);
    check(&[a, b, c], 2, &[100, 100, 300]);
    check(&[a, a, a], 3, &[100, 100, 50]);
    check(&[a, c, a, b, a, c], 3, &[100, 300, 100, 100, 50, 300]);
    check(&[a, a], 3, &[100, 100]);
    check(&[a; 12], 6, &[100, 100, 100, 100, 100, 50, 100, 100, 100, 100, 100, 50]);
    check(&[a; 10], 3, &[100, 100, 50, 100, 100, 50, 100, 100, 50, 100]);
    let twelve = Sale::of(&[a; 12]).offer(OfferDraft { nth: Some(6), ..draft(1) }).explanations();
    assert_eq!(twelve[11], [explained("12th ticket: 10 % off", -10)]);
    // Of seats of one price the category decides, whichever of them was chosen first.
    check(&[("y", 100), ("x", 100)], 2, &[50, 100]);
    check(&[("x", 100), ("y", 100)], 2, &[100, 50]);
}

#[test]
fn discounts_are_rounded_half_up_per_seat_to_the_minor_unit_of_the_currency() {
    let check = |currency: &str, price: i64, percent: u8, off: i64| {
        let sale = Sale::in_currency(Currency::parse(currency).unwrap(), &[("standard", price), ("standard", price)]);
        let sale = sale.offer(OfferDraft { percent: Some(percent), ..draft(1) });
        assert_eq!(sale.left(), [price - off; 2], "{percent} % of {price} {currency}");
        assert_eq!(sale.quote().total.minor, 2 * (price - off));
    };
    check("EUR", 10, 5, 1);
    check("EUR", 10, 4, 0);
    check("EUR", 995, 50, 498);
    check("EUR", 333, 33, 110);
    check("EUR", 1, 100, 1);
    check("JPY", 995, 50, 498);
    check("JPY", 994, 50, 497);
    check("JPY", 1, 49, 0);
    check("KWD", 1235, 10, 124);
    check("KWD", 1234, 10, 123);
}

#[test]
fn no_discount_is_more_than_what_is_left() {
    let sale = Sale::of(&[STANDARD, ("box", 300)])
        .offer(amount(1, 400))
        .offer(OfferDraft { code: Some("SUMMER".to_owned()), ..amount(2, 700) });
    let sale = sale.typed("SUMMER");
    assert_eq!(sale.left(), [0, 0]);
    assert_eq!(sale.explanations()[0].iter().map(|it| it.1).collect::<Vec<_>>(), [-400, -600]);
    assert_eq!(sale.explanations()[1].iter().map(|it| it.1).collect::<Vec<_>>(), [-300]);
    assert_eq!(sale.quote().total.minor, 0);
}

#[test]
fn an_amount_in_another_currency_is_not_taken_off() {
    let yen = Sale::in_currency(Currency::parse("JPY").unwrap(), &[STANDARD]).offer(amount(1, 100));
    assert_eq!((yen.left(), yen.whys()), (vec![1000], vec![]));
}

#[test]
fn an_offer_for_some_categories_counts_their_seats_alone() {
    let seats = [("box", 3000), STANDARD, STANDARD, STANDARD];
    let boxes = |offer: OfferDraft| OfferDraft { categories: [category("box")].into(), ..offer };
    let standard = |offer: OfferDraft| OfferDraft { categories: [category("standard")].into(), ..offer };
    let check = |offer: OfferDraft, left: [i64; 4]| assert_eq!(Sale::of(&seats).offer(offer).left(), left);
    check(standard(third_ticket(1)), [3000, 1000, 1000, 500]);
    check(third_ticket(1), [3000, 1000, 500, 1000]);
    check(standard(OfferDraft { at_least: Some(3), ..draft(1) }), [3000, 900, 900, 900]);
    check(standard(OfferDraft { at_least: Some(4), ..draft(1) }), [3000, 1000, 1000, 1000]);
    check(boxes(OfferDraft { at_least: Some(2), ..draft(1) }), [3000, 1000, 1000, 1000]);
    check(boxes(draft(1)), [2700, 1000, 1000, 1000]);
}

#[test]
fn hundreds_of_offers_that_cannot_be_compared_are_priced_all_the_same() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let seats = names.map(|name| (name, 1000));
    let of_kind = |number: u128| match number / 100 {
        0 => draft(number),
        1 => OfferDraft { at_least: Some(2), ..draft(number) },
        2 => between(number, "12:00", "17:00"),
        _ => coded(number, "SUMMER"),
    };
    // None of two sets of five categories is a part of the other.
    let fives = (0_u32..1 << names.len()).filter(|set| set.count_ones() == 5);
    let mut sale = Sale::of(&seats).typed("SUMMER");
    for (number, set) in (0..400).zip(fives.cycle()) {
        let chosen = (0..).zip(names).filter(|(bit, _)| (set >> bit) & 1 == 1);
        let categories = chosen.map(|(_, name)| category(name)).collect();
        let percent = u8::try_from(number % 50).ok().map(|percent| percent + 1);
        sale = sale.offer(OfferDraft { categories, percent, ..of_kind(number) });
    }
    let total = sale.quote().total.minor;
    for offer in &sale.offers {
        let alone = Sale { offers: vec![offer.clone()], ..sale.clone() };
        assert!(total <= alone.quote().total.minor, "{offer:?}");
    }
}
