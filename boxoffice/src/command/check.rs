//! `boxoffice check`: every promise against the database, the locks, the provider's ledger and the engine.

use anyhow::ensure;
use app::engine::Engine;
use checker::Quiet;

use super::target::TargetArguments;
use crate::promises::{self, Sources};
use crate::settings::Settings;

/// Checks and prints; fails if a promise is broken.
pub(super) async fn run(settings: Settings, target: &TargetArguments) -> anyhow::Result<()> {
    let target = target.find(settings)?;
    let mut sources = Sources::of(&target.settings, target.folder.as_deref(), target.api.as_deref());
    if sources.api.is_none() {
        match &target.folder {
            Some(folder) => println!("boxoffice does not run on {}: its locks cannot be asked", folder.display()),
            None => println!("no API is named (--api): the locks cannot be asked"),
        }
    }
    if sources.engine && !engine_answers(&target.settings).await? {
        sources.engine = false;
        println!("the engine does not answer: open sagas cannot be seen");
    } else if !sources.engine {
        println!("no engine is known: open sagas cannot be seen");
    }
    if sources.ledger.is_none() {
        println!("no ledger of the payment provider is to be read here (payments.ledger)");
    }
    let settings = &target.settings;
    let check =
        |sources: Sources| async move { promises::check_sources(settings, &sources, Vec::new(), Quiet::Running).await };
    let report = match check(sources.clone()).await {
        // The API, or its locks, may be away; everything else can still be checked.
        Err(error) if sources.api.is_some() => {
            println!("the locks cannot be asked: {error:#}");
            check(Sources { api: None, ..sources }).await?
        }
        outcome => outcome?,
    };
    println!("{report}");
    ensure!(report.is_clean(), "a promise is broken");
    Ok(())
}

async fn engine_answers(settings: &Settings) -> anyhow::Result<bool> {
    Ok(Engine::new(settings.engine_config()?, "boxoffice-check").ping().await.is_ok())
}
