//! `booking.open`: seats held, booking, quote and first attempt in one transaction, or nothing at all.

use std::collections::{BTreeSet, HashMap};

use domain::booking::{BookingOpened, BookingRequest, OpenBooking};
use domain::booking_state::{BookingState, FailureReason};
use domain::hold::{self, HoldRules};
use domain::ids::{OfferId, SeatId};
use domain::limits::OPEN_HOLDS_PER_CUSTOMER_AND_SHOW;
use domain::message::Message;
use domain::payment::AttemptState;
use domain::quote::Quote;
use domain::show::Show;
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::DatabaseTransaction;

use crate::Store;
use crate::booking::{LockedBooking, StoredBooking};
use crate::column::rounded;
use crate::error::StoreError;
use crate::pricing::Terms;
use crate::statement::{bind, placeholder_rows, sql};
use crate::transaction::Outcome;
use crate::{hold as holds, offer, payment, show, show_seat};

impl Store {
    /// Holds the seats of a request; the same answer again for a booking that is there already. A refusal leaves no
    /// trace.
    pub async fn open_booking(&self, request: &BookingRequest, now: Timestamp) -> Result<BookingOpened, StoreError> {
        let (rules, now) = (self.rules(), rounded(now));
        self.change_or_undo(|tx| async move {
            let done = open(&tx, request, rules, now).await;
            (tx, done)
        })
        .await
    }
}

async fn open(
    tx: &DatabaseTransaction,
    request: &BookingRequest,
    rules: HoldRules,
    now: Timestamp,
) -> Result<Outcome<BookingOpened>, StoreError> {
    let (show, quote, limited) = match price(tx, request, now).await? {
        Ok(priced) => priced,
        // What a booking that is there already has been answered stands, whatever has become of its show.
        Err(reason) => match LockedBooking::find(tx, request.booking_id).await? {
            Some(booking) => return answer_again(tx, &booking.row).await.map(Outcome::Commit),
            None => return Ok(refused(reason)),
        },
    };
    let booking = tell(new_booking(request, &show, quote, rules, now));
    if !booking.insert(tx).await? {
        // It is there already, or another call for it was faster and has ended by now.
        let booking = LockedBooking::get(tx, request.booking_id).await?;
        return answer_again(tx, &booking.row).await.map(Outcome::Commit);
    }
    if let Err(reason) = claim(tx, request, &booking.row).await? {
        return Ok(refused(reason));
    }
    for offer_id in limited {
        // The last one went to somebody else since the price was made: the next try makes it without.
        if !offer::claim_use(tx, offer_id, booking.row.id).await? {
            return Err(StoreError::ConcurrentChange { what: "the uses of an offer" });
        }
    }
    let attempt = payment::insert_payment(tx, &booking.row, now).await?;
    booking.tell(tx, now).await?;
    let StoredBooking { amount, hard_cap_at, .. } = booking.row;
    Ok(Outcome::Commit(BookingOpened::Opened(OpenBooking {
        amount,
        expires_at: booking.row.held_until(),
        hard_cap_at,
        attempt,
    })))
}

fn refused(reason: FailureReason) -> Outcome<BookingOpened> {
    Outcome::RollBack(BookingOpened::Refused { reason })
}

/// What a booking that is there already is answered with.
async fn answer_again(tx: &DatabaseTransaction, booking: &StoredBooking) -> Result<BookingOpened, StoreError> {
    let end = match &booking.state {
        BookingState::NeedsAttention { toward, .. } => Some(toward.clone()),
        state => state.end(),
    };
    if let Some(end) = end {
        return Ok(BookingOpened::Ended { end });
    }
    let attempts = payment::attempts_of(tx, booking.id).await?;
    let open = attempts.iter().rev().find(|attempt| attempt.record.state != AttemptState::Cancelled);
    Ok(BookingOpened::Opened(OpenBooking {
        amount: booking.amount,
        expires_at: booking.held_until(),
        hard_cap_at: booking.hard_cap_at,
        attempt: open.map(|attempt| attempt.to_request(booking.id)),
    }))
}

