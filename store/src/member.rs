//! Members: who belongs to which partner, and as what.

use domain::contact::EmailAddress;
use domain::ids::{CustomerId, PartnerId};
use domain::limits::MEMBERS_PER_PARTNER;
use domain::member::{Member, MemberRole};
use domain::partner::Partner;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, sql};
use crate::transaction::Outcome;

/// What changing the members of a partner came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChanged {
    /// It is as it was wished.
    Changed,
    /// There is no such account, or it is no member.
    Unknown,
    /// The partner would be without an owner.
    LastOwner,
    /// The partner has as many members as it may have.
    TooMany,
}

impl Store {
    /// Writes down a partner whose owner is the one who has founded it.
    pub async fn found_partner(&self, partner: &Partner, owner: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = found(&tx, partner, owner, now).await;
            (tx, done)
        })
        .await
    }

    /// The partners that somebody belongs to, and as what.
    pub async fn partners_of(&self, customer_id: CustomerId) -> Result<Vec<(Partner, MemberRole)>, StoreError> {
        let text = "select p.id, p.name, m.role from partner_members m join partners p on p.id = m.partner_id \
                    where m.customer_id = $1 order by p.name, p.id";
        let rows = sql(text, bind![customer_id]).all::<PartnerOfRow>(self.reader()).await?;
        rows.into_iter()
            .map(|row| {
                let of = RowOf::new("partner_members", &row.id);
                let role = of.named(&row.role, &MemberRole::ALL, MemberRole::as_str)?;
                Ok((Partner { id: of.read(PartnerId::parse(&row.id))?, name: row.name }, role))
            })
            .collect()
    }

    /// What somebody is at a partner; none if they do not belong to it.
    pub async fn role_at(
        &self,
        partner_id: PartnerId,
        customer_id: CustomerId,
    ) -> Result<Option<MemberRole>, StoreError> {
        role_at(self.reader(), partner_id, customer_id).await
    }

    /// Whether there is a partner with this id.
    pub async fn has_partner(&self, partner_id: PartnerId) -> Result<bool, StoreError> {
        let text = "select count(*) as count from partners where id = $1";
        Ok(sql(text, bind![partner_id]).count(self.reader()).await? > 0)
    }

    /// The members of a partner, owners first, then by their address.
    pub async fn members_of(&self, partner_id: PartnerId) -> Result<Vec<Member>, StoreError> {
        let text = "select m.partner_id, m.customer_id, a.email, m.role, m.added_at from partner_members m \
                    join accounts a on a.customer_id = m.customer_id where m.partner_id = $1 order by m.role, a.email_key";
        let rows = sql(text, bind![partner_id]).all::<MemberRow>(self.reader()).await?;
        rows.into_iter().map(Member::try_from).collect()
    }

    /// Makes the account with an address a member, or gives a member another role.
    pub async fn put_member(
        &self,
        partner_id: PartnerId,
        email: &EmailAddress,
        role: MemberRole,
        now: Timestamp,
    ) -> Result<MemberChanged, StoreError> {
        let now = rounded(now);
        self.change_or_undo(|tx| async move {
            let done = put(&tx, partner_id, email, role, now).await;
            (tx, done)
        })
        .await
    }

    /// Lets a member go.
    pub async fn remove_member(
        &self,
        partner_id: PartnerId,
        customer_id: CustomerId,
    ) -> Result<MemberChanged, StoreError> {
        self.change_or_undo(|tx| async move {
            let done = remove(&tx, partner_id, customer_id).await;
            (tx, done)
        })
        .await
    }
}

async fn found(
    tx: &DatabaseTransaction,
    partner: &Partner,
    owner: CustomerId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "insert into partners (id, name, created_at) values ($1, $2, $3) on conflict do nothing";
    sql(text, bind![partner.id, partner.name, now]).run(tx).await?;
    write(tx, partner.id, owner, MemberRole::Owner, now).await
}

