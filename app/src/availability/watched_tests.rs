use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::ids::SeatId;
use domain::show_seat::ShowSeatState;
use futures::FutureExt;
use futures::future::join_all;
use locks::changes::MemoryChanges;
use uuid::Uuid;

use super::super::boards::{Boards, Subscription};
use super::super::{NotFollowed, SeatCounts};
use super::*;

const SHOW: ShowId = ShowId::new(Uuid::from_u128(0x54));
const SEATS: u32 = 20;
const SOON: Duration = Duration::from_secs(3);

fn seat(number: u32) -> SeatId {
    SeatId::new(Uuid::from_u128(u128::from(number)))
}

/// A stream that can be away, lose everything, and forget.
struct Weather {
    stream: Mutex<Arc<MemoryChanges>>,
    away: AtomicBool,
    hangs: AtomicBool,
}

impl Weather {
    async fn stream(&self) -> Result<Arc<MemoryChanges>, ChangesError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(ChangesError::Unavailable("away on purpose".into()));
        }
        Ok(Arc::clone(&self.stream.lock().unwrap()))
    }

    fn forget_everything(&self, epoch: u64) {
        *self.stream.lock().unwrap() = Arc::new(MemoryChanges::new(epoch));
    }
}

#[async_trait]
impl SeatChanges for Weather {
    async fn publish(&self, show_id: ShowId, seats: &[SeatStatus]) -> Result<(), ChangesError> {
        self.stream().await?.publish(show_id, seats).await
    }

    async fn position(&self, show_id: ShowId) -> Result<Position, ChangesError> {
        self.stream().await?.position(show_id).await
    }

    async fn after(&self, show_id: ShowId, position: &Position, wait: Duration) -> Result<Published, ChangesError> {
        let stream = self.stream().await?;
        // Cut into short looks, so that going away and forgetting are noticed as those of a server are.
        stream.after(show_id, position, wait.min(Duration::from_millis(50))).await
    }
}

/// Rows that can be changed and counted; what only a database can decide is tried with one, over HTTP.
struct Stage {
    rows: Arc<Mutex<Vec<SeatStatus>>>,
    reads: Arc<AtomicUsize>,
    read_fails: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
    weather: Arc<Weather>,
    boards: Arc<Boards>,
}

impl Stage {
    fn new() -> Self {
        Self::with_subscribers(100)
    }

