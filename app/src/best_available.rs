//! Booking without choosing: the best seats that can be had together are picked, and are the ones that are claimed.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::best_available::{BestWish, Choice, Focus, choose};
use domain::booking::{BookingRequest, SeatSelection};
use domain::event::EventKind;
use domain::hold::Hold;
use domain::ids::{BookingId, SeatId, ShowId};
use domain::show::Show;
use domain::show_seat::{ShowSeat, ShowSeatState};
use locks::LockedSeat;
use lru::LruCache;
use tokio::sync::OwnedMutexGuard;

use crate::booking::invalid_selection;
use crate::{App, AppError};

/// How long the seats of a show are picked from as they were read: what is held or sold since is seen in the locks, what
/// has been let go or released since is not.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// How often seats are picked again that somebody else was faster to take. Within a process nobody is: picks of a show
/// wait for each other. It takes so many other processes, or bookings by hand, to be unlucky so often.
const PICKS: usize = 20;
/// The seats of how many shows are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// The shows whose seats are picked, or looked at, in this process.
pub(crate) struct Pickers(Mutex<LruCache<ShowId, Arc<Picker>>>);

/// One who picks seats of a show, or looks at them, at a time.
type Picker = tokio::sync::Mutex<Option<Hall>>;

/// The seats of a show as they were read.
pub(crate) struct Hall {
    read_at: Instant,
    focus: Focus,
    seats: Vec<ShowSeat>,
}

/// The seats of a show as they stand: as they were read, and whose the locked ones are by now.
pub(crate) struct Standing<'a> {
    hall: &'a mut Hall,
    owners: BTreeMap<SeatId, BookingId>,
}

impl Default for Pickers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Pickers {
    /// The turn to pick seats of a show, or to look at them; none, if others have it for so long.
    pub(crate) async fn turn(&self, show_id: ShowId, within: Duration) -> Option<OwnedMutexGuard<Option<Hall>>> {
        let picker = self.of(show_id);
        tokio::time::timeout(within, picker.lock_owned()).await.ok()
    }

    fn of(&self, show_id: ShowId) -> Arc<Picker> {
        let mut pickers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pickers.get_or_insert(show_id, Arc::default))
    }
}

impl App {
    /// Picks the best seats for a wish and claims them for the booking of `request`; when somebody else takes one of them
    /// meanwhile, it picks again. A wish that was claimed for before, and whose claim still stands, has the same seats.
    ///
    /// That there are none is only said of seats that were read after the question was asked. Whoever has no turn in time is
    /// told to come back.
    pub(crate) async fn claim_best(
        &self,
        show: &Show,
        wish: &BestWish,
        request: impl Fn(SeatSelection) -> BookingRequest,
        booking_id: BookingId,
    ) -> Result<(BookingRequest, Option<Hold>), AppError> {
        let asked_at = Instant::now();
        let Some(mut kept) = self.shared.pickers.turn(show.id, self.shared.parts.answer_within).await else {
            let source = "too many pick seats of the show at once".into();
            return Err(AppError::Unavailable { part: "seat picker", source });
        };
        let mut refused = None;
        for _pick in 0..PICKS {
            let locked = self.locks_of(show).await;
            if locked.is_none() {
                // What was held or sold since they were read would be picked again and again.
                *kept = None;
            }
            let mut standing = self.standing(show, &mut kept, locked).await?;
            let mine = standing.locked_by(booking_id);
            let picked = if mine.len() == wish.count.get() {
                mine
            } else {
                let focus = standing.hall.focus;
                match standing.look(|seats| choose(seats, wish, focus)) {
                    Choice::Together(seat_ids) => seat_ids,
                    Choice::Split(groups) => groups.into_iter().flatten().collect(),
                    Choice::NotTogether { .. } if standing.read_at() < asked_at => {
                        *kept = None;
                        continue;
                    }
                    Choice::NotTogether { largest } => return Err(AppError::NotTogether { largest }),
                }
            };
            let request = request(SeatSelection::parse(picked).map_err(invalid_selection)?);
            match self.claim_at_edge(&request).await {
                Ok(claim) => return Ok((request, claim)),
                Err(AppError::SeatsTaken { seat_ids }) => {
                    metrics::counter!("boxoffice_seats_picked_again_total").increment(1);
                    for seat in standing.hall.seats.iter_mut().filter(|seat| seat_ids.contains(&seat.seat_id)) {
                        seat.state = ShowSeatState::Held;
                    }
                    refused = Some(AppError::SeatsTaken { seat_ids });
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or(AppError::NotTogether { largest: 0 }))
    }

    /// The seats of a show as they stand, for whoever has the turn to look at them; what was read is kept for the next.
    /// Without locks, they are as they were read.
    pub(crate) async fn seats_as_they_stand<'a>(
        &self,
        show: &Show,
        kept: &'a mut Option<Hall>,
    ) -> Result<Standing<'a>, AppError> {
        let locked = self.locks_of(show).await;
        self.standing(show, kept, locked).await
    }

