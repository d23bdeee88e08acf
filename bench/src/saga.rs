//! `saga_throughput`, `saga_cpu`, `saga_latency`: what a booking costs, from the request to the tickets, held against the
//! engine's floor.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::ids::{SeatId, ShowId};

use crate::buyer::{self, Buyer};
use crate::catalogue::{LARGE, Place, large_seat};
use crate::effort::SagaEffort;
use crate::figure::{Figure, Mark, median, percentile};
use crate::floor::{Answered, FloorCaller, Halves};
use crate::load::keep_busy;
use crate::processor::Processor;
use crate::progress::say;
use crate::system::{Mode, System};

/// How many bookings are under way at once.
const IN_FLIGHT: usize = 32;
/// How many seats each booking has.
const SEATS: u32 = 2;
/// How long seats are held: longer than any run.
const HOLD_SECONDS: i64 = 600;

/// One turn of bookings.
struct Turn {
    rate: f64,
    /// What API and workers used for each booking, in milliseconds.
    processor: f64,
    /// What each process used for each booking, in milliseconds.
    by_process: BTreeMap<String, f64>,
    /// What the whole machine used for each, the caller's side included.
    machine: f64,
}

/// Measures all three.
pub(crate) async fn measure(system: &System, floor: &FloorCaller, effort: SagaEffort) -> anyhow::Result<Vec<Figure>> {
    let seats = Seats::default();
    let http = buyer::http(IN_FLIGHT)?;
    say("saga: warming up");
    keep_busy(IN_FLIGHT, effort.warm_up, || floor.run(Answered::ByUpdate)).await?;
    keep_busy(IN_FLIGHT, effort.warm_up, || buy(system, &seats, &http)).await?;

    let (mut answered, mut unanswered, mut turns) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=effort.rounds {
        answered.push(keep_busy(IN_FLIGHT, effort.turn, || floor.run(Answered::ByUpdate)).await?.rate());
        turns.push(turn(system, &seats, &http, effort.turn).await?);
        unanswered.push(keep_busy(IN_FLIGHT, effort.turn, || floor.run(Answered::Never)).await?.rate());
        let last = &turns[turns.len() - 1];
        say(&format!(
            "saga: round {round} of {}: floor {:.0}/s ({:.0}/s unanswered), bookings {:.0}/s; a booking takes {:.1} ms of the \
             machine: {}",
            effort.rounds,
            answered[answered.len() - 1],
            unanswered[unanswered.len() - 1],
            last.rate,
            last.machine,
            last.by_process.iter().map(|(name, used)| format!("{name} {used:.1}")).collect::<Vec<_>>().join(", "),
        ));
    }
    let (mut floor_alone, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        floor_alone.extend(keep_busy(1, effort.alone, || floor.run(Answered::ByUpdate)).await?.results);
        alone.extend(keep_busy(1, effort.alone, || buy_alone(system, &seats, &http)).await?.results);
    }
    system.keeps_its_promises().await?;

    let mode = system.mode.name();
    let rate = median(&of(&turns, |turn| turn.rate));
    let mark = match system.mode {
        Mode::Embedded => Mark::AtLeast(0.80),
        Mode::Distributed => Mark::AtLeast(0.70),
    };
    let throughput = format!("saga_throughput/{mode}");
    let mut figures = vec![
        Figure::relative(&throughput, rate, "bookings/s", "the engine's floor", median(&answered)).marked(mark),
        Figure::relative(
            format!("{throughput}/unanswered_floor"),
            rate,
            "bookings/s",
            "a floor that answers nobody",
            median(&unanswered),
        ),
    ];
    figures.push(processor_figure(system.mode, &turns));
    let halves =
        |share: f64, half: fn(&Halves) -> Duration| percentile(&of(&floor_alone, |it| milliseconds(half(it))), share);
    for (half, ours, theirs) in [
        (
            "post_to_201",
            of(&alone, |it: &(Duration, Duration)| milliseconds(it.0)),
            (|it| it.opened) as fn(&Halves) -> Duration,
        ),
        ("paid_to_confirmed", of(&alone, |it| milliseconds(it.1)), |it| it.completed),
    ] {
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let name = format!("saga_latency/{mode}/{half}/{name}");
            let figure = Figure::relative(name, percentile(&ours, share), "ms", "the floor's", halves(share, theirs));
            figures.push(figure.marked(Mark::AtMost(2.0)));
        }
    }
    Ok(figures)
}

