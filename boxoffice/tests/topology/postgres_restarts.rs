//! PostgreSQL restarted in mid-sale, in order and as in a crash.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::sale::{line, sell_during};
use crate::stage;
use testkit::servers::services;
use testkit::stage::all_parts_are_up;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_restarted_in_mid_sale() {
    let stage = stage::set(2, 2).await;
    let begun = Instant::now();
    let (mut first, mut second) = (Duration::ZERO, Duration::ZERO);
    let visits = sell_during(&stage, async {
        sleep(Duration::from_secs(4)).await;
        first = begun.elapsed();
        services(&["restart", "postgres"]);
        sleep(Duration::from_secs(6)).await;
        second = begun.elapsed();
        services(&["restart", "postgres", "--immediate"]);
        sleep(Duration::from_secs(6)).await;
    })
    .await;
    let end = begun.elapsed();
    println!("{}", line("before", &visits, Duration::ZERO, first));
    println!("{}", line("around a restart", &visits, first, second));
    println!("{}", line("around a crash", &visits, second, end));
    all_parts_are_up(&stage).await;
    stage.rests_with_every_promise_kept(Duration::from_secs(90)).await;
}
