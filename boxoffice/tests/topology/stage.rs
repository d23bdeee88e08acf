//! How these tests set their stage: with the binary that is shipped.

use testkit::{Cast, Stage};

/// Starts `apis` and `workers` and the payment provider.
pub(crate) async fn set(apis: usize, workers: usize) -> Stage {
    Stage::set(cast(apis, workers)).await
}

/// Starts them with Kafka: `relays`, `consumers`, and somebody who takes their mail.
pub(crate) async fn set_listening(apis: usize, workers: usize, relays: usize, consumers: usize) -> Stage {
    Stage::set(cast(apis, workers).listening(relays, consumers)).await
}

/// Starts one process of each kind with a payment provider that is reached by message alone, whose intents are paid as
/// `collect` says.
pub(crate) async fn set_paying_by_message(collect: &str) -> Stage {
    let told = [("REACHED_BY", "messages"), ("COLLECT", collect)];
    let environment = told.map(|(name, value)| (format!("BOXOFFICE_PAYMENTS__{name}"), value.to_owned())).into();
    Stage::set(Cast { environment, ..cast(1, 1).listening(1, 1) }).await
}

fn cast(apis: usize, workers: usize) -> Cast {
    Cast::new(env!("CARGO_BIN_EXE_boxoffice"), apis, workers)
}
