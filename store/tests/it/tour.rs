//! A tour through every method of the store, in the ways in which the API and the sagas use it.

use domain::booking::{BookingRequest, CancelBooking, Cleared, CloseBooking, FlagBooking, UnflagBooking};
use domain::booking_state::{CancelledBy, EndState};
use domain::fee::FeeTerms;
use domain::ids::{HallId, MessageId, NoticeId, PartnerId, SeatId, ShowId};
use domain::member::MemberRole;
use domain::message::{Message, MessageSubject};
use domain::payment::{IntentId, IntentState};
use domain::refund::{RecordRefund, RefundOpened, RefundReading, RefundReason, RefundState, RefundToOpen};
use domain::seat::{Seat, SeatCategory};
use domain::show::Show;
use domain::show_cancel::CallOff;
use jiff::Timestamp;
use store::{
    Allocation, BookingFilter, DeadLetter, EventFilter, LogPosition, NewPaymentEvent, NoticeState, OperatorAction,
    PublishedBatch, ShowFilter, Store,
};
use uuid::Uuid;

use crate::accounts;
use crate::fixture::{self, after, customer, euros, now, request, seat, show_id, stuck_step};
use crate::noticing;
use crate::offers;
use crate::paying_by_message;
use crate::statement_log::StatementLog;

/// Says which method is called, and calls it.
macro_rules! call {
    ($store:ident, $log:ident, $method:ident($($argument:expr),* $(,)?)) => {
        $log.during(stringify!($method), $store.$method($($argument),*)).await.expect(stringify!($method))
    };
}

/// Calls every method at least once, each in every shape of its statements.
pub(crate) async fn take(store: &Store, log: &StatementLog) {
    call!(store, log, load_catalogue(&fixture::catalogue(fixture::SEATS), now()));
    call!(store, log, ping());
    identify(store, log).await;
    plan(store, log).await;
    discount(store, log).await;
    sell(store, log).await;
    let late = let_go_and_pay_late(store, log).await;
    get_stuck(store, log).await;
    read_shows(store, log).await;
    read_bookings(store, log, &late).await;
    deliver(store, log).await;
    pay_by_message(store, log).await;
    publish(store, log).await;
    tell(store, log).await;
    sweep(store, log).await;
}

async fn identify(store: &Store, log: &StatementLog) {
    let (new, session) = (accounts::account(1), accounts::session(1));
    let (id, email, partner_id) = (new.contact.customer_id, &new.contact.email, accounts::partner().id);
    call!(store, log, create_account(&new, now()));
    call!(store, log, password_of_email(email));
    call!(store, log, password_of(id));
    call!(store, log, set_admin(email, true));
    call!(store, log, create_session(&session, now()));
    call!(store, log, renew_session(session.id, &session.secret_hash, after(1)));
    call!(store, log, standing(session.id, after(1)));
    call!(store, log, sessions_of(id, after(1)));
    call!(store, log, end_session(id, session.id, after(2)));
    call!(store, log, end_sessions(id, after(2)));
    call!(store, log, rehash_password(id, "hash 1", "newer"));
    call!(store, log, change_password(id, "newer", "other", after(3)));
    call!(store, log, found_partner(&accounts::partner(), id, now()));
    call!(store, log, put_member(partner_id, email, MemberRole::Owner, now()));
    call!(store, log, partners_of(id));
    call!(store, log, has_partner(partner_id));
    call!(store, log, role_at(partner_id, id));
    call!(store, log, members_of(partner_id));
    let other = accounts::account(40);
    call!(store, log, create_account(&other, now()));
    call!(store, log, put_member(partner_id, &other.contact.email, MemberRole::Staff, now()));
    call!(store, log, remove_member(partner_id, customer(40)));
}

