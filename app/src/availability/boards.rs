//! The shows that somebody looks at in this process: each is read once, however many come at the same time, and let go
//! of when nobody looks any more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use domain::ids::ShowId;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use locks::changes::SeatChanges;
use store::Store;
use tokio_util::sync::CancellationToken;

use super::NotFollowed;
use super::watched::{Ear, Heard, ReadSeats, Sources, Watched};
use crate::AppError;

/// The most subscribers of one process.
pub const SUBSCRIBERS_MAX: usize = 10_000;

/// How many shows are kept in memory as long as some of them have no followers.
const SHOWS_KEPT: usize = 1_000;

/// The shows that somebody looks at.
pub(crate) struct Boards {
    sources: Sources,
    shows: Mutex<HashMap<ShowId, Entry>>,
    subscribers: Arc<AtomicUsize>,
    subscribers_max: usize,
    /// Cancelled when subscriptions are to end.
    ending: CancellationToken,
    /// Cancelled when nobody can ask any more.
    closed: CancellationToken,
}

#[derive(Clone)]
enum Entry {
    Beginning(Beginning),
    Watched(Arc<Watched>),
}

/// What everybody waits for who comes before a show is read.
type Beginning = Shared<BoxFuture<'static, Result<Arc<Watched>, Arc<AppError>>>>;

/// Somebody who follows a show.
pub struct Subscription {
    watched: Arc<Watched>,
    ear: Ear,
    number: usize,
    _place: Place,
}

