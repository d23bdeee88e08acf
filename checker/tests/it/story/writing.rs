//! Writing a story down: the rows of both databases, and what is left of it beside them.

use checker::{Answer, SeatLock};
use domain::booking_state::BookingState;
use domain::ids::{MessageId, SeatId, TicketId};
use domain::message::MessageSubject;
use domain::payment::PaymentState;
use domain::quote::Quote;
use domain::refund::RefundReason;
use domain::show::RefundPolicy;
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::{Attempt, Story, euros};
use crate::world::{World, at, insert, moment, partner_id};

impl Story {
    /// Writes the story down.
    pub(crate) async fn write(self, world: &mut World, db: &DatabaseConnection, ledger: &DatabaseConnection) {
        self.write_booking(db).await;
        self.write_seats(db).await;
        if self.opened {
            self.write_payment(db).await;
        }
        for (number, attempt) in (1..).zip(&self.attempts) {
            self.write_attempt(db, number, attempt).await;
            self.write_intent(ledger, number, attempt).await;
            self.write_event(db, ledger, number, attempt).await;
        }
        self.write_messages(db).await;
        self.leave_traces(world);
    }

    async fn write_booking(&self, db: &DatabaseConnection) {
        let quote = self.opened.then(|| Quote {
            lines: vec![],
            fees: vec![],
            total: euros(self.amount()),
            commission: None,
            unused: vec![],
            hint: None,
        });
        let columns = vec![
            ("id", self.id.to_string().into()),
            ("show_id", self.show_id.to_string().into()),
            ("customer_id", self.customer_id.to_string().into()),
            ("partner_id", partner_id().to_string().into()),
            ("fingerprint", "f00d".into()),
            ("seat_ids", json(&self.seats).into()),
            ("state", self.state.name().into()),
            ("state_detail", json(&self.state).into()),
            ("quote", quote.map(|quote| json(&quote)).into()),
            ("amount_minor", self.amount().into()),
            ("currency", "EUR".into()),
            ("refund_policy", json(&RefundPolicy::standard()).into()),
            ("expires_at", self.opened.then(|| at(self.began + 300)).into()),
            ("hard_cap_at", at(self.began + 900).into()),
            ("paid_by_attempt", self.paid_by.into()),
            ("late", self.late.into()),
            ("next_seq", (self.messages.len() as i64).into()),
            ("next_position", 1_i64.into()),
            ("created_at", at(self.began).into()),
            ("updated_at", at(self.closed.unwrap_or(self.began)).into()),
            ("closed_at", self.closed.map(at).into()),
        ];
        insert(db, "bookings", columns).await;
        let columns = vec![
            ("booking_id", self.id.to_string().into()),
            ("position", 1_i64.into()),
            ("happened_at", at(self.began).into()),
            ("code", "seats_held".into()),
            ("step", "{}".into()),
        ];
        insert(db, "timeline_entries", columns).await;
    }

    async fn write_seats(&self, db: &DatabaseConnection) {
        let sold = self.tickets == Some("issued");
        for (position, seat_id) in (1_i64..).zip(&self.seats).filter(|_| self.opened) {
            let columns = vec![
                ("booking_id", self.id.to_string().into()),
                ("seat_id", seat_id.to_string().into()),
                ("show_id", self.show_id.to_string().into()),
                ("position", position.into()),
                ("label", "A".into()),
                ("category", "standard".into()),
                ("price_minor", self.price.into()),
                ("seat_version", if sold { 3_i64 } else { 2 }.into()),
            ];
            insert(db, "booking_seats", columns).await;
            let change = match (sold, self.is_open()) {
                (true, _) => format!("state = 'sold', version = 3, booking_id = '{}'", self.id),
                (_, true) => {
                    let until = at(self.began + 300);
                    format!("state = 'held', version = 2, booking_id = '{}', held_until_at = {until}", self.id)
                }
                (false, false) => "version = 3".to_owned(),
            };
            let text =
                format!("update show_seats set {change} where show_id = '{}' and seat_id = '{seat_id}'", self.show_id);
            db.execute_unprepared(&text).await.expect("taking a seat");
            if let Some(state) = self.tickets {
                let columns = vec![
                    ("id", TicketId::for_seat(self.id, *seat_id).to_string().into()),
                    ("booking_id", self.id.to_string().into()),
                    ("show_id", self.show_id.to_string().into()),
                    ("seat_id", seat_id.to_string().into()),
                    ("state", state.into()),
                    ("issued_at", at(self.began + 60).into()),
                ];
                insert(db, "tickets", columns).await;
            }
        }
        if self.is_open() {
            let columns = vec![
                ("show_id", self.show_id.to_string().into()),
                ("customer_id", self.customer_id.to_string().into()),
                ("slot", 1_i64.into()),
                ("booking_id", self.id.to_string().into()),
            ];
            insert(db, "hold_slots", columns).await;
        }
    }

