//! The contract of the messages holds for what is published and for what the documents show.

use std::collections::BTreeSet;
use std::path::Path;

use domain::booking_state::{CancelledBy, FailureReason};
use domain::ids::{BookingId, CustomerId, HallId, MessageId, PartnerId, PaymentId, RefundId, SeatId, ShowId, TicketId};
use domain::message::{Message, MessageSubject};
use domain::money::{Currency, Money};
use domain::payment::IntentId;
use domain::refund::RefundReason;
use domain::show::NotOnSale;
use jiff::Timestamp;
use jsonschema::Validator;
use messaging::envelope::Envelope;
use messaging::schema;
use messaging::topics::{Topics, topic_of};
use serde_json::{Value, json};
use store::OutboxMessage;
use uuid::Uuid;

const DOCUMENT: &str = include_str!("../../../docs/messages.md");

#[test]
fn every_type_has_a_schema_and_every_schema_a_type() {
    let published: Vec<_> = schema::PUBLISHED.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(published, Message::KINDS);
    let types = schema::PUBLISHED.iter().chain(&schema::RECEIVED).map(|(kind, _)| *kind);
    let known: BTreeSet<_> = types.chain(["common"]).map(|kind| format!("{kind}.schema.json")).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/messages");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), known);
}

#[test]
fn every_schema_is_one_and_says_whose_it_is() {
    for (kind, text) in schema::PUBLISHED.iter().chain(&schema::RECEIVED).chain(&[("common", schema::COMMON)]) {
        let schema: Value = serde_json::from_str(text).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{kind}");
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{kind}: {error}"));
        // With one, tools would look for the shared parts there and not where the file lies.
        assert_eq!(schema.get("$id"), None, "{kind}");
        if *kind == "common" {
            continue;
        }
        assert_eq!(schema["title"], *kind);
        assert_eq!(schema::text_of(kind), Some(*text));
        let named = &schema["properties"]["type"];
        assert!(named["const"] == *kind || named["enum"][0] == *kind, "{kind}: {named}");
        // Neither of them has to look anything up.
        let _both = (open(kind), closed(kind));
    }
    assert_eq!(schema::text_of("BookingForgotten"), None);
    assert_eq!(schema::whole("BookingForgotten"), None);
}

#[test]
fn everything_that_can_be_said_fits_its_schema_and_is_read_back() {
    let samples = samples();
    let said: BTreeSet<_> = samples.iter().map(Message::kind).collect();
    assert_eq!(said, BTreeSet::from(Message::KINDS), "a type without a sample, or out of KINDS");
    for (message, seq) in samples.into_iter().zip(1..) {
        let (stored, event) = published(message, seq);
        check(&closed(stored.message.kind()), &event);
        let read = Envelope::parse(event.to_string().as_bytes()).unwrap();
        let fact = read.fact().unwrap().unwrap();
        assert_eq!(fact.message, stored.message);
        assert_eq!(fact.subject, stored.subject);
        assert_eq!((fact.id, fact.sequence), (stored.id.to_string(), stored.seq));
        assert_eq!(fact.occurred_at, stored.occurred_at);
    }
}

#[test]
fn nothing_is_documented_that_is_never_said() {
    let common: Value = serde_json::from_str(schema::COMMON).unwrap();
    let choices = |at: &str| -> BTreeSet<String> {
        let of = common["$defs"].pointer(at).unwrap();
        let several = of.get("enum").and_then(Value::as_array).cloned();
        let all = several.unwrap_or_else(|| vec![of["const"].clone()]);
        all.iter().map(|choice| choice.as_str().unwrap().to_owned()).collect()
    };
    let codes = (0..4).flat_map(|branch| choices(&format!("/failureReason/oneOf/{branch}/properties/code")));
    assert_eq!(codes.collect::<BTreeSet<_>>(), failures().iter().map(|reason| reason.code().to_owned()).collect());
    assert_eq!(choices("/refundReason"), RefundReason::ALL.map(|reason| reason.to_string()).into());
    assert_eq!(choices("/cancelledBy"), texts(&cancellers()));
    assert_eq!(choices("/failureReason/oneOf/1/properties/why"), texts(&not_on_sale()));
}

