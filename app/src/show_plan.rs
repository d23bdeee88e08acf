//! Planning shows: put one on, change it, and say which of its seats are sold and as what.

use std::collections::BTreeMap;

use domain::ids::{EventId, HallId, PartnerId, SeatId, ShowId};
use domain::member::Deed;
use domain::money::{Currency, Money};
use domain::seat::SeatCategory;
use domain::show::{HoldTime, RefundPolicy, RefundTier, Show, ShowState};
use domain::single_seat::SingleSeatRule;
use jiff::{SignedDuration, Timestamp};
use store::{Allocated, Allocation, HallHead, NotPutOn, PutOn, Replanned, Versioned};
use uuid::Uuid;

use crate::editing::{conclude, seen};
use crate::error::seats_unknown;
use crate::identity::Caller;
use crate::{App, AppError};

/// The most seats that are allocated at once: a large hall.
pub const SEATS_AT_ONCE: usize = 20_000;

/// When a show is, what it costs and what its rules are. What is not said stays as the show has it.
#[derive(Debug, Clone)]
pub struct ShowTerms {
    /// When it begins; it ends when its event has taken its time.
    pub starts_at: Timestamp,
    /// From when on it is sold; a new show at once if it is not said.
    pub sales_open_at: Option<Timestamp>,
    /// Until when it is sold. Where it is not said, a new show is sold until it begins, as is one that was before.
    pub sales_close_at: Option<Timestamp>,
    /// What a seat of each category costs, in minor units of the show's currency.
    pub prices: BTreeMap<SeatCategory, i64>,
    /// How many seconds seats are held for a customer to pay; for a new show as usual if it is not said.
    pub hold_seconds: Option<i64>,
    /// What a customer gets back who cancels, from the longest time before the show to the shortest; for a new show as
    /// usual if it is not said.
    pub refund_policy: Option<Vec<RefundTier>>,
    /// What is done about customers who pick seats by hand and leave single ones; for a new show nothing if it is not
    /// said.
    pub single_seats: Option<SingleSeatRule>,
}

/// A show that is to be put on.
#[derive(Debug, Clone)]
pub struct ShowWish {
    /// What is performed.
    pub event_id: EventId,
    /// Where.
    pub hall_id: HallId,
    /// What its prices are in.
    pub currency: Currency,
    /// When, and for how much.
    pub terms: ShowTerms,
}

impl ShowTerms {
    /// The show with these terms, and with those that it has where they say nothing.
    fn of(self, show: Show, minutes: i32) -> Result<Show, AppError> {
        let Self { starts_at, sales_open_at, sales_close_at, prices, hold_seconds, refund_policy, single_seats } = self;
        let price = |(category, minor)| (category, Money::new(minor, show.currency));
        let refused = |field| move |problem: String| AppError::invalid(field, "invalid_value", problem);
        let hold = hold_seconds.map_or(Ok(show.hold), HoldTime::parse);
        let refund_policy = refund_policy.map_or_else(|| Ok(show.refund_policy.clone()), RefundPolicy::parse);
        // Sales that end when the show begins move along with it.
        let closes_at = if show.sales_close_at == show.starts_at { starts_at } else { show.sales_close_at };
        let lasts = SignedDuration::from_mins(i64::from(minutes));
        let show = Show {
            starts_at,
            ends_at: starts_at.saturating_add(lasts).unwrap_or(Timestamp::MAX),
            sales_open_at: sales_open_at.unwrap_or(show.sales_open_at),
            sales_close_at: sales_close_at.unwrap_or(closes_at),
            prices: prices.into_iter().map(price).collect(),
            hold: hold.map_err(|error| refused("holdSeconds")(error.to_string()))?,
            refund_policy: refund_policy.map_err(|error| refused("refundPolicy")(error.to_string()))?,
            single_seats: single_seats.unwrap_or(show.single_seats),
            ..show
        };
        show.check().map_err(AppError::of_field)?;
        Ok(show)
    }
}

