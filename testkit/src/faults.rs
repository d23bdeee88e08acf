//! Faults in chosen steps of chosen bookings, put in from outside: production code knows nothing of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::BookingId;
use futures::FutureExt;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use temporalio_sdk::interceptors::{ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next};
use tokio::sync::Semaphore;

/// What goes wrong with a step.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It fails this many times without having done anything.
    Fail(u32),
    /// It fails until the fault is lifted, and cannot be tried again at once.
    FailUntilLifted,
    /// It is done, and its answer gets lost, this many times: it runs again.
    LoseAnswer(u32),
    /// It hangs once until its time is up, without having done anything.
    TimeOut,
    /// It waits at its door until it is let through.
    Hold(Arc<Gate>),
    /// The process dies by SIGKILL before the step does anything.
    KillBefore,
    /// The process dies by SIGKILL when the step is done and before it can say so.
    KillAfter,
}

/// A door in front of a step.
#[derive(Debug)]
pub struct Gate {
    reached: Semaphore,
    opened: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { reached: Semaphore::new(0), opened: Semaphore::new(0) }
    }
}

impl Gate {
    /// Waits until the step stands at the door.
    pub async fn reached(&self) {
        let reached = tokio::time::timeout(Duration::from_secs(20), self.reached.acquire()).await;
        reached.expect("the step is reached within 20 s").unwrap().forget();
    }

    /// Lets the step through, now or when it comes.
    pub fn open(&self) {
        self.opened.add_permits(1);
    }
}

/// The faults of one application, by saga and step.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Arc<Mutex<BTreeMap<(String, String), Fault>>>,
    met: Arc<Mutex<BTreeMap<(String, String), u32>>>,
}

/// Stands for every booking.
const ANY: &str = "*";

/// The step that has to fail before `step` is taken at all.
fn tried_before(step: &str) -> Option<&'static str> {
    match step {
        "booking.confirm" | "seats.mark_sold" => Some("booking.sell"),
        _ => None,
    }
}

impl Faults {
    /// Plans a fault for a step of one booking, in whichever of its sagas.
    pub fn plan(&self, booking_id: BookingId, step: &str, fault: Fault) {
        self.plan_for(&booking_id.to_string(), step, fault);
    }

    /// Plans a fault for the step of whatever booking comes there first, or for a step that is of none.
    pub fn plan_for_any(&self, step: &str, fault: Fault) {
        self.plan_for(ANY, step, fault);
    }

    fn plan_for(&self, booking: &str, step: &str, fault: Fault) {
        let mut planned = self.planned.lock().unwrap();
        planned.insert((booking.to_owned(), step.to_owned()), fault);
        if let Some(first) = tried_before(step) {
            planned.insert((booking.to_owned(), first.to_owned()), Fault::Fail(1));
        }
    }

    /// Lifts the fault of a step.
    pub fn lift(&self, booking_id: BookingId, step: &str) {
        self.planned.lock().unwrap().remove(&(booking_id.to_string(), step.to_owned()));
    }

    /// How often a planned fault has happened: a test whose fault never happens proves nothing.
    pub fn met(&self, booking_id: BookingId, step: &str) -> u32 {
        self.met.lock().unwrap().get(&(booking_id.to_string(), step.to_owned())).copied().unwrap_or(0)
    }

    /// How often a fault has happened that was planned for any booking, or for a step that is of none.
    pub fn met_by_any(&self, step: &str) -> u32 {
        self.met.lock().unwrap().get(&(ANY.to_owned(), step.to_owned())).copied().unwrap_or(0)
    }

    fn next(&self, saga: &str, step: &str) -> Option<Fault> {
        let booking = saga.strip_prefix("settle/").unwrap_or(saga).to_owned();
        let mut planned = self.planned.lock().unwrap();
        let key = [booking, ANY.to_owned()]
            .into_iter()
            .map(|booking| (booking, step.to_owned()))
            .find(|key| planned.contains_key(key))?;
        let fault = planned.get(&key).cloned()?;
        let left = match &fault {
            Fault::Fail(0) | Fault::LoseAnswer(0) => {
                planned.remove(&key);
                return None;
            }
            Fault::Fail(times) => Some(Fault::Fail(times - 1)),
            Fault::LoseAnswer(times) => Some(Fault::LoseAnswer(times - 1)),
            Fault::FailUntilLifted => Some(Fault::FailUntilLifted),
            Fault::TimeOut | Fault::Hold(_) | Fault::KillBefore | Fault::KillAfter => None,
        };
        match left {
            Some(left) => planned.insert(key.clone(), left),
            None => planned.remove(&key),
        };
        *self.met.lock().unwrap().entry(key).or_default() += 1;
        Some(fault)
    }
}

impl ActivityInboundInterceptor for Faults {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        let info = input.activity_info();
        let step = info.activity_type.clone();
        let fault = self.next(info.workflow_id.as_deref().unwrap_or_default(), &step);
        async move {
            match fault {
                None => next.run(input).await,
                Some(Fault::Fail(_)) => Err(broken(&step, false)),
                Some(Fault::FailUntilLifted) => Err(broken(&step, true)),
                Some(Fault::LoseAnswer(_)) => {
                    next.run(input).await?;
                    Err(broken(&step, false))
                }
                Some(Fault::TimeOut) => {
                    // Longer than any step may take; the engine gives it up before.
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Err(broken(&step, false))
                }
                Some(Fault::Hold(gate)) => {
                    gate.reached.add_permits(1);
                    gate.opened.acquire().await.unwrap().forget();
                    next.run(input).await
                }
                Some(Fault::KillBefore) => die(),
                Some(Fault::KillAfter) => {
                    let _unsaid = next.run(input).await;
                    die()
                }
            }
        }
        .boxed()
    }
}

fn broken(step: &str, for_good: bool) -> ActivityError {
    let failure = ApplicationFailure::builder(format!("{step} is broken by a test")).non_retryable(for_good).build();
    ActivityError::application(failure)
}

/// Dies as a process does that is killed: at once, without a word to anybody.
fn die() -> ! {
    let this = rustix::process::getpid();
    rustix::process::kill_process(this, rustix::process::Signal::KILL).unwrap();
    loop {
        std::thread::park();
    }
}
