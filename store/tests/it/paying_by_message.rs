//! Payments whose provider is reached by message: asked once, told in any order, each message taken in once.

use domain::booking::BookingRequest;
use domain::booking_state::EndState;
use domain::ids::{BookingId, PaymentId};
use domain::message::Message;
use domain::message_intent::{IntentNews, MessageIntent, RefundNews};
use domain::payment::{IntentId, IntentState, RecordAttempt};
use domain::refund::{RefundOpened, RefundReason, RefundState, RefundToOpen, RefundToSend};
use futures::future::join_all;
use store::{NewPaymentEvent, PaymentEventStored, Store, StoreError};

use crate::fixture::{self, after, count, euros, messages, now, open, request};
use crate::harness::TestDatabase;

on_both_databases! {
    an_intent_is_written_down_once,
    a_wish_to_cancel_is_said_until_it_is_answered,
    many_who_wish_the_same_say_it_once,
    each_message_is_taken_in_once,
    what_is_known_does_not_depend_on_the_order,
    a_refund_is_asked_for_once,
    a_refund_that_nobody_asked_for_counts,
    what_was_not_asked_for_by_message_is_only_kept,
    lists_go_on_where_they_ended,
}

/// An intent of an attempt, as it is about to be asked for.
pub(crate) fn intent(request: &BookingRequest, attempt: u32) -> MessageIntent {
    let amount = euros(fixture::PRICE * request.seat_ids.as_slice().len() as i64);
    let idempotency_key = format!("{}/{attempt}", request.booking_id);
    MessageIntent {
        intent_id: IntentId::for_key(&idempotency_key),
        idempotency_key,
        booking_id: request.booking_id,
        payment_id: PaymentId::for_booking(request.booking_id),
        attempt,
        amount,
        state: IntentState::RequiresPayment,
        captured: euros(0),
        refunded: euros(0),
        decline_code: None,
        payment_page: None,
        told: 0,
        told_at: None,
        asked_at_told: None,
        created_at: now(),
    }
}

/// What is written down of an intent that has just been asked for.
pub(crate) fn record(request: &BookingRequest, intent: &MessageIntent) -> RecordAttempt {
    fixture::reading_of(request, intent.attempt, &intent.intent_id, IntentState::RequiresPayment)
}

pub(crate) fn event(id: &str, intent_id: &IntentId) -> NewPaymentEvent {
    NewPaymentEvent {
        provider: "simulator".to_owned(),
        event_id: id.to_owned(),
        kind: "payment_processed".to_owned(),
        intent_id: Some(intent_id.clone()),
        body: "{}".to_owned(),
        received_at: after(1),
        due_at: after(1),
        deliveries: 0,
    }
}

/// News of an intent that are some seconds old.
pub(crate) fn news(intent_id: &IntentId, state: IntentState, seconds: i64) -> IntentNews {
    IntentNews {
        intent_id: intent_id.clone(),
        state,
        captured: None,
        decline_code: None,
        payment_page: None,
        happened_at: after(seconds),
    }
}

pub(crate) fn refund_news(refund: &RefundToSend, state: RefundState, seconds: i64) -> RefundNews {
    RefundNews {
        refund_id: refund.refund_id.to_string(),
        provider_refund_id: Some("re_1".to_owned()),
        intent_id: refund.intent_id.clone(),
        amount: None,
        state,
        happened_at: after(seconds),
    }
}

/// A booking whose first attempt was asked for by message.
async fn asked(store: &Store) -> (BookingRequest, IntentId) {
    fixture::load(store).await;
    let request = request(1, "key", &[0]);
    open(store, &request).await;
    let intent = store.open_message_intent(&intent(&request, 1)).await.unwrap();
    store.record_attempt(&record(&request, &intent), now()).await.unwrap();
    (request, intent.intent_id)
}

async fn known(store: &Store, id: &IntentId) -> MessageIntent {
    store.message_intent(id).await.unwrap().unwrap()
}