impl App {
    /// Puts a show on, with every seat of its hall.
    pub async fn create_show(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        wish: ShowWish,
    ) -> Result<Versioned<Show>, AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await?;
        let (show, _hall) = self.planned(ShowId::new(Uuid::new_v4()), partner_id, wish).await?;
        is_on(self.store().create_show(&show).await?)?;
        Ok(Versioned { content: show, version: 1 })
    }

    /// The show that is wished for, which is not put on yet, and the hall that it is to be in.
    pub(crate) async fn planned(
        &self,
        id: ShowId,
        partner_id: PartnerId,
        wish: ShowWish,
    ) -> Result<(Show, HallHead), AppError> {
        let ShowWish { event_id, hall_id, currency, terms } = wish;
        let event = self.store().find_event(event_id).await?.filter(|event| event.content.partner_id == partner_id);
        let event = event.ok_or_else(|| none_of_partner("eventId"))?.content;
        let hall = self.store().find_hall(hall_id).await?.filter(|hall| hall.content.partner_id == partner_id);
        let hall = hall.ok_or_else(|| none_of_partner("hallId"))?.content;
        let now = self.now();
        // It has what a show has of which nothing is said: it is sold at once, and until it begins.
        let blank = Show {
            id,
            event_id,
            hall_id,
            partner_id,
            starts_at: now,
            ends_at: now,
            sales_open_at: now,
            sales_close_at: now,
            state: ShowState::Scheduled,
            currency,
            prices: BTreeMap::new(),
            hold: HoldTime::DEFAULT,
            refund_policy: RefundPolicy::standard(),
            single_seats: SingleSeatRule::default(),
        };
        Ok((terms.of(blank, event.duration_minutes)?, hall))
    }

    /// Changes when a show is, what it costs and its rules; `if_match` is the version that the caller has seen. What is not
    /// said stays as it is, and what was bought as it was bought.
    pub async fn update_show(
        &self,
        caller: &Caller,
        show_id: ShowId,
        if_match: Option<&str>,
        terms: ShowTerms,
    ) -> Result<Versioned<Show>, AppError> {
        let before = self.show_of(caller, show_id, Deed::Plan).await?;
        check_takes_place(&before.content)?;
        let show = self.replanned(before.content, terms).await?;
        let version = self.change_show(&show, seen(if_match, before.version)?).await?;
        Ok(Versioned { content: show, version })
    }

    /// A show with other terms, which it does not have yet.
    pub(crate) async fn replanned(&self, before: Show, terms: ShowTerms) -> Result<Show, AppError> {
        let event = self.find_event(before.event_id).await?.content;
        terms.of(before, event.duration_minutes)
    }

    /// Gives a show that is in the version `seen` other terms; the version that it has then.
    pub(crate) async fn change_show(&self, show: &Show, seen: i64) -> Result<i64, AppError> {
        match self.store().update_show(show, seen).await? {
            Replanned::Edited(edited) => conclude(edited, "show"),
            Replanned::Unpriced { category } => Err(no_price_for(&category)),
        }
    }

    /// Keeps seats of a show back, sells them again, or sells them as another category: all of them or none, and never
    /// those that are held or sold.
    pub async fn allocate_seats(
        &self,
        caller: &Caller,
        show_id: ShowId,
        seat_ids: &[SeatId],
        allocation: Allocation,
    ) -> Result<(), AppError> {
        let show = self.show_of(caller, show_id, Deed::Plan).await?.content;
        check_takes_place(&show)?;
        if seat_ids.is_empty() || seat_ids.len() > SEATS_AT_ONCE {
            let problem = format!("must be 1 to {SEATS_AT_ONCE}");
            return Err(AppError::invalid("seatIds", "invalid_value", problem));
        }
        match self.store().allocate(show_id, seat_ids, &allocation).await? {
            Allocated::Done => Ok(()),
            Allocated::Refused { unknown, .. } if !unknown.is_empty() => Err(seats_unknown(&unknown)),
            Allocated::Refused { taken, .. } => Err(AppError::SeatsOfSomebody { seat_ids: taken }),
            Allocated::Unpriced { .. } if matches!(allocation, Allocation::Move { .. }) => {
                Err(AppError::invalid("category", "invalid_value", "the show has no price for it"))
            }
            Allocated::Unpriced { category } => {
                let problem = format!("the show has no price for the category `{category}` of some of them");
                Err(AppError::invalid("seatIds", "invalid_value", problem))
            }
        }
    }

    /// A show, for a caller who may do something to what is its partner's.
    pub(crate) async fn show_of(
        &self,
        caller: &Caller,
        show_id: ShowId,
        deed: Deed,
    ) -> Result<Versioned<Show>, AppError> {
        let found = self.store().find_show_to_edit(show_id).await?.ok_or(AppError::NotFound { what: "show" })?;
        self.require_deed_on("show", caller, found.content.partner_id, deed).await?;
        Ok(found)
    }
}

/// What was put on with a show, or why it was not.
pub(crate) fn is_on<T>(put_on: PutOn<T>) -> Result<T, AppError> {
    match put_on {
        PutOn::Done(done) => Ok(done),
        PutOn::Refused(NotPutOn::Known) => Err(AppError::Changed),
        PutOn::Refused(NotPutOn::NoEvent) => Err(none_of_partner("eventId")),
        PutOn::Refused(NotPutOn::NoSeats) => {
            Err(AppError::invalid("hallId", "invalid_value", "has no seats yet: draw its seat map first"))
        }
        PutOn::Refused(NotPutOn::Unpriced { category }) => Err(no_price_for(&category)),
    }
}

fn none_of_partner(field: &'static str) -> AppError {
    AppError::invalid(field, "invalid_value", "there is none of this partner")
}

fn no_price_for(category: &SeatCategory) -> AppError {
    AppError::invalid(
        "prices",
        "invalid_value",
        format!("has none for the category `{category}`, of which there are seats"),
    )
}

/// Refuses to plan a show that was called off: nothing of it is sold any more.
pub(crate) fn check_takes_place(show: &Show) -> Result<(), AppError> {
    match show.state {
        ShowState::Scheduled => Ok(()),
        ShowState::Cancelled => Err(AppError::WrongState { what: "show", state: show.state.as_str(), wish: "changed" }),
    }
}
