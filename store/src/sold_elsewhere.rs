//! Seats of a show that another system sells: blocked while it says so, given back when it does not any more.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::{BookingId, SeatId, ShowId};
use domain::show::Show;
use domain::show_seat::ShowSeatState;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::show_plan::{self, PutOn, outcome_of};
use crate::statement::{SEATS_PER_STATEMENT, bind, placeholders, sql, with_seats};
use crate::transaction::{Outcome, for_update};

/// What telling which seats are sold elsewhere came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoldElsewhere {
    /// How many seats were blocked.
    pub blocked: usize,
    /// How many that were blocked by an earlier list were given back.
    pub released: usize,
    /// Those that the show does not have. While there are any, none is given back: it may be one that was misnamed.
    pub unknown: Vec<SeatId>,
    /// Those that are somebody's here. They are left to them.
    pub conflicts: Vec<SoldTwice>,
}

/// A seat that is sold elsewhere and held or sold here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldTwice {
    /// The seat.
    pub seat_id: SeatId,
    /// Held or sold.
    pub state: ShowSeatState,
    /// To which booking.
    pub booking_id: BookingId,
}

impl Store {
    /// Says which seats of a show another system sells, all of them. Those that are free are blocked, those that only an
    /// earlier list had are given back, and what somebody has blocked or released by hand stays as it is.
    pub async fn sell_elsewhere(&self, show_id: ShowId, seat_ids: &[SeatId]) -> Result<SoldElsewhere, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = sell(&tx, show_id, seat_ids).await;
            (tx, done)
        })
        .await
    }

    /// Puts a show on with every seat of its hall, but for those that another system sells: nobody finds one of them free
    /// in between.
    pub async fn create_show_sold_elsewhere(
        &self,
        show: &Show,
        seat_ids: &[SeatId],
    ) -> Result<PutOn<SoldElsewhere>, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = create(&tx, show, seat_ids).await;
            (tx, done.map(outcome_of))
        })
        .await
    }
}

async fn create(
    tx: &DatabaseTransaction,
    show: &Show,
    seat_ids: &[SeatId],
) -> Result<PutOn<SoldElsewhere>, StoreError> {
    Ok(match show_plan::create(tx, show).await? {
        PutOn::Done(()) => {
            let (Outcome::Commit(sold) | Outcome::RollBack(sold)) = sell(tx, show.id, seat_ids).await?;
            PutOn::Done(sold)
        }
        PutOn::Refused(why) => PutOn::Refused(why),
    })
}

async fn sell(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    seat_ids: &[SeatId],
) -> Result<Outcome<SoldElsewhere>, StoreError> {
    let listed: BTreeSet<SeatId> = seat_ids.iter().copied().collect();
    let before = blocked_before(tx, show_id).await?;
    let mut standing = look(tx, show_id, &listed, "").await?;
    let unknown: Vec<SeatId> = listed.iter().copied().filter(|seat_id| !standing.contains_key(seat_id)).collect();
    let gone: BTreeSet<SeatId> =
        if unknown.is_empty() { before.difference(&listed).copied().collect() } else { BTreeSet::new() };
    let free = |standing: &BTreeMap<SeatId, Standing>| -> BTreeSet<SeatId> {
        let free = standing.iter().filter(|(_, found)| found.state == ShowSeatState::Available);
        free.map(|(seat_id, _)| *seat_id).collect()
    };
    let mut sold = SoldElsewhere { unknown, ..SoldElsewhere::default() };
    let touched: BTreeSet<SeatId> = gone.union(&free(&standing)).copied().collect();
    if touched.is_empty() {
        sold.conflicts = conflicts(&standing);
        return Ok(Outcome::RollBack(sold));
    }
    // From here on nobody else changes them; in id order, so that those who hold seats never wait for this in a circle.
    let locked = look(tx, show_id, &touched, for_update(tx)).await?;
    standing.extend(locked.into_iter().filter(|(seat_id, _)| listed.contains(seat_id)));
    sold.released = release(tx, show_id, &gone).await?;
    sold.blocked = block(tx, show_id, &free(&standing)).await?;
    sold.conflicts = conflicts(&standing);
    Ok(Outcome::Commit(sold))
}

/// Takes note that seats are not blocked by an import any more, whatever they are; says which were.
pub(crate) async fn forget(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    seat_ids: &[SeatId],
) -> Result<Vec<SeatId>, StoreError> {
    let text = format!(
        "delete from show_seats_sold_elsewhere where show_id = $1 and seat_id in ({}) returning seat_id",
        placeholders(2, seat_ids.len())
    );
    let values = with_seats(bind![show_id], seat_ids);
    sql(text, values).all::<SeatRow>(tx).await?.iter().map(SeatRow::seat_id).collect()
}

