//! Ids on the wire: the text form, described in the document, parsed where the handler knows the field's name.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use domain::ids::{
    BookingId, CustomerId, EventId, HallId, InvalidId, OfferId, PartnerId, SeatId, SessionId, ShowId, TicketId, VenueId,
};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
use serde_json::Value;

use crate::problem::Problem;
use crate::problem_kind::INVALID_ID;

/// The text of an id of kind `T`; in a request it may be any text until it is parsed.
#[derive(Clone)]
pub struct Id<T> {
    text: String,
    kind: PhantomData<fn() -> T>,
}

/// The typed ids that are on the wire.
pub trait WireId: fmt::Display + Sized + 'static {
    /// What the text form starts with, without the underscore.
    const PREFIX: &'static str;

    /// Parses the text form.
    fn parse_text(text: &str) -> Result<Self, InvalidId>;
}

macro_rules! wire_ids {
    ($($id:ty),*) => {$(
        impl WireId for $id {
            const PREFIX: &'static str = <$id>::PREFIX;

            fn parse_text(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    )*};
}

wire_ids!(BookingId, CustomerId, EventId, HallId, OfferId, PartnerId, SeatId, SessionId, ShowId, TicketId, VenueId);

impl<T: WireId> Id<T> {
    /// An id as somebody has written it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), kind: PhantomData }
    }

    /// The id, or the problem of the field that it was in.
    pub fn parse(&self, field: &str) -> Result<T, Problem> {
        T::parse_text(&self.text)
            .map_err(|invalid| Problem::of_field(&INVALID_ID, field, format_args!("is refused: {invalid}")))
    }
}

impl<T: WireId> From<T> for Id<T> {
    fn from(id: T) -> Self {
        Self::new(id.to_string())
    }
}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Id<T> {}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T: WireId> Type for Id<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;

    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("string_{}", T::PREFIX).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let schema = MetaSchema {
            pattern: Some(format!("^{}_[0-9a-f]{{32}}$", T::PREFIX)),
            example: Some(format!("{}_018f3c520c7e4d0a9a551d2cb0f177e1", T::PREFIX).into()),
            ..MetaSchema::new("string")
        };
        MetaSchemaRef::Inline(Box::new(schema))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl<T: WireId> ParseFromParameter for Id<T> {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        Ok(Self::new(text))
    }
}

impl<T: WireId> ParseFromJSON for Id<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            Some(Value::String(text)) => Ok(Self::new(text)),
            other => Err(ParseError::expected_type(other.unwrap_or_default())),
        }
    }
}

impl<T: WireId> ToJSON for Id<T> {
    fn to_json(&self) -> Option<Value> {
        Some(Value::String(self.text.clone()))
    }
}
