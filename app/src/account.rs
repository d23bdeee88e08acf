//! Accounts: register, and choose another password.

use domain::account::{Account, Password, WeakPassword};
use domain::contact::{Contact, EmailAddress, InvalidContact};
use domain::ids::CustomerId;
use store::{AccountCreated, NewAccount, StoredPassword};
use uuid::Uuid;

use crate::contact::PutContact;
use crate::identity::Caller;
use crate::passwords::Passwords;
use crate::session::LoggedIn;
use crate::{App, AppError};

/// Somebody who wants an account.
pub struct Register {
    /// How they are reached; they log in with the address.
    pub contact: PutContact,
    /// What they want as password.
    pub password: String,
    /// What the program that registers them says of itself.
    pub device: String,
}

/// Somebody who wants another password.
pub struct ChangePassword {
    /// The password that they have.
    pub current: String,
    /// The password that they want.
    pub new: String,
}

impl App {
    /// Registers somebody and logs them in.
    pub async fn register(&self, wish: Register) -> Result<LoggedIn, AppError> {
        let Register { contact, password, device } = wish;
        let contact: Contact = contact.of(CustomerId::new(Uuid::new_v4()))?;
        let password = Password::choose(&password, &contact.email).map_err(|weak| too_weak("password", weak))?;
        let email = contact.email.clone();
        self.shared.log_ins.limit(&email, self.create_account(contact, &password, &device)).await
    }

    async fn create_account(&self, contact: Contact, password: &Password, device: &str) -> Result<LoggedIn, AppError> {
        let password_hash = self.passwords().hash(password.as_str().to_owned()).await?;
        let (customer_id, email) = (contact.customer_id, contact.email.clone());
        let new = NewAccount { contact, password_hash };
        match self.store().create_account(&new, self.now()).await? {
            AccountCreated::EmailTaken => Err(AppError::EmailTaken),
            AccountCreated::Created => {
                tracing::info!(customer.id = %customer_id, "an account was registered");
                let account = Account { customer_id, email, is_admin: false, created_at: self.now() };
                self.log_in_as(account, device).await
            }
        }
    }

    /// The account of the caller. Callers of tokens that were minted for development have none.
    pub async fn account(&self, caller: &Caller) -> Result<Account, AppError> {
        Ok(self.stored_password(caller).await?.account)
    }

    /// Gives the caller another password. Every session ends, the caller's too: who knew the old one is out.
    pub async fn change_password(
        &self,
        caller: &Caller,
        wish: ChangePassword,
        device: &str,
    ) -> Result<LoggedIn, AppError> {
        let ChangePassword { current, new } = wish;
        let stored = self.stored_password(caller).await?;
        let email = stored.account.email.clone();
        let new = Password::choose(&new, &email).map_err(|weak| too_weak("newPassword", weak))?;
        self.shared.log_ins.limit(&email, self.replace_password(stored, current, &new, device)).await
    }

    async fn replace_password(
        &self,
        stored: StoredPassword,
        current: String,
        new: &Password,
        device: &str,
    ) -> Result<LoggedIn, AppError> {
        let StoredPassword { account, hash } = stored;
        if !self.passwords().matches(current, Some(hash.clone())).await? {
            return Err(AppError::WrongCredentials);
        }
        let new_hash = self.passwords().hash(new.as_str().to_owned()).await?;
        if !self.store().change_password(account.customer_id, &hash, &new_hash, self.now()).await? {
            // Another password was set while this one was hashed.
            return Err(AppError::WrongCredentials);
        }
        tracing::info!(customer.id = %account.customer_id, "a password was changed, every session has ended");
        self.log_in_as(account, device).await
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.shared.parts.passwords
    }

    async fn stored_password(&self, caller: &Caller) -> Result<StoredPassword, AppError> {
        let found = self.store().password_of(caller.customer_id).await?;
        found.ok_or(AppError::NotFound { what: "account" })
    }
}

pub(crate) fn email(text: &str) -> Result<EmailAddress, AppError> {
    EmailAddress::parse(text).map_err(|problem: InvalidContact| AppError::invalid("email", "invalid_body", problem))
}

fn too_weak(field: &'static str, weak: WeakPassword) -> AppError {
    AppError::invalid(field, "weak_password", weak)
}
