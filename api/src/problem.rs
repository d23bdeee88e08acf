//! Problems: how everything that goes wrong is answered (RFC 9457). The only place that gives an error a status.

use std::error::Error as StdError;
use std::fmt;

use app::AppError;
use domain::ids::SeatId;
use domain::limits::MEMBERS_PER_PARTNER;
use poem::error::{CorsError, MethodNotAllowedError, NotFoundError, ReadBodyError, ResponseError, SizedLimitError};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::error::{AuthorizationError, ContentTypeError, ParseParamError, ParseRequestPayloadError};
use poem_openapi::types::ToJSON;

use crate::id::Id;
use crate::problem_kind::{self as kind, ProblemKind};

/// The content type of every problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// After how many seconds a client may ask again that was told to.
const RETRY_AFTER_SECONDS: u64 = 1;

/// What went wrong with a request, for the caller; the cause is for the log.
#[derive(Debug)]
pub struct Problem {
    kind: &'static ProblemKind,
    detail: String,
    // In a box, so that a result that may be a problem stays small.
    members: Box<Members>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// What some kinds of problem say beside the words.
#[derive(Debug, Default)]
struct Members {
    field: Option<String>,
    seat_ids: Vec<SeatId>,
    limit: Option<i64>,
    reason: Option<&'static str>,
    after_seconds: Option<u64>,
    faults: Vec<String>,
}

/// How a request failed (RFC 9457).
#[derive(Debug, Object)]
#[oai(rename = "Problem", rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct ProblemOut {
    /// The page about problems of this kind.
    #[oai(rename = "type")]
    pub address: String,
    /// What all problems of this kind have in common.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// The stable name of the kind of problem; what a program decides by.
    pub code: String,
    /// What is wrong with this request, for a person.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// The id of the request, as in the `X-Request-Id` header; what support asks for.
    pub request_id: String,
    /// The field, parameter or header that is wrong.
    pub field: Option<String>,
    /// The seats that it is about.
    pub seat_ids: Option<Vec<Id<SeatId>>>,
    /// The limit that was passed.
    pub limit: Option<i64>,
    /// Why a show does not sell (`cancelled`, `not_yet`, `closed`, `over`), or why a booking failed (`no_price`,
    /// `payment_unavailable`, `payment_declined`, `abandoned`).
    pub reason: Option<String>,
    /// Everything that is wrong with a seat map, each with its place; at most 50.
    pub faults: Option<Vec<String>>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: &'static ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), members: Box::default(), cause: None }
    }

    /// A problem with a field, a parameter or a header.
    pub fn of_field(kind: &'static ProblemKind, field: impl Into<String>, detail: impl fmt::Display) -> Self {
        let field = field.into();
        let members = Box::new(Members { field: Some(field.clone()), ..Members::default() });
        Self { members, ..Self::new(kind, format!("`{field}` {detail}")) }
    }

    /// A problem with seats that were asked for, all of which are named.
    fn of_seats(kind: &'static ProblemKind, seat_ids: Vec<SeatId>, detail: String) -> Self {
        let members = Box::new(Members { seat_ids, field: Some("seatIds".to_owned()), ..Members::default() });
        Self { members, ..Self::new(kind, detail) }
    }

    /// A value that is none of those which a field can have.
    pub fn invalid_value(field: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self::of_field(&kind::INVALID_VALUE, field, detail)
    }

    /// A defect of the service, whose cause is for the log only.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = "something went wrong here; the request may be sent again with the same key";
        Self { cause: Some(cause.into()), ..Self::new(&kind::INTERNAL, detail) }
    }

    /// A caller who is to wait.
    pub fn too_often(after_seconds: u64, detail: impl Into<String>) -> Self {
        let members = Box::new(Members { after_seconds: Some(after_seconds), ..Members::default() });
        Self { members, ..Self::new(&kind::TOO_MANY_REQUESTS, detail) }
    }

    /// What kind of problem it is.
    pub fn kind(&self) -> &'static ProblemKind {
        self.kind
    }

    /// The field, parameter or header that is wrong, if one is.
    pub fn field(&self) -> Option<&str> {
        self.members.field.as_deref()
    }

    /// The problem that an error of the framework stands for.
    pub fn of(error: poem::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(problem) => problem,
            Err(error) => of_framework(error),
        }
    }

    /// The answer to the request for `instance` that has this id.
    pub fn answer(&self, instance: &str, request_id: &str) -> Response {
        let body = self.body(instance, request_id).to_json().unwrap_or_default().to_string();
        let mut response = body.with_content_type(CONTENT_TYPE).into_response();
        response.set_status(self.kind.status);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self.kind.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let after_seconds = self.members.after_seconds.unwrap_or(RETRY_AFTER_SECONDS);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after_seconds));
        }
        if self.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    fn body(&self, instance: &str, request_id: &str) -> ProblemOut {
        let Self { kind, detail, members, cause: _ } = self;
        let Members { field, seat_ids, limit, reason, after_seconds: _, faults } = members.as_ref();
        ProblemOut {
            address: kind.address(),
            title: kind.title.to_owned(),
            status: kind.status.as_u16(),
            code: kind.code.to_owned(),
            detail: detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            field: field.clone(),
            seat_ids: (!seat_ids.is_empty()).then(|| seat_ids.iter().copied().map(Id::from).collect()),
            limit: *limit,
            reason: reason.map(str::to_owned),
            faults: (!faults.is_empty()).then(|| faults.clone()),
        }
    }
}

