//! `boxoffice demo`: books over HTTP, then checks every promise.

use std::path::Path;

use anyhow::bail;
use app::identity::Role;
use checker::Quiet;
use tokio_util::sync::CancellationToken;

use crate::dev::{Addresses, Dev};
use crate::promises::{self, development_token};
use crate::settings::Settings;
use crate::{demo, dev};

/// Plays the demo on the boxoffice of a data folder, starting one if none runs.
pub(super) async fn run(settings: Settings, folder: &Path) -> anyhow::Result<()> {
    let (addresses, own) = match dev::running_in(folder) {
        Some(addresses) => (addresses, None),
        None => {
            let stop = CancellationToken::new();
            let dev = Dev::build(settings.clone(), folder).await?;
            let addresses = dev.addresses().clone();
            (addresses, Some((stop.clone(), tokio::spawn(dev.run(stop)))))
        }
    };
    let settings = dev::settings_of(settings, folder)?;
    let stopped = own.is_some();
    let outcome = play(&settings, folder, &addresses).await;
    if let Some((stop, running)) = own {
        stop.cancel();
        running.await??;
    }
    let broken = outcome?;
    if stopped {
        println!(
            "\nboxoffice has stopped again. `make run` starts it on the same data, and the links above open then."
        );
    }
    match broken {
        0 => println!("\nEvery promise held."),
        count => bail!("{count} promises are broken"),
    }
    Ok(())
}

/// Plays the demo and answers how many promises are broken.
async fn play(settings: &Settings, folder: &Path, addresses: &Addresses) -> anyhow::Result<usize> {
    let token_for = |customer| development_token(settings, customer, &[Role::Customer]);
    let played = demo::run(addresses, token_for).await?;
    // Where nobody else books, everything comes to rest, and then nothing may be left over.
    let quiet = if promises::comes_to_rest(settings, addresses).await? { Quiet::Settled } else { Quiet::Running };
    let report = promises::check(settings, folder, Some(addresses), played.answers, quiet).await?;
    println!("\nWhere to look:");
    super::dev::print_addresses(addresses);
    super::dev::print_address("Mail", &dev::mail_in(folder).display().to_string());
    super::dev::print_address("Messages", &format!("{}/api/v1/admin/messages (token --admin)", addresses.api));
    println!("\nThe promises, checked against database, locks, provider's ledger and engine:\n{report}");
    Ok(report.violations.len())
}