    async fn write_payment(&self, db: &DatabaseConnection) {
        let captured: i64 = self.attempts.iter().map(|attempt| attempt.captured).sum();
        let refunded: i64 = self.attempts.iter().map(Attempt::refunded).sum();
        let columns = vec![
            ("id", self.id.to_string().into()),
            ("kind", "booking".into()),
            ("booking_id", self.id.to_string().into()),
            ("amount_minor", self.amount().into()),
            ("currency", "EUR".into()),
            ("created_at", at(self.began).into()),
        ];
        insert(db, "payables", columns).await;
        let columns = vec![
            ("id", self.payment_id().to_string().into()),
            ("payable_id", self.id.to_string().into()),
            ("state", PaymentState::of(captured, refunded).as_str().into()),
            ("amount_minor", self.amount().into()),
            ("captured_minor", captured.into()),
            ("refunded_minor", refunded.into()),
            ("currency", "EUR".into()),
            ("created_at", at(self.began).into()),
            ("updated_at", at(self.began).into()),
        ];
        insert(db, "payments", columns).await;
    }

    async fn write_attempt(&self, db: &DatabaseConnection, number: i64, attempt: &Attempt) {
        let columns = vec![
            ("payment_id", self.payment_id().to_string().into()),
            ("number", number.into()),
            ("booking_id", self.id.to_string().into()),
            ("idempotency_key", format!("{}/{number}", self.id).into()),
            ("intent_id", attempt.intent_id.clone().into()),
            ("state", attempt.state.into()),
            ("amount_minor", self.amount().into()),
            ("captured_minor", attempt.captured.into()),
            ("refunded_minor", attempt.refunded().into()),
            ("currency", "EUR".into()),
            ("created_at", at(self.began).into()),
            ("updated_at", at(self.began).into()),
        ];
        insert(db, "payment_attempts", columns).await;
        for (id, reason, minor) in &attempt.refunds {
            let ours = *reason != RefundReason::AtProvider;
            let columns = vec![
                ("id", id.to_string().into()),
                ("payment_id", self.payment_id().to_string().into()),
                ("attempt_number", number.into()),
                ("reason", reason.as_str().into()),
                ("state", "succeeded".into()),
                ("amount_minor", (*minor).into()),
                ("currency", "EUR".into()),
                ("provider_refund_id", ours.then(|| format!("re_{id}")).into()),
                ("created_at", at(self.began + 600).into()),
                ("updated_at", at(self.began + 600).into()),
            ];
            insert(db, "refunds", columns).await;
        }
    }

    async fn write_intent(&self, ledger: &DatabaseConnection, number: i64, attempt: &Attempt) {
        let Some(intent_id) = &attempt.intent_id else { return };
        let columns = vec![
            ("id", intent_id.clone().into()),
            ("idempotency_key", format!("{}/{number}", self.id).into()),
            ("amount_minor", self.amount().into()),
            ("currency", "EUR".into()),
            ("state", attempt.state_at_provider().into()),
            ("captured_minor", attempt.captured.into()),
            ("refunded_minor", attempt.refunded().into()),
            ("metadata", format!("{{\"booking_id\":\"{}\",\"attempt\":\"{number}\"}}", self.id).into()),
            ("created_at", at(self.began).into()),
            ("updated_at", at(self.began).into()),
        ];
        insert(ledger, "intents", columns).await;
        for (id, reason, minor) in &attempt.refunds {
            // The provider knows nothing of our name for what it gave back by itself.
            let ours = *reason != RefundReason::AtProvider;
            let columns = vec![
                ("id", format!("re_{id}").into()),
                ("idempotency_key", if ours { id.to_string() } else { format!("dashboard_{}", self.key) }.into()),
                ("intent_id", intent_id.clone().into()),
                ("amount_minor", (*minor).into()),
                ("currency", "EUR".into()),
                ("state", "succeeded".into()),
                ("created_at", at(self.began + 600).into()),
            ];
            insert(ledger, "refunds", columns).await;
        }
    }

