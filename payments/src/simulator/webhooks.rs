//! Sending events from the ledger's queue, by webhook or by message, and waking up for what settles by itself. Decides
//! no payment.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::error::SimulatorError;
use super::event::{self, Delivery};
use super::ledger::bad_row;
use super::wire::EventOut;
use super::{EventOutlet, Outlet, SIGNATURE_HEADER, Simulator};
use crate::webhook::sign;

/// How many webhooks are on their way at the same time.
const IN_FLIGHT: usize = 16;

/// How long a receiver may take to answer.
const ANSWER_SECONDS: u64 = 10;

/// The wait before the second try; it doubles with every further one.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The longest where they are messages: a broker is away for everybody, and back for everybody.
const LONGEST_WAIT_OF_MESSAGES: Duration = Duration::from_secs(5);

/// How long after its event a webhook is given up (Stripe's: three days).
const GIVE_UP_MILLIS: i64 = 3 * 24 * 60 * 60 * 1000;

/// How soon a ledger that could not be read is tried again.
const LEDGER_WAIT: Duration = Duration::from_secs(1);

/// One copy of one event.
type CopyKey = (String, i64);

/// What is on its way, each with the intent that it is about.
type OnTheWay = HashMap<CopyKey, String>;

/// Sends and settles until `stop` is cancelled.
pub(super) async fn run(simulator: &Simulator, stop: CancellationToken) -> Result<(), SimulatorError> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(ANSWER_SECONDS))
        .build()
        .map_err(SimulatorError::Sender)?;
    let mut on_the_way = OnTheWay::new();
    let mut sends: JoinSet<CopyKey> = JoinSet::new();
    loop {
        let wait = match start_due(simulator, &client, &mut on_the_way, &mut sends).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the simulator's ledger failed, trying again");
                LEDGER_WAIT
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = simulator.inner.work.notified() => {}
            Some(done) = sends.join_next(), if !sends.is_empty() => match done {
                Ok(copy) => {
                    on_the_way.remove(&copy);
                }
                Err(error) => {
                    // Which one it was is not known, so all are looked at again: a copy too many is allowed.
                    tracing::error!(error = &error as &dyn std::error::Error, "a webhook's task died");
                    on_the_way.clear();
                }
            },
            () = tokio::time::sleep(wait) => {}
        }
    }
    // What is on its way is cut off and stays in the queue; the receiver has to bear a second copy anyway.
    sends.shutdown().await;
    Ok(())
}

/// Settles and sends what is due; answers how long there is nothing more to do.
async fn start_due(
    simulator: &Simulator,
    client: &reqwest::Client,
    on_the_way: &mut OnTheWay,
    sends: &mut JoinSet<CopyKey>,
) -> Result<Duration, SimulatorError> {
    simulator.settle_due().await?;
    let reader = simulator.inner.ledger.reader();
    let now = simulator.now().as_millisecond();
    let mut next = event::next_settlement(reader).await?;
    for delivery in event::queue(reader, 2 * IN_FLIGHT).await? {
        if delivery.due_at > now {
            next = Some(next.map_or(delivery.due_at, |next| next.min(delivery.due_at)));
            break;
        }
        let copy = (delivery.event_id.clone(), delivery.copy);
        // A full house is looked at again as soon as one send is done; so is an intent whose last message is on its way:
        // they are published in the order in which things happened.
        let has_to_wait = |intent: &String| {
            *intent == delivery.intent_id && matches!(simulator.inner.config.outlet, Outlet::Messages(_))
        };
        if on_the_way.len() < IN_FLIGHT && !on_the_way.contains_key(&copy) && !on_the_way.values().any(has_to_wait) {
            on_the_way.insert(copy.clone(), delivery.intent_id.clone());
            let (simulator, client) = (simulator.clone(), client.clone());
            sends.spawn(async move {
                send(&simulator, &client, &delivery).await;
                copy
            });
        }
    }
    let wait = next.map_or(3_600_000, |due_at| due_at.saturating_sub(now).clamp(0, 3_600_000));
    Ok(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
}

/// Sends one event and writes down what came of it.
async fn send(simulator: &Simulator, client: &reqwest::Client, delivery: &Delivery) {
    let written = match &simulator.inner.config.outlet {
        Outlet::Webhook(url) => send_webhook(simulator, client, url, delivery).await,
        Outlet::Messages(outlet) => send_message(simulator, outlet.as_ref(), delivery).await,
    };
    if let Err(error) = written {
        tracing::warn!(
            event.id = delivery.event_id,
            error = &error as &dyn std::error::Error,
            "what came of an event was not written down; it is sent again"
        );
    }
}

async fn send_webhook(
    simulator: &Simulator,
    client: &reqwest::Client,
    url: &Url,
    delivery: &Delivery,
) -> Result<(), SimulatorError> {
    let secret = &simulator.inner.config.webhook_secret;
    let answer = client
        .post(url.clone())
        .header(SIGNATURE_HEADER, sign(secret, delivery.body.as_bytes(), simulator.now()))
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(delivery.body.clone())
        .send()
        .await;
    let now = simulator.now();
    let reader = simulator.inner.ledger.reader();
    match answer {
        Ok(answer) if answer.status().is_success() => {
            event::delivered(reader, delivery, Some(answer.status().as_u16()), now).await
        }
        Ok(answer) => {
            let status = answer.status().as_u16();
            event::not_delivered(reader, delivery, Some(status), webhook_wait(delivery, now), now).await
        }
        Err(error) => {
            tracing::debug!(event.id = delivery.event_id, error = &error as &dyn std::error::Error, "no webhook went");
            event::not_delivered(reader, delivery, None, webhook_wait(delivery, now), now).await
        }
    }
}

/// Publishes an event; it is tried for as long as it takes, as nobody else can tell what it tells.
async fn send_message(
    simulator: &Simulator,
    outlet: &dyn EventOutlet,
    delivery: &Delivery,
) -> Result<(), SimulatorError> {
    let event: EventOut = serde_json::from_str(&delivery.body).map_err(|error| bad_row(error.to_string()))?;
    let published = outlet.publish(&event).await;
    let now = simulator.now();
    let reader = simulator.inner.ledger.reader();
    match published {
        Ok(()) => event::delivered(reader, delivery, None, now).await,
        Err(error) => {
            if delivery.tries == 0 {
                tracing::warn!(event.id = delivery.event_id, %error, "an event could not be published, trying again");
            }
            let wait = doubled(delivery.tries).min(LONGEST_WAIT_OF_MESSAGES);
            event::not_delivered(reader, delivery, None, Some(wait), now).await
        }
    }
}

/// How long to wait after a failed try; none when the event is too old to be told.
fn webhook_wait(delivery: &Delivery, now: Timestamp) -> Option<Duration> {
    let is_old = now.as_millisecond().saturating_sub(delivery.created_at) > GIVE_UP_MILLIS;
    (!is_old).then(|| doubled(delivery.tries).min(LONGEST_WAIT))
}

fn doubled(tries: i64) -> Duration {
    let doublings = u32::try_from(tries).unwrap_or(u32::MAX);
    let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor)
}
