//! What everybody was told, held against what the database knows: each message as software reads it that is not ours,
//! what the order service has made of them, and the mail.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use domain::booking_state::BookingState;
use domain::ids::{BookingId, NoticeId};
use domain::ticket::TicketState;
use futures::StreamExt;
use messaging::notices::step_of;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use store::{LogPosition, PublishedMessage, Store, StoreError};

use crate::listeners::{Heard, Listeners};
use crate::stage::{ADDRESS, Stage};

/// How many bookings are looked at in the order service at the same time.
const LOOKED_AT_TOGETHER: usize = 8;

/// What came of asking everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hearing {
    /// Messages that were published.
    pub messages: usize,
    /// How many of them came more than once, under the same id.
    pub repeated: usize,
    /// The bookings that they tell of.
    pub bookings: usize,
    /// Mails that were sent.
    pub mails: usize,
    /// How many mails came a second time, under the same id: their sender died, or lost the line, when the server had
    /// just taken them.
    pub mails_again: usize,
    /// What is missing, was said too much, or in another order, and about which booking.
    pub wrong: Vec<(Option<BookingId>, String)>,
}

/// Waits until everything is published, consumed and mailed, and holds it against the database. What does not come
/// `within` that time after what it waits for is wrong. There have to be listeners.
pub async fn hear_everything(stage: &Stage, within: Duration) -> Hearing {
    let mut hearing = Hearing::default();
    if let Err(error) = listen(stage, within, &mut hearing).await {
        hearing.wrong.push((None, format!("the database cannot be read: {error}")));
    }
    hearing
}

async fn listen(stage: &Stage, within: Duration, hearing: &mut Hearing) -> Result<(), StoreError> {
    let listeners = stage.listeners.as_ref().expect("a stage with listeners");
    let store = Store::connect(&stage.world.settings.database.config()).await?;
    let waiting = wait_until_zero(within, async || Ok(store.outbox_backlog().await?.waiting)).await?;
    if waiting > 0 {
        hearing.wrong.push((None, format!("{waiting} messages are not published after {within:?}")));
    }
    let told = everything_told(&store).await?;
    let by_booking = told_by_booking(&told);
    let heard = listeners.everything_published();
    (hearing.messages, hearing.bookings) = (told.len(), by_booking.len());
    hearing.repeated = hearing.wrong_in_what_was_heard(&told, &heard);

    let deadline = Instant::now() + within;
    let orders = by_booking.iter().map(|(booking_id, messages)| {
        let store = &store;
        async move { (*booking_id, order_is_as_booked(store, *booking_id, *messages, deadline).await) }
    });
    let mut orders = futures::stream::iter(orders).buffer_unordered(LOOKED_AT_TOGETHER);
    while let Some((booking_id, differs)) = orders.next().await {
        hearing.wrong.extend(differs?.map(|what| (Some(booking_id), what)));
    }
    hearing.wrong_in_mail(&store, listeners, &told, within).await?;
    for letter in listeners.dead_letters() {
        hearing.wrong.push((None, format!("there is a dead letter: {letter}")));
    }
    store.close().await
}

impl Hearing {
    /// Compares what was heard with what the database has marked as published; returns how much came more than once.
    fn wrong_in_what_was_heard(&mut self, told: &[PublishedMessage], heard: &[Heard]) -> usize {
        // What comes again is known by its id.
        let mut first: BTreeMap<&str, &Heard> = BTreeMap::new();
        let mut order: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
        for message in heard {
            if first.insert(&message.id, message).is_none() {
                // One that is no number is found below, where it is held against the database.
                let sequence = message.sequence.parse().unwrap_or(i64::MAX);
                order.entry((&message.topic, &message.key)).or_default().push(sequence);
            }
        }
        for ((topic, key), sequences) in order {
            if !sequences.is_sorted() {
                let what = format!("its messages in {topic} are out of order: {sequences:?}");
                self.wrong.push((BookingId::parse(key).ok(), what));
            }
        }
        let repeated = heard.len() - first.len();
        for PublishedMessage { message, .. } in told {
            let about = Some(message.booking_id);
            let Some(heard) = first.remove(message.id.to_string().as_str()) else {
                self.wrong.push((about, format!("message {} is marked as published and nobody has it", message.seq)));
                continue;
            };
            let as_told = heard.kind == message.message.kind()
                && heard.sequence.parse() == Ok(message.seq)
                && heard.key == message.booking_id.to_string();
            if !as_told {
                self.wrong.push((about, format!("message {} came as something else: {heard:?}", message.seq)));
            }
        }
        for unknown in first.into_values() {
            let what = format!("something was published that the database does not know of: {unknown:?}");
            self.wrong.push((BookingId::parse(&unknown.key).ok(), what));
        }
        repeated
    }

