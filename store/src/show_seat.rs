//! Seats of a show: the one place where a seat is held, sold or freed. Each change is one conditional statement whose
//! number of changed rows decides, and raises the seat's version, the fencing token.

use std::collections::HashMap;

use domain::ids::{BookingId, CustomerId, HallId, SeatId, ShowId};
use domain::quote::SeatToPrice;
use domain::seat::{Seat, SeatCategory};
use domain::show_seat::{SeatStatus, ShowSeat, ShowSeatState};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};

use crate::Store;
use crate::booking::StoredBooking;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{Column, bind, placeholders, sql};
use crate::transaction::for_update;

/// What is wrong with seats that somebody asks for, each list in the order asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeatCheck {
    /// Those that the show does not have.
    pub unknown: Vec<SeatId>,
    /// Those that are not available.
    pub taken: Vec<SeatId>,
}

impl SeatCheck {
    /// Whether all of them can be had.
    pub fn is_clear(&self) -> bool {
        self.unknown.is_empty() && self.taken.is_empty()
    }
}

impl Store {
    /// Every seat of a show, by section, then from front to back and from left to right.
    pub async fn show_seats(&self, show_id: ShowId) -> Result<Vec<ShowSeat>, StoreError> {
        // That the seats are those of the show's hall goes without saying, but not for a planner, which would rather
        // read the seats of all halls.
        let text = "select s.id, s.section, s.row_label, s.number, ss.category, s.accessible, s.x, s.y, ss.state \
                    from show_seats ss join seats s on s.id = ss.seat_id \
                    and s.hall_id = (select hall_id from shows where id = $1) where ss.show_id = $1 \
                    order by s.section, s.y, s.x, s.id";
        let rows = sql(text, bind![show_id]).all::<ShowSeatRow>(self.reader()).await?;
        rows.into_iter().map(ShowSeat::try_from).collect()
    }

    /// How every seat of a show stands, in the order of [`Self::show_seats`].
    pub async fn seat_statuses(&self, show_id: ShowId) -> Result<Vec<SeatStatus>, StoreError> {
        let text = "select s.id, ss.state, ss.version from show_seats ss join seats s on s.id = ss.seat_id \
                    and s.hall_id = (select hall_id from shows where id = $1) where ss.show_id = $1 order by s.section, s.y, s.x, s.id";
        let rows = sql(text, bind![show_id]).all::<SeatStatusRow>(self.reader()).await?;
        rows.into_iter().map(SeatStatus::try_from).collect()
    }

    /// How some seats of a show stand.
    pub async fn statuses_of(&self, show_id: ShowId, seat_ids: &[SeatId]) -> Result<Vec<SeatStatus>, StoreError> {
        if seat_ids.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "select seat_id as id, state, version from show_seats where show_id = $1 and seat_id in ({})",
            placeholders(2, seat_ids.len())
        );
        let rows = sql(text, with_seats(bind![show_id], seat_ids)).all::<SeatStatusRow>(self.reader()).await?;
        rows.into_iter().map(SeatStatus::try_from).collect()
    }

    /// Which of `seat_ids` a booking could not have; seats that it holds or bought itself it can.
    pub async fn seats_not_available(
        &self,
        show_id: ShowId,
        seat_ids: &[SeatId],
        asking: BookingId,
    ) -> Result<SeatCheck, StoreError> {
        Ok(look_up(self.reader(), show_id, seat_ids).await?.check(seat_ids, asking))
    }

    /// How many open holds a customer has on a show.
    pub async fn count_open_holds(&self, customer_id: CustomerId, show_id: ShowId) -> Result<i64, StoreError> {
        let text = "select count(*) as count from hold_slots where show_id = $1 and customer_id = $2";
        sql(text, bind![show_id, customer_id]).count(self.reader()).await
    }
}

/// The seats that a booking asks for, as they are found.
pub(crate) struct SeatsFound(HashMap<SeatId, SeatFound>);

struct SeatFound {
    seat: SeatToPrice,
    state: ShowSeatState,
    booking_id: Option<String>,
}

impl SeatsFound {
    /// What is wrong with them for a booking.
    pub(crate) fn check(&self, seat_ids: &[SeatId], asking: BookingId) -> SeatCheck {
        let asking = asking.to_string();
        let mut check = SeatCheck::default();
        for seat_id in seat_ids {
            match self.0.get(seat_id) {
                None => check.unknown.push(*seat_id),
                Some(found) if found.state == ShowSeatState::Available => {}
                Some(found) if found.booking_id.as_ref() == Some(&asking) => {}
                Some(_) => check.taken.push(*seat_id),
            }
        }
        check
    }