#[test]
fn a_message_that_is_changed_anywhere_is_refused() {
    for (message, seq) in samples().into_iter().zip(1..) {
        let kind = message.kind();
        let (_, event) = published(message, seq);
        let schema = open(kind);
        for place in places(&event) {
            let mut other = event.clone();
            let value = other.pointer_mut(&place).unwrap();
            *value = if value.is_string() { json!(7) } else { json!("seven") };
            assert!(!schema.is_valid(&other), "{kind}: {place} may be of any type");

            let (parent, name) = place.rsplit_once('/').unwrap();
            let mut without = event.clone();
            if let Value::Object(fields) = without.pointer_mut(parent).unwrap() {
                fields.remove(name);
                assert!(!schema.is_valid(&without), "{kind}: {place} may be missing");
            }
        }
        for (attribute, wrong) in [
            ("type", json!("BookingForgotten")),
            ("specversion", json!("0.3")),
            ("source", json!("somebody-else")),
            ("time", json!("yesterday")),
            ("sequence", json!("7")),
            ("id", json!("bkg_00000000000000000000000000000000")),
            ("subject", json!("msg_00000000000000000000000000000000")),
            ("datacontenttype", json!("text/plain")),
        ] {
            let mut other = event.clone();
            other[attribute] = wrong;
            assert!(!schema.is_valid(&other), "{kind}: {attribute} may be {}", other[attribute]);
        }
    }
}

#[test]
fn only_closed_schemas_refuse_what_they_do_not_name() {
    for (message, seq) in samples().into_iter().zip(1..) {
        let kind = message.kind();
        let (_, event) = published(message, seq);
        for place in places(&event).into_iter().chain([String::new()]) {
            let mut more = event.clone();
            if let Value::Object(fields) = more.pointer_mut(&place).unwrap() {
                fields.insert("surprise".to_owned(), json!("a field of a newer version"));
                check(&open(kind), &more);
                assert!(!closed(kind).is_valid(&more), "{kind}: {place} takes what is not documented");
            }
        }
    }
}

#[test]
fn the_order_of_sequences_as_texts_is_that_of_the_numbers() {
    let sequence = |seq| published(failed(FailureReason::NoPrice), seq).1["sequence"].as_str().unwrap().to_owned();
    let texts: Vec<_> = [1, 2, 9, 10, 99, 100, i64::from(i32::MAX)].into_iter().map(sequence).collect();
    assert!(texts.is_sorted(), "{texts:?}");
}

#[test]
fn every_type_is_documented_with_its_topic_its_schema_and_an_example() {
    let examples = examples();
    for message in samples() {
        let kind = message.kind();
        let topics = Topics::default();
        let row = format!("| [`{kind}`](messages/{kind}.schema.json) | `{}` | ", topics.name(topic_of(&message)));
        assert!(DOCUMENT.contains(&row), "docs/messages.md has no row `{row}`");
    }
    for (kind, _) in schema::PUBLISHED.iter().chain(&schema::RECEIVED) {
        assert!(DOCUMENT.contains(&format!("(messages/{kind}.schema.json)")), "nothing points to the schema of {kind}");
        assert!(examples.iter().any(|(of, _)| of == kind), "docs/messages.md has no example of {kind}");
    }
}

#[test]
fn every_example_of_the_documents_fits_its_schema() {
    let examples = examples();
    assert!(examples.len() >= schema::PUBLISHED.len());
    for (kind, example) in examples {
        check(&closed(&kind), &example);
        let envelope = Envelope::parse(example.to_string().as_bytes()).unwrap();
        let fact = envelope.fact().unwrap();
        assert_eq!(fact.is_some(), Message::KINDS.contains(&kind.as_str()), "{kind}");
        if let Some(fact) = fact {
            let id = MessageId::for_sequence(&fact.subject.booking_id.to_string(), fact.sequence);
            assert_eq!(fact.id, id.to_string(), "{kind}: the id");
            assert_eq!(envelope.subject, Some(fact.subject.booking_id.to_string()), "{kind}");
        }
    }
}

