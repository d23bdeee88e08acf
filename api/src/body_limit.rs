//! How much of a request's body is read, so that no handler ever holds more.

use std::time::Duration;

use poem::Request;
use poem::http::header;
use tokio::io::{AsyncRead, AsyncReadExt, copy, sink};
use tokio::time::timeout;

/// How much of a body that is too large is read away before it is refused, in bytes.
const READ_AWAY_BYTES: u64 = 32 * 1024 * 1024;
/// How long that may take.
const READ_AWAY_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBody {
    /// It is larger than it may be.
    TooLarge,
    /// Its sender hung up in the middle of it.
    EndedEarly,
}

/// Reads the body of a request, which may have so many bytes.
pub(crate) async fn read_within(request: &mut Request, bytes: usize) -> Result<Vec<u8>, NoBody> {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let waits_to_be_asked = request.headers().contains_key(header::EXPECT);
    let mut sent = request.take_body().into_async_read();
    let mut body = Vec::new();
    let is_declared_too_large = declared.is_some_and(|declared: usize| declared > bytes);
    if !is_declared_too_large {
        let one_more = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(1);
        let read = (&mut sent).take(one_more).read_to_end(&mut body).await;
        read.map_err(|_hung_up| NoBody::EndedEarly)?;
    }
    if is_declared_too_large || body.len() > bytes {
        if !waits_to_be_asked {
            read_away(sent).await;
        }
        return Err(NoBody::TooLarge);
    }
    Ok(body)
}

/// Reads what is left of a body and keeps none of it, as far as that is bearable: a client that is still sending looks for
/// no answer, and one whose connection is closed meanwhile never sees one.
async fn read_away(sent: impl AsyncRead + Unpin) {
    let mut left = sent.take(READ_AWAY_BYTES);
    let _as_far_as_it_goes = timeout(READ_AWAY_WITHIN, copy(&mut left, &mut sink())).await;
}
