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
use lru::LruCache;

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

/// The shows whose seats are picked in this process.
pub(crate) struct Pickers(Mutex<LruCache<ShowId, Arc<Picker>>>);

/// One pick of a show at a time.
type Picker = tokio::sync::Mutex<Option<Hall>>;

/// The seats of a show as they were read.
struct Hall {
    read_at: Instant,
    focus: Focus,
    seats: Vec<ShowSeat>,
}

impl Default for Pickers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Pickers {
    fn of(&self, show_id: ShowId) -> Arc<Picker> {
        let mut pickers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pickers.get_or_insert(show_id, Arc::default))
    }
}

impl App {
    /// Picks the best seats for a wish and claims them for the booking of `request`; when somebody else takes one of them
    /// meanwhile, it picks again. A wish that was claimed for before, and whose claim still stands, has the same seats.
    ///
    /// That there are none is only said of seats that were read after the question was asked.
    pub(crate) async fn claim_best(
        &self,
        show: &Show,
        wish: &BestWish,
        request: impl Fn(SeatSelection) -> BookingRequest,
        booking_id: BookingId,
    ) -> Result<(BookingRequest, Option<Hold>), AppError> {
        let asked_at = Instant::now();
        let picker = self.shared.pickers.of(show.id);
        let mut kept = picker.lock().await;
        let mut refused = None;
        for _pick in 0..PICKS {
            let locked = match self.locks().held(show.id, self.now()).await {
                Ok(locked) => locked,
                Err(error) => {
                    tracing::debug!(show.id = %show.id, %error, "no seat locks, seats are picked as the database has them");
                    *kept = None;
                    Vec::new()
                }
            };
            let hall = match kept.take() {
                Some(hall) if hall.read_at.elapsed() < FRESH_FOR => hall,
                Some(_) | None => self.read_hall(show).await?,
            };
            let hall = kept.insert(hall);
            let owners: BTreeMap<SeatId, BookingId> =
                locked.into_iter().map(|locked| (locked.seat_id, locked.booking_id)).collect();
            let seats = as_locked(&hall.seats, &owners);
            let mine = owners.iter().filter(|(_seat, owner)| **owner == booking_id).map(|(seat, _owner)| *seat);
            let mine: Vec<SeatId> = mine.collect();
            let picked = if mine.len() == wish.count.get() {
                mine
            } else {
                match choose(&seats, wish, hall.focus) {
                    Choice::Together(seat_ids) => seat_ids,
                    Choice::Split(groups) => groups.into_iter().flatten().collect(),
                    Choice::NotTogether { .. } if hall.read_at < asked_at => {
                        *kept = None;
                        continue;
                    }
                    Choice::NotTogether { largest } => return Err(AppError::NotTogether { largest }),
                }
            };
            let request = request(SeatSelection::parse(picked).map_err(invalid_selection)?);
            match self.claim_at_edge(&request, show).await {
                Ok(claim) => return Ok((request, claim)),
                Err(AppError::SeatsTaken { seat_ids }) => {
                    metrics::counter!("boxoffice_seats_picked_again_total").increment(1);
                    for seat in hall.seats.iter_mut().filter(|seat| seat_ids.contains(&seat.seat_id)) {
                        seat.state = ShowSeatState::Held;
                    }
                    refused = Some(AppError::SeatsTaken { seat_ids });
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or(AppError::NotTogether { largest: 0 }))
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

/// Where the best seats are for a kind of performance.
fn focus_of(kind: EventKind) -> Focus {
    match kind {
        EventKind::Film => Focus::TwoThirdsBack,
        EventKind::Concert => Focus::Front,
        EventKind::Play => Focus::Middle,
    }
}

/// The seats, with those that are locked held.
fn as_locked(seats: &[ShowSeat], owners: &BTreeMap<SeatId, BookingId>) -> Vec<ShowSeat> {
    let stands = |seat: &ShowSeat| {
        let is_locked = seat.is_free() && owners.contains_key(&seat.seat_id);
        ShowSeat { state: if is_locked { ShowSeatState::Held } else { seat.state }, ..seat.clone() }
    };
    seats.iter().map(stands).collect()
}
