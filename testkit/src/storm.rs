//! Customers who carry on while the service around them dies and comes back: they try again with the same key, as the
//! documents tell them to, and do what they have in mind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::{BookingId, SeatId, ShowId};
use reqwest::StatusCode;

use crate::buyer::{Answer, Buyer, DECLINED_CARD, GOOD_CARD, SILENT_CARD, TWICE_CARD};

/// The pause before a request is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// What a customer has in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Pay.
    Pay,
    /// Pay with a card whose webhook comes twice.
    PayTwiceTold,
    /// Pay with a card whose webhook never comes, and ask for the payment to be verified.
    PayUntold,
    /// Have a card declined, then pay with another one.
    PaySecondCard,
    /// Change one's mind before paying.
    CancelUnpaid,
    /// Pay, and want the money back.
    CancelPaid,
    /// Never pay.
    Leave,
}

impl Plan {
    /// A plan by chance: half pay at once.
    pub fn random(random: &mut fastrand::Rng) -> Self {
        match random.u32(0..20) {
            0..10 => Self::Pay,
            10..12 => Self::PayTwiceTold,
            12 => Self::PayUntold,
            13..15 => Self::PaySecondCard,
            15..17 => Self::CancelUnpaid,
            17 => Self::CancelPaid,
            _ => Self::Leave,
        }
    }
}

/// What came of all plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Bookings by the state they were last seen in; `refused` where others had the seats.
    pub ends: BTreeMap<String, usize>,
    /// Answers that no document allows.
    pub unexpected: Vec<String>,
    /// How often a request was tried again.
    pub retries: usize,
    /// The longest that a customer waited for the first answer to a booking, tries included.
    pub longest_wait: Duration,
}

impl Told {
    /// Adds what came of another plan.
    pub fn add(&mut self, other: Self) {
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.unexpected.extend(other.unexpected);
        self.retries += other.retries;
        self.longest_wait = self.longest_wait.max(other.longest_wait);
    }
}

/// A customer in a storm.
pub struct StormBuyer {
    buyer: Buyer,
    give_up_at: Instant,
    told: Told,
}

impl StormBuyer {
    /// A customer who gives up at `give_up_at`.
    pub fn new(buyer: Buyer, give_up_at: Instant) -> Self {
        Self { buyer, give_up_at, told: Told::default() }
    }

    /// Books, does what is planned, and waits for the end.
    pub async fn live(mut self, plan: Plan, show_id: ShowId, seats: &[SeatId]) -> Told {
        let end = self.follow(plan, show_id, seats).await.unwrap_or_else(|| "given up".to_owned());
        *self.told.ends.entry(end).or_default() += 1;
        self.told
    }

    async fn follow(&mut self, plan: Plan, show_id: ShowId, seats: &[SeatId]) -> Option<String> {
        let (buyer, started) = (self.buyer.clone(), Instant::now());
        let booked = self.insist(|| buyer.try_to_book("storm", show_id, seats)).await?;
        self.told.longest_wait = started.elapsed();
        match booked.status {
            StatusCode::CREATED | StatusCode::ACCEPTED => {}
            StatusCode::CONFLICT => return Some("refused".to_owned()),
            _ => {
                self.told.unexpected.push(format!("{booked:?}"));
                return None;
            }
        }
        let booking_id = self.buyer.booking_for("storm");
        let open = self.until(booking_id, |state| state != "pending").await?;
        if open.state() == "awaiting_payment" {
            self.act(plan, booking_id, &open).await?;
        }
        let ended = ["confirmed", "expired", "failed", "cancelled"];
        let mut last = self.until(booking_id, |state| ended.contains(&state)).await?;
        if plan == Plan::CancelPaid && last.state() == "confirmed" {
            self.insist(|| buyer.try_to_cancel(booking_id)).await?;
            last = self.until(booking_id, |state| state == "cancelled").await?;
        }
        Some(last.state().to_owned())
    }

    async fn act(&mut self, plan: Plan, booking_id: BookingId, open: &Answer) -> Option<()> {
        let buyer = self.buyer.clone();
        match plan {
            Plan::Pay | Plan::CancelPaid => self.pay(open, GOOD_CARD).await,
            Plan::PayTwiceTold => self.pay(open, TWICE_CARD).await,
            Plan::PayUntold => {
                self.pay(open, SILENT_CARD).await?;
                self.insist(|| buyer.try_to_send(buyer.post(&format!("/bookings/{booking_id}/verify-payment"))))
                    .await
                    .map(drop)
            }
            Plan::PaySecondCard => {
                self.pay(open, DECLINED_CARD).await?;
                let page = open.body["payment"]["paymentPage"].clone();
                // The next attempt has a page of its own; a booking whose hold has ended meanwhile gets none.
                let next = loop {
                    let now = self.until(booking_id, |_any| true).await?;
                    let other = now.body["payment"]["paymentPage"] != page;
                    if now.state() != "awaiting_payment" || (other && can_be_paid(&now)) {
                        break now;
                    }
                    self.pause().await?;
                };
                if can_be_paid(&next) { self.pay(&next, GOOD_CARD).await } else { Some(()) }
            }
            Plan::CancelUnpaid => self.insist(|| buyer.try_to_cancel(booking_id)).await.map(drop),
            Plan::Leave => Some(()),
        }
    }

    /// Pays, if the hold has not ended meanwhile.
    async fn pay(&mut self, booking: &Answer, card: &str) -> Option<()> {
        if !can_be_paid(booking) {
            return Some(());
        }
        let buyer = self.buyer.clone();
        self.insist(|| buyer.try_to_pay(booking, card)).await.map(drop)
    }

    /// Sends until there is an answer that says more than "not now".
    async fn insist<F: Future<Output = Option<Answer>>>(&mut self, mut send: impl FnMut() -> F) -> Option<Answer> {
        loop {
            match send().await {
                Some(answer) if is_not_now(answer.status) => {}
                Some(answer) if answer.status.is_server_error() => self.told.unexpected.push(format!("{answer:?}")),
                Some(answer) => return Some(answer),
                None => {}
            }
            self.told.retries += 1;
            self.pause().await?;
        }
    }

    /// Looks at the booking until its state is as wished.
    async fn until(&mut self, booking_id: BookingId, wished: impl Fn(&str) -> bool) -> Option<Answer> {
        let buyer = self.buyer.clone();
        loop {
            let now = self.insist(|| buyer.try_booking(booking_id)).await?;
            // Not found while its saga has not come to writing it.
            if now.status.is_success() && wished(now.state()) {
                return Some(now);
            }
            self.pause().await?;
        }
    }

    async fn pause(&self) -> Option<()> {
        tokio::time::sleep(PAUSE).await;
        (Instant::now() < self.give_up_at).then_some(())
    }
}

/// Whether a customer is told to come back: by an API, or by what stands before it.
fn is_not_now(status: StatusCode) -> bool {
    [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

fn can_be_paid(booking: &Answer) -> bool {
    booking.body["payment"]["paymentPage"].is_string()
}
