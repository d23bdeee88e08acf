//! The demo's HTTP client: each unexpected answer is an error that shows what was asked and what came.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::demo::two_side_by_side;
use crate::dev::Addresses;

/// How often the demo looks again at what it waits for.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(super) struct Client {
    customer_id: CustomerId,
    token: String,
    addresses: Addresses,
    http: reqwest::Client,
    answers: Mutex<Vec<checker::Answer>>,
}

/// What a request about a booking was answered.
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// An amount as people write it.
    pub(super) fn display(&self, amount: &str) -> String {
        self.body[amount]["display"].as_str().unwrap_or("?").to_owned()
    }
}

impl Client {
    pub(super) fn new(addresses: &Addresses, customer_id: CustomerId, token: String) -> Self {
        let http = reqwest::Client::new();
        Self { customer_id, token, addresses: addresses.clone(), http, answers: Mutex::default() }
    }

    pub(super) fn answers(&self) -> Vec<checker::Answer> {
        self.answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Two free seats of a show that stand side by side.
    pub(super) async fn neighbours(&self, show_id: ShowId) -> anyhow::Result<[SeatId; 2]> {
        two_side_by_side(show_id, &self.get(&format!("/shows/{show_id}/seats")).await?)
    }

    pub(super) async fn are_available(&self, show_id: ShowId, seats: &[SeatId]) -> anyhow::Result<bool> {
        let map = self.get(&format!("/shows/{show_id}/seats")).await?;
        let items = map["items"].as_array().context("the list of seats is not understood")?;
        let state = |seat: &SeatId| items.iter().find(|item| item["seatId"] == seat.to_string());
        Ok(seats.iter().all(|seat| state(seat).is_some_and(|item| item["state"] == "available")))
    }

    pub(super) async fn try_to_book(&self, show_id: ShowId, seats: &[SeatId]) -> anyhow::Result<Answer> {
        let key = Uuid::new_v4().to_string();
        let body = json!({ "showId": show_id, "seatIds": seats });
        let request = self.http.post(self.api("/bookings")).header("Idempotency-Key", &key).json(&body);
        let (status, body) = self.send(request).await?;
        let id = body["id"].as_str().unwrap_or_default().to_owned();
        if let (true, Ok(booking_id)) = (status < 300, BookingId::parse(&id)) {
            let answer = checker::Answer {
                booking_id,
                idempotency_key: Some(key),
                status,
                customer_id: self.customer_id,
                state: body["state"].as_str().map(str::to_owned),
                seats: seats.to_vec(),
                at: Timestamp::now(),
            };
            self.answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(answer);
        }
        Ok(Answer { id, status, body })
    }

    pub(super) async fn book(&self, show_id: ShowId, seats: &[SeatId]) -> anyhow::Result<Answer> {
        let answer = self.try_to_book(show_id, seats).await?;
        match answer.status {
            201 => Ok(answer),
            202 => self.wait_for(&answer.id, "awaiting_payment", Duration::from_secs(20)).await,
            status => bail!("POST /bookings is answered {status}: {}", answer.body),
        }
    }

    /// Pays on the hosted page, as the page's own form does.
    pub(super) async fn pay(&self, booking: &Answer, card: &str) -> anyhow::Result<()> {
        let page = booking.body["payment"]["paymentPage"].as_str().context("there is nothing to pay")?;
        let mut page = Url::parse(page)?;
        let secret = page.query_pairs().find(|(name, _)| name == "secret").map(|(_, value)| value.into_owned());
        page.set_query(None);
        let body = json!({ "card": card, "secret": secret.unwrap_or_default() });
        // A declined card is an answer of the page, not a failure of the demo.
        self.http.post(page.clone()).json(&body).send().await.with_context(|| format!("POST {page}"))?;
        Ok(())
    }

    pub(super) async fn cancel(&self, booking_id: &str) -> anyhow::Result<()> {
        let path = format!("/bookings/{booking_id}/cancel");
        let request = self.http.post(self.api(&path)).header("Idempotency-Key", Uuid::new_v4().to_string());
        match self.send(request).await? {
            (200, _) => Ok(()),
            (status, body) => bail!("POST {path} is answered {status}: {body}"),
        }
    }

    pub(super) async fn wait_for(&self, booking_id: &str, state: &str, within: Duration) -> anyhow::Result<Answer> {
        self.wait_until(booking_id, within, state, |body| body["state"] == state).await
    }

    pub(super) async fn wait_until(
        &self,
        booking_id: &str,
        within: Duration,
        what: &str,
        wished: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Answer> {
        let deadline = Instant::now() + within;
        loop {
            let body = self.get(&format!("/bookings/{booking_id}")).await?;
            if wished(&body) {
                return Ok(Answer { id: booking_id.to_owned(), status: 200, body });
            }
            if Instant::now() > deadline {
                bail!("booking {booking_id} is not `{what}` within {within:?}: {body}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The timeline for people, with the link of the saga in the engine's web UI.
    pub(super) async fn timeline(&self, booking_id: &str) -> anyhow::Result<String> {
        let timeline = self.get(&format!("/bookings/{booking_id}/timeline")).await?;
        let items = timeline["items"].as_array().context("the timeline is not understood")?;
        let at = |item: &Value| item["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let start = items.first().and_then(at);
        let mut text = String::new();
        for item in items {
            let after = match (start, at(item)) {
                (Some(start), Some(at)) => at.duration_since(start).as_secs_f64(),
                _ => 0.0,
            };
            writeln!(text, "     +{after:>6.2} s  {}", item["text"].as_str().unwrap_or_default())?;
        }
        if !self.addresses.temporal_ui.is_empty() {
            let (ui, namespace) = (&self.addresses.temporal_ui, &self.addresses.namespace);
            write!(text, "     saga: {ui}/namespaces/{namespace}/workflows/{booking_id}")?;
        }
        Ok(text)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        match self.send(self.http.get(self.api(path))).await? {
            (200, body) => Ok(body),
            (status, body) => bail!("GET {path} is answered {status}: {body}"),
        }
    }

    fn api(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.addresses.api)
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<(u16, Value)> {
        let response = request.bearer_auth(&self.token).send().await.context("the service does not answer")?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}
