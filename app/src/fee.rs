//! Fees: what the platform and a partner have agreed on, and what it has earned by that.

use domain::fee::{FeeTerms, FeeTermsDraft};
use domain::ids::PartnerId;
use domain::member::Deed;
use jiff::Timestamp;
use store::Earnings;

use crate::identity::{Caller, Role};
use crate::{App, AppError};

impl App {
    /// What the platform earns by the shows of a partner.
    pub async fn fee_terms(&self, caller: &Caller, partner_id: PartnerId) -> Result<FeeTerms, AppError> {
        self.require_deed(caller, partner_id, Deed::See).await?;
        Ok(self.store().fee_terms(partner_id).await?)
    }

    /// Agrees with a partner on what the platform earns.
    pub async fn set_fee_terms(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        draft: FeeTermsDraft,
    ) -> Result<FeeTerms, AppError> {
        caller.require(Role::Admin)?;
        self.require_deed(caller, partner_id, Deed::See).await?;
        let terms = FeeTerms::parse(draft).map_err(|invalid| AppError::of_field(invalid.into()))?;
        self.store().set_fee_terms(partner_id, &terms, self.now()).await?;
        Ok(terms)
    }

    /// What the platform has earned by the sales of a partner since `from` and before `to`, for each currency.
    pub async fn earnings(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<Earnings>, AppError> {
        self.require_deed(caller, partner_id, Deed::See).await?;
        let (from, to) = (from.unwrap_or(Timestamp::UNIX_EPOCH), to.unwrap_or(Timestamp::MAX));
        Ok(self.store().earnings_of(partner_id, from, to).await?)
    }
}