    /// Them in the order asked for, to be priced.
    pub(crate) fn to_price(&self, seat_ids: &[SeatId]) -> Vec<SeatToPrice> {
        seat_ids.iter().filter_map(|seat_id| self.0.get(seat_id)).map(|found| found.seat.clone()).collect()
    }
}

/// Reads some seats of a show.
pub(crate) async fn look_up(db: &impl Session, show_id: ShowId, seat_ids: &[SeatId]) -> Result<SeatsFound, StoreError> {
    if seat_ids.is_empty() {
        return Ok(SeatsFound(HashMap::new()));
    }
    let text = format!(
        "select ss.seat_id, s.hall_id, s.section, s.row_label, s.number, s.accessible, s.x, s.y, ss.category, \
         ss.state, ss.booking_id from show_seats ss join seats s on s.id = ss.seat_id \
         where ss.show_id = $1 and ss.seat_id in ({})",
        placeholders(2, seat_ids.len())
    );
    let mut found = HashMap::new();
    for row in sql(text, with_seats(bind![show_id], seat_ids)).all::<SeatFoundRow>(db).await? {
        let (seat_id, seat) = row.into_found()?;
        found.insert(seat_id, seat);
    }
    Ok(SeatsFound(found))
}

/// Keeps others from changing some seats of a show, in id order so that two bookings never wait for each other.
pub(crate) async fn lock(tx: &DatabaseTransaction, show_id: ShowId, seat_ids: &[SeatId]) -> Result<(), StoreError> {
    let lock = for_update(tx);
    if lock.is_empty() || seat_ids.is_empty() {
        return Ok(());
    }
    let text = format!(
        "select seat_id from show_seats where show_id = $1 and seat_id in ({}) order by seat_id{lock}",
        placeholders(2, seat_ids.len())
    );
    sql(text, with_seats(bind![show_id], seat_ids)).all::<SeatIdRow>(tx).await?;
    Ok(())
}

/// Holds those of the seats that are available; the caller undoes it unless that was all of them.
pub(crate) async fn hold(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let text = format!(
        "update show_seats set state = 'held', booking_id = $2, held_until_at = $3, version = version + 1 \
         where show_id = $1 and state = 'available' and seat_id in ({})",
        placeholders(4, booking.seat_ids.len())
    );
    sql(text, with_seats(bind![booking.show_id, booking.id, until], &booking.seat_ids)).run(tx).await
}

/// Holds the seats of a booking longer.
pub(crate) async fn hold_until(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    until: Timestamp,
) -> Result<u64, StoreError> {
    lock(tx, booking.show_id, &booking.seat_ids).await?;
    let text = "update show_seats set held_until_at = $2 where booking_id = $1 and state = 'held'";
    sql(text, bind![booking.id, until]).run(tx).await
}

/// How many seats a booking holds in the version in which it took them.
pub(crate) async fn count_held(tx: &DatabaseTransaction, booking_id: BookingId) -> Result<i64, StoreError> {
    let text = format!("select count(*) as count from show_seats where {HELD_AS_TAKEN}");
    sql(text, bind![booking_id]).count(tx).await
}

/// Sells the seats that a booking holds in the version in which it took them.
pub(crate) async fn sell_held(tx: &DatabaseTransaction, booking_id: BookingId) -> Result<u64, StoreError> {
    let text = format!(
        "update show_seats set state = 'sold', held_until_at = null, version = version + 1 where {HELD_AS_TAKEN}"
    );
    sql(text, bind![booking_id]).run(tx).await
}

const HELD_AS_TAKEN: &str = "booking_id = $1 and state = 'held' and version = (select taken.seat_version \
     from booking_seats taken where taken.booking_id = $1 and taken.seat_id = show_seats.seat_id)";

/// How many of the seats of a booking anybody could have.
pub(crate) async fn count_available(tx: &DatabaseTransaction, booking: &StoredBooking) -> Result<i64, StoreError> {
    let text = format!(
        "select count(*) as count from show_seats where show_id = $1 and state = 'available' and seat_id in ({})",
        placeholders(2, booking.seat_ids.len())
    );
    sql(text, with_seats(bind![booking.show_id], &booking.seat_ids)).count(tx).await
}

