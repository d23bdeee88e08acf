//! A simulator behind its real routes, a receiver of its webhooks, and a client.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::ids::{BookingId, PaymentId, RefundId};
use domain::money::{Currency, Money};
use domain::payment::{IntentId, IntentReading, IntentState};
use domain::refund::RefundToSend;
use jiff::Timestamp;
use payments::simulator::wire::{IntentOut, PayIn};
use payments::simulator::{Outlet, Simulator, SimulatorConfig, SimulatorError, SimulatorProvider};
use payments::{IntentToRequest, PaymentProvider, ProviderEvent};
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::{Endpoint, EndpointExt, Request, Route, Server};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

pub(crate) const API_KEY: &str = "sk_sim_test";

/// Everything around one ledger. Dropping it ends its tasks.
pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) provider: SimulatorProvider,
    pub(crate) receiver: Receiver,
    pub(crate) base: Url,
    stop: CancellationToken,
    config: SimulatorConfig,
    directory: Arc<TempDir>,
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Harness {
    /// A simulator that serves and sends.
    pub(crate) async fn start() -> Self {
        let harness = Self::without_sender().await;
        harness.start_sender();
        harness
    }

    /// A simulator that serves and sends no webhooks yet.
    pub(crate) async fn without_sender() -> Self {
        let receiver = Receiver::start().await;
        let directory = Arc::new(tempfile::tempdir().expect("a directory"));
        let config = SimulatorConfig {
            ledger: directory.path().join("a ledger?with#odd%20name.db"),
            public_url: "http://localhost:1/simulator".parse().expect("a URL"),
            outlet: Outlet::Webhook(receiver.url.clone()),
            webhook_secret: SecretString::from("whsec_test"),
            api_key: SecretString::from(API_KEY),
            clock: Timestamp::now,
        };
        Self::open(config, receiver, directory).await
    }

    async fn open(config: SimulatorConfig, receiver: Receiver, directory: Arc<TempDir>) -> Self {
        let stop = CancellationToken::new();
        let (listener, base) = listen("simulator").await;
        let simulator =
            Simulator::open(SimulatorConfig { public_url: base.clone(), ..config.clone() }).await.expect("a simulator");
        let routes = Route::new().nest(crate::routes::PREFIX, crate::routes::routes(simulator.clone()));
        serve(listener, routes, stop.clone());
        let provider = SimulatorProvider::new(base.clone(), config.api_key.clone(), config.webhook_secret.clone())
            .expect("a client");
        Self { simulator, provider, receiver, base, stop, config, directory }
    }

    pub(crate) fn start_sender(&self) {
        let (simulator, stop) = (self.simulator.clone(), self.stop.clone());
        tokio::spawn(async move { simulator.run(stop).await.expect("a sender") });
    }

    /// The same ledger in a new simulator, after the old one was stopped without ceremony.
    pub(crate) async fn restarted(self) -> Self {
        self.stop.cancel();
        let harness = Self::open(self.config.clone(), self.receiver.clone(), self.directory.clone()).await;
        harness.start_sender();
        harness
    }

    /// A new intent of 25.00 EUR.
    pub(crate) async fn intent(&self) -> IntentReading {
        self.provider.request_intent(&request(&Uuid::new_v4().to_string())).await.expect("an intent")
    }

    /// Pays an intent by card, as its page does.
    pub(crate) async fn pay(&self, intent: &IntentReading, card: &str) -> Result<IntentOut, SimulatorError> {
        self.pay_with_delay(intent, card, None).await
    }

    pub(crate) async fn pay_with_delay(
        &self,
        intent: &IntentReading,
        card: &str,
        delay: Option<f64>,
    ) -> Result<IntentOut, SimulatorError> {
        let pay = PayIn { card: card.to_owned(), choice: None, secret: secret(intent), delay };
        self.simulator.pay(intent.intent_id.as_str(), &pay).await
    }

    /// A new intent that has succeeded.
    pub(crate) async fn paid_intent(&self) -> IntentReading {
        let intent = self.intent().await;
        self.pay(&intent, "4242424242424242").await.expect("a payment");
        self.provider.read_intent(&intent.intent_id).await.expect("a reading")
    }

    /// Waits until an intent is in a state.
    pub(crate) async fn until_state(&self, intent: &IntentReading, state: IntentState) -> IntentReading {
        until(&format!("{} is {}", intent.intent_id, state.as_str()), async || {
            let reading = self.provider.read_intent(&intent.intent_id).await.expect("a reading");
            (reading.state == state).then_some(reading)
        })
        .await
    }

    /// The webhooks about an intent so far, in the order of their coming.
    pub(crate) fn received(&self, intent: &IntentReading) -> Vec<ProviderEvent> {
        let about = |event: &ProviderEvent| event.intent_id.as_ref() == Some(&intent.intent_id);
        self.receiver.accepted().iter().map(|received| self.verify(received)).filter(about).collect()
    }

    pub(crate) fn kinds(&self, intent: &IntentReading) -> Vec<String> {
        self.received(intent).into_iter().map(|event| event.kind).collect()
    }

    /// Waits until exactly these webhooks about an intent have come, in any order: several are on their way at once.
    pub(crate) async fn until_kinds(&self, intent: &IntentReading, kinds: &[&str]) {
        let mut expected = kinds.to_vec();
        expected.sort_unstable();
        until(&format!("webhooks {kinds:?}"), async || {
            let mut come = self.kinds(intent);
            come.sort_unstable();
            (come == expected).then_some(())
        })
        .await;
    }

    fn verify(&self, received: &Received) -> ProviderEvent {
        let header = |name: &str| {
            name.eq_ignore_ascii_case("boxoffice-simulator-signature").then(|| received.signature.clone()).flatten()
        };
        self.provider.verify_webhook(&header, &received.body, Timestamp::now()).expect("a genuine webhook")
    }
}

