//! Amounts of money on the wire.

use domain::money::Money;
use poem_openapi::Object;

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

impl From<Money> for MoneyOut {
    fn from(money: Money) -> Self {
        let Money { minor, currency } = money;
        Self { minor, currency: currency.to_string(), display: money.to_string() }
    }
}
