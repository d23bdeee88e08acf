//! `open_sagas`: thousands of bookings that wait for their money and expire, as steadily as they come; then many that
//! expire at one moment.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::ids::ShowId;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use crate::buyer::{self, Buyer};
use crate::catalogue::{LARGE, Place, SMALL, large_seat, small_seat};
use crate::effort::OpenEffort;
use crate::figure::{Figure, Mark, percentile};
use crate::load::keep_busy;
use crate::progress::say;
use crate::system::System;

/// The steady state opens as many bookings a second as are this share of what the engine can do of the floor: each costs
/// it about twice as much, and a state in which more comes than goes is not a steady one.
const STEADY_SHARE: f64 = 1.0 / 3.0;
/// What it opens a second at most.
const FASTEST: u32 = 20;
/// How many are opened at once for the common deadline.
const AT_ONCE: usize = 16;
/// How long the bookings of a common deadline may take to end.
const DRAINED_WITHIN: Duration = Duration::from_secs(600);
/// The longest hold, in seconds.
const LONGEST_HOLD: u32 = 900;

/// Measures both. `floor` is how many workflows of the floor the engine runs a second.
pub(crate) async fn measure(system: &System, effort: OpenEffort, floor: f64) -> anyhow::Result<Vec<Figure>> {
    let OpenEffort { open, watched } = effort;
    let mut figures = steady(system, open, watched, steady_rate(floor, open)).await?;
    figures.push(common_deadline(system, open, floor).await?);
    system.keeps_its_promises().await?;
    Ok(figures)
}

/// How many bookings are opened a second, so that `open` of them wait at once and none holds its seats too long.
fn steady_rate(floor: f64, open: u32) -> u32 {
    let share = (floor * STEADY_SHARE) as u32;
    share.clamp(1, FASTEST).max(open.div_ceil(LONGEST_HOLD))
}

/// As many are opened as expire.
async fn steady(system: &System, open: u32, watched: Duration, rate: u32) -> anyhow::Result<Vec<Figure>> {
    let hold = i64::from(open / rate);
    let total = open + rate * u32::try_from(watched.as_secs())?;
    ensure!(total <= LARGE, "{total} bookings want more seats than there are");
    let show = system.put_on_sale(Place::Large, hold).await?;
    let http = buyer::http(AT_ONCE)?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut asking = tokio::task::JoinSet::new();
    let mut most: f64 = 0.0;
    for number in 0..total {
        ticks.tick().await;
        let buyer = Buyer::new(&http, &system.addresses.api, system.token()?);
        asking.spawn(async move { opened(&buyer, show.id, number).await });
        if number % (rate * 5) == 0 {
            most = most.max(system.worker_memory()?);
        }
        if number % (rate * 30) == 0 {
            say(&format!("open_sagas: {number} of {total} opened, the worker has {:.0} MiB", system.worker_memory()?));
        }
    }
    while let Some(asked) = asking.join_next().await {
        asked??;
    }
    let waiting = ended(system, show.id).await?.len();
    say(&format!("open_sagas: {waiting} have expired, waiting for the others"));
    let lags =
        all_ended(system, show.id, total as usize, Duration::from_secs(u64::try_from(hold)?) + DRAINED_WITHIN).await?;
    let lags: Vec<f64> = lags.iter().map(|end| end.late().as_secs_f64()).collect();
    let mode = system.mode.name();
    let what = format!("{open} open, {rate}/s opened and as many expiring");
    Ok(vec![
        Figure::absolute(format!("open_sagas/{mode}/worker_memory"), most, "MiB")
            .held_against(&what)
            .marked(Mark::AtMost(300.0)),
        Figure::absolute(format!("open_sagas/{mode}/expiry_lag/p99"), percentile(&lags, 0.99), "s")
            .held_against(&what)
            .marked(Mark::AtMost(5.0)),
    ])
}

