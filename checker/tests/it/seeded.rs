//! Making one thing wrong in a clean world, and looking for exactly that in the report.

use checker::{Evidence, Promise, Quiet, Report, check};
use sea_orm::ConnectionTrait;

use crate::world::{Files, World};

/// Something wrong, and how the report has to say so.
pub(crate) struct Seed {
    /// The promise that is broken.
    pub(crate) promise: Promise,
    /// What the violation says, in part.
    pub(crate) says: &'static str,
    /// How it is broken.
    pub(crate) wrong: Wrong,
}

/// Where something is made wrong; statements may name ids as [`World::fill`] knows them.
#[derive(Clone, Copy)]
pub(crate) enum Wrong {
    /// In the database.
    Database(&'static str),
    /// In the provider's ledger.
    Ledger(&'static str),
    /// In both, the same statement.
    Both(&'static str, &'static str),
    /// In what else is known.
    Known(fn(&mut Evidence)),
}

/// A clean world that was spoilt, and what the checker says of it.
pub(crate) async fn spoil(clean: &Files, world: &World, wrong: &[Wrong], quiet: Quiet) -> Report {
    let files = clean.copy();
    let (database, ledger) = (files.open_database().await, files.write_ledger().await);
    let mut evidence = world.evidence(database, &files.ledger()).await;
    for wrong in wrong {
        let (in_database, in_ledger) = match wrong {
            Wrong::Database(text) => (*text, ""),
            Wrong::Ledger(text) => ("", *text),
            Wrong::Both(in_database, in_ledger) => (*in_database, *in_ledger),
            Wrong::Known(change) => {
                change(&mut evidence);
                ("", "")
            }
        };
        for (db, text) in [(&evidence.database, in_database), (&ledger, in_ledger)] {
            // A statement that changes nothing would test nothing.
            for text in world.fill(text).split(';').map(str::trim).filter(|text| !text.is_empty()) {
                let done = db.execute_unprepared(text).await.unwrap_or_else(|error| panic!("`{text}`: {error}"));
                let is_change = !text.starts_with("drop") && !text.starts_with("pragma");
                assert!(!is_change || done.rows_affected() > 0, "`{text}` changed nothing");
            }
        }
    }
    check(&evidence, quiet).await.expect("checking")
}

/// Each seed is found in a world at rest, as what it is.
pub(crate) async fn check_all(seeds: &[Seed]) {
    let (clean, world) = crate::clean::build_files().await;
    let mut missed = Vec::new();
    for seed in seeds {
        let report = spoil(&clean, &world, &[seed.wrong], Quiet::Settled).await;
        let is_it =
            |violation: &&checker::Violation| violation.promise == seed.promise && violation.what.contains(seed.says);
        let broken = format!("{}  BROKEN", seed.promise);
        if report.violations.iter().find(is_it).is_none() || !report.to_string().contains(&broken) {
            missed.push(format!("{} `{}` is missing in\n{report}", seed.promise, seed.says));
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), seeds.len(), missed.join("\n\n"));
}
