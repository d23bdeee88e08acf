//! Who the caller is, and what its roles allow.

use std::collections::BTreeSet;

use domain::ids::{CustomerId, PartnerId, SessionId};
use domain::member::{Deed, MemberRole};
use serde::{Deserialize, Serialize};
use store::Standing;

use crate::{App, AppError};

/// Somebody who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub customer_id: CustomerId,
    /// What they are.
    pub roles: BTreeSet<Role>,
    /// The session that the token came from; tokens that were minted for development have none.
    pub session_id: Option<SessionId>,
}

/// What a caller may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys for themselves.
    Customer,
    /// Belongs to a partner; to which, and as what, is read where it matters.
    Partner,
    /// Operates the platform.
    Admin,
}

impl Role {
    /// The name in tokens and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Partner => "partner",
            Self::Admin => "admin",
        }
    }
}

/// What somebody wants to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Looks: what the token says is believed for as long as it lasts.
    Read,
    /// Changes something: a session that was ended and a role that was taken away count at once.
    Change,
}

impl Caller {
    /// A caller by their roles, without a session.
    pub fn with_roles(customer_id: CustomerId, roles: &[Role]) -> Self {
        Self { customer_id, roles: roles.iter().copied().collect(), session_id: None }
    }

    /// Refuses a caller without a role.
    pub fn require(&self, role: Role) -> Result<(), AppError> {
        if self.roles.contains(&role) { Ok(()) } else { Err(AppError::Forbidden { role: role.as_str() }) }
    }
}

impl From<Standing> for Caller {
    fn from(standing: Standing) -> Self {
        let Standing { customer_id, session_id, is_admin, is_member } = standing;
        let mut roles = BTreeSet::from([Role::Customer]);
        if is_member {
            roles.insert(Role::Partner);
        }
        if is_admin {
            roles.insert(Role::Admin);
        }
        Self { customer_id, roles, session_id: Some(session_id) }
    }
}

impl App {
    /// Who a bearer token stands for.
    pub async fn authenticate(&self, bearer: &str, intent: Intent) -> Result<Caller, AppError> {
        let now = self.now();
        let caller = self.shared.parts.tokens.read(bearer, now)?;
        let (Some(session_id), Intent::Change) = (caller.session_id, intent) else { return Ok(caller) };
        let standing = self.store().standing(session_id, now).await?;
        // A session belongs to one account for ever, so this is the token's as well.
        standing.map(Caller::from).ok_or(AppError::Unauthenticated { problem: "of a session that has ended" })
    }

    /// Refuses a caller who may not do this to what belongs to a partner. Who does not belong to it is not told that it
    /// exists. Operators of the platform may do everything.
    pub(crate) async fn require_deed(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        deed: Deed,
    ) -> Result<(), AppError> {
        self.require_deed_on("partner", caller, partner_id, deed).await
    }

    /// The same for a thing of the partner, which is what is not there for those who may not know of it.
    pub(crate) async fn require_deed_on(
        &self,
        what: &'static str,
        caller: &Caller,
        partner_id: PartnerId,
        deed: Deed,
    ) -> Result<(), AppError> {
        if caller.roles.contains(&Role::Admin) {
            let is_there = self.store().has_partner(partner_id).await?;
            return if is_there { Ok(()) } else { Err(AppError::NotFound { what }) };
        }
        match self.store().role_at(partner_id, caller.customer_id).await? {
            Some(role) if role.may(deed) => Ok(()),
            Some(_) => Err(AppError::Forbidden { role: MemberRole::Owner.as_str() }),
            None => Err(AppError::NotFound { what }),
        }
    }
}
