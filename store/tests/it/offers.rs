//! Offers, the uses of limited codes, and what the platform earns.

use std::num::NonZeroU32;

use domain::booking::{BookingConfirmed, BookingOpened, BookingRequest, CancelBooking, CloseBooking};
use domain::booking_state::{CancelledBy, EndState};
use domain::fee::{FeeTerms, FeeTermsDraft};
use domain::ids::{OfferId, PartnerId};
use domain::money::BasisPoints;
use domain::offer::{Offer, OfferScope};
use domain::offer_draft::OfferDraft;
use domain::payment::{IntentState, RecordAttempt};
use domain::quote::Quote;
use futures::future::join_all;
use store::{Earnings, Edited, Priced, Store};
use uuid::Uuid;

use crate::fixture::{self, after, euros, now, request, seat, show_id};
use crate::harness::TestDatabase;

on_both_databases! {
    a_quote_says_what_the_booking_will_cost,
    a_limited_code_is_used_so_often_and_no_more,
    a_use_comes_back_with_the_seats,
    an_offer_is_changed_once_for_each_version,
    what_the_platform_earns_is_what_was_quoted,
}

/// 10 % off for who types the code, so many times.
pub(crate) fn coded(number: u128, code: &str, uses: Option<u32>) -> Offer {
    Offer::parse(OfferDraft { code: Some(code.to_owned()), uses, percent: Some(10), ..draft(number) }).unwrap()
}

/// 1.00 EUR for each seat from the customer, and 5 % of the prices from the partner.
pub(crate) fn fees() -> FeeTerms {
    let commission = BasisPoints::parse(500).unwrap();
    FeeTerms::parse(FeeTermsDraft { per_seat: Some(euros(100)), commission, ..FeeTermsDraft::default() }).unwrap()
}

/// What the provider says of the first attempt of a booking, over what it costs.
pub(crate) async fn reading(store: &Store, request: &BookingRequest, state: IntentState) -> RecordAttempt {
    let amount = store.find_booking(request.booking_id).await.unwrap().unwrap().amount;
    let mut record = fixture::reading(request, 1, state);
    record.reading.amount = amount;
    if state == IntentState::Succeeded {
        record.reading.captured = amount;
    }
    record
}

async fn sell(store: &Store, request: &BookingRequest) {
    store.record_attempt(&reading(store, request, IntentState::RequiresPayment).await, after(1)).await.unwrap();
    let sold = store.sell_booking(&reading(store, request, IntentState::Succeeded).await, after(2)).await.unwrap();
    assert_eq!(sold, BookingConfirmed::Confirmed { late: false });
}

fn partner_id() -> PartnerId {
    PartnerId::new(Uuid::from_u128(1))
}

fn draft(number: u128) -> OfferDraft {
    OfferDraft {
        id: OfferId::new(Uuid::from_u128(0x0ffe + number)),
        partner_id: partner_id(),
        name: format!("Offer {number}"),
        scope: OfferScope::Partner,
        code: None,
        at_least: None,
        starts_from: None,
        starts_until: None,
        weekdays: [].into(),
        first_date: None,
        last_date: None,
        booked_from: None,
        booked_until: None,
        categories: [].into(),
        nth: None,
        percent: None,
        amount: None,
        uses: None,
        active: true,
    }
}

fn with_code(number: u128, seats: &[usize], offer: &Offer) -> BookingRequest {
    BookingRequest { code: offer.code().cloned(), ..request(number, "code", seats) }
}

async fn quote(store: &Store, seats: &[usize], offer: Option<&Offer>) -> Quote {
    let seats: Vec<_> = seats.iter().map(|number| seat(*number)).collect();
    match store.quote(show_id(), &seats, offer.and_then(Offer::code), now()).await.unwrap() {
        Priced::Quoted(quote) => *quote,
        other => panic!("no quote: {other:?}"),
    }
}

async fn a_quote_says_what_the_booking_will_cost(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let third = Offer::parse(OfferDraft { nth: Some(3), percent: Some(50), ..draft(1) }).unwrap();
    let (code, other) = (coded(2, "SUMMER", None), coded(3, "WINTER", None));
    for offer in [&third, &code, &other] {
        store.create_offer(offer, now()).await.unwrap();
    }
    store.set_fee_terms(partner_id(), &fees(), now()).await.unwrap();
    assert_eq!(store.fee_terms(partner_id()).await.unwrap(), fees());
    assert_eq!(store.offers_of(partner_id(), None, 10).await.unwrap().len(), 3);

    let quoted = quote(store, &[0, 1, 2], Some(&code)).await;
    assert_eq!(quoted.offers(), [third.id(), code.id()].into());
    assert_eq!(quoted.fees[0].amount, euros(300));
    let opened = fixture::open(store, &with_code(1, &[0, 1, 2], &code)).await;
    assert_eq!(opened.amount, quoted.total);
    let booking = store.find_booking(with_code(1, &[0], &code).booking_id).await.unwrap().unwrap();
    assert_eq!(booking.quote, Some(quoted), "the quote is frozen");
    assert!(quote(store, &[3], None).await.offers().is_empty());
}

