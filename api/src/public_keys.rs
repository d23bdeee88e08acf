//! The public keys that access tokens are signed with, for others who want to know whom a token stands for.

use app::App;
use poem::web::{Data, Json};
use poem::{IntoResponse, Response, handler};

/// For how long others may keep the keys, in seconds: a secret that is replaced goes on being read for longer.
const KEEP: &str = "public, max-age=300";

/// The keys, as a JSON Web Key Set (RFC 7517).
#[handler]
pub(crate) fn show(app: Data<&App>) -> Response {
    Json(app.public_keys()).with_header("Cache-Control", KEEP).into_response()
}
