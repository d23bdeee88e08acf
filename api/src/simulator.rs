//! The simulated payment provider's routes: its API for boxoffice and its payment page for customers. Knows how to
//! speak HTTP; what the simulator does is decided in `payments`.

use payments::simulator::wire::{
    ErrorBody, ErrorOut, IntentIn, IntentOut, ListIn, ListOut, PayIn, RefundIn, RefundOut, SecondStepIn, SettleIn,
};
use payments::simulator::{Behaviour, ControlIn, PaymentPage, Simulator, SimulatorError, refusal_page};
use poem::error::SizedLimitError;
use poem::http::{HeaderValue, StatusCode, header};
use poem::web::{Data, Form, FromRequest, Json, Path, Query, RequestBody};
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Result, Route, get, handler, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::body_limit::{NoBody, read_within};

/// The largest body that any of the routes has a use for.
const BODY_BYTES: usize = 64 * 1024;

/// Under which the simulator is served.
pub const PREFIX: &str = "/simulator";

/// The simulator's routes, to be nested under [`PREFIX`].
///
/// `/v1/...` asks for the API key as a bearer token; `/pay/...` for the secret that is part of an intent's page.
pub fn routes(simulator: Simulator) -> impl Endpoint<Output = Response> + 'static {
    let v1 = Route::new()
        .at("/intents", post(create_intent).get(list_intents))
        .at("/intents/:id", get(read_intent))
        .at("/intents/:id/cancel", post(cancel_intent))
        .at("/intents/:id/behaviour", post(set_behaviour))
        .at("/intents/:id/settle", post(settle))
        .at("/refunds", post(create_refund).get(list_refunds))
        .at("/refunds/:id", get(read_refund))
        .at("/controls", post(control));
    Route::new()
        .nest("/v1", v1.around(authorized))
        .at("/pay/:id", get(show_page).post(pay))
        .at("/pay/:id/second-step", post(second_step))
        .around(limited)
        .around(in_json)
        .data(simulator)
}

#[handler]
async fn create_intent(
    simulator: Data<&Simulator>,
    IdempotencyKey(key): IdempotencyKey,
    Json(intent): Json<IntentIn>,
) -> Result<Json<IntentOut>> {
    simulator.create_intent(key.as_deref(), &intent).await.map(Json).map_err(refused)
}

#[handler]
async fn read_intent(simulator: Data<&Simulator>, Path(id): Path<String>) -> Result<Json<IntentOut>> {
    simulator.read_intent(&id).await.map(Json).map_err(refused)
}

#[handler]
async fn list_intents(simulator: Data<&Simulator>, Query(list): Query<ListIn>) -> Result<Json<ListOut<IntentOut>>> {
    simulator.list_intents(&list).await.map(Json).map_err(refused)
}

#[handler]
async fn cancel_intent(simulator: Data<&Simulator>, Path(id): Path<String>) -> Result<Json<IntentOut>> {
    simulator.cancel_intent(&id).await.map(Json).map_err(refused)
}

#[handler]
async fn create_refund(
    simulator: Data<&Simulator>,
    IdempotencyKey(key): IdempotencyKey,
    Json(refund): Json<RefundIn>,
) -> Result<Json<RefundOut>> {
    simulator.create_refund(key.as_deref(), &refund).await.map(Json).map_err(refused)
}

#[handler]
async fn read_refund(simulator: Data<&Simulator>, Path(id): Path<String>) -> Result<Json<RefundOut>> {
    simulator.read_refund(&id).await.map(Json).map_err(refused)
}

#[handler]
async fn list_refunds(simulator: Data<&Simulator>, Query(list): Query<ListIn>) -> Result<Json<ListOut<RefundOut>>> {
    simulator.list_refunds(&list).await.map(Json).map_err(refused)
}

#[handler]
async fn set_behaviour(
    simulator: Data<&Simulator>,
    Path(id): Path<String>,
    Json(behaviour): Json<Behaviour>,
) -> Result<Json<IntentOut>> {
    simulator.set_behaviour(&id, behaviour).await.map(Json).map_err(refused)
}

#[handler]
async fn settle(
    simulator: Data<&Simulator>,
    Path(id): Path<String>,
    Json(settle): Json<SettleIn>,
) -> Result<Json<IntentOut>> {
    simulator.settle(&id, settle.outcome).await.map(Json).map_err(refused)
}

#[handler]
async fn control(simulator: Data<&Simulator>, Json(control): Json<ControlIn>) -> StatusCode {
    simulator.control(&control);
    StatusCode::NO_CONTENT
}

/// What stands behind the question mark of a payment page.
#[derive(Deserialize)]
struct PageQuery {
    #[serde(default)]
    secret: String,
    delay: Option<f64>,
}

#[handler]
async fn show_page(simulator: Data<&Simulator>, Path(id): Path<String>, Query(query): Query<PageQuery>) -> Response {
    match simulator.view_payment(&id, &query.secret).await {
        Ok(intent) => page(StatusCode::OK, &PaymentPage::of(&intent, &query.secret, query.delay, None)),
        Err(error) => page(status(&error), &refusal_page(&error)),
    }
}

