//! Bookings: make one, look at it, list one's own.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::best_available::BestWish;
use domain::booking::{Booking, BookingRequest, Fingerprint, IdempotencyKey, InvalidSelection, SeatSelection};
use domain::booking_state::BookingState;
use domain::hold::{Hold, SeatsLocked, deadline, later, lock_deadline};
use domain::ids::{BookingId, PartnerId, SeatId, ShowId};
use domain::limits::{EDGE_CLAIM_SECONDS, OPEN_HOLDS_PER_CUSTOMER_AND_SHOW};
use domain::member::Deed;
use domain::offer_terms::OfferCode;
use domain::payment::AttemptRecord;
use domain::seat::SeatCategory;
use domain::show::{HoldTime, Show};
use domain::ticket::Ticket;
use domain::timeline::TimelineEntry;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::{BookingFilter, KnownBooking, Obstacles};

use crate::engine::Begun;
use crate::error::seats_unknown;
use crate::identity::{Caller, Role};
use crate::listing::{Listed, check_limit, cursor, no_cursor, parse_cursor};
use crate::offer::parse_code;
use crate::{App, AppError};

/// What a caller wants to book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookSeats {
    /// The caller's name for this wish; a retry sends the same.
    pub key: IdempotencyKey,
    /// Which show.
    pub show_id: ShowId,
    /// Which seats.
    pub seats: WishedSeats,
    /// The code of an offer, as the customer has typed it.
    pub code: Option<String>,
}

/// Which seats a caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WishedSeats {
    /// These, as asked for.
    Chosen(Vec<SeatId>),
    /// The best that can be had.
    Best(BestWish),
}

/// What became of the wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Booked {
    /// The booking exists and tells how it stands.
    Created(Box<BookingView>),
    /// Its saga runs and has not answered in time.
    Accepted {
        /// Where to look.
        booking_id: BookingId,
    },
}

/// A booking with its tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct BookingView {
    /// The booking.
    pub booking: Booking,
    /// Its tickets, valid or not.
    pub tickets: Vec<Ticket>,
    /// When this was read.
    pub as_of: Timestamp,
}

/// Requests of one booking that are under way in this process: however many copies of a request come in at once, the
/// engine is asked once.
#[derive(Default)]
pub(crate) struct Flights(Mutex<BTreeMap<FlightKey, Flight>>);

/// What starting a saga and waiting until its booking is opened came to.
#[derive(Debug, Clone)]
enum Started {
    /// The row tells what.
    Answered,
    /// It exists and has not opened the booking in time.
    Running,
    /// A saga of this id has ended before.
    EndedBefore,
    /// A saga of this id runs for another request.
    OtherRequest,
    /// There is no saga, and none will come of this request.
    NotAtAll(String),
    /// The engine does not say whether there is a saga: one may come.
    Unknown(String),
}

/// The booking and the fingerprint of its request.
type FlightKey = (BookingId, String);
type Flight = Shared<BoxFuture<'static, Started>>;

impl App {
    /// Books seats. A key that was used before is answered as the first time, with the booking as it is today.
    pub async fn book(&self, caller: &Caller, wish: BookSeats) -> Result<Booked, AppError> {
        let booking_id = BookingId::for_key(caller.customer_id, wish.key.as_str());
        let code = wish.code.as_deref().map(parse_code).transpose()?;
        let wished = Wished::parse(wish.seats)?;
        let fingerprint = wished.fingerprint(wish.show_id, code.as_ref());
        let request = |seat_ids| BookingRequest {
            booking_id,
            customer_id: caller.customer_id,
            show_id: wish.show_id,
            seat_ids,
            code: code.clone(),
            fingerprint: fingerprint.clone(),
        };
        let known = self.known(booking_id).await?;
        if let Some(known) = &known {
            if known.fingerprint != fingerprint {
                return Err(AppError::KeyReused);
            }
            if !known.is_pending
                && let Some(before) = self.store().find_booking(booking_id).await?
            {
                return self.answer_of(before).await;
            }
        }
        let Some(show) = self.shared.shows_on_sale.find(self.store(), wish.show_id).await? else {
            return Err(AppError::invalid("showId", "show_unknown", format!("there is no show {}", wish.show_id)));
        };
        show.check_on_sale(self.now()).map_err(|why| AppError::NotOnSale { why })?;
        let (request, claim) = match wished {
            Wished::Chosen(seat_ids) => {
                let request = request(seat_ids);
                // What has a row was let through before.
                if known.is_none() {
                    self.refuse_stranding(&show, request.seat_ids.as_slice()).await?;
                }
                let claim = self.claim_at_edge(&request).await?;
                (request, claim)
            }
            Wished::Best(best) => self.claim_best(&show, &best, request, booking_id).await?,
        };
        let started = self.start_once(&request, &show).await;
        self.answer_to(&request, show.hold, started, claim.as_ref()).await
    }

