//! A show that somebody looks at: its board, what keeps the board right, and those who are told.
//!
//! The stream of changes makes it quick and the database makes it right: whatever the stream loses is found when the
//! rows are read again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::ShowId;
use domain::show_seat::SeatStatus;
use futures::future::BoxFuture;
use locks::changes::{ChangesError, Position, Publication, Published, SeatChanges};
use tokio::sync::{Notify, broadcast};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::picture::{Picture, ResumePoint, Told};
use crate::AppError;

/// How often the database is read again while the stream is there.
const COMPARE: Duration = Duration::from_secs(10);
/// How often the database is read again while the stream is away, or could not be read the last time.
const COMPARE_ALONE: Duration = Duration::from_millis(1_500);
/// The pause before the stream is asked again that was away.
const STREAM_PAUSE: Duration = Duration::from_secs(1);
/// How long one question to the stream waits for something to come.
const STREAM_WAIT: Duration = Duration::from_secs(10);
/// How much longer than it should an answer of the stream may take, before it is taken for away.
const STREAM_PATIENCE: Duration = Duration::from_secs(1);
/// How long somebody who comes back waits for the stream's word on what was missed, before getting the whole picture.
const RESUME_WAIT: Duration = Duration::from_secs(1);

/// The shortest time between two events; what changes meanwhile is told together.
const TELL: Duration = Duration::from_millis(100);
/// How much longer for each follower, so that pushing to very many takes a bounded part of the processor.
const TELL_PER_FOLLOWER: Duration = Duration::from_micros(50);
/// How many events a follower may be behind before it is given the whole picture instead.
const EVENTS_BEHIND: usize = 64;

/// How long a show is kept that nobody looks at any more.
const KEPT: Duration = Duration::from_secs(60);
/// How often it is looked whether somebody still does.
const LOOK: Duration = Duration::from_secs(5);

/// Reads how all seats of a show stand.
pub(super) type ReadSeats = Arc<dyn Fn(ShowId) -> BoxFuture<'static, Result<Vec<SeatStatus>, AppError>> + Send + Sync>;

/// Where a board hears from.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) read: ReadSeats,
    pub(super) changes: Arc<dyn SeatChanges>,
}

/// A show that somebody looks at.
pub(super) struct Watched {
    show_id: ShowId,
    sources: Sources,
    state: Mutex<State>,
    told: broadcast::Sender<Told>,
    /// Rung when there is something to tell.
    news: Notify,
    /// Rung when the database is to be read again at once.
    doubt: Notify,
    /// Held while the stream is asked on behalf of somebody who comes back: many come back with the same question.
    tracing: tokio::sync::Mutex<()>,
    /// Cancelled when followers are to go, or have nobody left to tell them.
    ended: CancellationToken,
    /// Cancelled when the show has to make room for others.
    evicted: CancellationToken,
}

struct State {
    board: Board,
    asked_at: Instant,
    stream_away: bool,
    database_away: bool,
}

/// One follower's ear.
pub(super) struct Ear {
    events: broadcast::Receiver<Told>,
    first: Option<Told>,
}

/// What a follower hears.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something.
    Told(Told),
    /// Nothing within the time that was waited.
    Silence,
    /// That this is the end.
    End,
}

impl Watched {
    /// Begins to watch: the position first, then the rows, so that nothing falls between the two.
    pub(super) async fn begin(
        show_id: ShowId,
        sources: Sources,
        ended: CancellationToken,
    ) -> Result<Arc<Self>, AppError> {
        let position = in_time(Duration::ZERO, sources.changes.position(show_id)).await;
        let seats = (sources.read)(show_id).await?;
        let stream_away = position.is_err();
        let board = Board::new(show_id, position.unwrap_or_else(|_| nowhere()), seats);
        let state = State { board, asked_at: Instant::now(), stream_away, database_away: false };
        Ok(Arc::new(Self {
            show_id,
            sources,
            state: Mutex::new(state),
            told: broadcast::Sender::new(EVENTS_BEHIND),
            news: Notify::new(),
            doubt: Notify::new(),
            tracing: tokio::sync::Mutex::default(),
            ended,
            evicted: CancellationToken::new(),
        }))
    }

