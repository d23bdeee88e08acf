//! Whoever does the deeds: one wave after the other, and everything is whole between two of them.

use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

use testkit::Proxy;
use testkit::Stage;
use testkit::servers::try_services;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::crowd::Crowd;
use crate::deed::{Deed, Line, Server, What};
use crate::disk::Disk;
use crate::outcome::{Broken, Outcome};

/// How long the processes may take to find all parts again when everything is whole.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long after Redis is cut off a stampede begins.
const STAMPEDE_AFTER: Duration = Duration::from_millis(700);

/// How soon a deed is looked at again that takes as long as it takes.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Whoever does the deeds.
pub(crate) struct Rager<'a> {
    stage: &'a mut Stage,
    disk: Option<&'a Disk>,
    crowd: Crowd,
    begun: Instant,
    stampedes: JoinSet<()>,
    restarts: JoinSet<Result<(), String>>,
    /// When each deed was over, and what it was.
    pub(crate) ended: Vec<(Instant, String)>,
    /// How many customers came in stampedes.
    pub(crate) customers: usize,
}

/// What has to be done next.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Step {
    /// The end of a deed comes before the begin of another one at the same moment.
    End,
    Begin,
}

impl<'a> Rager<'a> {
    /// Somebody who rages on `stage`, from now on.
    pub(crate) fn new(stage: &'a mut Stage, disk: Option<&'a Disk>, crowd: Crowd) -> Self {
        let (begun, stampedes, restarts) = (Instant::now(), JoinSet::new(), JoinSet::new());
        Self { stage, disk, crowd, begun, stampedes, restarts, ended: Vec::new(), customers: 0 }
    }

    /// Does the waves until `until`; then everything is whole, and nobody is left of the stampedes.
    pub(crate) async fn rage(&mut self, waves: &[Vec<Deed>], until: Instant, outcome: &mut Outcome) {
        for wave in waves {
            if Instant::now() >= until {
                break;
            }
            self.wave(wave, until, outcome).await;
            self.recover(outcome).await;
        }
        while let Some(over) = self.stampedes.join_next().await {
            if let Err(error) = over {
                outcome.broken.push(Broken::new("unexpected answer", None, format!("a stampede ended early: {error}")));
            }
        }
    }

    async fn wave(&mut self, wave: &[Deed], until: Instant, outcome: &mut Outcome) {
        let begun = Instant::now();
        // The heap gives the greatest first.
        let mut steps = BinaryHeap::new();
        for (number, deed) in wave.iter().enumerate() {
            steps.push(std::cmp::Reverse((deed.at, Step::Begin, number)));
        }
        let mut under_way: BTreeMap<usize, Instant> = BTreeMap::new();
        while let Some(std::cmp::Reverse((at, step, number))) = steps.pop() {
            let deed = &wave[number];
            if step == Step::Begin {
                if begun + at >= until {
                    continue;
                }
                sleep_until((begun + at).into()).await;
                let now = Instant::now();
                if self.begin(&deed.what, outcome).await {
                    under_way.insert(number, now);
                    // What took long to begin still lasts as long as planned.
                    steps.push(std::cmp::Reverse((begun.elapsed() + deed.lasts, Step::End, number)));
                    *outcome.deeds.entry((deed.what.kind(), deed.what.target())).or_default() += 1;
                }
            } else {
                sleep_until((begun + at).into()).await;
                if self.end(&deed.what, outcome) {
                    let started = under_way.remove(&number).unwrap_or(begun);
                    self.note(&deed.what, started);
                } else {
                    steps.push(std::cmp::Reverse((begun.elapsed() + LOOK_AGAIN_AFTER, Step::End, number)));
                }
            }
        }
    }

