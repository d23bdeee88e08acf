//! A sale that goes on while something is taken away: pairs of customers who want the same seat, one after the other
//! seat, and how quickly each was answered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use domain::ids::{SeatId, ShowId};
use futures::future::join_all;
use testkit::catalogue::{FREE, LONG_HOLD, seat};
use testkit::{Buyer, buyer::GOOD_CARD};

use testkit::stage::Stage;

/// How many pairs buy at the same time.
const PAIRS: usize = 6;
/// How many seats each show has.
const SEATS: u32 = 400;
/// The pause before a request is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// What one customer lived to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    /// When it came, counted from the sale's begin.
    pub(crate) came: Duration,
    /// How long its booking took to be answered, tries included.
    pub(crate) took: Duration,
    /// How often it had to try again.
    pub(crate) retries: u32,
    /// Whether the seat is its own.
    pub(crate) won: bool,
}

/// Sells seat after seat for as long as `during` takes; every seat is wanted by two customers at once, and sold to one.
pub(crate) async fn sell_during(stage: &Stage, during: impl Future<Output = ()>) -> Vec<Visit> {
    let (next, begun) = (AtomicU32::new(0), Instant::now());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let pairs = (0..PAIRS).map(|_| async {
        let mut visits = Vec::new();
        while !*stopped.borrow() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            assert!(number < 2 * SEATS, "the sale is longer than there are seats");
            let (show, wanted) = ([LONG_HOLD, FREE][(number / SEATS) as usize], seat(number % SEATS));
            let both = [stage.buyer().await, stage.buyer().await];
            let [first, second] = &both;
            let (first, second) = tokio::join!(visit(first, show, wanted, begun), visit(second, show, wanted, begun));
            assert!(first.won != second.won, "seat {number} was sold to {} customers", u8::from(first.won) * 2);
            visits.extend([first, second]);
        }
        visits
    });
    let selling = join_all(pairs);
    let ending = async {
        during.await;
        stop.send_replace(true);
    };
    let (visits, ()) = tokio::join!(selling, ending);
    visits.into_iter().flatten().collect()
}

/// Books and pays, however often it has to be tried.
async fn visit(buyer: &Buyer, show: ShowId, wanted: SeatId, begun: Instant) -> Visit {
    let (came, started) = (begun.elapsed(), Instant::now());
    let mut retries = 0;
    let answer = loop {
        match buyer.try_to_book("sale", show, &[wanted]).await {
            Some(answer) if !answer.status.is_server_error() => break answer,
            Some(answer) if answer.status != reqwest::StatusCode::SERVICE_UNAVAILABLE => panic!("{answer:?}"),
            Some(_) | None => retries += 1,
        }
        assert!(started.elapsed() < Duration::from_secs(120), "no answer to a booking");
        tokio::time::sleep(PAUSE).await;
    };
    let took = started.elapsed();
    if answer.status == reqwest::StatusCode::CONFLICT {
        return Visit { came, took, retries, won: false };
    }
    assert!(answer.status.is_success(), "{answer:?}");
    let booking_id = buyer.booking_for("sale");
    let mut paid = false;
    let ended = loop {
        let now = buyer.try_booking(booking_id).await.filter(|now| now.status.is_success());
        match now.as_ref().map(|now| now.state()) {
            Some("confirmed" | "failed" | "expired" | "cancelled") => break now,
            Some("awaiting_payment") if !paid => {
                paid = buyer.try_to_pay(now.as_ref().unwrap(), GOOD_CARD).await.is_some();
            }
            Some(_) | None => {}
        }
        assert!(started.elapsed() < Duration::from_secs(180), "no end of a booking: {now:?}");
        tokio::time::sleep(PAUSE).await;
    };
    Visit { came, took, retries, won: ended.unwrap().state() == "confirmed" }
}

/// One line about those who came between two moments: how many bought, and the median and the longest time to an answer.
pub(crate) fn line(what: &str, visits: &[Visit], from: Duration, to: Duration) -> String {
    let mut of_phase: Vec<&Visit> = visits.iter().filter(|visit| (from..to).contains(&visit.came)).collect();
    of_phase.sort_by_key(|visit| visit.took);
    let sold = of_phase.iter().filter(|visit| visit.won).count();
    let retries: u32 = of_phase.iter().map(|visit| visit.retries).sum();
    let (median, longest) = match of_phase.as_slice() {
        [] => (Duration::ZERO, Duration::ZERO),
        visits => (visits[visits.len() / 2].took, visits[visits.len() - 1].took),
    };
    format!(
        "{what}: {sold} seats sold in {:.1} s, answers after {} ms at the median, {} ms at the longest, {retries} tries again",
        (to - from).as_secs_f64(),
        median.as_millis(),
        longest.as_millis(),
    )
}
