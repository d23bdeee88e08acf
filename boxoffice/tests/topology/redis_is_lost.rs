//! Redis emptied and stopped in mid-sale: the database decides, and no seat is sold twice.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::sale::{line, sell_during};
use crate::stage;
use testkit::servers::Stopped;
use testkit::stage::all_parts_are_up;

const REST_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_flushed_in_mid_sale() {
    let stage = stage::set(2, 2).await;
    let (mut flushes, begun) = (0, Instant::now());
    let visits = sell_during(&stage, async {
        for _ in 0..10 {
            sleep(Duration::from_millis(700)).await;
            testkit::mode::flush_redis().await;
            flushes += 1;
        }
    })
    .await;
    println!("{}", line(&format!("redis flushed {flushes} times"), &visits, Duration::ZERO, begun.elapsed()));
    assert!(visits.iter().filter(|visit| visit.won).count() > 10);
    stage.rests_with_every_promise_kept(REST_WITHIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_stopped_for_thirty_seconds_in_mid_sale() {
    let stage = stage::set(2, 2).await;
    let begun = Instant::now();
    let (mut stopped_at, mut started_at) = (Duration::ZERO, Duration::ZERO);
    let visits = sell_during(&stage, async {
        sleep(Duration::from_secs(5)).await;
        stopped_at = begun.elapsed();
        let stopped = Stopped::now("redis");
        sleep(Duration::from_secs(30)).await;
        let (_, metrics) = stage.fleet.operations("api-1", "/metrics").await.unwrap();
        assert!(metrics.contains("boxoffice_redis_up 0"), "a metric warns: {metrics}");
        drop(stopped);
        started_at = begun.elapsed();
        sleep(Duration::from_secs(5)).await;
    })
    .await;
    let end = begun.elapsed();
    println!("{}", line("redis there", &visits, Duration::ZERO, stopped_at));
    println!("{}", line("redis stopped", &visits, stopped_at, started_at));
    println!("{}", line("redis back", &visits, started_at, end));
    assert!(visits.iter().any(|visit| visit.won && (stopped_at..started_at).contains(&visit.came)));
    all_parts_are_up(&stage).await;
    stage.rests_with_every_promise_kept(REST_WITHIN).await;
}
