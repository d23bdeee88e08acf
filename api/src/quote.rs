//! Quotes on the wire: what some seats would cost, and why.

use app::App;
use app::offer::Quoted;
use domain::ids::{SeatId, ShowId};
use domain::quote::{Quote, QuoteDiscount, QuoteFee, QuoteLine};
use domain::single_seat::SingleSeatVerdict;
use domain::unused_offer::UnusedOffer;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use crate::body::{Body, Fields, ReadBody};
use crate::id::Id;
use crate::money::MoneyOut;
use crate::problem::Problem;
use crate::refusal::{Asking, Refusal};
use crate::tags::Tag;

/// The operations on quotes.
pub struct QuoteRoutes;

/// Seats whose price is asked for.
#[derive(Debug, Object)]
#[oai(rename = "QuoteWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct QuoteIn {
    /// The show.
    pub show_id: Id<ShowId>,
    /// The seats, 1 to 10.
    #[oai(validator(min_items = 1, max_items = 10))]
    pub seat_ids: Vec<Id<SeatId>>,
    /// The code of an offer, as the customer has typed it.
    #[oai(nullable)]
    pub code: Option<String>,
}

/// What some seats cost, line by line.
#[derive(Debug, Object)]
#[oai(rename = "Quote", rename_all = "camelCase")]
pub struct QuoteOut {
    /// One line per seat, in the order in which they were asked for.
    pub lines: Vec<QuoteLineOut>,
    /// What the customer pays on top of the seats.
    pub fees: Vec<QuoteFeeOut>,
    /// What the customer pays: all prices, discounts and fees.
    pub total: MoneyOut,
    /// Why the code that was typed does nothing; empty where none was typed, or it does something.
    pub unused: Vec<UnusedOfferOut>,
    /// What one more seat would bring, in a sentence.
    #[oai(nullable)]
    pub hint: Option<String>,
    /// The seats that would be left single, with nobody free beside them, and need not be; empty where the show allows that,
    /// and where one of the seats asked for is not free.
    pub single_seats: Vec<Id<SeatId>>,
    /// Whether the show does not sell the seats asked for, because of those that would be left single.
    pub is_refused: bool,
}

/// One seat of a quote.
#[derive(Debug, Object)]
#[oai(rename = "QuoteLine", rename_all = "camelCase")]
pub struct QuoteLineOut {
    /// The seat.
    pub seat_id: Id<SeatId>,
    /// The seat as printed on the ticket.
    pub label: String,
    /// Its category, which decided the price.
    pub category: String,
    /// What it costs by the show's list.
    pub price: MoneyOut,
    /// What offers take off, in the order in which they were applied.
    pub discounts: Vec<QuoteDiscountOut>,
}

/// What one offer takes off one seat.
#[derive(Debug, Object)]
#[oai(rename = "QuoteDiscount", rename_all = "camelCase")]
pub struct QuoteDiscountOut {
    /// What the offer is called.
    pub name: String,
    /// What it is given for: `3rd ticket: 50 % off`.
    pub explanation: String,
    /// The discount; negative.
    pub amount: MoneyOut,
}

/// What the customer pays on top of the seats.
#[derive(Debug, Object)]
#[oai(rename = "QuoteFee", rename_all = "camelCase")]
pub struct QuoteFeeOut {
    /// What it is called.
    pub name: String,
    /// How much it is.
    pub amount: MoneyOut,
}

/// An offer whose code was typed and which takes nothing off.
#[derive(Debug, Object)]
#[oai(rename = "UnusedOffer", rename_all = "camelCase")]
pub struct UnusedOfferOut {
    /// What the offer is called, or the code where there is none with it.
    pub name: String,
    /// Why it takes nothing off.
    pub why: String,
}

#[OpenApi(prefix_path = "/api/v1/quotes", tag = "Tag::Shows")]
impl QuoteRoutes {
    /// Ask what seats cost
    ///
    /// Every line says which offers are in it and what they are given for. Nothing is held, and whether the seats can be
    /// had is not looked at; what they cost is settled when they are booked. Where the show minds, those that would be left
    /// single are told, as the seats stood a moment ago.
    #[oai(path = "/", method = "post", operation_id = "quoteSeats")]
    async fn quote(&self, app: Data<&App>, Body(wish): Body<QuoteIn>) -> Result<Json<QuoteOut>, Refusal<Asking>> {
        let QuoteIn { show_id, seat_ids, code } = wish;
        let seat_ids = seat_ids.iter().map(|seat| seat.parse("seatIds")).collect::<Result<Vec<_>, _>>()?;
        Ok(Json(app.quote(show_id.parse("showId")?, seat_ids, code.as_deref()).await?.into()))
    }
}

impl ReadBody for QuoteIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            show_id: fields.id("showId")?,
            seat_ids: fields.ids("seatIds")?,
            code: fields.optional_text("code")?,
        })
    }
}

impl From<Quoted> for QuoteOut {
    fn from(quoted: Quoted) -> Self {
        let Quoted { quote, single_seats } = quoted;
        let (single_seats, is_refused) = match single_seats {
            SingleSeatVerdict::Fine => (Vec::new(), false),
            SingleSeatVerdict::Warned { stranded } => (stranded, false),
            SingleSeatVerdict::Refused { stranded } => (stranded, true),
        };
        // What the partner owes the platform is not for the customer to see.
        let Quote { lines, fees, total, commission: _, unused, hint } = quote;
        Self {
            lines: lines.into_iter().map(QuoteLineOut::from).collect(),
            fees: fees.into_iter().map(QuoteFeeOut::from).collect(),
            total: total.into(),
            unused: unused.into_iter().map(UnusedOfferOut::from).collect(),
            hint,
            single_seats: single_seats.into_iter().map(Id::from).collect(),
            is_refused,
        }
    }
}

impl From<QuoteLine> for QuoteLineOut {
    fn from(line: QuoteLine) -> Self {
        let QuoteLine { seat_id, label, category, price, discounts } = line;
        let discounts = discounts.into_iter().map(QuoteDiscountOut::from).collect();
        Self { seat_id: seat_id.into(), label, category: category.into(), price: price.into(), discounts }
    }
}

impl From<QuoteDiscount> for QuoteDiscountOut {
    fn from(discount: QuoteDiscount) -> Self {
        let QuoteDiscount { offer_id: _, name, explanation, amount } = discount;
        Self { name, explanation, amount: amount.into() }
    }
}

impl From<QuoteFee> for QuoteFeeOut {
    fn from(fee: QuoteFee) -> Self {
        let QuoteFee { name, amount } = fee;
        Self { name, amount: amount.into() }
    }
}

impl From<UnusedOffer> for UnusedOfferOut {
    fn from(unused: UnusedOffer) -> Self {
        let UnusedOffer { offer_id: _, name, why } = unused;
        Self { name, why }
    }
}
