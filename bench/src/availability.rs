//! `availability`: how quickly the seats of a large show are told while many of them change.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::ids::ShowId;
use reqwest::{Client, StatusCode, header};

use crate::bare;
use crate::buyer::{self, Buyer};
use crate::catalogue::{LARGE, Place, large_seat};
use crate::effort::AvailabilityEffort;
use crate::figure::{Figure, Mark, median};
use crate::load::keep_busy;
use crate::progress::say;
use crate::side::BareServer;
use crate::system::System;

/// How many ask at once.
const AT_ONCE: usize = 32;
/// How many seats each booking changes.
const SEATS: u32 = 10;
/// How many bookings are being made at once, beside those who ask.
const BOOKING_AT_ONCE: usize = 4;
/// How long it may take until the last change is told.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// How long seats are held.
const HOLD_SECONDS: i64 = 900;

/// Measures it: both sides in turn while seats change, until the last of them has.
pub(crate) async fn measure(
    system: &System,
    redis: &str,
    folder: &Path,
    effort: AvailabilityEffort,
) -> anyhow::Result<Vec<Figure>> {
    let AvailabilityEffort { turn, changing_percent } = effort;
    let changing = LARGE * changing_percent / 100;
    let show = system.put_on_sale(Place::Large, HOLD_SECONDS).await?;
    let url = format!("{}/api/v1/shows/{}/availability", system.addresses.api, show.id);
    let http = buyer::http(AT_ONCE)?;
    let file = folder.join("availability.json");
    std::fs::write(&file, http.get(&url).send().await?.error_for_status()?.bytes().await?)?;
    let bare = BareServer::start(redis, &file).await?;
    let bare = bare.url(bare::READING);

    let changed = std::sync::atomic::AtomicU32::new(0);
    let booked = change(system, show.id, changing, &changed);
    let asked = async {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        while changed.load(std::sync::atomic::Ordering::Relaxed) < changing || ours.is_empty() {
            theirs.push(keep_busy(AT_ONCE, turn, || get(&http, &bare)).await?.rate());
            ours.push(keep_busy(AT_ONCE, turn, || get(&http, &url)).await?.rate());
            say(&format!(
                "availability: {:.0}/s, the bare handler {:.0}/s; {} seats have changed",
                ours[ours.len() - 1],
                theirs[theirs.len() - 1],
                changed.load(std::sync::atomic::Ordering::Relaxed),
            ));
        }
        anyhow::Ok((median(&ours), median(&theirs)))
    };
    let (booked, asked) = tokio::join!(booked, asked);
    booked?;
    let (ours, theirs) = asked?;
    knows_what_is_known(&http, &url).await?;
    let name = format!("availability/{}", system.mode.name());
    let against = "a bare handler that returns the same bytes";
    Ok(vec![Figure::relative(name, ours, "requests/s", against, theirs).marked(Mark::AtLeast(0.7))])
}

/// Books seat after seat until the share of the show has changed.
async fn change(
    system: &System,
    show_id: ShowId,
    changing: u32,
    changed: &std::sync::atomic::AtomicU32,
) -> anyhow::Result<()> {
    use std::sync::atomic::{AtomicU32, Ordering};
    let http = buyer::http(BOOKING_AT_ONCE)?;
    let next = AtomicU32::new(0);
    futures::future::try_join_all((0..BOOKING_AT_ONCE).map(|_| async {
        loop {
            let first = next.fetch_add(SEATS, Ordering::Relaxed);
            if first >= changing {
                return anyhow::Ok(());
            }
            let seats: Vec<_> = (first..first + SEATS).map(large_seat).collect();
            let asked = Buyer::new(&http, &system.addresses.api, system.token()?).ask(show_id, &seats).await?;
            asked.is_under_way()?;
            changed.fetch_add(SEATS, Ordering::Relaxed);
        }
    }))
    .await?;
    Ok(())
}

async fn get(http: &Client, url: &str) -> anyhow::Result<()> {
    let answer = http.get(url).send().await?.error_for_status()?;
    let length = answer.bytes().await?.len();
    ensure!(length > LARGE as usize, "only {length} bytes about {LARGE} seats");
    Ok(())
}

/// Whoever has the tag of the seats as they are is answered 304, once what changed last has been told.
async fn knows_what_is_known(http: &Client, url: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + TOLD_WITHIN;
    loop {
        let first = http.get(url).send().await?.error_for_status()?;
        let tag = first.headers().get(header::ETAG).context("availability has no ETag")?.clone();
        let again = http.get(url).header(header::IF_NONE_MATCH, tag).send().await?;
        if again.status() == StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the same tag is answered {}", again.status());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
