//! Customers who carry on while the service around them dies and comes back: they try again with the same key, as the
//! documents tell them to, and do what they have in mind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::{BookingId, SeatId, ShowId};
use futures::future::join_all;
use jiff::Timestamp;
use reqwest::StatusCode;

use crate::buyer::{Answer, Buyer, DECLINED_CARD, GOOD_CARD, OUT_OF_ORDER_CARD, SILENT_CARD, SLOW_CARD, TWICE_CARD};
use crate::storm_told::{Told, Unexpected};

pub use crate::storm_plan::{Manner, Plan, Wish};

/// The pause before a request is tried again.
const PAUSE: Duration = Duration::from_millis(250);
/// How long before the deadline the last payments are sent.
const LAST_MOMENT: Duration = Duration::from_millis(40);
/// How long after the end a booking is asked for once more.
const LONG_AFTER: Duration = Duration::from_secs(10);
/// The key of every customer's only booking.
const KEY: &str = "storm";

/// A customer in a storm.
pub struct StormBuyer {
    buyer: Buyer,
    apis: Arc<[String]>,
    give_up_at: Instant,
    told: Told,
}

impl StormBuyer {
    /// A customer who gives up at `give_up_at`; `apis` are the addresses behind the one that `buyer` knows.
    pub fn new(buyer: Buyer, apis: Arc<[String]>, give_up_at: Instant) -> Self {
        Self { buyer, apis, give_up_at, told: Told::default() }
    }

    /// Books, does what is wished, and waits for the end.
    pub async fn live(mut self, wish: &Wish) -> Told {
        let end = match self.follow(wish).await {
            Some(end) => end,
            None => {
                self.told.gave_up.push(self.booking_id());
                "given up".to_owned()
            }
        };
        *self.told.ends.entry(end).or_default() += 1;
        self.told
    }

    fn booking_id(&self) -> BookingId {
        self.buyer.booking_for(KEY)
    }

    async fn follow(&mut self, wish: &Wish) -> Option<String> {
        let (buyer, started) = (self.buyer.clone(), Instant::now());
        let (show_id, seats) = (wish.show_id, wish.seats.as_slice());
        let booked = match wish.manner {
            Manner::Thrice => self.ask_thrice(show_id, seats).await?,
            Manner::Once | Manner::AgainLongAfter | Manner::OtherBody => {
                self.insist(|| buyer.try_to_book(KEY, show_id, seats)).await?
            }
        };
        self.told.longest_wait = started.elapsed();
        let booking_id = self.booking_id();
        match booked.status {
            StatusCode::CREATED | StatusCode::ACCEPTED => {}
            StatusCode::CONFLICT => {
                if wish.alone && booked.body["code"] == "seats_taken" {
                    self.unexpected("it was refused seats that nobody else wants", &booked);
                }
                return Some("refused".to_owned());
            }
            _ => {
                self.unexpected("it was answered what no document allows", &booked);
                return Some("unexpected".to_owned());
            }
        }
        if booked.status == StatusCode::CREATED {
            self.told.successes.push(Instant::now());
        }
        if wish.manner == Manner::OtherBody {
            self.ask_for_something_else(wish, booked.status == StatusCode::CREATED).await?;
        }
        let open = self.until(booking_id, |state| state != "pending").await?;
        if open.state() == "awaiting_payment" {
            self.act(wish.plan, booking_id, &open).await?;
        }
        let mut last = self.until(booking_id, has_ended).await?;
        if last.state() == "confirmed" {
            self.told.successes.push(Instant::now());
        }
        if wish.plan == Plan::CancelPaid && last.state() == "confirmed" {
            self.insist(|| buyer.try_to_cancel(booking_id)).await?;
            last = self.until(booking_id, |state| state == "cancelled").await?;
        }
        if wish.manner == Manner::AgainLongAfter {
            self.ask_again(show_id, seats).await?;
        }
        Some(last.state().to_owned())
    }

    /// Sends the same request three times at once, to different APIs. All have to agree, unless somebody else may have
    /// wanted the seats: a refusal for seats that are taken at the moment is not kept.
    async fn ask_thrice(&mut self, show_id: ShowId, seats: &[SeatId]) -> Option<Answer> {
        let front = self.buyer.clone();
        let each = (0..3).map(|number| {
            let at = self.apis.get(number % self.apis.len().max(1)).map_or_else(|| front.clone(), |api| front.at(api));
            async move { at.try_to_book(KEY, show_id, seats).await }
        });
        let answers: Vec<Answer> = join_all(each).await.into_iter().flatten().collect();
        let mut first: Option<Answer> = None;
        for answer in answers {
            if is_not_now(answer.status) {
                continue;
            }
            if answer.status.is_success() && answer.booking_id() != self.booking_id() {
                self.unexpected("three requests at once made another booking", &answer);
            }
            if !answer.status.is_success() && answer.status != StatusCode::CONFLICT {
                self.unexpected("one of three requests at once was answered what no document allows", &answer);
            }
            if first.as_ref().is_none_or(|first| !first.status.is_success()) {
                first = Some(answer);
            }
        }
        match first {
            Some(answer) if answer.status.is_success() => Some(answer),
            // Nobody has said that there is a booking: as anybody else, it asks until it knows.
            Some(_) | None => self.insist(|| front.try_to_book(KEY, show_id, seats)).await,
        }
    }

