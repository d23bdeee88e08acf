//! What all stories need: the service, shows to play in, and the moves that several of them make.

use std::time::Duration;

use anyhow::{bail, ensure};
use domain::ids::{BookingId, SeatId};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::choice::side_by_side;
use super::client::{Buyer, Refusal, Service};
use super::telling::{Teller, waited};
use super::wire::{Booking, Seat, Show};
use crate::dev::Addresses;

/// A card that pays.
pub(super) const GOOD_CARD: &str = "4242 4242 4242 4242";
/// A card that is declined.
pub(super) const DECLINED_CARD: &str = "4000 0000 0000 0002";

/// How long a step of a story may take.
pub(super) const STEP_WITHIN: Duration = Duration::from_secs(15);
/// The longest hold that a story waits for.
const SHORT_HOLD_SECONDS: i64 = 15;
/// How far ahead a show has to be for a cancellation to be refunded in full, with an hour to spare.
const REFUNDED_HOURS_BEFORE: i64 = 25;
/// A show with fewer free seats is left alone while there are others.
const FEW_SEATS: usize = 30;
/// How often other seats are chosen when somebody else was faster.
const CHOICES: usize = 5;

/// Where the stories play.
pub(super) struct Stage {
    pub(super) service: Service,
    /// Shows with enough time to pay.
    ordinary: Vec<Show>,
    /// Shows whose holds end soon.
    hasty: Vec<Show>,
    /// What the address of a saga begins with; empty if there is no web UI.
    sagas: String,
}

/// A booking with what it is for.
pub(super) struct Held {
    pub(super) show: Show,
    pub(super) seats: Vec<Seat>,
    pub(super) booking: Booking,
}

impl Stage {
    /// Looks for shows to play in.
    pub(super) async fn set(addresses: &Addresses) -> anyhow::Result<Self> {
        let service = Service::new(&addresses.api)?;
        let now = Timestamp::now();
        let shows = service.shows(now).await?.into_iter().filter(|show| show.is_sold(now));
        let (hasty, ordinary): (Vec<_>, Vec<_>) = shows.partition(|show| show.hold_seconds <= SHORT_HOLD_SECONDS);
        let early_enough = now + SignedDuration::from_hours(REFUNDED_HOURS_BEFORE);
        let ordinary: Vec<_> = ordinary.into_iter().filter(|show| show.starts_at >= early_enough).collect();
        ensure!(!ordinary.is_empty(), "no show is on sale that the demo can play in");
        ensure!(!hasty.is_empty(), "no show on sale holds its seats for {SHORT_HOLD_SECONDS} s or less");
        let ui = addresses.temporal_ui.trim_end_matches('/');
        let sagas =
            if ui.is_empty() { String::new() } else { format!("{ui}/namespaces/{}/workflows/", addresses.namespace) };
        Ok(Self { service, ordinary, hasty, sagas })
    }

    /// Chooses seats side by side in an ordinary show; `story` spreads the stories over the shows.
    pub(super) async fn choose(&self, story: usize, count: usize) -> anyhow::Result<(Show, Vec<Seat>)> {
        self.choose_in(&self.ordinary, story, count).await
    }

    /// Chooses seats side by side in a show that holds them shortly.
    pub(super) async fn choose_hasty(&self, count: usize) -> anyhow::Result<(Show, Vec<Seat>)> {
        self.choose_in(&self.hasty, 0, count).await
    }

    async fn choose_in(&self, shows: &[Show], first: usize, count: usize) -> anyhow::Result<(Show, Vec<Seat>)> {
        let mut last_resort = None;
        for show in shows.iter().cycle().skip(first).take(shows.len()) {
            let seats = self.service.seats(show.id).await?;
            let free = seats.iter().filter(|seat| seat.is_available()).count();
            match side_by_side(&seats, count) {
                Some(chosen) if free >= FEW_SEATS => return Ok((show.clone(), chosen)),
                Some(chosen) => last_resort = last_resort.or(Some((show.clone(), chosen))),
                None => {}
            }
        }
        match last_resort {
            Some(chosen) => Ok(chosen),
            None => bail!("no show has {count} seats left side by side: begin again with an empty data folder"),
        }
    }