async fn blocked_before(tx: &DatabaseTransaction, show_id: ShowId) -> Result<BTreeSet<SeatId>, StoreError> {
    let text = "select seat_id from show_seats_sold_elsewhere where show_id = $1";
    sql(text, bind![show_id]).all::<SeatRow>(tx).await?.iter().map(SeatRow::seat_id).collect()
}

/// Gives back those of the seats that are still blocked because of an earlier list.
async fn release(tx: &DatabaseTransaction, show_id: ShowId, gone: &BTreeSet<SeatId>) -> Result<usize, StoreError> {
    let gone: Vec<SeatId> = gone.iter().copied().collect();
    let mut released = 0;
    for some in gone.chunks(SEATS_PER_STATEMENT) {
        // Whoever has blocked one of them by hand meanwhile has taken it off the list.
        let some = forget(tx, show_id, some).await?;
        if some.is_empty() {
            continue;
        }
        let text = format!(
            "update show_seats set state = 'available', version = version + 1 where show_id = $1 \
             and state = 'blocked' and seat_id in ({})",
            placeholders(2, some.len())
        );
        let values = with_seats(bind![show_id], &some);
        released += sql(text, values).run(tx).await?;
    }
    Ok(usize::try_from(released).unwrap_or(usize::MAX))
}

async fn block(tx: &DatabaseTransaction, show_id: ShowId, free: &BTreeSet<SeatId>) -> Result<usize, StoreError> {
    let free: Vec<SeatId> = free.iter().copied().collect();
    for some in free.chunks(SEATS_PER_STATEMENT) {
        let named = placeholders(2, some.len());
        let values = with_seats(bind![show_id], some);
        let text = format!(
            "update show_seats set state = 'blocked', version = version + 1 where show_id = $1 \
             and state = 'available' and seat_id in ({named})"
        );
        sql(text, values.clone()).run(tx).await?;
        let text = format!(
            "insert into show_seats_sold_elsewhere (show_id, seat_id) select show_id, seat_id from show_seats \
             where show_id = $1 and seat_id in ({named}) on conflict do nothing"
        );
        sql(text, values).run(tx).await?;
    }
    Ok(free.len())
}

/// How a seat stands, and whose it is.
struct Standing {
    state: ShowSeatState,
    booking_id: Option<BookingId>,
}

fn conflicts(standing: &BTreeMap<SeatId, Standing>) -> Vec<SoldTwice> {
    let taken = standing.iter().filter_map(|(seat_id, found)| {
        let booking_id = found.booking_id?;
        Some(SoldTwice { seat_id: *seat_id, state: found.state, booking_id })
    });
    taken.collect()
}

/// Reads some seats of a show; `lock` is what follows the select.
async fn look(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    seat_ids: &BTreeSet<SeatId>,
    lock: &str,
) -> Result<BTreeMap<SeatId, Standing>, StoreError> {
    let seat_ids: Vec<SeatId> = seat_ids.iter().copied().collect();
    let mut standing = BTreeMap::new();
    for some in seat_ids.chunks(SEATS_PER_STATEMENT) {
        let text = format!(
            "select seat_id, state, booking_id from show_seats where show_id = $1 and seat_id in ({}) \
             order by seat_id{lock}",
            placeholders(2, some.len())
        );
        let values = with_seats(bind![show_id], some);
        for row in sql(text, values).all::<StandingRow>(tx).await? {
            let (seat_id, found) = row.into_standing()?;
            standing.insert(seat_id, found);
        }
    }
    Ok(standing)
}

#[derive(FromQueryResult)]
struct SeatRow {
    seat_id: String,
}

impl SeatRow {
    fn seat_id(&self) -> Result<SeatId, StoreError> {
        RowOf::new("show_seats_sold_elsewhere", &self.seat_id).read(SeatId::parse(&self.seat_id))
    }
}

#[derive(FromQueryResult)]
struct StandingRow {
    seat_id: String,
    state: String,
    booking_id: Option<String>,
}

impl StandingRow {
    fn into_standing(self) -> Result<(SeatId, Standing), StoreError> {
        let of = RowOf::new("show_seats", &self.seat_id);
        let state = of.named(&self.state, &ShowSeatState::ALL, ShowSeatState::as_str)?;
        let booking_id = self.booking_id.as_deref().map(|id| of.read(BookingId::parse(id))).transpose()?;
        Ok((of.read(SeatId::parse(&self.seat_id))?, Standing { state, booking_id }))
    }
}
