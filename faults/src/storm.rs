//! A whole storm: the stage is set, customers come, it rages, everything comes to rest, and every promise is checked.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, ensure};
use checker::{Promise, Report};
use jiff::Timestamp;
use testkit::catalogue::Playbill;
use testkit::heard::hear_everything;
use testkit::messages::complaints;
use testkit::rest::Unrest;
use testkit::storm_told::Told;
use testkit::{Cast, Stage};

use crate::crowd::Crowd;
use crate::deed::{APIS, CONSUMERS, RELAYS, WORKERS};
use crate::disk::Disk;
use crate::outcome::{Broken, Outcome};
use crate::plan::Plan;
use crate::rager::Rager;
use crate::story;

/// How many mails one interruption can cause to be sent again: as many as two consumers send at once.
const MAILS_AT_ONCE: usize = 16;

/// How many stories are told at most: each is long, and the first ones are enough to begin with.
const STORIES: usize = 10;

/// What kind of storm.
#[derive(Debug, Clone)]
pub struct Options {
    /// What everything random is drawn from.
    pub seed: u64,
    /// How long customers come.
    pub length: Duration,
    /// The binary that the fleet is made of.
    pub program: PathBuf,
    /// Set for every process of the fleet.
    pub environment: Vec<(String, String)>,
    /// How long everything may take to come to rest when the last customers have come.
    pub rest_within: Duration,
    /// How many customers there are at a time, besides those of stampedes.
    pub at_once: usize,
}

impl Options {
    /// Fails unless its binary is there.
    pub(crate) fn has_program(&self) -> anyhow::Result<()> {
        ensure!(self.program.is_file(), "{} is not there: build it first", self.program.display());
        Ok(())
    }
}

/// Rages, and tells what has come of it. What is broken is in the outcome; an error says that there was no storm. It
/// needs the servers of `scripts/services`, and has them for itself.
pub async fn rage(options: Options) -> anyhow::Result<Outcome> {
    options.has_program()?;
    let plan = Plan::draw(options.seed, options.length);
    let mut outcome = Outcome { seed: options.seed, ..Outcome::default() };
    // Declared before the stage, so that it goes after everything that uses it.
    let disk = match Disk::mount().await {
        Ok(disk) => Some(disk),
        Err(error) => {
            let what = format!("a full disk below the database: {error:#}");
            println!("################ NOT TESTED: {what} ################");
            outcome.untested.push(what);
            None
        }
    };
    let tablespace = disk.as_ref().map(|disk| disk.tablespace().to_owned());
    let mut stage = set(&options, tablespace).await?;
    let catalogue = Playbill::catalogue(plan.bills, Timestamp::now());
    stage.store.load_catalogue(&catalogue, Timestamp::now()).await?;

    let begun = Instant::now();
    let until = begun + options.length;
    let crowd = Crowd::new(&stage, until + options.rest_within);
    let mut customers = tokio::spawn(crowd.clone().stream(plan.wishes, options.at_once, until));
    let mut rager = Rager::new(&mut stage, disk.as_ref(), crowd.clone());
    rager.rage(&plan.waves, until, &mut outcome).await;
    let (ended, trampled) = (std::mem::take(&mut rager.ended), rager.customers);
    let came = (&mut customers).await.map_err(|error| anyhow!("the customers ended early: {error}"))?;
    outcome.customers = came + trampled;
    outcome.lasted = begun.elapsed();

    let (told, lost) = crowd.told();
    sold_again(&told, &ended, until, &mut outcome);
    take_down(told, lost, &mut outcome);
    finish(stage, options.rest_within, &mut outcome).await;
    Ok(outcome)
}

/// Waits for the rest, checks every promise, and stops all processes, which have to end well.
pub(crate) async fn finish(mut stage: Stage, rest_within: Duration, outcome: &mut Outcome) {
    settle(&mut stage, rest_within, outcome).await;
    tell_stories(&stage, outcome).await;
    outcome.broken.extend(stage.fleet.ended().into_iter().map(|who| Broken::new("process ended", None, who)));
    let failures = stage.fleet.try_to_stop_all().await;
    outcome.broken.extend(failures.into_iter().map(|who| Broken::new("process ended", None, who)));
}

