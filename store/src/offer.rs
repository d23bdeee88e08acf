//! Offers: the discount rules of partners, and who uses the codes of which there are only so many.

use std::collections::BTreeSet;

use domain::ids::{BookingId, OfferId, PartnerId};
use domain::offer::Offer;
use domain::offer_terms::OfferCode;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::StoredBooking;
use crate::column::{RowOf, json_text, rounded};
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, placeholder_rows, sql};
use crate::transaction::{Outcome, for_update_skip_locked};
use crate::versioned::{Edited, Versioned, edited};

/// How many uses one insert makes.
const USES_AT_ONCE: u32 = 5_000;

impl Store {
    /// Writes down an offer, with a row for each use of a limited code.
    pub async fn create_offer(&self, offer: &Offer, now: Timestamp) -> Result<(), StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = create(&tx, offer, now).await;
            (tx, done)
        })
        .await
    }

    /// An offer.
    pub async fn find_offer(&self, offer_id: OfferId) -> Result<Option<Versioned<Offer>>, StoreError> {
        let text = "select id, terms, version from offers where id = $1";
        let row = sql(text, bind![offer_id]).one::<OfferRow>(self.reader()).await?;
        row.map(OfferRow::into_offer).transpose()
    }

    /// The offers of a partner by their ids; `after` is the id of the last one seen.
    pub async fn offers_of(
        &self,
        partner_id: PartnerId,
        after: Option<OfferId>,
        limit: u32,
    ) -> Result<Vec<Versioned<Offer>>, StoreError> {
        let text = format!(
            "select id, terms, version from offers where partner_id = $1 and id > $2 order by id limit {limit}"
        );
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = sql(text, bind![partner_id, after]).all::<OfferRow>(self.reader()).await?;
        rows.into_iter().map(OfferRow::into_offer).collect()
    }

    /// Changes an offer that is in the version `seen`. Bookings keep the discounts that they were given; a code that has
    /// fewer uses than before keeps those that are taken.
    pub async fn update_offer(&self, offer: &Offer, seen: i64) -> Result<Edited, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = update(&tx, offer, seen).await;
            (tx, done)
        })
        .await
    }

    /// How often the code of an offer has been used, by bookings that hold seats or have tickets.
    pub async fn uses_of(&self, offer_id: OfferId) -> Result<i64, StoreError> {
        let text = "select count(*) as count from offer_uses where offer_id = $1 and booking_id is not null";
        sql(text, bind![offer_id]).count(self.reader()).await
    }
}

async fn create(tx: &DatabaseTransaction, offer: &Offer, now: Timestamp) -> Result<(), StoreError> {
    let text = "insert into offers (id, partner_id, code, active, terms, created_at) values ($1, $2, $3, $4, $5, $6)";
    let code = offer.code().map(OfferCode::as_str);
    let values = bind![offer.id(), offer.partner_id(), code, offer.is_active(), json_text(offer)?, now];
    sql(text, values).run(tx).await?;
    make_uses(tx, offer, 0).await
}

async fn update(tx: &DatabaseTransaction, offer: &Offer, seen: i64) -> Result<Outcome<Edited>, StoreError> {
    let text = "update offers set code = $3, active = $4, terms = $5, version = version + 1 \
                where id = $1 and version = $2";
    let code = offer.code().map(OfferCode::as_str);
    let changed = sql(text, bind![offer.id(), seen, code, offer.is_active(), json_text(offer)?]).run(tx).await?;
    let edited = edited(tx, "offers", &offer.id().to_string(), changed, seen).await?;
    if !matches!(edited, Edited::Done { .. }) {
        return Ok(Outcome::RollBack(edited));
    }
    let wanted = i64::from(offer.uses().map_or(0, std::num::NonZeroU32::get));
    let text = "delete from offer_uses where offer_id = $1 and number > $2 and booking_id is null";
    sql(text, bind![offer.id(), wanted]).run(tx).await?;
    let text = "select coalesce(max(number), 0) as count from offer_uses where offer_id = $1";
    let there = sql(text, bind![offer.id()]).count(tx).await?;
    make_uses(tx, offer, u32::try_from(there).unwrap_or(u32::MAX)).await?;
    Ok(Outcome::Commit(edited))
}

/// Makes the uses of a code beyond those that are there.
async fn make_uses(tx: &DatabaseTransaction, offer: &Offer, there: u32) -> Result<(), StoreError> {
    let wanted = offer.uses().map_or(0, std::num::NonZeroU32::get);
    let mut next = there + 1;
    while next <= wanted {
        let last = wanted.min(next + USES_AT_ONCE - 1);
        let values: Vec<_> = (next..=last).flat_map(|number| bind![offer.id(), i64::from(number)]).collect();
        let rows = placeholder_rows(values.len() / 2, 2);
        let text = format!("insert into offer_uses (offer_id, number) values {rows} on conflict do nothing");
        sql(text, values).run(tx).await?;
        next = last + 1;
    }
    Ok(())
}

/// Which of these offers have no use left.
pub(crate) async fn used_up(db: &impl Session, offers: &[Offer]) -> Result<BTreeSet<OfferId>, StoreError> {
    let mut used_up = BTreeSet::new();
    for offer in offers.iter().filter(|offer| offer.uses().is_some()) {
        let text = "select count(*) as count from (select 1 as one from offer_uses \
                    where offer_id = $1 and booking_id is null limit 1) free";
        if sql(text, bind![offer.id()]).count(db).await? == 0 {
            used_up.insert(offer.id());
        }
    }
    Ok(used_up)
}

/// Takes a use of a limited offer for a booking; false where none is left.
pub(crate) async fn claim_use(
    tx: &DatabaseTransaction,
    offer_id: OfferId,
    booking_id: BookingId,
) -> Result<bool, StoreError> {
    let skip = for_update_skip_locked(tx);
    let text = format!(
        "update offer_uses set booking_id = $1 where offer_id = $2 and number = (select number from offer_uses \
         where offer_id = $2 and booking_id is null order by number limit 1{skip})"
    );
    Ok(sql(text, bind![booking_id, offer_id]).run(tx).await? == 1)
}

/// Gives back the uses that a booking has taken; most have taken none, for want of an offer.
pub(crate) async fn release_uses(tx: &DatabaseTransaction, booking: &StoredBooking) -> Result<(), StoreError> {
    if booking.quote.as_ref().is_some_and(|quote| !quote.offers().is_empty()) {
        sql("update offer_uses set booking_id = null where booking_id = $1", bind![booking.id]).run(tx).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct OfferRow {
    id: String,
    terms: String,
    version: i64,
}

impl OfferRow {
    fn into_offer(self) -> Result<Versioned<Offer>, StoreError> {
        let content = RowOf::new("offers", &self.id).json(&self.terms)?;
        Ok(Versioned { content, version: self.version })
    }
}
