//! Refusals: a problem as the error of an operation, with the statuses that the operation's documentation lists.

use std::marker::PhantomData;

use app::AppError;
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;

use crate::problem::{CONTENT_TYPE, Problem, ProblemOut};

/// Why an operation was not done; `S` says which statuses that may have.
#[derive(Debug)]
pub struct Refusal<S> {
    problem: Problem,
    statuses: PhantomData<fn() -> S>,
}

/// The statuses of the problems that an operation may answer.
pub trait Statuses: 'static {
    /// The statuses.
    const STATUSES: &'static [u16];
}

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident: $($status:literal)*;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl Statuses for $name {
            const STATUSES: &'static [u16] = &[$($status),*];
        }
    )*};
}

statuses! {
    /// Listing what everybody may read.
    Browsing: 400 429 500 503;
    /// Reading what everybody may read.
    Open: 400 404 429 500 503;
    /// Listing what belongs to the caller.
    Listing: 400 401 429 500 503;
    /// Reading what belongs to the caller.
    Owned: 400 401 404 429 500 503;
    /// Saying something of oneself.
    Introducing: 400 401 413 415 429 500 503;
    /// Showing who one is.
    Entering: 400 401 409 413 415 422 429 500 503;
    /// Looking at what belongs to a partner.
    Planning: 400 401 403 404 429 500 503;
    /// Changing what belongs to a partner.
    Editing: 400 401 403 404 409 412 413 415 422 429 500 503;
    /// Deleting what belongs to a partner and nothing needs.
    Deleting: 400 401 403 404 409 412 429 500 503;
    /// Importing, whose things are refused one by one.
    Importing: 400 401 403 404 413 415 422 429 500 503;
    /// Calling off what belongs to a partner.
    CallingOff: 400 401 403 404 413 415 422 429 500 503;
    /// Saying who somebody is, or may be.
    Governing: 400 401 403 404 409 413 415 422 429 500 503;
    /// Asking what something costs.
    Asking: 400 404 409 413 415 422 429 500 503;
    /// Buying.
    Buying: 400 401 409 413 415 422 429 500 503;
    /// Moving a booking along.
    Moving: 400 401 404 409 413 429 500 503;
    /// Looking at what only operators see.
    Watching: 400 401 403 429 500 503;
    /// Stepping in.
    Operating: 400 401 403 404 409 413 415 422 429 500 503;
    /// Telling what happened to a payment.
    Telling: 400 404 413 429 500 503;
}

impl<S: Statuses> ApiResponse for Refusal<S> {
    fn meta() -> MetaResponses {
        let response = |status: &u16| MetaResponse {
            description: description(*status),
            status: Some(*status),
            status_range: None,
            content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: ProblemOut::schema_ref() }],
            headers: vec![],
        };
        MetaResponses { responses: S::STATUSES.iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        ProblemOut::register(registry);
    }
}

fn description(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read; `code` and `field` say what is wrong with it.",
        401 => "There is no bearer token, or it is not valid.",
        403 => "The caller has not the role that this needs.",
        404 => "There is no such thing, or the caller may not know of it.",
        409 => "It cannot be done as things stand: the seats are taken, the show does not sell, the state is another.",
        412 => "Somebody else has changed it since it was read.",
        413 => "The body is too large.",
        415 => "The `Content-Type` is none of those that the operation reads.",
        422 => "The request can be read and cannot be right.",
        429 => "It is asked for too often; the same request may be sent again after `Retry-After` seconds.",
        503 => "A part that is needed is away; the same request may be sent again after `Retry-After` seconds.",
        _ => "Something went wrong here; `requestId` finds it in the log.",
    }
}

impl<S> From<AppError> for Refusal<S> {
    fn from(error: AppError) -> Self {
        Problem::from(error).into()
    }
}

impl<S> From<Problem> for Refusal<S> {
    fn from(problem: Problem) -> Self {
        Self { problem, statuses: PhantomData }
    }
}

impl<S> From<Refusal<S>> for poem::Error {
    fn from(refusal: Refusal<S>) -> Self {
        refusal.problem.into()
    }
}
