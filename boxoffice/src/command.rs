//! The command line: one subcommand per role, and what operators need.

mod admin;
mod check;
mod config;
mod consume;
mod demo;
mod dev;
mod health;
mod migrate;
mod repair;
mod serve;
mod target;
mod token;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::dev::DATA_FOLDER;
use crate::logging;
use crate::settings::{Effective, ProcessRole};

/// A ticket-booking engine that cannot lose a sale.
#[derive(Debug, Parser)]
#[command(name = "boxoffice", version, about)]
pub struct Command {
    /// The configuration file; `boxoffice.toml` in the working directory if it is there.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    role: RoleCommand,
}

#[derive(Debug, Subcommand)]
enum RoleCommand {
    /// Run everything in one process: API, worker, payment simulator, and a Temporal development server.
    Dev(DataFolder),
    /// Serve the API; any number of processes may.
    Api,
    /// Run sagas, deliver webhooks and sweep; any number of processes may.
    Worker,
    /// Publish the outbox to Kafka; any number of processes may.
    Relay,
    /// Act on messages from Kafka; any number of processes may.
    Consume(consume::ConsumeArguments),
    /// Be the payment provider: the simulator as a process of its own.
    Payments,
    /// Bring the database to the newest schema, and give the engine what the sagas need.
    Migrate(migrate::MigrateArguments),
    /// Book, pay, decline, expire and race for seats over HTTP, then check every promise.
    Demo(DataFolder),
    /// Check every promise against the database, the locks, the provider's ledger and the engine.
    Check(target::TargetArguments),
    /// Tell a stuck booking to try again, or that its step has been done by hand.
    Repair(repair::RepairArguments),
    /// Make somebody who has registered an operator of the platform.
    Admin(admin::AdminArguments),
    /// Print a bearer token for development.
    Token(token::TokenArguments),
    /// Print the configuration that a process would use, without its secrets.
    Config(config::ConfigArguments),
    /// Ask the process on this machine whether it is ready.
    Health(health::HealthArguments),
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, clap::Args)]
struct DataFolder {
    /// Where the data is kept.
    #[arg(long, default_value = DATA_FOLDER)]
    data: PathBuf,
}

/// How long threads may go on when a command has ended and has given everything its time: leaving a broker that is away can
/// take for ever, and would keep the process.
const THREADS_END_WITHIN: Duration = Duration::from_secs(2);

/// Runs a command to its end.
pub fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(carry_out(command));
    runtime.shutdown_timeout(THREADS_END_WITHIN);
    outcome
}

async fn carry_out(command: Command) -> anyhow::Result<()> {
    let effective = Effective::read(command.config.as_deref())?;
    let mut settings = effective.settings()?;
    if matches!(command.role, RoleCommand::Demo(_)) {
        // The demo tells its stories itself; only what goes wrong may interrupt them.
        settings.log.filter = "warn".to_owned();
    }
    logging::start(&settings.log);
    match command.role {
        RoleCommand::Dev(folder) => dev::run(settings, &folder.data).await,
        RoleCommand::Api => serve::run(settings, ProcessRole::Api, &[]).await,
        RoleCommand::Worker => serve::run(settings, ProcessRole::Worker, &[]).await,
        RoleCommand::Relay => serve::run(settings, ProcessRole::Relay, &[]).await,
        RoleCommand::Consume(arguments) => serve::run(settings, ProcessRole::Consume, &arguments.groups()).await,
        RoleCommand::Payments => serve::run(settings, ProcessRole::Payments, &[]).await,
        RoleCommand::Migrate(arguments) => migrate::run(settings, arguments).await,
        RoleCommand::Demo(folder) => demo::run(settings, &folder.data).await,
        RoleCommand::Check(target) => check::run(settings, &target).await,
        RoleCommand::Repair(arguments) => repair::run(settings, arguments).await,
        RoleCommand::Admin(arguments) => admin::run(settings, arguments).await,
        RoleCommand::Token(arguments) => token::run(settings, &arguments),
        RoleCommand::Config(arguments) => config::run(&effective, &arguments),
        RoleCommand::Health(arguments) => health::run(&settings, arguments).await,
        RoleCommand::Openapi => {
            print!("{}", api::document());
            Ok(())
        }
    }
}