    fn with_subscribers(subscribers_max: usize) -> Self {
        let status = |number| SeatStatus { seat_id: seat(number), state: ShowSeatState::Available, version: 1 };
        let rows: Arc<Mutex<Vec<SeatStatus>>> = Arc::new(Mutex::new((0..SEATS).map(status).collect()));
        let (reads, read_fails, gone): (Arc<AtomicUsize>, Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let stream = Mutex::new(Arc::new(MemoryChanges::new(1)));
        let weather = Weather { stream, away: AtomicBool::default(), hangs: AtomicBool::default() };
        let weather = Arc::new(weather);
        let read: ReadSeats = {
            let (rows, reads) = (Arc::clone(&rows), Arc::clone(&reads));
            let (read_fails, gone) = (Arc::clone(&read_fails), Arc::clone(&gone));
            Arc::new(move |_| {
                reads.fetch_add(1, Ordering::SeqCst);
                let rows = rows.lock().unwrap().clone();
                let (fails, gone) = (read_fails.load(Ordering::SeqCst), gone.load(Ordering::SeqCst));
                async move {
                    sleep(Duration::from_millis(5)).await;
                    match (gone, fails) {
                        (true, _) => Err(AppError::NotFound { what: "show" }),
                        (false, true) => Err(AppError::Unavailable { part: "database", source: "on purpose".into() }),
                        (false, false) => Ok(rows),
                    }
                }
                .boxed()
            })
        };
        let changes: Arc<dyn SeatChanges> = weather.clone();
        let boards = Boards::with(Sources { read, changes }, subscribers_max);
        Self { rows, reads, read_fails, gone, weather, boards }
    }

    /// Changes a row, and publishes it if the stream is to have it.
    async fn change(&self, number: u32, state: ShowSeatState, published: bool) {
        let status = {
            let mut rows = self.rows.lock().unwrap();
            let row = &mut rows[number as usize];
            (row.state, row.version) = (state, row.version + 1);
            *row
        };
        if published {
            self.weather.publish(SHOW, &[status]).await.unwrap();
        }
    }

    async fn follow(&self, resume: Option<&str>) -> Subscription {
        self.boards.subscribe(SHOW, resume).await.unwrap()
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

async fn next(subscription: &mut Subscription) -> Told {
    match subscription.next(SOON).await {
        Heard::Told(told) => told,
        other => panic!("nothing is told: {other:?}"),
    }
}

async fn snapshot(subscription: &mut Subscription) -> Arc<Picture> {
    match next(subscription).await {
        Told::Snapshot(picture) => picture,
        other => panic!("no snapshot: {other:?}"),
    }
}

async fn changes(subscription: &mut Subscription) -> Vec<(SeatId, ShowSeatState)> {
    match next(subscription).await {
        Told::Changes(change) => change.seats.clone(),
        other => panic!("no changes: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_to_every_follower() {
    let stage = Stage::new();
    let (mut one, mut other) = (stage.follow(None).await, stage.follow(None).await);
    let expected = SeatCounts { available: SEATS, ..SeatCounts::default() };
    assert_eq!(snapshot(&mut one).await.counts, expected);
    snapshot(&mut other).await;
    stage.change(3, ShowSeatState::Held, true).await;
    assert_eq!(changes(&mut one).await, [(seat(3), ShowSeatState::Held)]);
    assert_eq!(changes(&mut other).await, [(seat(3), ShowSeatState::Held)]);
    assert!(matches!(one.next(Duration::from_secs(30)).await, Heard::Silence));
}

#[tokio::test(start_paused = true)]
async fn many_who_come_at_once_are_served_by_one_read() {
    let stage = Stage::with_subscribers(2_000);
    let followers = join_all((0..2_000).map(|_| stage.follow(None))).await;
    assert_eq!(stage.reads(), 1);
    let refused = stage.boards.subscribe(SHOW, None).await;
    assert!(matches!(refused, Err(NotFollowed::Full { limit: 2_000 })));
    drop(followers);
    stage.follow(None).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_publication_is_healed_by_the_next_read() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.change(5, ShowSeatState::Sold, false).await;
    assert!(matches!(follower.next(Duration::from_secs(5)).await, Heard::Silence));
    let Heard::Told(Told::Changes(healed)) = follower.next(COMPARE).await else { panic!("it is not healed") };
    assert_eq!(healed.seats, [(seat(5), ShowSeatState::Sold)]);
}

#[tokio::test(start_paused = true)]
async fn while_the_stream_is_away_the_database_is_read_often() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.weather.away.store(true, Ordering::SeqCst);
    for number in 0..5 {
        stage.change(number, ShowSeatState::Held, false).await;
        assert_eq!(changes(&mut follower).await, [(seat(number), ShowSeatState::Held)]);
    }
    // What was changed in the last moment of it is found when it is back.
    stage.change(9, ShowSeatState::Held, false).await;
    stage.weather.away.store(false, Ordering::SeqCst);
    assert_eq!(changes(&mut follower).await, [(seat(9), ShowSeatState::Held)]);
    stage.change(9, ShowSeatState::Sold, true).await;
    assert_eq!(changes(&mut follower).await, [(seat(9), ShowSeatState::Sold)]);
}

#[tokio::test(start_paused = true)]
async fn a_board_can_begin_without_the_stream() {
    let stage = Stage::new();
    stage.weather.away.store(true, Ordering::SeqCst);
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.weather.away.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(5)).await;
    let reads = stage.reads();
    stage.change(0, ShowSeatState::Held, true).await;
    assert_eq!(changes(&mut follower).await, [(seat(0), ShowSeatState::Held)]);
    assert_eq!(stage.reads(), reads, "the stream has told it");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_hangs_keeps_nobody_waiting() {
    let stage = Stage::new();
    stage.weather.hangs.store(true, Ordering::SeqCst);
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.change(0, ShowSeatState::Held, false).await;
    assert_eq!(changes(&mut follower).await, [(seat(0), ShowSeatState::Held)]);
    let began = Instant::now();
    snapshot(&mut stage.follow(Some("1-3-0000000000000000")).await).await;
    assert!(began.elapsed() < RESUME_WAIT * 2, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_forgotten_is_followed_anew_after_a_read() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.change(1, ShowSeatState::Held, false).await;
    stage.weather.forget_everything(2);
    assert_eq!(changes(&mut follower).await, [(seat(1), ShowSeatState::Held)], "at once, not after ten seconds");
    stage.change(2, ShowSeatState::Held, true).await;
    assert_eq!(changes(&mut follower).await, [(seat(2), ShowSeatState::Held)]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_goes_away_later_is_not_missed() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.read_fails.store(true, Ordering::SeqCst);
    sleep(Duration::from_secs(40)).await;
    assert_eq!(stage.boards.watched(SHOW).await.unwrap().picture().counts.available, SEATS);
    stage.change(1, ShowSeatState::Held, true).await;
    assert_eq!(changes(&mut follower).await, [(seat(1), ShowSeatState::Held)]);
    stage.change(2, ShowSeatState::Held, false).await;
    stage.read_fails.store(false, Ordering::SeqCst);
    assert_eq!(changes(&mut follower).await, [(seat(2), ShowSeatState::Held)], "and it is read when it is back");
}

#[tokio::test(start_paused = true)]
async fn a_first_read_that_fails_is_a_refusal_and_is_tried_again_by_the_next() {
    let stage = Stage::new();
    stage.gone.store(true, Ordering::SeqCst);
    let refused = stage.boards.subscribe(SHOW, None).await;
    assert!(matches!(refused, Err(NotFollowed::Refused(AppError::NotFound { what: "show" }))));
    stage.gone.store(false, Ordering::SeqCst);
    stage.read_fails.store(true, Ordering::SeqCst);
    let refused = stage.boards.subscribe(SHOW, None).await;
    assert!(matches!(refused, Err(NotFollowed::Refused(AppError::Unavailable { part: "database", .. }))));
    stage.read_fails.store(false, Ordering::SeqCst);
    snapshot(&mut stage.follow(None).await).await;
}

#[tokio::test(start_paused = true)]
async fn who_follows_a_show_that_is_deleted_hears_the_end() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.gone.store(true, Ordering::SeqCst);
    let heard = follower.next(2 * COMPARE).await;
    assert!(matches!(heard, Heard::End), "{heard:?}");
    let refused = stage.boards.subscribe(SHOW, None).await;
    assert!(matches!(refused, Err(NotFollowed::Refused(AppError::NotFound { what: "show" }))), "from memory");
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_is_too_slow_gets_the_whole_picture() {
    let stage = Stage::new();
    let mut slow = stage.follow(None).await;
    snapshot(&mut slow).await;
    for round in 0..EVENTS_BEHIND + 10 {
        let state = if round % 2 == 0 { ShowSeatState::Held } else { ShowSeatState::Available };
        stage.change(0, state, true).await;
        sleep(Duration::from_millis(300)).await;
    }
    let picture = snapshot(&mut slow).await;
    assert_eq!(picture.counts.available, SEATS);
    assert!(matches!(slow.next(SOON).await, Heard::Silence), "and nothing of what it missed");
    stage.change(1, ShowSeatState::Sold, true).await;
    assert_eq!(changes(&mut slow).await, [(seat(1), ShowSeatState::Sold)]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_gets_what_was_missed_also_from_another_process() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    let position = snapshot(&mut follower).await.position.clone();
    drop(follower);
    stage.change(4, ShowSeatState::Held, true).await;
    stage.change(4, ShowSeatState::Sold, true).await;
    stage.change(7, ShowSeatState::Held, true).await;
    let expected = [(seat(4), ShowSeatState::Sold), (seat(7), ShowSeatState::Held)];
    let mut again = stage.follow(Some(&position)).await;
    let mut missed: VecDeque<_> = changes(&mut again).await.into();
    // This process may have heard of them before or after the follower came back.
    while missed.len() < expected.len() {
        missed.extend(changes(&mut again).await);
    }
    assert_eq!(missed, expected);

    let other = Boards::with(stage.boards.sources().clone(), 10);
    let mut elsewhere = other.subscribe(SHOW, Some(&position)).await.unwrap();
    assert_eq!(changes(&mut elsewhere).await, expected);
    for unknown in ["", "nonsense", "1-3-0000000000000000", "9-9-0123456789abcdef", "18446744073709551615-0-00"] {
        let mut anew = other.subscribe(SHOW, Some(unknown)).await.unwrap();
        assert_eq!(snapshot(&mut anew).await.counts.sold, 1, "{unknown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_show_that_nobody_looks_at_is_let_go_of() {
    let stage = Stage::new();
    let follower = stage.follow(None).await;
    sleep(KEPT * 3).await;
    let reads = stage.reads();
    drop(follower);
    sleep(KEPT + LOOK * 2).await;
    let reads_before_it_ended = stage.reads();
    assert!(reads_before_it_ended > reads, "it is kept for a while");
    sleep(KEPT * 3).await;
    assert_eq!(stage.reads(), reads_before_it_ended, "and then costs nothing");
    snapshot(&mut stage.follow(None).await).await;
}

#[tokio::test(start_paused = true)]
async fn subscriptions_end_when_the_process_is_to_end() {
    let stage = Stage::new();
    let mut follower = stage.follow(None).await;
    snapshot(&mut follower).await;
    stage.boards.end_streams();
    assert!(matches!(follower.next(SOON).await, Heard::End));
    assert!(matches!(stage.boards.subscribe(SHOW, None).await, Err(NotFollowed::Ending)));
    let reads = stage.reads();
    let picture = stage.boards.watched(SHOW).await.unwrap().picture();
    assert_eq!((picture.counts.available, stage.reads()), (SEATS, reads), "a snapshot is still answered from memory");
}

#[tokio::test(start_paused = true)]
async fn boards_end_with_those_who_could_ask() {
    let Stage { reads, boards, .. } = Stage::new();
    let mut follower = boards.subscribe(SHOW, None).await.unwrap();
    snapshot(&mut follower).await;
    drop(boards);
    assert!(matches!(follower.next(SOON).await, Heard::End));
    let before = reads.load(Ordering::SeqCst);
    sleep(COMPARE * 3).await;
    assert_eq!(reads.load(Ordering::SeqCst), before);
}
