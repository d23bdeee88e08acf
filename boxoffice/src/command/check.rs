//! `boxoffice check`: every promise against the database, the locks, the provider's ledger and the engine.

use anyhow::ensure;
use checker::Quiet;

use super::target::TargetArguments;
use crate::promises::{self, Sources};
use crate::settings::Settings;

/// Checks and prints; fails if a promise is broken.
pub(super) async fn run(settings: Settings, target: &TargetArguments) -> anyhow::Result<()> {
    let target = target.find(settings)?;
    let sources = Sources::of(&target.settings, target.folder.as_deref(), target.api.as_deref());
    if sources.api.is_none() {
        match &target.folder {
            Some(folder) => println!("boxoffice does not run on {}: its locks cannot be asked", folder.display()),
            None => println!("no API is named (--api): the locks cannot be asked"),
        }
    }
    if !sources.engine {
        println!("no engine is known: open sagas cannot be seen");
    }
    if sources.ledger.is_none() {
        println!("no ledger of the payment provider is to be read here (payments.ledger)");
    }
    let report = promises::check_sources(&target.settings, &sources, Vec::new(), Quiet::Running).await?;
    println!("{report}");
    ensure!(report.is_clean(), "a promise is broken");
    Ok(())
}
