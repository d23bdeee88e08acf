//! The edge: what happens to every request before and after its handler. A request id, one line in the log, a limit
//! for the body, problems instead of errors, and the headers that browsers are told by.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response, Result};
use tracing::Instrument;
use uuid::Uuid;

use crate::body_limit::{NoBody, read_within};
use crate::problem::{Problem, body_too_large};
use crate::problem_kind::INVALID_REQUEST;
use crate::{availability, health, import, route_table, seat_map, show_plan, simulator, webhook};

/// The header that carries the id of a request, both ways.
pub const REQUEST_ID: &str = "X-Request-Id";

/// The longest request id that is taken over from a caller, in characters.
const REQUEST_ID_CHARACTERS: usize = 128;

/// The largest body of most requests, in bytes: ten seats and a key fit many times over.
const BODY_BYTES: usize = 64 * 1024;

/// A request as it came in: routers shorten its path on the way to a handler.
#[derive(Debug, Clone)]
struct Visit {
    id: Arc<str>,
    path: Arc<str>,
}

/// Gives every request an id and a line in the log, and every answer its headers.
pub(crate) async fn observe<E: Endpoint>(next: Arc<E>, mut request: Request) -> Result<Response> {
    let visit = Visit::of(&request);
    request.set_data(visit.clone());
    let method = request.method().clone();
    let span = tracing::info_span!("http.request", request.id = %visit.id, http.method = %method);
    let began = Instant::now();
    let answered = async {
        let mut response = match next.call(request).await {
            Ok(response) => response.into_response(),
            Err(error) => render(error, &visit),
        };
        log(&response, &method, &visit, began);
        dress(response.headers_mut(), &visit);
        response
    };
    Ok(answered.instrument(span).await)
}

/// Answers errors and panics as problems.
pub(crate) async fn explain<E: Endpoint>(next: Arc<E>, request: Request) -> Result<Response> {
    let visit = Visit::find(&request);
    // The state of a request that panics is dropped with it; what requests share guards itself against poisoning.
    let error = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => return Ok(response.into_response()),
        Ok(Err(error)) => error,
        Err(panic) => Problem::internal(words_of(panic.as_ref())).into(),
    };
    Ok(render(error, &visit))
}

/// Reads the body of a request as far as it may go, so that no handler ever holds more.
pub(crate) async fn limit<E: Endpoint>(next: Arc<E>, mut request: Request) -> Result<Response> {
    let path = Visit::find(&request).path;
    let bytes = if path.starts_with(webhook::PREFIX) {
        webhook::BODY_BYTES
    } else if path.ends_with(seat_map::SUFFIX) {
        seat_map::BODY_BYTES
    } else if path.ends_with(show_plan::SUFFIX) {
        show_plan::BODY_BYTES
    } else if path.ends_with(import::SUFFIX) {
        import::BODY_BYTES
    } else {
        BODY_BYTES
    };
    let body = read_within(&mut request, bytes).await.map_err(|why| match why {
        NoBody::TooLarge => body_too_large(bytes),
        // Whoever hangs up in the middle of a body does not read this either.
        NoBody::EndedEarly => Problem::new(&INVALID_REQUEST, "the body ended early"),
    })?;
    request.set_body(body);
    next.call(request).await.map(IntoResponse::into_response)
}

/// The one place where what went wrong is logged, and what its caller is told.
fn render(error: poem::Error, visit: &Visit) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let pattern = error.data::<PathPattern>().cloned();
    let problem = Problem::of(error);
    let (kind, cause) = (problem.kind(), &problem as &dyn std::error::Error);
    if kind.status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(problem.code = kind.code, error = cause, "a request failed by a defect");
    } else if kind.status.is_server_error() {
        tracing::warn!(problem.code = kind.code, error = cause, "a request failed because a part is away");
    }
    let mut response = problem.answer(&visit.path, &visit.id);
    if kind.status == StatusCode::METHOD_NOT_ALLOWED {
        let methods = pattern.as_ref().map_or_else(|| "GET".to_owned(), |pattern| route_table::methods(&pattern.0));
        if let Ok(methods) = HeaderValue::try_from(methods) {
            response.headers_mut().insert(header::ALLOW, methods);
        }
    }
    if let Some(pattern) = pattern {
        response.set_data(pattern);
    }
    response
}

fn log(response: &Response, method: &Method, visit: &Visit, began: Instant) {
    let status = response.status().as_u16();
    let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
    // The template, never the path: lines of one route stay together, and nothing that was in an address is kept.
    let route = response.data::<PathPattern>().map_or("(unknown)".to_owned(), |found| route_table::template(&found.0));
    // Asked for all the time, by machines and by pages that show a seat map; the metrics count them. The bare address of
    // the simulator is where its clients ask whether it is there.
    let is_routine = visit.path.starts_with(health::PREFIX)
        || visit.path.ends_with(availability::SNAPSHOT)
        || *visit.path == *simulator::PREFIX;
    if is_routine && !response.status().is_server_error() {
        tracing::debug!(http.path = route, http.status = status, duration_ms, "{method} {route} answered {status}");
    } else {
        tracing::info!(http.path = route, http.status = status, duration_ms, "{method} {route} answered {status}");
    }
}

/// Adds the headers that every answer has; what a handler has said stays.
fn dress(headers: &mut HeaderMap, visit: &Visit) {
    let path = &visit.path;
    if let Ok(id) = HeaderValue::from_str(&visit.id) {
        headers.insert(REQUEST_ID, id);
    }
    let mut add = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::X_FRAME_OPTIONS, "DENY");
    add(header::REFERRER_POLICY, "no-referrer");
    if path.starts_with("/api/v1/shows") {
        // A cache may keep it and has to ask whether it is still so.
        add(header::CACHE_CONTROL, "no-cache");
    } else if path.starts_with("/api/") {
        add(header::CACHE_CONTROL, "no-store");
    }
    // The Swagger UI is a page with scripts of its own; everything else is data.
    if !path.starts_with("/docs") {
        add(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", words.unwrap_or("without a word"))
}

impl Visit {
    /// With the caller's id if it can be one, else a new one.
    fn of(request: &Request) -> Self {
        let fits = |id: &&str| (1..=REQUEST_ID_CHARACTERS).contains(&id.len()) && id.bytes().all(is_plain);
        let given = request.header(REQUEST_ID).filter(fits);
        let id = given.map_or_else(|| Uuid::now_v7().to_string().into(), Arc::from);
        Self { id, path: request.uri().path().into() }
    }

    /// The visit that [`observe`] has noted.
    fn find(request: &Request) -> Self {
        request.data().cloned().unwrap_or_else(|| Self::of(request))
    }
}

/// Whether a byte may stand in a request id: nothing that a log or a page could read as something else.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=')
}

#[cfg(test)]
mod tests {
    use poem::test::TestClient;
    use poem::{EndpointExt, Route, get, handler};

    #[handler]
    fn fail() {
        panic!("on purpose");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_whose_words_stay_here() {
        let routes = Route::new().at("/", get(fail)).around(super::explain).around(super::observe);
        let response = TestClient::new(routes).get("/").send().await;
        assert_eq!(response.0.status().as_u16(), 500);
        response.assert_content_type("application/problem+json");
        let body = response.0.into_body().into_string().await.unwrap();
        assert!(body.contains("\"internal\"") && !body.contains("on purpose"), "{body}");
    }
}