async fn an_intent_is_written_down_once(db: TestDatabase) {
    let store = db.store;
    let (request, id) = asked(&store).await;
    let as_written = known(&store, &id).await;
    assert_eq!(as_written, intent(&request, 1));
    let mut other = intent(&request, 1);
    other.amount = euros(7);
    assert_eq!(store.open_message_intent(&other).await.unwrap(), as_written, "the first one stands");
    assert_eq!(messages(&store, &request).await, ["BookingCreated", "PaymentRequested"]);
    assert_eq!(store.message_intent(&IntentId::new("pi_other")).await.unwrap(), None);
    assert_eq!(store.ask_to_cancel_intent(&IntentId::new("pi_other"), now()).await.unwrap(), None);
}

async fn a_wish_to_cancel_is_said_until_it_is_answered(db: TestDatabase) {
    let store = db.store;
    let (request, id) = asked(&store).await;
    let cancel = async |seconds| store.ask_to_cancel_intent(&id, after(seconds)).await.unwrap().unwrap();
    for seconds in 2..4 {
        assert_eq!(cancel(seconds).await.asked_at_told, Some(0));
    }
    let said = ["BookingCreated", "PaymentRequested", "PaymentCancellationRequested"];
    assert_eq!(messages(&store, &request).await, said, "one question is open");
    let outbox = store.unpublished_messages(10).await.unwrap();
    let Message::PaymentCancellationRequested { payment_id, attempt, intent_id, amount } = &outbox[2].message else {
        panic!("{:?}", outbox[2]);
    };
    let expected = (PaymentId::for_booking(request.booking_id), 1, &id, euros(fixture::PRICE));
    assert_eq!((*payment_id, *attempt, intent_id, *amount), expected);
    // It cannot be cancelled, for it is being paid. Later it may be, so it is asked again.
    let processing = news(&id, IntentState::Processing, 4);
    store.hear_of_intent(&event("evt_1", &id), &processing).await.unwrap();
    cancel(5).await;
    assert_eq!(messages(&store, &request).await.len(), 4);
    store.hear_of_intent(&event("evt_2", &id), &news(&id, IntentState::Cancelled, 6)).await.unwrap();
    assert_eq!(cancel(7).await.state, IntentState::Cancelled);
    assert_eq!(messages(&store, &request).await.len(), 4, "it is cancelled");
}

async fn many_who_wish_the_same_say_it_once(db: TestDatabase) {
    let (request, id) = asked(&db.store).await;
    let other = db.another_process().await;
    let wishes = (0..10).map(|number| {
        let (store, id) = (if number % 2 == 0 { db.store.clone() } else { other.clone() }, id.clone());
        tokio::spawn(async move { store.ask_to_cancel_intent(&id, after(2)).await.unwrap() })
    });
    for wish in join_all(wishes).await {
        assert_eq!(wish.unwrap().unwrap().asked_at_told, Some(0));
    }
    assert_eq!(messages(&db.store, &request).await.len(), 3);
}

async fn each_message_is_taken_in_once(db: TestDatabase) {
    let store = db.store;
    let (_, id) = asked(&store).await;
    let mut page = news(&id, IntentState::RequiresPayment, 1);
    page.payment_page = Some("https://pay.example/1".to_owned());
    let heard = async |name: &str, news: &IntentNews| store.hear_of_intent(&event(name, &id), news).await.unwrap();
    assert_eq!(heard("evt_1", &page).await, PaymentEventStored::Stored);
    let succeeded = news(&id, IntentState::Succeeded, 2);
    assert_eq!(heard("evt_2", &succeeded).await, PaymentEventStored::Stored);
    for _ in 0..3 {
        assert_eq!(heard("evt_2", &succeeded).await, PaymentEventStored::Duplicate);
        assert_eq!(heard("evt_1", &page).await, PaymentEventStored::Duplicate);
    }
    let known = known(&store, &id).await;
    assert_eq!((known.told, known.state, known.captured), (2, IntentState::Succeeded, euros(fixture::PRICE)));
    assert_eq!(known.payment_page.as_deref(), Some("https://pay.example/1"));
    assert_eq!(store.claim_due_payment_events(after(1), 30, 10).await.unwrap().len(), 2, "both are on their way");
}