async fn turn(system: &System, seats: &Seats, http: &reqwest::Client, length: Duration) -> anyhow::Result<Turn> {
    let (used, by_process, busy) = (system.used()?, system.used_by_all()?, Processor::busy()?);
    let done = keep_busy(IN_FLIGHT, length, || buy(system, seats, http)).await?;
    // Those that ended after the time was up have used the processor, too.
    let bookings = (done.results.len() + IN_FLIGHT) as f64;
    let each = |used: Duration| milliseconds(used) / bookings;
    let after = system.used_by_all()?;
    let by_process = after.into_iter().filter_map(|(name, used)| {
        let before = *by_process.get(&name)?;
        Some((name, each(used.saturating_sub(before))))
    });
    Ok(Turn {
        rate: done.rate(),
        processor: each(system.used()?.saturating_sub(used)),
        by_process: by_process.collect(),
        machine: each(Processor::busy()?.saturating_sub(busy)),
    })
}

fn processor_figure(mode: Mode, turns: &[Turn]) -> Figure {
    let used = median(&of(turns, |turn| turn.processor));
    let name = format!("saga_cpu/{}", mode.name());
    let figure = Figure::absolute(name, used, "ms");
    match mode {
        Mode::Distributed => {
            let figure = figure.held_against("the same saga in Temporal's Python SDK: 33 ms, TypeScript: 29 ms");
            figure.marked(Mark::AtMost(4.0))
        }
        Mode::Embedded => figure
            .held_against("API, worker, relay, consumers and payment simulator in one process")
            .marked(Mark::AtMost(4.0)),
    }
}

/// Buys the next seats as one of many, from the first request to the tickets.
async fn buy(system: &System, seats: &Seats, http: &reqwest::Client) -> anyhow::Result<(Duration, Duration)> {
    let (show_id, wanted) = seats.next(system).await?;
    let buyer = Buyer::new(http, &system.addresses.api, system.token()?);
    buyer.among_many(&seats.usual_wait).buy(show_id, &wanted).await
}

/// The same for a buyer who is alone.
pub(crate) async fn buy_alone(
    system: &System,
    seats: &Seats,
    http: &reqwest::Client,
) -> anyhow::Result<(Duration, Duration)> {
    let (show_id, seats) = seats.next(system).await?;
    Buyer::new(http, &system.addresses.api, system.token()?).buy(show_id, &seats).await
}

fn of<T>(all: &[T], value: impl Fn(&T) -> f64) -> Vec<f64> {
    all.iter().map(value).collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Seats that nobody has wanted yet, from as many shows as it takes.
#[derive(Default)]
pub(crate) struct Seats {
    next: Mutex<Option<(ShowId, u32)>>,
    opening: tokio::sync::Mutex<()>,
    /// How long tickets take, as those who buy at the same time have found.
    usual_wait: Arc<AtomicU64>,
}

impl Seats {
    async fn next(&self, system: &System) -> anyhow::Result<(ShowId, Vec<SeatId>)> {
        loop {
            if let Some(found) = self.take() {
                return Ok(found);
            }
            let _only_one_opens = self.opening.lock().await;
            if let Some(found) = self.take() {
                return Ok(found);
            }
            let show = system.put_on_sale(Place::Large, HOLD_SECONDS).await?;
            *self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((show.id, 0));
        }
    }

    fn take(&self) -> Option<(ShowId, Vec<SeatId>)> {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (show_id, first) = (*next)?;
        if first + SEATS > LARGE {
            return None;
        }
        *next = Some((show_id, first + SEATS));
        Some((show_id, (first..first + SEATS).map(large_seat).collect()))
    }
}