#[test]
fn what_others_send_has_to_say_what_is_needed() {
    let sum = json!({ "minor": 2950, "currency": "EUR" });
    for (kind, change, fits) in [
        ("payment_processed", json!({ "amount": null }), false),
        ("payment_processed", json!({ "amount": null, "captured": sum }), true),
        ("payment_processed", json!({ "amount": null, "captured": sum, "capturedMinor": 2950 }), false),
        ("payment_processed", json!({ "capturedMinor": 2950 }), true),
        ("payment_processed", json!({ "capturedMinor": -1 }), false),
        ("payment_processed", json!({ "amount": null, "status": "processing" }), true),
        ("payment_processed", json!({ "status": "paid" }), false),
        ("payment_processed", json!({ "intentId": null }), false),
        ("refund_processed", json!({ "amount": null }), true),
        ("refund_processed", json!({ "refundId": null }), false),
        ("refund_processed", json!({ "intentId": null }), false),
        ("refund_processed", json!({ "status": "cancelled" }), false),
        ("CancelBooking", json!({ "reason": null }), true),
        ("CancelBooking", json!({ "bookingId": null }), false),
        ("CancelBooking", json!({ "bookingId": "evt_00000000000000000000000000000000" }), false),
    ] {
        let (_, mut event) = examples().into_iter().find(|(of, _)| of == kind).unwrap();
        let data = event["data"].as_object_mut().unwrap();
        // What is null here is left out.
        data.extend(change.as_object().unwrap().clone());
        data.retain(|_, value| !value.is_null());
        assert_eq!(open(kind).is_valid(&event), fits, "{kind}: {change}");
    }
    let (_, mut forged) = examples().into_iter().find(|(kind, _)| kind == "CancelBooking").unwrap();
    forged["source"] = json!("boxoffice");
    assert!(!open("CancelBooking").is_valid(&forged), "nobody else speaks as boxoffice");
}

/// The examples of the document, each with the type whose schema it has to fit.
fn examples() -> Vec<(String, Value)> {
    let blocks = DOCUMENT.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .map(|text| {
            let example: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let kind = match example["type"].as_str().unwrap() {
                "cancel_booking" => "CancelBooking",
                "PaymentProcessed" => "payment_processed",
                "RefundProcessed" => "refund_processed",
                kind => kind,
            };
            (kind.to_owned(), example)
        })
        .collect()
}

fn open(kind: &str) -> Validator {
    validator(&schema::whole(kind).unwrap())
}

fn closed(kind: &str) -> Validator {
    validator(&schema::closed(schema::whole(kind).unwrap()))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn check(schema: &Validator, event: &Value) {
    let complaints: Vec<_> =
        schema.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(complaints.is_empty(), "{event:#}\n{complaints:#?}");
}

/// Pointers to everything in a value.
fn places(value: &Value) -> Vec<String> {
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, part)| (name.clone(), part)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(place, part)| (place.to_string(), part)).collect(),
        _leaf => Vec::new(),
    };
    let below = |(name, part): (String, &Value)| {
        let deeper: Vec<_> = places(part).iter().map(|deep| format!("/{name}{deep}")).collect();
        [vec![format!("/{name}")], deeper].concat()
    };
    parts.into_iter().flat_map(below).collect()
}

/// A message of the outbox, and what is published of it.
fn published(message: Message, seq: i64) -> (OutboxMessage, Value) {
    let booking_id = BookingId::new(Uuid::from_u128(1));
    let stored = OutboxMessage {
        id: MessageId::for_sequence(&booking_id.to_string(), seq),
        booking_id,
        seq,
        slot: 3,
        subject: MessageSubject {
            booking_id,
            customer_id: CustomerId::new(Uuid::from_u128(2)),
            partner_id: PartnerId::new(Uuid::from_u128(3)),
        },
        message,
        occurred_at: "2026-11-21T18:30:00.123Z".parse().unwrap(),
    };
    let event = serde_json::to_value(Envelope::of(&stored).unwrap()).unwrap();
    (stored, event)
}

