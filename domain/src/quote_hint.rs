//! The one hint on a quote: that one more seat would make a ticket cheaper.

use crate::limits::SEATS_PER_BOOKING;
use crate::offer::Offer;
use crate::pricing::{Offered, PricingContext};
use crate::quote::Quote;

/// Which ticket an offer would make cheaper if one more seat were booked, in a sentence; none where no nth ticket comes
/// to be cheaper by it, or the booking may not have more seats.
///
/// The seat is taken to be of the cheapest category among those chosen, so that the hint is not an invitation to spend
/// more than it saves. It is priced like any other, so what it promises is what the next quote says.
pub(crate) fn hint(listed: &Quote, quote: &Quote, offered: &Offered<'_>) -> Option<String> {
    let nth_offers: Vec<&Offer> = offered.offers.iter().copied().filter(|offer| offer.nth.is_some()).collect();
    if nth_offers.is_empty() || listed.lines.len() >= SEATS_PER_BOOKING {
        return None;
    }
    let larger = with_one_more_seat(listed)?;
    // A booking whose larger one cannot be priced is priced all the same, without a hint.
    let larger_quote = larger.discounted(offered).ok()?;
    nth_offers.into_iter().find_map(|offer| {
        let now = quote.lines.iter().filter(|line| line.has(offer.id)).count();
        let then = larger_quote.lines.iter().filter(|line| line.has(offer.id)).count();
        let last = last_ticket(offer, offered.context, &larger_quote)?;
        (then > now).then(|| offer.invitation(last))
    })
}

fn with_one_more_seat(listed: &Quote) -> Option<Quote> {
    let mut larger = listed.clone();
    let cheapest = listed.lines.iter().min_by_key(|line| (line.price.minor, &line.category))?;
    larger.total = larger.total.checked_add(cheapest.price).ok()?;
    larger.lines.push(cheapest.clone());
    Some(larger)
}

/// The last ticket that an offer makes cheaper, counted as the offer counts.
fn last_ticket(offer: &Offer, context: &PricingContext, quote: &Quote) -> Option<usize> {
    let seats = offer.check(context, quote).ok()?.seats;
    let cheaper = |line: usize| quote.lines.get(line).is_some_and(|line| line.has(offer.id));
    seats.iter().rev().find(|seat| cheaper(seat.line)).map(|seat| seat.rank)
}
