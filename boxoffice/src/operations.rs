//! What every process that serves tells those who watch it, on a listener of its own: whether it lives, whether it is
//! ready, its metrics. Has no authentication and tells nothing about anybody.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use app::readiness::{Readiness, Watch};
use metrics_exporter_prometheus::PrometheusHandle;
use poem::http::StatusCode;
use poem::web::{Data, Json};
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Route, get, handler};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::application::serve;
use crate::metrics::recorder;
use crate::workers::Heart;

/// How often the parts are looked at for the metrics, whoever else asks.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long a probe that is being answered may keep the process from ending.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// The listener, not yet served.
pub struct Operations {
    listener: TcpListener,
    address: SocketAddr,
    metrics: PrometheusHandle,
}

impl Operations {
    /// Takes the address.
    pub async fn bind(listen: SocketAddr) -> anyhow::Result<Self> {
        // Before the parts are made: some say how they are when they are made, and once only.
        let metrics = recorder()?;
        let bound = TcpListener::bind(listen).await;
        let listener = bound
            .with_context(|| format!("operations.listen {listen} cannot be used (BOXOFFICE_OPERATIONS__LISTEN)"))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, metrics })
    }

    /// Takes the address, or any port that is free: a second clone beside this one is no trouble.
    pub async fn bind_preferring(listen: SocketAddr) -> anyhow::Result<Self> {
        match Self::bind(listen).await {
            Ok(operations) => Ok(operations),
            Err(_taken) => Self::bind((Ipv4Addr::LOCALHOST, 0).into()).await,
        }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is cancelled.
    pub(crate) fn serve(
        self,
        watch: Watch,
        heart: Heart,
        stop: CancellationToken,
    ) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
        let metrics = self.metrics;
        let routes = routes(watch.clone(), heart, metrics.clone());
        let server = serve("operations", self.listener, routes, stop.clone(), STOP_WITHIN)?;
        Ok(async move {
            let mut look = tokio::time::interval(LOOK_EVERY);
            look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = stop.cancelled() => break,
                    _ = look.tick() => {
                        gauge(&watch.look().await);
                        metrics.run_upkeep();
                    }
                }
            }
            let _stopped = server.await;
        })
    }
}

fn routes(watch: Watch, heart: Heart, metrics: PrometheusHandle) -> impl Endpoint<Output = Response> + 'static {
    Route::new()
        .at("/health/live", get(live))
        .at("/health/ready", get(ready))
        .at("/metrics", get(tell_metrics))
        .data(watch)
        .data(heart)
        .data(metrics)
        .map_to_response()
}

fn gauge(readiness: &Readiness) {
    for (part, there) in &readiness.parts {
        let up = if *there { 1.0 } else { 0.0 };
        metrics::gauge!("boxoffice_dependency_up", "dependency" => part.name()).set(up);
    }
}

#[handler]
fn live(heart: Data<&Heart>) -> Response {
    let (status, process) =
        if heart.beats() { (StatusCode::OK, "up") } else { (StatusCode::SERVICE_UNAVAILABLE, "stuck") };
    Json(json!({ "process": process })).with_status(status).into_response()
}

#[handler]
async fn ready(watch: Data<&Watch>) -> Response {
    let readiness = watch.look().await;
    let status = if readiness.serves() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = Map::from_iter([("status".to_owned(), Value::from(readiness.status.name()))]);
    for (part, there) in readiness.parts {
        body.insert(part.name().to_owned(), if there { "up" } else { "away" }.into());
    }
    Json(body).with_status(status).into_response()
}

#[handler]
fn tell_metrics(metrics: Data<&PrometheusHandle>) -> Response {
    Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.render())
}
