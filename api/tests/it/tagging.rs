//! Equal contents have equal tags, and a client that has the content is recognised.

use api::etag::{etag, is_known};

#[test]
fn a_tag_changes_with_the_content_only() {
    let tag = etag(&"one".to_owned());
    assert_eq!(tag, etag(&"one".to_owned()));
    assert_ne!(tag, etag(&"two".to_owned()));
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
}

#[test]
fn a_known_tag_is_recognised() {
    let tag = etag(&"one".to_owned());
    assert!(is_known(Some(&tag), &tag));
    assert!(is_known(Some("*"), &tag));
    assert!(is_known(Some(&format!("\"other\", W/{tag}")), &tag));
    assert!(!is_known(None, &tag));
    assert!(!is_known(Some(""), &tag));
    assert!(!is_known(Some("\"other\""), &tag));
    assert!(!is_known(Some(tag.trim_matches('"')), &tag), "a tag has quotes");
}
