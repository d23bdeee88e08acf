//! Which webhooks are believed.

use domain::limits::WEBHOOK_TOLERANCE_SECONDS;
use jiff::Timestamp;
use payments::WebhookRefusal::{self, BadSignature, Malformed, Stale};
use payments::simulator::SimulatorProvider;
use payments::webhook::{sign, verify};
use payments::{PaymentProvider, ProviderEvent};
use secrecy::SecretString;

const BODY: &[u8] =
    br#"{"id":"evt_sim_1","kind":"intent.succeeded","created_at":"2027-01-15T08:00:00Z","intent":{"id":"pi_sim_1"}}"#;

const EXPECTED: &str = "t=1800000000,v1=77b7eef0d31630eb2979f9c5a7773983688ccf849f9d5a79d0a01c0a8bbaffa0";
const EXPECTED_LONG: &str = "t=1800000000,v1=68406dc17b05401543cc55ff55c459994255b9f81f0b911cdc959cb70ad3ac52";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a moment")
}

fn check(header: Option<&str>, body: &[u8], now: Timestamp) -> Result<ProviderEvent, WebhookRefusal> {
    let base = "http://127.0.0.1:1/simulator".parse().expect("a URL");
    let provider = SimulatorProvider::new(base, SecretString::from("key"), SecretString::from("whsec")).unwrap();
    let headers = |name: &str| {
        assert_eq!(name, "Boxoffice-Simulator-Signature");
        header.map(str::to_owned)
    };
    provider.verify_webhook(&headers, body, now)
}

#[test]
fn a_genuine_one_is_read() {
    let header = sign(&SecretString::from("whsec"), BODY, at(0));
    let event = check(Some(&header), BODY, at(1)).unwrap();
    assert_eq!(event.event_id, "evt_sim_1");
    assert_eq!(event.kind, "intent.succeeded");
    assert_eq!(event.intent_id.unwrap().as_str(), "pi_sim_1");
    assert_eq!(event.created_at, "2027-01-15T08:00:00Z".parse().unwrap());
}

#[test]
fn the_signature_is_what_others_compute() {
    // printf '1800000000.{}' | openssl dgst -sha256 -hmac whsec
    let header = sign(&SecretString::from("whsec"), b"{}", at(0));
    assert_eq!(header, EXPECTED);
    // A key longer than a block of the hash takes another path.
    let long = SecretString::from("k".repeat(100));
    assert_eq!(sign(&long, b"{}", at(0)), EXPECTED_LONG);
    assert_eq!(verify(&long, Some(EXPECTED_LONG), b"{}", at(0)), Ok(()));
}

#[test]
fn what_is_not_signed_by_us_is_refused() {
    let good = sign(&SecretString::from("whsec"), BODY, at(0));
    let other = sign(&SecretString::from("other"), BODY, at(0));
    let later = good.replace("t=1800000000", "t=1800000001");
    let changed = [BODY, b" "].concat();
    for (header, body) in [
        (None, BODY),
        (Some(""), BODY),
        (Some("t=1800000000"), BODY),
        (Some("t=1800000000,v1="), BODY),
        (Some("t=1800000000,v1=zz"), BODY),
        (Some(good.trim_start_matches("t=1800000000,")), BODY),
        (Some(&good[..good.len() - 2]), BODY),
        (Some(other.as_str()), BODY),
        (Some(later.as_str()), BODY),
        (Some(good.as_str()), changed.as_slice()),
    ] {
        assert_eq!(check(header, body, at(0)), Err(BadSignature), "{header:?}");
    }
}

#[test]
fn one_right_signature_of_two_is_enough() {
    let good = sign(&SecretString::from("whsec"), BODY, at(0));
    let other = sign(&SecretString::from("other"), BODY, at(0));
    let both = format!("{other},{}", good.trim_start_matches("t=1800000000,"));
    assert!(check(Some(&both), BODY, at(0)).is_ok());
}

#[test]
fn a_recording_is_stale_in_either_direction() {
    let header = sign(&SecretString::from("whsec"), BODY, at(0));
    for (now, stale) in [
        (WEBHOOK_TOLERANCE_SECONDS, false),
        (WEBHOOK_TOLERANCE_SECONDS + 1, true),
        (-WEBHOOK_TOLERANCE_SECONDS, false),
        (-WEBHOOK_TOLERANCE_SECONDS - 1, true),
    ] {
        assert_eq!(check(Some(&header), BODY, at(now)).err(), stale.then_some(Stale), "{now}");
    }
    // Whoever cannot sign learns nothing about the clock.
    assert_eq!(check(Some("t=1,v1=00"), BODY, at(0)), Err(BadSignature));
}

#[test]
fn a_genuine_one_that_makes_no_sense_is_malformed() {
    for body in [&b"not json"[..], b"{}", br#"{"id":"evt","kind":"k","created_at":"yesterday"}"#] {
        let header = sign(&SecretString::from("whsec"), body, at(0));
        assert!(matches!(check(Some(&header), body, at(0)), Err(Malformed { .. })));
    }
}
