//! Amounts of money: minor units of one currency, checked arithmetic, never a fraction.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 alphabetic code, such as `EUR`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency([u8; 3]);

/// A text that is not a currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a currency: it must be three capital letters, as in ISO 4217")]
pub struct InvalidCurrency {
    /// The text as given.
    pub text: String,
}

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The pound sterling.
    pub const GBP: Self = Self(*b"GBP");
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// Parses three capital letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCurrency> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(InvalidCurrency { text: text.chars().take(16).collect() }),
        }
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimal digits the minor unit stands behind the point (ISO 4217, "minor unit").
    pub fn minor_digits(&self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"CLP" | b"VND" | b"ISK" | b"XAF" | b"XOF" | b"PYG" | b"UGX" => 0,
            b"BHD" | b"KWD" | b"OMR" | b"TND" | b"JOD" | b"IQD" | b"LYD" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidCurrency;

    fn try_from(text: String) -> Result<Self, InvalidCurrency> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().to_owned()
    }
}

/// An amount in minor units (cents for `EUR`) of one currency. May be negative: a discount is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Money {
    /// The amount in minor units.
    pub minor: i64,
    /// The currency of the amount.
    pub currency: Currency,
}

/// Arithmetic on money that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two amounts of different currencies.
    #[error("amounts in {left} and {right} cannot be combined")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// An amount in minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Whether the amount is exactly zero.
    pub const fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// The sum of two amounts of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference of two amounts of one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// `percent` hundredths of the amount, rounded down to the minor unit: what is given back never exceeds the share.
    pub fn percent(self, percent: Percent) -> Self {
        let share = i128::from(self.minor) * i128::from(percent.value()) / 100;
        // A share of at most the whole always fits where the whole fitted.
        Self { minor: i64::try_from(share).unwrap_or(self.minor), ..self }
    }

    /// `share` of the amount, rounded half up to the minor unit: what a discount or a fee comes to.
    pub fn rounded_share(self, share: BasisPoints) -> Self {
        let rounded = (i128::from(self.minor) * i128::from(share.value()) + 5_000).div_euclid(10_000);
        // A share of at most the whole always fits where the whole fitted.
        Self { minor: i64::try_from(rounded).unwrap_or(self.minor), ..self }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let unit = 10_u64.pow(self.currency.minor_digits());
        let (major, minor) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        if digits == 0 {
            write!(f, "{sign}{major} {}", self.currency)
        } else {
            write!(f, "{sign}{major}.{minor:0digits$} {}", self.currency)
        }
    }
}

/// A whole number of hundredths, 0 to 100.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Percent(u8);

/// A number that is not a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not a percentage between 0 and 100")]
pub struct InvalidPercent {
    /// The number as given.
    pub value: u8,
}

impl Percent {
    /// All of it.
    pub const FULL: Self = Self(100);
    /// Half of it.
    pub const HALF: Self = Self(50);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Parses a number between 0 and 100.
    pub fn parse(value: u8) -> Result<Self, InvalidPercent> {
        if value <= 100 { Ok(Self(value)) } else { Err(InvalidPercent { value }) }
    }

    /// The number, 0 to 100.
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = InvalidPercent;

    fn try_from(value: u8) -> Result<Self, InvalidPercent> {
        Self::parse(value)
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> u8 {
        percent.0
    }
}

/// Hundredths of a percent, 0 to 10 000: a share as it stands in a contract, such as 250 for 2.5 %.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(into = "u16", try_from = "u16")]
pub struct BasisPoints(u16);

/// A number that is not a share in basis points.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not a number of basis points between 0 and 10000")]
pub struct InvalidBasisPoints {
    /// The number as given.
    pub value: u16,
}

impl BasisPoints {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Parses a number between 0 and 10 000.
    pub fn parse(value: u16) -> Result<Self, InvalidBasisPoints> {
        if value <= 10_000 { Ok(Self(value)) } else { Err(InvalidBasisPoints { value }) }
    }

    /// The number, 0 to 10 000.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }
}

impl From<Percent> for BasisPoints {
    fn from(percent: Percent) -> Self {
        Self(u16::from(percent.value()) * 100)
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = InvalidBasisPoints;

    fn try_from(value: u16) -> Result<Self, InvalidBasisPoints> {
        Self::parse(value)
    }
}

impl From<BasisPoints> for u16 {
    fn from(share: BasisPoints) -> u16 {
        share.0
    }
}