async fn put(
    tx: &DatabaseTransaction,
    partner_id: PartnerId,
    email: &EmailAddress,
    role: MemberRole,
    now: Timestamp,
) -> Result<Outcome<MemberChanged>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        customer_id: String,
    }
    let owners = lock(tx, partner_id).await?;
    let text = "select customer_id from accounts where email_key = $1";
    let found = sql(text, bind![domain::account::email_key(email)]).one::<Found>(tx).await?;
    let Some(Found { customer_id }) = found else { return Ok(Outcome::RollBack(MemberChanged::Unknown)) };
    let customer_id = RowOf::new("accounts", &customer_id).read(CustomerId::parse(&customer_id))?;
    match role_at(tx, partner_id, customer_id).await? {
        Some(MemberRole::Owner) if role != MemberRole::Owner && owners == 1 => {
            return Ok(Outcome::RollBack(MemberChanged::LastOwner));
        }
        Some(_) => {}
        None => {
            let text = "select count(*) as count from partner_members where partner_id = $1";
            if sql(text, bind![partner_id]).count(tx).await? >= MEMBERS_PER_PARTNER {
                return Ok(Outcome::RollBack(MemberChanged::TooMany));
            }
        }
    }
    write(tx, partner_id, customer_id, role, now).await?;
    Ok(Outcome::Commit(MemberChanged::Changed))
}

async fn remove(
    tx: &DatabaseTransaction,
    partner_id: PartnerId,
    customer_id: CustomerId,
) -> Result<Outcome<MemberChanged>, StoreError> {
    let owners = lock(tx, partner_id).await?;
    match role_at(tx, partner_id, customer_id).await? {
        None => return Ok(Outcome::RollBack(MemberChanged::Unknown)),
        Some(MemberRole::Owner) if owners == 1 => return Ok(Outcome::RollBack(MemberChanged::LastOwner)),
        Some(MemberRole::Owner | MemberRole::Staff) => {}
    }
    let text = "delete from partner_members where partner_id = $1 and customer_id = $2";
    sql(text, bind![partner_id, customer_id]).run(tx).await?;
    Ok(Outcome::Commit(MemberChanged::Changed))
}

/// Has everybody else wait who changes the members of a partner, and counts its owners: two owners who let each other
/// go at once would leave none.
async fn lock(tx: &DatabaseTransaction, partner_id: PartnerId) -> Result<i64, StoreError> {
    sql("update partners set name = name where id = $1", bind![partner_id]).run(tx).await?;
    let text = "select count(*) as count from partner_members where partner_id = $1 and role = 'owner'";
    sql(text, bind![partner_id]).count(tx).await
}

async fn write(
    tx: &DatabaseTransaction,
    partner_id: PartnerId,
    customer_id: CustomerId,
    role: MemberRole,
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = "insert into partner_members (partner_id, customer_id, role, added_at) values ($1, $2, $3, $4) \
                on conflict (partner_id, customer_id) do update set role = excluded.role";
    sql(text, bind![partner_id, customer_id, role.as_str(), now]).run(tx).await?;
    Ok(())
}

async fn role_at(
    db: &impl Session,
    partner_id: PartnerId,
    customer_id: CustomerId,
) -> Result<Option<MemberRole>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        role: String,
    }
    let text = "select role from partner_members where partner_id = $1 and customer_id = $2";
    let found = sql(text, bind![partner_id, customer_id]).one::<Found>(db).await?;
    let of = RowOf::new("partner_members", "");
    found.map(|Found { role }| of.named(&role, &MemberRole::ALL, MemberRole::as_str)).transpose()
}

#[derive(FromQueryResult)]
struct PartnerOfRow {
    id: String,
    name: String,
    role: String,
}

#[derive(FromQueryResult)]
struct MemberRow {
    partner_id: String,
    customer_id: String,
    email: String,
    role: String,
    added_at: i64,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        let of = RowOf::new("partner_members", &row.customer_id);
        Ok(Self {
            partner_id: of.read(PartnerId::parse(&row.partner_id))?,
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            email: of.read(EmailAddress::parse(&row.email))?,
            role: of.named(&row.role, &MemberRole::ALL, MemberRole::as_str)?,
            added_at: of.instant(row.added_at)?,
        })
    }
}
