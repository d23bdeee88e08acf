//! Who calls: the bearer token of a request.

use app::App;
use app::identity::Caller;
use poem::{Request, Result};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use crate::problem::Problem;

/// A JSON Web Token, as `boxoffice token` mints it for development.
#[derive(SecurityScheme)]
#[oai(rename = "bearer", ty = "bearer", bearer_format = "JWT", checker = "authenticate")]
pub struct Authenticated(pub Caller);

async fn authenticate(request: &Request, bearer: Bearer) -> Result<Caller> {
    let app = request.data::<App>().ok_or_else(|| Problem::internal("the routes were built without an App"))?;
    Ok(app.authenticate(&bearer.token).map_err(Problem::from)?)
}
