//! Bookings as customers, support and sagas read them. A list takes as many statements as a single booking does.

use std::collections::HashMap;

use domain::booking::{Booking, BookingRecord, BookingRequest, Fingerprint, SeatSelection};
use domain::booking_state::BookingState;
use domain::ids::{BookingId, CustomerId, PaymentId, SeatId, ShowId};
use domain::money::Money;
use domain::payment::IntentId;
use domain::show_seat::{SeatStatus, ShowSeatState};
use jiff::Timestamp;
use sea_orm::{DbErr, FromQueryResult, QueryResult, Value};

use crate::Store;
use crate::booking::{BookingRow, COLUMNS, StoredBooking};
use crate::column::RowOf;
use crate::error::StoreError;
use crate::payment::{self, StoredAttempt};
use crate::statement::{Column, bind, placeholders, sql};

/// Which bookings to list; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct BookingFilter {
    /// The name of a state, one of [`domain::booking_state::BookingState::NAMES`].
    pub state: Option<String>,
    /// The show.
    pub show_id: Option<ShowId>,
}

/// What is to be known of a booking before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBooking {
    /// What the request came down to that it was made for.
    pub fingerprint: Fingerprint,
    /// Whether its saga has not opened it yet.
    pub is_pending: bool,
}

#[derive(FromQueryResult)]
struct KnownRow {
    id: String,
    fingerprint: String,
    state: String,
}

impl Store {
    /// A booking, for those who may see every one.
    pub async fn find_booking(&self, booking_id: BookingId) -> Result<Option<Booking>, StoreError> {
        let mut found = self.bookings("b.id = $1", bind![booking_id], 1).await?;
        Ok(found.pop())
    }

    /// A booking of a customer; none if it is somebody else's.
    pub async fn find_booking_for(
        &self,
        customer_id: CustomerId,
        booking_id: BookingId,
    ) -> Result<Option<Booking>, StoreError> {
        let condition = "b.id = $1 and b.customer_id = $2";
        let mut found = self.bookings(condition, bind![booking_id, customer_id], 1).await?;
        Ok(found.pop())
    }

    /// The bookings of a customer, newest first; `after` is the time of creation and the id of the last one seen.
    pub async fn list_bookings_for(
        &self,
        customer_id: CustomerId,
        filter: &BookingFilter,
        after: Option<(Timestamp, BookingId)>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        let BookingFilter { state, show_id } = filter;
        let mut condition = "b.customer_id = $1".to_owned();
        let mut values = bind![customer_id];
        let conditions =
            [("b.state = ", state.as_ref().map(Column::value)), ("b.show_id = ", show_id.as_ref().map(Column::value))];
        for (is, value) in conditions {
            if let Some(value) = value {
                values.push(value);
                condition += &format!(" and {is}${}", values.len());
            }
        }
        if let Some((created_at, booking_id)) = after {
            values.extend(bind![created_at, booking_id]);
            condition += &format!(" and (b.created_at, b.id) < (${}, ${})", values.len() - 1, values.len());
        }
        self.bookings(&condition, values, limit).await
    }

    /// What is to be known of some bookings before they are read; nothing of those that have no row.
    pub async fn find_known(&self, booking_ids: &[BookingId]) -> Result<HashMap<BookingId, KnownBooking>, StoreError> {
        if booking_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let text =
            format!("select id, fingerprint, state from bookings where id in ({})", placeholders(1, booking_ids.len()));
        let values = booking_ids.iter().map(Column::value).collect();
        let rows = sql(text, values).all::<KnownRow>(self.reader()).await?;
        let pending = BookingState::Pending.name();
        let known = rows.into_iter().map(|KnownRow { id, fingerprint, state }| {
            let booking_id = RowOf::new("bookings", &id).read(BookingId::parse(&id))?;
            let is_pending = state == pending;
            Ok((booking_id, KnownBooking { fingerprint: Fingerprint::new(fingerprint), is_pending }))
        });
        known.collect()
    }

    /// A booking as the settling saga needs it.
    pub async fn recall_booking(&self, booking_id: BookingId) -> Result<Option<BookingRecord>, StoreError> {
        self.recall("b.id = $1", bind![booking_id]).await
    }

    /// The booking that an intent is to pay for.
    pub async fn recall_booking_by_intent(&self, intent_id: &IntentId) -> Result<Option<BookingRecord>, StoreError> {
        let condition = "b.id = (select booking_id from payment_attempts where intent_id = $1)";
        self.recall(condition, bind![intent_id.as_str()]).await
    }

