//! Accounts: who can log in.

use domain::account::{Account, email_key};
use domain::contact::{Contact, EmailAddress};
use domain::ids::CustomerId;
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::session::end_all;
use crate::statement::{bind, sql};
use crate::transaction::Outcome;
use crate::{Store, contact};

/// Somebody who registers.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Who they are, and how they are reached: the address is what they log in with.
    pub contact: Contact,
    /// The hash of their password.
    pub password_hash: String,
}

/// What registering came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountCreated {
    /// There is the account.
    Created,
    /// Somebody has registered with this address before.
    EmailTaken,
}

/// What a password is compared with.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// Whose it is.
    pub account: Account,
    /// Its hash, in the PHC string format.
    pub hash: String,
}

impl Store {
    /// Registers somebody, and writes down how they are reached.
    pub async fn create_account(&self, new: &NewAccount, now: Timestamp) -> Result<AccountCreated, StoreError> {
        let now = rounded(now);
        self.change_or_undo(|tx| async move {
            let done = create(&tx, new, now).await;
            (tx, done)
        })
        .await
    }

    /// The account with an address, and its password.
    pub async fn password_of_email(&self, email: &EmailAddress) -> Result<Option<StoredPassword>, StoreError> {
        let text = format!("select {COLUMNS} from accounts where email_key = $1");
        let row = sql(text, bind![email_key(email)]).one::<AccountRow>(self.reader()).await?;
        row.map(StoredPassword::try_from).transpose()
    }

    /// The account of a customer, and its password.
    pub async fn password_of(&self, customer_id: CustomerId) -> Result<Option<StoredPassword>, StoreError> {
        let text = format!("select {COLUMNS} from accounts where customer_id = $1");
        let row = sql(text, bind![customer_id]).one::<AccountRow>(self.reader()).await?;
        row.map(StoredPassword::try_from).transpose()
    }

    /// Gives an account another password and ends its sessions, unless another password was set meanwhile; whether it
    /// did.
    pub async fn change_password(
        &self,
        customer_id: CustomerId,
        old_hash: &str,
        new_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = change_password(&tx, customer_id, (old_hash, new_hash), now).await;
            (tx, done)
        })
        .await
    }

    /// Keeps a password under a newer hash of the same password; nothing else becomes of it.
    pub async fn rehash_password(
        &self,
        customer_id: CustomerId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<(), StoreError> {
        let text = "update accounts set password_hash = $3 where customer_id = $1 and password_hash = $2";
        sql(text, bind![customer_id, old_hash, new_hash]).run(self.writer()).await?;
        Ok(())
    }

    /// Makes somebody an operator of the platform, or no longer one; false if there is no such account.
    pub async fn set_admin(&self, email: &EmailAddress, is_admin: bool) -> Result<bool, StoreError> {
        let text = "update accounts set is_admin = $2 where email_key = $1";
        Ok(sql(text, bind![email_key(email), is_admin]).run(self.writer()).await? == 1)
    }
}

async fn create(
    tx: &DatabaseTransaction,
    new: &NewAccount,
    now: Timestamp,
) -> Result<Outcome<AccountCreated>, StoreError> {
    let NewAccount { contact, password_hash } = new;
    let (customer_id, email) = (contact.customer_id, &contact.email);
    let text = "insert into accounts (customer_id, email, email_key, password_hash, created_at, password_set_at) \
                values ($1, $2, $3, $4, $5, $5) on conflict do nothing";
    let values = bind![customer_id, email.as_str(), email_key(email), password_hash.as_str(), now];
    if sql(text, values).run(tx).await? == 0 {
        return Ok(Outcome::RollBack(AccountCreated::EmailTaken));
    }
    contact::put(tx, contact, now).await?;
    Ok(Outcome::Commit(AccountCreated::Created))
}

async fn change_password(
    tx: &DatabaseTransaction,
    customer_id: CustomerId,
    (old_hash, new_hash): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let text = "update accounts set password_hash = $3, password_set_at = $4 \
                where customer_id = $1 and password_hash = $2";
    let changed = sql(text, bind![customer_id, old_hash, new_hash, now]).run(tx).await? == 1;
    if changed {
        end_all(tx, customer_id, now).await?;
    }
    Ok(changed)
}

const COLUMNS: &str = "customer_id, email, password_hash, is_admin, created_at";

#[derive(FromQueryResult)]
struct AccountRow {
    customer_id: String,
    email: String,
    password_hash: String,
    is_admin: bool,
    created_at: i64,
}

impl TryFrom<AccountRow> for StoredPassword {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let of = RowOf::new("accounts", &row.customer_id);
        let account = Account {
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            email: of.read(EmailAddress::parse(&row.email))?,
            is_admin: row.is_admin,
            created_at: of.instant(row.created_at)?,
        };
        Ok(Self { account, hash: row.password_hash })
    }
}