    async fn known(&self, booking_id: BookingId) -> Result<Option<KnownBooking>, AppError> {
        Ok(self.shared.known_bookings.find(self.store(), booking_id).await?)
    }

    /// One booking, for those who may look at it.
    pub async fn find_booking(&self, caller: &Caller, booking_id: BookingId) -> Result<BookingView, AppError> {
        let booking = self.booking_to_see(caller, booking_id).await?;
        self.view(booking).await
    }

    /// The caller's bookings, newest first.
    pub async fn list_bookings(
        &self,
        caller: &Caller,
        filter: BookingFilter,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<Booking>, AppError> {
        check_limit(limit)?;
        check_state(filter.state.as_deref())?;
        let after = after.as_deref().map(after_booking).transpose()?;
        let bookings = self.store().list_bookings_for(caller.customer_id, &filter, after, limit + 1).await?;
        Ok(Listed::page(bookings, limit, |booking| cursor(booking.created_at, &[&booking.id.to_string()])))
    }

    /// What happened to a booking, step by step.
    pub async fn timeline(&self, caller: &Caller, booking_id: BookingId) -> Result<Vec<TimelineEntry>, AppError> {
        let booking = self.booking_to_see(caller, booking_id).await?;
        Ok(self.store().timeline(booking.id).await?)
    }

    /// A booking for those who may look at it: its customer, the people of the partner who sells the show, and operators.
    /// Where it is paid is not told to the people of the partner: whoever knows the page sees what only the customer is to
    /// see there.
    async fn booking_to_see(&self, caller: &Caller, booking_id: BookingId) -> Result<Booking, AppError> {
        let booking = self.store().find_booking(booking_id).await?.ok_or(AppError::NotFound { what: "booking" })?;
        if booking.customer_id == caller.customer_id || caller.roles.contains(&Role::Admin) {
            return Ok(booking);
        }
        self.require_deed_on("booking", caller, booking.partner_id, Deed::See).await?;
        let without_page = |attempt| AttemptRecord { payment_page: None, ..attempt };
        let attempts = booking.attempts.into_iter().map(without_page).collect();
        Ok(Booking { attempts, ..booking })
    }

    /// A booking for those who may move it along: its customer and operators.
    pub(crate) async fn booking_for(&self, caller: &Caller, booking_id: BookingId) -> Result<Booking, AppError> {
        let found = if caller.roles.contains(&Role::Admin) {
            self.store().find_booking(booking_id).await?
        } else {
            self.store().find_booking_for(caller.customer_id, booking_id).await?
        };
        found.ok_or(AppError::NotFound { what: "booking" })
    }

    pub(crate) async fn view(&self, booking: Booking) -> Result<BookingView, AppError> {
        // One that waits for its money has none.
        let tickets = if booking.state.is_open() { Vec::new() } else { self.store().tickets_of(booking.id).await? };
        Ok(BookingView { booking, tickets, as_of: self.now() })
    }

    /// Refuses at the speed of the locks what the database would refuse anyway, before the engine hears of it. What is
    /// refused here leaves nothing behind, and its key can be used again.
    pub(crate) async fn claim_at_edge(&self, request: &BookingRequest) -> Result<Option<Hold>, AppError> {
        let now = self.now();
        let claim = Hold {
            show_id: request.show_id,
            seat_ids: request.seat_ids.sorted(),
            booking_id: request.booking_id,
            until: later(now, EDGE_CLAIM_SECONDS),
        };
        let claim = match self.locks().lock(&claim, now).await {
            Ok(SeatsLocked::Locked) => Some(claim),
            Ok(SeatsLocked::Taken { seat_ids }) => return Err(AppError::SeatsTaken { seat_ids }),
            // The saga of this booking has let go of its seats: it answers for itself.
            Ok(SeatsLocked::Released | SeatsLocked::Away) => None,
            Err(error) => {
                metrics::counter!("boxoffice_bookings_without_locks_total").increment(1);
                tracing::debug!(booking.id = %request.booking_id, error = %error, "no seat lock, the database decides");
                None
            }
        };
        let refused = self.refusal_by_database(request).await;
        if let Err(refusal) = refused {
            self.drop_claim(claim.as_ref()).await;
            return Err(refusal);
        }
        Ok(claim)
    }

    /// The locks may have been lost, so one indexed read of the seats precedes the start.
    async fn refusal_by_database(&self, request: &BookingRequest) -> Result<(), AppError> {
        let Obstacles { seats, open_holds } = self.store().obstacles(request).await?;
        if !seats.unknown.is_empty() {
            return Err(seats_unknown(&seats.unknown));
        }
        if !seats.taken.is_empty() {
            return Err(AppError::SeatsTaken { seat_ids: seats.taken });
        }
        let limit = OPEN_HOLDS_PER_CUSTOMER_AND_SHOW;
        // One of the open holds may be this booking's own, opened by a copy of this request a moment ago.
        if open_holds >= i64::from(limit) && self.known(request.booking_id).await?.is_none() {
            return Err(AppError::TooManyHolds { limit });
        }
        Ok(())
    }

    /// The saga is on its way and lets go of its seats when it ends; until it comes to them nobody else is let through.
    async fn keep_claim(&self, claim: Option<&Hold>, hold: HoldTime) {
        let Some(claim) = claim else { return };
        let now = self.now();
        let longer = Hold { until: lock_deadline(deadline(now, hold)), ..claim.clone() };
        if let Err(error) = self.locks().lock(&longer, now).await {
            tracing::debug!(booking.id = %claim.booking_id, %error, "the edge claim ends before the saga may come to it");
        }
    }

    async fn drop_claim(&self, claim: Option<&Hold>) {
        if let Some(claim) = claim
            && let Err(error) = self.locks().drop_claim(claim, self.now()).await
        {
            tracing::warn!(booking.id = %claim.booking_id, error = %error, "the edge claim ends by itself");
        }
    }

    /// Starts the saga, or waits with those who have started it.
    async fn start_once(&self, request: &BookingRequest, show: &Show) -> Started {
        let key = (request.booking_id, request.fingerprint.as_str().to_owned());
        let flight = {
            let mut flights = self.shared.flights.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let start = || {
                let (app, request) = (self.clone(), request.clone());
                let (partner_id, hold, key) = (show.partner_id, show.hold, key.clone());
                async move {
                    let started = app.start(&request, partner_id, hold).await;
                    let mut flights = app.shared.flights.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    flights.remove(&key);
                    started
                }
                .boxed()
                .shared()
            };
            flights.entry(key.clone()).or_insert_with(start).clone()
        };
        // In a task of its own, so that it goes on when this caller hangs up while others wait.
        match tokio::spawn(flight).await {
            Ok(started) => started,
            Err(panicked) => Started::Unknown(panicked.to_string()),
        }
    }

    /// Starts the saga, or finds the one that runs, and waits until the booking is opened.
    async fn start(&self, request: &BookingRequest, partner_id: PartnerId, hold: HoldTime) -> Started {
        let within = self.shared.parts.answer_within;
        let began = tokio::time::Instant::now();
        let begun = match self.engine().begin(request, partner_id, hold, within).await {
            Begun::Runs => {
                let opened = self.shared.openings.wait(self.store(), request.booking_id);
                match tokio::time::timeout_at(began + within, opened).await {
                    Ok(()) => return Started::Answered,
                    Err(late) => match self.engine().begun_at_all(request, late.to_string()).await {
                        // It was there when it was started, and what the engine has once, it does not lose.
                        Begun::Unknown(_) => Begun::Runs,
                        known => known,
                    },
                }
            }
            otherwise => otherwise,
        };
        match begun {
            Begun::Runs => Started::Running,
            Begun::EndedBefore => Started::EndedBefore,
            Begun::OtherRequest => Started::OtherRequest,
            Begun::NotAtAll(problem) => Started::NotAtAll(problem),
            Begun::Unknown(problem) => Started::Unknown(problem),
        }
    }

    async fn answer_to(
        &self,
        request: &BookingRequest,
        hold: HoldTime,
        started: Started,
        claim: Option<&Hold>,
    ) -> Result<Booked, AppError> {
        match started {
            Started::Answered => match self.store().find_booking(request.booking_id).await? {
                // The saga that runs under this key was started for somebody else's wish, or another one.
                Some(booking) if booking.fingerprint != request.fingerprint => Err(AppError::KeyReused),
                Some(booking) => self.answer_of(booking).await,
                None => Ok(Booked::Accepted { booking_id: request.booking_id }),
            },
            Started::Running => {
                self.keep_claim(claim, hold).await;
                Ok(Booked::Accepted { booking_id: request.booking_id })
            }
            Started::OtherRequest => Err(AppError::KeyReused),
            Started::EndedBefore => match self.store().find_booking(request.booking_id).await? {
                Some(booking) if booking.fingerprint != request.fingerprint => Err(AppError::KeyReused),
                Some(booking) if booking.state != BookingState::Pending => self.answer_of(booking).await,
                Some(_) | None => {
                    // Ended by hand before it could answer: the settling saga brings it to a right end.
                    self.engine().settle_overdue(request).await.map_err(AppError::engine_away)?;
                    Ok(Booked::Accepted { booking_id: request.booking_id })
                }
            },
            Started::NotAtAll(problem) => {
                self.drop_claim(claim).await;
                Err(AppError::engine_away(problem))
            }
            // The caller asks again and has the seats as before; others are refused until the claim ends, for they
            // would run into a saga that came late.
            Started::Unknown(problem) => Err(AppError::engine_away(problem)),
        }
    }

    /// The first answer's kind with today's booking.
    async fn answer_of(&self, booking: Booking) -> Result<Booked, AppError> {
        match &booking.state {
            BookingState::Failed { reason } if reason.is_refusal() => Err(AppError::from(reason.clone())),
            BookingState::Pending => Ok(Booked::Accepted { booking_id: booking.id }),
            BookingState::Failed { .. }
            | BookingState::AwaitingPayment
            | BookingState::Confirmed
            | BookingState::Expired
            | BookingState::Cancelled { .. }
            | BookingState::NeedsAttention { .. } => Ok(Booked::Created(Box::new(self.view(booking).await?))),
        }
    }
}

/// Which seats are wished for, as it can be done.
enum Wished {
    Chosen(SeatSelection),
    Best(BestWish),
}

impl Wished {
    fn parse(seats: WishedSeats) -> Result<Self, AppError> {
        Ok(match seats {
            WishedSeats::Chosen(seat_ids) => Self::Chosen(SeatSelection::parse(seat_ids).map_err(invalid_selection)?),
            WishedSeats::Best(wish) => Self::Best(wish),
        })
    }