    /// Uses the key for another request, which has to be refused: as such, or, while the first request may be no row yet,
    /// for seats that are somebody else's.
    async fn ask_for_something_else(&mut self, wish: &Wish, is_row: bool) -> Option<()> {
        let buyer = self.buyer.clone();
        let other = &wish.seats[..wish.seats.len() - 1];
        let other = if other.is_empty() { std::slice::from_ref(&wish.other_seat) } else { other };
        let answer = self.insist(|| buyer.try_to_book_unseen(KEY, wish.show_id, other)).await?;
        let seats_taken = answer.status == StatusCode::CONFLICT && answer.body["code"] == "seats_taken";
        if answer.status != StatusCode::UNPROCESSABLE_ENTITY && (is_row || !seats_taken) {
            self.unexpected("another request under its key was not refused with 422", &answer);
        }
        Some(())
    }

    /// Sends the same request again when everything is over: it has to be answered with the booking that there is.
    async fn ask_again(&mut self, show_id: ShowId, seats: &[SeatId]) -> Option<()> {
        tokio::time::sleep(LONG_AFTER).await;
        let buyer = self.buyer.clone();
        let answer = self.insist(|| buyer.try_to_book(KEY, show_id, seats)).await?;
        let known = answer.status.is_success() && answer.booking_id() == self.booking_id();
        if !known && answer.status != StatusCode::CONFLICT {
            self.unexpected("its request, sent again long after the end, was answered otherwise", &answer);
        }
        Some(())
    }

    async fn act(&mut self, plan: Plan, booking_id: BookingId, open: &Answer) -> Option<()> {
        let buyer = self.buyer.clone();
        match plan {
            Plan::Pay | Plan::CancelPaid => self.pay(open, GOOD_CARD).await,
            Plan::PayTwiceTold => self.pay(open, TWICE_CARD).await,
            Plan::PayOutOfOrder => self.pay(open, OUT_OF_ORDER_CARD).await,
            Plan::PaySlowly => self.pay(open, SLOW_CARD).await,
            Plan::PaySilently => self.pay(open, SILENT_CARD).await,
            Plan::PayUntold => {
                self.pay(open, SILENT_CARD).await?;
                self.insist(|| buyer.try_to_send(buyer.post(&format!("/bookings/{booking_id}/verify-payment"))))
                    .await
                    .map(drop)
            }
            Plan::PayAtTheLastMoment => {
                tokio::time::sleep(until_deadline(open).saturating_sub(LAST_MOMENT)).await;
                self.pay(open, GOOD_CARD).await
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
            Plan::CancelWhilePaying => {
                let paying = async {
                    if can_be_paid(open) {
                        let _paid_or_not = buyer.try_to_pay(open, GOOD_CARD).await;
                    }
                };
                let (_cancelled_or_not, ()) = tokio::join!(buyer.try_to_cancel(booking_id), paying);
                self.insist(|| buyer.try_to_cancel(booking_id)).await.map(drop)
            }
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
                Some(answer) if answer.status.is_server_error() => self.unexpected("a request met a defect", &answer),
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

    fn unexpected(&mut self, what: &str, answer: &Answer) {
        let Answer { status, body, .. } = answer;
        self.told
            .unexpected
            .push(Unexpected { booking_id: self.booking_id(), what: format!("{what}: {status} {body}") });
    }
}

fn has_ended(state: &str) -> bool {
    ["confirmed", "expired", "failed", "cancelled"].contains(&state)
}

/// Whether a customer is told to come back: by an API, or by what stands before it.
fn is_not_now(status: StatusCode) -> bool {
    [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

fn can_be_paid(booking: &Answer) -> bool {
    booking.body["payment"]["paymentPage"].is_string()
}

/// How long a booking's seats are still held; nothing where the answer does not tell.
fn until_deadline(booking: &Answer) -> Duration {
    let deadline = booking.body["expiresAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    deadline.and_then(|at| Duration::try_from(at.duration_since(Timestamp::now())).ok()).unwrap_or_default()
}
