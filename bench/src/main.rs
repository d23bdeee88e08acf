//! `make bench`: what boxoffice does and what it costs, held against the least that the same servers can do.

mod availability;
mod bare;
mod buyer;
mod catalogue;
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
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::figure::{Figure, table};
use crate::progress::say;
use crate::saga::Effort;
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
    fn wants(&self, row: Row) -> bool {
        self.only.is_empty() || self.only.contains(&row)
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
        Some(program) => program.clone(),
        None => std::env::current_exe()?.with_file_name("boxoffice"),
    };
    let mut figures = Vec::new();
    for mode in arguments.mode.map_or(vec![Mode::Embedded, Mode::Distributed], |mode| vec![mode]) {
        say(&format!("starting {} boxoffice", mode.name()));
        let system = System::start(mode, &program).await?;
        figures.extend(measure(&system, &arguments).await?);
        system.stop().await?;
        if arguments.wants(Row::Growth) && !arguments.quick {
            figures.extend(growth::measure(mode, &program, 3, Duration::from_secs(8)).await?);
        }
        if mode == Mode::Embedded && arguments.wants(Row::Ready) {
            figures.extend(ready::measure(&program, if arguments.quick { 3 } else { 5 }).await?);
        }
    }
    println!("{}", table(&figures));
    for figure in &figures {
        println!("{}", figure.json());
    }
    Ok(())
}

async fn measure(system: &System, arguments: &Arguments) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if arguments.wants(Row::Saga) {
        let floor = EngineFloor::start(system).await?;
        figures.extend(saga::measure(system, &floor.caller, effort(arguments.quick)).await?);
    }
    if arguments.wants(Row::Rush) && system.mode == Mode::Distributed {
        let bare = BareServer::start(&testkit::mode::shared_redis(), Path::new("/dev/null")).await?;
        figures.extend(rush::measure(system, &bare, if arguments.quick { 3 } else { 5 }).await?);
    }
    if arguments.wants(Row::Availability) {
        let turn = Duration::from_secs(if arguments.quick { 2 } else { 4 });
        figures.extend(availability::measure(system, &testkit::mode::shared_redis(), system.folder(), turn).await?);
    }
    if arguments.wants(Row::OpenSagas) {
        let open = match (arguments.full, arguments.quick) {
            (true, _) => 10_000,
            (false, true) => 600,
            (false, false) => 3_000,
        };
        let floor = EngineFloor::start(system).await?;
        let floor = open_sagas::floor_rate(&floor.caller, Duration::from_secs(10)).await?;
        figures.extend(open_sagas::measure(system, open, floor).await?);
    }
    Ok(figures)
}

fn effort(quick: bool) -> Effort {
    let seconds = Duration::from_secs;
    if quick {
        Effort { rounds: 3, turn: seconds(6), alone: seconds(4), warm_up: seconds(3) }
    } else {
        Effort { rounds: 5, turn: seconds(15), alone: seconds(10), warm_up: seconds(10) }
    }
}
