//! The demo: a client that books over HTTP as any client would, and tells what happens while it does.

mod client;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::ids::{CustomerId, SeatId, ShowId};
use serde_json::Value;
use uuid::Uuid;

use crate::demo::client::Client;
use crate::dev::Addresses;
use crate::sample;

/// A card that pays, and one that is declined, as the simulator knows them.
const GOOD_CARD: &str = "4242 4242 4242 4242";
const DECLINED_CARD: &str = "4000 0000 0000 0002";
/// How long any step of a story may take.
const SOON: Duration = Duration::from_secs(20);
/// How long a hold of ten seconds may take to be let go of.
const EXPIRY: Duration = Duration::from_secs(45);

/// What the demo was answered, for the checker.
pub struct DemoOutcome {
    /// Every booking that the service said it has made.
    pub answers: Vec<checker::Answer>,
}

/// Plays the stories against a running service.
pub async fn run(
    addresses: &Addresses,
    token_for: impl Fn(CustomerId) -> anyhow::Result<String>,
) -> anyhow::Result<DemoOutcome> {
    let new_client = || {
        let customer_id = CustomerId::new(Uuid::new_v4());
        anyhow::Ok(Client::new(addresses, customer_id, token_for(customer_id)?))
    };
    let clients = [new_client()?, new_client()?, new_client()?, new_client()?, new_client()?];
    let [confirmed, declined, expiring, winner, loser] = &clients;

    // The one that expires waits for its deadline while the others play; the stories are told in order.
    let waiting = expire(expiring);
    let playing = async {
        let started = Instant::now();
        confirm(confirmed).await.context("story 1")?;
        decline_and_retry(declined).await.context("story 2")?;
        race(winner, loser).await.context("story 3")?;
        cancel(confirmed).await.context("story 4")?;
        println!("\n   ({:.1} s so far; the next story waits for a deadline)", started.elapsed().as_secs_f64());
        anyhow::Ok(())
    };
    let (waited, played) = tokio::join!(waiting, playing);
    played?;
    let story = waited.context("story 5")?;
    heading(5, "Nobody pays: the seats go back");
    println!("{story}");
    Ok(DemoOutcome { answers: clients.iter().flat_map(Client::answers).collect() })
}

fn heading(number: u32, title: &str) {
    println!("\n{number}. {title}");
}

async fn confirm(buyer: &Client) -> anyhow::Result<()> {
    heading(1, "Book two seats, pay, get the tickets");
    let seats = buyer.neighbours(sample::FILM_TONIGHT).await?;
    let booking = buyer.book(sample::FILM_TONIGHT, &seats).await?;
    println!("   booked {}, {} to pay", booking.id, booking.display("amount"));
    buyer.pay(&booking, GOOD_CARD).await?;
    let confirmed = buyer.wait_for(&booking.id, "confirmed", SOON).await?;
    println!("   confirmed, {} tickets", confirmed.body["tickets"].as_array().map_or(0, Vec::len));
    println!("{}", buyer.timeline(&booking.id).await?);
    Ok(())
}

async fn decline_and_retry(buyer: &Client) -> anyhow::Result<()> {
    heading(2, "The first card is declined, the second one pays");
    let seats = buyer.neighbours(sample::FILM_TONIGHT).await?;
    let booking = buyer.book(sample::FILM_TONIGHT, &seats[..1]).await?;
    println!("   booked {}, {} to pay", booking.id, booking.display("amount"));
    buyer.pay(&booking, DECLINED_CARD).await?;
    let second = buyer
        .wait_until(&booking.id, SOON, "a second attempt", |body| {
            body["payment"]["attempt"] == 2 && body["payment"]["paymentPage"].is_string()
        })
        .await?;
    println!("   declined; attempt 2 is open");
    buyer.pay(&second, GOOD_CARD).await?;
    buyer.wait_for(&booking.id, "confirmed", SOON).await?;
    println!("{}", buyer.timeline(&booking.id).await?);
    Ok(())
}

