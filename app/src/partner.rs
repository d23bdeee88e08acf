//! Partners: found one, and say who belongs to it.

use domain::ids::{CustomerId, PartnerId};
use domain::member::{Deed, Member, MemberRole};
use domain::partner::Partner;
use store::MemberChanged;
use uuid::Uuid;

use crate::account::email;
use crate::editing::checked_name;
use crate::identity::Caller;
use crate::{App, AppError};

/// The longest name of a partner, in characters.
const NAME_CHARACTERS: usize = 200;

impl App {
    /// Founds a partner; the caller, who needs an account, owns it. Their next access token says that they sell.
    pub async fn found_partner(&self, caller: &Caller, name: &str) -> Result<Partner, AppError> {
        let owner = self.account(caller).await?;
        let name = checked_name(name, NAME_CHARACTERS)?;
        let partner = Partner { id: PartnerId::new(Uuid::new_v4()), name };
        self.store().found_partner(&partner, owner.customer_id, self.now()).await?;
        tracing::info!(partner.id = %partner.id, customer.id = %owner.customer_id, "a partner was founded");
        Ok(partner)
    }

    /// The partners that the caller belongs to, and as what.
    pub async fn partners_of(&self, caller: &Caller) -> Result<Vec<(Partner, MemberRole)>, AppError> {
        Ok(self.store().partners_of(caller.customer_id).await?)
    }

    /// Who belongs to a partner.
    pub async fn members(&self, caller: &Caller, partner_id: PartnerId) -> Result<Vec<Member>, AppError> {
        self.require_deed(caller, partner_id, Deed::See).await?;
        Ok(self.store().members_of(partner_id).await?)
    }

    /// Makes the account with an address a member, or gives a member another role.
    pub async fn put_member(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        address: &str,
        role: MemberRole,
    ) -> Result<(), AppError> {
        self.require_deed(caller, partner_id, Deed::Govern).await?;
        let email = email(address)?;
        match self.store().put_member(partner_id, &email, role, self.now()).await? {
            MemberChanged::Changed => {
                let (by, role) = (caller.customer_id, role.as_str());
                tracing::info!(partner.id = %partner_id, %by, role, "a member was named");
                Ok(())
            }
            MemberChanged::Unknown => {
                let problem = "nobody has registered with this address; they have to do that first";
                Err(AppError::invalid("email", "account_unknown", problem))
            }
            MemberChanged::LastOwner => Err(AppError::LastOwner),
            MemberChanged::TooMany => Err(AppError::TooManyMembers),
        }
    }

    /// Lets a member go. Whoever wants to leave may, whatever their role.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        customer_id: CustomerId,
    ) -> Result<(), AppError> {
        let deed = if customer_id == caller.customer_id { Deed::See } else { Deed::Govern };
        self.require_deed(caller, partner_id, deed).await?;
        match self.store().remove_member(partner_id, customer_id).await? {
            MemberChanged::Changed => {
                tracing::info!(partner.id = %partner_id, by = %caller.customer_id, "a member was let go");
                Ok(())
            }
            MemberChanged::Unknown => Err(AppError::NotFound { what: "member" }),
            MemberChanged::LastOwner => Err(AppError::LastOwner),
            MemberChanged::TooMany => Err(AppError::TooManyMembers),
        }
    }
}
