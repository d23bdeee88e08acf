//! Health: whether the process lives, and whether the parts that it needs are there. Tells nothing else to strangers.

use app::App;
use app::readiness::Readiness;
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

/// Whether each part that requests need is there.
#[derive(Debug, Object)]
#[oai(rename = "Readiness", rename_all = "camelCase")]
pub struct ReadinessOut {
    /// The database; without it nothing is served.
    pub database: PartState,
    /// The engine; without it bookings can be read and not made.
    pub engine: PartState,
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
    /// Every request can be served.
    #[oai(status = 200)]
    Ready(Json<ReadinessOut>),
    /// Some requests cannot be served.
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

    /// Ask whether every request can be served
    #[oai(path = "/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self, app: Data<&App>) -> ReadyAnswer {
        app.ready().await.into()
    }
}

impl From<Readiness> for ReadyAnswer {
    fn from(readiness: Readiness) -> Self {
        let ready = readiness.is_ready();
        let Readiness { database, engine } = readiness;
        let out = ReadinessOut { database: state("database", database), engine: state("engine", engine) };
        if ready { Self::Ready(Json(out)) } else { Self::NotReady(Json(out)) }
    }
}

/// What a part said is for the log: it may name addresses.
fn state(part: &str, said: Result<(), String>) -> PartState {
    match said {
        Ok(()) => PartState::Up,
        Err(error) => {
            tracing::warn!(part, error, "a part that requests need is away");
            PartState::Away
        }
    }
}