async fn race(one: &Client, other: &Client) -> anyhow::Result<()> {
    heading(3, "Two buyers want the same seat at the same moment");
    let seat = &one.neighbours(sample::CONCERT).await?[..1];
    let (first, second) =
        tokio::join!(one.try_to_book(sample::CONCERT, seat), other.try_to_book(sample::CONCERT, seat));
    let (first, second) = (first?, second?);
    let won = [(one, &first), (other, &second)].into_iter().filter(|(_, answer)| answer.status == 201);
    let won: Vec<_> = won.collect();
    ensure!(won.len() == 1, "{} buyers got the seat", won.len());
    let lost = if first.status == 201 { &second } else { &first };
    ensure!(lost.status == 409, "the loser was answered {}: {}", lost.status, lost.body);
    ensure!(lost.body["seatIds"] == serde_json::json!(seat), "the refusal does not name the seat: {}", lost.body);
    println!("   one is answered 201, the other 409 naming the seat");
    let (winner, booking) = won[0];
    winner.pay(booking, GOOD_CARD).await?;
    winner.wait_for(&booking.id, "confirmed", SOON).await?;
    println!("{}", winner.timeline(&booking.id).await?);
    Ok(())
}

async fn cancel(buyer: &Client) -> anyhow::Result<()> {
    heading(4, "Change one's mind after paying: the money goes back");
    let seats = buyer.neighbours(sample::PLAY).await?;
    let booking = buyer.book(sample::PLAY, &seats).await?;
    buyer.pay(&booking, GOOD_CARD).await?;
    buyer.wait_for(&booking.id, "confirmed", SOON).await?;
    buyer.cancel(&booking.id).await?;
    let whole = booking.body["amount"]["minor"].clone();
    let refunded = buyer.wait_until(&booking.id, SOON, "the refund", |body| body["refunded"]["minor"] == whole).await?;
    println!("   cancelled, {} refunded", refunded.display("refunded"));
    println!("{}", buyer.timeline(&booking.id).await?);
    Ok(())
}

async fn expire(buyer: &Client) -> anyhow::Result<String> {
    let seats = buyer.neighbours(sample::SHORT_HOLD_SHOW).await?;
    let booking = buyer.book(sample::SHORT_HOLD_SHOW, &seats).await?;
    buyer.wait_for(&booking.id, "expired", EXPIRY).await?;
    let free = buyer.are_available(sample::SHORT_HOLD_SHOW, &seats).await?;
    ensure!(free, "the seats of {} did not go back", booking.id);
    let timeline = buyer.timeline(&booking.id).await?;
    Ok(format!(
        "   booked {}, left alone for ten seconds\n   expired, the seats can be had again\n{timeline}",
        booking.id
    ))
}

/// A seat of a show as the demo chooses by.
#[derive(Debug, Clone)]
struct Free {
    seat_id: SeatId,
    place: (String, String),
    x: f64,
}

/// The seats that are free, and which two of them stand side by side, chosen anywhere: the demo can be run again and
/// again on the same data.
fn two_side_by_side(show_id: ShowId, seats: &Value) -> anyhow::Result<[SeatId; 2]> {
    let items = seats["items"].as_array().context("the list of seats is not understood")?;
    let mut free = Vec::new();
    for item in items.iter().filter(|item| item["state"] == "available" && item["accessible"] == false) {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        free.push(Free {
            seat_id: SeatId::parse(&text("seatId"))?,
            place: (text("section"), text("row")),
            x: item["x"].as_f64().unwrap_or_default(),
        });
    }
    free.sort_by(|one, other| one.place.cmp(&other.place).then(one.x.total_cmp(&other.x)));
    let pairs: Vec<_> = free
        .windows(2)
        .filter(|pair| pair[0].place == pair[1].place && (pair[1].x - pair[0].x - 1.0).abs() < 0.01)
        .collect();
    ensure!(!pairs.is_empty(), "show {show_id} has no two free seats side by side: `make clean-data` begins anew");
    let chosen = usize::try_from(Uuid::new_v4().as_u128() % pairs.len() as u128)?;
    Ok([pairs[chosen][0].seat_id, pairs[chosen][1].seat_id])
}
