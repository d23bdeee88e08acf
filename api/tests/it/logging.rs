//! One line per request, by route, with nothing in it that was in the address or the headers.

use std::io;
use std::sync::{Arc, Mutex};

use api::{Options, REQUEST_ID, endpoint};
use poem::test::TestClient;
use serde_json::Value;
use tracing::instrument::WithSubscriber;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_is_one_line_by_route_and_without_secrets() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let client = TestClient::new(endpoint(Options::default()));
    let request = client
        .get("/api/v1/bookings/bkg_secretpath/timeline?secretquery=1")
        .header(REQUEST_ID, "req-17")
        .header("Authorization", "Basic secretheader");
    request.send().with_subscriber(subscriber).await;

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains("secret"), "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["fields"]["http.path"], "/api/v1/bookings/{id}/timeline");
    assert_eq!(line["fields"]["http.status"], 401);
    assert!(line["fields"]["duration_ms"].is_f64());
    assert_eq!(line["span"]["request.id"], "req-17");
    assert_eq!(line["span"]["http.method"], "GET");
}
