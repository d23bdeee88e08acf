//! Sessions: log in, stay logged in, look where one is, log out.

use domain::account::Account;
use domain::contact::EmailAddress;
use domain::ids::SessionId;
use domain::limits::ACCESS_TOKEN_SECONDS;
use domain::session::{self, Session};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use store::{NewSession, StoredPassword};
use uuid::Uuid;

use crate::account::email;
use crate::identity::{Caller, Role};
use crate::passwords::Passwords;
use crate::{App, AppError};

/// Somebody who wants to log in.
pub struct LogIn {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// What the program that logs them in says of itself.
    pub device: String,
}

/// Somebody is logged in.
pub struct LoggedIn {
    /// Their session.
    pub session: Session,
    /// What gets further access tokens for as long as the session lasts. It is told once.
    pub session_token: String,
    /// What they call the API with.
    pub access: Access,
}

/// What the API is called with, for minutes.
pub struct Access {
    /// The token.
    pub token: String,
    /// For how many seconds it is good.
    pub expires_in_seconds: i64,
    /// What its bearer may be.
    pub roles: Vec<Role>,
}

impl App {
    /// Logs somebody in. Wrong addresses and wrong passwords are told alike.
    pub async fn log_in(&self, wish: LogIn) -> Result<LoggedIn, AppError> {
        let LogIn { email: address, password, device } = wish;
        let email = email(&address)?;
        self.shared.log_ins.limit(&email, self.enter(&email, password, &device)).await
    }

    async fn enter(&self, email: &EmailAddress, password: String, device: &str) -> Result<LoggedIn, AppError> {
        let stored = self.store().password_of_email(email).await?;
        let hash = stored.as_ref().map(|stored| stored.hash.clone());
        let is_right = self.passwords().matches(password.clone(), hash).await?;
        let Some(StoredPassword { account, hash }) = stored.filter(|_| is_right) else {
            metrics::counter!("boxoffice_log_ins_refused_total").increment(1);
            return Err(AppError::WrongCredentials);
        };
        if Passwords::is_outdated(&hash) {
            let newer = self.passwords().hash(password).await?;
            self.store().rehash_password(account.customer_id, &hash, &newer).await?;
        }
        self.log_in_as(account, device).await
    }

    /// Another access token for a session.
    pub async fn renew(&self, session_token: &str) -> Result<Access, AppError> {
        let ended = AppError::Unauthenticated { problem: "of a session that has ended" };
        let Some((session_id, secret)) = session_token.split_once('.') else { return Err(ended) };
        let Ok(session_id) = SessionId::parse(session_id) else { return Err(ended) };
        let Some(session) = self.store().renew_session(session_id, &hash(secret), self.now()).await? else {
            return Err(ended);
        };
        self.access(&session).await
    }

    /// Where the caller is logged in.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, AppError> {
        Ok(self.store().sessions_of(caller.customer_id, self.now()).await?)
    }

    /// Ends a session of the caller.
    pub async fn end_session(&self, caller: &Caller, session_id: SessionId) -> Result<(), AppError> {
        if self.store().end_session(caller.customer_id, session_id, self.now()).await? {
            Ok(())
        } else {
            Err(AppError::NotFound { what: "session" })
        }
    }

    /// Logs the caller out: ends the session that the token came from.
    pub async fn log_out(&self, caller: &Caller) -> Result<(), AppError> {
        match caller.session_id {
            Some(session_id) => self.end_session(caller, session_id).await,
            None => Err(AppError::NotFound { what: "session" }),
        }
    }

    /// Ends every session of the caller.
    pub async fn log_out_everywhere(&self, caller: &Caller) -> Result<(), AppError> {
        Ok(self.store().end_sessions(caller.customer_id, self.now()).await?)
    }

    pub(crate) async fn log_in_as(&self, account: Account, device: &str) -> Result<LoggedIn, AppError> {
        // Two random UUIDs: 244 bits that nobody can guess.
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let new = NewSession {
            id: SessionId::new(Uuid::new_v4()),
            customer_id: account.customer_id,
            secret_hash: hash(&secret),
            device: session::device(device),
        };
        let session = self.store().create_session(&new, self.now()).await?;
        let access = self.access(&session).await?;
        Ok(LoggedIn { session_token: format!("{}.{secret}", session.id), session, access })
    }

    async fn access(&self, session: &Session) -> Result<Access, AppError> {
        let now = self.now();
        let standing = self.store().standing(session.id, now).await?;
        let caller: Caller =
            standing.ok_or(AppError::Unauthenticated { problem: "of a session that has ended" })?.into();
        let lifetime = SignedDuration::from_secs(ACCESS_TOKEN_SECONDS);
        let token = self.shared.parts.tokens.mint(&caller, now, lifetime).map_err(AppError::internal)?;
        Ok(Access { token, expires_in_seconds: ACCESS_TOKEN_SECONDS, roles: caller.roles.into_iter().collect() })
    }
}

/// SHA-256 of a secret that is long and random: there is nothing to be gained by a slower hash.
fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
