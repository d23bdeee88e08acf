//! The sixth story: somebody who was unknown a minute ago sells, and a group that leaves the choice to us sits together.

use anyhow::{Context, ensure};
use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::client::{Buyer, Service};
use super::stage::{STEP_WITHIN, Stage};
use super::telling::Teller;
use super::wire::{QuoteLine, Seat};

/// The hall, as a person would write it down.
const HALL: &str = "\
section stalls, category standard
A 1-12, gap 6
B 1-12, gap 6
C 1-12, gap 6
D 1-12, gap 6
E 1-12, gap 6
";
/// How many seats the group wants.
const GROUP: usize = 3;

/// A partner signs up, draws a hall, puts a show on with two offers, and somebody books the best three seats together.
pub(super) async fn sold_out_of_nothing(stage: &Stage, tell: Teller) -> anyhow::Result<()> {
    tell.title("A new theatre, two offers, the best seats");
    let service = &stage.service;
    let owner = service.register("Gina").await?;
    let show_id = put_on(service, &owner, &tell).await?;

    let buyer = service.register("Hugo").await?;
    tell.step("signed up", format_args!("{}, who leaves the choice of {GROUP} seats to us", buyer.name));
    let wish = json!({ "showId": show_id, "best": { "count": GROUP } });
    let booking = service.book_as_wished(&buyer, &wish, &[]).await?;
    let booking = service
        .wait_until(&buyer, booking.id, "awaiting payment", STEP_WITHIN, |it| it.state == "awaiting_payment")
        .await?;
    let show_id = show_id.parse().context("the show has no id")?;
    let seats = service.seats(show_id).await?.into_iter().filter(|seat| booking.seat_ids.contains(&seat.seat_id));
    let seats: Vec<Seat> = seats.collect();
    ensure!(seats.len() == GROUP && seats.iter().all(|seat| seat.row == seats[0].row), "they sit apart: {seats:?}");
    tell.step("best seats", super::stage::labels(&seats));

    let quote = service.quote(&json!({ "showId": show_id, "seatIds": booking.seat_ids })).await?;
    ensure!(quote.total == booking.amount, "the quote is {quote:?}, and the booking costs {}", booking.amount.display);
    for QuoteLine { label, price, discounts } in &quote.lines {
        let why = discounts.iter().map(|it| format!("{} ({})", it.amount.display, it.explanation));
        let why: Vec<String> = why.collect();
        tell.step("quote", format_args!("{label}: {} {}", price.display, why.join(" ")));
    }
    let has = |wanted: &str| quote.lines.iter().flat_map(|line| &line.discounts).any(|it| it.name == wanted);
    ensure!(has("Third ticket") && has("Afternoons"), "an offer is missing: {quote:?}");
    tell.step("total", format_args!("{}, held for {}", quote.total.display, buyer.name));
    let booking = stage.pay(&buyer, &booking, &tell).await?;
    stage.tell_timeline(&buyer, booking.id, &tell).await
}

/// Founds a theatre with one hall and one show, which is on a Viennese afternoon in three days; gives the show's id.
async fn put_on(service: &Service, owner: &Buyer, tell: &Teller) -> anyhow::Result<String> {
    let create = async |path: String, body: Value| {
        let created = service.create(owner, &path, &body).await?;
        created["id"].as_str().map(str::to_owned).with_context(|| format!("{path} has made nothing: {created}"))
    };
    let partner = create("/partners".to_owned(), json!({ "name": "The Old Stage" })).await?;
    let venue = json!({
        "name": "The Old Stage", "address": "1 High Street", "city": "Wien", "country": "AT", "timeZone": "Europe/Vienna",
    });
    let venue = create(format!("/partners/{partner}/venues"), venue).await?;
    let hall = create(format!("/venues/{venue}/halls"), json!({ "name": "Main" })).await?;
    service.draw(owner, &hall, HALL).await?;
    let event = json!({
        "kind": "play", "titles": { "en": "Hamlet" }, "languages": ["en"], "genres": ["tragedy"], "durationMinutes": 180,
    });
    let event = create(format!("/partners/{partner}/events"), event).await?;
    let vienna = TimeZone::get("Europe/Vienna")?;
    let day = Timestamp::now().to_zoned(vienna.clone()).date().checked_add(3.days())?;
    let starts_at = day.to_datetime(time(14, 0, 0, 0)).to_zoned(vienna)?;
    let show = json!({
        "eventId": event, "hallId": hall, "currency": "EUR", "startsAt": starts_at.timestamp().to_string(),
        "prices": [{ "category": "standard", "minor": 2000 }],
    });
    let show = create(format!("/partners/{partner}/shows"), show).await?;
    tell.step("signed up", format_args!("{} founds The Old Stage, draws its hall and puts Hamlet on", owner.name));
    tell.step("show", format_args!("{show}, {}", starts_at.strftime("%A %d %B %Y %H:%M in Vienna")));
    let offers = format!("/partners/{partner}/offers");
    create(offers.clone(), json!({ "name": "Third ticket", "nth": 3, "percent": 50 })).await?;
    let afternoons = json!({ "name": "Afternoons", "startsFrom": "12:00", "startsUntil": "17:00", "percent": 20 });
    create(offers, afternoons).await?;
    tell.step("offers", "half price on the third ticket, and 20 % off in the afternoon");
    Ok(show)
}
