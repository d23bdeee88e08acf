//! Writing down what the provider says of an attempt: readings may repeat and overtake each other, money counts once.

use domain::booking_state::{BookingEvent, BookingState};
use domain::message::Message;
use domain::money::Money;
use domain::payment::{AttemptEvent, AttemptRecorded, AttemptState, RecordAttempt};
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::booking::LockedBooking;
use crate::column::rounded;
use crate::error::StoreError;
use crate::payment::{self, StoredAttempt};
use crate::refund;

impl Store {
    /// Writes down a reading of an attempt, whatever has become of its booking.
    pub async fn record_attempt(&self, record: &RecordAttempt, now: Timestamp) -> Result<AttemptRecorded, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = write_down(&tx, record, now).await;
            (tx, done)
        })
        .await
    }

    /// Writes down that an attempt has collected money; the same as [`Store::record_attempt`] with such a reading.
    pub async fn record_capture(&self, record: &RecordAttempt, now: Timestamp) -> Result<AttemptRecorded, StoreError> {
        self.record_attempt(record, now).await
    }
}

async fn write_down(
    tx: &DatabaseTransaction,
    record: &RecordAttempt,
    now: Timestamp,
) -> Result<AttemptRecorded, StoreError> {
    let booking = LockedBooking::get(tx, record.booking_id).await?;
    let (booking, _attempt) = learn(tx, booking, record, now).await?;
    let state = booking.save(tx, now).await?.state;
    Ok(if state.is_open() { AttemptRecorded::Open } else { AttemptRecorded::NotOpen { end: state.end() } })
}

/// Brings an attempt in line with a reading and writes it; the booking, which has yet to be saved, knows what there is to
/// tell.
pub(crate) async fn learn(
    tx: &DatabaseTransaction,
    mut booking: LockedBooking,
    record: &RecordAttempt,
    now: Timestamp,
) -> Result<(LockedBooking, StoredAttempt), StoreError> {
    let before = payment::attempt(tx, record.booking_id, record.number).await?;
    check_currency(record, &before)?;
    let mut attempt = before.clone();
    learn_intent(&mut booking, &mut attempt, record)?;
    if move_state(&mut attempt, record)? {
        tell_state(&mut booking, &before, &attempt);
    }
    let captured_minor = count_capture(&mut booking, &mut attempt, record);
    if captured_minor > 0 {
        payment::add_to_sums(tx, attempt.payment_id, captured_minor, 0, now).await?;
    }
    if attempt.record != before.record {
        attempt.update(tx, now).await?;
    }
    refund::record_at_provider(tx, &mut booking, &mut attempt, &record.reading, now).await?;
    Ok((booking, attempt))
}

/// Sums of two currencies would mean nothing, and which one is right is not for a program to guess.
fn check_currency(record: &RecordAttempt, attempt: &StoredAttempt) -> Result<(), StoreError> {
    let asked = attempt.record.amount.currency;
    let read = [record.reading.captured, record.reading.refunded];
    if read.iter().all(|amount| amount.is_zero() || amount.currency == asked) {
        return Ok(());
    }
    let what = "money was collected in another currency than was asked for";
    Err(StoreError::MoneyContradiction { booking_id: record.booking_id, number: record.number, what })
}

/// The first time that the provider's name for an attempt is known, the booking waits for its payment.
fn learn_intent(
    booking: &mut LockedBooking,
    attempt: &mut StoredAttempt,
    record: &RecordAttempt,
) -> Result<(), StoreError> {
    let given = &record.reading.intent_id;
    if let Some(known) = &attempt.record.intent_id {
        if known == given {
            return Ok(());
        }
        let RecordAttempt { booking_id, number, .. } = *record;
        let (known, given) = (known.clone(), given.clone());
        return Err(StoreError::IntentMismatch { booking_id, number, known, given });
    }
    attempt.record.intent_id = Some(given.clone());
    if booking.row.state == BookingState::Pending {
        booking.apply(BookingEvent::PaymentRequested)?;
    }
    let (number, amount) = (attempt.record.number, attempt.record.amount);
    booking.say(Message::PaymentRequested {
        payment_id: attempt.payment_id,
        attempt: number,
        intent_id: given.clone(),
        amount,
    });
    booking.note(TimelineStep::PaymentRequested { attempt: number, amount });
    Ok(())
}

