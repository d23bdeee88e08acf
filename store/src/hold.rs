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

    /// The shows that have not ended at `now` and have a seat that is held or sold, in the order of their ids.
    pub async fn shows_with_claims(
        &self,
        now: Timestamp,
        after: Option<ShowId>,
        limit: u32,
    ) -> Result<Vec<ShowId>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let text = "select s.id from shows s where s.ends_at > $1 and s.id > $2 and exists (select 1 \
                    from show_seats ss where ss.show_id = s.id and ss.booking_id is not null) order by s.id limit $3";
        let rows = sql(text, bind![now, after, i64::from(limit)]).all::<ShowIdRow>(self.reader()).await?;
        rows.into_iter().map(|row| RowOf::new("shows", &row.id).read(ShowId::parse(&row.id))).collect()
    }

    /// Who holds and who has bought seats of a show that has not ended at `now`; nobody for one that has.
    pub async fn claims_of_show(&self, show_id: ShowId, now: Timestamp) -> Result<Claims, StoreError> {
        let text = "select ss.booking_id, ss.show_id, ss.seat_id, ss.held_until_at as until_at from show_seats ss \
                    join shows s on s.id = ss.show_id where ss.show_id = $1 and ss.booking_id is not null \
                    and s.ends_at > $2 order by ss.booking_id, ss.seat_id";
        let rows: Vec<HoldRow> = sql(text, bind![show_id, now]).all(self.reader()).await?;
        grouped(rows)
    }
}

/// The seats of a show that are not free, by booking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Those that are held, each until its hold's deadline.
    pub holds: Vec<Hold>,
    /// Those that are sold, each hold until the end of time.
    pub sold: Vec<Hold>,
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
    let current = booking.row.held_until();
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
struct ShowIdRow {
    id: String,
}

#[derive(FromQueryResult)]
struct HoldRow {
    booking_id: String,
    show_id: String,
    seat_id: String,
    /// None for a seat that is sold.
    until_at: Option<i64>,
}

/// One hold per booking and kind, from rows in the order of bookings.
fn grouped(rows: Vec<HoldRow>) -> Result<Claims, StoreError> {
    let mut claims = Claims::default();
    for row in rows {
        let of = RowOf::new("show_seats", &row.seat_id);
        let booking_id = of.read(BookingId::parse(&row.booking_id))?;
        let seat_id = of.read(SeatId::parse(&row.seat_id))?;
        let until = row.until_at.map(|at| of.instant(at)).transpose()?;
        let kind = if until.is_some() { &mut claims.holds } else { &mut claims.sold };
        match kind.last_mut() {
            Some(last) if last.booking_id == booking_id => last.seat_ids.push(seat_id),
            Some(_) | None => kind.push(Hold {
                show_id: of.read(ShowId::parse(&row.show_id))?,
                seat_ids: vec![seat_id],
                booking_id,
                until: until.unwrap_or(Timestamp::MAX),
            }),
        }
    }
    Ok(claims)
}
