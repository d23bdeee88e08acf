//! Requests under way: measured for the metrics, and counted, because a process that stops lets them finish.

use std::sync::Arc;
use std::time::Instant;

use api::{health, simulator};
use poem::http::Method;
use poem::{Endpoint, EndpointExt, IntoResponse, PathPattern, Request, Response, Result};
use tokio::sync::watch;

/// The requests of one process. Cloning it gives another handle on the same count.
#[derive(Clone)]
pub(crate) struct Requests {
    under_way: Arc<watch::Sender<usize>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { under_way: Arc::new(watch::Sender::new(0)) }
    }
}

impl Requests {
    /// Has every request to `routes` go through here.
    pub(crate) fn around<E: Endpoint + 'static>(&self, routes: E) -> impl Endpoint<Output = Response> + 'static {
        let requests = self.clone();
        routes.around(move |next, request| {
            let requests = requests.clone();
            async move { requests.pass(next, request).await }
        })
    }

    /// Waits until none is under way.
    pub(crate) async fn finished(&self) {
        let mut under_way = self.under_way.subscribe();
        let _gone = under_way.wait_for(|count| *count == 0).await;
    }

    async fn pass<E: Endpoint>(&self, next: Arc<E>, request: Request) -> Result<Response> {
        let path = request.uri().path();
        // The simulated provider is called by sagas, which must not keep the process from stopping its sagas. Health is
        // asked for by machines, all the time; it says nothing about how customers are served.
        if path.starts_with(simulator::PREFIX) || path.starts_with(health::PREFIX) {
            return next.call(request).await.map(IntoResponse::into_response);
        }
        let _counted = Counted::among(&self.under_way);
        let (method, began) = (name_of(request.method()), Instant::now());
        let answer = next.call(request).await.map(IntoResponse::into_response);
        let (route, status) = match &answer {
            Ok(response) => (response.data::<PathPattern>().map(|found| template(&found.0)), response.status()),
            Err(error) => (None, error.status()),
        };
        let route = route.filter(|route| !route.is_empty()).unwrap_or_else(|| "(unknown)".to_owned());
        let status = status.as_u16().to_string();
        metrics::histogram!("boxoffice_http_request_duration_seconds", "method" => method, "route" => route.clone())
            .record(began.elapsed().as_secs_f64());
        metrics::counter!("boxoffice_http_requests_total", "method" => method, "route" => route, "status" => status)
            .increment(1);
        answer
    }
}

/// A request that is under way, however it ends.
struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn among(under_way: &Arc<watch::Sender<usize>>) -> Self {
        under_way.send_modify(|count| *count += 1);
        Self(Arc::clone(under_way))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// The pattern of a route without the names of its parameters, which the router makes up.
fn template(pattern: &str) -> String {
    let segment = |segment| if str::starts_with(segment, ':') { "{}" } else { segment };
    pattern.trim_end_matches('/').split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// A method's name; strangers may invent others, and each would be a time series of its own.
fn name_of(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_few_whatever_the_addresses() {
        let cases = [
            ("/api/v1/shows/:param0/seats", "/api/v1/shows/{}/seats"),
            ("/api/v1/bookings", "/api/v1/bookings"),
            ("/problems/:code/", "/problems/{}"),
            ("", ""),
        ];
        for (pattern, expected) in cases {
            assert_eq!(template(pattern), expected);
        }
    }
}
