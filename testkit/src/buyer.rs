//! A customer who books over HTTP, as any client would.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::wait::eventually;

/// A card that pays.
pub const GOOD_CARD: &str = "4242424242424242";
/// A card that is declined.
pub const DECLINED_CARD: &str = "4000000000000002";
/// A card whose payment is `processing` until the simulator is told how it ends.
pub const PROCESSING_CARD: &str = "4000000000000101";
/// A card whose payment is `processing` for three seconds, and then paid.
pub const SLOW_CARD: &str = "4000000000000077";
/// A card that pays and whose webhook is never sent.
pub const SILENT_CARD: &str = "4000000000000499";
/// A card that pays and whose webhook is sent twice.
pub const TWICE_CARD: &str = "4000000000000259";
/// A card that pays and whose webhooks come out of order.
pub const OUT_OF_ORDER_CARD: &str = "4000000000000341";

/// What a request was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body; null if there is none.
    pub body: Value,
}

impl Answer {
    /// The id of the booking in the body.
    pub fn booking_id(&self) -> BookingId {
        let id = self.body["id"].as_str().unwrap_or_else(|| panic!("no booking id in {self:?}"));
        BookingId::parse(id).unwrap()
    }

    /// The state of the booking in the body.
    pub fn state(&self) -> &str {
        self.body["state"].as_str().unwrap_or_else(|| panic!("no state in {self:?}"))
    }

    /// The code of the problem in the body.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_else(|| panic!("no problem code in {self:?}"))
    }
}

/// Somebody who buys.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// Who.
    pub customer_id: CustomerId,
    token: String,
    api: String,
    http: reqwest::Client,
    answers: Arc<Mutex<Vec<checker::Answer>>>,
}

impl Buyer {
    /// A buyer of the service at `api`; what it is answered is added to `answers`, for the checker.
    pub fn new(
        customer_id: CustomerId,
        token: String,
        api: &str,
        http: reqwest::Client,
        answers: Arc<Mutex<Vec<checker::Answer>>>,
    ) -> Self {
        Self { customer_id, token, api: api.to_owned(), http, answers }
    }

    /// The same customer at another address of the service.
    pub fn at(&self, api: &str) -> Self {
        Self { api: api.to_owned(), ..self.clone() }
    }

    /// The booking that `key` stands for.
    pub fn booking_for(&self, key: &str) -> BookingId {
        BookingId::for_key(self.customer_id, key)
    }

    /// Books with a key that was never used.
    pub async fn book(&self, show_id: ShowId, seats: &[SeatId]) -> Answer {
        self.book_with(&Uuid::new_v4().to_string(), show_id, seats).await
    }

    /// Books with a key.
    pub async fn book_with(&self, key: &str, show_id: ShowId, seats: &[SeatId]) -> Answer {
        let answer = self.send(self.asking(key, &json!({ "showId": show_id, "seatIds": seats }))).await;
        self.remember(Some(key), seats, &answer);
        answer
    }

    /// Books with the code of an offer.
    pub async fn book_with_code(&self, show_id: ShowId, seats: &[SeatId], code: &str) -> Answer {
        let body = json!({ "showId": show_id, "seatIds": seats, "code": code });
        let key = Uuid::new_v4().to_string();
        let answer = self.send(self.asking(&key, &body)).await;
        self.remember(Some(&key), seats, &answer);
        answer
    }

    /// Books the best seats for a wish, with a key.
    pub async fn book_best(&self, key: &str, show_id: ShowId, best: &serde_json::Value) -> Answer {
        let answer = self.send(self.asking(key, &json!({ "showId": show_id, "best": best }))).await;
        let held = answer.body["seatIds"].as_array().into_iter().flatten();
        let held: Vec<SeatId> = held.filter_map(|seat| seat.as_str()?.parse().ok()).collect();
        self.remember(Some(key), &held, &answer);
        answer
    }

    /// Books without caring for the answer, for a service that is about to die.
    pub async fn try_to_book(&self, key: &str, show_id: ShowId, seats: &[SeatId]) -> Option<Answer> {
        let answer = self.try_to_book_unseen(key, show_id, seats).await?;
        self.remember(Some(key), seats, &answer);
        Some(answer)
    }

    /// Books without caring for the answer, and without the checker being told of it: for a request that is to be refused.
    pub async fn try_to_book_unseen(&self, key: &str, show_id: ShowId, seats: &[SeatId]) -> Option<Answer> {
        self.try_to_send(self.asking(key, &json!({ "showId": show_id, "seatIds": seats }))).await
    }

    fn asking(&self, key: &str, wish: &Value) -> reqwest::RequestBuilder {
        self.post("/bookings").header("Idempotency-Key", key).json(wish)
    }

    /// The booking as it is.
    pub async fn booking(&self, booking_id: BookingId) -> Answer {
        let answer = self.send(self.get(&format!("/bookings/{booking_id}"))).await;
        self.remember(None, &[], &answer);
        answer
    }

    /// The booking as it is, if the service is there.
    pub async fn try_booking(&self, booking_id: BookingId) -> Option<Answer> {
        let answer = self.try_to_send(self.get(&format!("/bookings/{booking_id}"))).await?;
        self.remember(None, &[], &answer);
        Some(answer)
    }

