//! Whether each part that a process needs is there: asked with a limit, and not more often than once a second, so that
//! those who watch cannot be used to hammer what is watched.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, join_all};
use tokio::sync::Mutex;

/// How long a part may take to answer before it counts as away.
const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);
/// How long an answer is good.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// A part that a process talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The database.
    Database,
    /// The engine.
    Engine,
    /// The seat locks.
    Locks,
    /// The payment provider.
    Provider,
    /// Where messages go and come from.
    Kafka,
}

/// What the absence of a part means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the process is of no use.
    Essential,
    /// Without it the process does less.
    Useful,
}

/// How a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Every part is there.
    Ready,
    /// A part is away that much can be done without.
    Degraded,
    /// The process has been told to stop.
    Draining,
    /// A part is away without which the process is of no use.
    Away,
}

/// What the parts have said when they were last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// How the process stands.
    pub status: Status,
    /// Whether each part that is watched is there.
    pub parts: BTreeMap<Part, bool>,
}

/// Asks a part whether it is there; what it says of its absence is for the log.
pub type Question = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The parts of a process, and whether it drains. Cloning it gives another handle on the same watch.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    parts: Vec<Watched>,
    draining: AtomicBool,
    seen: Mutex<Option<Seen>>,
}

struct Watched {
    part: Part,
    need: Need,
    question: Question,
}

struct Seen {
    at: Instant,
    parts: BTreeMap<Part, bool>,
}

impl Watch {
    /// Watches `parts`.
    pub fn new(parts: impl IntoIterator<Item = (Part, Need, Question)>) -> Self {
        let parts = parts.into_iter().map(|(part, need, question)| Watched { part, need, question }).collect();
        Self { shared: Arc::new(Shared { parts, draining: AtomicBool::new(false), seen: Mutex::default() }) }
    }

    /// Says from now on that the process is about to stop.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// How the process stands. What is older than a second is asked anew; all who ask meanwhile wait for the same answer.
    pub async fn look(&self) -> Readiness {
        let mut seen = self.shared.seen.lock().await;
        let parts = match seen.as_ref() {
            Some(seen) if seen.at.elapsed() < GOOD_FOR => seen.parts.clone(),
            earlier => {
                let parts = self.shared.ask(earlier).await;
                *seen = Some(Seen { at: Instant::now(), parts: parts.clone() });
                parts
            }
        };
        Readiness { status: self.shared.status(&parts), parts }
    }
}

impl Shared {
    async fn ask(&self, earlier: Option<&Seen>) -> BTreeMap<Part, bool> {
        let asked = self.parts.iter().map(|watched| async move {
            let answer = tokio::time::timeout(ANSWER_WITHIN, (watched.question)()).await;
            (watched.part, answer.unwrap_or_else(|_late| Err(format!("no answer within {ANSWER_WITHIN:?}"))))
        });
        let mut parts = BTreeMap::new();
        for (part, answer) in join_all(asked).await {
            let before = earlier.and_then(|seen| seen.parts.get(&part).copied());
            // Only changes are worth a line: some watch every second.
            match &answer {
                Err(error) if before != Some(false) => tracing::warn!(%part, error, "a part is away"),
                Ok(()) if before == Some(false) => tracing::info!(%part, "a part is back"),
                Ok(()) | Err(_) => {}
            }
            parts.insert(part, answer.is_ok());
        }
        parts
    }

    fn status(&self, parts: &BTreeMap<Part, bool>) -> Status {
        let away = |need| self.parts.iter().any(|it| it.need == need && parts.get(&it.part) == Some(&false));
        if self.draining.load(Ordering::Relaxed) {
            Status::Draining
        } else if away(Need::Essential) {
            Status::Away
        } else if away(Need::Useful) {
            Status::Degraded
        } else {
            Status::Ready
        }
    }
}

impl Part {
    /// Its name, as answers, metrics and logs say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Engine => "engine",
            Self::Locks => "locks",
            Self::Provider => "provider",
            Self::Kafka => "kafka",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Status {
    /// Its name, as answers say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Draining => "draining",
            Self::Away => "away",
        }
    }
}

impl Readiness {
    /// Whether requests should be sent here.
    pub fn serves(&self) -> bool {
        matches!(self.status, Status::Ready | Status::Degraded)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn says(answer: Result<(), &'static str>) -> Question {
        Box::new(move || Box::pin(async move { answer.map_err(str::to_owned) }))
    }

    #[tokio::test]
    async fn the_status_follows_from_what_is_away() {
        let (here, away) = (Ok(()), Err("away"));
        let cases = [
            (here, here, Status::Ready, true),
            (here, away, Status::Degraded, true),
            (away, here, Status::Away, false),
            (away, away, Status::Away, false),
        ];
        for (essential, useful, expected, serves) in cases {
            let watch = Watch::new([
                (Part::Database, Need::Essential, says(essential)),
                (Part::Engine, Need::Useful, says(useful)),
            ]);
            let readiness = watch.look().await;
            assert_eq!((readiness.status, readiness.serves()), (expected, serves), "{essential:?} {useful:?}");
            watch.drain();
            let readiness = watch.look().await;
            assert_eq!(
                (readiness.status, readiness.serves()),
                (Status::Draining, false),
                "at once, not from the cache"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_does_not_answer_is_away() {
        let silent: Question = Box::new(|| Box::pin(std::future::pending()));
        let watch = Watch::new([(Part::Locks, Need::Useful, silent)]);
        assert_eq!(watch.look().await.parts, BTreeMap::from([(Part::Locks, false)]));
    }

    #[tokio::test]
    async fn many_who_watch_ask_once() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let counting: Question = Box::new(|| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(()) })
        });
        let watch = Watch::new([(Part::Database, Need::Essential, counting)]);
        join_all((0..100).map(|_| watch.look())).await;
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    }
}
