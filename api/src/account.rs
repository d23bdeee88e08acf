//! Accounts: register, and choose another password.

use app::App;
use app::account::{ChangePassword, Register};
use app::contact::PutContact;
use domain::account::Account;
use domain::ids::CustomerId;
use poem::web::Data;
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::id::Id;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::refusal::{Entering, Governing, Owned, Refusal};
use crate::session::LoggedInOut;
use crate::tags::Tag;

/// The operations on accounts.
pub struct AccountRoutes;

/// Somebody who wants an account.
#[derive(Object)]
#[oai(rename = "Register", rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterIn {
    /// What they are called; one line of at most 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
    /// What they log in with, and where their mail goes.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: String,
    /// The password: any 12 to 128 characters that are not easily guessed. A sentence is fine.
    #[oai(validator(min_length = 12, max_length = 128))]
    pub password: String,
    /// The language they read, a BCP 47 tag; `en` if it is not said.
    #[oai(nullable)]
    pub locale: Option<String>,
}

/// Another password.
#[derive(Object)]
#[oai(rename = "ChangePassword", rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePasswordIn {
    /// The password that the caller has.
    #[oai(validator(max_length = 128))]
    pub current_password: String,
    /// The password that the caller wants.
    #[oai(validator(min_length = 12, max_length = 128))]
    pub new_password: String,
}

/// An account.
#[derive(Debug, Object)]
#[oai(rename = "Account", rename_all = "camelCase")]
pub struct AccountOut {
    /// Whose it is; bookings name their customer by it.
    pub customer_id: Id<CustomerId>,
    /// What they log in with.
    pub email: String,
    /// Whether they operate the platform.
    pub is_admin: bool,
    /// When they registered.
    pub created_at: Moment,
}

/// What registering is answered.
#[derive(ApiResponse)]
pub enum Registered {
    /// There is the account, and its owner is logged in.
    #[oai(status = 201)]
    Registered(Json<LoggedInOut>),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl AccountRoutes {
    /// Register
    ///
    /// Needs no token. The address is what the account is logged in with, and where its mail goes.
    #[oai(path = "/accounts", method = "post", operation_id = "register")]
    async fn register(
        &self,
        app: Data<&App>,
        /// What the calling program says of itself; shown beside the session.
        #[oai(name = "User-Agent")]
        device: Header<Option<String>>,
        Body(wish): Body<RegisterIn>,
    ) -> Result<Registered, Refusal<Entering>> {
        let RegisterIn { name, email, password, locale } = wish;
        let contact = PutContact { name, email, locale };
        let entered = app.register(Register { contact, password, device: device.0.unwrap_or_default() }).await?;
        Ok(Registered::Registered(Json(entered.into())))
    }

    /// Read the caller's account
    #[oai(path = "/me", method = "get", operation_id = "getAccount")]
    async fn account(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
    ) -> Result<Json<AccountOut>, Refusal<Owned>> {
        Ok(Json(app.account(&caller).await?.into()))
    }

    /// Choose another password
    ///
    /// Every session of the caller ends; the answer holds a new one.
    #[oai(path = "/me/password", method = "put", operation_id = "changePassword")]
    async fn change_password(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// What the calling program says of itself; shown beside the session.
        #[oai(name = "User-Agent")]
        device: Header<Option<String>>,
        Body(wish): Body<ChangePasswordIn>,
    ) -> Result<Json<LoggedInOut>, Refusal<Governing>> {
        let ChangePasswordIn { current_password, new_password } = wish;
        let wish = ChangePassword { current: current_password, new: new_password };
        Ok(Json(app.change_password(&caller, wish, device.as_deref().unwrap_or_default()).await?.into()))
    }
}

impl ReadBody for RegisterIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            name: fields.text("name")?,
            email: fields.text("email")?,
            password: fields.text("password")?,
            locale: fields.optional_text("locale")?,
        })
    }
}

impl ReadBody for ChangePasswordIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { current_password: fields.text("currentPassword")?, new_password: fields.text("newPassword")? })
    }
}

impl From<Account> for AccountOut {
    fn from(account: Account) -> Self {
        let Account { customer_id, email, is_admin, created_at } = account;
        let email = email.as_str().to_owned();
        Self { customer_id: customer_id.into(), email, is_admin, created_at: created_at.into() }
    }
}