/// A request for 25.00 EUR with a key.
pub(crate) fn request(key: &str) -> IntentToRequest {
    let booking_id = BookingId::new(Uuid::from_u128(7));
    IntentToRequest {
        idempotency_key: key.to_owned(),
        booking_id,
        payment_id: PaymentId::for_booking(booking_id),
        attempt: 1,
        amount: euros(2500),
    }
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// A refund of an intent under a reason, which makes its id.
pub(crate) fn refund(intent_id: &IntentId, minor: i64, reason: &str) -> RefundToSend {
    let booking_id = BookingId::new(Uuid::from_u128(7));
    let payment_id = PaymentId::for_booking(booking_id);
    RefundToSend {
        refund_id: RefundId::for_reason(payment_id, reason),
        booking_id,
        payment_id,
        intent_id: intent_id.clone(),
        amount: euros(minor),
    }
}

/// The secret of an intent's payment page.
pub(crate) fn secret(intent: &IntentReading) -> String {
    let page: Url = intent.payment_page.as_deref().expect("a page").parse().expect("a URL");
    page.query_pairs().find(|(name, _)| name == "secret").expect("a secret").1.into_owned()
}

/// Asks until there is an answer, and fails after ten seconds.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn listen(path: &str) -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/{path}", listener.local_addr().expect("an address")).parse().expect("a URL");
    (listener, url)
}

fn serve(listener: TcpListener, routes: impl Endpoint + 'static, stop: CancellationToken) {
    let acceptor = TcpAcceptor::from_tokio(listener).expect("an acceptor");
    let serving = Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        routes,
        async move { stop.cancelled().await },
        Some(Duration::ZERO),
    );
    tokio::spawn(async move { serving.await.expect("a server") });
}

/// A webhook as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) signature: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Something that webhooks are sent to. Answers as it is told and remembers what it has accepted.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    url: Url,
    status: Arc<AtomicU16>,
    refused: Arc<Mutex<Vec<Received>>>,
    accepted: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start() -> Self {
        let (listener, url) = listen("webhooks").await;
        let receiver =
            Self { url, status: Arc::new(AtomicU16::new(204)), refused: Arc::default(), accepted: Arc::default() };
        let endpoint = poem::endpoint::make({
            let receiver = receiver.clone();
            move |request: Request| {
                let receiver = receiver.clone();
                async move { receiver.receive(request).await }
            }
        });
        // The receiver ends with the test's runtime.
        serve(listener, Route::new().at("/webhooks", poem::post(endpoint.boxed())), CancellationToken::new());
        receiver
    }

    async fn receive(&self, request: Request) -> StatusCode {
        let signature = request.header("boxoffice-simulator-signature").map(str::to_owned);
        let body = request.into_body().into_vec().await.expect("a body");
        let status = StatusCode::from_u16(self.status.load(Ordering::SeqCst)).expect("a status");
        let memory = if status.is_success() { &self.accepted } else { &self.refused };
        memory.lock().expect("a memory").push(Received { signature, body });
        status
    }

    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn accepted(&self) -> Vec<Received> {
        self.accepted.lock().expect("a memory").clone()
    }

    pub(crate) fn refused(&self) -> Vec<Received> {
        self.refused.lock().expect("a memory").clone()
    }
}
