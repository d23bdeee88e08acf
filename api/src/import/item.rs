//! Items of a list that are read one by one, so that one that cannot be read keeps no other from being read.

use std::borrow::Cow;
use std::marker::PhantomData;

use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::Value;

use crate::body::{self, ReadBody};
use crate::problem::Problem;

/// What is to be a `T`; in a request it may be anything until it is read.
#[derive(Debug)]
pub struct Item<T> {
    value: Value,
    kind: PhantomData<fn() -> T>,
}

impl<T: ReadBody> Item<T> {
    /// The text of one of its fields, if it has it.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field)?.as_str()
    }

    /// Takes one of its fields out, to be read by itself; none where it is not there, or null.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.value.as_object_mut()?.remove(field).filter(|value| !value.is_null())
    }

    /// Reads it: the fields of a `T` and no others.
    pub fn read(self) -> Result<T, Problem> {
        body::read_value(self.value, "each item")
    }
}

impl<T: Type> Type for Item<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;

    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl<T: Type> ParseFromJSON for Item<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(Self { value: value.unwrap_or_default(), kind: PhantomData })
    }
}

impl<T: Type> ToJSON for Item<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.value.clone())
    }
}
