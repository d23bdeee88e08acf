//! Access tokens: who the caller is, signed, good for minutes.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use domain::ids::{CustomerId, SessionId};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lru::LruCache;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::AppError;
use crate::identity::{Caller, Role};

/// How many tokens are remembered that were found good: checking a signature takes longer than anything else that is
/// done to a read.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// How much the clocks of two machines may differ, in seconds.
const LEEWAY_SECONDS: u64 = 30;

/// What stands before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7).
const PKCS8_BEGINNING: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Makes and reads access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037).
///
/// The keys follow from the secrets of the configuration, so that every process has them and nothing else has to be kept.
/// The first secret signs, and tokens of the others are read as well, which is how a secret is replaced while several
/// processes run: every one reads what the new secret signs before the first one signs with it, and the old one is taken
/// away when its last token has ended.
pub struct Tokens {
    keys: Vec<Key>,
    validation: Validation,
    good: Mutex<LruCache<String, Claims>>,
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: Jwk,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    sub: CustomerId,
    roles: BTreeSet<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    iat: i64,
    exp: i64,
}

/// Keys that cannot be made, or a token that cannot be signed.
#[derive(Debug, thiserror::Error)]
#[error("no access token can be signed")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

impl Tokens {
    /// Tokens signed with the key of the first secret; tokens of the others are read as well.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Result<Self, SigningError> {
        let keys = secrets.into_iter().map(Key::of).collect::<Result<_, _>>()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.leeway = LEEWAY_SECONDS;
        Ok(Self { keys, validation, good: Mutex::new(LruCache::new(REMEMBERED)) })
    }

    /// A token for `caller` that ends `lifetime` after `now`.
    pub fn mint(&self, caller: &Caller, now: Timestamp, lifetime: SignedDuration) -> Result<String, SigningError> {
        let key =
            self.keys.first().ok_or_else(|| SigningError(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey.into()))?;
        let claims = Claims {
            sub: caller.customer_id,
            roles: caller.roles.clone(),
            sid: caller.session_id,
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lifetime.as_secs()),
        };
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, &claims, &key.encoding)?)
    }

    /// Who a token stands for.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Caller, AppError> {
        let remembered = {
            let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
            good.get(token).cloned()
        };
        let claims = match remembered {
            Some(claims) if claims.exp > now.as_second() => claims,
            Some(_) | None => {
                let claims = self.check(token)?;
                let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
                good.put(token.to_owned(), claims.clone());
                claims
            }
        };
        let Claims { sub, roles, sid, iat: _, exp: _ } = claims;
        Ok(Caller { customer_id: sub, roles, session_id: sid })
    }

    fn check(&self, token: &str) -> Result<Claims, AppError> {
        use jsonwebtoken::errors::ErrorKind;
        const INVALID: AppError = AppError::Unauthenticated { problem: "invalid" };
        let header = jsonwebtoken::decode_header(token).map_err(|_not_one| INVALID)?;
        let key = self.keys.iter().find(|key| Some(&key.id) == header.kid.as_ref()).ok_or(INVALID)?;
        match jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation) {
            Ok(read) => Ok(read.claims),
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                Err(AppError::Unauthenticated { problem: "expired" })
            }
            Err(_invalid) => Err(INVALID),
        }
    }

    /// The public halves of the keys, for others who want to know whom our tokens stand for (RFC 7517, section 5).
    pub fn public_keys(&self) -> JwkSet {
        JwkSet { keys: self.keys.iter().map(|key| key.public.clone()).collect() }
    }
}

impl Key {
    /// The key of a secret: a text of any length makes 32 bytes that tell nothing of it.
    fn of(secret: &SecretString) -> Result<Self, SigningError> {
        let invalid = || SigningError(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey.into());
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).map_err(|_too_short| invalid())?;
        mac.update(b"boxoffice access token key");
        let mut document = PKCS8_BEGINNING.to_vec();
        document.extend_from_slice(&mac.finalize().into_bytes());
        let encoding = EncodingKey::from_ed_der(&document);
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA)?;
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_operations = Some(vec![KeyOperations::Verify]);
        Ok(Self { id, decoding: DecodingKey::from_jwk(&public)?, encoding, public })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// Whether a process with the secrets `reader` reads what one with the secrets `signer` signs.
    fn reads(reader: &[&str], signer: &[&str]) -> bool {
        let tokens = |secrets: &[&str]| {
            let secrets: Vec<SecretString> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
            Tokens::new(&secrets).unwrap()
        };
        let (now, caller) = (Timestamp::now(), Caller::with_roles(CustomerId::new(Uuid::nil()), &[Role::Customer]));
        let token = tokens(signer).mint(&caller, now, SignedDuration::from_mins(15)).unwrap();
        tokens(reader).read(&token, now).is_ok_and(|read| read == caller)
    }

    #[test]
    fn a_secret_is_replaced_while_processes_are_restarted_one_by_one() {
        const STEPS: [&[&str]; 4] = [&["old"], &["old", "new"], &["new", "old"], &["new"]];
        for pair in STEPS.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            assert!(reads(before, after), "{before:?} does not read what {after:?} signs");
            assert!(reads(after, before), "{after:?} does not read what {before:?} signs");
        }
        assert!(!reads(STEPS[0], STEPS[2]), "who leaves the first step out logs people out");
        assert!(!reads(STEPS[3], STEPS[1]), "who leaves the second out, too");
    }
}
