//! Whether the storm catches what it is there to catch: builds with a named defect, each in the same storm, and one
//! without, which has to withstand it.
//!
//! All of them take a quarter of an hour, so they have a command of their own: `make mutations` takes all, or some by
//! name.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails loudly")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use faults::mutation::{self, CHOSEN_BY, Mutation};
use faults::{Broken, Options, Outcome, rage};

/// Names the mutations to try, with spaces between them; `all`, or none at all, tries every one.
const TRIED: &str = "BOXOFFICE_TEST_MUTATIONS";

/// What storms are drawn from: a mutation has to be caught by one of them, and is tried in the next where it is not. In
/// each the customers meet, within their first seconds, a stampede without Redis, cut lines and killed workers.
const SEEDS: [u64; 3] = [15, 29, 18];
const LENGTH: Duration = Duration::from_secs(30);
/// How long the right build may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(120);
/// How long a broken one is waited for, which may never rest. What it is to be found as does not go away by waiting.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(20);
const AT_ONCE: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn the_storm_catches_every_mutation_and_nothing_else() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let all = Mutation::all(workspace).unwrap();
    let began = Instant::now();
    let program = mutation::build(workspace, &all).unwrap();
    println!("{} mutations built in {:.0} s", all.len(), began.elapsed().as_secs_f64());

    let mut trial = Trial { program, withstood: Vec::new() };
    let mut wrong = Vec::new();
    for mutation in all.iter().filter(|mutation| is_tried(mutation)) {
        if let Err(why) = trial.catches(mutation).await {
            println!("{why}");
            wrong.push(why);
        }
    }
    // Also where there is no mutation to be tried.
    wrong.extend(trial.is_withstood(SEEDS[0], &BTreeMap::new()).await.err());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn is_tried(mutation: &Mutation) -> bool {
    match std::env::var(TRIED) {
        Ok(names) if names != "all" => names.split_whitespace().any(|name| name == mutation.name),
        Ok(_) | Err(_) => true,
    }
}

/// The build that carries the mutations, in one storm after the other.
struct Trial {
    program: PathBuf,
    /// The seeds and settings of the storms in which it keeps every promise while no mutation is chosen.
    withstood: Vec<(u64, BTreeMap<String, String>)>,
}

impl Trial {
    /// Whether a mutation is found as what it is, by a storm that the right build withstands.
    async fn catches(&mut self, mutation: &Mutation) -> Result<(), String> {
        let Mutation { name, breaks, caught_by, seeds, environment, .. } = mutation;
        let mut missed = String::new();
        for seed in if seeds.is_empty() { &SEEDS[..] } else { seeds } {
            self.is_withstood(*seed, environment).await?;
            let mut chosen = environment.clone();
            chosen.insert(CHOSEN_BY.to_owned(), name.clone());
            let (outcome, took) = self.storm(*seed, &chosen, LOOKED_AT_AFTER).await;
            println!("{name}, seed {seed}: {:?} in {took:.0} s", count(&outcome.broken));
            if let Some(caught) = outcome.broken.iter().find(|broken| mutation.is_caught_by(broken)) {
                println!("    {} {}", caught.promise, caught.what);
                return Ok(());
            }
            missed += &told(&outcome.broken);
        }
        Err(format!("{name} is not caught by {caught_by:?}: {breaks}\n{missed}"))
    }

    /// Whether every promise is kept in a storm without a mutation.
    async fn is_withstood(&mut self, seed: u64, environment: &BTreeMap<String, String>) -> Result<(), String> {
        if self.withstood.iter().any(|(before, with)| *before == seed && with == environment) {
            return Ok(());
        }
        let (outcome, took) = self.storm(seed, environment, REST_WITHIN).await;
        println!("no mutation, seed {seed}: {:?} in {took:.0} s", count(&outcome.broken));
        if !outcome.broken.is_empty() {
            return Err(format!("without a mutation, seed {seed}, {environment:?}:\n{}", told(&outcome.broken)));
        }
        self.withstood.push((seed, environment.clone()));
        Ok(())
    }

    /// What a storm makes of the build, and how long it took.
    async fn storm(&self, seed: u64, environment: &BTreeMap<String, String>, rest_within: Duration) -> (Outcome, f64) {
        let began = Instant::now();
        let (program, environment) = (self.program.clone(), environment.clone().into_iter().collect());
        let options = Options { seed, length: LENGTH, program, environment, rest_within, at_once: AT_ONCE };
        let outcome = rage(options).await.unwrap();
        println!("customers saw {:?}", outcome.ends);
        (outcome, began.elapsed().as_secs_f64())
    }
}

/// How often each promise was found broken.
fn count(broken: &[Broken]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for broken in broken {
        *counts.entry(broken.promise.as_str()).or_default() += 1;
    }
    counts
}

/// What was found broken, the first few of each kind.
fn told(broken: &[Broken]) -> String {
    const OF_EACH: usize = 3;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for Broken { promise, booking_id, what, story } in broken {
        let times = seen.entry(promise).or_default();
        *times += 1;
        if *times <= OF_EACH {
            let owner = booking_id.map(|id| format!("{id}: ")).unwrap_or_default();
            lines.push(format!("    {promise} {owner}{what}"));
            lines.extend(story.clone().filter(|_| *times == 1));
        }
    }
    lines.push(format!("    {} in all: {:?}", broken.len(), count(broken)));
    lines.join("\n")
}