/// The show, the price of the seats and the offers in it of which there are only so many, or why the seats cannot be
/// booked; takes nothing yet.
async fn price(
    tx: &DatabaseTransaction,
    request: &BookingRequest,
    now: Timestamp,
) -> Result<Result<(Show, Quote, BTreeSet<OfferId>), FailureReason>, StoreError> {
    let seat_ids = request.seat_ids.as_slice();
    let Some(show) = show::load(tx, request.show_id, "").await? else {
        return Ok(Err(FailureReason::SeatsUnknown { seat_ids: seat_ids.to_vec() }));
    };
    if let Err(why) = show.check_on_sale(now) {
        return Ok(Err(FailureReason::NotOnSale { why }));
    }
    let found = show_seat::look_up(tx, request.show_id, seat_ids).await?;
    let check = found.check(seat_ids, request.booking_id);
    if !check.unknown.is_empty() {
        return Ok(Err(FailureReason::SeatsUnknown { seat_ids: check.unknown }));
    }
    // Seen without a lock: enough to refuse by, so that a stampede does not queue for rows that are gone.
    if !check.taken.is_empty() {
        return Ok(Err(FailureReason::SeatsTaken { seat_ids: check.taken }));
    }
    let terms = Terms::load(tx, &show, request.code.as_ref(), now).await?;
    match terms.quote(&show, &found.to_price(seat_ids)) {
        Ok(quote) => {
            let limited = terms.limited(&quote);
            Ok(Ok((show, quote, limited)))
        }
        Err(error) => {
            tracing::warn!(show.id = %show.id, %error, "seats that are on sale cannot be priced");
            Ok(Err(FailureReason::NoPrice))
        }
    }
}

fn new_booking(request: &BookingRequest, show: &Show, quote: Quote, rules: HoldRules, now: Timestamp) -> StoredBooking {
    let hard_cap_at = rounded(rules.hard_cap(now));
    StoredBooking {
        id: request.booking_id,
        show_id: show.id,
        customer_id: request.customer_id,
        partner_id: show.partner_id,
        fingerprint: request.fingerprint.clone(),
        seat_ids: request.seat_ids.as_slice().to_vec(),
        state: BookingState::Pending,
        amount: quote.total,
        quote: Some(quote),
        refund_policy: show.refund_policy.clone(),
        expires_at: Some(rounded(hold::deadline(now, show.hold)).min(hard_cap_at)),
        hard_cap_at,
        paid_by_attempt: None,
        late: false,
        last_seq: 0,
        last_position: 0,
        created_at: now,
        updated_at: now,
        closed_at: None,
    }
}

/// Takes the seats and one of the customer's slots, always in this order.
async fn claim(
    tx: &DatabaseTransaction,
    request: &BookingRequest,
    booking: &StoredBooking,
) -> Result<Result<(), FailureReason>, StoreError> {
    let seat_ids = request.seat_ids.as_slice();
    let held = show_seat::hold(tx, booking, booking.held_until()).await?;
    if held.len() != seat_ids.len() {
        let found = show_seat::look_up(tx, booking.show_id, seat_ids).await?;
        let taken = found.check(seat_ids, booking.id).taken;
        if taken.is_empty() {
            return Err(StoreError::ConcurrentChange { what: "the inventory of a show" });
        }
        return Ok(Err(FailureReason::SeatsTaken { seat_ids: taken }));
    }
    let limit = OPEN_HOLDS_PER_CUSTOMER_AND_SHOW;
    if !holds::claim_slot(tx, request, limit).await? {
        return Ok(Err(FailureReason::TooManyHolds { limit }));
    }
    insert_seats(tx, booking, &held).await?;
    Ok(Ok(()))
}

/// Writes the seats of a booking with their prices and the versions in which they were just taken.
async fn insert_seats(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    held: &HashMap<SeatId, i64>,
) -> Result<(), StoreError> {
    let lines = booking.quote.as_ref().map_or(&[][..], |quote| &quote.lines);
    let mut values = Vec::new();
    for (position, line) in (1_i64..).zip(lines) {
        values.extend(bind![
            booking.id,
            line.seat_id,
            booking.show_id,
            position,
            line.label,
            line.category.as_str(),
            line.price.minor,
            held.get(&line.seat_id).copied().unwrap_or_default(),
        ]);
    }
    let text = format!(
        "insert into booking_seats (booking_id, seat_id, show_id, position, label, category, price_minor, \
         seat_version) values {}",
        placeholder_rows(lines.len(), 8)
    );
    sql(text, values).run(tx).await?;
    Ok(())
}

/// What the world hears of a new booking.
fn tell(row: StoredBooking) -> LockedBooking {
    let expires_at = row.held_until();
    let (show_id, seat_ids, amount) = (row.show_id, row.seat_ids.clone(), row.amount);
    let seats = row.quote.iter().flat_map(|quote| &quote.lines).map(|line| line.label.clone()).collect();
    let mut booking = LockedBooking::of(row);
    booking.say(Message::BookingCreated { show_id, seat_ids, amount, expires_at });
    booking.note(TimelineStep::SeatsHeld { seats, until: expires_at });
    booking
}