    /// Which seats of a show are locked; none, where the locks are away.
    async fn locks_of(&self, show: &Show) -> Option<Vec<LockedSeat>> {
        match self.locks().held(show.id, self.now()).await {
            Ok(locked) => Some(locked),
            Err(error) => {
                tracing::debug!(show.id = %show.id, %error, "no seat locks, the seats stand as the database has them");
                None
            }
        }
    }

    async fn standing<'a>(
        &self,
        show: &Show,
        kept: &'a mut Option<Hall>,
        locked: Option<Vec<LockedSeat>>,
    ) -> Result<Standing<'a>, AppError> {
        let hall = match kept.take() {
            Some(hall) if hall.read_at.elapsed() < FRESH_FOR => hall,
            Some(_) | None => self.read_hall(show).await?,
        };
        let owners = locked.into_iter().flatten().map(|locked| (locked.seat_id, locked.booking_id)).collect();
        Ok(Standing { hall: kept.insert(hall), owners })
    }

    async fn read_hall(&self, show: &Show) -> Result<Hall, AppError> {
        // Before the rows are read, so that what is read is no older than it is said to be.
        let read_at = Instant::now();
        let seats = self.store().show_seats(show.id).await?;
        let event = self.store().find_event(show.event_id).await?;
        let focus = event.map_or(Focus::default(), |event| focus_of(event.content.kind));
        Ok(Hall { read_at, focus, seats })
    }
}

impl Standing<'_> {
    /// When the seats were read, or a moment before: what has been let go or released since is not seen.
    pub(crate) fn read_at(&self) -> Instant {
        self.hall.read_at
    }

    /// Whether a seat is locked, for whichever booking.
    pub(crate) fn is_locked(&self, seat_id: SeatId) -> bool {
        self.owners.contains_key(&seat_id)
    }

    /// Looks at the seats, those that are locked being held. A large show's are marked and not copied.
    pub(crate) fn look<T>(&mut self, look: impl FnOnce(&[ShowSeat]) -> T) -> T {
        let mut locked = Vec::new();
        for (place, seat) in self.hall.seats.iter_mut().enumerate() {
            if seat.is_free() && self.owners.contains_key(&seat.seat_id) {
                seat.state = ShowSeatState::Held;
                locked.push(place);
            }
        }
        let seen = look(&self.hall.seats);
        // They may be let go before the seats are read again.
        for place in locked {
            self.hall.seats[place].state = ShowSeatState::Available;
        }
        seen
    }

    fn locked_by(&self, booking_id: BookingId) -> Vec<SeatId> {
        let mine = self.owners.iter().filter(|(_seat, owner)| **owner == booking_id);
        mine.map(|(seat, _owner)| *seat).collect()
    }
}

/// Where the best seats are for a kind of performance.
fn focus_of(kind: EventKind) -> Focus {
    match kind {
        EventKind::Film => Focus::TwoThirdsBack,
        EventKind::Concert => Focus::Front,
        EventKind::Play => Focus::Middle,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_turn_longer_than_they_want_to() {
        let (pickers, show_id) = (Pickers::default(), ShowId::new(Uuid::from_u128(1)));
        let within = Duration::from_millis(200);
        let turn = pickers.turn(show_id, within).await.expect("nobody else is there");
        assert!(pickers.turn(show_id, within).await.is_none(), "somebody has it");
        assert!(pickers.turn(ShowId::new(Uuid::from_u128(2)), within).await.is_some(), "another show is another turn");
        let (next, ()) = tokio::join!(pickers.turn(show_id, within), async {
            tokio::time::sleep(within / 2).await;
            drop(turn);
        });
        assert!(next.is_some(), "it was let go in time");
        drop(next);
        assert!(pickers.turn(show_id, Duration::ZERO).await.is_some(), "who has given up keeps nobody waiting");
    }
}
