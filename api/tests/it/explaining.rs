//! Every kind of problem has a page that helps, and a line in the table of statuses.

use api::problem_kind::{PROBLEM_KINDS, ProblemKind};
use poem::http::StatusCode;
use poem::test::TestClient;
use serde_json::Value;

#[test]
fn every_page_says_what_it_means_and_what_to_do() {
    for kind in PROBLEM_KINDS {
        let ProblemKind { code, status, title, page } = kind;
        assert!(page.starts_with(&format!("# `{code}`: ")), "{code}: the heading");
        assert!(page.contains(&format!("Status: {}\n", status.as_u16())), "{code}: the status");
        for section in ["## What it means\n\n", "## What to do\n\n"] {
            let text = page.split(section).nth(1).and_then(|rest| rest.split("\n## ").next());
            assert!(text.is_some_and(|text| text.trim().len() > 15), "{code}: {section}");
        }
        let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        let example: Value = serde_json::from_str(example.unwrap()).unwrap();
        assert_eq!(example["code"], *code);
        assert_eq!(example["title"], *title);
        assert_eq!(example["status"], status.as_u16());
        assert_eq!(example["type"], kind.address());
    }
}

#[test]
fn codes_are_unique_and_in_the_table_of_statuses() {
    let table = include_str!("../../../docs/http-status-codes.md");
    for kind in PROBLEM_KINDS {
        assert_eq!(ProblemKind::find(kind.code), Some(*kind), "two kinds have the code {}", kind.code);
        let line = format!("| {} | [`{code}`](problems/{code}.md) |", kind.status.as_u16(), code = kind.code);
        assert!(table.contains(&line), "docs/http-status-codes.md has no line `{line}`");
    }
}

#[tokio::test]
async fn every_page_is_served_where_its_problems_point() {
    let client = TestClient::new(api::endpoint(api::Options::default()));
    for kind in PROBLEM_KINDS {
        let response = client.get(kind.address()).send().await;
        response.assert_status_is_ok();
        response.assert_content_type("text/markdown; charset=utf-8");
        response.assert_text(kind.page).await;
    }
    client.get("/problems/bad_luck").send().await.assert_status(StatusCode::NOT_FOUND);
}
