//! Webhook signatures in the manner of Stripe: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<raw body>">`.
//!
//! <https://docs.stripe.com/webhooks#verify-manually>. Knows no provider's events beyond their id and subject.

use domain::limits::WEBHOOK_TOLERANCE_SECONDS;
use domain::payment::IntentId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// What a genuine webhook says: a hint that something happened, not the state of anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider's name for the event, the same in every repetition.
    pub event_id: String,
    /// What kind of thing happened, in the provider's words.
    pub kind: String,
    /// Which intent it is about, if it is about one.
    pub intent_id: Option<IntentId>,
    /// When it happened.
    pub created_at: Timestamp,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// The signature is missing, or was not made from this body with our secret.
    #[error("the webhook's signature is missing or wrong")]
    BadSignature,
    /// The signature is right and its time is too far from now, as in a recording played back.
    #[error("the webhook's timestamp is more than {WEBHOOK_TOLERANCE_SECONDS} s away from now")]
    Stale,
    /// The body is genuine and cannot be understood.
    #[error("the webhook's body is not understood: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
}

/// The signature header for a body sent at `now`.
pub fn sign(secret: &SecretString, raw_body: &[u8], now: Timestamp) -> String {
    let seconds = now.as_second().to_string();
    let signature = digest(secret, &seconds, raw_body).finalize().into_bytes();
    format!("t={seconds},v1={}", hex::encode(signature))
}

/// Checks a signature header against the body as it came over the wire. Of several `v1` signatures one must be right:
/// a provider sends two while its secret is being changed.
pub fn verify(
    secret: &SecretString,
    header: Option<&str>,
    raw_body: &[u8],
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let header = header.ok_or(WebhookRefusal::BadSignature)?;
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let seconds = parts().find(|(name, _)| *name == "t").map(|(_, value)| value).ok_or(WebhookRefusal::BadSignature)?;
    let genuine = parts()
        .filter(|(name, _)| *name == "v1")
        .filter_map(|(_, value)| hex::decode(value).ok())
        .any(|signature| digest(secret, seconds, raw_body).verify_slice(&signature).is_ok());
    if !genuine {
        return Err(WebhookRefusal::BadSignature);
    }
    // The time is part of what is signed, so only a genuine sender gets this far and text that is no number is theirs.
    let sent: i64 = seconds.parse().map_err(|_| WebhookRefusal::Malformed { reason: "t is no number".to_owned() })?;
    if sent.saturating_sub(now.as_second()).saturating_abs() > WEBHOOK_TOLERANCE_SECONDS {
        return Err(WebhookRefusal::Stale);
    }
    Ok(())
}

fn digest(secret: &SecretString, seconds: &str, raw_body: &[u8]) -> Hmac<Sha256> {
    let key = secret.expose_secret().as_bytes();
    // The key brought to one block of the hash, as RFC 2104 section 2 has it: padded, or hashed where it is longer.
    let mut block = [0_u8; 64];
    match block.get_mut(..key.len()) {
        Some(start) => start.copy_from_slice(key),
        None => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(raw_body);
    mac
}
