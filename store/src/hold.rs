//! Holds: how many a customer may have, extending one, and reading all of them to rebuild locks from.

use domain::booking::BookingRequest;
use domain::booking_state::BookingState;
use domain::hold::{Hold, HoldExtended, HoldRules};
use domain::ids::{BookingId, SeatId, ShowId};
use domain::timeline::TimelineStep;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::LockedBooking;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::show_seat;
use crate::statement::{bind, sql};

impl Store {
    /// Holds the seats of an open booking longer, while its money is on its way; never past the hard cap.
    pub async fn extend_hold(&self, booking_id: BookingId, now: Timestamp) -> Result<HoldExtended, StoreError> {
        let (rules, now) = (self.rules(), rounded(now));
        self.change(|tx| async move {
            let done = extend(&tx, booking_id, rules, now).await;
            (tx, done)
        })
        .await
    }

    /// The holds in force of shows that have not ended at `now`.
    pub async fn holds_in_force(&self, now: Timestamp) -> Result<Vec<Hold>, StoreError> {
        let text = "select ss.booking_id, ss.show_id, ss.seat_id, ss.held_until_at as until_at from show_seats ss \
                    join shows s on s.id = ss.show_id where ss.state = 'held' and s.ends_at > $1 \
                    order by ss.booking_id, ss.seat_id";
        grouped(sql(text, bind![now]).all(self.reader()).await?)
    }

    /// The sold seats of shows that have not ended at `now`, as holds until the end of the show.
    pub async fn sold_seats(&self, now: Timestamp) -> Result<Vec<Hold>, StoreError> {
        let text = "select ss.booking_id, ss.show_id, ss.seat_id, s.ends_at as until_at from show_seats ss \
                    join shows s on s.id = ss.show_id where ss.state = 'sold' and s.ends_at > $1 \
                    order by ss.booking_id, ss.seat_id";
        grouped(sql(text, bind![now]).all(self.reader()).await?)
    }
}

/// Takes one of the customer's slots for open holds on a show; false if none is free.
pub(crate) async fn claim_slot(
    tx: &DatabaseTransaction,
    request: &BookingRequest,
    limit: i32,
) -> Result<bool, StoreError> {
    let text = "insert into hold_slots (show_id, customer_id, slot, booking_id) values ($1, $2, $3, $4) \
                on conflict do nothing";
    for slot in 1..=limit {
        let values = bind![request.show_id, request.customer_id, slot, request.booking_id];
        if sql(text, values).run(tx).await? == 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives back the slot of a booking whose hold has ended.
pub(crate) async fn free_slot(tx: &DatabaseTransaction, booking_id: BookingId) -> Result<(), StoreError> {
    sql("delete from hold_slots where booking_id = $1", bind![booking_id]).run(tx).await?;
    Ok(())
}

async fn extend(
    tx: &DatabaseTransaction,
    booking_id: BookingId,
    rules: HoldRules,
    now: Timestamp,
) -> Result<HoldExtended, StoreError> {
    let mut booking = LockedBooking::get(tx, booking_id).await?;
    if let BookingState::NeedsAttention { .. } = booking.row.state {
        return Ok(HoldExtended::NeedsAttention);
    }
    if let Some(end) = booking.row.state.end() {
        return Ok(HoldExtended::Ended { end });
    }
    let cap = booking.row.hard_cap_at;
    let current = booking.row.expires_at.unwrap_or(cap);
    let until = rounded(rules.extended(current, cap, now));
    if until == current {
        return Ok(if until == cap { HoldExtended::AtCap } else { HoldExtended::Extended { until } });
    }
    show_seat::hold_until(tx, &booking.row, until).await?;
    booking.row.expires_at = Some(until);
    booking.note(TimelineStep::HoldExtended { until });
    booking.save(tx, now).await?;
    Ok(HoldExtended::Extended { until })
}

#[derive(FromQueryResult)]
struct HoldRow {
    booking_id: String,
    show_id: String,
    seat_id: String,
    until_at: i64,
}

/// One hold per booking, from rows in the order of bookings.
fn grouped(rows: Vec<HoldRow>) -> Result<Vec<Hold>, StoreError> {
    let mut holds: Vec<Hold> = Vec::new();
    for row in rows {
        let of = RowOf::new("show_seats", &row.seat_id);
        let booking_id = of.read(BookingId::parse(&row.booking_id))?;
        let seat_id = of.read(SeatId::parse(&row.seat_id))?;
        match holds.last_mut() {
            Some(last) if last.booking_id == booking_id => last.seat_ids.push(seat_id),
            Some(_) | None => holds.push(Hold {
                show_id: of.read(ShowId::parse(&row.show_id))?,
                seat_ids: vec![seat_id],
                booking_id,
                until: of.instant(row.until_at)?,
            }),
        }
    }
    Ok(holds)
}