async fn plan(store: &Store, log: &StatementLog) {
    let catalogue = fixture::catalogue(fixture::SEATS);
    let (venue, event, show) = (&catalogue.venues[0], &catalogue.events[0], &catalogue.shows[0]);
    let hall_id = catalogue.halls[0].id;
    call!(store, log, create_venue(venue));
    call!(store, log, find_venue(venue.id));
    call!(store, log, venues_of(venue.partner_id, Some(venue.id), 20));
    call!(store, log, update_venue(venue, 1));
    call!(store, log, update_venue(venue, 1));
    call!(store, log, delete_venue(venue.id, 2));
    call!(store, log, create_hall(hall_id, venue.id, "Main"));
    call!(store, log, find_hall(hall_id));
    call!(store, log, halls_of(venue.id));
    call!(store, log, rename_hall(hall_id, "Main", 1));
    call!(store, log, seats_of_hall(hall_id));
    let seats = &catalogue.halls[0].seats;
    call!(store, log, draw_seats(hall_id, seats, 2));
    call!(store, log, draw_seats(hall_id, &seats[..1], 3));
    call!(store, log, create_event(event));
    call!(store, log, find_event(event.id));
    call!(store, log, events_of(event.partner_id, Some(event.id), 20));
    call!(store, log, update_event(event, 1));
    call!(store, log, delete_event(event.id, 2));
    let other = Show { id: ShowId::new(Uuid::from_u128(0x5050)), ..show.clone() };
    call!(store, log, create_show(&other));
    call!(store, log, find_show_to_edit(other.id));
    call!(store, log, update_show(&other, 1));
    call!(store, log, allocate(other.id, &[seat(0), seat(1)], &Allocation::Block));
    call!(store, log, allocate(other.id, &[seat(0)], &Allocation::Release));
    let category = SeatCategory::parse("standard").expect("a category");
    call!(store, log, allocate(other.id, &[seat(0)], &Allocation::Move { category }));
    call!(store, log, allocate(other.id, &[SeatId::new(Uuid::nil())], &Allocation::Block));
    call!(store, log, sell_elsewhere(other.id, &[seat(2), seat(3)]));
    call!(store, log, sell_elsewhere(other.id, &[seat(3)]));
    let another = Show { id: ShowId::new(Uuid::from_u128(0x5051)), ..show.clone() };
    call!(store, log, create_show_sold_elsewhere(&another, &[seat(1)]));
    call!(store, log, delete_show(another.id, 1));
    let order = CallOff { show_id: other.id, by: customer(40), reason: Some("rain".to_owned()) };
    call!(store, log, call_off_show(&order, now()));
    call!(store, log, cancellation_of(other.id));
    let some = request(1, "sold", &[0]).booking_id;
    call!(store, log, bookings_to_cancel(other.id, Some(some), 50));
    let empty = HallId::new(Uuid::from_u128(0x4a11));
    call!(store, log, create_hall(empty, venue.id, "Small"));
    let seat = |number: u128| Seat {
        id: SeatId::new(Uuid::from_u128(0x5ea7 + number)),
        hall_id: empty,
        number: number.to_string(),
        ..seats[0].clone()
    };
    call!(store, log, draw_seats(empty, &[seat(0), seat(1)], 1));
    call!(store, log, draw_seats(empty, &[seat(0)], 2));
    call!(store, log, delete_hall(empty, 3));
}

