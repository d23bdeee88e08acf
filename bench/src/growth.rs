//! `growth`: what a booking costs with many past bookings in the database, and with few.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use domain::ids::BookingId;

use crate::buyer::{self, Buyer};
use crate::catalogue::{LARGE, Place, large_seat};
use crate::effort::GrowthEffort;
use crate::figure::{Figure, Mark, percentile};
use crate::load::keep_busy;
use crate::past;
use crate::progress::say;
use crate::saga::{Seats, buy_alone};
use crate::system::{Mode, System};

/// How many past bookings there are in the small database.
const FEW: u32 = 1_000;
/// How many there are in the large one.
const MANY: u32 = 1_000_000;
/// How long seats are held.
const HOLD_SECONDS: i64 = 600;

/// Measures one booking at a time in two databases, in turn.
pub(crate) async fn measure(mode: Mode, program: &Path, effort: GrowthEffort) -> anyhow::Result<Vec<Figure>> {
    let GrowthEffort { rounds, turn } = effort;
    let few = with_past(mode, program, FEW).await?;
    let many = with_past(mode, program, MANY).await?;
    let (few_seats, many_seats) = (Seats::default(), Seats::default());
    let http = buyer::http(2)?;
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    // What is first in a database pays for reading it from the disk.
    keep_busy(1, turn, || buy_alone(&few, &few_seats, &http)).await?;
    keep_busy(1, turn, || buy_alone(&many, &many_seats, &http)).await?;
    for round in 1..=rounds {
        with_few.extend(keep_busy(1, turn, || buy_alone(&few, &few_seats, &http)).await?.results);
        with_many.extend(keep_busy(1, turn, || buy_alone(&many, &many_seats, &http)).await?.results);
        say(&format!("growth: round {round} of {rounds}"));
    }
    few.stop().await?;
    many.stop().await?;
    let of = |all: &[(Duration, Duration)], half: fn(&(Duration, Duration)) -> Duration| {
        percentile(&all.iter().map(|it| half(it).as_secs_f64() * 1000.0).collect::<Vec<_>>(), 0.5)
    };
    let figure = |half: &str, part: fn(&(Duration, Duration)) -> Duration| {
        let name = format!("growth/{}/{half}", mode.name());
        let against = "with 1,000 past bookings";
        Figure::relative(name, of(&with_many, part), "ms", against, of(&with_few, part)).marked(Mark::AtMost(1.2))
    };
    Ok(vec![figure("paid_to_confirmed", |it| it.1), figure("post_to_201", |it| it.0)])
}

/// A boxoffice with a past.
async fn with_past(mode: Mode, program: &Path, count: u32) -> anyhow::Result<System> {
    say(&format!("growth: a {} boxoffice with {count} past bookings", mode.name()));
    let system = System::start(mode, program).await?;
    let model = system.put_on_sale(Place::Large, HOLD_SECONDS).await?;
    let buyer = Buyer::new(&buyer::http(1)?, &system.addresses.api, system.token()?);
    let asked = buyer.ask(model.id, &[large_seat(0)]).await?;
    buyer.pay(&asked.body).await?;
    buyer.is_confirmed(&asked.body).await?;
    let id = asked.body["id"].as_str().context("the booking has no id")?;
    // Its last messages are published, and acted on, a moment later.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut shows = Vec::new();
    for _ in 0..count.div_ceil(LARGE) {
        shows.push(system.put_on_sale(Place::Large, HOLD_SECONDS).await?.id);
    }
    past::make(&system.settings.database.url, BookingId::parse(id)?, &shows, count).await?;
    Ok(system)
}