/// One of the places for subscribers, given back when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Boards {
    pub(crate) fn new(store: Store, changes: Arc<dyn SeatChanges>) -> Arc<Self> {
        let read: ReadSeats = Arc::new(move |show_id| {
            let store = store.clone();
            async move {
                let seats = store.seat_statuses(show_id).await?;
                if seats.is_empty() && store.find_show(show_id).await?.is_none() {
                    return Err(AppError::NotFound { what: "show" });
                }
                Ok(seats)
            }
            .boxed()
        });
        Self::with(Sources { read, changes }, SUBSCRIBERS_MAX)
    }

    pub(super) fn with(sources: Sources, subscribers_max: usize) -> Arc<Self> {
        Arc::new(Self {
            sources,
            shows: Mutex::default(),
            subscribers: Arc::default(),
            subscribers_max,
            ending: CancellationToken::new(),
            closed: CancellationToken::new(),
        })
    }

    /// A show with its board.
    pub(super) async fn watched(self: &Arc<Self>, show_id: ShowId) -> Result<Arc<Watched>, AppError> {
        let beginning = {
            let mut shows = self.shows();
            match shows.get(&show_id).cloned() {
                Some(Entry::Watched(watched)) => {
                    watched.touch();
                    return Ok(watched);
                }
                Some(Entry::Beginning(beginning)) => beginning,
                None => {
                    make_room(&mut shows);
                    let beginning = self.begin(show_id);
                    shows.insert(show_id, Entry::Beginning(beginning.clone()));
                    beginning
                }
            }
        };
        // In a task of its own, so that it goes on when this caller hangs up while others wait.
        match tokio::spawn(beginning).await {
            Ok(begun) => begun.map_err(|error| again(&error)),
            Err(panicked) => {
                // It would panic for ever: whoever comes next begins anew.
                self.shows().remove(&show_id);
                Err(AppError::internal(panicked))
            }
        }
    }

    pub(super) async fn subscribe(
        self: &Arc<Self>,
        show_id: ShowId,
        resume: Option<&str>,
    ) -> Result<Subscription, NotFollowed> {
        if self.ending.is_cancelled() {
            return Err(NotFollowed::Ending);
        }
        let (place, number) = self.take_place()?;
        let watched = self.watched(show_id).await?;
        let ear = watched.ear(resume).await;
        Ok(Subscription { watched, ear, number, _place: place })
    }

    #[cfg(test)]
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    pub(super) fn end_streams(&self) {
        self.ending.cancel();
    }

    fn take_place(&self) -> Result<(Place, usize), NotFollowed> {
        let limit = self.subscribers_max;
        let one_more = |taken: usize| (taken < limit).then_some(taken + 1);
        let taken = self.subscribers.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        let number = taken.map_err(|_| NotFollowed::Full { limit })?;
        metrics::gauge!("boxoffice_availability_subscribers").increment(1.0);
        Ok((Place(Arc::clone(&self.subscribers)), number))
    }

    fn begin(self: &Arc<Self>, show_id: ShowId) -> Beginning {
        let (boards, sources) = (Arc::downgrade(self), self.sources.clone());
        let (closed, ended) = (self.closed.clone(), self.ending.child_token());
        async move {
            let begun = Watched::begin(show_id, sources, ended).await.map_err(Arc::new);
            let Some(known) = boards.upgrade() else { return begun };
            let mut shows = known.shows();
            match &begun {
                Ok(watched) => {
                    shows.insert(show_id, Entry::Watched(Arc::clone(watched)));
                    tokio::spawn(keep(boards, show_id, Arc::clone(watched), closed));
                }
                Err(_) => drop(shows.remove(&show_id)),
            }
            count(&shows);
            drop(shows);
            begun
        }
        .boxed()
        .shared()
    }

    /// Forgets a show, unless somebody has come for it at the last moment.
    fn leave(&self, show_id: ShowId, watched: &Watched) -> bool {
        let mut shows = self.shows();
        let unused = watched.is_unused();
        if unused {
            shows.remove(&show_id);
            count(&shows);
        }
        unused
    }

    fn shows(&self) -> MutexGuard<'_, HashMap<ShowId, Entry>> {
        self.shows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Boards {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl Subscription {
    /// The next thing there is to tell, waiting for it up to `patience`.
    pub async fn next(&mut self, patience: Duration) -> Heard {
        self.watched.listen(&mut self.ear, patience).await
    }

    /// A number that spreads subscribers, so that not all do the same at the same time.
    pub fn number(&self) -> usize {
        self.number
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.watched.touch();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
        metrics::gauge!("boxoffice_availability_subscribers").decrement(1.0);
    }
}

/// Keeps a show right until nobody looks at it, and whatever happens lets go of it in the end.
async fn keep(boards: Weak<Boards>, show_id: ShowId, watched: Arc<Watched>, closed: CancellationToken) {
    let _followers_go = watched.ended().clone().drop_guard();
    let _forget = Forget { boards: boards.clone(), show_id, watched: Arc::clone(&watched) };
    let leave = |watched: &Watched| boards.upgrade().is_none_or(|boards| boards.leave(show_id, watched));
    tokio::select! {
        () = watched.keep(leave) => {}
        () = closed.cancelled() => {}
    }
}

/// Forgets a show that is not kept any more, also where keeping it has panicked.
struct Forget {
    boards: Weak<Boards>,
    show_id: ShowId,
    watched: Arc<Watched>,
}

impl Drop for Forget {
    fn drop(&mut self) {
        let Some(boards) = self.boards.upgrade() else { return };
        let mut shows = boards.shows();
        let is_it = matches!(shows.get(&self.show_id), Some(Entry::Watched(it)) if Arc::ptr_eq(it, &self.watched));
        if is_it {
            shows.remove(&self.show_id);
        }
        count(&shows);
    }
}

/// Lets go of the show without followers that was asked for longest ago, where there are too many.
fn make_room(shows: &mut HashMap<ShowId, Entry>) {
    if shows.len() < SHOWS_KEPT {
        return;
    }
    let watched = shows.iter().filter_map(|(show_id, entry)| match entry {
        Entry::Watched(watched) if !watched.has_followers() => Some((watched.asked_at(), *show_id)),
        Entry::Watched(_) | Entry::Beginning(_) => None,
    });
    let longest_ago = watched.min();
    if let Some((_, show_id)) = longest_ago
        && let Some(Entry::Watched(watched)) = shows.remove(&show_id)
    {
        watched.evict();
    }
}

fn count(shows: &HashMap<ShowId, Entry>) {
    metrics::gauge!("boxoffice_availability_boards").set(shows.len() as f64);
}

/// An error that several have waited for, once more for each of them.
fn again(error: &Arc<AppError>) -> AppError {
    match error.as_ref() {
        AppError::NotFound { what } => AppError::NotFound { what },
        AppError::Unavailable { part, .. } => AppError::Unavailable { part, source: Box::new(Arc::clone(error)) },
        _ => AppError::internal(Arc::clone(error)),
    }
}
