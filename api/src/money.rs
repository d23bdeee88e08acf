//! Amounts of money on the wire.

use domain::money::{Currency, Money};
use poem_openapi::Object;

use crate::problem::Problem;

/// An amount of money.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Money", rename_all = "camelCase")]
pub struct MoneyOut {
    /// The amount in minor units of the currency: cents for `EUR`, whole yen for `JPY`.
    pub minor: i64,
    /// The currency, ISO 4217.
    pub currency: String,
    /// The amount for a person to read, such as `24.50 EUR`.
    pub display: String,
}

/// An amount of money, as a partner writes it down.
#[derive(Debug, Object)]
#[oai(rename = "Amount", rename_all = "camelCase", deny_unknown_fields)]
pub struct AmountBody {
    /// The amount in minor units of the currency: cents for `EUR`, whole yen for `JPY`.
    pub minor: i64,
    /// The currency, ISO 4217.
    #[oai(validator(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
}

impl From<Money> for MoneyOut {
    fn from(money: Money) -> Self {
        let Money { minor, currency } = money;
        Self { minor, currency: currency.to_string(), display: money.to_string() }
    }
}

impl AmountBody {
    /// Reads it; `field` is where it stands.
    pub(crate) fn parse(self, field: &'static str) -> Result<Money, Problem> {
        let currency = Currency::parse(&self.currency).map_err(|error| Problem::invalid_value(field, error))?;
        Ok(Money::new(self.minor, currency))
    }
}

impl From<Money> for AmountBody {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.to_string() }
    }
}
