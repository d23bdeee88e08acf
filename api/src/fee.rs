//! Fees on the wire: what the platform and a partner have agreed on, and what it has earned by that.

use app::{App, Earnings};
use domain::fee::{FeeTerms, FeeTermsDraft};
use domain::ids::PartnerId;
use domain::money::BasisPoints;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::id::Id;
use crate::moment::Moment;
use crate::money::{AmountBody, MoneyOut};
use crate::problem::Problem;
use crate::refusal::{Editing, Planning, Refusal};
use crate::tags::Tag;

/// The operations on what the platform earns.
pub struct FeeRoutes;

/// What the platform earns by a partner's shows.
#[derive(Debug, Object)]
#[oai(rename = "FeeTerms", rename_all = "camelCase", deny_unknown_fields)]
pub struct FeeTermsBody {
    /// What the customer pays for each seat that costs something.
    #[oai(nullable)]
    pub per_seat: Option<AmountBody>,
    /// Which share of the discounted prices the customer pays on top of them, in hundredths of a per cent.
    #[oai(default, validator(maximum(value = "10000")))]
    pub share: u16,
    /// The most that the customer pays for a booking, both together.
    #[oai(nullable)]
    pub at_most: Option<AmountBody>,
    /// Which share of the discounted prices the partner owes, in hundredths of a per cent. The customer does not pay it.
    #[oai(default, validator(maximum(value = "10000")))]
    pub commission: u16,
}

/// What the platform has earned by a partner's sales, in one currency.
#[derive(Debug, Object)]
#[oai(rename = "Earnings", rename_all = "camelCase")]
pub struct EarningsOut {
    /// How many bookings it is earned by.
    pub bookings: i64,
    /// What customers have paid on top of the seats.
    pub fees: MoneyOut,
    /// What the partner owes of the prices.
    pub commission: MoneyOut,
}

/// What the platform has earned by a partner's sales.
#[derive(Debug, Object)]
#[oai(rename = "EarningsList", rename_all = "camelCase")]
pub struct EarningsListOut {
    /// One for each currency.
    pub items: Vec<EarningsOut>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Catalogue")]
impl FeeRoutes {
    /// Read what the platform earns by the shows of a partner
    #[oai(path = "/partners/:id/fee-terms", method = "get", operation_id = "getFeeTerms")]
    async fn terms(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
    ) -> Result<Json<FeeTermsBody>, Refusal<Planning>> {
        Ok(Json(app.fee_terms(&caller, id.parse("id")?).await?.into()))
    }

    /// Agree with a partner on what the platform earns
    ///
    /// For operators of the platform. Bookings keep the fees that they were quoted.
    #[oai(path = "/partners/:id/fee-terms", method = "put", operation_id = "putFeeTerms")]
    async fn put_terms(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(terms): Body<FeeTermsBody>,
    ) -> Result<Json<FeeTermsBody>, Refusal<Editing>> {
        Ok(Json(app.set_fee_terms(&caller, id.parse("id")?, terms.parse()?).await?.into()))
    }

    /// Read what the platform has earned by the sales of a partner
    ///
    /// Sales that were taken back are not in it.
    #[oai(path = "/partners/:id/earnings", method = "get", operation_id = "getEarnings")]
    async fn earnings(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// Only sales of then and later; all if it is not said.
        from: Query<Option<Moment>>,
        /// Only sales earlier than that; until now if it is not said.
        to: Query<Option<Moment>>,
    ) -> Result<Json<EarningsListOut>, Refusal<Planning>> {
        let (from, to) = (from.0.map(|from| from.0), to.0.map(|to| to.0));
        let earnings = app.earnings(&caller, id.parse("id")?, from, to).await?;
        Ok(Json(EarningsListOut { items: earnings.into_iter().map(EarningsOut::from).collect() }))
    }
}

impl ReadBody for FeeTermsBody {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            per_seat: fields.optional("perSeat")?,
            share: fields.optional("share")?.unwrap_or_default(),
            at_most: fields.optional("atMost")?,
            commission: fields.optional("commission")?.unwrap_or_default(),
        })
    }
}

impl FeeTermsBody {
    fn parse(self) -> Result<FeeTermsDraft, Problem> {
        let points = |field, value| BasisPoints::parse(value).map_err(|error| Problem::invalid_value(field, error));
        Ok(FeeTermsDraft {
            per_seat: self.per_seat.map(|amount| amount.parse("perSeat")).transpose()?,
            share: points("share", self.share)?,
            at_most: self.at_most.map(|amount| amount.parse("atMost")).transpose()?,
            commission: points("commission", self.commission)?,
        })
    }
}

impl From<FeeTerms> for FeeTermsBody {
    fn from(terms: FeeTerms) -> Self {
        let FeeTermsDraft { per_seat, share, at_most, commission } = terms.into();
        Self {
            per_seat: per_seat.map(AmountBody::from),
            share: share.value(),
            at_most: at_most.map(AmountBody::from),
            commission: commission.value(),
        }
    }
}

impl From<Earnings> for EarningsOut {
    fn from(earnings: Earnings) -> Self {
        let Earnings { bookings, fees, commission } = earnings;
        Self { bookings, fees: fees.into(), commission: commission.into() }
    }
}
