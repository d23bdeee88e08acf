//! JSON bodies of requests, read field by field, so that a refusal can name the field.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use poem::web::FromRequest;
use poem::{Request, RequestBody, Result};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::ParseFromJSON;
use serde_json::{Map, Value};

use crate::id::{Id, WireId};
use crate::problem::{Problem, plain};
use crate::problem_kind::{INVALID_BODY, MALFORMED_JSON};

/// A body that is to be a `T`.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A body that is to be a `T`, once it is known that its sender may ask for that: a large one is several times as large
/// when it is read.
#[derive(Debug)]
pub struct Unread<T> {
    text: Vec<u8>,
    kind: PhantomData<fn() -> T>,
}

/// What can be read from the fields of a body.
pub trait ReadBody: ParseFromJSON {
    /// Reads the fields; what is left over is refused by the caller.
    fn read(fields: &mut Fields) -> Result<Self, Problem>;
}

/// The fields of a body that were not read yet.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

/// Reads a body: JSON, an object, the fields of a `T` and no others.
pub fn read<T: ReadBody>(text: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice(text).map_err(|error| Problem::new(&MALFORMED_JSON, error.to_string()))?;
    read_value(value, "the body")
}

/// Reads a part of a body, which is called `what`: an object, the fields of a `T` and no others.
pub(crate) fn read_value<T: ReadBody>(value: Value, what: &str) -> Result<T, Problem> {
    let Value::Object(fields) = value else {
        return Err(Problem::new(&INVALID_BODY, format!("{what} must be a JSON object")));
    };
    let mut fields = Fields(fields);
    let read = T::read(&mut fields)?;
    match fields.0.keys().next() {
        Some(unknown) => Err(invalid(&unknown.chars().take(64).collect::<String>(), "is not a field of this request")),
        None => Ok(read),
    }
}

impl<T: ReadBody> Unread<T> {
    /// Its bytes.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Reads it.
    pub fn read(&self) -> Result<T, Problem> {
        read(&self.text)
    }
}

impl Fields {
    /// A field that has to be there, as text.
    pub fn text(&mut self, field: &'static str) -> Result<String, Problem> {
        self.optional_text(field)?.ok_or_else(|| invalid(field, "is needed"))
    }

    /// A field that may be absent or null, as text.
    pub fn optional_text(&mut self, field: &'static str) -> Result<Option<String>, Problem> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(field, "must be a text")),
        }
    }

    /// A field that has to be there, as whatever its schema says.
    pub fn parsed<T: ParseFromJSON>(&mut self, field: &'static str) -> Result<T, Problem> {
        self.optional(field)?.ok_or_else(|| invalid(field, "is needed"))
    }

    /// A field that may be absent or null, as whatever its schema says.
    pub fn optional<T: ParseFromJSON>(&mut self, field: &'static str) -> Result<Option<T>, Problem> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match T::parse_from_json(Some(value)) {
                Ok(parsed) => Ok(Some(parsed)),
                Err(error) => Err(invalid(field, &format!("is refused: {}", plain(&error.into_message())))),
            },
        }
    }

    /// A field that has to be there, as a whole number of 32 bits.
    pub fn number(&mut self, field: &'static str) -> Result<i32, Problem> {
        let number = match self.0.remove(field) {
            None | Some(Value::Null) => return Err(invalid(field, "is needed")),
            Some(value) => value.as_i64().and_then(|number| i32::try_from(number).ok()),
        };
        number.ok_or_else(|| invalid(field, "must be a whole number"))
    }

    /// A field that may be absent or null, as a list of texts.
    pub fn texts(&mut self, field: &'static str) -> Result<Vec<String>, Problem> {
        let wrong = || invalid(field, "must be a list of texts");
        let items = match self.0.remove(field) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong()),
        };
        items.into_iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    }

    /// A field that has to be there, as texts by name.
    pub fn named_texts(&mut self, field: &'static str) -> Result<BTreeMap<String, String>, Problem> {
        let wrong = || invalid(field, "must be an object whose values are texts");
        let items = match self.0.remove(field) {
            None | Some(Value::Null) => return Err(invalid(field, "is needed")),
            Some(Value::Object(items)) => items,
            Some(_) => return Err(wrong()),
        };
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        items.into_iter().map(|item| text(item).ok_or_else(wrong)).collect()
    }

    /// A field that has to be there, as an id.
    pub fn id<T: WireId>(&mut self, field: &'static str) -> Result<Id<T>, Problem> {
        self.text(field).map(Id::new)
    }

    /// A field that has to be there, as a list of ids.
    pub fn ids<T: WireId>(&mut self, field: &'static str) -> Result<Vec<Id<T>>, Problem> {
        self.optional_ids(field)?.ok_or_else(|| invalid(field, "is needed"))
    }

    /// A field that may be absent or null, as a list of ids.
    pub fn optional_ids<T: WireId>(&mut self, field: &'static str) -> Result<Option<Vec<Id<T>>>, Problem> {
        let wrong = || invalid(field, "must be a list of ids");
        let items = match self.0.remove(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong()),
        };
        items.into_iter().map(|item| item.as_str().map(Id::new).ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
    }
}

fn invalid(field: &str, why: &str) -> Problem {
    Problem::of_field(&INVALID_BODY, field, why)
}

impl<T: ReadBody> Payload for Body<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ReadBody> ParsePayload for Body<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let text = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        Ok(Self(read(&text)?))
    }
}

impl<T: ReadBody> Payload for Unread<T> {
    const CONTENT_TYPE: &'static str = Body::<T>::CONTENT_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        Body::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        Body::<T>::schema_ref()
    }

    fn register(registry: &mut Registry) {
        Body::<T>::register(registry);
    }
}

impl<T: ReadBody> ParsePayload for Unread<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let text = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        Ok(Self { text, kind: PhantomData })
    }
}

impl_apirequest_for_payload!(Body<T>, T: ReadBody);
