//! The story of a booking: all of it is there, and nothing of it cannot be read.

use std::time::Duration;

use testkit::buyer::TWICE_CARD;
use testkit::catalogue::{LONG_HOLD, seat};
use testkit::heard::hear_everything;
use testkit::{Cast, Stage};

use crate::program;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_a_booking_is_whole() {
    let stage = Stage::set(Cast::new(program::of_these_sources(), 1, 1).listening(1, 1)).await;
    let buyer = stage.buyer().await;
    let booked = buyer.book(LONG_HOLD, &[seat(0), seat(1)]).await;
    let booking_id = booked.booking_id();
    buyer.pay(&booked, TWICE_CARD).await;
    buyer.wait_for(booking_id, "confirmed", SOON).await;
    buyer.cancel(booking_id).await;
    buyer.wait_for(booking_id, "cancelled", SOON).await;
    // Until the last of its mails is sent, so that everything has happened that can.
    assert_eq!(hear_everything(&stage, SOON).await.wrong, []);
    let story = faults::story::of(&stage, booking_id).await;
    println!("{story}");
    assert!(!story.contains("it cannot be read"), "{story}");
    for (title, count) in [
        ("booking", 1),
        ("seats it took", 2),
        ("attempts", 1),
        ("refunds", 1),
        ("tickets", 2),
        ("intents at the provider", 1),
        ("refunds at the provider", 1),
        ("notices", 3),
        ("what the order service knows", 1),
    ] {
        let lines = lines_below(&story, title);
        assert_eq!(lines, count, "`{title}` in {story}");
    }
    let said = ["BookingConfirmed", "PaymentRefunded", "\"state\":\"cancelled\"", "201 awaiting_payment", "Completed"];
    for said in said {
        assert!(story.contains(said), "`{said}` is missing: {story}");
    }
    // Each webhook came twice, and the inbox has it once.
    assert!(lines_below(&story, "what the provider has told") >= 1, "{story}");
    assert!(lines_below(&story, "deliveries at the provider") >= 2, "{story}");
    stage.rests_with_every_promise_kept(SOON).await;
}

/// How many lines a chapter has.
fn lines_below(story: &str, title: &str) -> usize {
    let lines = story.lines().skip_while(|line| *line != format!("  {title}")).skip(1);
    lines.take_while(|line| line.starts_with("    ")).filter(|line| line.trim() != "none").count()
}
