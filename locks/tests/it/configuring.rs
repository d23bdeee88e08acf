//! Which Redis is meant, and what is said where that cannot be told.

use locks::{RedisConfig, RedisConnection};

fn complaint(url: &str, prefix: &str) -> String {
    let config = RedisConfig { url: url.to_owned(), prefix: prefix.to_owned() };
    match RedisConnection::open(&config) {
        Ok(_) => panic!("{url} is accepted"),
        Err(error) => format!("{error} {error:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_named_and_no_password_is_told() {
    for (url, expected) in [
        ("http://:geheim@localhost", "redis://"),
        (":geheim", "redis://"),
        ("redis+sentinel://:geheim@localhost:1", "name of the group"),
        ("redis+sentinel://:geheim@localhost:1/", "name of the group"),
        ("redis://:geheim@localhost:notaport", "cannot be read"),
        ("redis+cluster://:geheim@localhost:notaport", "cannot be read"),
        ("redis+sentinel://:geheim@localhost:notaport/main", "cannot be read"),
        ("redis://:geheim@localhost:1/notanumber", "cannot be read"),
        ("redis://:geheim", "cannot be read"),
    ] {
        let said = complaint(url, "test");
        assert!(said.contains(expected), "{url}: {said}");
        assert!(!said.contains("geheim"), "{said}");
    }
    assert!(complaint("redis://localhost", "").contains("prefix"));
    assert!(complaint("redis://localhost", "a{b").contains("prefix"));
    let config = RedisConfig { url: "redis://:geheim@localhost".to_owned(), prefix: "test".to_owned() };
    assert!(!format!("{config:?}").contains("geheim"));
}

#[tokio::test]
async fn every_kind_of_redis_can_be_named() {
    for url in [
        "redis://localhost:1",
        "redis://user:password@localhost:1/2",
        "redis+cluster://:password@localhost:1,localhost:2",
        "redis+sentinel://user:password@localhost:1,localhost/main",
    ] {
        RedisConnection::open(&RedisConfig { url: url.to_owned(), prefix: "test".to_owned() }).unwrap();
    }
}
