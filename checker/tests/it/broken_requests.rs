//! P7, P8 and the records broken, one way at a time.

use checker::{Answer, Evidence, Promise};

use crate::seeded::{Seed, Wrong, check_all};
use crate::world::{booking, customer, seat};

/// An answer of the clean world, changed.
fn answer(evidence: &mut Evidence, key: &str, change: impl FnOnce(&mut Answer)) {
    let found = evidence.answers.iter().rev().find(|it| it.booking_id == booking(key));
    let mut answer = found.expect("an answer").clone();
    change(&mut answer);
    evidence.answers.push(answer);
}

#[tokio::test]
async fn forgotten_answers_are_found() {
    let seed = |says, change| Seed { promise: Promise::P7, says, wrong: Wrong::Known(change) };
    check_all(&[
        seed("201 was answered and the booking does not exist", |evidence| {
            answer(evidence, "paid", |it| it.booking_id = booking("nobody"));
        }),
        seed("is not theirs", |evidence| answer(evidence, "paid", |it| it.customer_id = customer("late"))),
        seed("for other seats", |evidence| answer(evidence, "paid", |it| it.seats = vec![seat(0)])),
        seed("confirmed was answered and it is expired", |evidence| {
            answer(evidence, "expired", |it| it.state = Some("confirmed".to_owned()));
        }),
        seed("failed was answered and it is awaiting_payment", |evidence| {
            answer(evidence, "waiting", |it| it.state = Some("failed".to_owned()));
        }),
        seed("awaiting_payment was answered and it is pending", |evidence| {
            answer(evidence, "young", |it| it.state = Some("awaiting_payment".to_owned()));
        }),
        Seed {
            promise: Promise::P7,
            says: "event evt_paid_1 was acknowledged and is not in the inbox",
            wrong: Wrong::Database("delete from payment_events where event_id = 'evt_paid_1'"),
        },
    ])
    .await;
}

#[tokio::test]
async fn second_effects_are_found() {
    let database = |says, text| Seed { promise: Promise::P8, says, wrong: Wrong::Database(text) };
    let ledger = |says, text| Seed { promise: Promise::P8, says, wrong: Wrong::Ledger(text) };
    let known = |says, change| Seed { promise: Promise::P8, says, wrong: Wrong::Known(change) };
    check_all(&[
        known("key `paid` was answered with bkg_", |evidence| {
            answer(evidence, "paid", |it| it.booking_id = booking("late"));
        }),
        known("does not follow from key `another`", |evidence| {
            answer(evidence, "paid", |it| it.idempotency_key = Some("another".to_owned()));
        }),
        known("for two sets of seats", |evidence| answer(evidence, "paid", |it| it.seats = vec![seat(0)])),
        database(
            "has 2 payables instead of 1",
            "insert into payables values ('x', 'booking', '{paid}', null, 3000, 'EUR', 0)",
        ),
        database(
            "has 2 payments instead of 1",
            "insert into payables values ('x', 'booking', '{paid}', null, 3000, 'EUR', 0); \
             insert into payments values ('pay_x', 'x', 'open', 3000, 0, 0, 'EUR', 0, 0)",
        ),
        database(
            "has 1 payables instead of 0",
            "insert into payables values ('x', 'booking', '{refused}', null, 0, 'EUR', 0)",
        ),
        database("is not its price", "update payments set amount_minor = 1 where payable_id = '{paid}'"),
        database(
            "belongs to payment pay_",
            "update payment_attempts set number = 9, payment_id = (select id from payments \
             where payable_id = '{late}') where booking_id = '{expired}'",
        ),
        database(
            "a gap or a double",
            "update payment_attempts set number = 3 where booking_id = '{declined}' and number = 2",
        ),
        database("has the key `x`", "update payment_attempts set idempotency_key = 'x' where booking_id = '{paid}'"),
        database(
            "one event is in the inbox as evt_paid_1 and as evt_paid_1/again",
            "insert into payment_events select provider, event_id || '/again', kind, intent_id, body, state, null, \
             deliveries, next_delivery_at, null, received_at, null from payment_events where event_id = 'evt_paid_1'",
        ),
        known("its saga was started 2 times", |evidence| {
            evidence.started_again.as_mut().expect("sagas").insert(booking("paid").to_string(), 2);
        }),
        database(
            "2 of its attempts are live",
            "update payment_attempts set state = 'live' where booking_id = '{declined}'",
        ),
        ledger(
            "2 intents for key",
            "insert into intents select 'pi_x', idempotency_key, amount_minor, currency, state, 0, 0, metadata, 0, 0 \
             from intents where id = 'pi_paid_1'",
        ),
        ledger(
            "no attempt knows it",
            "insert into intents select 'pi_x', 'x', amount_minor, currency, state, 0, 0, metadata, 0, 0 \
             from intents where id = 'pi_paid_1'",
        ),
        ledger("which the provider does not know", "delete from intents where id = 'pi_expired_1'"),
        ledger("was asked for as `x`", "update intents set idempotency_key = 'x' where id = 'pi_paid_1'"),
        ledger("is over 1 and attempt 1 over 3000", "update intents set amount_minor = 1 where id = 'pi_paid_1'"),
        ledger("2 intents have collected money", "update intents set refunded_minor = 0 where id = 'pi_second_1'"),
    ])
    .await;
}

#[tokio::test]
async fn records_that_disagree_are_found() {
    let seed = |says, text| Seed { promise: Promise::Consistency, says, wrong: Wrong::Database(text) };
    let known = |says, change| Seed { promise: Promise::Consistency, says, wrong: Wrong::Known(change) };
    check_all(&[
        known("it is awaiting_payment and no saga", |evidence| {
            evidence.open_workflows.as_mut().expect("sagas").remove(&booking("waiting").to_string());
        }),
        known("it is needs_attention and no saga", |evidence| {
            evidence.open_workflows.as_mut().expect("sagas").remove(&booking("stuck").to_string());
        }),
        seed("and in detail expired", "update bookings set state = 'failed' where id = '{expired}'"),
        seed("in detail cannot be read", "update bookings set state_detail = 'x' where id = '{expired}'"),
        seed("closing time", "update bookings set closed_at = null where id = '{expired}'"),
        seed("closing time", "update bookings set closed_at = 0 where id = '{waiting}'"),
        seed("and paid", "update bookings set paid_by_attempt = 1 where id = '{waiting}'"),
        seed(
            "its seats with discounts and fees cost 1500",
            "update bookings set amount_minor = 1 where id = '{expired}'",
        ),
        seed("its timeline has a gap", "update timeline_entries set position = 2 where booking_id = '{paid}'"),
    ])
    .await;
}