/// Moves an attempt as the reading says, unless the reading was overtaken; says whether it is believed.
fn move_state(attempt: &mut StoredAttempt, record: &RecordAttempt) -> Result<bool, StoreError> {
    let event = match record.reading.event() {
        settled @ (AttemptEvent::Succeeded | AttemptEvent::Cancelled) => settled,
        AttemptEvent::Opened | AttemptEvent::Processing | AttemptEvent::Declined | AttemptEvent::Abandoned
            if record.abandoned =>
        {
            AttemptEvent::Abandoned
        }
        open @ (AttemptEvent::Opened | AttemptEvent::Processing | AttemptEvent::Declined | AttemptEvent::Abandoned) => {
            open
        }
    };
    match attempt.record.state.transition(event) {
        Ok(next) => {
            let reading = &record.reading;
            attempt.record.state = next;
            attempt.record.decline_code = reading.decline_code.clone().or(attempt.record.decline_code.take());
            attempt.record.payment_page = reading.payment_page.clone().or(attempt.record.payment_page.take());
            Ok(true)
        }
        // Both are final at the provider: one of the two readings was wrong, and it is about money.
        Err(_) if event == AttemptEvent::Succeeded => Err(StoreError::MoneyContradiction {
            booking_id: record.booking_id,
            number: record.number,
            what: "the provider collected money after it said that it never would",
        }),
        Err(overtaken) => {
            tracing::debug!(
                booking.id = %record.booking_id,
                attempt = record.number,
                %overtaken,
                "a reading came after a later one and changes nothing"
            );
            Ok(false)
        }
    }
}

/// Tells what is new about the state of an attempt.
fn tell_state(booking: &mut LockedBooking, before: &StoredAttempt, attempt: &StoredAttempt) {
    let record = &attempt.record;
    let number = record.number;
    let another_decline = record.decline_code != before.record.decline_code;
    if record.state == before.record.state && !(record.state == AttemptState::Declined && another_decline) {
        return;
    }
    match record.state {
        AttemptState::Declined => {
            let decline_code = record.decline_code.clone().unwrap_or_else(|| "unknown".to_owned());
            let payment_id = attempt.payment_id;
            booking.say(Message::PaymentFailed { payment_id, attempt: number, decline_code: decline_code.clone() });
            booking.note(TimelineStep::PaymentDeclined { attempt: number, decline_code });
        }
        AttemptState::Processing => booking.note(TimelineStep::PaymentProcessing { attempt: number }),
        AttemptState::Cancelled => booking.note(TimelineStep::PaymentCancelled { attempt: number }),
        AttemptState::Abandoned => booking.note(TimelineStep::PaymentLeftOpen { attempt: number }),
        // The capture itself is told with its amount.
        AttemptState::Succeeded => {}
        AttemptState::Requested | AttemptState::Live => {}
    }
}

/// Counts what an attempt has collected beyond what is known, and tells it; in minor units.
fn count_capture(booking: &mut LockedBooking, attempt: &mut StoredAttempt, record: &RecordAttempt) -> i64 {
    let captured = record.reading.captured;
    let known = attempt.record.captured.minor;
    if attempt.record.state != AttemptState::Succeeded || captured.minor <= known {
        return 0;
    }
    attempt.record.captured.minor = captured.minor;
    let (payment_id, number) = (attempt.payment_id, attempt.record.number);
    let amount = Money::new(captured.minor - known, attempt.record.captured.currency);
    booking.say(Message::PaymentConfirmed { payment_id, attempt: number, amount });
    booking.note(TimelineStep::PaymentReceived { attempt: number, amount });
    amount.minor
}