    async fn wrong_in_mail(
        &mut self,
        store: &Store,
        listeners: &Listeners,
        told: &[PublishedMessage],
        within: Duration,
    ) -> Result<(), StoreError> {
        let mut expected = BTreeMap::new();
        for PublishedMessage { message, .. } in told {
            if let Some(step) = step_of(&message.message) {
                let id = NoticeId::for_step(message.booking_id, &step);
                expected.insert(format!("<{id}@localhost>"), (message.booking_id, step));
            }
        }
        let all = i64::try_from(expected.len()).unwrap();
        let unsent =
            wait_until_zero(within, async || Ok((all - notices_sent(store.connection()).await?).max(0))).await?;
        if unsent > 0 {
            self.wrong.push((None, format!("{unsent} mails of {all} are not sent after {within:?}")));
        }
        let mail = listeners.mail();
        let received: BTreeSet<&String> = mail.iter().map(|mail| &mail.message_id).collect();
        (self.mails, self.mails_again) = (received.len(), mail.len() - received.len());
        for (id, (booking_id, step)) in &expected {
            if !received.contains(id) {
                self.wrong.push((Some(*booking_id), format!("its customer got no mail that it was {step}")));
            }
        }
        for odd in &mail {
            if !expected.contains_key(&odd.message_id) || odd.to != [ADDRESS] || odd.subject.is_empty() {
                self.wrong.push((None, format!("there is a mail that nobody had reason to send: {odd:?}")));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, repeated, bookings, mails, mails_again, wrong } = self;
        write!(f, "{messages} messages about {bookings} bookings, {repeated} published more than once; ")?;
        write!(f, "{mails} mails, {mails_again} sent a second time under the same id; {} wrong", wrong.len())
    }
}

async fn wait_until_zero(
    within: Duration,
    mut count: impl AsyncFnMut() -> Result<i64, StoreError>,
) -> Result<i64, StoreError> {
    let deadline = Instant::now() + within;
    loop {
        let left = count().await?;
        if left == 0 || Instant::now() >= deadline {
            return Ok(left);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn notices_sent(database: &DatabaseConnection) -> Result<i64, StoreError> {
    let text = "select count(*) from notices where state = 'sent'";
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), text)).await;
    Ok(row.unwrap().unwrap().try_get_by_index(0).unwrap())
}

async fn everything_told(store: &Store) -> Result<Vec<PublishedMessage>, StoreError> {
    let (mut position, mut told) = (LogPosition::START, Vec::new());
    loop {
        let page = store.published_messages(&position, 1_000).await?;
        if page.is_empty() {
            return Ok(told);
        }
        page.iter().for_each(|message| position.pass(message));
        told.extend(page);
    }
}

fn told_by_booking(told: &[PublishedMessage]) -> BTreeMap<BookingId, i64> {
    let mut counts = BTreeMap::new();
    for message in told {
        *counts.entry(message.message.booking_id).or_default() += 1;
    }
    counts
}

/// Waits until the order service knows as many messages of a booking as were published, and tells how what it has made
/// of them differs from what the database knows.
async fn order_is_as_booked(
    store: &Store,
    booking_id: BookingId,
    messages: i64,
    deadline: Instant,
) -> Result<Option<String>, StoreError> {
    let order = loop {
        let order = store.order_booking(booking_id).await?;
        if let Some(order) = order.filter(|order| order.messages == messages) {
            break order;
        }
        if Instant::now() >= deadline {
            return Ok(Some(format!("the order service has not heard its {messages} messages")));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let Some(booking) = store.find_booking(booking_id).await? else {
        return Ok(Some("something was published and the booking does not exist".to_owned()));
    };
    let state = match booking.state {
        BookingState::Pending | BookingState::AwaitingPayment => "created",
        ref ended => ended.name(),
    };
    let tickets = store.tickets_of(booking_id).await?;
    let valid = tickets.iter().filter(|ticket| ticket.state == TicketState::Issued).count();
    let agrees = order.state == state
        && (order.paid_minor, order.refunded_minor) == (booking.captured.minor, booking.refunded.minor)
        && order.valid_tickets == i64::try_from(valid).unwrap()
        && (order.customer_id, order.show_id) == (booking.customer_id, Some(booking.show_id));
    Ok((!agrees)
        .then(|| format!("the order service has it as {order:?}, and it is {state} with {valid} valid tickets")))
}
