//! Payments by message: boxoffice and the simulator hear of each other through messages alone, each of which comes at
//! least once.

mod counter;

use std::time::Duration;

use app::identity::{Caller, Role};
use domain::ids::CustomerId;
use domain::money::{Currency, Money};
use domain::payment::{AttemptOpened, IntentId, IntentState};
use domain::refund::{RefundOpened, RefundReason, RefundState, RefundToOpen, RefundToSend};
use jiff::Timestamp;
use messaging::consumer::{Consumed, Consumer, Trouble};
use messaging::envelope::Envelope;
use messaging::payments::PaymentResultConsumer;
use payments::simulator::wire::PayIn;
use payments::{IntentToRequest, PaymentProvider, ProviderFault};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::until;
use counter::{Booked, Counter, PRICE};

const PAGE: &str = "page";

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

#[tokio::test]
async fn a_buyer_pays_on_the_page_that_the_provider_tells() {
    let counter = Counter::open(PAGE).await;
    let booked = counter.book().await;
    let asked = counter.provider.read_intent(&booked.intent_id).await.unwrap();
    assert_eq!((asked.state, asked.amount, asked.captured), (IntentState::RequiresPayment, euros(PRICE), euros(0)));
    let page = counter.until_told(&booked, |reading| reading.payment_page.clone()).await;
    counter.pay(&booked, &page, "4242424242424242").await;
    let paid = counter.until_state(&booked, IntentState::Succeeded).await;
    assert_eq!(paid.captured, euros(PRICE));
    // Asking again finds what has become of it.
    let again = counter.provider.request_intent(&IntentToRequest::from(&booked.attempt)).await.unwrap();
    assert_eq!(again, paid);
    let mut dearer = IntentToRequest::from(&booked.attempt);
    dearer.amount = euros(PRICE + 1);
    let refused = counter.provider.request_intent(&dearer).await;
    assert!(
        matches!(&refused, Err(ProviderFault::Rejected { code, .. }) if code == "idempotency_error"),
        "{refused:?}"
    );
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn a_declined_attempt_is_cancelled_and_followed_by_another_intent() {
    let counter = Counter::open("decline").await;
    let mut booked = counter.book().await;
    let code = counter.until_told(&booked, |reading| reading.decline_code.clone()).await;
    assert_eq!(code, "card_declined");
    let cancelled = counter.provider.cancel_intent(&booked.intent_id).await.unwrap();
    assert_eq!(cancelled.state, IntentState::Cancelled);
    counter.record(&booked.attempt, cancelled).await;
    let next = counter.store.open_attempt(booked.attempt.booking_id, Timestamp::now()).await.unwrap();
    let AttemptOpened::Opened(next) = next else { panic!("{next:?}") };
    let first = std::mem::replace(&mut booked, counter.request(next).await);
    assert_ne!(first.intent_id, booked.intent_id);
    counter.until_told(&booked, |reading| reading.decline_code.clone()).await;
    assert_eq!(counter.provider.cancel_intent(&booked.intent_id).await.unwrap().state, IntentState::Cancelled);
    counter.close(&[&first, &booked]).await;
}

#[tokio::test]
async fn many_who_cancel_are_answered_and_ask_once() {
    let counter = Counter::open(PAGE).await;
    let booked = counter.book().await;
    counter.until_told(&booked, |reading| reading.payment_page.clone()).await;
    let cancel = || counter.provider.cancel_intent(&booked.intent_id);
    let (one, two, three) = tokio::join!(cancel(), cancel(), cancel());
    for answer in [one, two, three] {
        assert_eq!(answer.unwrap().state, IntentState::Cancelled);
    }
    assert_eq!(counter.said(&booked, "PaymentCancellationRequested").await, 1);
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn what_was_collected_in_silence_is_told_to_whoever_cancels() {
    let counter = Counter::open("never").await;
    let booked = counter.book().await;
    counter.until_simulator(&booked, IntentState::Succeeded).await;
    let unheard = counter.provider.read_intent(&booked.intent_id).await.unwrap();
    assert_eq!(unheard.state, IntentState::RequiresPayment);
    let answer = counter.provider.cancel_intent(&booked.intent_id).await.unwrap();
    assert_eq!((answer.state, answer.captured), (IntentState::Succeeded, euros(PRICE)));
    // A refund of it is answered as well.
    let refund = counter.refund(&booked).await;
    assert_eq!(counter.provider.refund(&refund).await.unwrap().state, RefundState::Succeeded);
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn what_is_on_its_way_cannot_be_cancelled() {
    let counter = Counter::open("processing").await;
    let booked = counter.book().await;
    counter.until_state(&booked, IntentState::Processing).await;
    let answer = counter.provider.cancel_intent(&booked.intent_id).await.unwrap();
    assert_eq!(answer.state, IntentState::Processing);
    // It ends as declined, and may be cancelled now: the provider is asked again.
    let decline = payments::simulator::Settlement::Decline;
    counter.simulator.settle(booked.intent_id.as_str(), decline).await.unwrap();
    counter.until_state(&booked, IntentState::RequiresPayment).await;
    assert_eq!(counter.provider.cancel_intent(&booked.intent_id).await.unwrap().state, IntentState::Cancelled);
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn silence_is_no_answer_and_the_question_stays() {
    let counter = Counter::open(PAGE).await;
    let booked = counter.book().await;
    counter.until_told(&booked, |reading| reading.payment_page.clone()).await;
    counter.set_requests_held(true);
    let patient = counter.provider.clone();
    let hasty = patient.clone().answering_within(Duration::from_millis(200));
    for _ in 0..2 {
        assert_eq!(hasty.cancel_intent(&booked.intent_id).await, Err(ProviderFault::TimedOut));
    }
    assert_eq!(counter.said(&booked, "PaymentCancellationRequested").await, 1);
    counter.set_requests_held(false);
    assert_eq!(patient.cancel_intent(&booked.intent_id).await.unwrap().state, IntentState::Cancelled);
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn what_is_cancelled_before_it_was_asked_for_is_never_collected() {
    let counter = Counter::open("succeed").await;
    let attempt = counter.hold().await;
    // The step that asks came to nothing as far as the saga knows; its undo learns the intent, and cancels it.
    let learned = counter.provider.request_intent(&IntentToRequest::from(&attempt)).await.unwrap();
    let cancelled = counter.provider.cancel_intent(&learned.intent_id).await.unwrap();
    assert_eq!(cancelled.state, IntentState::Cancelled);
    // Only now the attempt is written down, which tells the provider that it is asked for.
    counter.record(&attempt, cancelled).await;
    let booked = Booked { attempt, intent_id: learned.intent_id };
    counter.until_heard(&booked, "PaymentRequested").await;
    let stays = counter.simulator.read_intent(booked.intent_id.as_str()).await.unwrap();
    assert_eq!((stays.state, stays.captured_minor), (IntentState::Cancelled, 0));
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn a_refund_is_made_once_however_often_it_is_asked_for() {
    let counter = Counter::open("succeed").await;
    let booked = counter.book().await;
    counter.until_state(&booked, IntentState::Succeeded).await;
    let refund = counter.refund(&booked).await;
    let send = || counter.provider.refund(&refund);
    let (one, two) = tokio::join!(send(), send());
    let (one, two, three) = (one.unwrap(), two.unwrap(), send().await.unwrap());
    assert_eq!((&one, &one, one.state), (&two, &three, RefundState::Succeeded));
    assert_eq!(counter.provider.read_refund(&one.provider_refund_id).await.unwrap(), one);
    assert_eq!(counter.said(&booked, "RefundRequested").await, 1);
    let made = counter.simulator.list_refunds(&Default::default()).await.unwrap().items;
    let [made] = &made[..] else { panic!("{made:?}") };
    assert_eq!((&made.id, &made.idempotency_key), (&one.provider_refund_id, &refund.refund_id.to_string()));
    assert_eq!(counter.provider.read_intent(&booked.intent_id).await.unwrap().refunded, euros(PRICE));
    let listed = counter.provider.list_refunds(Timestamp::UNIX_EPOCH, None, 10).await.unwrap().items;
    assert_eq!(listed[0].idempotency_key, Some(refund.refund_id.to_string()));
    let unknown = counter.provider.read_refund("re_unknown").await;
    assert!(matches!(unknown, Err(ProviderFault::UnknownRefund { .. })), "{unknown:?}");
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_has_failed() {
    let counter = Counter::open("succeed").await;
    let booked = counter.book().await;
    counter.until_state(&booked, IntentState::Succeeded).await;
    // Somebody at the provider has given it back by hand.
    let by_hand = payments::simulator::wire::RefundIn {
        intent_id: booked.intent_id.as_str().to_owned(),
        amount_minor: PRICE,
        currency: Currency::EUR,
    };
    counter.simulator.create_refund(Some("by hand"), &by_hand).await.unwrap();
    let refunded = |reading: &domain::payment::IntentReading| (reading.refunded.minor > 0).then_some(reading.refunded);
    assert_eq!(counter.until_told(&booked, refunded).await, euros(PRICE), "what was given back is heard of");
    let refund = counter.refund(&booked).await;
    assert_eq!(counter.provider.refund(&refund).await.unwrap().state, RefundState::Failed);
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn results_that_come_twice_or_out_of_order_change_nothing() {
    for collect in ["twice", "out_of_order"] {
        let counter = Counter::open(collect).await;
        let booked = counter.book().await;
        let paid = counter.until_state(&booked, IntentState::Succeeded).await;
        until("everything has been told", async || counter.simulator.queued_webhooks().await.unwrap() == 0).await;
        assert_eq!(counter.provider.read_intent(&booked.intent_id).await.unwrap(), paid, "{collect}");
        assert_eq!(paid.captured, euros(PRICE), "{collect}");
        counter.close(&[&booked]).await;
    }
}

#[tokio::test]
async fn what_the_broker_has_not_acknowledged_is_published_again() {
    let counter = Counter::open("succeed").await;
    counter.set_broker_away(true);
    let booked = counter.book().await;
    counter.until_simulator(&booked, IntentState::Succeeded).await;
    until("it was tried", async || counter.refused() >= 2).await;
    assert_eq!(counter.simulator.queued_webhooks().await.unwrap(), 1);
    assert_eq!(
        counter.provider.read_intent(&booked.intent_id).await.unwrap().state,
        IntentState::RequiresPayment,
        "nobody has heard of it"
    );
    counter.set_broker_away(false);
    counter.until_state(&booked, IntentState::Succeeded).await;
    until("the queue is empty", async || counter.simulator.queued_webhooks().await.unwrap() == 0).await;
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn an_outage_of_the_provider_delays_and_loses_nothing() {
    let counter = Counter::open("succeed").await;
    let order = json!({"endpoint": "create", "fail_next": 2, "lose_answer_next": 1});
    counter.simulator.control(&serde_json::from_value(order).unwrap());
    let booked = counter.book().await;
    let paid = counter.until_state(&booked, IntentState::Succeeded).await;
    assert_eq!(paid.captured, euros(PRICE));
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn lists_tell_of_every_intent() {
    let counter = Counter::open(PAGE).await;
    let (one, two) = (counter.book().await, counter.book().await);
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let page = counter.provider.list_intents(Timestamp::UNIX_EPOCH, cursor, 1).await.unwrap();
        ids.extend(page.items.into_iter().map(|item| item.reading.intent_id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    ids.sort();
    let mut expected = vec![one.intent_id.clone(), two.intent_id.clone()];
    expected.sort();
    assert_eq!(ids, expected);
    let nonsense = counter.provider.list_intents(Timestamp::UNIX_EPOCH, Some("x".to_owned()), 1).await;
    assert!(matches!(nonsense, Err(ProviderFault::Rejected { .. })), "{nonsense:?}");
    let webhook = counter.provider.verify_webhook(&|_| None, b"{}", Timestamp::now());
    assert!(webhook.is_err(), "it sends none");
    counter.close(&[&one, &two]).await;
}

fn told(source: &str, kind: &str, data: Value) -> Envelope {
    let event = json!({"specversion": "1.0", "id": "evt_1", "source": source, "type": kind, "data": data});
    Envelope::parse(event.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn what_is_told_of_an_unknown_intent_is_kept_and_parked() {
    let counter = Counter::open(PAGE).await;
    let results = PaymentResultConsumer::new(counter.app.clone());
    let message = told("psp", "payment_processed", json!({"intentId": "pi_nobody", "status": "succeeded"}));
    assert_eq!(results.consume(&message).await.unwrap(), Consumed::Done);
    assert_eq!(results.consume(&message).await.unwrap(), Consumed::Repeated);
    let another = told("another", "PaymentProcessed", json!({"intentId": "pi_nobody", "status": "succeeded"}));
    assert_eq!(results.consume(&another).await.unwrap(), Consumed::Done, "its ids are its own");
    let operator = Caller::with_roles(CustomerId::new(Uuid::from_u128(9)), &[Role::Admin]);
    let parked = async || counter.app.list_parked_events(&operator, None, 10).await.unwrap().items;
    until("both are parked", async || parked().await.len() == 2).await;
    let first = parked().await.remove(0);
    assert_eq!((first.intent_id, first.kind.as_str()), (Some(IntentId::new("pi_nobody")), "payment_processed"));
    assert!(first.last_error.as_deref().unwrap().contains("is not known"), "{:?}", first.last_error);
    assert_eq!(serde_json::from_str::<Value>(&first.body).unwrap()["data"]["status"], "succeeded");
    counter.close(&[]).await;
}

#[tokio::test]
async fn what_is_told_by_webhook_and_by_message_is_one_event() {
    let counter = Counter::open("succeed").await;
    let booked = counter.book().await;
    counter.until_state(&booked, IntentState::Succeeded).await;
    let webhook = store::NewPaymentEvent {
        provider: "simulator".to_owned(),
        event_id: "evt_1".to_owned(),
        kind: "intent.succeeded".to_owned(),
        intent_id: Some(booked.intent_id.clone()),
        body: "{}".to_owned(),
        received_at: Timestamp::now(),
        due_at: Timestamp::now(),
        deliveries: 0,
    };
    counter.store.store_payment_event(&webhook).await.unwrap();
    let results = PaymentResultConsumer::new(counter.app.clone());
    let data = json!({"intentId": booked.intent_id, "status": "succeeded"});
    let message = told("simulator", "payment_processed", data);
    assert_eq!(results.consume(&message).await.unwrap(), Consumed::Repeated);
    counter.close(&[&booked]).await;
}

#[tokio::test]
async fn what_cannot_be_understood_is_a_dead_letter_that_names_the_field() {
    let counter = Counter::open(PAGE).await;
    let results = PaymentResultConsumer::new(counter.app.clone());
    for (data, field) in [
        (json!({"status": "succeeded"}), "intentId"),
        (json!({"intentId": "pi_1", "status": "paid"}), "status"),
        (json!({"intentId": "pi_1", "status": "succeeded", "amount": "25.00"}), "amount"),
    ] {
        let trouble = results.consume(&told("psp", "payment_processed", data)).await.unwrap_err();
        let Trouble::Poison { reason } = trouble else { panic!("{trouble:?}") };
        assert!(reason.contains(&format!("`{field}`")), "{reason}");
    }
    let other = told("psp", "invoice_sent", json!({}));
    assert_eq!(results.consume(&other).await.unwrap(), Consumed::Ignored);
    counter.close(&[]).await;
}

impl Counter {
    /// Pays as the page does.
    async fn pay(&self, booked: &Booked, page: &str, card: &str) {
        let secret = page.rsplit_once("secret=").unwrap().1.to_owned();
        let pay = PayIn { card: card.to_owned(), choice: None, secret, delay: None };
        self.simulator.pay(booked.intent_id.as_str(), &pay).await.unwrap();
    }

    /// A refund of all that was collected, written down.
    async fn refund(&self, booked: &Booked) -> RefundToSend {
        let reading = self.provider.read_intent(&booked.intent_id).await.unwrap();
        // What was given back by hand is not written down before, so that there is something left to send.
        self.record(&booked.attempt, domain::payment::IntentReading { refunded: euros(0), ..reading }).await;
        let order = RefundToOpen {
            booking_id: booked.attempt.booking_id,
            attempt: booked.attempt.number,
            reason: RefundReason::NotConfirmed,
            amount: None,
        };
        match self.store.open_refund(&order, Timestamp::now()).await.unwrap() {
            RefundOpened::Open(refund) => refund,
            other => panic!("{other:?}"),
        }
    }
}