impl From<AppError> for Problem {
    /// The only mapping from what a use case says to what HTTP says.
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        match error {
            AppError::Invalid { field, code, problem } => {
                // A code without a page is a defect that a test finds; the caller is answered all the same.
                let kind = ProblemKind::find(code).unwrap_or(&kind::INVALID_VALUE);
                Self::of_field(kind, field, format_args!("is refused: {problem}"))
            }
            AppError::NotFound { what: _ } => Self::new(&kind::NOT_FOUND, detail),
            AppError::SeatsTaken { seat_ids } => {
                let detail = format!("{detail}; none is held, and a new try needs a new idempotency key");
                Self::of_seats(&kind::SEATS_TAKEN, seat_ids, detail)
            }
            AppError::SeatsOfSomebody { seat_ids } => Self::of_seats(&kind::SEATS_TAKEN, seat_ids, detail),
            AppError::SeatsStranded { seat_ids } => {
                let detail = format!("{detail}; nothing is held, and a new try needs a new idempotency key");
                Self::of_seats(&kind::SEATS_STRANDED, seat_ids, detail)
            }
            AppError::NotTogether { largest } => {
                let limit = i64::try_from(largest).unwrap_or(i64::MAX);
                let members =
                    Box::new(Members { limit: Some(limit), field: Some("best".to_owned()), ..Members::default() });
                let detail = format!("{detail}; nothing is held, and a new try needs a new idempotency key");
                Self { members, ..Self::new(&kind::NOT_TOGETHER, detail) }
            }
            AppError::NotOnSale { why } => {
                let members = Box::new(Members { reason: Some(not_on_sale(why)), ..Members::default() });
                Self { members, ..Self::new(&kind::NOT_ON_SALE, detail) }
            }
            AppError::TooManyHolds { limit } => {
                let members = Box::new(Members { limit: Some(i64::from(limit)), ..Members::default() });
                let detail = format!("{detail}; pay or cancel one, and a new try needs a new idempotency key");
                Self { members, ..Self::new(&kind::TOO_MANY_HOLDS, detail) }
            }
            AppError::KeyReused => {
                Self::of_field(&kind::IDEMPOTENCY_KEY_REUSED, "Idempotency-Key", "belongs to another request")
            }
            AppError::WrongState { what: _, state: _, wish: _ } => Self::new(&kind::WRONG_STATE, detail),
            AppError::BookingFailed { reason } => {
                let members = Box::new(Members { reason: Some(reason.code()), ..Members::default() });
                Self { members, ..Self::new(&kind::BOOKING_FAILED, detail) }
            }
            AppError::Unauthenticated { problem: _ } => Self::new(&kind::UNAUTHENTICATED, detail),
            AppError::Forbidden { role: _ } => Self::new(&kind::FORBIDDEN, detail),
            AppError::WrongCredentials => Self::new(&kind::WRONG_CREDENTIALS, detail),
            AppError::EmailTaken => {
                Self::of_field(&kind::EMAIL_TAKEN, "email", "belongs to an account already: log in")
            }
            AppError::LastOwner => Self::new(&kind::LAST_OWNER, detail),
            AppError::TooManyMembers => {
                let members = Box::new(Members { limit: Some(MEMBERS_PER_PARTNER), ..Members::default() });
                Self { members, ..Self::new(&kind::TOO_MANY_MEMBERS, detail) }
            }
            AppError::Changed => Self::new(&kind::CHANGED, detail),
            AppError::SeatMapRefused { faults } => {
                let faults = faults.faults.iter().map(|fault| fault.to_string()).collect();
                let members = Box::new(Members { faults, ..Members::default() });
                Self { members, ..Self::new(&kind::SEAT_MAP_REFUSED, detail) }
            }
            AppError::SeatsInUse { seat_ids } => {
                let members = Box::new(Members { seat_ids, ..Members::default() });
                Self { members, ..Self::new(&kind::IN_USE, detail) }
            }
            AppError::InUse { what: _, by: _ } => Self::new(&kind::IN_USE, detail),
            AppError::TooManyRequests { after_seconds } => Self::too_often(after_seconds, detail),
            AppError::WebhookRefused { problem: _ } => Self::new(&kind::WEBHOOK_REFUSED, detail),
            AppError::Unavailable { part: _, source } => {
                let detail = format!("{detail} for the moment; send the same request with the same key again");
                Self { cause: Some(source), ..Self::new(&kind::UNAVAILABLE, detail) }
            }
            AppError::Internal { source } => Self::internal(source),
        }
    }
}