    /// Chooses two seats side by side and books them; others where somebody else was faster.
    pub(super) async fn book(&self, story: usize, buyer: &Buyer, tell: &Teller) -> anyhow::Result<Held> {
        let mut choices = 0;
        loop {
            choices += 1;
            let (show, seats) = self.choose(story, 2).await?;
            match self.book_chosen(buyer, &show, &seats, tell).await {
                Ok(booking) => return Ok(Held { show, seats, booking }),
                Err(error) if choices < CHOICES && Refusal::of_taken_seats(&error).is_some() => {
                    tell.step("taken", "somebody else was faster: other seats then");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Books seats and tells so.
    pub(super) async fn book_chosen(
        &self,
        buyer: &Buyer,
        show: &Show,
        seats: &[Seat],
        tell: &Teller,
    ) -> anyhow::Result<Booking> {
        tell.step("show", show.summary());
        tell.step("seats", format_args!("{} chooses {}", buyer.name, descriptions(seats)));
        let asked_at = Timestamp::now();
        let booking = self.service.book(buyer, show.id, &ids(seats)).await?;
        let took = waited(Timestamp::now().duration_since(asked_at));
        ensure!(booking.state == "awaiting_payment", "a new booking does not await its payment: {booking:?}");
        let held = booking.expires_at.map_or(0, |until| until.duration_since(asked_at).as_secs());
        let amount = &booking.amount.display;
        tell.step("booked", format_args!("after {took}: {amount} to pay, seats held for {held} s"));
        Ok(booking)
    }

    /// Pays with a card that pays, waits for the tickets, and tells both.
    pub(super) async fn pay(&self, buyer: &Buyer, booking: &Booking, tell: &Teller) -> anyhow::Result<Booking> {
        let intent = self.service.pay(booking, GOOD_CARD).await?;
        ensure!(intent.state == "succeeded", "card {GOOD_CARD} does not pay: {intent:?}");
        tell.step("paid", format_args!("with card {GOOD_CARD} on the payment page"));
        let paid_at = Timestamp::now();
        let is_confirmed = |booking: &Booking| booking.state == "confirmed";
        let booking = self.service.wait_until(buyer, booking.id, "confirmed", STEP_WITHIN, is_confirmed).await?;
        let took = waited(Timestamp::now().duration_since(paid_at));
        ensure!(booking.captured == booking.amount, "what was collected is not the price: {booking:?}");
        tell.step("confirmed", format_args!("after {took}: {} tickets", booking.tickets.len()));
        Ok(booking)
    }

    /// Waits until all of the seats can be had again, and tells so.
    pub(super) async fn see_free_again(&self, show: &Show, seats: &[Seat], tell: &Teller) -> anyhow::Result<()> {
        let give_up = Instant::now() + STEP_WITHIN;
        loop {
            let now = self.service.seats(show.id).await?;
            let is_free = |wanted: &Seat| now.iter().any(|it| it.seat_id == wanted.seat_id && it.is_available());
            if seats.iter().all(is_free) {
                tell.step("free again", labels(seats));
                return Ok(());
            }
            ensure!(Instant::now() < give_up, "{} of {} are not free again", labels(seats), show.id);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Tells every step of a booking, and where its saga can be seen.
    pub(super) async fn tell_timeline(&self, buyer: &Buyer, id: BookingId, tell: &Teller) -> anyhow::Result<()> {
        let steps = self.service.timeline(buyer, id).await?;
        let saga = if self.sagas.is_empty() { String::new() } else { format!("{}{id}", self.sagas) };
        tell.timeline(id, &steps, &saga);
        Ok(())
    }
}

/// The ids of seats.
pub(super) fn ids(seats: &[Seat]) -> Vec<SeatId> {
    seats.iter().map(|seat| seat.seat_id).collect()
}

/// Seats as printed on tickets.
pub(super) fn labels(seats: &[Seat]) -> String {
    seats.iter().map(Seat::label).collect::<Vec<_>>().join(" and ")
}

/// Seats with their categories.
pub(super) fn descriptions(seats: &[Seat]) -> String {
    seats.iter().map(Seat::description).collect::<Vec<_>>().join(" and ")
}
