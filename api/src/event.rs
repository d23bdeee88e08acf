//! Events on the wire: what is performed.

use std::collections::BTreeMap;

use app::event::EventWish;
use app::listing::{Listed, PAGE_ITEMS};
use app::{App, Versioned};
use domain::event::{Event, EventKind};
use domain::ids::{EventId, PartnerId};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Fields, ReadBody};
use crate::etag::of_version;
use crate::id::Id;
use crate::problem::Problem;
use crate::problem_kind::INVALID_BODY;
use crate::refusal::{Deleting, Editing, Open, Planning, Refusal};
use crate::tags::Tag;
use crate::venue::Deleted;

/// The operations on events.
pub struct EventRoutes;

/// What kind of performance an event is. It decides where the best seats are: in the front row for a concert, halfway back
/// for a play, two thirds back for a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "EventKind", rename_all = "snake_case")]
pub enum EventKindIn {
    /// A film.
    Film,
    /// A concert.
    Concert,
    /// A play.
    Play,
}

/// What is performed, as its partner describes it.
#[derive(Debug, Object)]
#[oai(rename = "EventWish", rename_all = "camelCase", deny_unknown_fields)]
pub struct EventIn {
    /// What kind of performance it is.
    pub kind: EventKindIn,
    /// The title by language (BCP 47 tag), in one language at least.
    pub titles: BTreeMap<String, String>,
    /// The languages it is performed in, BCP 47 tags.
    #[oai(default)]
    pub languages: Vec<String>,
    /// Genres in the partner's words.
    #[oai(default)]
    pub genres: Vec<String>,
    /// How long it takes, in minutes.
    #[oai(validator(minimum(value = "1")))]
    pub duration_minutes: i32,
    /// The age rating in the words of the country's board, if there is one.
    #[oai(nullable)]
    pub age_rating: Option<String>,
}

