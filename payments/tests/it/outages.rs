//! Faults of the provider as its client sees them.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use payments::simulator::{ApiEndpoint, ControlIn, SimulatorProvider};
use payments::{PaymentProvider, ProviderFault};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::harness::{Harness, euros, refund, request};

#[tokio::test]
async fn a_lost_answer_has_been_done_once() {
    let harness = Harness::start().await;
    harness.simulator.control(&ControlIn { lose_answer_next: 1, ..ControlIn::default() });
    let lost = harness.provider.request_intent(&request("lost/1")).await.unwrap_err();
    assert!(matches!(lost, ProviderFault::Unavailable { status: 500, .. }) && lost.retryable(), "{lost:?}");
    let listed = harness.provider.list_intents(Timestamp::UNIX_EPOCH, None, 10).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    let found = harness.provider.request_intent(&request("lost/1")).await.unwrap();
    assert_eq!(found, listed[0].reading);

    harness.pay(&found, "4242424242424242").await.unwrap();
    let endpoint = Some(ApiEndpoint::Refund);
    harness.simulator.control(&ControlIn { endpoint, lose_answer_next: 2, ..ControlIn::default() });
    let refund = refund(&found.intent_id, 2500, "cancelled");
    for _ in 0..2 {
        assert!(harness.provider.refund(&refund).await.unwrap_err().retryable());
    }
    harness.provider.refund(&refund).await.unwrap();
    assert_eq!(harness.provider.read_intent(&found.intent_id).await.unwrap().refunded, euros(2500));
}

#[tokio::test]
async fn a_failure_before_the_work_does_nothing() {
    let harness = Harness::start().await;
    harness.simulator.control(&ControlIn { fail_next: 2, ..ControlIn::default() });
    for _ in 0..2 {
        assert!(harness.provider.request_intent(&request("fail/1")).await.unwrap_err().retryable());
    }
    assert_eq!(harness.provider.list_intents(Timestamp::UNIX_EPOCH, None, 10).await.unwrap().items, []);
}

#[tokio::test]
async fn an_outage_says_when_to_come_back_and_ends_when_told() {
    let harness = Harness::start().await;
    let endpoint = Some(ApiEndpoint::Create);
    harness.simulator.control(&ControlIn { endpoint, unavailable_for_seconds: 60, ..ControlIn::default() });
    let away = harness.provider.request_intent(&request("away/1")).await.unwrap_err();
    assert!(matches!(away, ProviderFault::Unavailable { status: 503, .. }) && away.retryable());
    assert!(away.retry_after().is_some_and(|wait| wait > Duration::from_secs(50)), "{away:?}");
    // Other endpoints go on.
    assert!(harness.provider.list_intents(Timestamp::UNIX_EPOCH, None, 10).await.is_ok());
    harness.simulator.control(&ControlIn { endpoint, ..ControlIn::default() });
    assert!(harness.provider.request_intent(&request("away/1")).await.is_ok());
}

#[tokio::test]
async fn latency_is_waited_for() {
    let harness = Harness::start().await;
    harness.simulator.control(&ControlIn { latency_ms: 150, ..ControlIn::default() });
    let start = Instant::now();
    harness.intent().await;
    assert!(start.elapsed() >= Duration::from_millis(150));
}

fn provider_at(address: &str) -> SimulatorProvider {
    let base = format!("http://{address}/simulator").parse().expect("a URL");
    SimulatorProvider::new(base, SecretString::from("key"), SecretString::from("whsec")).expect("a client")
}

#[tokio::test]
async fn nobody_there_is_worth_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let fault = provider_at(&address).request_intent(&request("nobody/1")).await.unwrap_err();
    assert!(matches!(fault, ProviderFault::Unreachable { .. }) && fault.retryable(), "{fault:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_or_talks_nonsense_is_worth_a_retry() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let answers: [&[u8]; 3] = [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"id\":",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    ];
    for answer in answers {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(answer).await;
            }
        });
        let fault = provider_at(&address).request_intent(&request("cut/1")).await.unwrap_err();
        assert!(fault.retryable(), "{fault:?}");
    }
}