/// All are to expire at the same moment.
async fn common_deadline(system: &System, open: u32, floor: f64) -> anyhow::Result<Figure> {
    // As long as opening them may take, and no longer than any show may hold.
    let seconds = i64::from((open / 12 + 40).min(LONGEST_HOLD));
    let deadline = Instant::now() + Duration::from_secs(u64::try_from(seconds)?);
    let at = Timestamp::now().as_millisecond() + seconds * 1000;
    let http = buyer::http(AT_ONCE)?;
    let next = tokio::sync::Mutex::new(Opening::default());
    let left = std::sync::atomic::AtomicU32::new(open);
    say(&format!("open_sagas: opening {open} that expire in {seconds} s"));
    futures::future::try_join_all((0..AT_ONCE).map(|_| async {
        use std::sync::atomic::Ordering::Relaxed;
        while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
            let (show_id, seat) = {
                let mut opening = next.lock().await;
                let hold = deadline.saturating_duration_since(Instant::now()).as_secs();
                ensure!(hold > 2, "opening {open} bookings takes more than {seconds} s");
                let has_room = opening.shows.last().is_some_and(|(_show, asked)| *asked < SMALL);
                if opening.hold != hold || !has_room {
                    let show = system.put_on_sale(Place::Small, i64::try_from(hold)?).await?;
                    opening.hold = hold;
                    opening.shows.push((show.id, 0));
                }
                let (show_id, asked) = opening.shows.last_mut().context("a show was put on sale")?;
                *asked += 1;
                (*show_id, *asked - 1)
            };
            let asked =
                Buyer::new(&http, &system.addresses.api, system.token()?).ask(show_id, &[small_seat(seat)]).await?;
            asked.is_under_way()?;
        }
        Ok(())
    }))
    .await?;
    tokio::time::sleep_until(deadline.into()).await;
    let (mut all, began) = (Vec::new(), Instant::now());
    for (show_id, asked) in next.into_inner().shows {
        let within = DRAINED_WITHIN.saturating_sub(began.elapsed());
        all.extend(all_ended(system, show_id, asked as usize, within).await?);
    }
    ensure!(all.len() == open as usize, "{} of {open} have expired", all.len());
    let last = all.iter().map(|end| end.closed_at).max().unwrap_or(at);
    let rate = f64::from(open) * 1000.0 / (last - at).max(1) as f64;
    say(&format!("open_sagas: {open} at one deadline ended in {:.1} s", (last - at) as f64 / 1000.0));
    let name = format!("open_sagas/{}/common_deadline", system.mode.name());
    Ok(Figure::relative(name, rate, "expired/s", "the engine's floor", floor).marked(Mark::AtLeast(0.6)))
}

/// The shows whose bookings are to expire together.
#[derive(Default)]
struct Opening {
    /// How long the last of them holds seats, in seconds.
    hold: u64,
    /// Each with how many of its seats have been asked for.
    shows: Vec<(ShowId, u32)>,
}

async fn opened(buyer: &Buyer, show_id: ShowId, seat: u32) -> anyhow::Result<()> {
    let asked = buyer.ask(show_id, &[large_seat(seat)]).await?;
    asked.is_under_way()
}

/// When a booking was to end and did, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct End {
    expires_at: i64,
    closed_at: i64,
}

impl End {
    fn late(self) -> Duration {
        Duration::from_millis(u64::try_from(self.closed_at - self.expires_at).unwrap_or_default())
    }
}

async fn all_ended(system: &System, show_id: ShowId, count: usize, within: Duration) -> anyhow::Result<Vec<End>> {
    let deadline = Instant::now() + within;
    loop {
        let ends = ended(system, show_id).await?;
        if ends.len() >= count {
            return Ok(ends);
        }
        ensure!(Instant::now() < deadline, "only {} of {count} bookings have expired", ends.len());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn ended(system: &System, show_id: ShowId) -> anyhow::Result<Vec<End>> {
    let text = format!("select expires_at, closed_at from bookings where show_id = '{show_id}' and state = 'expired'");
    let connection = system.store.connection();
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), text)).await?;
    rows.iter()
        .map(|row| Ok(End { expires_at: row.try_get("", "expires_at")?, closed_at: row.try_get("", "closed_at")? }))
        .collect()
}

/// How many workflows of the floor the engine runs a second, for whoever needs to know it again.
pub(crate) async fn floor_rate(floor: &crate::floor::FloorCaller, length: Duration) -> anyhow::Result<f64> {
    Ok(keep_busy(32, length, || floor.run(crate::floor::Answered::ByUpdate)).await?.rate())
}
