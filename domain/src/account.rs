//! Accounts: who logs in, and with what.

use std::fmt;

use jiff::Timestamp;

use crate::contact::EmailAddress;
use crate::ids::CustomerId;

/// The fewest characters of a password. With no second factor, length is what protects it (NIST SP 800-63B-4, section
/// 3.1.1.2, asks for 15 there and for 8 beside a second factor; log-in attempts are limited here as well).
pub const PASSWORD_CHARACTERS: usize = 12;

/// The most characters of a password: a sentence fits, and hashing takes no longer than it should.
pub const LONGEST_PASSWORD_CHARACTERS: usize = 128;

/// A password with fewer different characters than this is a key held down.
const DIFFERENT_CHARACTERS: usize = 5;

/// Somebody who can log in. What they buy is kept under the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub customer_id: CustomerId,
    /// What they log in with.
    pub email: EmailAddress,
    /// Whether they operate the platform.
    pub is_admin: bool,
    /// Since when there is the account.
    pub created_at: Timestamp,
}

/// An address as it is compared: two people do not have addresses that differ only in capital letters.
pub fn email_key(email: &EmailAddress) -> String {
    email.as_str().to_lowercase()
}

/// A password that somebody has chosen. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// A password that is too easy to guess; says why, and not the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("must have at least {PASSWORD_CHARACTERS} characters")]
    TooShort,
    /// Too long.
    #[error("must have at most {LONGEST_PASSWORD_CHARACTERS} characters")]
    TooLong,
    /// Hardly any different characters.
    #[error("must have at least {DIFFERENT_CHARACTERS} different characters")]
    Monotonous,
    /// It is the address, or the part before the `@`.
    #[error("must not be made of the address")]
    Address,
    /// Anybody would try it among the first.
    #[error("is one that everybody tries first")]
    Common,
}

impl Password {
    /// Takes what somebody wants as the password of the account with this address. Any characters will do, spaces as
    /// well; rules that ask for digits and signs make passwords worse (NIST SP 800-63B-4, section 3.1.1.2).
    pub fn choose(text: &str, email: &EmailAddress) -> Result<Self, WeakPassword> {
        let characters = text.chars().count();
        let plain = text.to_lowercase();
        let address = email_key(email);
        let local = address.split('@').next().unwrap_or_default();
        let mut different: Vec<char> = plain.chars().collect();
        different.sort_unstable();
        different.dedup();
        if characters < PASSWORD_CHARACTERS {
            Err(WeakPassword::TooShort)
        } else if characters > LONGEST_PASSWORD_CHARACTERS {
            Err(WeakPassword::TooLong)
        } else if different.len() < DIFFERENT_CHARACTERS {
            Err(WeakPassword::Monotonous)
        } else if plain.contains(&address) || rest_without(&plain, local) {
            Err(WeakPassword::Address)
        } else if is_common(&plain) {
            Err(WeakPassword::Common)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The password.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Whether too little is left of a password when the name before the `@` is taken out of it.
fn rest_without(password: &str, local: &str) -> bool {
    local.len() >= 4
        && password.contains(local)
        && password.replace(local, "").chars().count() < PASSWORD_CHARACTERS / 2
}

/// Whether a password is a well-known one, repeated or with something at its end.
fn is_common(password: &str) -> bool {
    const STEMS: [&str; 20] = [
        "password",
        "passwort",
        "qwertyuiop",
        "qwertzuiop",
        "1234567890",
        "0123456789",
        "abcdefghij",
        "letmein",
        "iloveyou",
        "welcome",
        "football",
        "baseball",
        "superman",
        "sunshine",
        "princess",
        "asdfghjkl",
        "1q2w3e4r",
        "changeme",
        "administrator",
        "boxoffice",
    ];
    let rest = STEMS.iter().fold(password.to_owned(), |rest, stem| rest.replace(stem, ""));
    rest.len() < password.len() && rest.chars().count() < 6
}