/// Sells those of the seats of a booking that are available.
pub(crate) async fn sell_available(tx: &DatabaseTransaction, booking: &StoredBooking) -> Result<u64, StoreError> {
    let text = format!(
        "update show_seats set state = 'sold', booking_id = $2, version = version + 1 \
         where show_id = $1 and state = 'available' and seat_id in ({})",
        placeholders(3, booking.seat_ids.len())
    );
    sql(text, with_seats(bind![booking.show_id, booking.id], &booking.seat_ids)).run(tx).await
}

/// Writes down in which version a booking has its seats now.
pub(crate) async fn remember_versions(tx: &DatabaseTransaction, booking_id: BookingId) -> Result<(), StoreError> {
    let text = "update booking_seats set seat_version = (select s.version from show_seats s \
                where s.show_id = booking_seats.show_id and s.seat_id = booking_seats.seat_id) where booking_id = $1";
    sql(text, bind![booking_id]).run(tx).await?;
    Ok(())
}

/// Gives back the seats of a booking that are in `state`.
pub(crate) async fn free(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    state: ShowSeatState,
) -> Result<u64, StoreError> {
    lock(tx, booking.show_id, &booking.seat_ids).await?;
    let text = "update show_seats set state = 'available', booking_id = null, held_until_at = null, \
                version = version + 1 where booking_id = $1 and state = $2";
    sql(text, bind![booking.id, state.as_str()]).run(tx).await
}

/// Values followed by seats.
fn with_seats(mut values: Vec<Value>, seat_ids: &[SeatId]) -> Vec<Value> {
    values.extend(seat_ids.iter().map(Column::value));
    values
}

#[derive(FromQueryResult)]
struct SeatIdRow {
    #[allow(dead_code, reason = "the row is read to be locked")]
    seat_id: String,
}

#[derive(FromQueryResult)]
struct SeatFoundRow {
    seat_id: String,
    hall_id: String,
    section: String,
    row_label: String,
    number: String,
    accessible: bool,
    x: f64,
    y: f64,
    category: String,
    state: String,
    booking_id: Option<String>,
}

impl SeatFoundRow {
    fn into_found(self) -> Result<(SeatId, SeatFound), StoreError> {
        let of = RowOf::new("show_seats", &self.seat_id);
        let seat = Seat {
            id: of.read(SeatId::parse(&self.seat_id))?,
            hall_id: of.read(HallId::parse(&self.hall_id))?,
            section: self.section,
            row: self.row_label,
            number: self.number,
            category: of.read(SeatCategory::parse(&self.category))?,
            accessible: self.accessible,
            x: self.x,
            y: self.y,
        };
        let state = of.named(&self.state, &ShowSeatState::ALL, ShowSeatState::as_str)?;
        let label = seat.label();
        let to_price = SeatToPrice { seat_id: seat.id, label, category: seat.category };
        Ok((seat.id, SeatFound { seat: to_price, state, booking_id: self.booking_id }))
    }
}

#[derive(FromQueryResult)]
struct ShowSeatRow {
    id: String,
    section: String,
    row_label: String,
    number: String,
    category: String,
    accessible: bool,
    x: f64,
    y: f64,
    state: String,
}

impl TryFrom<ShowSeatRow> for ShowSeat {
    type Error = StoreError;

    fn try_from(row: ShowSeatRow) -> Result<Self, StoreError> {
        let of = RowOf::new("show_seats", &row.id);
        Ok(Self {
            seat_id: of.read(SeatId::parse(&row.id))?,
            category: of.read(SeatCategory::parse(&row.category))?,
            state: of.named(&row.state, &ShowSeatState::ALL, ShowSeatState::as_str)?,
            section: row.section,
            row: row.row_label,
            number: row.number,
            accessible: row.accessible,
            x: row.x,
            y: row.y,
        })
    }
}

#[derive(FromQueryResult)]
struct SeatStatusRow {
    id: String,
    state: String,
    version: i64,
}

impl TryFrom<SeatStatusRow> for SeatStatus {
    type Error = StoreError;

    fn try_from(row: SeatStatusRow) -> Result<Self, StoreError> {
        let of = RowOf::new("show_seats", &row.id);
        Ok(Self {
            seat_id: of.read(SeatId::parse(&row.id))?,
            state: of.named(&row.state, &ShowSeatState::ALL, ShowSeatState::as_str)?,
            version: row.version,
        })
    }
}
