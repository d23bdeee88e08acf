//! `make bench`: what boxoffice does and what it costs, held against the least that the same servers can do.

mod availability;
mod bare;
mod buyer;
mod catalogue;
mod effort;
mod figure;
mod floor;
mod growth;
mod load;
mod open_sagas;
mod past;
mod processor;
mod progress;
mod ready;
mod rush;
mod saga;
mod side;
mod system;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand, ValueEnum};

use crate::effort::Effort;
use crate::figure::{Figure, table};
use crate::progress::say;
use crate::side::{BareServer, EngineFloor};
use crate::system::{Mode, System};

/// Measures boxoffice against the least that its servers can do.
#[derive(Debug, Parser)]
struct Arguments {
    /// In which mode; both if not given.
    #[arg(long)]
    mode: Option<Mode>,
    /// Only these rows; all if not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Row>,
    /// Less of everything, and no `growth`.
    #[arg(long)]
    quick: bool,
    /// 10,000 open sagas instead of 3,000.
    #[arg(long)]
    full: bool,
    /// Hardly anything of everything: to see that it works, not to measure.
    #[arg(long, hide = true)]
    slice: bool,
    /// The program that is measured; the one beside this one if not given.
    #[arg(long)]
    program: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    /// `saga_throughput`, `saga_cpu` and `saga_latency`.
    Saga,
    /// Many want the same few seats; in the distributed mode, for it is held against a call to Redis.
    Rush,
    /// How the seats of a large show are told while they change.
    Availability,
    /// Thousands that wait for their money and expire.
    OpenSagas,
    /// A large database against a small one.
    Growth,
    /// From the start to the first booking; in the embedded mode.
    Ready,
}

/// What runs in processes of their own, so that it can be told apart.
#[derive(Debug, Clone, Subcommand)]
enum Part {
    /// The worker of the engine's floor.
    FloorWorker {
        /// The engine.
        engine: String,
        /// Its namespace.
        namespace: String,
        /// The task queue.
        queue: String,
    },
    /// The bare handlers.
    Bare {
        /// Where they listen.
        listen: SocketAddr,
        /// The Redis that is called.
        redis: String,
        /// What is answered to readers.
        file: PathBuf,
    },
}

impl Arguments {
    fn effort(&self) -> Effort {
        match self {
            Self { slice: true, .. } => Effort::slice(),
            Self { full: true, .. } => Effort::usual(10_000),
            Self { quick: true, .. } => Effort::quick(),
            _ => Effort::usual(3_000),
        }
    }

    /// Whether a row is measured. The one that takes longest is measured in one mode, unless it is asked for: what it
    /// takes is up to the sagas and the engine.
    fn wants(&self, row: Row, mode: Mode) -> bool {
        let asked_for = self.only.contains(&row);
        asked_for || (self.only.is_empty() && (row != Row::OpenSagas || mode == Mode::Distributed))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::FloorWorker { engine, namespace, queue }) => return floor::work(engine, namespace, queue).await,
        Some(Part::Bare { listen, redis, file }) => return bare::serve(*listen, redis, file).await,
        None => {}
    }
    let program = match &arguments.program {
        // It is run from folders of its own.
        Some(program) => program.canonicalize().with_context(|| format!("{} is not there", program.display()))?,
        None => std::env::current_exe()?.with_file_name("boxoffice"),
    };
    let effort = arguments.effort();
    let mut measured = Measured::default();
    for mode in arguments.mode.map_or(vec![Mode::Embedded, Mode::Distributed], |mode| vec![mode]) {
        say(&format!("starting {} boxoffice", mode.name()));
        let system = System::start(mode, &program).await?;
        measure(&system, &arguments, &effort, &mut measured).await;
        system.stop().await?;
        if arguments.wants(Row::Growth, mode)
            && let Some(effort) = effort.growth
        {
            measured.keep(growth::measure(mode, &program, effort).await);
        }
        if mode == Mode::Embedded && arguments.wants(Row::Ready, mode) {
            measured.keep(ready::measure(&program, effort.starts).await);
        }
    }
    let Measured { figures, failures } = measured;
    println!("{}", table(&figures));
    for figure in &figures {
        println!("{}", figure.json());
    }
    ensure!(failures.is_empty(), "{} rows came to no figure: {}", failures.len(), failures.join("; "));
    Ok(())
}

/// What the rows came to. One that fails does not take the others along.
#[derive(Default)]
struct Measured {
    figures: Vec<Figure>,
    failures: Vec<String>,
}

impl Measured {
    fn keep(&mut self, row: anyhow::Result<Vec<Figure>>) {
        match row {
            Ok(figures) => {
                figures.iter().for_each(|figure| say(&figure.json()));
                self.figures.extend(figures);
            }
            Err(error) => {
                say(&format!("{error:?}"));
                self.failures.push(format!("{error:#}"));
            }
        }
    }
}

async fn measure(system: &System, arguments: &Arguments, effort: &Effort, measured: &mut Measured) {
    if arguments.wants(Row::Saga, system.mode) {
        measured.keep(saga(system, effort).await);
    }
    if arguments.wants(Row::Rush, system.mode) && system.mode == Mode::Distributed {
        measured.keep(rush(system, effort).await);
    }
    if arguments.wants(Row::Availability, system.mode) {
        let redis = testkit::mode::shared_redis();
        measured.keep(availability::measure(system, &redis, system.folder(), effort.availability).await);
    }
    if arguments.wants(Row::OpenSagas, system.mode) {
        measured.keep(open_sagas(system, effort).await);
    }
}

async fn saga(system: &System, effort: &Effort) -> anyhow::Result<Vec<Figure>> {
    let floor = EngineFloor::start(system).await?;
    saga::measure(system, &floor.caller, effort.saga).await
}

async fn rush(system: &System, effort: &Effort) -> anyhow::Result<Vec<Figure>> {
    let bare = BareServer::start(&testkit::mode::shared_redis(), Path::new("/dev/null")).await?;
    rush::measure(system, &bare, effort.rush).await
}

async fn open_sagas(system: &System, effort: &Effort) -> anyhow::Result<Vec<Figure>> {
    let floor = EngineFloor::start(system).await?;
    let floor = open_sagas::floor_rate(&floor.caller, effort.saga.turn).await?;
    open_sagas::measure(system, effort.open_sagas, floor).await
}
