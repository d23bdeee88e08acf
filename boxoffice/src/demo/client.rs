//! A client of the API: sends requests, reads answers, and shows both where they are not as they should be.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use checker::Answer;
use domain::ids::{BookingId, CustomerId, SeatId, ShowId};
use jiff::Timestamp;
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::wire::{Booking, Intent, Items, Opened, Problem, Quote, Registered, Seat, Show, Step};

/// How long one request may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long to go on asking a service that says it is away for the moment.
const AWAY_AT_MOST: Duration = Duration::from_secs(10);
/// How long to wait before looking again at something that should be there in a moment.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// How long to wait before looking again at something that takes its time.
const LOOK_LATER: Duration = Duration::from_millis(250);
/// After how many looks it is taken to take its time.
const QUICK_LOOKS: u32 = 40;

/// Somebody who buys.
pub(super) struct Buyer {
    pub(super) name: &'static str,
    pub(super) customer_id: CustomerId,
    pub(super) token: String,
}

/// The service, as its clients see it.
pub(super) struct Service {
    http: reqwest::Client,
    api: String,
    answers: Mutex<Vec<Answer>>,
}

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    request: String,
    pub(super) status: StatusCode,
    pub(super) problem: Problem,
    body: String,
}

struct Reply {
    request: String,
    status: StatusCode,
    body: String,
}

impl Service {
    pub(super) fn new(api: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        Ok(Self { http, api: format!("{}/api/v1", api.trim_end_matches('/')), answers: Mutex::default() })
    }

    /// The shows that start at `from` or later.
    pub(super) async fn shows(&self, from: Timestamp) -> anyhow::Result<Vec<Show>> {
        let request = self.http.get(format!("{}/shows", self.api));
        let request = request.query(&[("from", from.to_string()), ("limit", "200".to_owned())]);
        Ok(send(request).await?.read::<Items<Show>>()?.items)
    }

    /// The seats of a show.
    pub(super) async fn seats(&self, show_id: ShowId) -> anyhow::Result<Vec<Seat>> {
        let request = self.http.get(format!("{}/shows/{show_id}/seats", self.api));
        Ok(send(request).await?.read::<Items<Seat>>()?.items)
    }

    /// Books with a new key, and with the same one again where the service is away for the moment. What comes back is
    /// the booking once its outcome is known.
    pub(super) async fn book(&self, buyer: &Buyer, show_id: ShowId, seats: &[SeatId]) -> anyhow::Result<Booking> {
        self.book_as_wished(buyer, &json!({ "showId": show_id, "seatIds": seats }), seats).await
    }

    /// The same for whatever may be wished; `seats` are those that were chosen, if they were.
    pub(super) async fn book_as_wished(
        &self,
        buyer: &Buyer,
        wish: &Value,
        seats: &[SeatId],
    ) -> anyhow::Result<Booking> {
        let key = Uuid::new_v4().to_string();
        let give_up = Instant::now() + AWAY_AT_MOST;
        let sent = loop {
            let request = self.post("/bookings", buyer).header("Idempotency-Key", &key).json(wish);
            match send(request).await {
                Err(error) if is_away(&error) && Instant::now() < give_up => tokio::time::sleep(LOOK_LATER).await,
                sent => break sent,
            }
        };
        let answer = |status: StatusCode, booking_id, state, seats: &[SeatId]| Answer {
            booking_id,
            idempotency_key: Some(key.clone()),
            status: status.as_u16(),
            customer_id: buyer.customer_id,
            state,
            seats: seats.to_vec(),
            at: Timestamp::now(),
        };
        let reply = match sent {
            Ok(reply) => reply,
            Err(error) => {
                if let Some(refusal) = error.downcast_ref::<Refusal>() {
                    let booking_id = BookingId::for_key(buyer.customer_id, &key);
                    self.remember(answer(refusal.status, booking_id, None, seats));
                }
                return Err(error);
            }
        };
        let opened: Opened = reply.read()?;
        let seats = if seats.is_empty() { &opened.seat_ids } else { seats };
        self.remember(answer(reply.status, opened.id, opened.state.clone(), seats));
        match opened.state {
            Some(_) => reply.read(),
            None => {
                let is_known = |booking: &Booking| booking.state != "pending";
                self.wait_until(buyer, opened.id, "answered", ANSWER_WITHIN, is_known).await
            }
        }
    }

    /// Takes a booking back.
    pub(super) async fn cancel(&self, buyer: &Buyer, booking_id: BookingId) -> anyhow::Result<Booking> {
        let request = self.post(&format!("/bookings/{booking_id}/cancel"), buyer);
        let request = request.header("Idempotency-Key", Uuid::new_v4().to_string());
        send(request).await?.read()
    }

    /// Says where a buyer's mail goes.
    pub(super) async fn introduce(&self, buyer: &Buyer, email: &str) -> anyhow::Result<()> {
        let request = self.http.put(format!("{}/me/contact", self.api)).bearer_auth(&buyer.token);
        send(request.json(&json!({ "name": buyer.name, "email": email }))).await?;
        Ok(())
    }

