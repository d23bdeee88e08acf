//! The seats of a booking on the wire, with the prices frozen at purchase.

use app::BookingView;
use domain::ids::SeatId;
use domain::quote::QuoteLine;
use poem_openapi::Object;

use crate::id::Id;
use crate::money::MoneyOut;

/// The seats of a booking.
#[derive(Debug, Object)]
#[oai(rename = "BookingSeats", rename_all = "camelCase")]
pub struct BookingSeatsOut {
    /// The seats, in the order asked for.
    pub items: Vec<BookingSeatOut>,
    /// What they cost together.
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
    /// What the seat costs.
    #[oai(nullable)]
    pub price: Option<MoneyOut>,
}

impl From<BookingView> for BookingSeatsOut {
    fn from(view: BookingView) -> Self {
        let booking = view.booking;
        let items = match booking.quote {
            Some(quote) => quote.lines.into_iter().map(BookingSeatOut::from).collect(),
            None => booking.seat_ids.into_iter().map(BookingSeatOut::from).collect(),
        };
        Self { items, total: booking.amount.into() }
    }
}

impl From<QuoteLine> for BookingSeatOut {
    fn from(line: QuoteLine) -> Self {
        let QuoteLine { seat_id, label, category, price } = line;
        Self { seat_id: seat_id.into(), label: Some(label), category: Some(category.into()), price: Some(price.into()) }
    }
}

impl From<SeatId> for BookingSeatOut {
    fn from(seat_id: SeatId) -> Self {
        Self { seat_id: seat_id.into(), label: None, category: None, price: None }
    }
}