/// One page of events.
#[derive(Debug, Object)]
#[oai(rename = "EventPage", rename_all = "camelCase")]
pub struct EventPageOut {
    /// The events.
    pub items: Vec<EventOut>,
    /// What to send as `cursor` for the next page; null on the last.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// An event with its version.
#[derive(Debug, ApiResponse)]
pub enum EventAnswer {
    /// The event.
    #[oai(status = 200)]
    Found(Json<EventOut>, #[oai(header = "ETag")] String),
}

/// An event that was written down.
#[derive(Debug, ApiResponse)]
pub enum EventCreated {
    /// There it is.
    #[oai(status = 201)]
    Created(Json<EventOut>, #[oai(header = "Location")] String, #[oai(header = "ETag")] String),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Catalogue")]
impl EventRoutes {
    /// Add an event
    #[oai(path = "/partners/:id/events", method = "post", operation_id = "createEvent")]
    async fn create(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        Body(wish): Body<EventIn>,
    ) -> Result<EventCreated, Refusal<Editing>> {
        let Versioned { content, version } = app.create_event(&caller, id.parse("id")?, wish.into()).await?;
        let address = format!("/api/v1/events/{}", content.id);
        Ok(EventCreated::Created(Json(content.into()), address, of_version(version)))
    }

    /// List the events of a partner
    #[oai(path = "/partners/:id/events", method = "get", operation_id = "listEventsOfPartner")]
    async fn list(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The partner.
        id: Path<Id<PartnerId>>,
        /// How many at most, 1 to 200; 50 if it is not said.
        limit: Query<Option<u32>>,
        /// The `nextCursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<EventPageOut>, Refusal<Planning>> {
        let listed = app.events_to_edit(&caller, id.parse("id")?, cursor.0, limit.unwrap_or(PAGE_ITEMS)).await?;
        let Listed { items, next_cursor } = listed;
        let items = items.into_iter().map(|event| event.content.into()).collect();
        Ok(Json(EventPageOut { items, next_cursor }))
    }

    /// Read an event
    #[oai(path = "/events/:id", method = "get", operation_id = "getEvent")]
    async fn find(
        &self,
        app: Data<&App>,
        /// The event.
        id: Path<Id<EventId>>,
    ) -> Result<EventAnswer, Refusal<Open>> {
        Ok(app.find_event(id.parse("id")?).await?.into())
    }

    /// Change an event
    ///
    /// With the `ETag` of what was read as `If-Match`, a change that somebody else has made meanwhile is not overwritten.
    #[oai(path = "/events/:id", method = "put", operation_id = "updateEvent")]
    async fn update(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The event.
        id: Path<Id<EventId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        Body(wish): Body<EventIn>,
    ) -> Result<EventAnswer, Refusal<Editing>> {
        let updated = app.update_event(&caller, id.parse("id")?, if_match.as_deref(), wish.into()).await?;
        Ok(updated.into())
    }

    /// Delete an event without shows
    #[oai(path = "/events/:id", method = "delete", operation_id = "deleteEvent")]
    async fn delete(
        &self,
        Authenticated(caller): Authenticated,
        app: Data<&App>,
        /// The event.
        id: Path<Id<EventId>>,
        /// The `ETag` of what was read.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Deleted, Refusal<Deleting>> {
        app.delete_event(&caller, id.parse("id")?, if_match.as_deref()).await?;
        Ok(Deleted::Deleted)
    }
}

impl ReadBody for EventIn {
    fn read(fields: &mut Fields) -> Result<Self, Problem> {
        let kind = match fields.text("kind")?.as_str() {
            "film" => EventKindIn::Film,
            "concert" => EventKindIn::Concert,
            "play" => EventKindIn::Play,
            _ => return Err(Problem::of_field(&INVALID_BODY, "kind", "must be `film`, `concert` or `play`")),
        };
        Ok(Self {
            kind,
            titles: fields.named_texts("titles")?,
            languages: fields.texts("languages")?,
            genres: fields.texts("genres")?,
            duration_minutes: fields.number("durationMinutes")?,
            age_rating: fields.optional_text("ageRating")?,
        })
    }
}

impl From<EventIn> for EventWish {
    fn from(wish: EventIn) -> Self {
        let EventIn { kind, titles, languages, genres, duration_minutes, age_rating } = wish;
        let kind = match kind {
            EventKindIn::Film => EventKind::Film,
            EventKindIn::Concert => EventKind::Concert,
            EventKindIn::Play => EventKind::Play,
        };
        Self { kind, titles, languages, genres, duration_minutes, age_rating }
    }
}

impl From<Versioned<Event>> for EventAnswer {
    fn from(event: Versioned<Event>) -> Self {
        let Versioned { content, version } = event;
        Self::Found(Json(content.into()), of_version(version))
    }
}

/// What is performed.
#[derive(Debug, Object)]
#[oai(rename = "Event", rename_all = "camelCase")]
pub struct EventOut {
    /// Its id.
    pub id: Id<EventId>,
    /// Who puts it on.
    pub partner_id: Id<PartnerId>,
    /// `film`, `concert` or `play`.
    pub kind: String,
    /// The title by language (BCP 47 tag).
    pub titles: BTreeMap<String, String>,
    /// The languages it is performed in, BCP 47 tags.
    pub languages: Vec<String>,
    /// Genres in the partner's words.
    pub genres: Vec<String>,
    /// How long it takes, in minutes.
    pub duration_minutes: i32,
    /// The age rating in the words of the country's board, if there is one.
    #[oai(nullable)]
    pub age_rating: Option<String>,
}

impl From<Event> for EventOut {
    fn from(event: Event) -> Self {
        let Event { id, partner_id, kind, titles, languages, genres, duration_minutes, age_rating } = event;
        Self {
            id: id.into(),
            partner_id: partner_id.into(),
            kind: kind.as_str().to_owned(),
            titles,
            languages,
            genres,
            duration_minutes,
            age_rating,
        }
    }
}
