//! What is wrong at rest may be on its way while the system runs; and what is wrong at any time is found then too.

use checker::{Evidence, Promise, Quiet, SeatLock};

use crate::clean::build_files;
use crate::seeded::{Wrong, spoil};
use crate::world::{booking, moment, seat, show_id};

/// Money came for an expired booking a minute ago, and nobody has done anything with it.
const LATE_MONEY: Wrong = Wrong::Ledger(
    "update intents set captured_minor = 1500, state = 'succeeded', updated_at = {in -61} where id = 'pi_expired_1'",
);

/// What is found at rest, what while it runs.
async fn check(wrong: &[Wrong], at_rest: &[Promise], running: &[Promise]) {
    let (clean, world) = build_files().await;
    for (quiet, expected) in [(Quiet::Settled, at_rest), (Quiet::Running, running)] {
        let report = spoil(&clean, &world, wrong, quiet).await;
        let mut found: Vec<Promise> = report.violations.iter().map(|violation| violation.promise).collect();
        found.dedup();
        assert_eq!(found, expected, "{quiet:?}\n{report}");
    }
}

#[tokio::test]
async fn late_money_that_nobody_sees_to_is_found_at_any_time() {
    check(&[LATE_MONEY], &[Promise::P2], &[Promise::P2]).await;
}

#[tokio::test]
async fn late_money_that_just_came_is_on_its_way() {
    let wrong = Wrong::Ledger("update intents set updated_at = {in -5} where id = 'pi_expired_1'");
    check(&[LATE_MONEY, wrong], &[Promise::P2], &[]).await;
}

#[tokio::test]
async fn late_money_with_a_saga_is_on_its_way() {
    let wrong = Wrong::Known(|evidence| {
        let sagas = evidence.open_workflows.as_mut().expect("sagas");
        sagas.insert(format!("settle/{}", booking("expired")));
    });
    check(&[LATE_MONEY, wrong], &[Promise::P2], &[]).await;
}

#[tokio::test]
async fn money_of_an_open_booking_is_on_its_way() {
    let wrong = Wrong::Ledger("update intents set captured_minor = 1500 where id = 'pi_waiting_1'");
    check(&[wrong], &[Promise::P2], &[]).await;
}

#[tokio::test]
async fn money_of_an_open_booking_is_not_on_its_way_after_the_hard_cap() {
    let wrong = Wrong::Ledger("update intents set captured_minor = 1500 where id = 'pi_waiting_1'");
    let cap =
        Wrong::Database("update bookings set hard_cap_at = {in -61}, updated_at = {in -61} where id = '{waiting}'");
    let orphan = Wrong::Known(|evidence| {
        evidence.open_workflows.as_mut().expect("sagas").remove(&booking("waiting").to_string());
    });
    let broken = [Promise::P2, Promise::P4, Promise::Consistency];
    check(&[wrong, cap, orphan], &broken, &broken).await;
}

#[tokio::test]
async fn money_that_waits_for_an_operator_is_shown_and_breaks_nothing() {
    let wrong = Wrong::Ledger("update intents set captured_minor = 1500 where id = 'pi_stuck_1'");
    check(&[wrong], &[], &[]).await;
    let (clean, world) = build_files().await;
    let text = spoil(&clean, &world, &[wrong], Quiet::Settled).await.to_string();
    assert!(text.contains("15.00 EUR of intent pi_stuck_1 are neither tickets nor given back yet"), "{text}");
}

#[tokio::test]
async fn money_that_an_operator_declared_settled_is_shown() {
    let operator = Wrong::Database(
        "insert into operator_actions values ('x', '{expired}', 'cus_op', 'resolve', 'by bank transfer', 0); \
         update payment_attempts set captured_minor = 1500 where booking_id = '{expired}'",
    );
    let (clean, world) = build_files().await;
    let report = spoil(&clean, &world, &[LATE_MONEY, operator], Quiet::Settled).await;
    assert!(report.to_string().contains("by the word of operator cus_op alone"), "{report}");
    assert!(!report.violations.iter().any(|violation| violation.promise == Promise::P2), "{report}");
}

