//! Events: what a partner puts on.

use std::collections::BTreeMap;

use domain::event::{Event, EventKind};
use domain::ids::{EventId, PartnerId};
use domain::member::Deed;
use store::{Edited, Versioned};
use uuid::Uuid;

use crate::editing::{conclude, seen};
use crate::identity::Caller;
use crate::listing::{Listed, check_limit, no_cursor};
use crate::{App, AppError};

/// What a partner says of an event.
#[derive(Debug, Clone)]
pub struct EventWish {
    /// What kind of performance it is.
    pub kind: EventKind,
    /// The title by language.
    pub titles: BTreeMap<String, String>,
    /// The languages it is performed in.
    pub languages: Vec<String>,
    /// Genres in the partner's words.
    pub genres: Vec<String>,
    /// How long it takes, in minutes.
    pub duration_minutes: i32,
    /// The age rating, if there is one.
    pub age_rating: Option<String>,
}

impl EventWish {
    pub(crate) fn of(self, id: EventId, partner_id: PartnerId) -> Result<Event, AppError> {
        let Self { kind, titles, languages, genres, duration_minutes, age_rating } = self;
        let event = Event { id, partner_id, kind, titles, languages, genres, duration_minutes, age_rating };
        event.check().map_err(AppError::of_field)?;
        Ok(event)
    }
}

impl App {
    /// Writes down an event of a partner.
    pub async fn create_event(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        wish: EventWish,
    ) -> Result<Versioned<Event>, AppError> {
        self.require_deed(caller, partner_id, Deed::Plan).await?;
        let event = wish.of(EventId::new(Uuid::new_v4()), partner_id)?;
        self.store().create_event(&event).await?;
        Ok(Versioned { content: event, version: 1 })
    }

    /// An event, for everybody.
    pub async fn find_event(&self, event_id: EventId) -> Result<Versioned<Event>, AppError> {
        self.store().find_event(event_id).await?.ok_or(AppError::NotFound { what: "event" })
    }

    /// The events of a partner.
    pub async fn events_to_edit(
        &self,
        caller: &Caller,
        partner_id: PartnerId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Listed<Versioned<Event>>, AppError> {
        check_limit(limit)?;
        self.require_deed(caller, partner_id, Deed::See).await?;
        let after = after.map(|id| EventId::parse(&id).map_err(|_invalid| no_cursor())).transpose()?;
        let events = self.store().events_of(partner_id, after, limit + 1).await?;
        Ok(Listed::page(events, limit, |event| event.content.id.to_string()))
    }

    /// Changes an event; `if_match` is the version that the caller has seen.
    pub async fn update_event(
        &self,
        caller: &Caller,
        event_id: EventId,
        if_match: Option<&str>,
        wish: EventWish,
    ) -> Result<Versioned<Event>, AppError> {
        let before = self.event_of(caller, event_id, Deed::Plan).await?;
        let event = wish.of(event_id, before.content.partner_id)?;
        let edited = self.store().update_event(&event, seen(if_match, before.version)?).await?;
        Ok(Versioned { content: event, version: conclude(edited, "event")? })
    }

    /// Deletes an event without shows; `if_match` is the version that the caller has seen.
    pub async fn delete_event(
        &self,
        caller: &Caller,
        event_id: EventId,
        if_match: Option<&str>,
    ) -> Result<(), AppError> {
        let before = self.event_of(caller, event_id, Deed::Plan).await?;
        match self.store().delete_event(event_id, seen(if_match, before.version)?).await? {
            Edited::InUse => Err(AppError::InUse { what: "event", by: "shows" }),
            otherwise => conclude(otherwise, "event").map(|_version| ()),
        }
    }

    /// An event, for those who may do something to it.
    pub(crate) async fn event_of(
        &self,
        caller: &Caller,
        event_id: EventId,
        deed: Deed,
    ) -> Result<Versioned<Event>, AppError> {
        let found = self.find_event(event_id).await?;
        self.require_deed_on("event", caller, found.content.partner_id, deed).await?;
        Ok(found)
    }
}
