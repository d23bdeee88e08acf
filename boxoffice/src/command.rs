//! The command line: one subcommand per role.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use app::identity::Role;
use checker::Quiet;
use clap::{Parser, Subcommand, ValueEnum};
use domain::ids::{BookingId, CustomerId};
use store::{DatabaseConfig, Store};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::dev::{Addresses, DATA_FOLDER, Dev};
use crate::promises::{self, development_token};
use crate::settings::Settings;
use crate::{demo, dev, logging};

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
    /// Book, pay, decline, expire and race for seats over HTTP, then check every promise.
    Demo(DataFolder),
    /// Bring the database to the newest schema.
    Migrate(DataFolder),
    /// Check every promise against the database, the locks, the provider's ledger and the engine.
    Check(DataFolder),
    /// Tell a stuck booking to try again, or that its step has been done by hand.
    Repair(RepairArguments),
    /// Print a bearer token for development.
    Token(TokenArguments),
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, clap::Args)]
struct DataFolder {
    /// Where the data is kept.
    #[arg(long, default_value = DATA_FOLDER)]
    data: PathBuf,
}

#[derive(Debug, clap::Args)]
struct RepairArguments {
    /// The booking.
    booking: BookingId,
    /// What to tell its saga.
    action: RepairChoice,
    /// Where the booking ends, with `resolve`; where it was going if not given.
    #[arg(long = "as")]
    end: Option<EndChoice>,
    /// Why; kept in the audit log and on the timeline.
    #[arg(long)]
    note: String,
    #[command(flatten)]
    folder: DataFolder,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RepairChoice {
    Retry,
    Resolve,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EndChoice {
    Expired,
    Failed,
    Cancelled,
}

#[derive(Debug, clap::Args)]
struct TokenArguments {
    /// For whom; somebody new if not given.
    #[arg(long)]
    customer: Option<CustomerId>,
    /// For an operator.
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    folder: DataFolder,
}

/// Runs a command to its end.
pub async fn run(command: Command) -> anyhow::Result<()> {
    let mut settings = Settings::load(command.config.as_deref())?;
    if matches!(command.role, RoleCommand::Demo(_)) {
        // The demo tells its stories itself; only what goes wrong may interrupt them.
        settings.log.filter = "warn".to_owned();
    }
    logging::start(&settings.log);
    match command.role {
        RoleCommand::Dev(folder) => run_dev(settings, &folder.data).await,
        RoleCommand::Demo(folder) => run_demo(settings, &folder.data).await,
        RoleCommand::Migrate(folder) => migrate(settings, &folder.data).await,
        RoleCommand::Check(folder) => check(settings, &folder.data).await,
        RoleCommand::Repair(arguments) => repair(settings, arguments).await,
        RoleCommand::Token(arguments) => token(settings, &arguments),
        RoleCommand::Openapi => {
            println!("{}", api::document());
            Ok(())
        }
    }
}

async fn run_dev(settings: Settings, folder: &Path) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let dev = Dev::build(settings, folder).await?;
    println!("boxoffice is ready after {:.1} s:", started.elapsed().as_secs_f64());
    print_addresses(dev.addresses());
    println!(
        "\nA token to call it with: boxoffice token. Ctrl-C stops everything; the data stays in {}.",
        folder.display()
    );
    dev.run(stop).await?;
    println!("boxoffice has stopped.");
    Ok(())
}

fn print_addresses(addresses: &Addresses) {
    for (name, address) in addresses.lines() {
        println!("  {name:<18} {address}");
    }
}

fn stop_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("stopping; what is under way finishes first");
        stop.cancel();
        // Whoever asks twice means it.
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}

async fn run_demo(settings: Settings, folder: &Path) -> anyhow::Result<()> {
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
    print_addresses(addresses);
    println!("\nThe promises, checked against database, locks, provider's ledger and engine:\n{report}");
    Ok(report.violations.len())
}

async fn migrate(settings: Settings, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let settings = dev::settings_of(settings, folder)?;
    let store = Store::connect(&DatabaseConfig::new(settings.database.url)).await?;
    let pending = migrations::pending(store.connection()).await?;
    migrations::apply(store.connection()).await?;
    match pending.len() {
        0 => println!("the database is up to date"),
        count => println!("{count} migrations applied: {}", pending.join(", ")),
    }
    Ok(())
}

async fn check(settings: Settings, folder: &Path) -> anyhow::Result<()> {
    let addresses = dev::running_in(folder);
    let settings = dev::settings_of(settings, folder)
        .with_context(|| format!("there is no data in {} to check", folder.display()))?;
    if addresses.is_none() {
        println!("boxoffice does not run on {}: its locks and its engine cannot be asked", folder.display());
    }
    let report = promises::check(&settings, folder, addresses.as_ref(), Vec::new(), Quiet::Running).await?;
    println!("{report}");
    ensure!(report.is_clean(), "a promise is broken");
    Ok(())
}

async fn repair(settings: Settings, arguments: RepairArguments) -> anyhow::Result<()> {
    let Some(addresses) = dev::running_in(&arguments.folder.data) else {
        bail!("boxoffice does not run on {}: start it first (`make start`)", arguments.folder.data.display());
    };
    let settings = dev::settings_of(settings, &arguments.folder.data)?;
    let token = development_token(&settings, CustomerId::new(Uuid::nil()), &[Role::Admin])?;
    let action = match arguments.action {
        RepairChoice::Retry => "retry",
        RepairChoice::Resolve => "resolve",
    };
    // The token is the machine's, so the name of whoever is logged in goes into the note.
    let operator = std::env::var("USER").unwrap_or_else(|_unset| "somebody".to_owned());
    let note = format!("{operator}: {}", arguments.note);
    let mut body = serde_json::json!({ "action": action, "note": note });
    if let Some(end) = arguments.end {
        let end = match end {
            EndChoice::Expired => "expired",
            EndChoice::Failed => "failed",
            EndChoice::Cancelled => "cancelled",
        };
        body["end"] = end.into();
    }
    let url = format!("{}/api/v1/admin/bookings/{}/repair", addresses.api, arguments.booking);
    let response = reqwest::Client::new().post(url).bearer_auth(token).json(&body).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "the API answers {status}: {}", response.text().await?);
    println!("the saga of {} has been told to {action}", arguments.booking);
    Ok(())
}

fn token(settings: Settings, arguments: &TokenArguments) -> anyhow::Result<()> {
    std::fs::create_dir_all(&arguments.folder.data)?;
    let settings = dev::settings_of(settings, &arguments.folder.data)?;
    let customer = arguments.customer.unwrap_or_else(|| CustomerId::new(Uuid::new_v4()));
    let roles: &[Role] = if arguments.admin { &[Role::Admin, Role::Customer] } else { &[Role::Customer] };
    println!("{}", development_token(&settings, customer, roles)?);
    Ok(())
}