    /// Registers somebody new.
    pub(super) async fn register(&self, name: &'static str) -> anyhow::Result<Buyer> {
        let email = format!("{}@example.org", Uuid::new_v4().simple());
        // Nobody logs in with it again.
        let wish = json!({ "name": name, "email": email, "password": Uuid::new_v4() });
        let registered: Registered =
            send(self.http.post(format!("{}/accounts", self.api)).json(&wish)).await?.read()?;
        Ok(Buyer { name, customer_id: registered.customer_id, token: registered.access.access_token })
    }

    /// Makes something new.
    pub(super) async fn create(&self, owner: &Buyer, path: &str, wish: &Value) -> anyhow::Result<Value> {
        send(self.post(path, owner).json(wish)).await?.read()
    }

    /// Draws the seats of a hall.
    pub(super) async fn draw(&self, owner: &Buyer, hall: &str, map: &'static str) -> anyhow::Result<()> {
        let request = self.http.put(format!("{}/halls/{hall}/seat-map", self.api)).bearer_auth(&owner.token);
        send(request.header("Content-Type", "text/plain").body(map)).await?;
        Ok(())
    }

    /// Asks what seats cost.
    pub(super) async fn quote(&self, wish: &Value) -> anyhow::Result<Quote> {
        send(self.http.post(format!("{}/quotes", self.api)).json(wish)).await?.read()
    }

    /// Every step of a booking.
    pub(super) async fn timeline(&self, buyer: &Buyer, booking_id: BookingId) -> anyhow::Result<Vec<Step>> {
        let request = self.get(&format!("/bookings/{booking_id}/timeline"), buyer);
        Ok(send(request).await?.read::<Items<Step>>()?.items)
    }

    /// Looks at a booking until it is as wished.
    pub(super) async fn wait_until(
        &self,
        buyer: &Buyer,
        booking_id: BookingId,
        wish: &str,
        within: Duration,
        is_so: impl Fn(&Booking) -> bool,
    ) -> anyhow::Result<Booking> {
        let give_up = Instant::now() + within;
        let mut looks = 0;
        loop {
            looks += 1;
            let reply = send(self.get(&format!("/bookings/{booking_id}"), buyer)).await?;
            let booking: Booking = reply.read()?;
            if is_so(&booking) {
                self.remember(Answer {
                    booking_id,
                    idempotency_key: None,
                    status: reply.status.as_u16(),
                    customer_id: buyer.customer_id,
                    state: Some(booking.state.clone()),
                    seats: Vec::new(),
                    at: Timestamp::now(),
                });
                return Ok(booking);
            }
            if Instant::now() > give_up {
                bail!("{booking_id} is not {wish} after {} s: {}", within.as_secs(), reply.body);
            }
            tokio::time::sleep(if looks < QUICK_LOOKS { LOOK_AGAIN } else { LOOK_LATER }).await;
        }
    }

    /// Pays on the hosted page of a booking's newest attempt, as the page itself would.
    pub(super) async fn pay(&self, booking: &Booking, card: &str) -> anyhow::Result<Intent> {
        let page = booking.payment.as_ref().and_then(|payment| payment.payment_page.as_deref());
        let page = page.with_context(|| format!("{} has no page to pay on: {booking:?}", booking.id))?;
        let mut page = Url::parse(page).with_context(|| format!("`{page}` is no address of a payment page"))?;
        let secret = page.query_pairs().find(|(name, _)| name == "secret").map(|(_, secret)| secret.into_owned());
        page.set_query(None);
        let request = self.http.post(page).json(&json!({ "card": card, "secret": secret.unwrap_or_default() }));
        send(request).await?.read()
    }

    /// What was answered until now; afterwards nothing is kept.
    pub(super) fn take_answers(&self) -> Vec<Answer> {
        std::mem::take(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn remember(&self, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    fn get(&self, path: &str, buyer: &Buyer) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.api)).bearer_auth(&buyer.token)
    }

    fn post(&self, path: &str, buyer: &Buyer) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.api)).bearer_auth(&buyer.token)
    }
}

/// Sends a request. Everything but success is an error, a [`Refusal`] where there is an answer.
async fn send(request: RequestBuilder) -> anyhow::Result<Reply> {
    let (http, request) = request.build_split();
    let request = request?;
    // What is behind the question mark may be secret.
    let mut address = request.url().clone();
    address.set_query(None);
    let name = format!("{} {address}", request.method());
    let response = http.execute(request).await.with_context(|| format!("{name} is not answered"))?;
    let status = response.status();
    let body = response.text().await.with_context(|| format!("the answer to {name} breaks off"))?;
    if status.is_success() {
        return Ok(Reply { request: name, status, body });
    }
    let problem = serde_json::from_str(&body).unwrap_or_default();
    Err(Refusal { request: name, status, problem, body }.into())
}

impl Reply {
    fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        let Self { request, status, body } = self;
        serde_json::from_str(body).with_context(|| format!("{request} is answered {status} in a form unknown: {body}"))
    }
}

/// Whether the service asks to be sent the same request again.
fn is_away(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == StatusCode::SERVICE_UNAVAILABLE)
}

impl Refusal {
    /// The refusal behind an error, if it is that seats are taken.
    pub(super) fn of_taken_seats(error: &anyhow::Error) -> Option<&Self> {
        error.downcast_ref::<Self>().filter(|refusal| refusal.problem.code == "seats_taken")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, status, problem: _, body } = self;
        write!(f, "{request} is answered {status}: {body}")
    }
}

impl std::error::Error for Refusal {}
