//! What is done to a fleet and its servers. Does nothing by itself.

use std::time::Duration;

use testkit::storm_plan::Wish;

/// How many APIs there are.
pub const APIS: usize = 2;
/// How many workers there are.
pub const WORKERS: usize = 3;
/// How many relays there are.
pub const RELAYS: usize = 2;
/// How many consumers there are.
pub const CONSUMERS: usize = 2;

/// Every process of the fleet.
pub const VICTIMS: [Victim; 1 + APIS + WORKERS + RELAYS + CONSUMERS] = [
    Victim("payments-1"),
    Victim("api-1"),
    Victim("api-2"),
    Victim("worker-1"),
    Victim("worker-2"),
    Victim("worker-3"),
    Victim("relay-1"),
    Victim("relay-2"),
    Victim("consume-1"),
    Victim("consume-2"),
];

/// Every line between the processes and their servers.
pub const LINES: [Line; 4] = [Line::Postgres, Line::Redis, Line::Temporal, Line::Kafka];

/// Everything that can be done to a server.
pub const SERVERS: [Server; 5] = [Server::Postgres, Server::Redis, Server::PostgresAtOnce, Server::Kafka, Server::Disk];

/// A process, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Victim(pub &'static str);

/// The line between all processes and a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// To the database.
    Postgres,
    /// To the locks.
    Redis,
    /// To the engine.
    Temporal,
    /// To the messages.
    Kafka,
}

/// Something that is done to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Server {
    /// PostgreSQL stops in order and comes back.
    Postgres,
    /// PostgreSQL stops as in a crash and comes back.
    PostgresAtOnce,
    /// Redis comes back empty.
    Redis,
    /// Kafka stops in order and comes back.
    Kafka,
    /// The disk below the database is full for a while.
    Disk,
}

/// Something that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When, counted from the begin of its wave.
    pub at: Duration,
    /// For how long; nothing for what takes as long as it takes.
    pub lasts: Duration,
    /// What, and to whom.
    pub what: What,
}

/// What is done, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A process is killed with SIGKILL, and started again.
    Kill(Victim),
    /// A process is stopped in the middle of whatever it does with SIGSTOP, and woken.
    Pause(Victim),
    /// Every connection of a line is cut, and new ones are refused.
    Cut(Line),
    /// A line lets nothing through, and nobody is told.
    Silence(Line),
    /// Something is done to a server.
    Restart(Server),
    /// Many customers want the very same seats at the same instant.
    Stampede {
        /// What each of them wishes.
        wishes: Vec<Wish>,
        /// Whether Redis is cut off meanwhile, so that the database alone decides.
        without_redis: bool,
    },
}

impl Line {
    /// What it leads to.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Temporal => "temporal",
            Self::Kafka => "kafka",
        }
    }
}

impl Deed {
    /// Whether the two are done to the same target at the same time, a moment before and after included.
    pub fn disturbs(&self, other: &Self) -> bool {
        let apart = Duration::from_secs(1);
        let meet = self.at < other.at + other.lasts + apart && other.at < self.at + self.lasts + apart;
        meet && self.what.target() == other.what.target()
    }
}

impl What {
    /// What is done, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Kill(_) => "kill",
            Self::Pause(_) => "pause",
            Self::Cut(_) => "cut",
            Self::Silence(_) => "silence",
            Self::Restart(Server::Disk) => "fill",
            Self::Restart(_) => "restart",
            Self::Stampede { .. } => "stampede",
        }
    }

    /// To whom, in a word.
    pub fn target(&self) -> &'static str {
        match self {
            Self::Kill(victim) | Self::Pause(victim) => victim.0,
            Self::Cut(line) | Self::Silence(line) => line.name(),
            Self::Restart(Server::Postgres) => "postgres server",
            Self::Restart(Server::PostgresAtOnce) => "postgres server, as in a crash",
            Self::Restart(Server::Redis) => "redis server",
            Self::Restart(Server::Kafka) => "kafka server",
            Self::Restart(Server::Disk) => "disk of the database",
            // Those without it take the line to Redis.
            Self::Stampede { without_redis: true, .. } => "redis",
            Self::Stampede { without_redis: false, .. } => "seats",
        }
    }

    /// Whether it takes something away, so that there is something to recover from.
    pub fn harms(&self) -> bool {
        !matches!(self, Self::Stampede { without_redis: false, .. })
    }
}