/// The stable name of why a show does not sell.
fn not_on_sale(why: domain::show::NotOnSale) -> &'static str {
    use domain::show::NotOnSale;
    match why {
        NotOnSale::Cancelled => "cancelled",
        NotOnSale::NotYet => "not_yet",
        NotOnSale::Closed => "closed",
        NotOnSale::Over => "over",
    }
}

/// The problem that an error stands for that no code of ours has made.
fn of_framework(error: poem::Error) -> Problem {
    let (status, detail) = (error.status(), error.to_string());
    if error.is::<NotFoundError>() {
        return Problem::new(&kind::UNKNOWN_ROUTE, "there is nothing at this address");
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(&kind::METHOD_NOT_ALLOWED, "the address knows the methods in `Allow`");
    }
    if error.is::<AuthorizationError>() {
        return Problem::new(&kind::UNAUTHENTICATED, "the `Authorization` header has no bearer token");
    }
    if error.is::<CorsError>() {
        return Problem::new(&kind::ORIGIN_NOT_ALLOWED, detail);
    }
    if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
        return Problem::of_field(&kind::INVALID_PARAMETER, *name, format_args!("is refused: {}", plain(reason)));
    }
    if let Some(ParseRequestPayloadError { reason }) = error.downcast_ref() {
        return Problem::new(&kind::INVALID_BODY, plain(reason));
    }
    if error.is::<ContentTypeError>() {
        let detail = "the `Content-Type` must be one that the operation lists: `application/json`; also `text/csv` for \
                      imports and `text/plain` for seat maps";
        return Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE, detail);
    }
    let too_large = error.downcast_ref().is_some_and(|e| matches!(e, ReadBodyError::PayloadTooLarge))
        || error.downcast_ref().is_some_and(|e| matches!(e, SizedLimitError::PayloadTooLarge));
    if too_large {
        return Problem::new(&kind::BODY_TOO_LARGE, "the body is too large");
    }
    if status.is_client_error() { Problem::new(&kind::INVALID_REQUEST, detail) } else { Problem::internal(error) }
}

/// A message of the framework without the names of the types that it was about to make.
pub(crate) fn plain(reason: &str) -> &str {
    let reason = reason.split_once(" (occurred while parsing").map_or(reason, |(reason, _types)| reason);
    match reason.strip_prefix("failed to parse \"").and_then(|rest| rest.split_once("\": ")) {
        Some((_type, reason)) => reason,
        None => reason,
    }
}

/// The problem of a body that is larger than `limit` bytes.
pub fn body_too_large(limit: usize) -> Problem {
    let members = Box::new(Members { limit: i64::try_from(limit).ok(), ..Members::default() });
    Problem { members, ..Problem::new(&kind::BODY_TOO_LARGE, format!("the body has more than {limit} bytes")) }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.kind.status
    }
}
