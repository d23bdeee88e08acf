//! Outages on demand: what the simulator's API is told to do to whoever asks it next. Kept in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::hold::later;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::SimulatorError;

/// A part of the API that can be made to fail alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiEndpoint {
    /// Creating intents.
    Create,
    /// Reading an intent or a refund.
    Read,
    /// Cancelling intents.
    Cancel,
    /// Refunding.
    Refund,
    /// Listing intents and refunds.
    List,
}

/// An order to misbehave. It replaces the one that was given before for the same endpoint; an empty one ends it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlIn {
    /// Which endpoint; all of them, if none is named.
    pub endpoint: Option<ApiEndpoint>,
    /// For how long every call is answered with 503, in seconds.
    pub unavailable_for_seconds: u32,
    /// How long every call waits before anything is done.
    pub latency_ms: u64,
    /// How many calls are answered with 500, with nothing done.
    pub fail_next: u32,
    /// How many calls are done and then answered with 500.
    pub lose_answer_next: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Controls {
    orders: Mutex<HashMap<Option<ApiEndpoint>, Order>>,
}

#[derive(Debug)]
struct Order {
    unavailable_until: Timestamp,
    latency: Duration,
    fail_next: u32,
    lose_answer_next: u32,
}

/// What is to be done to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Proceed,
    Unavailable { seconds: u32 },
    Fail,
    LoseAnswer,
}

impl Controls {
    pub(crate) fn give(&self, control: &ControlIn, now: Timestamp) {
        let ControlIn { endpoint, unavailable_for_seconds, latency_ms, fail_next, lose_answer_next } = control;
        let order = Order {
            unavailable_until: later(now, i64::from(*unavailable_for_seconds)),
            latency: Duration::from_millis(*latency_ms),
            fail_next: *fail_next,
            lose_answer_next: *lose_answer_next,
        };
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).insert(*endpoint, order);
    }

    /// Does `work` as the orders for `endpoint` say: late, not at all, or without a good word about it.
    pub(crate) async fn obey<T>(
        &self,
        endpoint: ApiEndpoint,
        now: Timestamp,
        work: impl Future<Output = Result<T, SimulatorError>>,
    ) -> Result<T, SimulatorError> {
        let (latency, verdict) = self.judge(endpoint, now);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match verdict {
            Verdict::Proceed => work.await,
            Verdict::Unavailable { seconds } => Err(SimulatorError::Unavailable { retry_after_seconds: seconds }),
            Verdict::Fail => Err(SimulatorError::ToldToFail),
            Verdict::LoseAnswer => {
                let answer = work.await;
                tracing::info!(work.ok = answer.is_ok(), "the simulator loses an answer, as told");
                Err(SimulatorError::ToldToFail)
            }
        }
    }

    fn judge(&self, endpoint: ApiEndpoint, now: Timestamp) -> (Duration, Verdict) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latency = Duration::ZERO;
        for scope in [Some(endpoint), None] {
            let Some(order) = orders.get_mut(&scope) else { continue };
            latency = latency.max(order.latency);
            if now < order.unavailable_until {
                let rest = order.unavailable_until.as_second().saturating_sub(now.as_second()).max(1);
                return (latency, Verdict::Unavailable { seconds: u32::try_from(rest).unwrap_or(u32::MAX) });
            }
            if order.fail_next > 0 {
                order.fail_next -= 1;
                return (latency, Verdict::Fail);
            }
            if order.lose_answer_next > 0 {
                order.lose_answer_next -= 1;
                return (latency, Verdict::LoseAnswer);
            }
        }
        (latency, Verdict::Proceed)
    }
}
