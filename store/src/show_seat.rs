//! Seats of a show: the one place where a seat is held, sold or freed. Each change is one conditional statement whose
//! number of changed rows decides, and raises the seat's version, the fencing token.

use std::collections::HashMap;

use domain::booking::BookingRequest;
use domain::ids::{BookingId, HallId, SeatId, ShowId};
use domain::quote::SeatToPrice;
use domain::seat::{Seat, SeatCategory};
use domain::show_seat::{SeatStatus, ShowSeat, ShowSeatState};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::StoredBooking;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, placeholders, sql, with_seats};
use crate::transaction::{for_update, for_update_of};

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

    /// What is in the way of a request as far as can be seen without a lock; seats that the booking holds or bought
    /// itself are not.
    pub async fn obstacles(&self, request: &BookingRequest) -> Result<Obstacles, StoreError> {
        let seat_ids = request.seat_ids.as_slice();
        let text = format!(
            "select ss.seat_id, ss.state, ss.booking_id, (select count(*) from hold_slots h \
             where h.show_id = $1 and h.customer_id = $2) as open_holds from show_seats ss \
             where ss.show_id = $1 and ss.seat_id in ({})",
            placeholders(3, seat_ids.len())
        );
        let values = with_seats(bind![request.show_id, request.customer_id], seat_ids);
        let rows = sql(text, values).all::<StandingRow>(self.reader()).await?;
        let open_holds = rows.first().map_or(0, |row| row.open_holds);
        let mut standing = HashMap::new();
        for row in rows {
            let (seat_id, found) = row.into_standing()?;
            standing.insert(seat_id, found);
        }
        let seats = check(seat_ids, request.booking_id, |seat_id| standing.get(seat_id));
        Ok(Obstacles { seats, open_holds })
    }
}

/// What is in the way of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// What is wrong with its seats.
    pub seats: SeatCheck,
    /// How many open holds its customer has on the show.
    pub open_holds: i64,
}

/// The seats that a booking asks for, as they are found.
pub(crate) struct SeatsFound(HashMap<SeatId, SeatFound>);

struct SeatFound {
    seat: SeatToPrice,
    standing: Standing,
}

/// How a seat stands, and whose it is.
struct Standing {
    state: ShowSeatState,
    booking_id: Option<String>,
}

/// What is wrong with seats for a booking.
fn check<'a>(seat_ids: &[SeatId], asking: BookingId, standing: impl Fn(&SeatId) -> Option<&'a Standing>) -> SeatCheck {
    let asking = asking.to_string();
    let mut check = SeatCheck::default();
    for seat_id in seat_ids {
        match standing(seat_id) {
            None => check.unknown.push(*seat_id),
            Some(found) if found.state == ShowSeatState::Available => {}
            Some(found) if found.booking_id.as_ref() == Some(&asking) => {}
            Some(_) => check.taken.push(*seat_id),
        }
    }
    check
}

impl SeatsFound {
    /// What is wrong with them for a booking.
    pub(crate) fn check(&self, seat_ids: &[SeatId], asking: BookingId) -> SeatCheck {
        check(seat_ids, asking, |seat_id| self.0.get(seat_id).map(|found| &found.standing))
    }

