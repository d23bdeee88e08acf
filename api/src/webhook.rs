//! Webhooks of payment providers: the body as it came, because the signature is over its bytes.

use app::{App, WebhookReceived};
use poem::http::HeaderMap;
use poem::web::{Data, FromRequest};
use poem::{Request, RequestBody, Result};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, Enum, ExtractParamOptions, Object, OpenApi};

use crate::boxed;
use crate::refusal::{Refusal, Telling};
use crate::tags::Tag;

/// The largest webhook that is read, in bytes. Stripe's events are well below it.
pub const BODY_BYTES: usize = 256 * 1024;

/// Under which path webhooks come in.
pub const PREFIX: &str = "/webhooks/";

/// The operations of payment providers.
pub struct WebhookRoutes;

/// What became of a webhook.
#[derive(Debug, Object)]
#[oai(rename = "WebhookReceipt", rename_all = "camelCase")]
pub struct ReceiptOut {
    /// Whether it was new.
    pub received: ReceivedOut,
}

/// Whether a webhook was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "WebhookReceived", rename_all = "snake_case")]
pub enum ReceivedOut {
    /// It is stored and on its way.
    Stored,
    /// It had come before.
    Duplicate,
}

/// The bytes of a body, whatever they are.
pub struct RawBody(Vec<u8>);

#[OpenApi(prefix_path = "/webhooks", tag = "Tag::Webhooks")]
impl WebhookRoutes {
    /// Tell what happened to a payment
    ///
    /// The provider signs the body; an answer of 200 means that the event is stored for good.
    #[oai(path = "/:provider", method = "post", operation_id = "receiveWebhook")]
    async fn receive(
        &self,
        app: Data<&App>,
        headers: &HeaderMap,
        /// The provider's name, such as `simulator`.
        provider: Path<String>,
        /// The event in the provider's own form.
        body: RawBody,
    ) -> Result<Json<ReceiptOut>, Refusal<Telling>> {
        let find = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        Ok(Json(boxed(app.receive_webhook(&provider, &find, &body.0)).await?.into()))
    }
}

impl From<WebhookReceived> for ReceiptOut {
    fn from(received: WebhookReceived) -> Self {
        let received = match received {
            WebhookReceived::Stored => ReceivedOut::Stored,
            WebhookReceived::Duplicate => ReceivedOut::Duplicate,
        };
        Self { received }
    }
}

impl<'a> ApiExtractor<'a> for RawBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("object")));
        let content = vec![MetaMediaType { content_type: "application/json", schema }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(<Vec<u8> as FromRequest>::from_request(request, body).await?))
    }
}
