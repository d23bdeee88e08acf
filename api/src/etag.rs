//! Entity tags (RFC 9110 section 8.8.3): what a client has is compared with what there is.

use poem_openapi::types::ToJSON;
use sha2::{Digest, Sha256};

/// How many bytes of the digest are written; 16 make a chance collision impossible in practice.
const TAG_BYTES: usize = 16;

/// The tag of a content: equal for equal contents, so the same in every process.
pub fn etag(content: &impl ToJSON) -> String {
    let digest = Sha256::digest(content.to_json_string());
    format!("\"{}\"", hex::encode(&digest[..TAG_BYTES]))
}

/// Whether the value of a client's `If-None-Match` header names the tag.
pub fn is_known(if_none_match: Option<&str>, tag: &str) -> bool {
    let mut known = if_none_match.unwrap_or_default().split(',').map(str::trim);
    // The comparison is the weak one (RFC 9110 section 13.1.2): a proxy that compresses marks tags as weak.
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The tag of a version of something that is edited.
pub fn of_version(version: i64) -> String {
    format!("\"{version}\"")
}