    /// Whether a seat is one of them.
    pub(crate) fn has(&self, seat_id: &SeatId) -> bool {
        self.0.contains_key(seat_id)
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

/// How the seats of a booking stand, while nobody else can change them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeatsLocked {
    /// How many it holds in the version in which it took them.
    pub(crate) held_as_taken: usize,
    /// How many anybody could have.
    pub(crate) available: usize,
}

/// Keeps others from changing the seats of a booking, in id order so that two bookings never wait for each other.
pub(crate) async fn lock(tx: &DatabaseTransaction, booking: &StoredBooking) -> Result<SeatsLocked, StoreError> {
    let lock = for_update_of(tx, "ss");
    let text = format!(
        "select ss.state, ss.booking_id, ss.version, taken.seat_version from show_seats ss \
         left join booking_seats taken on taken.booking_id = $2 and taken.seat_id = ss.seat_id \
         where ss.show_id = $1 and ss.seat_id in ({}) order by ss.seat_id{lock}",
        placeholders(3, booking.seat_ids.len())
    );
    let values = with_seats(bind![booking.show_id, booking.id], &booking.seat_ids);
    let rows = sql(text, values).all::<LockedSeatRow>(tx).await?;
    let held = |row: &&LockedSeatRow| row.is(ShowSeatState::Held) && row.is_as_taken_by(booking.id);
    Ok(SeatsLocked {
        held_as_taken: rows.iter().filter(held).count(),
        available: rows.iter().filter(|row| row.is(ShowSeatState::Available)).count(),
    })
}

/// The seats `$1` of a show, kept from others: in id order, so that two bookings never wait for each other.
fn locked_in_order(tx: &DatabaseTransaction, seats: &str) -> String {
    let lock = for_update(tx);
    // The list is said twice, so that no plan reads the other seats of the show.
    format!(
        "show_id = $1 and seat_id in ({seats}) and seat_id in \
         (select seat_id from show_seats where show_id = $1 and seat_id in ({seats}) order by seat_id{lock})"
    )
}

/// Holds those of the seats that are available, and says in which versions; the caller undoes it unless that was all of
/// them.
pub(crate) async fn hold(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    until: Timestamp,
) -> Result<HashMap<SeatId, i64>, StoreError> {
    let text = format!(
        "update show_seats set state = 'held', booking_id = $2, held_until_at = $3, version = version + 1 \
         where state = 'available' and {} returning seat_id, version",
        locked_in_order(tx, &placeholders(4, booking.seat_ids.len()))
    );
    let values = with_seats(bind![booking.show_id, booking.id, until], &booking.seat_ids);
    let rows = sql(text, values).all::<HeldSeatRow>(tx).await?;
    let held = rows.into_iter().map(|row| {
        let of = RowOf::new("show_seats", &row.seat_id);
        Ok((of.read(SeatId::parse(&row.seat_id))?, row.version))
    });
    held.collect()
}

/// Holds the seats of a booking longer.
pub(crate) async fn hold_until(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let text = format!(
        "update show_seats set held_until_at = $3 where booking_id = $2 and state = 'held' and {}",
        locked_in_order(tx, &placeholders(4, booking.seat_ids.len()))
    );
    sql(text, with_seats(bind![booking.show_id, booking.id, until], &booking.seat_ids)).run(tx).await
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
    let text = format!(
        "update show_seats set state = 'available', booking_id = null, held_until_at = null, version = version + 1 \
         where booking_id = $2 and state = $3 and {}",
        locked_in_order(tx, &placeholders(4, booking.seat_ids.len()))
    );
    sql(text, with_seats(bind![booking.show_id, booking.id, state.as_str()], &booking.seat_ids)).run(tx).await
}

#[derive(FromQueryResult)]
struct HeldSeatRow {
    seat_id: String,
    version: i64,
}

#[derive(FromQueryResult)]
struct LockedSeatRow {
    state: String,
    booking_id: Option<String>,
    version: i64,
    /// In which version the booking took it, if it did.
    seat_version: Option<i64>,
}

impl LockedSeatRow {
    fn is(&self, state: ShowSeatState) -> bool {
        self.state == state.as_str()
    }

    fn is_as_taken_by(&self, booking_id: BookingId) -> bool {
        self.booking_id.as_ref() == Some(&booking_id.to_string()) && self.seat_version == Some(self.version)
    }
}

#[derive(FromQueryResult)]
struct StandingRow {
    seat_id: String,
    state: String,
    booking_id: Option<String>,
    open_holds: i64,
}

impl StandingRow {
    fn into_standing(self) -> Result<(SeatId, Standing), StoreError> {
        let of = RowOf::new("show_seats", &self.seat_id);
        let state = of.named(&self.state, &ShowSeatState::ALL, ShowSeatState::as_str)?;
        let standing = Standing { state, booking_id: self.booking_id };
        Ok((of.read(SeatId::parse(&self.seat_id))?, standing))
    }
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
        let standing = Standing { state, booking_id: self.booking_id };
        Ok((seat.id, SeatFound { seat: to_price, standing }))
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
