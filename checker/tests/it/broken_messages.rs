//! P6 broken, one way at a time.

use checker::Promise;

use crate::seeded::{Seed, Wrong, check_all};

#[tokio::test]
async fn numbers_that_skip_are_found() {
    let seed = |says, text| Seed { promise: Promise::P6, says, wrong: Wrong::Database(text) };
    check_all(&[
        seed("go from 1 to 3", "delete from outbox where aggregate_id = '{paid}' and seq = 2"),
        seed("has 5 messages and remembers 6", "delete from outbox where aggregate_id = '{paid}' and seq = 6"),
        seed("has 6 messages and remembers 7", "update bookings set next_seq = 7 where id = '{paid}'"),
        seed(
            "does not follow from its number",
            "update outbox set id = '{message late 99}' where id = '{message paid 2}'",
        ),
        seed("its kind is BookingExpired", "update outbox set kind = 'BookingExpired' where id = '{message paid 2}'"),
        seed("its body cannot be read", "update outbox set body = 'x' where id = '{message paid 2}'"),
        seed(
            "its subject is",
            "update outbox set subject = (select o.subject from outbox o where o.id = '{message late 1}') \
             where id = '{message paid 2}'",
        ),
        seed("it is about a order", "update outbox set aggregate_kind = 'order' where id = '{message paid 2}'"),
        seed(
            "about a booking that does not exist",
            "insert into outbox select 'msg_x', 'booking', '{nobody}', 1, kind, subject, body, 7, 0, null, null \
             from outbox where id = '{message paid 1}'",
        ),
        seed(
            "message 3 is published and message 2 is not",
            "update outbox set published_at = null where id = '{message paid 2}'",
        ),
        seed("in several slots", "update outbox set slot = 8 where id = '{message paid 2}'"),
    ])
    .await;
}

#[tokio::test]
async fn stories_that_are_not_so_are_found() {
    let seed = |says, text| Seed { promise: Promise::P6, says, wrong: Wrong::Database(text) };
    check_all(&[
        seed(
            "it is cancelled and was told last as BookingConfirmed",
            "update bookings set state = 'cancelled' where id = '{paid}'",
        ),
        seed(
            "BookingConfirmed was told twice in a row",
            "insert into outbox select '{message paid 7}', 'booking', aggregate_id, 7, kind, subject, body, 7, 0, null, null \
             from outbox where aggregate_id = '{paid}' and kind = 'BookingConfirmed'; \
             update bookings set next_seq = 7 where id = '{paid}'",
        ),
        seed(
            "told as created 2 times",
            "insert into outbox select '{message paid 7}', 'booking', aggregate_id, 7, kind, subject, body, 7, 0, null, null \
             from outbox where id = '{message paid 1}'; update bookings set next_seq = 7 where id = '{paid}'",
        ),
        seed("first as Some(\"BookingConfirmed\")", "delete from outbox where id = '{message paid 1}'"),
        seed("was told issued 0", "delete from outbox where id = '{message paid 6}'"),
        seed("was told issued 1 and voided 0", "update tickets set state = 'voided' where booking_id = '{paid}'"),
        seed("was told and does not exist", "delete from tickets where booking_id = '{paid}'"),
        seed("told as requested 0 times", "delete from outbox where id = '{message paid 2}'"),
        seed("told to have captured 0", "delete from outbox where id = '{message paid 3}'"),
        seed("attempt 1 was told and does not exist", "delete from payment_attempts where booking_id = '{expired}'"),
        seed(
            "is succeeded and was told as []",
            "delete from outbox where kind = 'PaymentRefunded' and aggregate_id = '{whole}'",
        ),
        seed("is pending and was told as", "update refunds set state = 'pending' where id = '{refund whole}'"),
        seed("is failed and was told as", "update refunds set state = 'failed' where id = '{refund whole}'"),
        seed(
            "was told as [\"PaymentRefunded\", \"PaymentRefunded\"]",
            "insert into outbox select '{message whole 99}', 'booking', aggregate_id, 99, kind, subject, body, 7, 0, \
             null, null from outbox where aggregate_id = '{whole}' and kind = 'PaymentRefunded'",
        ),
        seed("refund rfd_", "delete from refunds where id = '{refund whole}'"),
    ])
    .await;
}

#[tokio::test]
async fn wishes_that_nobody_can_have_are_found() {
    let seed = |says, text| Seed { promise: Promise::P6, says, wrong: Wrong::Database(text) };
    check_all(&[
        seed(
            "a PaymentCancellationRequested was said of attempt 9",
            "insert into outbox select '{message expired 4}', 'booking', aggregate_id, 4, 'PaymentCancellationRequested', \
             subject, replace(replace(body, 'PaymentRequested', 'PaymentCancellationRequested'), '\"attempt\":1', \
             '\"attempt\":9'), 7, 0, null, null from outbox where aggregate_id = '{expired}' and kind = \
             'PaymentRequested'",
        ),
        seed(
            "a PaymentCancellationRequested was said of attempt 1 as pi_other",
            "insert into outbox select '{message expired 4}', 'booking', aggregate_id, 4, 'PaymentCancellationRequested', \
             subject, replace(replace(body, 'PaymentRequested', 'PaymentCancellationRequested'), 'pi_expired_1', \
             'pi_other'), 7, 0, null, null from outbox where aggregate_id = '{expired}' and kind = 'PaymentRequested'",
        ),
        seed(
            "a RefundRequested was said of refund",
            "insert into outbox select '{message whole 98}', 'booking', aggregate_id, 98, 'RefundRequested', subject, \
             replace(replace(body, 'PaymentRefunded', 'RefundRequested'), '\"refundId\"', \
             '\"intentId\":\"pi_other\",\"refundId\"'), 7, 0, null, null from outbox where aggregate_id = '{whole}' and \
             kind = 'PaymentRefunded'",
        ),
        seed(
            "a RefundRequested was said of refund",
            "insert into outbox select case n.column1 when 98 then '{message whole 98}' else '{message whole 99}' end, \
             'booking', aggregate_id, n.column1, 'RefundRequested', subject, replace(replace(body, 'PaymentRefunded', \
             'RefundRequested'), '\"refundId\"', '\"intentId\":\"pi_whole_1\",\"refundId\"'), 7, 0, null, null \
             from outbox, (select 98 as column1 union all select 99) n where aggregate_id = '{whole}' and \
             kind = 'PaymentRefunded'",
        ),
    ])
    .await;
}
