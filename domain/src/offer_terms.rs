//! What offers are made of: the name that customers read, the code that they type, and what is taken off a seat.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{BasisPoints, Money, Percent};

/// The longest name of an offer, in characters: it stands on one line of a quote.
const NAME_CHARACTERS: usize = 80;
/// The shortest code, in characters: shorter ones are found by trying.
const CODE_CHARACTERS_MIN: usize = 3;
/// The longest code, in characters: longer ones are not typed without a mistake.
const CODE_CHARACTERS_MAX: usize = 32;

/// What an offer is called on the quote: one line of 1 to 80 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct OfferName(String);

/// A text that cannot name an offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 80 printable characters")]
pub struct InvalidOfferName;

impl OfferName {
    /// Parses a name; space around it is taken away.
    pub fn parse(text: &str) -> Result<Self, InvalidOfferName> {
        let text = text.trim();
        let fits = !text.is_empty() && text.chars().count() <= NAME_CHARACTERS && text.chars().all(is_printable);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidOfferName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character may stand in a line that others are shown: it is no control, breaks no line and does not change
/// the direction of what follows (Unicode's `General_Category` values Cc, Zl and Zp, and its invisible format characters
/// other than the two joiners, which some scripts cannot be written without).
pub(crate) fn is_printable(character: char) -> bool {
    let invisible = matches!(character,
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !invisible
}

impl TryFrom<String> for OfferName {
    type Error = InvalidOfferName;

    fn try_from(text: String) -> Result<Self, InvalidOfferName> {
        Self::parse(&text)
    }
}

impl From<OfferName> for String {
    fn from(name: OfferName) -> String {
        name.0
    }
}

/// What a customer types to have an offer: 3 to 32 of A-Z, 0-9 and -, in capitals however it was typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct OfferCode(String);

/// A text that cannot be the code of an offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a code: it must have 3 to 32 of the letters A to Z, digits and -")]
pub struct InvalidOfferCode {
    /// The text as given, cut to a length that is safe to show.
    pub text: String,
}

impl OfferCode {
    /// Parses a code, in capitals or not; space around it is taken away.
    pub fn parse(text: &str) -> Result<Self, InvalidOfferCode> {
        let code = text.trim().to_ascii_uppercase();
        let fits = (CODE_CHARACTERS_MIN..=CODE_CHARACTERS_MAX).contains(&code.len())
            && code.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-'));
        if fits { Ok(Self(code)) } else { Err(InvalidOfferCode { text: text.chars().take(64).collect() }) }
    }

    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OfferCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OfferCode {
    type Error = InvalidOfferCode;

    fn try_from(text: String) -> Result<Self, InvalidOfferCode> {
        Self::parse(&text)
    }
}

impl From<OfferCode> for String {
    fn from(code: OfferCode) -> String {
        code.0
    }
}

/// What an offer takes off each seat that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discount {
    /// A share of what is left of the price.
    Percent(Percent),
    /// An amount, which works for shows sold in its currency alone.
    Amount(Money),
}

impl Discount {
    /// What it takes off a seat of whose price `left` is left: rounded half up to the minor unit, never more than
    /// `left`, and nothing where it is an amount in another currency.
    ///
    /// Who has less left never has more left afterwards: that a further offer cannot make a booking dearer rests on it.
    pub fn off(&self, left: Money) -> Money {
        let most = left.minor.max(0);
        match self {
            Self::Percent(percent) => Money { minor: most, ..left }.rounded_share(BasisPoints::from(*percent)),
            Self::Amount(amount) if amount.currency == left.currency => {
                Money { minor: amount.minor.clamp(0, most), ..left }
            }
            Self::Amount(_) => Money::zero(left.currency),
        }
    }
}

impl fmt::Display for Discount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{} % off", percent.value()),
            Self::Amount(amount) => write!(f, "{amount} off"),
        }
    }
}