    /// Takes a booking back.
    pub async fn cancel(&self, booking_id: BookingId) -> Answer {
        self.send(self.cancelling(booking_id)).await
    }

    /// Takes a booking back, if the service is there.
    pub async fn try_to_cancel(&self, booking_id: BookingId) -> Option<Answer> {
        self.try_to_send(self.cancelling(booking_id)).await
    }

    fn cancelling(&self, booking_id: BookingId) -> reqwest::RequestBuilder {
        let path = format!("/bookings/{booking_id}/cancel");
        self.post(&path).header("Idempotency-Key", Uuid::new_v4().to_string())
    }

    /// Has the provider asked.
    pub async fn verify_payment(&self, booking_id: BookingId) -> Answer {
        self.send(self.post(&format!("/bookings/{booking_id}/verify-payment"))).await
    }

    /// The codes of a booking's steps, first to last.
    pub async fn timeline(&self, booking_id: BookingId) -> Vec<String> {
        let answer = self.send(self.get(&format!("/bookings/{booking_id}/timeline"))).await;
        let items = answer.body["items"].as_array().unwrap_or_else(|| panic!("no timeline in {answer:?}"));
        items.iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Pays on the hosted page that `booking` names.
    pub async fn pay(&self, booking: &Answer, card: &str) -> Answer {
        self.send(self.paying(booking, card)).await
    }

    /// Pays on the hosted page that `booking` names, if the provider is there.
    pub async fn try_to_pay(&self, booking: &Answer, card: &str) -> Option<Answer> {
        self.try_to_send(self.paying(booking, card)).await
    }

    fn paying(&self, booking: &Answer, card: &str) -> reqwest::RequestBuilder {
        let page = booking.body["payment"]["paymentPage"].as_str();
        let page = page.unwrap_or_else(|| panic!("nothing to pay in {booking:?}"));
        let page: reqwest::Url = page.parse().unwrap();
        let secret = page.query_pairs().find(|(name, _)| name == "secret").unwrap().1.into_owned();
        let mut address = page.clone();
        address.set_query(None);
        self.http.post(address).json(&json!({ "card": card, "secret": secret }))
    }

    /// Waits until a booking is in a state.
    pub async fn wait_for(&self, booking_id: BookingId, state: &str, within: Duration) -> Answer {
        let what = format!("booking {booking_id} is {state}");
        eventually(&what, within, || async {
            let answer = self.try_booking(booking_id).await?;
            (answer.status.is_success() && answer.state() == state).then_some(answer)
        })
        .await
    }

    /// The booking that was answered, once it has been opened: on a machine that has much else to do its saga may take
    /// longer than its caller is kept waiting. A refusal is given back as it is.
    pub async fn opened(&self, answer: Answer, within: Duration) -> Answer {
        if answer.status != StatusCode::ACCEPTED {
            return answer;
        }
        let booking_id = answer.booking_id();
        eventually(&format!("booking {booking_id} has been opened"), within, || async {
            let now = self.try_booking(booking_id).await?;
            (now.status.is_success() && now.state() != "pending").then_some(now)
        })
        .await
    }

    /// Waits until a booking has ended, however.
    pub async fn wait_for_end(&self, booking_id: BookingId, within: Duration) -> Answer {
        eventually(&format!("booking {booking_id} has ended"), within, || async {
            let answer = self.try_booking(booking_id).await?;
            let ended =
                answer.status.is_success() && ["confirmed", "expired", "failed", "cancelled"].contains(&answer.state());
            ended.then_some(answer)
        })
        .await
    }

    /// A request to read something, with the buyer's token.
    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}/api/v1{path}", self.api)).bearer_auth(&self.token)
    }

    /// A request to change something, with the buyer's token.
    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/api/v1{path}", self.api)).bearer_auth(&self.token)
    }

    /// A request to put something in place of what is there, with the buyer's token.
    pub fn put(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.put(format!("{}/api/v1{path}", self.api)).bearer_auth(&self.token)
    }

    /// A request to delete something, with the buyer's token.
    pub fn delete(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.delete(format!("{}/api/v1{path}", self.api)).bearer_auth(&self.token)
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        read(request.send().await.expect("the service answers")).await.expect("the answer arrives whole")
    }

    /// Sends a request that may get no answer.
    pub async fn try_to_send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        read(request.send().await.ok()?).await
    }

    fn remember(&self, key: Option<&str>, seats: &[SeatId], answer: &Answer) {
        if !answer.status.is_success() {
            return;
        }
        // An admin is told of bookings that are not theirs.
        if answer.body["customerId"].as_str().is_some_and(|owner| owner != self.customer_id.to_string()) {
            return;
        }
        let Some(booking_id) = answer.body["id"].as_str().and_then(|id| BookingId::parse(id).ok()) else { return };
        self.answers.lock().unwrap().push(checker::Answer {
            booking_id,
            idempotency_key: key.map(str::to_owned),
            status: answer.status.as_u16(),
            customer_id: self.customer_id,
            state: answer.body["state"].as_str().map(str::to_owned),
            seats: seats.to_vec(),
            at: Timestamp::now(),
        });
    }
}

async fn read(response: reqwest::Response) -> Option<Answer> {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.ok()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Some(Answer { status, headers, body })
}