    async fn recall(&self, condition: &str, values: Vec<Value>) -> Result<Option<BookingRecord>, StoreError> {
        let text = format!("select {COLUMNS} from bookings b where {condition}");
        let Some(row) = sql(text, values).one::<BookingRow>(self.reader()).await? else {
            return Ok(None);
        };
        let booking = StoredBooking::try_from(row)?;
        let attempts = payment::attempts_of(self.reader(), booking.id).await?;
        let (id, expires_at) = (booking.id.to_string(), booking.held_until());
        let bought_nothing = booking.paid_by_attempt.is_none();
        let unspent = attempts.iter().filter(|it| bought_nothing && !it.left().is_zero());
        let unspent = unspent.map(|it| it.record.number).collect();
        Ok(Some(BookingRecord {
            request: BookingRequest {
                booking_id: booking.id,
                customer_id: booking.customer_id,
                show_id: booking.show_id,
                seat_ids: RowOf::new("bookings", &id).read(SeatSelection::parse(booking.seat_ids))?,
                // What it took off is in the quote.
                code: None,
                fingerprint: booking.fingerprint,
            },
            payment_id: PaymentId::for_booking(booking.id),
            state: booking.state,
            amount: booking.amount,
            expires_at,
            hard_cap_at: booking.hard_cap_at,
            attempts: attempts.into_iter().map(|attempt| attempt.record).collect(),
            unspent,
        }))
    }

    async fn bookings(&self, condition: &str, values: Vec<Value>, limit: u32) -> Result<Vec<Booking>, StoreError> {
        let text = format!(
            "select {COLUMNS}, p.captured_minor, p.refunded_minor from bookings b \
             left join payments p on p.payable_id = b.id where {condition} \
             order by b.created_at desc, b.id desc limit {limit}"
        );
        let rows = sql(text, values).all::<BookingWithSums>(self.reader()).await?;
        let mut bookings = Vec::with_capacity(rows.len());
        for row in rows {
            bookings.push((StoredBooking::try_from(row.booking)?, row.captured_minor, row.refunded_minor));
        }
        let ids: Vec<BookingId> = bookings.iter().map(|(booking, ..)| booking.id).collect();
        let mut attempts = payment::attempts_of_all(self.reader(), &ids).await?;
        let with_attempts = bookings.into_iter().map(|(booking, captured_minor, refunded_minor)| {
            let attempts = attempts.remove(&booking.id).unwrap_or_default();
            into_booking(booking, attempts, captured_minor, refunded_minor)
        });
        Ok(with_attempts.collect())
    }
}

fn into_booking(
    booking: StoredBooking,
    attempts: Vec<StoredAttempt>,
    captured_minor: Option<i64>,
    refunded_minor: Option<i64>,
) -> Booking {
    let currency = booking.amount.currency;
    Booking {
        id: booking.id,
        customer_id: booking.customer_id,
        show_id: booking.show_id,
        partner_id: booking.partner_id,
        seat_ids: booking.seat_ids,
        fingerprint: booking.fingerprint,
        expires_at: booking.expires_at.filter(|_| booking.state.is_open()),
        state: booking.state,
        quote: booking.quote,
        amount: booking.amount,
        refund_policy: booking.refund_policy,
        attempts: attempts.into_iter().map(|attempt| attempt.record).collect(),
        captured: Money::new(captured_minor.unwrap_or_default(), currency),
        refunded: Money::new(refunded_minor.unwrap_or_default(), currency),
        created_at: booking.created_at,
        updated_at: booking.updated_at,
    }
}

/// A row of `bookings` with what was collected and given back for it.
struct BookingWithSums {
    booking: BookingRow,
    captured_minor: Option<i64>,
    refunded_minor: Option<i64>,
}

impl FromQueryResult for BookingWithSums {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            booking: BookingRow::from_query_result(row, prefix)?,
            captured_minor: row.try_get(prefix, "captured_minor")?,
            refunded_minor: row.try_get(prefix, "refunded_minor")?,
        })
    }
}

impl Store {
    /// How the seats of some bookings stand, with their shows; those of a booking that was never opened are none.
    pub async fn statuses_of_bookings(
        &self,
        booking_ids: &[BookingId],
    ) -> Result<Vec<(ShowId, SeatStatus)>, StoreError> {
        if booking_ids.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "select s.show_id, s.seat_id, s.state, s.version from booking_seats b \
             join show_seats s on s.show_id = b.show_id and s.seat_id = b.seat_id where b.booking_id in ({})",
            placeholders(1, booking_ids.len())
        );
        let values = booking_ids.iter().map(Column::value).collect();
        let rows = sql(text, values).all::<BookedSeatRow>(self.reader()).await?;
        rows.into_iter().map(BookedSeatRow::into_status).collect()
    }
}

#[derive(FromQueryResult)]
struct BookedSeatRow {
    show_id: String,
    seat_id: String,
    state: String,
    version: i64,
}

impl BookedSeatRow {
    fn into_status(self) -> Result<(ShowId, SeatStatus), StoreError> {
        let of = RowOf::new("show_seats", &self.seat_id);
        let status = SeatStatus {
            seat_id: of.read(SeatId::parse(&self.seat_id))?,
            state: of.named(&self.state, &ShowSeatState::ALL, ShowSeatState::as_str)?,
            version: self.version,
        };
        Ok((of.read(ShowId::parse(&self.show_id))?, status))
    }
}
