//! The bookings of a show, as those see them who sell it.

use domain::booking_state::BookingState;
use domain::ids::{BookingId, SeatId, ShowId};
use domain::money::Money;
use jiff::Timestamp;
use sea_orm::FromQueryResult;

use crate::Store;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// A booking of a show, without anything of who has made it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowBooking {
    /// Its id.
    pub id: BookingId,
    /// Where it stands.
    pub state: BookingState,
    /// The seats asked for.
    pub seat_ids: Vec<SeatId>,
    /// What it costs.
    pub amount: Money,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl Store {
    /// The bookings of a show, or those that are in one state, by the names of their states and then by their ids; `after`
    /// is state and id of the last one seen.
    pub async fn bookings_of_show(
        &self,
        show_id: ShowId,
        state: Option<&str>,
        after: Option<(&str, BookingId)>,
        limit: u32,
    ) -> Result<Vec<ShowBooking>, StoreError> {
        // Every text is greater than no text at all.
        let (last_state, last_id) = after.map_or(("", String::new()), |(state, id)| (state, id.to_string()));
        let found = match state {
            Some(state) => {
                let text = format!(
                    "select {COLUMNS} from bookings where show_id = $1 and state = $2 and id > $3 \
                     order by id limit {limit}"
                );
                sql(text, bind![show_id, state, last_id])
            }
            None => {
                let text = format!(
                    "select {COLUMNS} from bookings where show_id = $1 and (state, id) > ($2, $3) \
                     order by state, id limit {limit}"
                );
                sql(text, bind![show_id, last_state, last_id])
            }
        };
        found.all::<ShowBookingRow>(self.reader()).await?.into_iter().map(ShowBooking::try_from).collect()
    }
}

const COLUMNS: &str = "id, state_detail, seat_ids, amount_minor, currency, created_at";

#[derive(FromQueryResult)]
struct ShowBookingRow {
    id: String,
    state_detail: String,
    seat_ids: String,
    amount_minor: i64,
    currency: String,
    created_at: i64,
}

impl TryFrom<ShowBookingRow> for ShowBooking {
    type Error = StoreError;

    fn try_from(row: ShowBookingRow) -> Result<Self, StoreError> {
        let of = RowOf::new("bookings", &row.id);
        Ok(Self {
            id: of.read(BookingId::parse(&row.id))?,
            state: of.json(&row.state_detail)?,
            seat_ids: of.json(&row.seat_ids)?,
            amount: of.money(row.amount_minor, &row.currency)?,
            created_at: of.instant(row.created_at)?,
        })
    }
}
