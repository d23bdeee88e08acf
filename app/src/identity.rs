//! Who the caller is: a signed bearer token, and what its roles allow.

use std::collections::BTreeSet;

use domain::ids::CustomerId;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{App, AppError};

/// Somebody who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub customer_id: CustomerId,
    /// What they are.
    pub roles: BTreeSet<Role>,
}

/// What a caller may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys for themselves.
    Customer,
    /// Sells.
    Partner,
    /// Operates the platform.
    Admin,
}

impl Role {
    /// The name in tokens and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Partner => "partner",
            Self::Admin => "admin",
        }
    }
}

impl Caller {
    /// Refuses a caller without a role.
    pub fn require(&self, role: Role) -> Result<(), AppError> {
        if self.roles.contains(&role) { Ok(()) } else { Err(AppError::Forbidden { role: role.as_str() }) }
    }
}

/// Makes and reads bearer tokens: JSON Web Tokens signed with HMAC-SHA256 (RFC 7519).
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: CustomerId,
    roles: BTreeSet<Role>,
    iat: i64,
    exp: i64,
}

/// A token that could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SigningError(#[source] jsonwebtoken::errors::Error);

impl Tokens {
    /// Tokens signed with a secret.
    pub fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        // One machine signs and reads; clocks of several machines differ by less than this.
        validation.leeway = 30;
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret), validation }
    }

    /// A token for `caller` that ends `lifetime` after `now`.
    pub fn mint(&self, caller: &Caller, now: Timestamp, lifetime: SignedDuration) -> Result<String, SigningError> {
        let claims = Claims {
            sub: caller.customer_id,
            roles: caller.roles.clone(),
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lifetime.as_secs()),
        };
        jsonwebtoken::encode(&Header::default(), &claims, &self.encoding).map_err(SigningError)
    }

    /// Who a token stands for.
    pub fn read(&self, token: &str) -> Result<Caller, AppError> {
        use jsonwebtoken::errors::ErrorKind;
        match jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation) {
            Ok(read) => Ok(Caller { customer_id: read.claims.sub, roles: read.claims.roles }),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                Err(AppError::Unauthenticated { problem: "expired" })
            }
            Err(_invalid) => Err(AppError::Unauthenticated { problem: "invalid" }),
        }
    }
}

impl App {
    /// Who a bearer token stands for.
    pub fn authenticate(&self, bearer: &str) -> Result<Caller, AppError> {
        self.shared.parts.tokens.read(bearer)
    }
}
