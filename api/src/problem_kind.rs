//! Every kind of problem that the API answers: its status, its title and its page of the documentation.

use poem::http::StatusCode;

/// A kind of problem, known to clients by its code. A code is never given another meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// The stable code.
    pub code: &'static str,
    /// The status that it is answered with.
    pub status: StatusCode,
    /// What all problems of the kind have in common, in a few words.
    pub title: &'static str,
    /// The page of the documentation, in Markdown.
    pub page: &'static str,
}

impl ProblemKind {
    /// The kind with a code, if there is one.
    pub fn find(code: &str) -> Option<&'static Self> {
        PROBLEM_KINDS.iter().copied().find(|kind| kind.code == code)
    }

    /// Where the page is served.
    pub fn address(&self) -> String {
        format!("/problems/{}", self.code)
    }
}

macro_rules! problem_kinds {
    ($($name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $title, ".")]
            pub static $name: ProblemKind = ProblemKind {
                code: $code,
                status: StatusCode::$status,
                title: $title,
                page: include_str!(concat!("../../docs/problems/", $code, ".md")),
            };
        )*

        /// Every kind, by status and code.
        pub static PROBLEM_KINDS: &[&ProblemKind] = &[$(&$name),*];
    };
}

problem_kinds! {
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid", BAD_REQUEST, "The idempotency key cannot be one";
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing", BAD_REQUEST, "The idempotency key is missing";
    INVALID_BODY = "invalid_body", BAD_REQUEST, "The body has not the form that is asked for";
    INVALID_ID = "invalid_id", BAD_REQUEST, "An id has not the form of one";
    INVALID_PARAMETER = "invalid_parameter", BAD_REQUEST, "A parameter cannot be read";
    INVALID_REQUEST = "invalid_request", BAD_REQUEST, "The request cannot be read";
    MALFORMED_JSON = "malformed_json", BAD_REQUEST, "The body is not JSON";
    WEBHOOK_REFUSED = "webhook_refused", BAD_REQUEST, "The webhook is not believed";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "The caller is not known";
    WRONG_CREDENTIALS = "wrong_credentials", UNAUTHORIZED, "The address or the password is wrong";
    FORBIDDEN = "forbidden", FORBIDDEN, "The caller may not do this";
    ORIGIN_NOT_ALLOWED = "origin_not_allowed", FORBIDDEN, "The page may not call this service";
    NOT_FOUND = "not_found", NOT_FOUND, "There is no such thing";
    UNKNOWN_ROUTE = "unknown_route", NOT_FOUND, "There is nothing at this address";
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "The address does not know this method";
    BOOKING_FAILED = "booking_failed", CONFLICT, "The booking could not be made";
    IN_USE = "in_use", CONFLICT, "Something else needs it";
    EMAIL_TAKEN = "email_taken", CONFLICT, "There is an account with this address";
    LAST_OWNER = "last_owner", CONFLICT, "A partner needs an owner";
    NOT_TOGETHER = "not_together", CONFLICT, "There are not as many seats together";
    NOT_ON_SALE = "not_on_sale", CONFLICT, "The show does not sell";
    SEATS_STRANDED = "seats_stranded", CONFLICT, "The seats would leave others single";
    SEATS_TAKEN = "seats_taken", CONFLICT, "Some of the seats are taken";
    TOO_MANY_HOLDS = "too_many_holds", CONFLICT, "There are too many open bookings";
    TOO_MANY_MEMBERS = "too_many_members", CONFLICT, "The partner has too many members";
    WRONG_STATE = "wrong_state", CONFLICT, "It is in another state";
    CHANGED = "changed", PRECONDITION_FAILED, "Somebody else has changed it";
    BODY_TOO_LARGE = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "The body is of a kind that is not read here";
    ACCOUNT_UNKNOWN = "account_unknown", UNPROCESSABLE_ENTITY, "There is no such account";
    BOOKING_HAS_TICKETS = "booking_has_tickets", UNPROCESSABLE_ENTITY, "The booking has tickets";
    DUPLICATE_SEAT = "duplicate_seat", UNPROCESSABLE_ENTITY, "A seat is listed twice";
    EMPTY_SEATS = "empty_seats", UNPROCESSABLE_ENTITY, "No seat is listed";
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The key belongs to another request";
    INVALID_VALUE = "invalid_value", UNPROCESSABLE_ENTITY, "A value cannot be right";
    NOTE_MISSING = "note_missing", UNPROCESSABLE_ENTITY, "The note is missing";
    SEAT_MAP_REFUSED = "seat_map_refused", UNPROCESSABLE_ENTITY, "The seat map has faults";
    SEATS_UNKNOWN = "seats_unknown", UNPROCESSABLE_ENTITY, "The show has not all of the seats";
    SHOW_UNKNOWN = "show_unknown", UNPROCESSABLE_ENTITY, "There is no such show";
    TOO_MANY_SEATS = "too_many_seats", UNPROCESSABLE_ENTITY, "Too many seats are listed";
    WEAK_PASSWORD = "weak_password", UNPROCESSABLE_ENTITY, "The password is too easy to guess";
    TOO_MANY_REQUESTS = "too_many_requests", TOO_MANY_REQUESTS, "It is asked for too often";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something went wrong";
    TOO_MANY_STREAMS = "too_many_streams", SERVICE_UNAVAILABLE, "There are too many streams";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "A part that is needed is away";
}
