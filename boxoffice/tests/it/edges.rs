//! Which crate may use which. Any other edge is a mistake in the architecture, or a decision to be written down there.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Who may use whom, as in `ARCHITECTURE.md`; none for a crate that may use all.
fn allowed() -> BTreeMap<&'static str, Option<Vec<&'static str>>> {
    BTreeMap::from([
        ("domain", Some(vec![])),
        ("workflows", Some(vec!["domain"])),
        ("store", Some(vec!["domain"])),
        ("locks", Some(vec!["domain"])),
        ("payments", Some(vec!["domain"])),
        ("migrations", Some(vec![])),
        ("app", Some(vec!["domain", "workflows", "store", "locks", "payments"])),
        ("activities", Some(vec!["domain", "workflows", "store", "locks", "payments", "app"])),
        ("messaging", Some(vec!["domain", "store", "payments", "app"])),
        ("notices", Some(vec!["domain", "store"])),
        ("api", Some(vec!["domain", "app", "messaging", "payments"])),
        ("checker", Some(vec!["domain"])),
        ("boxoffice", None),
        ("testkit", None),
        ("faults", None),
        ("bench", None),
    ])
}

#[test]
fn crates_use_only_those_they_may() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let ours: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let allowed = allowed();
    assert_eq!(ours, allowed.keys().map(|name| (*name).to_owned()).collect(), "every crate is in the table");
    for package in &metadata.packages {
        let Some(may_use) = &allowed[package.name.as_str()] else { continue };
        let uses = package.dependencies.iter().filter(|it| it.kind == DependencyKind::Normal);
        for dependency in uses.filter(|it| ours.contains(&it.name)) {
            assert!(may_use.contains(&dependency.name.as_str()), "{} uses {}", package.name, dependency.name);
        }
        let tested_with = package.dependencies.iter().filter(|it| it.kind == DependencyKind::Development);
        if ["domain", "workflows", "locks"].contains(&package.name.as_str()) {
            assert!(tested_with.into_iter().all(|it| it.name != "testkit"), "{} uses testkit", package.name);
        }
    }
}

/// What `workflows` may depend on: nothing in this list can do I/O, read a clock of its own, or start a thread.
const OF_WORKFLOWS: [&str; 8] = [
    "domain",
    "futures",
    "jiff",
    "serde",
    "temporalio-common-wasm",
    "temporalio-macros",
    "temporalio-protos",
    "temporalio-workflow",
];

#[test]
fn workflows_have_nothing_to_do_io_with() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let workflows = metadata.packages.iter().find(|package| package.name.as_str() == "workflows").unwrap();
    let uses: BTreeSet<&str> = workflows
        .dependencies
        .iter()
        .filter(|it| it.kind == DependencyKind::Normal)
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(uses, BTreeSet::from(OF_WORKFLOWS));
}