async fn what_is_known_does_not_depend_on_the_order(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let declined = |id: &IntentId| IntentNews {
        decline_code: Some("card_declined".to_owned()),
        ..news(id, IntentState::RequiresPayment, 3)
    };
    let all = |id: &IntentId| {
        let of = |state, seconds| news(id, state, seconds);
        let partly = IntentNews { captured: Some(euros(500)), ..of(IntentState::Processing, 4) };
        [of(IntentState::RequiresAction, 1), of(IntentState::Processing, 2), declined(id), partly]
    };
    let mut ends = Vec::new();
    for (number, order) in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]].into_iter().enumerate() {
        let request = request(number as u128 + 1, "key", &[number]);
        open(&store, &request).await;
        let id = store.open_message_intent(&intent(&request, 1)).await.unwrap().intent_id;
        for place in order {
            store.hear_of_intent(&event(&format!("{number}_{place}"), &id), &all(&id)[place]).await.unwrap();
        }
        let end = known(&store, &id).await;
        ends.push((end.state, end.captured, end.decline_code, end.told, end.told_at));
    }
    ends.dedup();
    assert_eq!(ends, [(IntentState::Processing, euros(500), None, 4, Some(after(4)))]);
    // Money wins over whatever else is said, and over what was said before.
    for (number, order) in [[0, 1], [1, 0]].into_iter().enumerate() {
        let request = request(number as u128 + 11, "key", &[number + 6]);
        open(&store, &request).await;
        let id = store.open_message_intent(&intent(&request, 1)).await.unwrap().intent_id;
        let ends = [news(&id, IntentState::Succeeded, 1), news(&id, IntentState::Cancelled, 2)];
        for place in order {
            store.hear_of_intent(&event(&format!("end_{number}_{place}"), &id), &ends[place]).await.unwrap();
        }
        let late = news(&id, IntentState::Processing, 9);
        store.hear_of_intent(&event(&format!("end_{number}_late"), &id), &late).await.unwrap();
        let end = known(&store, &id).await;
        assert_eq!((end.state, end.captured), (IntentState::Succeeded, euros(fixture::PRICE)));
    }
}

/// Money that came too late, and the refund of it.
async fn refund(store: &Store, request: &BookingRequest, id: &IntentId) -> RefundToSend {
    fixture::close(store, request, EndState::Expired).await;
    let paid = fixture::reading_of(request, 1, id, IntentState::Succeeded);
    store.record_capture(&paid, after(60)).await.unwrap();
    let booking_id: BookingId = request.booking_id;
    let order = RefundToOpen { booking_id, attempt: 1, reason: RefundReason::NotConfirmed, amount: None };
    match store.open_refund(&order, after(400)).await.unwrap() {
        RefundOpened::Open(send) => send,
        other => panic!("no refund to send: {other:?}"),
    }
}

async fn a_refund_is_asked_for_once(db: TestDatabase) {
    let store = db.store;
    let (request, id) = asked(&store).await;
    let send = refund(&store, &request, &id).await;
    for seconds in 401..404 {
        let refund = store.ask_for_refund(&send, after(seconds)).await.unwrap().unwrap();
        assert_eq!((refund.state, refund.reading(), refund.asked), (RefundState::Open, None, true));
    }
    let said = messages(&store, &request).await;
    assert_eq!(said.iter().filter(|kind| **kind == "RefundRequested").count(), 1, "{said:?}");
    let outbox = store.unpublished_messages(10).await.unwrap();
    let Some(Message::RefundRequested { refund_id, intent_id, amount, reason, .. }) =
        outbox.last().map(|last| &last.message)
    else {
        panic!("{outbox:?}");
    };
    let expected = (send.refund_id, &id, euros(fixture::PRICE), RefundReason::NotConfirmed);
    assert_eq!((*refund_id, intent_id, *amount, *reason), expected);
    // Told out of order and twice.
    for (name, state, seconds) in
        [("1", RefundState::Succeeded, 411), ("2", RefundState::Pending, 410), ("1", RefundState::Succeeded, 411)]
    {
        store.hear_of_refund(&event(name, &id), &refund_news(&send, state, seconds)).await.unwrap();
    }
    let told = store.message_refund(&send.refund_id.to_string()).await.unwrap().unwrap();
    assert_eq!(told.reading().unwrap().provider_refund_id, "re_1");
    assert_eq!(told.state, RefundState::Succeeded);
    assert_eq!(store.message_refund_sent_as("re_1").await.unwrap(), Some(told));
    assert_eq!(known(&store, &id).await.refunded, euros(fixture::PRICE));
    // Banks return money that was sent.
    store.hear_of_refund(&event("3", &id), &refund_news(&send, RefundState::Failed, 420)).await.unwrap();
    let told = store.ask_for_refund(&send, after(430)).await.unwrap().unwrap();
    assert_eq!(told.state, RefundState::Failed);
    assert_eq!(known(&store, &id).await.refunded, euros(0));
    let elsewhere = RefundToSend { intent_id: IntentId::new("pi_other"), ..send.clone() };
    assert_eq!(store.ask_for_refund(&elsewhere, after(440)).await.unwrap(), None);
    let unknown = domain::ids::RefundId::for_reason(send.payment_id, "never opened");
    let unknown = store.ask_for_refund(&RefundToSend { refund_id: unknown, ..send }, after(441)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "refund", .. })), "{unknown:?}");
}