#[handler]
async fn pay(
    simulator: Data<&Simulator>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
    Sent { value, json }: Sent<PayIn>,
) -> Result<Response> {
    let sent = PayIn { delay: value.delay.or(query.delay), ..value };
    match simulator.pay(&id, &sent).await {
        answer if json => answer.map(Json).map(IntoResponse::into_response).map_err(refused),
        Ok(_) | Err(SimulatorError::UnexpectedState { .. }) => Ok(see_page(&format!("{id}?secret={}", sent.secret))),
        Err(error) => Ok(try_again(&simulator, &id, &sent, &error).await),
    }
}

#[handler]
async fn second_step(
    simulator: Data<&Simulator>,
    Path(id): Path<String>,
    Sent { value, json }: Sent<SecondStepIn>,
) -> Result<Response> {
    match simulator.second_step(&id, &value).await {
        answer if json => answer.map(Json).map(IntoResponse::into_response).map_err(refused),
        Ok(_) | Err(SimulatorError::UnexpectedState { .. }) => {
            Ok(see_page(&format!("../{id}?secret={}", value.secret)))
        }
        Err(error) => Ok(page(status(&error), &refusal_page(&error))),
    }
}

/// The payment page once more, with what was wrong; without the secret only that.
async fn try_again(simulator: &Simulator, id: &str, sent: &PayIn, error: &SimulatorError) -> Response {
    match simulator.view_payment(id, &sent.secret).await {
        Ok(intent) => {
            let notice = error.to_string();
            page(status(error), &PaymentPage::of(&intent, &sent.secret, sent.delay, Some(&notice)))
        }
        Err(error) => page(status(&error), &refusal_page(&error)),
    }
}

fn page(status: StatusCode, page: &PaymentPage) -> Response {
    Response::builder()
        .status(status)
        .content_type("text/html; charset=utf-8")
        .header("Content-Security-Policy", &page.content_security_policy)
        // The address has the secret in it, so it is neither kept nor told to anybody.
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(page.html.clone())
}

/// Sends a browser to the page of the intent, so that reloading it posts nothing again. Only called with an id and a
/// secret that the simulator has made, which need no escaping.
fn see_page(location: &str) -> Response {
    Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, location).finish()
}

fn status(error: &SimulatorError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn refused(error: SimulatorError) -> poem::Error {
    if matches!(error, SimulatorError::Ledger(_) | SimulatorError::BadRow { .. }) {
        tracing::error!(error = &error as &dyn std::error::Error, "the payment simulator failed");
    }
    let (status, retry_after) = (status(&error), error.retry_after());
    let mut response = Json(error.body()).into_response();
    response.set_status(status);
    if let Some(wait) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    poem::Error::from_response(response)
}

/// The header of that name, if there is one.
struct IdempotencyKey(Option<String>);

impl<'a> FromRequest<'a> for IdempotencyKey {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self(request.header("Idempotency-Key").map(str::to_owned)))
    }
}

/// What a form or a program has sent, and whether it was a program.
struct Sent<T> {
    value: T,
    json: bool,
}

impl<'a, T: DeserializeOwned + Send> FromRequest<'a> for Sent<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let json = request.content_type().is_some_and(|kind| kind.starts_with("application/json"));
        let value =
            if json { Json::from_request(request, body).await?.0 } else { Form::from_request(request, body).await?.0 };
        Ok(Self { value, json })
    }
}

async fn authorized<E: Endpoint>(next: std::sync::Arc<E>, request: Request) -> Result<Response> {
    let simulator = request.data::<Simulator>().cloned();
    let bearer = request.header(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    match simulator {
        Some(simulator) => simulator.authorize(bearer).map_err(refused)?,
        None => return Err(refused(SimulatorError::Unauthorized)),
    }
    next.call(request).await.map(IntoResponse::into_response)
}

async fn limited<E: Endpoint>(next: std::sync::Arc<E>, mut request: Request) -> Result<Response> {
    let body = read_within(&mut request, BODY_BYTES).await.map_err(|why| match why {
        NoBody::TooLarge => poem::Error::from(SizedLimitError::PayloadTooLarge),
        NoBody::EndedEarly => poem::Error::from_string("the body ended early", StatusCode::BAD_REQUEST),
    })?;
    request.set_body(body);
    next.call(request).await.map(IntoResponse::into_response)
}

/// Brings the refusals of the router and of the extractors into the form of all others.
async fn in_json<E: Endpoint>(next: std::sync::Arc<E>, request: Request) -> Result<Response> {
    match next.call(request).await {
        Ok(answer) => Ok(answer.into_response()),
        Err(error) if error.is_from_response() => Ok(error.into_response()),
        Err(error) => {
            let body = ErrorBody { code: "invalid_request".to_owned(), message: error.to_string(), intent: None };
            let mut response = Json(ErrorOut { error: body }).into_response();
            response.set_status(error.status());
            Ok(response)
        }
    }
}
