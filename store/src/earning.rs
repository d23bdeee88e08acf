//! Earnings: what the platform earns by a sale, from the customer and from the partner.

use domain::ids::PartnerId;
use domain::money::{Currency, Money};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::StoredBooking;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// What the customer has paid on top of the seats.
const FEE: &str = "fee";
/// What the partner owes of the prices.
const COMMISSION: &str = "commission";

/// What the platform has earned by the sales of a partner that stand, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earnings {
    /// How many bookings it is earned by.
    pub bookings: i64,
    /// What customers have paid on top of the seats.
    pub fees: Money,
    /// What the partner owes of the prices.
    pub commission: Money,
}

impl Store {
    /// What the platform has earned by the sales of a partner since `from` and before `to` that still stand, for each
    /// currency; by currency.
    pub async fn earnings_of(
        &self,
        partner_id: PartnerId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Earnings>, StoreError> {
        #[derive(FromQueryResult)]
        struct Found {
            currency: String,
            bookings: i64,
            fees: i64,
            commission: i64,
        }
        // The sums are cast, since PostgreSQL's of whole numbers of 64 bits are of another type.
        let text = "select currency, count(distinct booking_id) as bookings, \
                    cast(sum(case when kind = $4 then amount_minor else 0 end) as bigint) as fees, \
                    cast(sum(case when kind = $5 then amount_minor else 0 end) as bigint) as commission from earnings \
                    where partner_id = $1 and earned_at >= $2 and earned_at < $3 and given_back_at is null \
                    group by currency order by currency";
        let values = bind![partner_id, rounded(from), rounded(to), FEE, COMMISSION];
        let rows = sql(text, values).all::<Found>(self.reader()).await?;
        let earnings = |row: Found| {
            let currency = RowOf::new("earnings", &row.currency).read(Currency::parse(&row.currency))?;
            let money = |minor| Money::new(minor, currency);
            Ok(Earnings { bookings: row.bookings, fees: money(row.fees), commission: money(row.commission) })
        };
        rows.into_iter().map(earnings).collect()
    }
}

/// Writes down what a sale earns, as it was quoted.
pub(crate) async fn earn(tx: &DatabaseTransaction, booking: &StoredBooking, now: Timestamp) -> Result<(), StoreError> {
    for (kind, amount) in earned_by(booking) {
        let text = "insert into earnings (booking_id, kind, partner_id, amount_minor, currency, earned_at) \
                    values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
        let currency = amount.currency.to_string();
        sql(text, bind![booking.id, kind, booking.partner_id, amount.minor, currency, now]).run(tx).await?;
    }
    Ok(())
}

/// Writes down that a sale was taken back: nothing is earned by it.
pub(crate) async fn give_back(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    if earned_by(booking).is_empty() {
        return Ok(());
    }
    let text = "update earnings set given_back_at = $2 where booking_id = $1 and given_back_at is null";
    sql(text, bind![booking.id, now]).run(tx).await?;
    Ok(())
}

fn earned_by(booking: &StoredBooking) -> Vec<(&'static str, Money)> {
    let Some(quote) = &booking.quote else { return Vec::new() };
    let fees = Money::new(quote.fees.iter().map(|fee| fee.amount.minor).sum(), quote.total.currency);
    let both = [(FEE, Some(fees)), (COMMISSION, quote.commission)];
    both.into_iter().filter_map(|(kind, amount)| Some((kind, amount.filter(|amount| !amount.is_zero())?))).collect()
}
