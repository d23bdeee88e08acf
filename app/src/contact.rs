//! How callers want to be reached.

use domain::contact::{Contact, EmailAddress, InvalidContact, Locale, PersonName};
use domain::ids::CustomerId;

use crate::identity::Caller;
use crate::{App, AppError};

/// What a caller says of how to be reached.
pub struct PutContact {
    /// What they are called.
    pub name: String,
    /// Where their mail goes.
    pub email: String,
    /// The language they read; English if they do not say.
    pub locale: Option<String>,
}

impl App {
    /// Where the caller is reached.
    pub async fn contact(&self, caller: &Caller) -> Result<Contact, AppError> {
        let found = self.store().contact_of(caller.customer_id).await?;
        found.ok_or(AppError::NotFound { what: "contact" })
    }

    /// Writes down where the caller is reached, instead of what was known.
    pub async fn put_contact(&self, caller: &Caller, wish: PutContact) -> Result<Contact, AppError> {
        let contact = wish.of(caller.customer_id)?;
        self.store().put_contact(&contact, self.now()).await?;
        Ok(contact)
    }

    /// Forgets where the caller is reached: no more mail.
    pub async fn delete_contact(&self, caller: &Caller) -> Result<(), AppError> {
        if self.store().delete_contact(caller.customer_id).await? {
            Ok(())
        } else {
            Err(AppError::NotFound { what: "contact" })
        }
    }
}

impl PutContact {
    /// The contact of a customer, or which of its fields cannot be right.
    pub(crate) fn of(&self, customer_id: CustomerId) -> Result<Contact, AppError> {
        let Self { name, email, locale } = self;
        let wrong = |field| move |problem: InvalidContact| AppError::invalid(field, "invalid_body", problem);
        Ok(Contact {
            customer_id,
            name: PersonName::parse(name).map_err(wrong("name"))?,
            email: EmailAddress::parse(email).map_err(wrong("email"))?,
            locale: locale.as_deref().map_or_else(|| Ok(Locale::default()), Locale::parse).map_err(wrong("locale"))?,
        })
    }
}