async fn a_limited_code_is_used_so_often_and_no_more(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let offer = coded(1, "PREMIERE", Some(3));
    store.create_offer(&offer, now()).await.unwrap();
    let opened = join_all((0..8).map(|number| {
        let wish = with_code(number as u128 + 1, &[number], &offer);
        async move { store.open_booking(&wish, now()).await.unwrap() }
    }));
    let amounts = opened.await.into_iter().map(|opened| match opened {
        BookingOpened::Opened(open) => open.amount,
        other => panic!("{other:?}"),
    });
    let cheaper = amounts.filter(|amount| *amount == euros(fixture::PRICE / 10 * 9)).count();
    assert_eq!(cheaper, 3, "everybody has seats, and the first three have them cheaper");
    assert_eq!(store.uses_of(offer.id()).await.unwrap(), 3);
    let late = quote(store, &[9], Some(&offer)).await;
    assert_eq!((late.total, late.unused.len()), (euros(fixture::PRICE), 1), "{late:?}");
}

async fn a_use_comes_back_with_the_seats(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let offer = coded(1, "PREMIERE", Some(1));
    store.create_offer(&offer, now()).await.unwrap();
    let first = with_code(1, &[0], &offer);
    fixture::open(store, &first).await;
    // The same booking asked for again takes no second use.
    fixture::open(store, &first).await;
    assert_eq!(store.uses_of(offer.id()).await.unwrap(), 1);
    let order = CloseBooking { request: first, end: EndState::Expired, stuck: None };
    store.close_booking(&order, after(1_000)).await.unwrap();
    assert_eq!(store.uses_of(offer.id()).await.unwrap(), 0);

    let second = with_code(2, &[1], &offer);
    fixture::open(store, &second).await;
    sell(store, &second).await;
    assert_eq!(store.uses_of(offer.id()).await.unwrap(), 1, "what was bought stays used");
    let order = CancelBooking { booking_id: second.booking_id, by: CancelledBy::Customer };
    store.cancel_booking(&order, after(3)).await.unwrap();
    assert_eq!(store.uses_of(offer.id()).await.unwrap(), 0);
}

async fn an_offer_is_changed_once_for_each_version(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    let offer = coded(1, "PREMIERE", Some(5));
    store.create_offer(&offer, now()).await.unwrap();
    let changes = [Some(2), Some(7), None].map(|uses| {
        let changed = coded(1, "PREMIERE", uses);
        async move { store.update_offer(&changed, 1).await.unwrap() }
    });
    let edited = join_all(changes).await;
    assert_eq!(edited.iter().filter(|it| **it == Edited::Done { version: 2 }).count(), 1, "{edited:?}");
    assert_eq!(store.update_offer(&coded(2, "NOBODY", None), 1).await.unwrap(), Edited::Gone);

    // Fewer uses than are taken leave those that are.
    let three = coded(1, "PREMIERE", Some(3));
    assert_eq!(store.update_offer(&three, 2).await.unwrap(), Edited::Done { version: 3 });
    for number in 0..2 {
        fixture::open(store, &with_code(number as u128 + 1, &[number], &three)).await;
    }
    assert_eq!(store.update_offer(&coded(1, "PREMIERE", Some(1)), 3).await.unwrap(), Edited::Done { version: 4 });
    let found = store.find_offer(offer.id()).await.unwrap().unwrap();
    assert_eq!((found.content.uses(), store.uses_of(offer.id()).await.unwrap()), (NonZeroU32::new(1), 2));
    assert_eq!(quote(store, &[5], Some(&three)).await.unused.len(), 1);
}

async fn what_the_platform_earns_is_what_was_quoted(db: TestDatabase) {
    let store = &db.store;
    fixture::load(store).await;
    store.set_fee_terms(partner_id(), &fees(), now()).await.unwrap();
    for number in 1..=2_u128 {
        let first = usize::try_from(number).unwrap() * 2;
        let wish = request(number, "sale", &[first, first + 1]);
        fixture::open(store, &wish).await;
        sell(store, &wish).await;
    }
    let earned = async || store.earnings_of(partner_id(), now(), after(100)).await.unwrap();
    let commission = fixture::PRICE * 2 / 20;
    let both = Earnings { bookings: 2, fees: euros(400), commission: euros(commission * 2) };
    assert_eq!(earned().await, [both]);
    let order = CancelBooking { booking_id: request(1, "sale", &[2]).booking_id, by: CancelledBy::Operator };
    store.cancel_booking(&order, after(3)).await.unwrap();
    let one = Earnings { bookings: 1, fees: euros(200), commission: euros(commission) };
    assert_eq!(earned().await, [one]);
    assert!(store.earnings_of(partner_id(), after(100), after(200)).await.unwrap().is_empty());
}