    /// What the provider told of an attempt, twice.
    async fn write_event(&self, db: &DatabaseConnection, ledger: &DatabaseConnection, number: i64, attempt: &Attempt) {
        let Some(intent_id) = &attempt.intent_id else { return };
        let event_id = format!("evt_{}_{number}", self.key);
        let columns = vec![
            ("provider", "simulator".into()),
            ("event_id", event_id.clone().into()),
            ("kind", "intent.created".into()),
            ("intent_id", intent_id.clone().into()),
            ("body", format!("{{\"id\":\"{event_id}\"}}").into()),
            ("state", "delivered".into()),
            ("booking_id", self.id.to_string().into()),
            ("next_delivery_at", at(self.began).into()),
            ("received_at", at(self.began).into()),
        ];
        insert(db, "payment_events", columns).await;
        for copy in 0..2_i64 {
            let columns = vec![
                ("event_id", event_id.clone().into()),
                ("copy", copy.into()),
                ("delivered_at", at(self.began).into()),
                ("last_status", 204_i64.into()),
            ];
            insert(ledger, "webhook_deliveries", columns).await;
        }
    }

    async fn write_messages(&self, db: &DatabaseConnection) {
        let aggregate = self.id.to_string();
        let subject = MessageSubject { booking_id: self.id, customer_id: self.customer_id, partner_id: partner_id() };
        for (seq, message) in (1_i64..).zip(&self.messages) {
            let columns = vec![
                ("id", MessageId::for_sequence(&aggregate, seq).to_string().into()),
                ("aggregate_kind", "booking".into()),
                ("aggregate_id", aggregate.clone().into()),
                ("seq", seq.into()),
                ("kind", message.kind().into()),
                ("subject", json(&subject).into()),
                ("body", json(message).into()),
                ("slot", 7_i64.into()),
                ("occurred_at", at(self.began).into()),
                ("published_at", (!self.is_open()).then(|| at(self.began)).into()),
            ];
            insert(db, "outbox", columns).await;
        }
    }

    /// What is left of it beside the databases.
    fn leave_traces(&self, world: &mut World) {
        let lock =
            |seat_id: &SeatId, until| SeatLock { show_id: self.show_id, seat_id: *seat_id, booking_id: self.id, until };
        if self.tickets == Some("issued") {
            world.locks.extend(self.seats.iter().map(|seat_id| lock(seat_id, None)));
        }
        if self.is_open() {
            let until = moment(self.began + 330);
            world.locks.extend(self.seats.iter().map(|seat_id| lock(seat_id, Some(until))));
        }
        if self.needs_saga() {
            world.open_workflows.insert(self.id.to_string());
        }
        if let Some((id, _, _)) = self.attempts.iter().flat_map(|attempt| &attempt.refunds).next() {
            world.refunds.insert(self.key.to_owned(), *id);
        }
        let (first, status) = if self.opened { ("awaiting_payment", 201) } else { ("failed", 409) };
        let first = if self.attempts.is_empty() && self.opened { "confirmed" } else { first };
        let first = if self.state == BookingState::Pending { "pending" } else { first };
        for (state, status) in [(first, status), (self.state.name(), status)] {
            world.answers.push(Answer {
                booking_id: self.id,
                idempotency_key: Some(self.key.to_owned()),
                status,
                customer_id: self.customer_id,
                state: Some(state.to_owned()),
                seats: self.seats.clone(),
                at: moment(self.closed.unwrap_or(self.began)),
            });
        }
    }
}

impl Attempt {
    fn state_at_provider(&self) -> &'static str {
        match self.state {
            "succeeded" | "cancelled" => self.state,
            _ => "requires_payment",
        }
    }

    fn refunded(&self) -> i64 {
        self.refunds.iter().map(|(_, _, minor)| minor).sum()
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("JSON")
}