#[tokio::test]
async fn a_refund_that_is_about_to_be_sent_is_on_its_way() {
    let wrong = Wrong::Both(
        "update refunds set state = 'open', provider_refund_id = null where id = '{refund whole}'; \
         delete from outbox where kind = 'PaymentRefunded' and aggregate_id = '{whole}'; \
         update bookings set next_seq = next_seq - 1, updated_at = {in -30} where id = '{whole}'",
        "delete from refunds where intent_id = 'pi_whole_1'; \
         update intents set refunded_minor = 0 where id = 'pi_whole_1'",
    );
    check(&[wrong], &[Promise::P2, Promise::P5], &[]).await;
}

#[tokio::test]
async fn a_young_booking_needs_no_saga_yet_while_the_system_runs() {
    let wrong = Wrong::Known(|evidence| {
        evidence.open_workflows.as_mut().expect("sagas").remove(&booking("young").to_string());
    });
    check(&[wrong], &[Promise::Consistency], &[]).await;
}

#[tokio::test]
async fn a_seat_that_is_sold_twice_is_found_at_any_time() {
    let wrong = Wrong::Database(
        "update show_seats set booking_id = '{late}' where booking_id = '{paid}' and seat_id = '{seat 0}'",
    );
    check(&[wrong], &[Promise::P1], &[Promise::P1]).await;
}

#[tokio::test]
async fn without_a_ledger_the_database_is_taken_at_its_word() {
    let no_ledger = Wrong::Known(|evidence| evidence.ledger = None);
    let lost = Wrong::Database(
        "update payment_attempts set state = 'succeeded', captured_minor = 1500 where booking_id = '{expired}'; \
         update payments set state = 'captured', captured_minor = 1500 where payable_id = '{expired}'",
    );
    // The messages do not tell of the money either.
    let broken = [Promise::P2, Promise::P6];
    check(&[no_ledger, lost], &broken, &broken).await;
}

fn lock(evidence: &mut Evidence, key: &str, number: usize, until: Option<i64>) {
    let until = until.map(moment);
    let lock = SeatLock { show_id: show_id(), seat_id: seat(number), booking_id: booking(key), until };
    evidence.locks.as_mut().expect("locks").push(lock);
}

#[tokio::test]
async fn a_lock_that_was_left_behind_is_found_at_any_time() {
    let left = Wrong::Known(|evidence| lock(evidence, "expired", 3, Some(120)));
    check(&[left], &[Promise::P4], &[Promise::P4]).await;
}

#[tokio::test]
async fn a_lock_goes_soon_after_its_booking_has_ended() {
    let left = Wrong::Known(|evidence| lock(evidence, "expired", 3, Some(120)));
    let text = "update bookings set closed_at = {in -80}, updated_at = {in -80} where id = '{expired}'";
    check(&[left, Wrong::Database(text)], &[Promise::P4], &[]).await;
}

#[tokio::test]
async fn a_claim_at_the_edge_may_be_on_a_sold_seat_while_the_system_runs() {
    let claim = Wrong::Known(|evidence| lock(evidence, "waiting", 0, Some(120)));
    check(&[claim], &[Promise::P1], &[]).await;
    let overdue = Wrong::Known(|evidence| lock(evidence, "waiting", 0, Some(-61)));
    let broken = [Promise::P1, Promise::P4];
    check(&[overdue], &broken, &broken).await;
}

#[tokio::test]
async fn the_mark_of_a_sale_goes_soon_after_it_is_taken_back() {
    let mark = Wrong::Known(|evidence| lock(evidence, "whole", 7, None));
    check(&[mark], &[Promise::P1], &[Promise::P1]).await;
    let just = Wrong::Database("update bookings set updated_at = {in -30} where id = '{whole}'");
    check(&[mark, just], &[Promise::P1], &[]).await;
}

#[tokio::test]
async fn a_refund_of_the_provider_may_be_heard_of_later_while_the_system_runs() {
    let wrong = Wrong::Ledger(
        "insert into refunds values ('re_x', 'x', 'pi_paid_1', 100, 'EUR', 'succeeded', 0); \
         update intents set refunded_minor = 100 where id = 'pi_paid_1'",
    );
    check(&[wrong], &[Promise::P5], &[]).await;
}