async fn discount(store: &Store, log: &StatementLog) {
    let offer = offers::coded(1, "PREMIERE", Some(3));
    let (id, partner_id) = (offer.id(), offer.partner_id());
    call!(store, log, set_fee_terms(partner_id, &offers::fees(), now()));
    call!(store, log, fee_terms(partner_id));
    call!(store, log, create_offer(&offer, now()));
    call!(store, log, find_offer(id));
    call!(store, log, offers_of(partner_id, Some(id), 20));
    call!(store, log, update_offer(&offers::coded(1, "PREMIERE", Some(2)), 1));
    call!(store, log, uses_of(id));
    call!(store, log, quote(show_id(), &[seat(0)], offer.code(), now()));
    let wish = BookingRequest { code: offer.code().cloned(), ..request(90, "code", &[11]) };
    call!(store, log, open_booking(&wish, now()));
    let reading = async |state| offers::reading(store, &wish, state).await;
    call!(store, log, record_attempt(&reading(IntentState::RequiresPayment).await, after(1)));
    call!(store, log, sell_booking(&reading(IntentState::Succeeded).await, after(2)));
    call!(store, log, earnings_of(partner_id, now(), after(3)));
    let taken_back = CancelBooking { booking_id: wish.booking_id, by: CancelledBy::Operator };
    call!(store, log, cancel_booking(&taken_back, after(3)));
    // What comes after costs what the seats cost.
    call!(store, log, set_fee_terms(partner_id, &FeeTerms::NONE, after(4)));
}

async fn sell(store: &Store, log: &StatementLog) {
    let sold = request(1, "sold", &[0, 1]);
    let id = sold.booking_id;
    call!(store, log, open_booking(&sold, now()));
    call!(store, log, open_booking(&request(2, "taken", &[1, 2]), now()));
    call!(store, log, extend_hold(id, after(200)));
    call!(store, log, record_attempt(&fixture::reading(&sold, 1, IntentState::RequiresPayment), after(1)));
    call!(store, log, record_attempt(&fixture::reading(&sold, 1, IntentState::Cancelled), after(2)));
    call!(store, log, open_attempt(id, after(3)));
    call!(store, log, record_attempt(&fixture::reading(&sold, 2, IntentState::RequiresPayment), after(4)));
    call!(store, log, record_capture(&fixture::reading(&sold, 2, IntentState::Succeeded), after(5)));
    call!(store, log, confirm_booking(id, Some(2), after(6)));
    call!(store, log, sell_booking(&fixture::reading(&sold, 2, IntentState::Succeeded), after(7)));
    call!(store, log, timeline(id));
    call!(store, log, tickets_of(id));
    call!(store, log, cancel_booking(&CancelBooking { booking_id: id, by: CancelledBy::Customer }, after(8)));
    let order = RefundToOpen { booking_id: id, attempt: 2, reason: RefundReason::Cancelled, amount: None };
    send_back(store, log, &order).await;
    let mut free = request(3, "free", &[0]);
    free.show_id = fixture::free_show_id();
    call!(store, log, open_booking(&free, now()));
    call!(store, log, confirm_booking(free.booking_id, None, after(1)));
    let mut refused = request(4, "refused", &[1]);
    refused.show_id = fixture::free_show_id();
    call!(store, log, open_booking(&refused, now()));
    call!(store, log, close_booking(&closing(&refused, EndState::Expired), after(2)));
    call!(
        store,
        log,
        cancel_booking(&CancelBooking { booking_id: refused.booking_id, by: CancelledBy::Operator }, after(2))
    );
    call!(store, log, confirm_booking(refused.booking_id, None, after(1_000_000)));
}

async fn send_back(store: &Store, log: &StatementLog, order: &RefundToOpen) {
    let RefundOpened::Open(send) = call!(store, log, open_refund(order, after(500))) else {
        panic!("there is nothing to give back");
    };
    for state in [RefundState::Failed, RefundState::Succeeded] {
        let reading = RefundReading { provider_refund_id: format!("re_{state:?}"), state };
        call!(store, log, record_refund(&RecordRefund { refund_id: send.refund_id, reading }, after(501)));
        call!(store, log, open_refund(order, after(502)));
    }
}

fn closing(request: &BookingRequest, end: EndState) -> CloseBooking {
    CloseBooking { request: request.clone(), end, stuck: None }
}