async fn a_refund_that_nobody_asked_for_counts(db: TestDatabase) {
    let store = db.store;
    let (_, id) = asked(&store).await;
    store.hear_of_intent(&event("evt_1", &id), &news(&id, IntentState::Succeeded, 1)).await.unwrap();
    let mut given = RefundNews {
        refund_id: "re_by_hand".to_owned(),
        provider_refund_id: None,
        intent_id: id.clone(),
        amount: None,
        state: RefundState::Succeeded,
        happened_at: after(2),
    };
    // Without a sum there is nothing to count.
    assert_eq!(store.hear_of_refund(&event("evt_2", &id), &given).await.unwrap(), PaymentEventStored::Stored);
    assert_eq!(known(&store, &id).await.refunded, euros(0));
    given.amount = Some(euros(500));
    for name in ["evt_3", "evt_3", "evt_4"] {
        store.hear_of_refund(&event(name, &id), &given).await.unwrap();
    }
    assert_eq!(known(&store, &id).await.refunded, euros(500));
    let refund = store.message_refund("re_by_hand").await.unwrap().unwrap();
    assert_eq!((refund.asked, refund.reading().unwrap().provider_refund_id.as_str()), (false, "re_by_hand"));
}

async fn what_was_not_asked_for_by_message_is_only_kept(db: TestDatabase) {
    let store = db.store;
    let (_, known_id) = asked(&store).await;
    let id = IntentId::new("pi_elsewhere");
    let told = news(&id, IntentState::Succeeded, 1);
    assert_eq!(store.hear_of_intent(&event("evt_1", &id), &told).await.unwrap(), PaymentEventStored::Stored);
    assert_eq!(store.hear_of_intent(&event("evt_1", &id), &told).await.unwrap(), PaymentEventStored::Duplicate);
    let refund = RefundNews {
        refund_id: "re_1".to_owned(),
        provider_refund_id: None,
        intent_id: id.clone(),
        amount: Some(euros(5)),
        state: RefundState::Succeeded,
        happened_at: after(2),
    };
    assert_eq!(store.hear_of_refund(&event("evt_2", &id), &refund).await.unwrap(), PaymentEventStored::Stored);
    assert_eq!(count(&store, "payment_events").await, 2);
    assert_eq!((count(&store, "message_intents").await, count(&store, "message_refunds").await), (1, 0));
    assert_eq!(known(&store, &known_id).await.told, 0);
}

async fn lists_go_on_where_they_ended(db: TestDatabase) {
    let store = db.store;
    fixture::load(&store).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let request = request(number as u128 + 1, "key", &[number]);
        open(&store, &request).await;
        ids.push(store.open_message_intent(&intent(&request, 1)).await.unwrap().intent_id);
    }
    ids.sort();
    let first = store.list_message_intents((now(), ""), 2).await.unwrap();
    let last = first.last().unwrap();
    let rest = store.list_message_intents((last.created_at, last.intent_id.as_str()), 2).await.unwrap();
    let listed: Vec<_> = first.iter().chain(&rest).map(|intent| intent.intent_id.clone()).collect();
    assert_eq!(listed, ids);
    assert_eq!(store.list_message_intents((after(1), ""), 2).await.unwrap(), []);
    assert_eq!(store.list_message_refunds((now(), ""), 2).await.unwrap(), []);
}
