//! Bare handlers: what the same HTTP server does when it does next to nothing.

use std::net::SocketAddr;

use anyhow::Context;
use poem::http::{StatusCode, header};
use poem::listener::TcpListener;
use poem::web::{Data, Json};
use poem::{Body, EndpointExt, IntoResponse, Response, Route, Server, get, handler, post};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};

/// Where the refusals of the bare server are asked for.
pub(crate) const REFUSING: &str = "/refuse";
/// Where its bytes are to be had.
pub(crate) const READING: &str = "/read";

/// Refuses after one call to Redis, which is told which seats are wanted.
#[handler]
async fn refuse(redis: Data<&MultiplexedConnection>, Json(wish): Json<Value>) -> poem::Result<Response> {
    let mut redis = redis.clone();
    let seat = wish["seatIds"][0].as_str().unwrap_or_default();
    let owner: Option<String> = redis.hget("bench:bare", seat).await.map_err(poem::error::InternalServerError)?;
    let problem =
        json!({ "title": "The seats are taken", "status": 409, "code": "seats_taken", "seatIds": [seat], "by": owner });
    Ok(Json(problem).with_status(StatusCode::CONFLICT).into_response())
}

/// Answers the bytes it was started with.
#[handler]
async fn read(bytes: Data<&Bytes>) -> Response {
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Body::from(bytes.0.0.clone()))
}

#[derive(Clone)]
struct Bytes(bytes::Bytes);

/// Serves both at `listen` until the process is killed. `file` has the bytes.
pub(crate) async fn serve(listen: SocketAddr, redis: &str, file: &std::path::Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let connection = redis::Client::open(redis)?.get_multiplexed_async_connection().await.context("Redis is away")?;
    let routes =
        Route::new().at(REFUSING, post(refuse)).at(READING, get(read)).data(connection).data(Bytes(text.into()));
    Server::new(TcpListener::bind(listen)).run(routes).await?;
    Ok(())
}
