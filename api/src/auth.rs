//! Who calls: the bearer token of a request.

use std::sync::Arc;

use app::App;
use app::identity::{Caller, Intent};
use poem::http::Method;
use poem::{Request, Result};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use crate::problem::Problem;
use crate::throttle::Throttle;

/// A JSON Web Token: the access token of a log-in, or one that `boxoffice token` mints for development.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = "authenticate")]
pub struct Authenticated(pub Caller);

async fn authenticate(request: &Request, bearer: Bearer) -> Result<Caller> {
    let app = request.data::<App>().ok_or_else(|| Problem::internal("the routes were built without an App"))?;
    let intent = match *request.method() {
        Method::GET | Method::HEAD => Intent::Read,
        _ => Intent::Change,
    };
    let caller = app.authenticate(&bearer.token, intent).await.map_err(Problem::from)?;
    if let Some(throttle) = request.data::<Arc<Throttle>>() {
        throttle.check_account(caller.customer_id)?;
    }
    Ok(caller)
}