async fn let_go_and_pay_late(store: &Store, log: &StatementLog) -> BookingRequest {
    let late = request(5, "late", &[3]);
    call!(store, log, open_booking(&late, now()));
    call!(store, log, record_attempt(&fixture::reading(&late, 1, IntentState::RequiresPayment), after(1)));
    call!(store, log, close_booking(&closing(&late, EndState::Expired), after(300)));
    call!(store, log, record_capture(&fixture::reading(&late, 1, IntentState::Succeeded), after(400)));
    call!(store, log, confirm_booking(late.booking_id, Some(1), after(401)));
    let never = request(6, "never opened", &[4]);
    call!(store, log, close_booking(&closing(&never, EndState::Expired), after(300)));
    let gone = request(7, "gone", &[5]);
    call!(store, log, open_booking(&gone, now()));
    call!(store, log, record_attempt(&fixture::reading(&gone, 1, IntentState::RequiresPayment), after(1)));
    call!(store, log, close_booking(&closing(&gone, EndState::Cancelled { by: CancelledBy::Customer }), after(2)));
    call!(store, log, record_capture(&fixture::reading(&gone, 1, IntentState::Succeeded), after(3)));
    call!(store, log, confirm_booking(gone.booking_id, Some(1), after(4)));
    // The provider gave some of it back without being asked to.
    let mut given_back = fixture::reading(&gone, 1, IntentState::Succeeded);
    given_back.reading.refunded = euros(500);
    call!(store, log, record_capture(&given_back, after(5)));
    late
}

async fn get_stuck(store: &Store, log: &StatementLog) {
    let stuck = request(8, "stuck", &[6]);
    let id = stuck.booking_id;
    call!(store, log, open_booking(&stuck, now()));
    call!(
        store,
        log,
        flag_booking(&FlagBooking { booking_id: id, stuck: stuck_step(), toward: EndState::Expired }, after(1))
    );
    let action = OperatorAction {
        id: Uuid::from_u128(1),
        booking_id: id,
        operator: "ops".to_owned(),
        action: "retry".to_owned(),
        note: "again".to_owned(),
    };
    call!(store, log, record_operator_action(&action, after(2)));
    let cleared = Cleared::Resolved { operator: "ops".to_owned() };
    let step = stuck_step().step;
    call!(
        store,
        log,
        unflag_booking(&UnflagBooking { booking_id: id, step, cleared, end: EndState::Expired }, after(3))
    );
}

async fn read_shows(store: &Store, log: &StatementLog) {
    let show = show_id();
    call!(store, log, find_show(show));
    call!(store, log, find_show_listing(show));
    let cursor = Some((now(), show));
    let every = ShowFilter::default();
    call!(store, log, list_shows(&every, None, 20));
    call!(store, log, list_shows(&every, cursor, 20));
    let event_id = fixture::catalogue(1).events[0].id;
    let coming = ShowFilter { from: Some(now()), to: Some(after(1_000_000)), ..every.clone() };
    call!(store, log, list_shows(&coming, cursor, 20));
    call!(store, log, list_shows(&ShowFilter { event_id: Some(event_id), ..every.clone() }, cursor, 20));
    call!(store, log, list_shows(&ShowFilter { city: Some("wien".to_owned()), ..coming }, cursor, 20));
    call!(store, log, cities(now()));
    call!(store, log, zone_of_city("wien"));
    let all = EventFilter { city_key: None, from: now(), to: None, language: None, genre: None, text: None };
    call!(store, log, list_events(&all, None, 20));
    let one = EventFilter {
        city_key: Some("wien".to_owned()),
        to: Some(after(1_000_000)),
        language: Some("de".to_owned()),
        genre: Some("drama".to_owned()),
        text: Some("metro".to_owned()),
        ..all
    };
    call!(store, log, list_events(&one, Some((now(), event_id)), 20));
    call!(store, log, show_seats(show));
    call!(store, log, seat_statuses(show));
    call!(store, log, statuses_of(show, &[seat(0), seat(1)]));
    call!(store, log, obstacles(&request(9, "asking", &[0, 1])));
    call!(store, log, shows_with_claims(now(), None, 100));
    call!(store, log, claims_of_show(show, now()));
}

