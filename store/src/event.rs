//! Events: what a partner puts on.

use domain::event::Event;
use domain::ids::{EventId, PartnerId};
use sea_orm::{DbErr, FromQueryResult, QueryResult, Value};

use crate::Store;
use crate::catalogue::{EVENT, EventRow};
use crate::column::json_text;
use crate::error::StoreError;
use crate::statement::{bind, sql};
use crate::versioned::{Edited, Versioned, delete_unused, edited};

impl Store {
    /// Writes down an event; false if there is one with this id.
    pub async fn create_event(&self, event: &Event) -> Result<bool, StoreError> {
        let text = "insert into events (id, partner_id, kind, titles, languages, genres, duration_minutes, age_rating, \
                    search) values ($1, $9, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
        let mut values = values_of(event)?;
        values.extend(bind![event.partner_id]);
        Ok(sql(text, values).run(self.writer()).await? == 1)
    }

    /// An event.
    pub async fn find_event(&self, event_id: EventId) -> Result<Option<Versioned<Event>>, StoreError> {
        let text = format!("select {EVENT}, e.version from events e where e.id = $1");
        let row = sql(text, bind![event_id]).one::<VersionedEventRow>(self.reader()).await?;
        row.map(VersionedEventRow::into_event).transpose()
    }

    /// The events of a partner by their ids; `after` is the id of the last one seen.
    pub async fn events_of(
        &self,
        partner_id: PartnerId,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Versioned<Event>>, StoreError> {
        let text = format!(
            "select {EVENT}, e.version from events e where e.partner_id = $1 and e.id > $2 order by e.id limit {limit}"
        );
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = sql(text, bind![partner_id, after]).all::<VersionedEventRow>(self.reader()).await?;
        rows.into_iter().map(VersionedEventRow::into_event).collect()
    }

    /// Changes an event that is in the version `seen`; who puts it on stays.
    pub async fn update_event(&self, event: &Event, seen: i64) -> Result<Edited, StoreError> {
        let text = "update events set kind = $2, titles = $3, languages = $4, genres = $5, duration_minutes = $6, \
                    age_rating = $7, search = $8, version = version + 1 where id = $1 and version = $9";
        let mut values = values_of(event)?;
        values.extend(bind![seen]);
        let changed = sql(text, values).run(self.writer()).await?;
        edited(self.writer(), "events", &event.id.to_string(), changed, seen).await
    }

    /// Deletes an event that is in the version `seen` and has no show.
    pub async fn delete_event(&self, event_id: EventId, seen: i64) -> Result<Edited, StoreError> {
        self.change(|tx| async move {
            let done = delete_unused(&tx, "events", &event_id.to_string(), seen, ("shows", "event_id")).await;
            (tx, done)
        })
        .await
    }
}

/// The values of an event, its id first, without who puts it on.
fn values_of(event: &Event) -> Result<Vec<Value>, StoreError> {
    let Event { id, partner_id: _, kind, titles, languages, genres, duration_minutes, age_rating } = event;
    Ok(bind![
        *id,
        kind.as_str(),
        json_text(titles)?,
        json_text(languages)?,
        json_text(genres)?,
        *duration_minutes,
        age_rating.clone(),
        event.searchable(),
    ])
}

struct VersionedEventRow {
    event: EventRow,
    version: i64,
}

impl FromQueryResult for VersionedEventRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { event: EventRow::from_query_result(row, prefix)?, version: row.try_get(prefix, "version")? })
    }
}

impl VersionedEventRow {
    fn into_event(self) -> Result<Versioned<Event>, StoreError> {
        Ok(Versioned { content: self.event.try_into()?, version: self.version })
    }
}
