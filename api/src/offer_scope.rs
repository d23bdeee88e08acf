//! Which shows an offer is for, on the wire.

use domain::ids::{EventId, ShowId, VenueId};
use domain::offer::OfferScope;
use poem_openapi::{Enum, Object};

use crate::id::Id;
use crate::problem::Problem;

/// What an offer is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "OfferScopeKind", rename_all = "snake_case")]
pub enum ScopeKind {
    /// Every show of the partner.
    Partner,
    /// Every show in a city: `city` says which.
    City,
    /// Every show in a building: `venueId` says which.
    Venue,
    /// Every show of an event: `eventId` says which.
    Event,
    /// One show: `showId` says which.
    Show,
}

/// Which shows of its partner an offer is for.
#[derive(Debug, Object)]
#[oai(rename = "OfferScope", rename_all = "camelCase", deny_unknown_fields)]
pub struct ScopeBody {
    /// What it is limited to.
    pub kind: ScopeKind,
    /// The city as the venues name it; capitals make no difference.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub city: Option<String>,
    /// The building.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub venue_id: Option<Id<VenueId>>,
    /// What is performed.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub event_id: Option<Id<EventId>>,
    /// The show.
    #[oai(nullable, skip_serializing_if_is_none)]
    pub show_id: Option<Id<ShowId>>,
}

impl ScopeBody {
    /// Reads it; what its kind needs has to be there.
    pub(crate) fn parse(self) -> Result<OfferScope, Problem> {
        let Self { kind, city, venue_id, event_id, show_id } = self;
        let needed =
            |field: &str| Problem::invalid_value(field, format_args!("is needed for the kind `{}`", kind.name()));
        Ok(match kind {
            ScopeKind::Partner => OfferScope::Partner,
            ScopeKind::City => OfferScope::City { city: city.ok_or_else(|| needed("scope.city"))? },
            ScopeKind::Venue => {
                let venue_id = venue_id.ok_or_else(|| needed("scope.venueId"))?;
                OfferScope::Venue { venue_id: venue_id.parse("scope.venueId")? }
            }
            ScopeKind::Event => {
                let event_id = event_id.ok_or_else(|| needed("scope.eventId"))?;
                OfferScope::Event { event_id: event_id.parse("scope.eventId")? }
            }
            ScopeKind::Show => {
                let show_id = show_id.ok_or_else(|| needed("scope.showId"))?;
                OfferScope::Show { show_id: show_id.parse("scope.showId")? }
            }
        })
    }
}

impl ScopeKind {
    fn name(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::City => "city",
            Self::Venue => "venue",
            Self::Event => "event",
            Self::Show => "show",
        }
    }
}

impl From<OfferScope> for ScopeBody {
    fn from(scope: OfferScope) -> Self {
        let everywhere = Self { kind: ScopeKind::Partner, city: None, venue_id: None, event_id: None, show_id: None };
        match scope {
            OfferScope::Partner => everywhere,
            OfferScope::City { city } => Self { kind: ScopeKind::City, city: Some(city), ..everywhere },
            OfferScope::Venue { venue_id } => {
                Self { kind: ScopeKind::Venue, venue_id: Some(venue_id.into()), ..everywhere }
            }
            OfferScope::Event { event_id } => {
                Self { kind: ScopeKind::Event, event_id: Some(event_id.into()), ..everywhere }
            }
            OfferScope::Show { show_id } => Self { kind: ScopeKind::Show, show_id: Some(show_id.into()), ..everywhere },
        }
    }
}