    /// What a request comes down to: SHA-256 over the show, the seats in the order asked for or what was asked for
    /// instead, and the code where one was typed. Whichever the best seats were, it is the same request.
    fn fingerprint(&self, show_id: ShowId, code: Option<&OfferCode>) -> Fingerprint {
        let mut digest = Sha256::new();
        digest.update(show_id.to_string());
        match self {
            Self::Chosen(seats) => {
                for seat in seats.as_slice() {
                    digest.update(b"\n");
                    digest.update(seat.to_string());
                }
            }
            Self::Best(BestWish { count, category, section, accessible, split }) => {
                let category = category.as_ref().map(SeatCategory::as_str);
                // A text is written as in the language, in quotes, so that none can look like another field.
                digest.update(format!("\nbest {} {category:?} {section:?} {accessible} {split}", count.get()));
            }
        }
        if let Some(code) = code {
            digest.update(b"\ncode ");
            digest.update(code.as_str());
        }
        Fingerprint::new(hex::encode(digest.finalize()))
    }
}

pub(crate) fn invalid_selection(error: InvalidSelection) -> AppError {
    let code = match error {
        InvalidSelection::Empty => "empty_seats",
        InvalidSelection::TooMany { .. } => "too_many_seats",
        InvalidSelection::Duplicate { .. } => "duplicate_seat",
    };
    AppError::invalid("seatIds", code, error)
}

/// Refuses what is the name of no state.
pub(crate) fn check_state(state: Option<&str>) -> Result<(), AppError> {
    if state.is_none_or(|state| BookingState::NAMES.contains(&state)) {
        return Ok(());
    }
    let names = BookingState::NAMES.join(", ");
    Err(AppError::invalid("state", "invalid_parameter", format!("must be one of {names}")))
}

fn after_booking(text: &str) -> Result<(Timestamp, BookingId), AppError> {
    let (at, names) = parse_cursor(text)?;
    let id = names.first().and_then(|id| BookingId::parse(id).ok()).ok_or_else(no_cursor)?;
    Ok((at, id))
}