    /// Keeps the board right and its followers told, until nobody looks any more and `leave` agrees, or the show is gone.
    pub(super) async fn keep(&self, leave: impl Fn(&Self) -> bool) {
        let unused = async {
            loop {
                sleep(LOOK).await;
                if self.is_unused() && leave(self) {
                    return;
                }
            }
        };
        tokio::select! {
            () = self.evicted.cancelled() => {}
            () = self.follow_stream() => {}
            () = self.compare_with_database() => {}
            () = self.tell() => {}
            () = unused => {}
        }
    }

    /// How all seats stand.
    pub(super) fn picture(&self) -> Arc<Picture> {
        self.state().board.picture()
    }

    /// Notes that somebody looks at the show.
    pub(super) fn touch(&self) {
        self.state().asked_at = Instant::now();
    }

    pub(super) fn asked_at(&self) -> Instant {
        self.state().asked_at
    }

    pub(super) fn has_followers(&self) -> bool {
        self.told.receiver_count() > 0
    }

    pub(super) fn is_unused(&self) -> bool {
        !self.has_followers() && self.asked_at().elapsed() >= KEPT
    }

    /// Has the show no longer kept.
    pub(super) fn evict(&self) {
        self.evicted.cancel();
    }

    pub(super) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// An ear for somebody new, or for somebody who comes back with a position.
    pub(super) async fn ear(&self, resume: Option<&str>) -> Ear {
        let Some(point) = resume.and_then(ResumePoint::parse) else { return self.fresh_ear() };
        if let Some(ear) = self.ear_since(&point) {
            return ear;
        }
        let traced = timeout(RESUME_WAIT, async {
            let _one_at_a_time = self.tracing.lock().await;
            if self.ear_since(&point).is_none() {
                self.trace_back(&point).await;
            }
        });
        if traced.await.is_err() {
            tracing::debug!(show.id = %self.show_id, "the stream did not say in time what somebody has missed");
        }
        self.ear_since(&point).unwrap_or_else(|| self.fresh_ear())
    }

    /// The next thing for an ear, waiting for it up to `patience`.
    pub(super) async fn listen(&self, ear: &mut Ear, patience: Duration) -> Heard {
        if let Some(first) = ear.first.take() {
            return Heard::Told(first);
        }
        let heard = tokio::select! {
            biased;
            () = self.ended.cancelled() => return Heard::End,
            heard = timeout(patience, ear.events.recv()) => heard,
        };
        match heard {
            Err(_) => Heard::Silence,
            Ok(Ok(told)) => Heard::Told(told),
            Ok(Err(broadcast::error::RecvError::Closed)) => Heard::End,
            Ok(Err(broadcast::error::RecvError::Lagged(_))) => {
                metrics::counter!("boxoffice_availability_lags_total").increment(1);
                let Ear { events, first } = self.fresh_ear();
                ear.events = events;
                first.map_or(Heard::Silence, Heard::Told)
            }
        }
    }

    // The board is held over both, so that nothing is told between the picture and the first event after it.
    fn fresh_ear(&self) -> Ear {
        let mut state = self.state();
        Ear { events: self.told.subscribe(), first: Some(Told::Snapshot(state.board.picture())) }
    }

    fn ear_since(&self, point: &ResumePoint) -> Option<Ear> {
        let mut state = self.state();
        let missed = state.board.since(point)?;
        Some(Ear { events: self.told.subscribe(), first: Some(missed) })
    }

    /// Asks the stream what has happened since somebody left another process, or this one before it forgot.
    async fn trace_back(&self, point: &ResumePoint) {
        let after = self.sources.changes.after(self.show_id, &point.position, Duration::ZERO).await;
        if let Ok(Published::Since(published)) = after {
            self.hear(&published, None);
            self.state().board.trace_back(point, &published);
        }
    }

