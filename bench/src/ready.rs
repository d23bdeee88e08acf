//! `ready`: how long a built `boxoffice dev` takes from its start to the first booking that it accepts.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use domain::ids::SeatId;
use reqwest::StatusCode;
use serde_json::Value;

use crate::buyer::{self, Buyer};
use crate::figure::{Figure, Mark, median};
use crate::progress::say;
use crate::system::{Mode, System};

/// Starts it in an empty folder, `rounds` times.
pub(crate) async fn measure(program: &Path, rounds: usize) -> anyhow::Result<Vec<Figure>> {
    let mut times = Vec::new();
    for round in 1..=rounds {
        let began = Instant::now();
        let system = System::start_bare(Mode::Embedded, program).await?;
        first_booking(&system).await?;
        times.push(began.elapsed().as_secs_f64());
        say(&format!("ready: round {round} of {rounds}: {:.2} s", times[times.len() - 1]));
        system.stop().await?;
    }
    let against = "from the start of a built `boxoffice dev` with no data to its first accepted booking";
    Ok(vec![Figure::absolute("ready", median(&times), "s").held_against(against).marked(Mark::AtMost(5.0))])
}

/// Books a seat of the sample catalogue.
async fn first_booking(system: &System) -> anyhow::Result<()> {
    let (http, api) = (buyer::http(1)?, &system.addresses.api);
    let show = boxoffice::sample::FILM_SHOW;
    let url = format!("{api}/api/v1/shows/{show}/seats");
    let seats: Value = http.get(url).send().await?.json().await?;
    let free = seats["items"].as_array().and_then(|seats| seats.iter().find(|seat| seat["state"] == "available"));
    let seat = SeatId::parse(free.and_then(|seat| seat["seatId"].as_str()).context("no seat of the film is free")?)?;
    let buyer = Buyer::new(&http, api, system.token()?);
    let asked = buyer.ask(show, &[seat]).await?;
    asked.is_under_way()?;
    // On a machine that has much else to do the saga may take longer than its caller is kept waiting.
    if asked.status == StatusCode::ACCEPTED {
        buyer.opened(&asked.body).await?;
    }
    Ok(())
}
