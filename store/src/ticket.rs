//! Tickets: issued with the sale, voided with its taking back.

use domain::ids::{BookingId, SeatId, ShowId, TicketId};
use domain::message::Message;
use domain::ticket::{Ticket, TicketState};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::LockedBooking;
use crate::column::RowOf;
use crate::error::StoreError;
use crate::pool::Session;
use crate::statement::{bind, placeholder_rows, sql};

impl Store {
    /// The tickets of a booking in the order of its seats, voided ones among them.
    pub async fn tickets_of(&self, booking_id: BookingId) -> Result<Vec<Ticket>, StoreError> {
        load(self.reader(), booking_id).await
    }
}

/// Issues a ticket for every seat of a booking and says so.
pub(crate) async fn issue(
    tx: &DatabaseTransaction,
    booking: &mut LockedBooking,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let (booking_id, show_id) = (booking.row.id, booking.row.show_id);
    let seat_ids = booking.row.seat_ids.clone();
    let mut values = Vec::new();
    for seat_id in &seat_ids {
        let ticket_id = TicketId::for_seat(booking_id, *seat_id);
        values.extend(bind![ticket_id, booking_id, show_id, *seat_id, TicketState::Issued.as_str(), now]);
        booking.say(Message::TicketIssued { ticket_id, show_id, seat_id: *seat_id });
    }
    let text = format!(
        "insert into tickets (id, booking_id, show_id, seat_id, state, issued_at) values {}",
        placeholder_rows(seat_ids.len(), 6)
    );
    sql(text, values).run(tx).await?;
    Ok(seat_ids.len())
}

/// Voids the tickets of a booking and says so of each that was valid.
pub(crate) async fn void(
    tx: &DatabaseTransaction,
    booking: &mut LockedBooking,
    now: Timestamp,
) -> Result<(), StoreError> {
    for ticket in load(tx, booking.row.id).await? {
        if ticket.state == TicketState::Issued {
            let Ticket { id: ticket_id, show_id, seat_id, .. } = ticket;
            booking.say(Message::TicketVoided { ticket_id, show_id, seat_id });
        }
    }
    let text = "update tickets set state = 'voided', voided_at = $2 where booking_id = $1 and state = 'issued'";
    sql(text, bind![booking.row.id, now]).run(tx).await?;
    Ok(())
}

/// How many valid tickets a booking has.
pub(crate) async fn count_issued(tx: &DatabaseTransaction, booking_id: BookingId) -> Result<i64, StoreError> {
    let text = "select count(*) as count from tickets where booking_id = $1 and state = 'issued'";
    sql(text, bind![booking_id]).count(tx).await
}

async fn load(db: &impl Session, booking_id: BookingId) -> Result<Vec<Ticket>, StoreError> {
    let text = "select t.id, t.booking_id, t.show_id, t.seat_id, t.state from tickets t \
                left join booking_seats s on s.booking_id = t.booking_id and s.seat_id = t.seat_id \
                where t.booking_id = $1 order by s.position, t.id";
    let rows = sql(text, bind![booking_id]).all::<TicketRow>(db).await?;
    rows.into_iter().map(Ticket::try_from).collect()
}

#[derive(FromQueryResult)]
struct TicketRow {
    id: String,
    booking_id: String,
    show_id: String,
    seat_id: String,
    state: String,
}

impl TryFrom<TicketRow> for Ticket {
    type Error = StoreError;

    fn try_from(row: TicketRow) -> Result<Self, StoreError> {
        let of = RowOf::new("tickets", &row.id);
        Ok(Self {
            id: of.read(TicketId::parse(&row.id))?,
            booking_id: of.read(BookingId::parse(&row.booking_id))?,
            show_id: of.read(ShowId::parse(&row.show_id))?,
            seat_id: of.read(SeatId::parse(&row.seat_id))?,
            state: of.named(&row.state, &[TicketState::Issued, TicketState::Voided], TicketState::as_str)?,
        })
    }
}
