//! How the caller wants to be reached.

use app::App;
use app::contact::PutContact;
use domain::contact::Contact;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::problem::Problem;
use crate::refusal::{Introducing, Owned, Refusal};
use crate::tags::Tag;

/// The operations on the caller's contact.
pub struct ContactRoutes;

/// How the caller is reached.
#[derive(Object)]
#[oai(rename = "Contact", rename_all = "camelCase")]
pub struct ContactOut {
    /// What they are called.
    pub name: String,
    /// Where their mail goes.
    pub email: String,
    /// The language they read, a BCP 47 tag.
    pub locale: String,
}

/// How the caller wants to be reached.
#[derive(Object)]
#[oai(rename = "PutContact", rename_all = "camelCase", deny_unknown_fields)]
pub struct ContactIn {
    /// What they are called; one line of at most 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
    /// Where their mail goes.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: String,
    /// The language they read, a BCP 47 tag; `en` if it is not said.
    #[oai(nullable)]
    pub locale: Option<String>,
}

/// What forgetting a contact is answered.
#[derive(Debug, ApiResponse)]
pub enum Forgotten {
    /// It is forgotten.
    #[oai(status = 204)]
    Forgotten,
}

#[OpenApi(prefix_path = "/api/v1/me/contact", tag = "Tag::Contact")]
impl ContactRoutes {
    /// Look where the caller is reached
    #[oai(path = "/", method = "get", operation_id = "getContact")]
    async fn get(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
    ) -> Result<Json<ContactOut>, Refusal<Owned>> {
        Ok(Json(app.contact(&caller).await?.into()))
    }

    /// Say where the caller is reached
    ///
    /// It replaces what was said before. Notices of the last day that had nowhere to go are sent.
    #[oai(path = "/", method = "put", operation_id = "putContact")]
    async fn put(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        Body(contact): Body<ContactIn>,
    ) -> Result<Json<ContactOut>, Refusal<Introducing>> {
        Ok(Json(app.put_contact(&caller, contact.into()).await?.into()))
    }

    /// Forget where the caller is reached
    ///
    /// Nothing is mailed any more.
    #[oai(path = "/", method = "delete", operation_id = "deleteContact")]
    async fn delete(&self, Authenticated(caller): Authenticated, app: Data<&App>) -> Result<Forgotten, Refusal<Owned>> {
        app.delete_contact(&caller).await?;
        Ok(Forgotten::Forgotten)
    }
}

impl ReadBody for ContactIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { name: fields.text("name")?, email: fields.text("email")?, locale: fields.optional_text("locale")? })
    }
}

impl From<ContactIn> for PutContact {
    fn from(contact: ContactIn) -> Self {
        let ContactIn { name, email, locale } = contact;
        Self { name, email, locale }
    }
}

impl From<Contact> for ContactOut {
    fn from(contact: Contact) -> Self {
        let Contact { customer_id: _, name, email, locale } = contact;
        Self { name: name.as_str().to_owned(), email: email.as_str().to_owned(), locale: locale.as_str().to_owned() }
    }
}
