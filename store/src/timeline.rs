//! Timelines: every step of a booking, written in the transaction that makes it.

use domain::ids::BookingId;
use domain::timeline::{TimelineEntry, TimelineStep};
use jiff::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult};

use crate::Store;
use crate::booking::StoredBooking;
use crate::column::{RowOf, json_text};
use crate::error::StoreError;
use crate::statement::{bind, placeholder_rows, sql};

impl Store {
    /// Every step of a booking, first to last; none for a booking that is not there.
    pub async fn timeline(&self, booking_id: BookingId) -> Result<Vec<TimelineEntry>, StoreError> {
        let text = "select booking_id, position, happened_at, step from timeline_entries \
                    where booking_id = $1 order by position";
        let rows = sql(text, bind![booking_id]).all::<TimelineRow>(self.reader()).await?;
        rows.into_iter().map(TimelineEntry::try_from).collect()
    }
}

/// Writes the steps that follow the last one of `booking`.
pub(crate) async fn insert(
    tx: &DatabaseTransaction,
    booking: &StoredBooking,
    steps: &[TimelineStep],
    now: Timestamp,
) -> Result<(), StoreError> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    for (position, step) in (booking.last_position + 1..).zip(steps) {
        values.extend(bind![booking.id, position, now, step.code(), json_text(step)?]);
    }
    let text = format!(
        "insert into timeline_entries (booking_id, position, happened_at, code, step) values {}",
        placeholder_rows(steps.len(), 5)
    );
    sql(text, values).run(tx).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct TimelineRow {
    booking_id: String,
    position: i64,
    happened_at: i64,
    step: String,
}

impl TryFrom<TimelineRow> for TimelineEntry {
    type Error = StoreError;

    fn try_from(row: TimelineRow) -> Result<Self, StoreError> {
        let of = RowOf::new("timeline_entries", &row.booking_id);
        Ok(Self { position: row.position, at: of.instant(row.happened_at)?, step: of.json(&row.step)? })
    }
}
