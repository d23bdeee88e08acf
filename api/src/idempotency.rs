//! The `Idempotency-Key` header: asked for wherever money is made or moved.

use domain::booking::IdempotencyKey;
use domain::limits::IDEMPOTENCY_KEY_CHARACTERS;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::problem::Problem;
use crate::problem_kind::{IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_MISSING};

/// The name of the header.
pub const HEADER: &str = "Idempotency-Key";

/// The key that a request came with.
#[derive(Debug, Clone)]
pub struct Key(pub IdempotencyKey);

/// The one key among the values of the header.
pub fn read<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Key, Problem> {
    let invalid = |why: &dyn std::fmt::Display| Problem::of_field(&IDEMPOTENCY_KEY_INVALID, HEADER, why);
    let mut values = values.into_iter();
    let Some(value) = values.next() else {
        return Err(Problem::of_field(&IDEMPOTENCY_KEY_MISSING, HEADER, "is needed: a new UUID for each new try"));
    };
    // Two keys would make the request two requests.
    if values.next().is_some() {
        return Err(invalid(&"is there more than once"));
    }
    let text = String::from_utf8_lossy(value);
    IdempotencyKey::parse(&text).map(Key).map_err(|why| invalid(&format_args!("is refused: {why}")))
}

impl<'a> ApiExtractor<'a> for Key {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        let schema = MetaSchema {
            min_length: Some(1),
            max_length: Some(IDEMPOTENCY_KEY_CHARACTERS),
            pattern: Some("^[!-~]+$".to_owned()),
            example: Some("6f1f0b0e-6a3b-4c67-9a52-0f6d3a1b7c11".into()),
            ..MetaSchema::new("string")
        };
        Some(MetaSchemaRef::Inline(Box::new(schema)))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<String>,
    ) -> Result<Self> {
        Ok(read(request.headers().get_all(HEADER).iter().map(|value| value.as_bytes()))?)
    }
}
