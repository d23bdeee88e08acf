//! The routes of the document: which methods an address knows, and how it is written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use poem_openapi::OpenApi;

use crate::Routes;

struct Entry {
    template: String,
    methods: Vec<String>,
}

/// Every address of the document, by its form without the names of its parameters.
static TABLE: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let paths = <Routes as OpenApi>::meta().into_iter().flat_map(|api| api.paths);
    let mut table = BTreeMap::new();
    for path in paths {
        let template = path.path.clone();
        let entry = table.entry(form(&template)).or_insert(Entry { template, methods: Vec::new() });
        entry.methods.extend(path.operations.iter().map(|operation| operation.method.to_string()));
    }
    table
});

/// The methods that the address of a pattern knows, as in an `Allow` header. What is not in the document is only read.
pub(crate) fn methods(pattern: &str) -> String {
    TABLE.get(&form(pattern)).map_or_else(|| "GET".to_owned(), |entry| entry.methods.join(", "))
}

/// The pattern as the document writes it.
pub(crate) fn template(pattern: &str) -> String {
    TABLE.get(&form(pattern)).map_or_else(|| pattern.to_owned(), |entry| entry.template.clone())
}

/// A path without the names of its parameters, whichever way they are marked.
fn form(path: &str) -> String {
    let segment = |segment: &str| if segment.starts_with([':', '{']) { "{}" } else { segment }.to_owned();
    path.trim_end_matches('/').split('/').map(segment).collect::<Vec<_>>().join("/")
}
