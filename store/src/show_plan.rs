//! Planning shows: put one on, change it, and say which of its seats are sold and as what.

use std::collections::BTreeSet;

use domain::ids::{SeatId, ShowId};
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
use crate::versioned::{Edited, Versioned, edited, stays};

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

/// What putting a show on came to: it with every seat of its hall, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOn<T = ()> {
    /// It is on.
    Done(T),
    /// It is not.
    Refused(NotPutOn),
}

/// Why a show was not put on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPutOn {
    /// There is a show with this id.
    Known,
    /// There is no such event.
    NoEvent,
    /// There is no such hall, or it has no seats.
    NoSeats,
    /// The show has no price for a category that its seats have: they would be shown as free, and nobody could buy them.
    Unpriced {
        /// The category.
        category: SeatCategory,
    },
}

/// What changing a show came to: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replanned {
    /// As for everything that several people may edit.
    Edited(Edited),
    /// The show would have no price for a category that its seats have.
    Unpriced {
        /// The category.
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
    /// The show has no price for a category that the seats would be sold as.
    Unpriced {
        /// The category.
        category: SeatCategory,
    },
}

impl Store {
    /// Puts a show on with every seat of its hall.
    pub async fn create_show(&self, show: &Show) -> Result<PutOn, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = create(&tx, show).await;
            (tx, done.map(outcome_of))
        })
        .await
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
    pub async fn update_show(&self, show: &Show, seen: i64) -> Result<Replanned, StoreError> {
        self.change_or_undo(|tx| async move {
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

/// A show that is not put on leaves nothing behind.
pub(crate) fn outcome_of<T>(put_on: PutOn<T>) -> Outcome<PutOn<T>> {
    if matches!(put_on, PutOn::Done(_)) { Outcome::Commit(put_on) } else { Outcome::RollBack(put_on) }
}

/// Puts a show on; whatever is answered but [`PutOn::Done`] has to be undone.
pub(crate) async fn create(tx: &DatabaseTransaction, show: &Show) -> Result<PutOn, StoreError> {
    // Neither is deleted meanwhile, nor is the hall drawn anew.
    if !stays(tx, "events", &show.event_id.to_string()).await? {
        return Ok(PutOn::Refused(NotPutOn::NoEvent));
    }
    if !stays(tx, "halls", &show.hall_id.to_string()).await? {
        return Ok(PutOn::Refused(NotPutOn::NoSeats));
    }
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
        return Ok(PutOn::Refused(NotPutOn::Known));
    }
    write_prices(tx, show).await?;
    let text = "insert into show_seats (show_id, seat_id, category, state) \
                select $1, id, category, 'available' from seats where hall_id = $2";
    if sql(text, bind![show.id, show.hall_id]).run(tx).await? == 0 {
        return Ok(PutOn::Refused(NotPutOn::NoSeats));
    }
    Ok(match unpriced(tx, show.id).await? {
        None => PutOn::Done(()),
        Some(category) => PutOn::Refused(NotPutOn::Unpriced { category }),
    })
}

async fn update(tx: &DatabaseTransaction, show: &Show, seen: i64) -> Result<Outcome<Replanned>, StoreError> {
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
        if let Some(category) = unpriced(tx, show.id).await? {
            return Ok(Outcome::RollBack(Replanned::Unpriced { category }));
        }
    }
    let edited = edited(tx, "shows", &show.id.to_string(), changed, seen).await?;
    Ok(Outcome::Commit(Replanned::Edited(edited)))
}

/// A category of a show's seats for which the show has no price. Seats that are kept back need none, but for those that
/// another system sells, which may give them back by itself.
async fn unpriced(tx: &DatabaseTransaction, show_id: ShowId) -> Result<Option<SeatCategory>, StoreError> {
    let text = "select category from (select distinct category from show_seats where show_id = $1 \
                and (state <> 'blocked' or seat_id in \
                (select seat_id from show_seats_sold_elsewhere where show_id = $1))) sold \
                where category not in (select category from show_prices where show_id = $1) order by category limit 1";
    let found = sql(text, bind![show_id]).one::<CategoryRow>(tx).await?;
    found.map(|row| row.category(show_id)).transpose()
}

/// A category of these seats of a show for which the show has no price.
async fn unpriced_of(
    tx: &DatabaseTransaction,
    show_id: ShowId,
    seat_ids: &[SeatId],
) -> Result<Option<SeatCategory>, StoreError> {
    for some in seat_ids.chunks(SEATS_PER_STATEMENT) {
        let text = format!(
            "select distinct category from show_seats where show_id = $1 and seat_id in ({}) and category not in \
             (select category from show_prices where show_id = $1) order by category limit 1",
            placeholders(2, some.len())
        );
        if let Some(found) = sql(text, with_seats(bind![show_id], some)).one::<CategoryRow>(tx).await? {
            return found.category(show_id).map(Some);
        }
    }
    Ok(None)
}

#[derive(FromQueryResult)]
struct CategoryRow {
    category: String,
}

impl CategoryRow {
    fn category(&self, show_id: ShowId) -> Result<SeatCategory, StoreError> {
        RowOf::new("show_seats", &show_id.to_string()).read(SeatCategory::parse(&self.category))
    }
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
    if *allocation != Allocation::Block {
        // The prices stay while it is looked whether the seats have one.
        stays(tx, "shows", &show_id.to_string()).await?;
    }
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
    if changed != sorted.len() as u64 {
        return refusal(tx, show_id, &sorted).await.map(Outcome::RollBack);
    }
    let unpriced = match allocation {
        Allocation::Block => None,
        Allocation::Release => unpriced_of(tx, show_id, &sorted).await?,
        Allocation::Move { category } => (!is_priced(tx, show_id, category).await?).then(|| category.clone()),
    };
    Ok(match unpriced {
        None => Outcome::Commit(Allocated::Done),
        Some(category) => Outcome::RollBack(Allocated::Unpriced { category }),
    })
}

async fn is_priced(tx: &DatabaseTransaction, show_id: ShowId, category: &SeatCategory) -> Result<bool, StoreError> {
    let text = "select count(*) as count from show_prices where show_id = $1 and category = $2";
    Ok(sql(text, bind![show_id, category.as_str()]).count(tx).await? > 0)
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
