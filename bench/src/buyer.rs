//! Somebody who buys over HTTP as quickly as a program can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use domain::ids::{SeatId, ShowId};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long a payment may take to become tickets.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(60);
/// The pause after an answer that a part is away.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How often a buyer who is alone looks whether the tickets are there: the error of what is measured.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How often one among many does, once it is about to be time: looking often would be most of what is measured.
const LOOK_AMONG_MANY_EVERY: Duration = Duration::from_millis(50);
/// How much of the usual wait one among many lets pass before it looks at all.
const FIRST_LOOK_AFTER: f64 = 0.9;

/// Somebody who buys.
#[derive(Clone)]
pub(crate) struct Buyer {
    http: Client,
    api: String,
    token: String,
    /// How long others have waited for their tickets, in microseconds; none for a buyer who is alone.
    usual_wait: Option<Arc<AtomicU64>>,
}

/// What a request for seats was answered.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The status.
    pub(crate) status: StatusCode,
    /// The booking, or the problem.
    pub(crate) body: Value,
    /// How long the answer took.
    pub(crate) took: Duration,
}

impl Asked {
    /// Fails unless there is going to be a booking, opened by now or not.
    pub(crate) fn is_under_way(&self) -> anyhow::Result<()> {
        let under_way = matches!(self.status, StatusCode::CREATED | StatusCode::ACCEPTED);
        ensure!(under_way, "a booking is answered {}: {}", self.status, self.body);
        Ok(())
    }
}

/// A client that keeps enough connections for `at_once` requests.
pub(crate) fn http(at_once: usize) -> anyhow::Result<Client> {
    Ok(Client::builder().no_proxy().pool_max_idle_per_host(at_once).timeout(Duration::from_secs(60)).build()?)
}

impl Buyer {
    /// Somebody with a token, who uses the connections of `http`.
    pub(crate) fn new(http: &Client, api: &str, token: String) -> Self {
        Self { http: http.clone(), api: api.to_owned(), token, usual_wait: None }
    }

    /// The same as one of many, who learn from each other how long the tickets take.
    pub(crate) fn among_many(self, usual_wait: &Arc<AtomicU64>) -> Self {
        Self { usual_wait: Some(Arc::clone(usual_wait)), ..self }
    }

    fn look_every(&self) -> Duration {
        if self.usual_wait.is_some() { LOOK_AMONG_MANY_EVERY } else { LOOK_EVERY }
    }

    /// Asks for seats under a key of its own; once more with the same key, as the documents say, where a part is away.
    pub(crate) async fn ask(&self, show_id: ShowId, seats: &[SeatId]) -> anyhow::Result<Asked> {
        let began = Instant::now();
        let body = json!({ "showId": show_id, "seatIds": seats });
        let key = Uuid::new_v4().simple().to_string();
        loop {
            let request = self.http.post(format!("{}/api/v1/bookings", self.api)).bearer_auth(&self.token);
            let answer = request.header("Idempotency-Key", &key).json(&body).send().await?;
            let (status, took) = (answer.status(), began.elapsed());
            if status != StatusCode::SERVICE_UNAVAILABLE || took > CONFIRMED_WITHIN {
                return Ok(Asked { status, body: answer.json().await.unwrap_or_default(), took });
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    /// Pays on the booking's page; the provider tells boxoffice by webhook.
    pub(crate) async fn pay(&self, booking: &Value) -> anyhow::Result<()> {
        let page = booking["payment"]["paymentPage"].as_str().context("there is nothing to pay")?;
        let mut page: reqwest::Url = page.parse()?;
        let secret = page.query_pairs().find(|(name, _)| name == "secret").map(|(_, secret)| secret.into_owned());
        page.set_query(None);
        let card = json!({ "card": "4242424242424242", "secret": secret });
        let paid = self.http.post(page).json(&card).send().await?;
        if !paid.status().is_success() {
            bail!("paying is answered {}: {}", paid.status(), paid.text().await.unwrap_or_default());
        }
        Ok(())
    }

    /// The booking once its payment is open, for one whose answer was that it goes on.
    pub(crate) async fn opened(&self, booking: &Value) -> anyhow::Result<Value> {
        let id = booking["id"].as_str().context("the booking has no id")?;
        let deadline = Instant::now() + CONFIRMED_WITHIN;
        loop {
            let request = self.http.get(format!("{}/api/v1/bookings/{id}", self.api)).bearer_auth(&self.token);
            let seen: Value = request.send().await?.json().await?;
            if seen["payment"]["paymentPage"].is_string() {
                return Ok(seen);
            }
            if Instant::now() > deadline {
                bail!("booking {id} is not opened: {seen}");
            }
            tokio::time::sleep(self.look_every()).await;
        }
    }

    /// Waits for the tickets.
    pub(crate) async fn is_confirmed(&self, booking: &Value) -> anyhow::Result<()> {
        let id = booking["id"].as_str().context("the booking has no id")?;
        let began = Instant::now();
        let deadline = began + CONFIRMED_WITHIN;
        if let Some(usual) = &self.usual_wait {
            let usual = Duration::from_micros(usual.load(Ordering::Relaxed));
            tokio::time::sleep(usual.mul_f64(FIRST_LOOK_AFTER)).await;
        }
        loop {
            let request = self.http.get(format!("{}/api/v1/bookings/{id}", self.api)).bearer_auth(&self.token);
            let seen: Value = request.send().await?.json().await?;
            match seen["state"].as_str() {
                Some("confirmed") => {
                    self.learn(began.elapsed());
                    return Ok(());
                }
                Some("awaiting_payment") if Instant::now() < deadline => tokio::time::sleep(self.look_every()).await,
                _ => bail!("booking {id} is not confirmed: {seen}"),
            }
        }
    }

    fn learn(&self, waited: Duration) {
        if let Some(usual) = &self.usual_wait {
            let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
            let before = usual.load(Ordering::Relaxed);
            // A sliding mean; that two may write at the same time does not matter.
            usual.store((before.saturating_mul(15).saturating_add(waited)) / 16, Ordering::Relaxed);
        }
    }

    /// Buys seats from the first request to the tickets: how long the answer took, and the tickets from when the provider
    /// has told the customer that the payment is through, which is when it sends its webhook.
    pub(crate) async fn buy(&self, show_id: ShowId, seats: &[SeatId]) -> anyhow::Result<(Duration, Duration)> {
        let asked = self.ask(show_id, seats).await?;
        let booking = match asked.status {
            StatusCode::CREATED => asked.body,
            StatusCode::ACCEPTED => self.opened(&asked.body).await?,
            status => bail!("a booking is answered {status}: {}", asked.body),
        };
        self.pay(&booking).await?;
        let began = Instant::now();
        self.is_confirmed(&booking).await?;
        Ok((asked.took, began.elapsed()))
    }
}
