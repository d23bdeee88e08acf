//! The HTTP API: extract, call a use case, convert. Knows the wire and nothing behind the use cases.

pub mod booking;
pub mod booking_out;
pub mod booking_seat;
pub mod booking_state;
pub mod payment;
pub mod refund;
pub mod ticket;
pub mod timeline;

pub mod account;
pub mod contact;
pub mod partner;
pub mod session;

pub mod availability;
pub mod browse;
pub mod event;
pub mod fee;
pub mod import;
pub mod offer;
pub mod offer_calendar;
pub mod offer_scope;
pub mod quote;
pub mod seat_map;
pub mod show;
pub mod show_booking;
pub mod show_cancel;
pub mod show_plan;
pub mod show_seat;
pub mod single_seat;
pub mod venue;

pub mod admin;
pub mod health;
pub mod message;
pub mod notice;
pub mod simulator;
pub mod webhook;

pub mod auth;
pub mod body;
pub mod etag;
pub mod id;
pub mod idempotency;
pub mod moment;
pub mod money;
pub mod tags;

pub mod problem;
pub mod problem_kind;

pub mod refusal;

mod body_limit;
mod edge;
mod problem_page;
mod public_keys;
mod route_table;
mod throttle;

use std::pin::Pin;
use std::sync::Arc;

use app::App;
use payments::simulator::Simulator;
use poem::http::{Method, header};
use poem::middleware::Cors;
use poem::{Endpoint, EndpointExt, Response, Route, get};
use poem_openapi::OpenApiService;

pub use crate::edge::REQUEST_ID;
pub use crate::throttle::Limits;
use crate::throttle::Throttle;

/// What of the API is a matter of configuration.
#[derive(Default)]
pub struct Options {
    /// The origins whose pages may call the API from a browser (`https://tickets.example`); none switches CORS off.
    /// Where it is on, the service's own origin has to be listed too for its Swagger UI to work.
    pub cors_origins: Vec<String>,
    /// How many requests of one client and of one account are answered.
    pub limits: Limits,
    /// The simulated payment provider, to be served under `/simulator`.
    pub simulator: Option<Simulator>,
}

/// All operations of the document.
type Routes = (
    booking::BookingRoutes,
    show::ShowRoutes,
    availability::AvailabilityRoutes,
    webhook::WebhookRoutes,
    admin::AdminRoutes,
    message::MessageRoutes,
    notice::NoticeRoutes,
    account::AccountRoutes,
    session::SessionRoutes,
    contact::ContactRoutes,
    partner::PartnerRoutes,
    venue::VenueRoutes,
    (event::EventRoutes, import::ImportRoutes),
    (
        show_plan::ShowPlanRoutes,
        show_cancel::ShowCancelRoutes,
        show_booking::ShowBookingRoutes,
        seat_map::SeatMapRoutes,
        offer::OfferRoutes,
        fee::FeeRoutes,
        quote::QuoteRoutes,
    ),
    browse::BrowseRoutes,
    health::HealthRoutes,
);

/// Everything that is served over HTTP.
pub fn routes(app: App, options: Options) -> impl Endpoint<Output = Response> + 'static {
    endpoint(options).data(app)
}

/// The OpenAPI document, as JSON that ends with a line break.
pub fn document() -> String {
    service().spec() + "\n"
}

/// Everything that is served over HTTP, for a request that brings its [`App`] along.
///
/// Parsing and refusing need no use case, so this much can be tried without one.
pub fn endpoint(options: Options) -> impl Endpoint<Output = Response> + 'static {
    let Options { cors_origins, limits, simulator } = options;
    let throttle = Arc::new(Throttle::new(limits));
    let service = service();
    let mut route = Route::new()
        .at("/openapi.json", get(service.spec_endpoint()))
        .nest("/docs", service.swagger_ui())
        .at("/problems/:code", get(problem_page::show))
        .at("/.well-known/jwks.json", get(public_keys::show))
        .nest("/", service.around(edge::limit));
    if let Some(simulator) = simulator {
        route = route.nest(simulator::PREFIX, simulator::routes(simulator));
    }
    let explained = route.around(throttle::limit).around(edge::explain).data(throttle);
    explained.with_if(!cors_origins.is_empty(), cors(cors_origins)).around(edge::observe)
}

fn service() -> OpenApiService<Routes, ()> {
    let routes = (
        booking::BookingRoutes,
        show::ShowRoutes,
        availability::AvailabilityRoutes,
        webhook::WebhookRoutes,
        admin::AdminRoutes,
        message::MessageRoutes,
        notice::NoticeRoutes,
        account::AccountRoutes,
        session::SessionRoutes,
        contact::ContactRoutes,
        partner::PartnerRoutes,
        venue::VenueRoutes,
        (event::EventRoutes, import::ImportRoutes),
        (
            show_plan::ShowPlanRoutes,
            show_cancel::ShowCancelRoutes,
            show_booking::ShowBookingRoutes,
            seat_map::SeatMapRoutes,
            offer::OfferRoutes,
            fee::FeeRoutes,
            quote::QuoteRoutes,
        ),
        browse::BrowseRoutes,
        health::HealthRoutes,
    );
    OpenApiService::new(routes, "boxoffice", env!("CARGO_PKG_VERSION"))
        .summary("Books seats, and cannot lose a sale.")
        .description(DESCRIPTION)
}

const DESCRIPTION: &str = "\
One call books seats: it holds them, opens the payment and answers with the outcome. What happens next is up to the \
customer, the payment provider and the clock, and ends in exactly one of two ways: tickets, or everything taken back.

Every failure is a problem document (RFC 9457) with a stable `code`, whose page is at `/problems/{code}`. Every \
request of a buyer that makes or moves money carries an `Idempotency-Key`; sending it again with the same key is always \
safe.";

/// Keeps a use case where it is in memory: without that, each layer between the socket and the operation would carry the
/// largest of them along, and move it.
fn boxed<F: Future>(use_case: F) -> Pin<Box<F>> {
    Box::pin(use_case)
}

fn cors(origins: Vec<String>) -> Cors {
    Cors::new()
        .allow_origins(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER])
        .expose_header(REQUEST_ID)
}
