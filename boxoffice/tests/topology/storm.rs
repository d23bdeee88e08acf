//! The storm: customers with all kinds of plans, while processes are killed and lines are cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::ids::{SeatId, ShowId};
use futures::StreamExt;
use futures::future::join_all;
use testkit::catalogue::{FREE, LONG_HOLD, SHORT_HOLD, SIX_SECOND_HOLD, seat};
use testkit::storm::{Plan, StormBuyer, Told};

use crate::messages::everybody_was_told_everything;
use crate::stage;
use testkit::stage::{Stage, all_parts_are_up};

const BOOKINGS: usize = 300;
const AT_ONCE: usize = 24;
/// The seats that customers want: few enough for some of them to want the same.
const SEATS_WANTED: u32 = 395;
const GIVE_UP_AFTER: Duration = Duration::from_secs(240);
/// How long holds, lost webhooks and handed-on tasks may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(120);

/// What was done to the processes and lines.
#[derive(Debug, Default)]
struct Harm {
    kills: usize,
    cuts: usize,
    silences: usize,
    pauses: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_bookings_survive_a_storm() {
    let seed = std::env::var("BOXOFFICE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("seed {seed} (BOXOFFICE_TEST_SEED chooses another)");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut stage = stage::set_listening(2, 3, 2, 2).await;
    let started = Instant::now();

    let wishes: Vec<_> = (0..BOOKINGS).map(|_| wish(&mut random)).collect();
    let buyers = join_all(wishes.iter().map(|_| stage.buyer())).await;
    let customers = wishes.into_iter().zip(buyers).map(|((plan, show_id, seats), buyer)| async move {
        StormBuyer::new(buyer, Instant::now() + GIVE_UP_AFTER).live(plan, show_id, &seats).await
    });
    let mut customers = futures::stream::iter(customers).buffer_unordered(AT_ONCE);
    let over = Arc::new(AtomicBool::new(false));
    let all = {
        let over = Arc::clone(&over);
        async move {
            let mut all = Told::default();
            while let Some(told) = customers.next().await {
                all.add(told);
            }
            over.store(true, Ordering::Relaxed);
            all
        }
    };
    let (told, harm) = tokio::join!(all, rage(&mut stage, &mut random, &over));
    let selling = started.elapsed();

    all_parts_are_up(&stage).await;
    let resting = Instant::now();
    println!("storm: {told:?}");
    assert!(told.unexpected.is_empty(), "{:?}", told.unexpected);
    assert_eq!(told.ends.get("given up"), None, "a customer got no end: {:?}", told.ends);
    assert_eq!(told.ends.values().sum::<usize>(), BOOKINGS);
    everybody_was_told_everything(&stage, harm.kills + harm.cuts + harm.silences).await;
    stage.rests_with_every_promise_kept(REST_WITHIN).await;
    println!(
        "storm: {BOOKINGS} bookings in {:.0} s, {harm:?}, ends {:?}, {} requests tried again, longest wait for an answer \
         {:.1} s, at rest {:.1} s later",
        selling.as_secs_f64(),
        told.ends,
        told.retries,
        told.longest_wait.as_secs_f64(),
        resting.elapsed().as_secs_f64(),
    );
    assert!(harm.kills > 0 && harm.cuts + harm.silences > 0 && harm.pauses > 0, "there was no storm: {harm:?}");
}

fn wish(random: &mut fastrand::Rng) -> (Plan, ShowId, Vec<SeatId>) {
    let plan = Plan::random(random);
    let show = match plan {
        // Whoever leaves is waited for.
        Plan::Leave => [SHORT_HOLD, SIX_SECOND_HOLD][random.usize(0..2)],
        _ => [LONG_HOLD, LONG_HOLD, SIX_SECOND_HOLD, FREE][random.usize(0..4)],
    };
    let first = random.u32(0..SEATS_WANTED);
    (plan, show, (first..first + random.u32(1..=3)).map(seat).collect())
}

/// Kills, cuts and pauses until the customers are done; everything runs and every line is whole at the end.
async fn rage(stage: &mut Stage, random: &mut fastrand::Rng, over: &AtomicBool) -> Harm {
    let mut harm = Harm::default();
    let victims: Vec<String> = stage.fleet.names().into_iter().filter(|name| name != "payments-1").collect();
    let mut asleep: Option<(&str, Instant)> = None;
    while !over.load(Ordering::Relaxed) {
        pause(random, 300..1500).await;
        if let Some((relay, _)) = asleep.filter(|(_, until)| Instant::now() >= *until) {
            stage.fleet.wake(relay);
            asleep = None;
        }
        let choice = random.u32(0..7);
        if choice == 0 && asleep.is_none() {
            // In the middle of what it does, and mostly for longer than its lease: another one takes its slots over.
            let relay = ["relay-1", "relay-2"][random.usize(0..2)];
            stage.fleet.pause(relay);
            let milliseconds = if random.u32(0..3) > 0 { 16_000..18_000 } else { 500..3_000 };
            asleep = Some((relay, Instant::now() + Duration::from_millis(random.u64(milliseconds))));
            harm.pauses += 1;
        } else if choice < 4 {
            let victim = &victims[random.usize(0..victims.len())];
            if asleep.is_some_and(|(relay, _)| relay == victim) {
                continue;
            }
            stage.fleet.kill(victim);
            harm.kills += 1;
            pause(random, 100..2000).await;
            stage.fleet.start(victim);
        } else {
            let kafka = &stage.listeners.as_ref().unwrap().kafka;
            let line = [&stage.postgres, &stage.redis, &stage.temporal, kafka][random.usize(0..4)];
            if random.u32(0..3) == 0 {
                line.silence();
                harm.silences += 1;
            } else {
                line.cut();
                harm.cuts += 1;
            }
            pause(random, 500..3000).await;
            line.restore();
        }
    }
    if let Some((relay, _)) = asleep {
        stage.fleet.wake(relay);
    }
    harm
}

async fn pause(random: &mut fastrand::Rng, milliseconds: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(random.u64(milliseconds))).await;
}
