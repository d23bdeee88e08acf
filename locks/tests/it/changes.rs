//! Streams of seat changes: what comes after a position, and when a position is no longer known.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::show_seat::{SeatStatus, ShowSeatState};
use locks::changes::{KEPT, MemoryChanges, Position, Published, RedisChanges, SeatChanges};

use crate::stores::{self, OwnRedis};
use crate::{seat, show};

const AT_ONCE: Duration = Duration::ZERO;

/// Makes a test per store of each function `async fn name(changes: Arc<dyn SeatChanges>)`.
macro_rules! in_all_streams {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn in_memory() {
                super::$name(Arc::new(MemoryChanges::new(7))).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn in_redis() {
                let Some(connection) = stores::connection() else { return };
                super::$name(Arc::new(RedisChanges::new(connection))).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn in_a_redis_cluster() {
                let Some(server) = OwnRedis::start_cluster().await else { return };
                super::$name(Arc::new(server.changes())).await;
            }
        }
    )*};
}

in_all_streams! {
    what_follows_a_position_is_read_in_order,
    who_waits_hears_at_once,
    what_is_too_old_or_of_another_stream_is_not_known,
}

fn status(number: u128, version: i64) -> SeatStatus {
    SeatStatus { seat_id: seat(number), state: ShowSeatState::Held, version }
}

async fn since(changes: &Arc<dyn SeatChanges>, position: &Position) -> Vec<Vec<SeatStatus>> {
    match changes.after(show(1), position, AT_ONCE).await.unwrap() {
        Published::Since(found) => found.into_iter().map(|publication| publication.seats).collect(),
        Published::Unknown => panic!("{position} is not known"),
    }
}

async fn what_follows_a_position_is_read_in_order(changes: Arc<dyn SeatChanges>) {
    let start = changes.position(show(1)).await.unwrap();
    assert_eq!(since(&changes, &start).await, Vec::<Vec<SeatStatus>>::new());
    changes.publish(show(1), &[status(1, 2), status(2, 2)]).await.unwrap();
    let middle = changes.position(show(1)).await.unwrap();
    changes.publish(show(1), &[status(1, 3)]).await.unwrap();
    changes.publish(show(2), &[status(9, 2)]).await.unwrap();
    assert_eq!(since(&changes, &start).await, [vec![status(1, 2), status(2, 2)], vec![status(1, 3)]]);
    assert_eq!(since(&changes, &middle).await, [vec![status(1, 3)]]);
    let end = changes.position(show(1)).await.unwrap();
    assert_eq!(since(&changes, &end).await, Vec::<Vec<SeatStatus>>::new());
    // A position goes to clients and comes back as text.
    assert_eq!(Position::parse(end.as_str()), Some(end));
}

async fn who_waits_hears_at_once(changes: Arc<dyn SeatChanges>) {
    changes.publish(show(1), &[status(1, 2)]).await.unwrap();
    let position = changes.position(show(1)).await.unwrap();
    let waiting = {
        let changes = Arc::clone(&changes);
        tokio::spawn(async move { changes.after(show(1), &position, Duration::from_secs(10)).await.unwrap() })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    let published = Instant::now();
    changes.publish(show(1), &[status(1, 3)]).await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Published::Since(found) if found[0].seats == [status(1, 3)]));
    assert!(published.elapsed() < Duration::from_secs(1));
}

async fn what_is_too_old_or_of_another_stream_is_not_known(changes: Arc<dyn SeatChanges>) {
    changes.publish(show(1), &[status(1, 2)]).await.unwrap();
    let old = changes.position(show(1)).await.unwrap();
    for version in 0..2 * KEPT {
        changes.publish(show(1), &[status(1, version as i64)]).await.unwrap();
    }
    assert_eq!(changes.after(show(1), &old, AT_ONCE).await.unwrap(), Published::Unknown);
    let newest = changes.position(show(1)).await.unwrap();
    let (began, count) = newest.as_str().split_once('-').unwrap();
    let future = format!("{began}-{}", count.parse::<u64>().unwrap() + 1);
    for elsewhere in [future, format!("5-{count}")] {
        let position = Position::parse(&elsewhere).unwrap();
        assert_eq!(changes.after(show(1), &position, AT_ONCE).await.unwrap(), Published::Unknown, "{elsewhere}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_lost_and_begun_anew_is_another_one() {
    let Some(server) = OwnRedis::start().await else { return };
    let changes = server.changes();
    changes.publish(show(1), &[status(1, 2)]).await.unwrap();
    let before = changes.position(show(1)).await.unwrap();
    server.flush().await;
    assert_eq!(changes.after(show(1), &before, AT_ONCE).await.unwrap(), Published::Unknown);
    changes.publish(show(1), &[status(1, 3)]).await.unwrap();
    assert_eq!(changes.after(show(1), &before, AT_ONCE).await.unwrap(), Published::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_lost_before_anybody_read_it_is_another_one() {
    let Some(server) = OwnRedis::start().await else { return };
    let changes = server.changes();
    let nothing_yet = changes.position(show(1)).await.unwrap();
    changes.publish(show(1), &[status(1, 2)]).await.unwrap();
    server.flush().await;
    assert_eq!(changes.after(show(1), &nothing_yet, AT_ONCE).await.unwrap(), Published::Unknown);
    changes.publish(show(1), &[status(1, 3)]).await.unwrap();
    assert_eq!(changes.after(show(1), &nothing_yet, AT_ONCE).await.unwrap(), Published::Unknown);
    // What is said of no stream at all is known to none.
    let nowhere = Position::parse("0-0").unwrap();
    assert_eq!(changes.after(show(1), &nowhere, AT_ONCE).await.unwrap(), Published::Unknown);
}

/// A replica that was behind takes over, or a server comes back with the copy on its disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_set_back_is_another_one_for_those_who_were_ahead() {
    let Some(server) = OwnRedis::start().await else { return };
    let changes = server.changes();
    let key = server.key(&format!("{{{}}}:changes", show(1)));
    changes.publish(show(1), &[status(1, 2)]).await.unwrap();
    let kept = changes.position(show(1)).await.unwrap();
    let copy: Vec<u8> = server.command(::redis::cmd("DUMP").arg(&key)).await.unwrap();
    changes.publish(show(1), &[status(1, 3)]).await.unwrap();
    let lost = changes.position(show(1)).await.unwrap();
    let mut restore = ::redis::cmd("RESTORE");
    let _: String = server.command(restore.arg(&key).arg(0).arg(copy).arg("REPLACE")).await.unwrap();
    // As many as were lost, and more.
    for version in 4..8 {
        changes.publish(show(1), &[status(1, version)]).await.unwrap();
        assert_eq!(changes.after(show(1), &lost, AT_ONCE).await.unwrap(), Published::Unknown);
    }
    assert!(
        matches!(changes.after(show(1), &kept, AT_ONCE).await.unwrap(), Published::Since(found) if found.len() == 4)
    );
}

#[test]
fn only_positions_of_ours_are_read() {
    for text in ["", "-", "1", "1-", "-1", "a-1", "1-1-1", "1 - 1", "99999999999999999999999-1"] {
        assert_eq!(Position::parse(text), None, "{text}");
    }
}
