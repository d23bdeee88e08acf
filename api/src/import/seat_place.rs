//! Where a seat is, on the wire: `stalls/A/12`, or the three by their names.

use std::borrow::Cow;

use app::import::SentSeat;
use domain::seat::SeatPlace;
use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::Value;

/// Where a seat is. What says that of none is kept as it was sent, so that the others of its list are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatPlaceIn(pub SentSeat);

/// The longest misnamed seat that is kept, in characters.
const MISNAMED_CHARACTERS: usize = 128;

/// Where a seat is, by the names of its seat map.
#[derive(Debug, Object)]
#[oai(rename = "SeatPlace", rename_all = "camelCase", deny_unknown_fields)]
struct Names {
    /// The part of the hall.
    section: String,
    /// The row; empty where places are sold by count.
    #[oai(default)]
    row: String,
    /// The number.
    number: String,
}

impl Type for SeatPlaceIn {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;

    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string_or_SeatPlace".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let text = MetaSchema { example: Some("stalls/A/12".into()), ..MetaSchema::new("string") };
        let either = vec![MetaSchemaRef::Inline(Box::new(text)), Names::schema_ref()];
        MetaSchemaRef::Inline(Box::new(MetaSchema { any_of: either, ..MetaSchema::ANY }))
    }

    fn register(registry: &mut Registry) {
        Names::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl From<Value> for SeatPlaceIn {
    fn from(value: Value) -> Self {
        if let Value::String(text) = &value {
            return Self(SentSeat::read(text));
        }
        Self(match Names::parse_from_json(Some(value.clone())) {
            Ok(Names { section, row, number }) => SentSeat::At(SeatPlace { section, row, number }),
            Err(_) => SentSeat::Misnamed(value.to_string().chars().take(MISNAMED_CHARACTERS).collect()),
        })
    }
}

impl ParseFromJSON for SeatPlaceIn {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(value.unwrap_or_default().into())
    }
}

impl ToJSON for SeatPlaceIn {
    fn to_json(&self) -> Option<Value> {
        match self.0.clone() {
            SentSeat::At(SeatPlace { section, row, number }) => Names { section, row, number }.to_json(),
            SentSeat::Misnamed(text) => Some(Value::String(text)),
        }
    }
}
