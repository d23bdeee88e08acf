//! `boxoffice config`: what a process would use, without the secrets.

use clap::ValueEnum;

use crate::settings::{Effective, ProcessRole};

#[derive(Debug, clap::Args)]
pub(super) struct ConfigArguments {
    /// Also check what this role needs, as it does at its start.
    #[arg(long = "check")]
    role: Option<RoleChoice>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleChoice {
    Api,
    Worker,
    Payments,
    Relay,
    Consume,
}

/// Prints the configuration; fails if a role is named that could not run with it.
pub(super) fn run(effective: &Effective, arguments: &ConfigArguments) -> anyhow::Result<()> {
    print!("{}", effective.show());
    let settings = effective.settings()?;
    let role = match arguments.role {
        None => return Ok(()),
        Some(RoleChoice::Api) => ProcessRole::Api,
        Some(RoleChoice::Worker) => ProcessRole::Worker,
        Some(RoleChoice::Payments) => ProcessRole::Payments,
        Some(RoleChoice::Relay) => ProcessRole::Relay,
        Some(RoleChoice::Consume) => ProcessRole::Consume,
    };
    settings.validate(&[role])
}
