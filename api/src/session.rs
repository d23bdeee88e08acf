//! Sessions: log in, stay logged in, log out.

use app::App;
use app::session::{Access, LogIn, LoggedIn};
use domain::ids::{CustomerId, SessionId};
use domain::session::Session;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::id::Id;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::refusal::{Entering, Listing, Owned, Refusal};
use crate::tags::Tag;

/// The operations on sessions.
pub struct SessionRoutes;

/// Somebody who wants to log in.
#[derive(Object)]
#[oai(rename = "LogIn", rename_all = "camelCase", deny_unknown_fields)]
pub struct LogInIn {
    /// The address of the account.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// Its password.
    #[oai(validator(max_length = 128))]
    pub password: String,
}

/// Somebody who wants another access token.
#[derive(Object)]
#[oai(rename = "Renew", rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewIn {
    /// The `sessionToken` of the log-in.
    #[oai(validator(max_length = 200))]
    pub session_token: String,
}

/// Somebody is logged in.
#[derive(Object)]
#[oai(rename = "LoggedIn", rename_all = "camelCase")]
pub struct LoggedInOut {
    /// Who.
    pub customer_id: Id<CustomerId>,
    /// The session.
    pub session: SessionOut,
    /// What gets further access tokens. It is told once, works until the session ends, and is to be kept as a password
    /// is.
    pub session_token: String,
    /// What the API is called with.
    pub access: AccessOut,
}

/// What the API is called with, for minutes.
#[derive(Object)]
#[oai(rename = "Access", rename_all = "camelCase")]
pub struct AccessOut {
    /// The token, for the header `Authorization: Bearer ...`.
    pub access_token: String,
    /// For how many seconds it is good.
    pub expires_in_seconds: i64,
    /// What its bearer may be: `customer`, `partner`, `admin`.
    pub roles: Vec<String>,
}

/// The time for which somebody is logged in on a device.
#[derive(Debug, Object)]
#[oai(rename = "Session", rename_all = "camelCase")]
pub struct SessionOut {
    /// Its id.
    pub id: Id<SessionId>,
    /// On what, in the words of the program that logged in.
    pub device: String,
    /// When it began.
    pub created_at: Moment,
    /// When it was used last.
    pub renewed_at: Moment,
    /// When it ends if it is not used again: 30 days after its last use, and at most 180 days after it began.
    pub expires_at: Moment,
    /// Whether this request was made with it.
    pub is_current: bool,
}

/// Where the caller is logged in.
#[derive(Debug, Object)]
#[oai(rename = "Sessions", rename_all = "camelCase")]
pub struct SessionsOut {
    /// The sessions in force, the latest first; at most 100.
    pub items: Vec<SessionOut>,
}

/// What logging in is answered.
#[derive(ApiResponse)]
pub enum Entered {
    /// They are logged in.
    #[oai(status = 201)]
    Entered(Json<LoggedInOut>),
}

/// What ending a session is answered.
#[derive(Debug, ApiResponse)]
pub enum Ended {
    /// It has ended.
    #[oai(status = 204)]
    Ended,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Accounts")]
impl SessionRoutes {
    /// Log in
    ///
    /// Needs no token. The answer holds an access token for minutes, and a session token that gets further ones.
    #[oai(path = "/sessions", method = "post", operation_id = "logIn")]
    async fn log_in(
        &self,
        app: Data<&App>,
        /// What the calling program says of itself; shown beside the session.
        #[oai(name = "User-Agent")]
        device: Header<Option<String>>,
        Body(entrant): Body<LogInIn>,
    ) -> Result<Entered, Refusal<Entering>> {
        let LogInIn { email, password } = entrant;
        let entered = app.log_in(LogIn { email, password, device: device.0.unwrap_or_default() }).await?;
        Ok(Entered::Entered(Json(entered.into())))
    }

    /// Get another access token
    ///
    /// Needs no token but that of the session. Roles are those of this moment. A session lasts for 30 days after its last
    /// use, and for 180 days after its log-in at most; then its token is refused as `unauthenticated`, and its owner logs in
    /// again.
    #[oai(path = "/sessions/renew", method = "post", operation_id = "renewSession")]
    async fn renew(
        &self,
        app: Data<&App>,
        Body(renewing): Body<RenewIn>,
    ) -> Result<Json<AccessOut>, Refusal<Entering>> {
        Ok(Json(app.renew(&renewing.session_token).await?.into()))
    }

    /// List where the caller is logged in
    #[oai(path = "/me/sessions", method = "get", operation_id = "listSessions")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
    ) -> Result<Json<SessionsOut>, Refusal<Listing>> {
        let sessions = app.sessions(&caller).await?;
        let items = sessions.into_iter().map(|session| SessionOut::of(session, caller.session_id)).collect();
        Ok(Json(SessionsOut { items }))
    }

    /// End one session
    ///
    /// Its access token changes nothing any more, and reads until it ends by itself within minutes.
    #[oai(path = "/me/sessions/:id", method = "delete", operation_id = "endSession")]
    async fn end(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The session.
        id: Path<Id<SessionId>>,
    ) -> Result<Ended, Refusal<Owned>> {
        app.end_session(&caller, id.parse("id")?).await?;
        Ok(Ended::Ended)
    }

    /// Log out everywhere
    ///
    /// Ends every session of the caller, this one too.
    #[oai(path = "/me/sessions", method = "delete", operation_id = "endSessions")]
    async fn end_all(&self, Authenticated(caller): Authenticated, app: Data<&App>) -> Result<Ended, Refusal<Listing>> {
        app.log_out_everywhere(&caller).await?;
        Ok(Ended::Ended)
    }

    /// Log out
    ///
    /// Ends the session that the token came from.
    #[oai(path = "/me/log-out", method = "post", operation_id = "logOut")]
    async fn log_out(&self, Authenticated(caller): Authenticated, app: Data<&App>) -> Result<Ended, Refusal<Owned>> {
        app.log_out(&caller).await?;
        Ok(Ended::Ended)
    }
}

impl ReadBody for LogInIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { email: fields.text("email")?, password: fields.text("password")? })
    }
}

impl ReadBody for RenewIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self { session_token: fields.text("sessionToken")? })
    }
}

impl From<LoggedIn> for LoggedInOut {
    fn from(entered: LoggedIn) -> Self {
        let LoggedIn { session, session_token, access } = entered;
        let (customer_id, current) = (session.customer_id.into(), Some(session.id));
        Self { customer_id, session: SessionOut::of(session, current), session_token, access: access.into() }
    }
}

impl From<Access> for AccessOut {
    fn from(access: Access) -> Self {
        let Access { token, expires_in_seconds, roles } = access;
        let roles = roles.into_iter().map(|role| role.as_str().to_owned()).collect();
        Self { access_token: token, expires_in_seconds, roles }
    }
}

impl SessionOut {
    fn of(session: Session, current: Option<SessionId>) -> Self {
        let Session { id, customer_id: _, device, created_at, renewed_at, expires_at } = session;
        Self {
            id: id.into(),
            device,
            created_at: created_at.into(),
            renewed_at: renewed_at.into(),
            expires_at: expires_at.into(),
            is_current: current == Some(id),
        }
    }
}