    async fn follow_stream(&self) {
        let mut position =
            if self.state().stream_away { self.start_over().await } else { self.state().board.position().clone() };
        loop {
            let after = self.sources.changes.after(self.show_id, &position, STREAM_WAIT);
            match in_time(STREAM_WAIT, after).await {
                Ok(Published::Since(published)) => {
                    self.stream_is_back();
                    if let Some(last) = published.last() {
                        position = last.position.clone();
                        self.hear(&published, Some(&position));
                    }
                }
                Ok(Published::Unknown) => position = self.start_over().await,
                Err(error) => self.stream_is_away(&error).await,
            }
        }
    }

    /// Begins to hear the stream anew. The rows are read after the position, for what was published before it.
    async fn start_over(&self) -> Position {
        loop {
            match in_time(Duration::ZERO, self.sources.changes.position(self.show_id)).await {
                Ok(position) => {
                    self.state().board.start_from(position.clone());
                    self.stream_is_back();
                    self.doubt.notify_one();
                    return position;
                }
                Err(error) => self.stream_is_away(&error).await,
            }
        }
    }

    async fn stream_is_away(&self, error: &ChangesError) {
        if !std::mem::replace(&mut self.state().stream_away, true) {
            tracing::debug!(show.id = %self.show_id, error = %error, "the seats are read from the database for now");
            self.doubt.notify_one();
        }
        sleep(STREAM_PAUSE).await;
    }

    fn stream_is_back(&self) {
        if std::mem::replace(&mut self.state().stream_away, false) {
            self.doubt.notify_one();
        }
    }

    fn hear(&self, published: &[Publication], up_to: Option<&Position>) {
        let noted = {
            let mut state = self.state();
            let noted = state.board.hear(published);
            if let Some(position) = up_to {
                state.board.start_from(position.clone());
            }
            noted
        };
        if noted.news {
            self.news.notify_one();
        }
        if noted.unknown_seat {
            self.doubt.notify_one();
        }
    }

    /// Ends where there is no such show any more.
    async fn compare_with_database(&self) {
        loop {
            let pause = {
                let state = self.state();
                if state.stream_away || state.database_away { COMPARE_ALONE } else { COMPARE }
            };
            let _doubt_or_time = timeout(pause, self.doubt.notified()).await;
            let read_at = self.state().board.revision();
            metrics::counter!("boxoffice_availability_rereads_total").increment(1);
            match (self.sources.read)(self.show_id).await {
                Ok(rows) => {
                    let mut state = self.state();
                    state.database_away = false;
                    let wrong = state.board.compare(rows, read_at);
                    drop(state);
                    if wrong > 0 {
                        metrics::counter!("boxoffice_availability_healed_seats_total").increment(wrong as u64);
                        self.news.notify_one();
                    }
                }
                // The show was deleted: whoever follows it hears that this is the end.
                Err(AppError::NotFound { .. }) => return,
                Err(error) => {
                    tracing::debug!(show.id = %self.show_id, error = %error, "the seats cannot be read again for now");
                    self.state().database_away = true;
                    sleep(COMPARE_ALONE).await;
                }
            }
        }
    }

    async fn tell(&self) {
        loop {
            self.news.notified().await;
            {
                let mut state = self.state();
                if let Some(told) = state.board.tell() {
                    // Nobody may be listening, which is no error.
                    let _listeners = self.told.send(told);
                }
            }
            let followers = u32::try_from(self.told.receiver_count()).unwrap_or(u32::MAX);
            sleep(TELL + TELL_PER_FOLLOWER.saturating_mul(followers)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the stream answers; a stream that hangs is away.
async fn in_time<T>(wait: Duration, answer: impl Future<Output = Result<T, ChangesError>>) -> Result<T, ChangesError> {
    let answered = timeout(wait + STREAM_PATIENCE, answer).await;
    answered.unwrap_or_else(|late| Err(ChangesError::Unavailable(late.into())))
}

/// A position that no stream knows, for a board that begins while the stream is away.
fn nowhere() -> Position {
    Position::parse("0-0").unwrap_or_else(|| unreachable!("this is a position"))
}

#[cfg(test)]
#[path = "watched_tests.rs"]
mod tests;