    /// Begins a deed; tells whether it could be begun.
    async fn begin(&mut self, what: &What, outcome: &mut Outcome) -> bool {
        match what {
            What::Kill(victim) => self.stage.fleet.kill(victim.0),
            What::Pause(victim) => self.stage.fleet.pause(victim.0),
            What::Cut(line) => self.line(*line).cut(),
            What::Silence(line) => self.line(*line).silence(),
            What::Restart(Server::Disk) => match self.disk {
                Some(disk) => {
                    if let Err(error) = disk.fill().await {
                        outcome.broken.push(Broken::new("not tested", None, format!("a full disk: {error:#}")));
                    }
                }
                // It is told at the end that this could not be tried.
                None => return false,
            },
            What::Restart(server) => {
                let arguments = arguments_of(*server);
                // In the background: whatever else is planned happens meanwhile.
                self.restarts.spawn_blocking(move || try_services(arguments));
            }
            What::Stampede { wishes, without_redis } => {
                if *without_redis {
                    self.stage.redis.cut();
                }
                self.customers += wishes.len();
                let (crowd, wishes, cut) = (self.crowd.clone(), wishes.clone(), *without_redis);
                self.stampedes.spawn(async move {
                    if cut {
                        // Until everybody has noticed that it is away.
                        tokio::time::sleep(STAMPEDE_AFTER).await;
                    }
                    crowd.stampede(wishes).await;
                });
            }
        }
        true
    }

    /// Ends a deed; tells whether it is over.
    fn end(&mut self, what: &What, outcome: &mut Outcome) -> bool {
        match what {
            What::Kill(victim) => self.stage.fleet.start(victim.0),
            What::Pause(victim) => self.stage.fleet.wake(victim.0),
            What::Cut(line) | What::Silence(line) => self.line(*line).restore(),
            What::Restart(Server::Disk) => {
                if let Some(Err(error)) = self.disk.map(Disk::empty) {
                    outcome.broken.push(Broken::new("not at rest", None, format!("{error:#}")));
                }
            }
            // One at a time in a wave.
            What::Restart(_) => match self.restarts.try_join_next() {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(why))) => {
                    outcome.broken.push(Broken::new("not at rest", None, format!("a server did not come back: {why}")));
                }
                Some(Err(error)) => panic!("scripts/services was not waited for: {error}"),
                None => return false,
            },
            What::Stampede { without_redis, .. } => {
                if *without_redis {
                    self.stage.redis.restore();
                }
            }
        }
        true
    }

    fn note(&mut self, what: &What, started: Instant) {
        let (kind, target, took) = (what.kind(), what.target(), started.elapsed());
        let who = match what {
            What::Stampede { wishes, without_redis } => {
                let cut = if *without_redis { ", redis cut off" } else { "" };
                format!("{} customers for {} seats{cut}", wishes.len(), wishes[0].seats.len())
            }
            What::Kill(_) | What::Pause(_) | What::Cut(_) | What::Silence(_) | What::Restart(_) => target.to_owned(),
        };
        let at = started.duration_since(self.begun).as_secs_f64();
        match what {
            What::Stampede { without_redis: false, .. } => println!("{at:7.1} s  {kind:<9} {who}"),
            _ => println!("{at:7.1} s  {kind:<9} {who:<42} {:5.1} s", took.as_secs_f64()),
        }
        if what.harms() {
            self.ended.push((Instant::now(), format!("{kind} of {who} at {at:.0} s")));
        }
    }

    /// Waits until all processes say that all parts are there.
    async fn recover(&mut self, outcome: &mut Outcome) {
        let whole = Instant::now();
        let at = self.begun.elapsed().as_secs_f64();
        match self.stage.parts_are_up(READY_WITHIN).await {
            Ok(last) => {
                outcome.ready_again.add(whole.elapsed(), || format!("the wave that ended at {at:.0} s"));
                let last = last.map_or_else(String::new, |last| format!("; last, {last}"));
                println!("{at:7.1} s  ready again after {:.1} s{last}", whole.elapsed().as_secs_f64());
            }
            Err(who) => {
                let what = format!("{READY_WITHIN:?} after everything was whole again, at {at:.0} s: {who}");
                outcome.broken.push(Broken::new("not at rest", None, what));
            }
        }
    }

    fn line(&self, line: Line) -> &Proxy {
        match line {
            Line::Postgres => &self.stage.postgres,
            Line::Redis => &self.stage.redis,
            Line::Temporal => &self.stage.temporal,
            Line::Kafka => &self.stage.listeners.as_ref().expect("somebody listens").kafka,
        }
    }
}

fn arguments_of(server: Server) -> &'static [&'static str] {
    match server {
        Server::Postgres => &["restart", "postgres"],
        Server::PostgresAtOnce => &["restart", "postgres", "--immediate"],
        Server::Redis => &["restart", "redis"],
        Server::Kafka => &["restart", "kafka"],
        Server::Disk => &[],
    }
}
