//! P2 and P5 broken, one way at a time.

use checker::Promise;

use crate::seeded::{Seed, Wrong, check_all};

#[tokio::test]
async fn lost_money_is_found() {
    let seed = |says, wrong| Seed { promise: Promise::P2, says, wrong };
    let captured = "update intents set captured_minor = 1500, state = 'succeeded' where id = 'pi_expired_1'";
    let less = "update refunds set amount_minor = 100 where amount_minor = 750";
    check_all(&[
        seed("neither tickets nor given back: the booking is expired", Wrong::Ledger(captured)),
        seed("captured 1500 and the database has 0", Wrong::Ledger(captured)),
        seed(
            "nor given back: the booking is expired",
            Wrong::Ledger("update intents set refunded_minor = 1499 where id = 'pi_refunded_1'"),
        ),
        seed(
            "confirmed for other money",
            Wrong::Ledger("update intents set refunded_minor = 0 where id = 'pi_second_1'"),
        ),
        seed(
            "its policy gives 750",
            Wrong::Both(less, "update intents set refunded_minor = 100 where id = 'pi_half_1'"),
        ),
        seed("its policy gives 1500", Wrong::Database("update shows set called_off_at = 0")),
        seed("the refunds say 750", Wrong::Ledger("update intents set refunded_minor = 800 where id = 'pi_half_1'")),
        seed(
            "15.00 EUR that went nowhere",
            Wrong::Ledger("insert into intents values ('pi_x', 'x/1', 1500, 'EUR', 'succeeded', 1500, 0, '[]', 0, 0)"),
        ),
        seed(
            "captured 100 and the database has 3000",
            Wrong::Ledger("update intents set captured_minor = 100 where id = 'pi_paid_1'"),
        ),
        seed("captured USD, not EUR", Wrong::Ledger("update intents set currency = 'USD' where id = 'pi_paid_1'")),
        seed(
            "its intent pi_expired_1 is requires_payment at the provider and the attempt is cancelled",
            Wrong::Ledger("update intents set state = 'requires_payment' where id = 'pi_expired_1'"),
        ),
        seed(
            "its intent pi_x is processing at the provider and the attempt is not known",
            Wrong::Ledger(
                "insert into intents select 'pi_x', 'x', amount_minor, currency, 'processing', 0, 0, metadata, 0, 0 \
                 from intents where id = 'pi_paid_1'",
            ),
        ),
        seed("knows nothing of", Wrong::Ledger("delete from intents where id = 'pi_paid_1'")),
        seed(
            "the booking is awaiting_payment",
            Wrong::Both(
                "update payment_attempts set state = 'succeeded', captured_minor = 1500 where booking_id = '{waiting}'",
                "update intents set captured_minor = 1500, state = 'succeeded' where id = 'pi_waiting_1'",
            ),
        ),
    ])
    .await;
}

#[tokio::test]
async fn refunds_that_are_not_once_are_found() {
    let database = |says, text| Seed { promise: Promise::P5, says, wrong: Wrong::Database(text) };
    let ledger = |says, text| Seed { promise: Promise::P5, says, wrong: Wrong::Ledger(text) };
    check_all(&[
        ledger("made it 0 times", "delete from refunds where intent_id = 'pi_whole_1'"),
        ledger("made it 2 times", "insert into refunds select * from refunds where intent_id = 'pi_whole_1'"),
        ledger("the provider gave 1 back", "update refunds set amount_minor = 1 where intent_id = 'pi_whole_1'"),
        ledger("not its attempt's", "update refunds set intent_id = 'pi_paid_1' where intent_id = 'pi_whole_1'"),
        ledger("is failed at the provider", "update refunds set state = 'failed' where intent_id = 'pi_whole_1'"),
        ledger("not what was written down", "update refunds set id = 're_x' where intent_id = 'pi_whole_1'"),
        ledger(
            "gave 100 back on intent pi_paid_1 without being asked and 0 is written down",
            "insert into refunds values ('re_x', 'x', 'pi_paid_1', 100, 'EUR', 'succeeded', 0)",
        ),
        ledger("gave 0 back on intent pi_goodwill_1", "delete from refunds where intent_id = 'pi_goodwill_1'"),
        ledger(
            "of which nobody knows",
            "insert into intents values ('pi_x', 'x', 9, 'EUR', '', 9, 9, '[]', 0, 0); \
             insert into refunds values ('re_x', 'x', 'pi_x', 9, 'EUR', 'succeeded', 0)",
        ),
        ledger("by refunds over 0", "update intents set refunded_minor = 1 where id = 'pi_paid_1'"),
        database(
            "its refunds are over 1500",
            "update payment_attempts set refunded_minor = 1499 where booking_id = '{whole}'",
        ),
        database(
            "attempt 1 gave 1501 back of 1500",
            "pragma ignore_check_constraints = on; \
             update payment_attempts set refunded_minor = 1501 where booking_id = '{whole}'",
        ),
        database("its attempts 1500 and 1500", "update payments set refunded_minor = 0 where payable_id = '{whole}'"),
        database("its payment is open", "update payments set state = 'open' where payable_id = '{paid}'"),
        database("is in USD, not EUR", "update refunds set currency = 'USD' where id = '{refund whole}'"),
        database(
            "for the same attempt and reason",
            "insert into refunds select 'rfd_x', payment_id, attempt_number, reason, 'open', 1, currency, null, \
             created_at, updated_at from refunds where id = '{refund whole}'",
        ),
        database(
            "of an attempt that does not exist",
            "update refunds set attempt_number = 4 where id = '{refund whole}'",
        ),
        database("is open and is succeeded", "update refunds set state = 'open' where id = '{refund whole}'"),
    ])
    .await;
}
