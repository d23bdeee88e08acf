//! The pages about problems, served where every problem's `type` points.

use poem::web::Path;
use poem::{IntoResponse, Response, Result, handler};

use crate::problem::Problem;
use crate::problem_kind::{NOT_FOUND, ProblemKind};

/// The page about a kind of problem, in Markdown.
#[handler]
pub(crate) fn show(Path(code): Path<String>) -> Result<Response> {
    let kind = ProblemKind::find(&code).ok_or_else(|| Problem::new(&NOT_FOUND, "there is no problem of this code"))?;
    Ok(kind.page.with_content_type("text/markdown; charset=utf-8").into_response())
}
