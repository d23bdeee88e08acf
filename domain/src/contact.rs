//! How a customer is reached. The only place where names and addresses are: no workflow, message or log line has them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::CustomerId;

/// The longest address, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES: usize = 64;
/// The longest name, in characters.
const NAME_CHARACTERS: usize = 200;
/// The longest language tag that is kept, in bytes.
const LOCALE_BYTES: usize = 35;

/// The language of those who have not said another.
pub const DEFAULT_LOCALE: &str = "en";

/// How a customer is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The customer.
    pub customer_id: CustomerId,
    /// What they are called.
    pub name: PersonName,
    /// Where their mail goes.
    pub email: EmailAddress,
    /// The language they read.
    pub locale: Locale,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("customer_id", &self.customer_id).finish_non_exhaustive()
    }
}

/// What a person is called: one line, not empty.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName(String);

/// An address of mail that a server would look at; whether it is there is known by writing to it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// A language tag (BCP 47), such as `de` or `pt-BR`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Locale(String);

/// A text that is not what a contact needs; says why, and not the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidContact(&'static str);

impl PersonName {
    /// Parses a name; space around it is taken away.
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let text = text.trim();
        if text.is_empty() {
            Err(InvalidContact("must not be empty"))
        } else if text.chars().count() > NAME_CHARACTERS {
            Err(InvalidContact("must have at most 200 characters"))
        } else if text.chars().any(char::is_control) {
            Err(InvalidContact("must be one line without control characters"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EmailAddress {
    /// Parses an address without the parts that only servers of the last century knew: quotes, comments, routes.
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let wrong = Err(InvalidContact("must be an address such as ada@example.org"));
        let Some((local, domain)) = text.split_once('@') else { return wrong };
        let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
        let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        let strange = |char: char| char.is_whitespace() || char.is_control() || "\"(),:;<>@[\\]".contains(char);
        if !part(local) || !domain.split('.').all(label) || !domain.contains('.') && domain != "localhost" {
            return wrong;
        }
        if text.len() > ADDRESS_BYTES || local.len() > LOCAL_BYTES || local.contains("..") {
            return wrong;
        }
        if local.contains(strange) || domain.contains(strange) {
            return wrong;
        }
        Ok(Self(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Locale {
    /// Parses a tag by its form; whether the language is spoken by anybody is not looked at.
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let sound = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        let sound_language = (2..=3).contains(&language.len()) && language.bytes().all(|it| it.is_ascii_alphabetic());
        if text.len() > LOCALE_BYTES || !sound_language || !parts.all(sound) {
            return Err(InvalidContact("must be a language tag such as `de` or `pt-BR`"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without region or script.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self(DEFAULT_LOCALE.to_owned())
    }
}

impl TryFrom<String> for Locale {
    type Error = InvalidContact;

    fn try_from(text: String) -> Result<Self, InvalidContact> {
        Self::parse(&text)
    }
}

impl From<Locale> for String {
    fn from(locale: Locale) -> Self {
        locale.0
    }
}

macro_rules! secretive {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )*};
}

secretive!(PersonName, EmailAddress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for good in
            ["ada@example.org", "ada.lovelace+tickets@mail.example.co.uk", "grüße@bücher.example", "a@localhost"]
        {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@example",
            "ada@@example.org",
            "ada@exa mple.org",
            "ada@-x.org",
            "ada@example..org",
            ".ada@example.org",
            "a..b@example.org",
            "Ada <ada@example.org>",
            "a\nb@example.org",
            &long,
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_and_languages_are_checked_by_their_form() {
        assert_eq!(PersonName::parse("  Ada Lovelace ").map(|name| name.0), Ok("Ada Lovelace".to_owned()));
        for bad in ["", "   ", "Ada\nBcc: all@example.org", &"a".repeat(201)] {
            assert!(PersonName::parse(bad).is_err(), "{bad}");
        }
        for good in ["en", "de", "pt-BR", "zh-Hant-TW", "gsw"] {
            assert!(Locale::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "e", "english", "de_DE", "de-", "d1", "de-toolongpart"] {
            assert!(Locale::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Locale::parse("pt-BR").unwrap_or_default().language(), "pt");
    }

    #[test]
    fn nothing_of_a_person_is_shown_where_a_contact_is_logged() {
        let (Ok(name), Ok(email)) = (PersonName::parse("Ada"), EmailAddress::parse("ada@example.org")) else {
            panic!("both are sound");
        };
        let customer_id = CustomerId::new(uuid::Uuid::from_u128(1));
        let shown = format!(
            "{:?} {name:?} {email:?}",
            Contact { customer_id, name: name.clone(), email: email.clone(), locale: Locale::default() }
        );
        assert!(!shown.contains("Ada") && !shown.contains("example"), "{shown}");
    }
}
