//! `boxoffice dev`: everything in one process.

use std::path::Path;
use std::time::Instant;

use crate::dev::{Addresses, Dev};
use crate::settings::Settings;
use crate::stop;

/// Runs until it is told to stop.
pub(super) async fn run(settings: Settings, folder: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let stop = stop::on_signal()?;
    let dev = Dev::build(settings, folder).await?;
    println!("boxoffice is ready after {:.1} s:", started.elapsed().as_secs_f64());
    print_addresses(dev.addresses());
    if let Some(operations) = dev.operations() {
        print_address("Health, metrics", operations);
    }
    println!(
        "\nA token to call it with: boxoffice token. Ctrl-C stops everything; the data stays in {}.",
        folder.display()
    );
    dev.run(stop).await?;
    println!("boxoffice has stopped.");
    Ok(())
}

pub(super) fn print_addresses(addresses: &Addresses) {
    for (name, address) in addresses.lines() {
        print_address(name, address);
    }
}

pub(super) fn print_address(name: &str, address: &str) {
    println!("  {name:<18} {address}");
}
