//! Acting on one message, as often as it takes: what is away is waited for, what is wrong is given up.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::consumer::{Consumer, Trouble};
use crate::envelope::Envelope;

/// How often a message is tried that runs into a defect. The tries span some seconds, so that a moment's mistake of
/// something else, a new version being rolled out for one, does not make dead letters.
const TRIES_OF_THE_UNEXPECTED: u32 = 6;
/// The pause after the first try; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is said in the log that a message waits.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// How a message ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It had its effect, or needs none.
    Over,
    /// Nobody can act on it, for this reason.
    Dead(String),
    /// The consumer was told to stop first; it is to come again.
    Stopped,
}

/// Acts on a message until it is over.
pub(crate) async fn act(consumer: &dyn Consumer, body: &[u8], stop: &CancellationToken) -> Ending {
    let ending = match Envelope::parse(body) {
        Ok(message) => act_on(consumer, &message, stop).await,
        Err(error) => {
            let Trouble::Poison { reason } = Trouble::from(error) else { return Ending::Stopped };
            Ending::Dead(reason)
        }
    };
    if let Ending::Dead(reason) = &ending {
        count(consumer, "dead");
        tracing::warn!(consumer = consumer.name(), reason, "a message goes to the dead letters");
    }
    ending
}

async fn act_on(consumer: &dyn Consumer, message: &Envelope, stop: &CancellationToken) -> Ending {
    let mut tries = 0_u32;
    let mut told: Option<Instant> = None;
    loop {
        // A panic is a defect like others; it must not end the work on a partition.
        let consumed = AssertUnwindSafe(consumer.consume(message)).catch_unwind().await;
        let consumed = consumed.unwrap_or_else(|_panic| Err(Trouble::Unexpected("it made the consumer panic".into())));
        let trouble = match consumed {
            Ok(consumed) => {
                count(consumer, consumed.name());
                return Ending::Over;
            }
            Err(trouble) => trouble,
        };
        tries += 1;
        match &trouble {
            Trouble::Poison { reason } => return Ending::Dead(reason.clone()),
            Trouble::Unexpected(error) if tries >= TRIES_OF_THE_UNEXPECTED => {
                let Trouble::Poison { reason } = Trouble::poison(error.as_ref()) else { return Ending::Stopped };
                return Ending::Dead(reason);
            }
            Trouble::Unexpected(_) | Trouble::ForNow(_) => {}
        }
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            let (name, id) = (consumer.name(), &message.id);
            tracing::warn!(consumer = name, message.id = id, error = &trouble as &dyn Error, "a message has to wait");
            told = Some(Instant::now());
        }
        count(consumer, "tried_again");
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries - 1)).min(LONGEST_PAUSE);
        tokio::select! {
            () = stop.cancelled() => return Ending::Stopped,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn count(consumer: &dyn Consumer, outcome: &'static str) {
    let name = consumer.name();
    metrics::counter!("boxoffice_messages_consumed_total", "consumer" => name, "outcome" => outcome).increment(1);
}