async fn read_bookings(store: &Store, log: &StatementLog, late: &BookingRequest) {
    let (id, buyer) = (late.booking_id, late.customer_id);
    call!(store, log, find_booking(id));
    call!(store, log, find_booking_for(buyer, id));
    call!(store, log, recall_booking(id));
    call!(store, log, find_known(&[id]));
    call!(store, log, recall_booking_by_intent(&IntentId::new("pi_1")));
    call!(store, log, statuses_of_bookings(&[id, request(1, "sold", &[0]).booking_id]));
    let cursor = Some((after(1_000), id));
    for state in [None, Some("confirmed".to_owned())] {
        for show_id in [None, Some(show_id())] {
            let filter = BookingFilter { state: state.clone(), show_id };
            call!(store, log, list_bookings_for(buyer, &filter, None, 20));
            call!(store, log, list_bookings_for(buyer, &filter, cursor, 20));
        }
    }
    for state in [None, Some("confirmed")] {
        call!(store, log, bookings_of_show(show_id(), state, None, 20));
        call!(store, log, bookings_of_show(show_id(), state, Some(("confirmed", id)), 20));
    }
}

async fn deliver(store: &Store, log: &StatementLog) {
    let event = NewPaymentEvent {
        provider: "simulator".to_owned(),
        event_id: "evt_tour".to_owned(),
        kind: "payment_intent.succeeded".to_owned(),
        intent_id: None,
        body: "{}".to_owned(),
        received_at: now(),
        due_at: now(),
        deliveries: 0,
    };
    call!(store, log, store_payment_event(&event));
    call!(store, log, claim_due_payment_events(after(10), 1, 10));
    call!(store, log, park_payment_event("simulator", "evt_tour", "nobody", after(20)));
    call!(store, log, parked_payment_events(Some((now(), "simulator".to_owned(), "evt".to_owned())), 10));
    call!(store, log, payment_event_delivered("simulator", "evt_tour", None, after(30)));
    log.during("unpublished_messages", async {
        // The messages of the crowd have no body; that they cannot be read does not matter to the plan.
        let _ = store.unpublished_messages(100).await;
    })
    .await;
}

async fn pay_by_message(store: &Store, log: &StatementLog) {
    let paid = request(9, "by message", &[7]);
    let intent = paying_by_message::intent(&paid, 1);
    let id = intent.intent_id.clone();
    call!(store, log, open_booking(&paid, now()));
    call!(store, log, open_message_intent(&intent));
    call!(store, log, record_attempt(&paying_by_message::record(&paid, &intent), after(1)));
    call!(store, log, message_intent(&id));
    call!(store, log, ask_to_cancel_intent(&id, after(2)));
    let news = paying_by_message::news(&id, IntentState::Succeeded, 3);
    call!(store, log, hear_of_intent(&paying_by_message::event("by message 1", &id), &news));
    call!(store, log, record_attempt(&fixture::reading_of(&paid, 1, &id, IntentState::Succeeded), after(3)));
    call!(store, log, close_booking(&closing(&paid, EndState::Expired), after(300)));
    let order =
        RefundToOpen { booking_id: paid.booking_id, attempt: 1, reason: RefundReason::NotConfirmed, amount: None };
    let RefundOpened::Open(send) = call!(store, log, open_refund(&order, after(301))) else {
        panic!("there is nothing to give back");
    };
    call!(store, log, ask_for_refund(&send, after(302)));
    let news = paying_by_message::refund_news(&send, RefundState::Succeeded, 303);
    call!(store, log, hear_of_refund(&paying_by_message::event("by message 2", &id), &news));
    call!(store, log, message_refund(&send.refund_id.to_string()));
    call!(store, log, message_refund_sent_as("re_1"));
    call!(store, log, list_message_intents((now(), ""), 10));
    call!(store, log, list_message_refunds((now(), ""), 10));
}

