//! The seats of a booking on the wire, with the prices frozen at purchase.

use app::BookingView;
use domain::ids::SeatId;
use domain::quote::QuoteLine;
use poem_openapi::Object;

use crate::id::Id;
use crate::money::MoneyOut;
use crate::quote::{QuoteDiscountOut, QuoteFeeOut};

/// The seats of a booking.
#[derive(Debug, Object)]
#[oai(rename = "BookingSeats", rename_all = "camelCase")]
pub struct BookingSeatsOut {
    /// The seats, in the order asked for.
    pub items: Vec<BookingSeatOut>,
    /// What the customer pays on top of the seats.
    pub fees: Vec<QuoteFeeOut>,
    /// What the customer pays: all prices, discounts and fees.
    pub total: MoneyOut,
}

/// One seat of a booking. A booking that was refused has no prices.
#[derive(Debug, Object)]
#[oai(rename = "BookingSeat", rename_all = "camelCase")]
pub struct BookingSeatOut {
    /// The seat.
    pub seat_id: Id<SeatId>,
    /// Section, row and number, as printed on the ticket.
    #[oai(nullable)]
    pub label: Option<String>,
    /// The category, which decided the price.
    #[oai(nullable)]
    pub category: Option<String>,
    /// What the seat costs by the show's list.
    #[oai(nullable)]
    pub price: Option<MoneyOut>,
    /// What offers take off, in the order in which they were applied.
    pub discounts: Vec<QuoteDiscountOut>,
}

impl From<BookingView> for BookingSeatsOut {
    fn from(view: BookingView) -> Self {
        let booking = view.booking;
        let (items, fees) = match booking.quote {
            Some(quote) => (
                quote.lines.into_iter().map(BookingSeatOut::from).collect(),
                quote.fees.into_iter().map(QuoteFeeOut::from).collect(),
            ),
            None => (booking.seat_ids.into_iter().map(BookingSeatOut::from).collect(), Vec::new()),
        };
        Self { items, fees, total: booking.amount.into() }
    }
}

impl From<QuoteLine> for BookingSeatOut {
    fn from(line: QuoteLine) -> Self {
        let QuoteLine { seat_id, label, category, price, discounts } = line;
        Self {
            seat_id: seat_id.into(),
            label: Some(label),
            category: Some(category.into()),
            price: Some(price.into()),
            discounts: discounts.into_iter().map(QuoteDiscountOut::from).collect(),
        }
    }
}

impl From<SeatId> for BookingSeatOut {
    fn from(seat_id: SeatId) -> Self {
        Self { seat_id: seat_id.into(), label: None, category: None, price: None, discounts: Vec::new() }
    }
}
