//! Health: whether the process lives, and whether the parts that it needs are there. Tells nothing else to strangers.

use app::readiness::{Part, Readiness, Status, Watch};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use crate::tags::Tag;

/// Under which path health is asked for.
pub const PREFIX: &str = "/health/";

/// The operations of those who watch the process.
pub struct HealthRoutes;

/// The process lives.
#[derive(Debug, Object)]
#[oai(rename = "Liveness", rename_all = "camelCase")]
pub struct LivenessOut {
    /// Always `up`: who cannot answer does not.
    pub process: PartState,
}

/// How the process stands, and whether each part that requests need is there.
#[derive(Debug, Object)]
#[oai(rename = "Readiness", rename_all = "camelCase")]
pub struct ReadinessOut {
    /// How it stands.
    pub status: StatusOut,
    /// The database; without it nothing is served.
    pub database: PartState,
    /// The engine; without it bookings can be read and not made.
    pub engine: PartState,
    /// The seat locks; without them refusals take longer.
    pub locks: PartState,
    /// The payment provider; without it nothing can be paid.
    #[oai(skip_serializing_if_is_none)]
    pub provider: Option<PartState>,
}

/// How the process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Status", rename_all = "snake_case")]
pub enum StatusOut {
    /// Every request can be served.
    Ready,
    /// A part is away; what can be done without it is served.
    Degraded,
    /// The process is about to stop.
    Draining,
    /// The database is away.
    Away,
}

/// Whether a part is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "PartState", rename_all = "snake_case")]
pub enum PartState {
    /// It is.
    Up,
    /// It is not.
    Away,
}

/// What readiness is answered.
#[derive(Debug, ApiResponse)]
pub enum ReadyAnswer {
    /// Requests are served, at least those that only read.
    #[oai(status = 200)]
    Ready(Json<ReadinessOut>),
    /// Nothing can be served, or soon nothing will be.
    #[oai(status = 503)]
    NotReady(Json<ReadinessOut>),
}

#[OpenApi(prefix_path = "/health", tag = "Tag::Health")]
impl HealthRoutes {
    /// Ask whether the process lives
    #[oai(path = "/live", method = "get", operation_id = "getLiveness")]
    async fn live(&self) -> Json<LivenessOut> {
        Json(LivenessOut { process: PartState::Up })
    }

    /// Ask whether requests are served
    ///
    /// While the engine, the seat locks or the payment provider is away the answer is still 200, `degraded`: a load
    /// balancer that turned away from here would take reading and availability away as well.
    #[oai(path = "/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self, watch: Data<&Watch>) -> ReadyAnswer {
        watch.look().await.into()
    }
}

impl From<Readiness> for ReadyAnswer {
    fn from(readiness: Readiness) -> Self {
        let serves = readiness.serves();
        let Readiness { status, parts } = readiness;
        let state = |part| parts.get(&part).map(|there| if *there { PartState::Up } else { PartState::Away });
        // What this process does not talk to cannot be missed by its callers.
        let needed = |part| state(part).unwrap_or(PartState::Up);
        let out = ReadinessOut {
            status: status.into(),
            database: needed(Part::Database),
            engine: needed(Part::Engine),
            locks: needed(Part::Locks),
            provider: state(Part::Provider),
        };
        if serves { Self::Ready(Json(out)) } else { Self::NotReady(Json(out)) }
    }
}

impl From<Status> for StatusOut {
    fn from(status: Status) -> Self {
        match status {
            Status::Ready => Self::Ready,
            Status::Degraded => Self::Degraded,
            Status::Draining => Self::Draining,
            Status::Away => Self::Away,
        }
    }
}
