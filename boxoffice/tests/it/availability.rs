//! What everybody sees of a show while its seats are sold: the snapshot, the stream, and both after whatever was lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::booking::{BookingRequest, CloseBooking, Fingerprint, SeatSelection};
use domain::booking_state::{CancelledBy, EndState};
use domain::ids::{BookingId, SeatId, ShowId};
use futures::future::join_all;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::Value;
use testkit::buyer::GOOD_CARD;
use testkit::catalogue::{FREE, LONG_HOLD, seat};
use testkit::process::{ServingProcess, serve_if_asked};
use testkit::sse::{BareStream, Event, EventStream, Picture, SeatList};
use testkit::test_app::World;
use testkit::{Answer, Buyer, TestApp, TestSettings, eventually};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

async fn seats(buyer: &Buyer, show_id: ShowId) -> Arc<SeatList> {
    SeatList::of(&buyer.send(buyer.get(&format!("/shows/{show_id}/seats"))).await.body)
}

async fn availability(buyer: &Buyer, show_id: ShowId) -> Answer {
    let answer = buyer.send(buyer.get(&format!("/shows/{show_id}/availability"))).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

async fn follow(buyer: &Buyer, show_id: ShowId, last: Option<&str>) -> EventStream {
    let request = buyer.get(&format!("/shows/{show_id}/availability/stream"));
    EventStream::open(match last {
        Some(last) => request.header("Last-Event-ID", last),
        None => request,
    })
    .await
}

async fn next(stream: &mut EventStream) -> Event {
    stream.next(SOON).await.expect("the stream goes on")
}

/// Reads on until some seats are in a state.
async fn until(stream: &mut EventStream, picture: &mut Picture, letter: u8, count: usize) {
    while picture.count(letter) != count {
        picture.take(&next(stream).await);
    }
}

fn states_of(event: &Event) -> Vec<(String, String)> {
    let seats = event.data["seats"].as_array().unwrap_or_else(|| panic!("no changes: {event:?}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    seats.iter().map(|seat| (text(&seat["seatId"]), text(&seat["state"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_seen_held_then_sold_then_free_again() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let list = seats(&buyer, LONG_HOLD).await;
    let mut stream = follow(&buyer, LONG_HOLD, None).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["cache-control"], "no-store");
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    let first = next(&mut stream).await;
    assert_eq!(first.name, "snapshot");
    assert!(stream.retry().is_some_and(|retry| (1_000..2_000).contains(&retry)), "{:?}", stream.retry());
    let mut picture = Picture::new(&list);
    picture.take(&first);
    assert_eq!(picture.count(b'a'), list.len());

    let booking = buyer.book(LONG_HOLD, &[seat(3), seat(4)]).await;
    let state = |state: &str| [(seat(3).to_string(), state.to_owned()), (seat(4).to_string(), state.to_owned())];
    assert_eq!(states_of(&next(&mut stream).await), state("held"));
    buyer.pay(&booking, GOOD_CARD).await;
    assert_eq!(states_of(&next(&mut stream).await), state("sold"));
    buyer.cancel(booking.booking_id()).await;
    assert_eq!(states_of(&next(&mut stream).await), state("available"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_sent_again_only_if_a_seat_stands_otherwise() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let list = seats(&buyer, LONG_HOLD).await;
    let first = availability(&buyer, LONG_HOLD).await;
    assert_eq!(first.headers["cache-control"], "no-cache");
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    let mut picture = Picture::new(&list);
    picture.take_snapshot(&first.body);
    assert_eq!(picture.count(b'a'), list.len());
    let path = format!("/shows/{LONG_HOLD}/availability");
    let ask = || buyer.send(buyer.get(&path).header("If-None-Match", etag.clone()));
    let same = ask().await;
    assert_eq!((same.status, &same.body), (StatusCode::NOT_MODIFIED, &Value::Null));
    assert_eq!(same.headers["etag"], etag.as_str());

    let booking = buyer.book(LONG_HOLD, &[seat(3)]).await;
    let changed = eventually("the booking is seen", SOON, || async {
        let changed = ask().await;
        (changed.status == StatusCode::OK).then_some(changed)
    })
    .await;
    picture.take_snapshot(&changed.body);
    assert_eq!((picture.states[3], picture.count(b'h')), (b'h', 1));
    buyer.cancel(booking.booking_id()).await;
    eventually("the seats stand as at first, and so does the tag", SOON, || async {
        (ask().await.status == StatusCode::NOT_MODIFIED).then_some(())
    })
    .await;

    let unknown = ShowId::new(Uuid::new_v4());
    for path in [format!("/shows/{unknown}/availability"), format!("/shows/{unknown}/availability/stream")] {
        let answer = buyer.send(buyer.get(&path)).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    let wrong = buyer.send(buyer.get("/shows/evt_1/availability/stream")).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, "invalid_id"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_told_what_was_missed_and_a_stranger_everything() {
    let app = TestApp::start().await;
    let (buyer, other) = (app.buyer(), app.buyer());
    let list = seats(&buyer, LONG_HOLD).await;
    let mut stream = follow(&buyer, LONG_HOLD, None).await;
    let mut picture = Picture::new(&list);
    let kept = buyer.book(LONG_HOLD, &[seat(0)]).await;
    until(&mut stream, &mut picture, b'h', 1).await;
    drop(stream);
    let left_at = picture.position.clone();

    let gone = other.book(LONG_HOLD, &[seat(1)]).await;
    other.cancel(gone.booking_id()).await;
    buyer.pay(&kept, GOOD_CARD).await;
    buyer.wait_for(kept.booking_id(), "confirmed", SOON).await;
    let held = other.book(LONG_HOLD, &[seat(2)]).await;
    eventually("all of it is seen", SOON, || async {
        let counts = availability(&buyer, LONG_HOLD).await.body["counts"].clone();
        (counts["sold"] == 1 && counts["held"] == 1).then_some(())
    })
    .await;

    let missed = |seat_id: SeatId, state: &str| (seat_id.to_string(), state.to_owned());
    let expected = [missed(seat(0), "sold"), missed(seat(1), "available"), missed(seat(2), "held")];
    let mut again = follow(&buyer, LONG_HOLD, Some(&left_at)).await;
    let event = next(&mut again).await;
    assert_eq!(states_of(&event), expected, "every seat once, as it stands");
    picture.take(&event);
    let query = format!("/shows/{LONG_HOLD}/availability/stream?lastEventId={left_at}");
    let mut by_query = EventStream::open(buyer.get(&query)).await;
    assert_eq!(states_of(&next(&mut by_query).await), expected);
    let mut up_to_date = follow(&buyer, LONG_HOLD, Some(&event.id)).await;
    assert_eq!(states_of(&next(&mut up_to_date).await), []);
    let snapshot = availability(&buyer, LONG_HOLD).await.body;
    let mut from_snapshot = follow(&buyer, LONG_HOLD, snapshot["position"].as_str()).await;
    assert_eq!(states_of(&next(&mut from_snapshot).await), []);

    for unknown in ["1-1-0123456789abcdef", "99999999999999-5-0000000000000000", "yesterday", ";drop table shows"] {
        let mut anew = follow(&buyer, LONG_HOLD, Some(unknown)).await;
        let event = next(&mut anew).await;
        assert_eq!(event.name, "snapshot", "{unknown}");
        let mut fresh = Picture::new(&list);
        fresh.take(&event);
        assert_eq!(fresh.states, picture.states, "{unknown}");
    }
    other.cancel(held.booking_id()).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_announced_is_seen_all_the_same() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let list = seats(&buyer, LONG_HOLD).await;
    let mut stream = follow(&buyer, LONG_HOLD, None).await;
    let mut quiet = follow(&buyer, FREE, None).await;
    next(&mut quiet).await;
    let mut picture = Picture::new(&list);
    picture.take(&next(&mut stream).await);
    // As if a worker had been killed between its commit and its word: the database alone knows.
    let request = BookingRequest {
        booking_id: BookingId::for_key(buyer.customer_id, "silent"),
        customer_id: buyer.customer_id,
        show_id: LONG_HOLD,
        seat_ids: SeatSelection::parse(vec![seat(7)]).unwrap(),
        code: None,
        fingerprint: Fingerprint::new("silent".to_owned()),
    };
    app.store.open_booking(&request, Timestamp::now()).await.unwrap();
    until(&mut stream, &mut picture, b'h', 1).await;
    assert_eq!(picture.states[7], b'h');
    let end = EndState::Cancelled { by: CancelledBy::Customer };
    app.store.close_booking(&CloseBooking { request, end, stuck: None }, Timestamp::now()).await.unwrap();
    until(&mut stream, &mut picture, b'a', list.len()).await;
    // Where nothing happens, proxies are told that the stream still is.
    quiet.comment(SOON).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_process_does_and_snapshots_are_answered_to_the_last() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let mut stream = follow(&buyer, LONG_HOLD, None).await;
    next(&mut stream).await;
    app.app.end_streams();
    assert_eq!(stream.next(SOON).await, None, "it ends as a stream should");
    let refused = buyer.send(buyer.get(&format!("/shows/{LONG_HOLD}/availability/stream"))).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
    assert!(refused.headers.contains_key("retry-after"));
    availability(&buyer, LONG_HOLD).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn selling_a_show_out_writes_no_row_of_it_and_two_streams_agree() {
    let app = TestApp::start().await;
    let buyer = app.buyer();
    let list = seats(&buyer, FREE).await;
    let (mut one, mut other) = (follow(&buyer, FREE, None).await, follow(&buyer, FREE, None).await);
    let (mut seen_by_one, mut seen_by_other) = (Picture::new(&list), Picture::new(&list));
    let before = app.store.find_show(FREE).await.unwrap();
    let sale = sell_out(FREE, list.len(), || app.buyer());
    tokio::join!(
        sale,
        until(&mut one, &mut seen_by_one, b's', list.len()),
        until(&mut other, &mut seen_by_other, b's', list.len()),
    );
    let mut snapshot = Picture::new(&list);
    snapshot.take_snapshot(&availability(&buyer, FREE).await.body);
    assert_eq!(snapshot.states, seen_by_one.states);
    assert_eq!(snapshot.states, seen_by_other.states);
    assert_eq!(app.store.find_show(FREE).await.unwrap(), before, "the show's row has no counter");
    app.finish().await;
}

/// Has as many buyers as it takes buy ten seats each, a few at a time, paying where it costs something.
async fn sell_out(show_id: ShowId, seats: usize, buyer: impl Fn() -> Buyer) {
    let seats: Vec<SeatId> = (0..u32::try_from(seats).unwrap()).map(seat).collect();
    let sales: Vec<&[SeatId]> = seats.chunks(10).collect();
    for at_once in sales.chunks(4) {
        join_all(at_once.iter().map(|wanted| {
            let buyer = buyer();
            async move {
                let booking = buyer.opened(buyer.book(show_id, wanted).await, Duration::from_secs(60)).await;
                assert!(booking.status.is_success(), "{booking:?}");
                if booking.state() == "awaiting_payment" {
                    buyer.pay(&booking, GOOD_CARD).await;
                }
                buyer.wait_for(booking.booking_id(), "confirmed", Duration::from_secs(60)).await;
            }
        }))
        .await;
    }
}

const SERVER: &str = "availability::the_process_that_serves_two_thousand";
const SUBSCRIBERS: usize = 2_000;

/// Not a test by itself: the test below starts this program once more for it, so that the server's memory and time can
/// be told from its clients'.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_that_serves_two_thousand() {
    serve_if_asked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_subscribers_end_with_the_same_picture() {
    // Before the server is started, which inherits it: two sockets for each subscriber, one on each side.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();

    let world = World::new(&TestSettings::default()).await;
    let process = ServingProcess::start(&world, SERVER, "127.0.0.1:0", None).await;
    let api = process.addresses.api.clone();
    let buyer = world.buyer(&api);
    // What the sale costs by itself, on another show.
    let idle = Usage::of_server();
    sell_out(FREE, 400, || world.buyer(&api)).await;
    let alone = Usage::of_server();

    let list = seats(&buyer, LONG_HOLD).await;
    let began = Instant::now();
    let mut followers = Vec::new();
    for _ in 0..SUBSCRIBERS / 100 {
        let come = (0..100).map(|_| async {
            let mut stream = BareStream::follow(&api, LONG_HOLD).await;
            let mut picture = Picture::new(&list);
            stream.next().await.unwrap().iter().for_each(|event| picture.take(event));
            (stream, picture)
        });
        followers.extend(join_all(come).await);
    }
    let (connected, connecting) = (Usage::of_server(), began.elapsed());
    let all = list.len();
    let following = followers.into_iter().map(|(mut stream, mut picture)| {
        tokio::spawn(async move {
            while picture.count(b's') != all {
                stream.next().await.expect("the stream goes on").iter().for_each(|event| picture.take(event));
            }
            // The stream stays open until all have seen the end.
            (stream, picture)
        })
    });
    let following: Vec<_> = following.collect();
    let began = Instant::now();
    sell_out(LONG_HOLD, all, || world.buyer(&api)).await;
    let selling = began.elapsed();
    let ended = tokio::time::timeout(SOON, join_all(following)).await.expect("all have seen the end");
    let (sold, seen) = (Usage::of_server(), began.elapsed());

    let mut snapshot = Picture::new(&list);
    snapshot.take_snapshot(&availability(&buyer, LONG_HOLD).await.body);
    let mut events = 0;
    for follower in ended {
        let (_stream, picture) = follower.unwrap();
        assert_eq!(picture.states, snapshot.states);
        events += picture.changes + picture.snapshots - 1;
    }
    println!(
        "{SUBSCRIBERS} subscribers, debug build, the server in its own process:\n\
         connected in {connecting:.1?}; {all} seats sold in {selling:.1?}; the last saw it {:.1?} later\n\
         events sent: {events} ({:.1} to each)",
        seen.saturating_sub(selling),
        events as f64 / SUBSCRIBERS as f64,
    );
    if let (Some(idle), Some(alone), Some(connected), Some(sold)) = (idle, alone, connected, sold) {
        let per_subscriber = (sold.memory_kib - alone.memory_kib) / SUBSCRIBERS as f64;
        println!(
            "memory of the server: {:.0} MiB before, {:.0} MiB with all connected, {:.0} MiB after the sale: \
             {per_subscriber:.0} KiB each\n\
             processor time of the server: {:.1} s for 40 free bookings without subscribers, {:.1} s for connecting, \
             {:.1} s for 40 paid bookings with them",
            alone.memory_kib / 1024.0,
            connected.memory_kib / 1024.0,
            sold.memory_kib / 1024.0,
            alone.seconds - idle.seconds,
            connected.seconds - alone.seconds,
            sold.seconds - connected.seconds,
        );
    }
}

/// In what Linux counts a process's time for others (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What the process that serves has used so far.
struct Usage {
    memory_kib: f64,
    seconds: f64,
}

impl Usage {
    /// None where there is no `/proc` to read it from.
    fn of_server() -> Option<Self> {
        let own = std::process::id().to_string();
        let folders = std::fs::read_dir("/proc").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        folders.into_iter().find_map(|folder| {
            let command = std::fs::read_to_string(folder.join("cmdline")).ok()?;
            let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
            // After the name, which may have spaces: state, parent, ... and as 12th and 13th the time in ticks.
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            if !command.contains(SERVER) || fields[1] != own {
                return None;
            }
            let status = std::fs::read_to_string(folder.join("status")).ok()?;
            let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            let ticks: f64 = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
            let seconds = ticks / TICKS_PER_SECOND;
            Some(Self { memory_kib: memory.trim().strip_suffix(" kB")?.trim().parse().ok()?, seconds })
        })
    }
}
