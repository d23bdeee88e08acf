//! How customers are reached.

use domain::contact::{Contact, EmailAddress, Locale, PersonName};
use domain::ids::CustomerId;
use jiff::{SignedDuration, Timestamp};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::column::{RowOf, rounded};
use crate::error::StoreError;
use crate::statement::{bind, sql};

/// For how long a notice waits for somebody who has not said where to write to.
const ADDRESS_WITHIN_HOURS: i64 = 24;

impl Store {
    /// Where a customer is reached; none if they have not said.
    pub async fn contact_of(&self, customer_id: CustomerId) -> Result<Option<Contact>, StoreError> {
        let text = "select customer_id, name, email, locale from contacts where customer_id = $1";
        let row = sql(text, bind![customer_id]).one::<ContactRow>(self.reader()).await?;
        row.map(Contact::try_from).transpose()
    }

    /// Writes down where a customer is reached, instead of what was known; notices of the last day that had nowhere to
    /// go are due.
    pub async fn put_contact(&self, contact: &Contact, now: Timestamp) -> Result<(), StoreError> {
        let now = rounded(now);
        self.change(|tx| async move {
            let done = put(&tx, contact, now).await;
            (tx, done)
        })
        .await
    }

    /// Forgets where a customer is reached; false if it was not known.
    pub async fn delete_contact(&self, customer_id: CustomerId) -> Result<bool, StoreError> {
        let text = "delete from contacts where customer_id = $1";
        Ok(sql(text, bind![customer_id]).run(self.writer()).await? == 1)
    }
}

/// Writes a contact in a transaction that does more.
pub(crate) async fn put(tx: &DatabaseTransaction, contact: &Contact, now: Timestamp) -> Result<(), StoreError> {
    let Contact { customer_id, name, email, locale } = contact;
    let text = "insert into contacts (customer_id, name, email, locale, updated_at) values ($1, $2, $3, $4, $5) \
                on conflict (customer_id) do update set name = excluded.name, email = excluded.email, \
                locale = excluded.locale, updated_at = excluded.updated_at";
    sql(text, bind![*customer_id, name.as_str(), email.as_str(), locale.as_str(), now]).run(tx).await?;
    let since = now.saturating_sub(SignedDuration::from_hours(ADDRESS_WITHIN_HOURS)).unwrap_or(Timestamp::MIN);
    // Those that wait are locked as well: a sender may be about to find that one of them has nowhere to go.
    let text = "update notices set state = 'waiting', due_at = case state when 'waiting' then due_at else $2 end, \
                closed_at = null \
                where customer_id = $1 and state in ('waiting', 'no_address') and created_at >= $3";
    sql(text, bind![*customer_id, now, since]).run(tx).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct ContactRow {
    customer_id: String,
    name: String,
    email: String,
    locale: String,
}

impl TryFrom<ContactRow> for Contact {
    type Error = StoreError;

    fn try_from(row: ContactRow) -> Result<Self, StoreError> {
        let of = RowOf::new("contacts", &row.customer_id);
        Ok(Self {
            customer_id: of.read(CustomerId::parse(&row.customer_id))?,
            name: of.read(PersonName::parse(&row.name))?,
            email: of.read(EmailAddress::parse(&row.email))?,
            locale: of.read(Locale::parse(&row.locale))?,
        })
    }
}
