//! Passwords as they are kept: hashed with Argon2id, away from the threads that answer others.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

use crate::AppError;

/// Memory in KiB, passes and lanes (OWASP Password Storage Cheat Sheet, 2025: m = 19 MiB, t = 2, p = 1).
const MEMORY_KIBIBYTES: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many are hashed at once; each takes its memory and some 20 ms of a processor. Others wait, so that a flood of
/// log-ins costs those who log in their time, and nobody else.
const AT_ONCE: usize = 2;

/// What a password is compared with that belongs to nobody: whether an address is registered is not to be told by how
/// long the answer takes.
static NOBODY: OnceLock<String> = OnceLock::new();

/// Hashes passwords and compares them.
pub struct Passwords {
    at_once: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash of a password, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        self.aside(move || hash_now(&password)).await
    }

    /// Whether a password has this hash; none is a hash that nothing has.
    pub async fn matches(&self, password: String, hash: Option<String>) -> Result<bool, AppError> {
        // An operator who empties it takes the password away.
        let hash = hash.filter(|hash| !hash.is_empty());
        self.aside(move || match hash {
            Some(hash) => verify_now(&password, &hash),
            None => verify_now(&password, nobody()?).map(|_equal| false),
        })
        .await
    }

    /// Whether a hash was made with other parameters than those of today.
    pub fn is_outdated(hash: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(hash) else { return true };
        let Ok(params) = Params::try_from(&parsed) else { return true };
        (params.m_cost(), params.t_cost(), params.p_cost()) != (MEMORY_KIBIBYTES, PASSES, LANES)
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let turn = Arc::clone(&self.at_once).acquire_owned().await.map_err(AppError::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(AppError::internal)?
    }
}

fn nobody() -> Result<&'static str, AppError> {
    if let Some(hash) = NOBODY.get() {
        return Ok(hash);
    }
    let hash = hash_now("nobody has this password")?;
    Ok(NOBODY.get_or_init(|| hash))
}

fn hasher() -> Result<Argon2<'static>, AppError> {
    let params = Params::new(MEMORY_KIBIBYTES, PASSES, LANES, None).map_err(|error| internal(&error))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, AppError> {
    let hash = hasher()?.hash_password(password.as_bytes()).map_err(|error| internal(&error))?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> Result<bool, AppError> {
    let parsed = PasswordHash::new(hash).map_err(|error| internal(&error))?;
    match hasher()?.verify_password(password.as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(internal(&error)),
    }
}

/// The error in words: it says nothing of the password.
fn internal(error: &dyn std::fmt::Display) -> AppError {
    AppError::internal(format!("a password cannot be hashed: {error}"))
}