#[tokio::test]
async fn an_intent_may_stay_open_while_somebody_looks_after_it() {
    let open = Wrong::Ledger("update intents set state = 'processing' where id = 'pi_expired_1'");
    check(&[open], &[Promise::P2], &[Promise::P2]).await;
    let just = Wrong::Database("update bookings set updated_at = {in -30} where id = '{expired}'");
    check(&[open, just], &[Promise::P2], &[]).await;
    let abandoned = Wrong::Database("update payment_attempts set state = 'abandoned' where intent_id = 'pi_expired_1'");
    check(&[open, abandoned], &[], &[]).await;
    let by_hand = Wrong::Database(
        "insert into operator_actions values ('x', '{expired}', 'cus_op', 'resolve', 'cancelled by phone', 0)",
    );
    check(&[open, by_hand], &[], &[]).await;
}

#[tokio::test]
async fn a_webhook_that_comes_while_the_evidence_is_collected_is_no_evidence() {
    let unknown = "insert into webhook_deliveries values ('evt_x', 0, {in 1}, 200)";
    check(&[Wrong::Ledger(unknown)], &[], &[]).await;
    let refused = "insert into webhook_deliveries values ('evt_x', 0, null, 503)";
    check(&[Wrong::Ledger(refused)], &[], &[]).await;
    let before = "insert into webhook_deliveries values ('evt_x', 0, {in -1}, 200)";
    check(&[Wrong::Ledger(before)], &[Promise::P7], &[Promise::P7]).await;
}

#[tokio::test]
async fn an_intent_may_be_learned_later_while_the_system_runs() {
    let wrong = Wrong::Ledger(
        "insert into intents values ('pi_young_1', '{young}/1', 1500, 'EUR', 'requires_payment', 0, 0, '[]', 0, 0)",
    );
    check(&[wrong], &[Promise::P8], &[]).await;
}

#[tokio::test]
async fn money_that_a_saga_may_see_to_is_not_called_lost_where_the_sagas_are_not_known() {
    let unknown = Wrong::Known(|evidence| evidence.open_workflows = None);
    check(&[LATE_MONEY, unknown], &[Promise::P2], &[]).await;
}

/// An intent that is asked for by message, of which the provider has said so much.
const BY_MESSAGE: &str = "insert into message_intents (id, idempotency_key, booking_id, payment_id, attempt, amount_minor, \
     currency, state, captured_currency, created_at, updated_at) select intent_id, idempotency_key, booking_id, \
     payment_id, number, amount_minor, currency, 'requires_payment', currency, 0, 0 from payment_attempts \
     where intent_id = 'pi_waiting_1'";

#[tokio::test]
async fn an_intent_that_was_asked_for_by_message_may_not_be_heard_of_yet() {
    let (by_message, gone) =
        (Wrong::Database(BY_MESSAGE), Wrong::Ledger("delete from intents where id = 'pi_waiting_1'"));
    check(&[by_message, gone], &[], &[]).await;
    check(&[gone], &[Promise::P8], &[Promise::P8]).await;
    let told = Wrong::Database("update message_intents set told = 1");
    check(&[by_message, gone, told], &[Promise::P8], &[Promise::P8]).await;
    let known = Wrong::Database("update payment_attempts set state = 'cancelled' where intent_id = 'pi_waiting_1'");
    check(&[by_message, gone, known], &[Promise::P8], &[Promise::P8]).await;
}

#[tokio::test]
async fn what_a_provider_was_asked_by_message_breaks_nothing() {
    let cancellation = Wrong::Database(
        "insert into outbox select '{message waiting 3}', 'booking', aggregate_id, 3, 'PaymentCancellationRequested', \
         subject, replace(body, 'PaymentRequested', 'PaymentCancellationRequested'), slot, 0, null, null from outbox \
         where aggregate_id = '{waiting}' and kind = 'PaymentRequested'; \
         update bookings set next_seq = 3 where id = '{waiting}'",
    );
    check(&[cancellation], &[], &[]).await;
}
