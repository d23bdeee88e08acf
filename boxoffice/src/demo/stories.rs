//! The first five stories. Each plays with customers of its own and ends with the timeline of its booking.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use tokio::time::Instant;

use super::client::{Buyer, Refusal};
use super::stage::{DECLINED_CARD, Held, STEP_WITHIN, Stage, ids, labels};
use super::telling::{Teller, waited};
use super::wire::{Booking, Seat, Show};

/// How long a short hold may take to end, seats and all.
const EXPIRED_WITHIN: Duration = Duration::from_secs(40);
/// Where the tickets of the first story are mailed.
const MAIL: &str = "ada@example.org";
/// How often two buyers are sent racing while others are faster than both.
const RACES: usize = 5;

/// A booking that is paid at once.
pub(super) async fn confirmed(stage: &Stage, buyer: &Buyer, tell: Teller) -> anyhow::Result<()> {
    tell.title("Booked, paid, confirmed");
    stage.service.introduce(buyer, MAIL).await?;
    tell.step("contact", format_args!("{}'s tickets are mailed to {MAIL}, a file in the data folder", buyer.name));
    let Held { booking, .. } = stage.book(0, buyer, &tell).await?;
    let booking = stage.pay(buyer, &booking, &tell).await?;
    stage.tell_timeline(buyer, booking.id, &tell).await
}

/// A card that is declined, and another attempt for the same seats.
pub(super) async fn declined(stage: &Stage, buyer: &Buyer, tell: Teller) -> anyhow::Result<()> {
    tell.title("Declined, and paid with another card");
    let Held { booking, .. } = stage.book(1, buyer, &tell).await?;
    let intent = stage.service.pay(&booking, DECLINED_CARD).await?;
    let code = intent.decline_code.with_context(|| format!("card {DECLINED_CARD} is not declined"))?;
    tell.step("declined", format_args!("card {DECLINED_CARD}: {code}"));
    let can_pay_again = |booking: &Booking| {
        let payment = booking.payment.as_ref();
        payment.is_some_and(|payment| payment.attempt == 2 && payment.payment_page.is_some())
    };
    let service = &stage.service;
    let booking = service.wait_until(buyer, booking.id, "at attempt 2", STEP_WITHIN, can_pay_again).await?;
    tell.step("attempt 2", "is open; the seats are still held");
    let booking = stage.pay(buyer, &booking, &tell).await?;
    stage.tell_timeline(buyer, booking.id, &tell).await
}

/// A booking that nobody pays.
pub(super) async fn expired(stage: &Stage, buyer: &Buyer, tell: Teller) -> anyhow::Result<()> {
    tell.title("Not paid in time");
    let (show, seats) = stage.choose_hasty(2).await?;
    let booking = stage.book_chosen(buyer, &show, &seats, &tell).await?;
    tell.step("waiting", format_args!("{} does not pay", buyer.name));
    let booked_at = Timestamp::now();
    let is_expired = |booking: &Booking| booking.state == "expired";
    let booking = stage.service.wait_until(buyer, booking.id, "expired", EXPIRED_WITHIN, is_expired).await?;
    tell.step("expired", format_args!("after {}", waited(Timestamp::now().duration_since(booked_at))));
    stage.see_free_again(&show, &seats, &tell).await?;
    stage.tell_timeline(buyer, booking.id, &tell).await
}

/// Two buyers whose wishes overlap in one seat.
pub(super) async fn raced(stage: &Stage, (one, other): (&Buyer, &Buyer), tell: Teller) -> anyhow::Result<()> {
    tell.title("Two buyers, one seat");
    for _ in 0..RACES {
        let (show, seats) = stage.choose(2, 3).await?;
        tell.step("show", show.summary());
        if let Some((winner, booking)) = race(stage, (one, other), (&show, &seats), &tell).await? {
            let booking = stage.pay(winner, &booking, &tell).await?;
            return stage.tell_timeline(winner, booking.id, &tell).await;
        }
        tell.step("taken", "somebody else was faster than both: other seats then");
    }
    bail!("somebody else was always faster")
}

