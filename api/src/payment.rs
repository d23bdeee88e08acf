//! Payments on the wire: where the customer pays, and how the newest attempt stands.

use domain::payment::AttemptRecord;
use poem_openapi::Object;

/// The newest attempt to pay for a booking.
#[derive(Debug, Object)]
#[oai(rename = "Payment", rename_all = "camelCase")]
pub struct PaymentOut {
    /// 1 for the first attempt.
    pub attempt: u32,
    /// `requested`, `live`, `processing`, `declined`, `succeeded`, `cancelled` or `abandoned`.
    pub state: String,
    /// Why the provider has declined, in its code.
    #[oai(nullable)]
    pub decline_code: Option<String>,
    /// The page on which the customer pays, once the provider has told; null for members of the partner.
    #[oai(nullable)]
    pub payment_page: Option<String>,
}

impl From<&AttemptRecord> for PaymentOut {
    fn from(attempt: &AttemptRecord) -> Self {
        // The booking has the sums over all attempts; the provider's name for the intent is its own affair.
        let AttemptRecord {
            number,
            intent_id: _,
            state,
            amount: _,
            captured: _,
            refunded: _,
            decline_code,
            payment_page,
        } = attempt;
        Self {
            attempt: *number,
            state: state.as_str().to_owned(),
            decline_code: decline_code.clone(),
            payment_page: payment_page.clone(),
        }
    }
}
