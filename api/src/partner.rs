//! Partners: found one, and say who belongs to it.

use app::App;
use domain::ids::{CustomerId, PartnerId};
use domain::member::{Member, MemberRole};
use domain::partner::Partner;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::id::Id;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refusal::{Governing, Listing, Planning, Refusal};
use crate::tags::Tag;

/// The operations on partners and their members.
pub struct PartnerRoutes;

/// A partner to be founded.
#[derive(Debug, Object)]
#[oai(rename = "FoundPartner", rename_all = "camelCase", deny_unknown_fields)]
pub struct PartnerIn {
    /// Its name as customers know it; one line of at most 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
}

/// An organisation that sells.
#[derive(Debug, Object)]
#[oai(rename = "Partner", rename_all = "camelCase")]
pub struct PartnerOut {
    /// Its id.
    pub id: Id<PartnerId>,
    /// Its name as customers know it.
    pub name: String,
    /// What the caller is there.
    pub role: MemberRoleOut,
}

/// The partners of the caller.
#[derive(Debug, Object)]
#[oai(rename = "Partners", rename_all = "camelCase")]
pub struct PartnersOut {
    /// The partners, by name.
    pub items: Vec<PartnerOut>,
}

/// What somebody is at a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "MemberRole", rename_all = "snake_case")]
pub enum MemberRoleOut {
    /// Plans and sells.
    Staff,
    /// Does that, calls shows off and says who is a member.
    Owner,
}

/// Somebody who works for a partner.
#[derive(Debug, Object)]
#[oai(rename = "Member", rename_all = "camelCase")]
pub struct MemberOut {
    /// Who.
    pub customer_id: Id<CustomerId>,
    /// What they log in with.
    pub email: String,
    /// As what.
    pub role: MemberRoleOut,
    /// Since when.
    pub added_at: Moment,
}

/// Who belongs to a partner.
#[derive(Debug, Object)]
#[oai(rename = "Members", rename_all = "camelCase")]
pub struct MembersOut {
    /// The members: owners first, then by their address.
    pub items: Vec<MemberOut>,
}

/// Somebody who is to be a member.
#[derive(Debug, Object)]
#[oai(rename = "PutMember", rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberIn {
    /// The address of their account.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// As what.
    pub role: MemberRoleOut,
}

/// What founding a partner is answered.
#[derive(Debug, ApiResponse)]
pub enum Founded {
    /// There is the partner, and the caller owns it.
    #[oai(status = 201)]
    Founded(Json<PartnerOut>),
}

/// What changing the members is answered.
#[derive(Debug, ApiResponse)]
pub enum MemberAnswer {
    /// It is as it was wished.
    #[oai(status = 204)]
    Changed,
}

#[OpenApi(prefix_path = "/api/v1/partners", tag = "Tag::Partners")]
impl PartnerRoutes {
    /// Found a partner
    ///
    /// The caller, who needs an account, owns it. The next access token of their session has the role `partner`.
    #[oai(path = "/", method = "post", operation_id = "foundPartner")]
    async fn found(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        Body(founding): Body<PartnerIn>,
    ) -> Result<Founded, Refusal<Governing>> {
        let partner = app.found_partner(&caller, &founding.name).await?;
        Ok(Founded::Founded(Json(PartnerOut::of(partner, MemberRole::Owner))))
    }

    /// List the partners of the caller
    #[oai(path = "/", method = "get", operation_id = "listPartners")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
    ) -> Result<Json<PartnersOut>, Refusal<Listing>> {
        let partners = app.partners_of(&caller).await?;
        Ok(Json(PartnersOut { items: partners.into_iter().map(|(it, role)| PartnerOut::of(it, role)).collect() }))
    }

    /// List who belongs to a partner
    #[oai(path = "/:id/members", method = "get", operation_id = "listMembers")]
    async fn members(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
    ) -> Result<Json<MembersOut>, Refusal<Planning>> {
        let members = app.members(&caller, id.parse("id")?).await?;
        Ok(Json(MembersOut { items: members.into_iter().map(MemberOut::from).collect() }))
    }

    /// Make somebody a member
    ///
    /// Or give a member another role. Only owners do that, and one of them remains.
    #[oai(path = "/:id/members", method = "put", operation_id = "putMember")]
    async fn put_member(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(member): Body<MemberIn>,
    ) -> Result<MemberAnswer, Refusal<Governing>> {
        app.put_member(&caller, id.parse("id")?, &member.email, member.role.into()).await?;
        Ok(MemberAnswer::Changed)
    }

    /// Let a member go
    ///
    /// Owners let anybody go; everybody may go by themselves. One owner remains.
    #[oai(path = "/:id/members/:customerId", method = "delete", operation_id = "removeMember")]
    async fn remove_member(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// The member.
        #[oai(name = "customerId")]
        customer_id: Path<Id<CustomerId>>,
    ) -> Result<MemberAnswer, Refusal<Governing>> {
        app.remove_member(&caller, id.parse("id")?, customer_id.parse("customerId")?).await?;
        Ok(MemberAnswer::Changed)
    }
}

impl ReadBody for PartnerIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { name: fields.text("name")? })
    }
}

impl ReadBody for MemberIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let email = fields.text("email")?;
        let role = match fields.text("role")?.as_str() {
            "staff" => MemberRoleOut::Staff,
            "owner" => MemberRoleOut::Owner,
            _ => return Err(Problem::of_field(&INVALID_BODY, "role", "must be `staff` or `owner`")),
        };
        Ok(Self { email, role })
    }
}

impl PartnerOut {
    fn of(partner: Partner, role: MemberRole) -> Self {
        let Partner { id, name } = partner;
        Self { id: id.into(), name, role: role.into() }
    }
}

impl From<Member> for MemberOut {
    fn from(member: Member) -> Self {
        let Member { partner_id: _, customer_id, email, role, added_at } = member;
        let email = email.as_str().to_owned();
        Self { customer_id: customer_id.into(), email, role: role.into(), added_at: added_at.into() }
    }
}

impl From<MemberRole> for MemberRoleOut {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Staff => Self::Staff,
            MemberRole::Owner => Self::Owner,
        }
    }
}

impl From<MemberRoleOut> for MemberRole {
    fn from(role: MemberRoleOut) -> Self {
        match role {
            MemberRoleOut::Staff => Self::Staff,
            MemberRoleOut::Owner => Self::Owner,
        }
    }
}
