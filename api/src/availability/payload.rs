//! What is made before it is asked for, as the payload of an operation: a prepared body, and a stream of events.

use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use app::availability::{Heard, Subscription, Told};
use bytes::Bytes;
use futures::stream::{self, Stream};
use poem::http::{HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use super::rendering::{opening, render_change, render_picture};
use super::{AvailabilityChangesOut, AvailabilityOut};

/// After how much silence a stream says that it is still there: proxies cut what is silent for longer, often after 60 s.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The JSON of a `T` that was made before.
pub struct Ready<T> {
    json: Bytes,
    of: PhantomData<fn() -> T>,
}

impl<T> Ready<T> {
    pub(super) fn new(json: Bytes) -> Self {
        Self { json, of: PhantomData }
    }
}

impl<T: Type> Payload for Ready<T> {
    const CONTENT_TYPE: &'static str = "application/json; charset=utf-8";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> IntoResponse for Ready<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type(Self::CONTENT_TYPE).body(self.json)
    }
}

/// The events of a subscription.
pub struct Events(Subscription);

impl Events {
    pub(super) fn of(subscription: Subscription) -> Self {
        Self(subscription)
    }
}

impl Payload for Events {
    const CONTENT_TYPE: &'static str = "text/event-stream";

    fn schema_ref() -> MetaSchemaRef {
        let data = MetaSchema {
            one_of: vec![AvailabilityOut::schema_ref(), AvailabilityChangesOut::schema_ref()],
            ..MetaSchema::ANY
        };
        let schema = MetaSchema {
            description: Some("The `data` of the events: of a `snapshot` the first, of `changes` the second."),
            items: Some(Box::new(MetaSchemaRef::Inline(Box::new(data)))),
            ..MetaSchema::new_with_format("array", "event-stream")
        };
        MetaSchemaRef::Inline(Box::new(schema))
    }

    fn register(registry: &mut Registry) {
        AvailabilityOut::register(registry);
        AvailabilityChangesOut::register(registry);
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let body = Body::from_bytes_stream(events(self.0));
        let mut response = Response::builder().content_type(Self::CONTENT_TYPE).body(body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx collects what it passes on unless it is told not to.
        headers.insert("X-Accel-Buffering", HeaderValue::from_static("no"));
        response
    }
}

fn events(subscription: Subscription) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let begun = (subscription, true);
    stream::unfold(begun, |(mut subscription, first)| async move {
        if first {
            let opening = opening(subscription.number());
            return Some((Ok(opening), (subscription, false)));
        }
        let bytes = match subscription.next(HEARTBEAT).await {
            Heard::Told(Told::Snapshot(picture)) => picture.rendered.once(|| render_picture(&picture)).event.clone(),
            Heard::Told(Told::Changes(change)) => change.rendered.once(|| render_change(&change)).event.clone(),
            Heard::Silence => Bytes::from_static(b":\n\n"),
            Heard::End => return None,
        };
        Some((Ok(bytes), (subscription, false)))
    })
}