async fn tell(store: &Store, log: &StatementLog) {
    let (subject, message) = noticing::cancelled(77);
    let id = NoticeId::for_step(subject.booking_id, "cancelled");
    call!(store, log, note_notice(&subject, "cancelled", &message, now()));
    call!(store, log, park_notice(id, "error", after(1)));
    call!(store, log, notice_without_address(id, after(1)));
    call!(store, log, close_notice(id, NoticeState::NoAddress, None, after(1)));
    call!(store, log, waiting_notices());
    call!(store, log, notices_of(subject.booking_id));
    // The notices of the crowd cannot be read; that does not matter to the plan.
    log.during("claim_due_notices", async {
        let _ = store.claim_due_notices(now(), 60, 10).await;
    })
    .await;
    log.during("list_notices", async {
        let _ = store.list_notices(None, 10).await;
        let _ = store.list_notices(Some((now(), id)), 10).await;
    })
    .await;
    log.during("list_notices_in", async {
        let _ = store.list_notices_in(NoticeState::Sent, None, 10).await;
        let _ = store.list_notices_in(NoticeState::Sent, Some((now(), id)), 10).await;
    })
    .await;
    call!(store, log, put_contact(&noticing::contact(77), after(2)));
    call!(store, log, notice_without_address(id, after(3)));
    call!(store, log, contact_of(customer(77)));
    call!(store, log, delete_contact(customer(77)));
}

async fn publish(store: &Store, log: &StatementLog) {
    let leases = call!(store, log, lease_slots("relay", now(), 15));
    call!(store, log, lease_slots("another", after(1), 15));
    call!(store, log, lease_slots("relay", after(2), 15));
    call!(store, log, slots_with_messages("relay"));
    log.during("unpublished_messages_of", async {
        let _ = store.unpublished_messages_of(3, Some(&("bkg".to_owned(), 1)), 100).await;
    })
    .await;
    let batch = PublishedBatch { lease: leases[0], ids: vec![MessageId::for_sequence("bkg", 1)] };
    call!(store, log, mark_published("relay", &[batch], after(3)));
    call!(store, log, outbox_backlog());
    log.during("published_messages", async {
        let _ = store.published_messages(&LogPosition::START, 100).await;
    })
    .await;
    call!(store, log, release_slots("relay"));

    let booking_id = request(1, "sold", &[0]).booking_id;
    let subject =
        MessageSubject { booking_id, customer_id: customer(1), partner_id: PartnerId::new(Uuid::from_u128(1)) };
    let message = Message::BookingNeedsAttention { step: "step".to_owned(), error: "error".to_owned() };
    call!(store, log, apply_to_order("msg", 1, &subject, &message, now()));
    call!(store, log, order_booking(booking_id));
    call!(store, log, has_consumed("orders", "msg"));
    call!(store, log, mark_consumed("orders", "msg", now()));
    call!(store, log, forget_consumed(now()));
    call!(store, log, consumer_position("orders"));
    call!(store, log, move_consumer("orders", &LogPosition::START));
    let letter = DeadLetter {
        consumer: "orders".to_owned(),
        message_id: "msg".to_owned(),
        reason: "reason".to_owned(),
        body: "{}".to_owned(),
        died_at: now(),
    };
    call!(store, log, bury(&letter));
    call!(store, log, dead_letters(10));
}

async fn sweep(store: &Store, log: &StatementLog) {
    let before: Timestamp = after(10_000);
    let some = request(1, "sold", &[0]).booking_id;
    call!(store, log, overdue_bookings(before, 100));
    call!(store, log, abandoned_attempts(100, Some(some)));
    call!(store, log, open_refunds(before, 100));
    call!(store, log, shows_to_cancel(&(now()..before), None, 100));
    call!(store, log, unsettled_bookings(before, 100));
}
