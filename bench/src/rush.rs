//! `rush`: 2,000 buyers at once for 200 seats, everybody wanting the best ones.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use domain::ids::ShowId;
use domain::show_seat::ShowSeatState;
use futures::future::try_join_all;
use reqwest::StatusCode;
use serde_json::json;
use temporalio_client::WorkflowCountOptions;

use crate::bare;
use crate::buyer::{self, Buyer};
use crate::catalogue::{Place, SMALL, small_seat};
use crate::effort::RushEffort;
use crate::figure::{Figure, Mark, median};
use crate::progress::say;
use crate::side::BareServer;
use crate::system::System;

/// How often one who was refused tries again; whoever has a seat stops.
const TRIES: usize = 5;
/// How long seats are held.
const HOLD_SECONDS: i64 = 600;
/// How long the engine may take to list what was started.
const LISTED_WITHIN: Duration = Duration::from_secs(60);

/// What a crowd came to.
struct Crowd {
    refused: usize,
    won: usize,
    took: Duration,
}

impl Crowd {
    fn rate(&self) -> f64 {
        self.refused as f64 / self.took.as_secs_f64()
    }
}

/// Measures it. Winners pay, and every seat has to be sold once.
pub(crate) async fn measure(system: &System, bare: &BareServer, effort: RushEffort) -> anyhow::Result<Vec<Figure>> {
    let RushEffort { rounds, buyers } = effort;
    let http = buyer::http(buyers)?;
    let mut tokens = Vec::new();
    for _ in 0..buyers {
        tokens.push(system.token()?);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let other = refused_by_bare(&http, bare, &tokens).await?;
        let show = system.put_on_sale(Place::Small, HOLD_SECONDS).await?;
        let crowd = rush(system, show.id, &http, &tokens).await?;
        say(&format!(
            "rush: round {round} of {rounds}: {} refused in {:.1} s, {:.0}/s; {} won; the bare handler refuses {:.0}/s",
            crowd.refused,
            crowd.took.as_secs_f64(),
            crowd.rate(),
            crowd.won,
            other.rate(),
        ));
        sold_once(system, show.id, crowd.won).await?;
        ours.push(crowd.rate());
        theirs.push(other.rate());
    }
    system.keeps_its_promises().await?;
    let name = format!("rush/{}", system.mode.name());
    let against = "a bare handler that makes one Redis call";
    let figure = Figure::relative(name, median(&ours), "refusals/s", against, median(&theirs));
    Ok(vec![figure.marked(Mark::AtLeast(0.5))])
}

/// Everybody at once. Each wants one of the best seats that it does not know to be gone.
async fn rush(system: &System, show_id: ShowId, http: &reqwest::Client, tokens: &[String]) -> anyhow::Result<Crowd> {
    let (refused, won) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ended = std::sync::Mutex::new(Duration::ZERO);
    let began = Instant::now();
    let winners = try_join_all(tokens.iter().enumerate().map(|(number, token)| {
        let (refused, won, ended) = (&refused, &won, &ended);
        async move {
            let buyer = Buyer::new(http, &system.addresses.api, token.clone());
            for attempt in 0..TRIES {
                let asked = buyer.ask(show_id, &[small_seat(wanted(number, attempt))]).await?;
                match asked.status {
                    StatusCode::CREATED | StatusCode::ACCEPTED => {
                        won.fetch_add(1, Ordering::Relaxed);
                        return anyhow::Ok(Some((buyer, asked.body)));
                    }
                    StatusCode::CONFLICT => {
                        refused.fetch_add(1, Ordering::Relaxed);
                        let mut last = ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        *last = began.elapsed();
                    }
                    status => bail!("a buyer in the rush is answered {status}: {}", asked.body),
                }
            }
            Ok(None)
        }
    }))
    .await?;
    let took = *ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (buyer, booking) in winners.into_iter().flatten() {
        let booking = buyer.opened(&booking).await?;
        buyer.pay(&booking).await?;
        buyer.is_confirmed(&booking).await?;
    }
    Ok(Crowd { refused: refused.into_inner(), won: won.into_inner(), took })
}

/// The seat that a buyer wants: all seats are somebody's, and ten times as many want each as can have it.
fn wanted(buyer: usize, attempt: usize) -> u32 {
    let seats = SMALL as usize;
    u32::try_from((buyer + attempt * 37) % seats).unwrap_or_default()
}

/// Every seat is sold to one booking, and no saga was started for anybody else.
async fn sold_once(system: &System, show_id: ShowId, won: usize) -> anyhow::Result<()> {
    let seats = system.store.seat_statuses(show_id).await?;
    let sold = seats.iter().filter(|seat| seat.state == ShowSeatState::Sold).count();
    ensure!(sold == SMALL as usize, "{sold} of {SMALL} seats are sold");
    ensure!(won == SMALL as usize, "{won} bookings won {SMALL} seats");
    let query = format!("ShowId = '{show_id}' AND WorkflowType = 'BookTicket'");
    let deadline = Instant::now() + LISTED_WITHIN;
    loop {
        let started = system
            .engine()
            .await?
            .client()
            .await?
            .count_workflows(&query, WorkflowCountOptions::default())
            .await?
            .count();
        if started == won {
            return Ok(());
        }
        ensure!(started < won && Instant::now() < deadline, "{started} sagas were started for {won} bookings");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The same crowd at the bare handler, which refuses everybody every time.
async fn refused_by_bare(http: &reqwest::Client, bare: &BareServer, tokens: &[String]) -> anyhow::Result<Crowd> {
    let url = bare.url(bare::REFUSING);
    let began = Instant::now();
    try_join_all(tokens.iter().enumerate().map(|(number, token)| {
        let url = &url;
        async move {
            for attempt in 0..TRIES {
                let seats = [small_seat(wanted(number, attempt))];
                let body = json!({ "showId": ShowId::new(uuid::Uuid::nil()), "seatIds": seats });
                let answer = http.post(url).bearer_auth(token).json(&body).send().await?;
                ensure!(answer.status() == StatusCode::CONFLICT, "the bare handler answers {}", answer.status());
                let _problem: serde_json::Value = answer.json().await?;
            }
            anyhow::Ok(())
        }
    }))
    .await?;
    Ok(Crowd { refused: tokens.len() * TRIES, won: 0, took: began.elapsed() })
}
