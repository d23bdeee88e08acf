//! Planning shows: put one on, change it, and say which of its seats are sold and as what.

use std::collections::BTreeSet;

use domain::ids::{HallId, SeatId, ShowId};
use domain::seat::SeatCategory;
use domain::show::Show;
use domain::show_seat::ShowSeatState;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::{RowOf, json_text};
use crate::error::StoreError;
use crate::show;
use crate::sold_elsewhere;
use crate::statement::{SEATS_PER_STATEMENT, bind, placeholders, sql, with_seats};
use crate::transaction::Outcome;
use crate::versioned::{Edited, Versioned, edited};

/// What is done to seats of a show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocation {
    /// They are kept back.
    Block,
    /// They are sold again.
    Release,
    /// They are sold as another category.
    Move {
        /// Which.
        category: SeatCategory,
    },
}

/// What allocating seats came to: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allocated {
    /// All are as it was wished.
    Done,
    /// The show has not all of them, or some are held or sold.
    Refused {
        /// Those that the show does not have.
        unknown: Vec<SeatId>,
        /// Those that are somebody's.
        taken: Vec<SeatId>,
    },
}

impl Store {
    /// Puts a show on with every seat of its hall; false if there is one with this id.
    pub async fn create_show(&self, show: &Show) -> Result<bool, StoreError> {
        self.change(|tx| async move {
            let done = create(&tx, show).await;
            (tx, done)
        })
        .await
    }

    /// The categories that the seats of a hall have.
    pub async fn categories_of_hall(&self, hall_id: HallId) -> Result<Vec<SeatCategory>, StoreError> {
        let text = "select distinct category from seats where hall_id = $1 order by category";
        let rows = sql(text, bind![hall_id]).all::<CategoryRow>(self.reader()).await?;
        rows.iter().map(|row| row.read("seats", &hall_id.to_string())).collect()
    }

    /// The categories that the seats of a show have, without those that are kept back.
    pub async fn categories_of_show(&self, show_id: ShowId) -> Result<Vec<SeatCategory>, StoreError> {
        let text =
            "select distinct category from show_seats where show_id = $1 and state <> 'blocked' order by category";
        let rows = sql(text, bind![show_id]).all::<CategoryRow>(self.reader()).await?;
        rows.iter().map(|row| row.read("show_seats", &show_id.to_string())).collect()
    }

    /// A show with its version.
    pub async fn find_show_to_edit(&self, show_id: ShowId) -> Result<Option<Versioned<Show>>, StoreError> {
        #[derive(FromQueryResult)]
        struct Version {
            version: i64,
        }
        // The version first: what is changed between the two reads is then refused as seen in an older version.
        let text = "select version from shows where id = $1";
        let Some(Version { version }) = sql(text, bind![show_id]).one::<Version>(self.reader()).await? else {
            return Ok(None);
        };
        Ok(show::load(self.reader(), show_id, "").await?.map(|content| Versioned { content, version }))
    }

    /// Changes times, prices and rules of a show that is in the version `seen`. What is sold stays as it was bought; what
    /// is performed, where, by whom and in which currency stays.
    pub async fn update_show(&self, show: &Show, seen: i64) -> Result<Edited, StoreError> {
        self.change(|tx| async move {
            let done = update(&tx, show, seen).await;
            (tx, done)
        })
        .await
    }

    /// Allocates seats of a show, unless one of them is held or sold. What they are already is no obstacle.
    pub async fn allocate(
        &self,
        show_id: ShowId,
        seat_ids: &[SeatId],
        allocation: &Allocation,
    ) -> Result<Allocated, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = allocate(&tx, show_id, seat_ids, allocation).await;
            (tx, done)
        })
        .await
    }
}

#[derive(FromQueryResult)]
struct CategoryRow {
    category: String,
}

impl CategoryRow {
    /// The category, of seats in `table` that are those of `owner`.
    fn read(&self, table: &'static str, owner: &str) -> Result<SeatCategory, StoreError> {
        RowOf::new(table, owner).read(SeatCategory::parse(&self.category))
    }
}