/// Starts a fleet of a program.
pub(crate) async fn set(options: &Options, tablespace: Option<String>) -> anyhow::Result<Stage> {
    let environment = options.environment.clone();
    let cast =
        Cast { environment, tablespace, ..Cast::new(&options.program, APIS, WORKERS).listening(RELAYS, CONSUMERS) };
    Stage::try_to_set(cast).await.map_err(|who| anyhow!("the fleet does not start: {who}"))
}

/// Waits until everything has come to rest, and holds every promise against what there is.
async fn settle(stage: &mut Stage, rest_within: Duration, outcome: &mut Outcome) {
    let resting = Instant::now();
    match stage.comes_to_rest(rest_within).await {
        Ok(report) => {
            outcome.at_rest_after = Some(resting.elapsed());
            outcome.bookings = report.counts.bookings;
        }
        Err(Unrest::Report(report)) => broken_in(*report, outcome),
        Err(unread @ Unrest::Unreadable(_)) => {
            outcome.broken.push(Broken::new("not at rest", None, unread.to_string()));
        }
    }
    let hearing = hear_everything(stage, rest_within).await;
    (outcome.messages, outcome.messages_again) = (hearing.messages, hearing.repeated);
    (outcome.mails, outcome.mails_again) = (hearing.mails, hearing.mails_again);
    for (booking_id, what) in hearing.wrong {
        outcome.broken.push(Broken::new("P6", booking_id, what));
    }
    let interruptions: usize = outcome.deeds.values().sum();
    if hearing.mails_again > interruptions * MAILS_AT_ONCE {
        let what = format!("{} mails were sent again, after {interruptions} interruptions", hearing.mails_again);
        outcome.broken.push(Broken::new("P6", None, what));
    }
    for (booking_id, what) in complaints(&stage.world.settings.database.config()).await {
        outcome.broken.push(Broken::new("P6", Some(booking_id), what));
    }
}

fn broken_in(report: Report, outcome: &mut Outcome) {
    outcome.bookings = report.counts.bookings;
    for violation in report.violations {
        let promise = match violation.promise {
            Promise::Consistency => "records".to_owned(),
            promise => promise.to_string(),
        };
        outcome.broken.push(Broken::new(promise, violation.booking_id, violation.what));
    }
    for attention in report.attention {
        outcome.broken.push(Broken::new("not at rest", attention.booking_id, attention.what));
    }
}

/// Adds the stories of the first bookings that something is broken about.
async fn tell_stories(stage: &Stage, outcome: &mut Outcome) {
    let mut told = BTreeSet::new();
    for broken in &mut outcome.broken {
        if let Some(booking_id) = broken.booking_id
            && told.len() < STORIES
            && told.insert(booking_id)
        {
            broken.story = Some(story::of(stage, booking_id).await);
        }
    }
}

/// How long it took after each deed until somebody was told of a booking again, while there were customers.
fn sold_again(told: &Told, ended: &[(Instant, String)], until: Instant, outcome: &mut Outcome) {
    let mut successes = told.successes.clone();
    successes.sort();
    for (over, deed) in ended.iter().filter(|(over, _)| *over < until) {
        let next = successes.get(successes.partition_point(|success| success < over));
        let took = next.map_or_else(|| until.duration_since(*over), |next| next.duration_since(*over));
        outcome.sold_again.add(took, || deed.clone());
    }
}

pub(crate) fn take_down(told: Told, lost: Vec<String>, outcome: &mut Outcome) {
    for unexpected in told.unexpected {
        outcome.broken.push(Broken::new("unexpected answer", Some(unexpected.booking_id), unexpected.what));
    }
    for booking_id in told.gave_up {
        let what = "its customer was never told what became of it";
        outcome.broken.push(Broken::new("no end", Some(booking_id), what));
    }
    outcome.broken.extend(lost.into_iter().map(|what| Broken::new("unexpected answer", None, what)));
    (outcome.ends, outcome.retries, outcome.longest_wait) = (told.ends, told.retries, told.longest_wait);
}