/// Sends both at once for two seats each, the middle one of three being wanted by both. None if both were too late.
async fn race<'a>(
    stage: &Stage,
    (one, other): (&'a Buyer, &'a Buyer),
    (show, seats): (&Show, &[Seat]),
    tell: &Teller,
) -> anyhow::Result<Option<(&'a Buyer, Booking)>> {
    let [_, wanted, _] = seats else { bail!("a race needs three seats") };
    let (left, right) = (&seats[..2], &seats[1..]);
    tell.step("at once", format_args!("{} wants {}", one.name, labels(left)));
    tell.step("", format_args!("{} wants {}", other.name, labels(right)));
    let (of_one, of_other) = (ids(left), ids(right));
    let service = &stage.service;
    let racing = (service.book(one, show.id, &of_one), service.book(other, show.id, &of_other));
    let (first, second) = tokio::join!(racing.0, racing.1);
    let (winner, booking, loser, refusal) = match (first, second) {
        (Ok(booking), Err(refusal)) => (one, booking, other, refusal),
        (Err(refusal), Ok(booking)) => (other, booking, one, refusal),
        (Ok(_), Ok(_)) => bail!("{} of {} was given to both", wanted.label(), show.id),
        (Err(first), Err(second)) => {
            let taken = [&first, &second].map(|error| Refusal::of_taken_seats(error).is_some());
            return if taken == [true, true] { Ok(None) } else { Err(if taken[0] { second } else { first }) };
        }
    };
    let Some(refused) = Refusal::of_taken_seats(&refusal) else { return Err(refusal) };
    ensure!(refused.problem.seat_ids.contains(&wanted.seat_id), "the taken seat is not named: {refusal}");
    tell.step("booked", format_args!("{} has them: {} to pay", winner.name, booking.amount.display));
    let named = seats.iter().filter(|seat| refused.problem.seat_ids.contains(&seat.seat_id));
    let named = labels(&named.cloned().collect::<Vec<_>>());
    let status = refused.status.as_u16();
    tell.step("refused", format_args!("{} gets {status}, {named} taken, and holds neither seat", loser.name));
    Ok(Some((winner, booking)))
}

/// A booking that is taken back after it was confirmed.
pub(super) async fn cancelled(stage: &Stage, buyer: &Buyer, tell: Teller) -> anyhow::Result<()> {
    tell.title("Confirmed, cancelled, refunded");
    let Held { show, seats, booking } = stage.book(3, buyer, &tell).await?;
    let booking = stage.pay(buyer, &booking, &tell).await?;
    let asked_at = Timestamp::now();
    stage.service.cancel(buyer, booking.id).await?;
    let is_cancelled = |booking: &Booking| booking.state == "cancelled";
    let service = &stage.service;
    let booking = service.wait_until(buyer, booking.id, "cancelled", STEP_WITHIN, is_cancelled).await?;
    let void = booking.tickets.iter().filter(|ticket| ticket.state == "voided").count();
    ensure!(void == booking.tickets.len(), "a cancelled booking has a ticket that counts: {booking:?}");
    let took = waited(Timestamp::now().duration_since(asked_at));
    tell.step("cancelled", format_args!("after {took}: {void} tickets no longer count"));
    await_refund(stage, buyer, &booking).await?;
    let booking = service.wait_until(buyer, booking.id, "refunded", STEP_WITHIN, |it| it.refunded == it.amount).await?;
    let took = waited(Timestamp::now().duration_since(asked_at));
    tell.step("refunded", format_args!("{} after {took}, by the policy frozen at purchase", booking.refunded.display));
    stage.see_free_again(&show, &seats, &tell).await?;
    stage.tell_timeline(buyer, booking.id, &tell).await
}

/// Waits until the money is back: the booking's own sum counts what is on its way as well.
async fn await_refund(stage: &Stage, buyer: &Buyer, booking: &Booking) -> anyhow::Result<()> {
    let give_up = Instant::now() + STEP_WITHIN;
    loop {
        let steps = stage.service.timeline(buyer, booking.id).await?;
        if steps.iter().any(|step| step.code == "refunded") {
            return Ok(());
        }
        ensure!(Instant::now() < give_up, "{} is cancelled and not refunded: {steps:?}", booking.id);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