pub(crate) async fn create(tx: &DatabaseTransaction, show: &Show) -> Result<bool, StoreError> {
    let text = "insert into shows (id, event_id, hall_id, partner_id, starts_at, ends_at, sales_open_at, \
                sales_close_at, state, currency, hold_seconds, refund_policy, single_seats) \
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing";
    let values = bind![
        show.id,
        show.event_id,
        show.hall_id,
        show.partner_id,
        show.starts_at,
        show.ends_at,
        show.sales_open_at,
        show.sales_close_at,
        show.state.as_str(),
        show.currency.as_str(),
        show.hold.seconds(),
        json_text(&show.refund_policy)?,
        show.single_seats.as_str(),
    ];
    if sql(text, values).run(tx).await? == 0 {
        return Ok(false);
    }
    write_prices(tx, show).await?;
    let text = "insert into show_seats (show_id, seat_id, category, state) \
                select $1, id, category, 'available' from seats where hall_id = $2";
    sql(text, bind![show.id, show.hall_id]).run(tx).await?;
    Ok(true)
}

async fn update(tx: &DatabaseTransaction, show: &Show, seen: i64) -> Result<Edited, StoreError> {
    let text = "update shows set starts_at = $3, ends_at = $4, sales_open_at = $5, sales_close_at = $6, \
                hold_seconds = $7, refund_policy = $8, single_seats = $9, version = version + 1 \
                where id = $1 and version = $2";
    let values = bind![
        show.id,
        seen,
        show.starts_at,
        show.ends_at,
        show.sales_open_at,
        show.sales_close_at,
        show.hold.seconds(),
        json_text(&show.refund_policy)?,
        show.single_seats.as_str(),
    ];
    let changed = sql(text, values).run(tx).await?;
    if changed == 1 {
        sql("delete from show_prices where show_id = $1", bind![show.id]).run(tx).await?;
        write_prices(tx, show).await?;
    }
    edited(tx, "shows", &show.id.to_string(), changed, seen).await
}

async fn write_prices(tx: &DatabaseTransaction, show: &Show) -> Result<(), StoreError> {
    for (category, price) in &show.prices {
        let text = "insert into show_prices (show_id, category, price_minor) values ($1, $2, $3)";
        sql(text, bind![show.id, category.as_str(), price.minor]).run(tx).await?;
    }
    Ok(())
}

async fn allocate(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    seat_ids: &[SeatId],
    allocation: &Allocation,
) -> Result<Outcome<Allocated>, StoreError> {
    // Every statement takes its seats in the order of their ids, as those who hold seats do.
    let mut sorted = seat_ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut changed = 0;
    for some in sorted.chunks(SEATS_PER_STATEMENT) {
        let (what, value) = match allocation {
            Allocation::Block => ("state = $2", ShowSeatState::Blocked.as_str()),
            Allocation::Release => ("state = $2", ShowSeatState::Available.as_str()),
            Allocation::Move { category } => ("category = $2", category.as_str()),
        };
        let text = format!(
            "update show_seats set {what}, version = version + 1 where show_id = $1 \
             and state in ('available', 'blocked') and seat_id in ({})",
            placeholders(3, some.len())
        );
        changed += sql(text, with_seats(bind![show_id, value], some)).run(tx).await?;
        if matches!(allocation, Allocation::Block | Allocation::Release) {
            // What is kept back by hand is given back by hand, whatever a theatre's own system says.
            sold_elsewhere::forget(tx, show_id, some).await?;
        }
    }
    if changed == sorted.len() as u64 {
        return Ok(Outcome::Commit(Allocated::Done));
    }
    refusal(tx, show_id, &sorted).await.map(Outcome::RollBack)
}

async fn refusal(tx: &DatabaseTransaction, show_id: ShowId, seat_ids: &[SeatId]) -> Result<Allocated, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        seat_id: String,
        state: String,
    }
    let (mut known, mut taken) = (BTreeSet::new(), Vec::new());
    for some in seat_ids.chunks(SEATS_PER_STATEMENT) {
        let text = format!(
            "select seat_id, state from show_seats where show_id = $1 and seat_id in ({})",
            placeholders(2, some.len())
        );
        for Found { seat_id, state } in sql(text, with_seats(bind![show_id], some)).all::<Found>(tx).await? {
            let of = RowOf::new("show_seats", &seat_id);
            let seat_id = of.read(SeatId::parse(&seat_id))?;
            known.insert(seat_id);
            match of.named(&state, &ShowSeatState::ALL, ShowSeatState::as_str)? {
                ShowSeatState::Held | ShowSeatState::Sold => taken.push(seat_id),
                ShowSeatState::Available | ShowSeatState::Blocked => {}
            }
        }
    }
    let unknown = seat_ids.iter().copied().filter(|seat_id| !known.contains(seat_id)).collect();
    Ok(Allocated::Refused { unknown, taken })
}
