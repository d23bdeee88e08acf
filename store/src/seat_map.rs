//! The seats of a hall, as its seat map draws them.

use std::collections::BTreeSet;

use domain::ids::{HallId, SeatId};
use domain::seat::{Seat, SeatCategory};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::catalogue::insert_seats;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::statement::{SEATS_PER_STATEMENT, bind, placeholders, sql, with_seats};
use crate::transaction::Outcome;
use crate::versioned::{Edited, edited};

/// What drawing the seats of a hall came to: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatsDrawn {
    /// The hall has these seats and no others, in this version.
    Done {
        /// The version that it has now.
        version: i64,
    },
    /// There is no such hall.
    Gone,
    /// Somebody else has changed the hall since.
    Changed,
    /// Seats that are not drawn any more belong to shows.
    InUse {
        /// Which.
        seat_ids: Vec<SeatId>,
    },
}

impl Store {
    /// Gives a hall that is in the version `seen` these seats and no others. Shows that are planned keep the seats that
    /// they have.
    pub async fn draw_seats(&self, hall_id: HallId, seats: &[Seat], seen: i64) -> Result<SeatsDrawn, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = draw(&tx, hall_id, seats, seen).await;
            (tx, done)
        })
        .await
    }

    /// The seats of a hall, by section, then from front to back and from left to right.
    pub async fn seats_of_hall(&self, hall_id: HallId) -> Result<Vec<Seat>, StoreError> {
        let text = "select id, hall_id, section, row_label, number, category, accessible, x, y from seats \
                    where hall_id = $1 order by section, y, x, id";
        let rows = sql(text, bind![hall_id]).all::<SeatRow>(self.reader()).await?;
        rows.into_iter().map(Seat::try_from).collect()
    }
}

async fn draw(
    tx: &DatabaseTransaction,
    hall_id: HallId,
    seats: &[Seat],
    seen: i64,
) -> Result<Outcome<SeatsDrawn>, StoreError> {
    let text = "update halls set version = version + 1 where id = $1 and version = $2";
    let changed = sql(text, bind![hall_id, seen]).run(tx).await?;
    let version = match edited(tx, "halls", &hall_id.to_string(), changed, seen).await? {
        Edited::Done { version } => version,
        Edited::Gone => return Ok(Outcome::RollBack(SeatsDrawn::Gone)),
        Edited::Changed | Edited::InUse => return Ok(Outcome::RollBack(SeatsDrawn::Changed)),
    };
    let drawn: BTreeSet<SeatId> = seats.iter().map(|seat| seat.id).collect();
    let there = ids(tx, "select id from seats where hall_id = $1", bind![hall_id]).await?;
    let gone: Vec<SeatId> = there.into_iter().filter(|id| !drawn.contains(id)).collect();
    let mut in_use = Vec::new();
    for some in gone.chunks(SEATS_PER_STATEMENT) {
        let named = placeholders(1, some.len());
        let text = format!("select distinct seat_id as id from show_seats where seat_id in ({named})");
        in_use.extend(ids(tx, &text, with_seats(bind![], some)).await?);
    }
    if !in_use.is_empty() {
        return Ok(Outcome::RollBack(SeatsDrawn::InUse { seat_ids: in_use }));
    }
    for some in gone.chunks(SEATS_PER_STATEMENT) {
        let text = format!("delete from seats where id in ({})", placeholders(1, some.len()));
        sql(text, with_seats(bind![], some)).run(tx).await?;
    }
    insert_seats(tx, seats.iter()).await?;
    Ok(Outcome::Commit(SeatsDrawn::Done { version }))
}

async fn ids(tx: &DatabaseTransaction, text: &str, values: Vec<sea_orm::Value>) -> Result<Vec<SeatId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: String,
    }
    let found = sql(text, values).all::<Found>(tx).await?;
    found.iter().map(|row| RowOf::new("seats", &row.id).read(SeatId::parse(&row.id))).collect()
}

#[derive(FromQueryResult)]
struct SeatRow {
    id: String,
    hall_id: String,
    section: String,
    row_label: String,
    number: String,
    category: String,
    accessible: bool,
    x: f64,
    y: f64,
}

impl TryFrom<SeatRow> for Seat {
    type Error = StoreError;

    fn try_from(row: SeatRow) -> Result<Self, StoreError> {
        let of = RowOf::new("seats", &row.id);
        Ok(Self {
            id: of.read(SeatId::parse(&row.id))?,
            hall_id: of.read(HallId::parse(&row.hall_id))?,
            section: row.section.clone(),
            row: row.row_label.clone(),
            number: row.number.clone(),
            category: of.read(SeatCategory::parse(&row.category))?,
            accessible: row.accessible,
            x: row.x,
            y: row.y,
        })
    }
}