/// At least one message of every type, with every choice that a field has.
fn samples() -> Vec<Message> {
    // A new type does not compile before it is here, and has to be added below.
    let _all = |message: &Message| match message {
        Message::BookingCreated { .. }
        | Message::BookingConfirmed { .. }
        | Message::BookingCancelled { .. }
        | Message::BookingExpired { .. }
        | Message::BookingFailed { .. }
        | Message::BookingNeedsAttention { .. }
        | Message::PaymentRequested { .. }
        | Message::PaymentConfirmed { .. }
        | Message::PaymentFailed { .. }
        | Message::PaymentCancellationRequested { .. }
        | Message::RefundRequested { .. }
        | Message::PaymentRefunded { .. }
        | Message::RefundFailed { .. }
        | Message::TicketIssued { .. }
        | Message::TicketVoided { .. } => {}
    };
    let (show_id, seat_ids, seat_id) = (show(), seats(), seats()[0]);
    let payment_id = PaymentId::new(Uuid::from_u128(5));
    let refund_id = RefundId::for_reason(payment_id, "1/cancelled");
    let ticket_id = TicketId::for_seat(BookingId::new(Uuid::from_u128(1)), seat_id);
    let (free, amount) = (Money::zero(Currency::EUR), Money::new(i64::MAX, Currency::EUR));
    let expires_at = Timestamp::from_millisecond(1_795_000_000_000).unwrap();
    let intent_id = IntentId::new("pi_3");
    let confirmed = |amount, late| Message::BookingConfirmed { show_id, seat_ids: seats(), amount, late };
    let mut samples = vec![
        Message::BookingCreated { show_id, seat_ids: seat_ids.clone(), amount: free, expires_at },
        Message::BookingCreated { show_id, seat_ids: seat_ids.clone(), amount, expires_at },
        confirmed(free, false),
        confirmed(amount, true),
        Message::BookingExpired { show_id, seat_ids },
        Message::BookingNeedsAttention { step: "seats.mark_sold".to_owned(), error: String::new() },
        Message::PaymentRequested { payment_id, attempt: 1, intent_id: intent_id.clone(), amount },
        Message::PaymentCancellationRequested { payment_id, attempt: 1, intent_id: intent_id.clone(), amount },
        Message::PaymentConfirmed { payment_id, attempt: 2, amount },
        Message::PaymentFailed { payment_id, attempt: 5, decline_code: "insufficient_funds".to_owned() },
        Message::RefundFailed { payment_id, refund_id, amount },
        Message::TicketIssued { ticket_id, show_id, seat_id },
        Message::TicketVoided { ticket_id, show_id, seat_id },
    ];
    samples.extend(failures().into_iter().map(failed));
    samples.extend(cancellers().map(|by| Message::BookingCancelled { show_id, seat_ids: seats(), by }));
    for reason in RefundReason::ALL {
        let intent_id = intent_id.clone();
        samples.push(Message::RefundRequested { payment_id, refund_id, intent_id, amount, reason });
        samples.push(Message::PaymentRefunded { payment_id, refund_id, amount, reason });
    }
    samples
}

fn failed(reason: FailureReason) -> Message {
    Message::BookingFailed { show_id: show(), seat_ids: seats(), reason }
}

fn failures() -> Vec<FailureReason> {
    // As above.
    let _all = |reason: &FailureReason| match reason {
        FailureReason::SeatsTaken { .. }
        | FailureReason::SeatsUnknown { .. }
        | FailureReason::NotOnSale { .. }
        | FailureReason::TooManyHolds { .. }
        | FailureReason::NoPrice
        | FailureReason::PaymentUnavailable
        | FailureReason::PaymentDeclined
        | FailureReason::Abandoned => {}
    };
    let mut failures = vec![
        FailureReason::SeatsTaken { seat_ids: seats() },
        FailureReason::SeatsUnknown { seat_ids: seats() },
        FailureReason::TooManyHolds { limit: 2 },
        FailureReason::NoPrice,
        FailureReason::PaymentUnavailable,
        FailureReason::PaymentDeclined,
        FailureReason::Abandoned,
    ];
    failures.extend(not_on_sale().map(|why| FailureReason::NotOnSale { why }));
    failures
}

fn not_on_sale() -> [NotOnSale; 4] {
    let _all = |why: NotOnSale| match why {
        NotOnSale::Cancelled | NotOnSale::NotYet | NotOnSale::Closed | NotOnSale::Over => {}
    };
    [NotOnSale::Cancelled, NotOnSale::NotYet, NotOnSale::Closed, NotOnSale::Over]
}

fn cancellers() -> [CancelledBy; 2] {
    let _all = |by: CancelledBy| match by {
        CancelledBy::Customer | CancelledBy::Operator => {}
    };
    [CancelledBy::Customer, CancelledBy::Operator]
}

fn texts<T: serde::Serialize>(values: &[T]) -> BTreeSet<String> {
    values.iter().map(|value| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()).collect()
}

fn show() -> ShowId {
    ShowId::new(Uuid::from_u128(4))
}

fn seats() -> Vec<SeatId> {
    let hall = HallId::new(Uuid::from_u128(6));
    ["11", "12"].map(|number| SeatId::for_place(hall, "stalls", "F", number)).to_vec()
}
