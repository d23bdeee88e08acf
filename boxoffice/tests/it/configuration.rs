//! What a process is told: whatever is missing or strange is named at once, and nothing secret is shown.

use std::path::Path;
use std::process::{Command, Output};

const SECRET: &str = "open-sesame-open-sesame-open-sesame";

/// The shipped binary in an empty folder, with nothing in its environment but `environment`.
fn boxoffice(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn each_role_names_everything_that_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let books: &[&str] = &[
        "database.url is not set (BOXOFFICE_DATABASE__URL)",
        "engine.address is not set (BOXOFFICE_ENGINE__ADDRESS or TEMPORAL_ADDRESS)",
        "payments.provider_url is not set (BOXOFFICE_PAYMENTS__PROVIDER_URL)",
        "payments.api_key is not set (BOXOFFICE_PAYMENTS__API_KEY)",
    ];
    let webhooks = "payments.webhook_secret is not set (BOXOFFICE_PAYMENTS__WEBHOOK_SECRET)";
    let tokens = "identity.token_secret is not set (BOXOFFICE_IDENTITY__TOKEN_SECRET)";
    let pays: &[&str] = &[
        "payments.webhook_url is not set (BOXOFFICE_PAYMENTS__WEBHOOK_URL)",
        "payments.ledger is not set (BOXOFFICE_PAYMENTS__LEDGER)",
        "payments.api_key is not set (BOXOFFICE_PAYMENTS__API_KEY)",
        webhooks,
    ];
    let cases =
        [("api", [books, &[webhooks, tokens]].concat()), ("worker", books.to_vec()), ("payments", pays.to_vec())];
    for (role, expected) in cases {
        let complaint = complained(&boxoffice(folder.path(), &[], &[role]));
        for sentence in &expected {
            assert!(complaint.contains(sentence), "{role} does not say `{sentence}`: {complaint}");
        }
        assert_eq!(complaint.matches("is not set").count(), expected.len(), "{role} asks for no more: {complaint}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no role makes secrets or data of its own");
}

#[test]
fn where_the_provider_is_reached_by_message_each_role_needs_what_that_takes() {
    let folder = tempfile::tempdir().unwrap();
    let by_message = ("BOXOFFICE_PAYMENTS__REACHED_BY", "messages");
    let cases: [(&str, &[&str]); 3] = [
        ("api", &["database.url", "engine.address", "identity.token_secret"]),
        ("worker", &["database.url", "engine.address"]),
        ("payments", &["kafka.brokers", "payments.ledger", "payments.api_key"]),
    ];
    for (role, expected) in cases {
        let complaint = complained(&boxoffice(folder.path(), &[by_message], &[role]));
        for setting in expected {
            assert!(complaint.contains(&format!("{setting} is not set")), "{role}, {setting}: {complaint}");
        }
        assert_eq!(complaint.matches("is not set").count(), expected.len(), "{role} asks for no more: {complaint}");
    }
    let collect = ("BOXOFFICE_PAYMENTS__COLLECT", "4111 1111 1111 1111");
    let complaint = complained(&boxoffice(folder.path(), &[by_message, collect], &["payments"]));
    assert!(complaint.contains("payments.collect is neither"), "a card that could be somebody's: {complaint}");
    assert!(!complaint.contains("4111"), "{complaint}");
}

#[test]
fn a_value_that_cannot_be_meant_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("BOXOFFICE_DATABASE__URL", "mysql://db", "database.url must begin with sqlite: or postgres:"),
        ("BOXOFFICE_LOCKS__URL", "memcached://cache", "locks.url must begin with one of redis://"),
        ("BOXOFFICE_DATABASE__STATEMENT_TIMEOUT_MS", "3000", "must be more than database.lock_timeout_ms"),
        (
            "BOXOFFICE_PAYMENTS__PROVIDER_URL",
            "payments:7884",
            "payments.provider_url is not an http:// or https:// URL",
        ),
        ("BOXOFFICE_IDENTITY__TOKEN_SECRET", "short", "identity.token_secret must have at least 32 characters"),
        (
            "BOXOFFICE_IDENTITY__PREVIOUS_TOKEN_SECRET",
            "short",
            "identity.previous_token_secret must have at least 32 characters",
        ),
        ("BOXOFFICE_SAGA__UNDO_SECONDS", "0", "saga.undo_seconds must be at least 1 (BOXOFFICE_SAGA__UNDO_SECONDS)"),
    ];
    for (name, value, expected) in cases {
        let complaint = complained(&boxoffice(folder.path(), &[(name, value)], &["api"]));
        assert!(complaint.contains(expected), "{name}={value}: {complaint}");
    }
    let complaint = complained(&boxoffice(folder.path(), &[("BOXOFFICE_DRAIN__SECONDS", "soon")], &["config"]));
    assert!(complaint.contains("drain.seconds"), "{complaint}");
    let complaint = complained(&boxoffice(folder.path(), &[("BOXOFFICE_API__LISTEN", "7880")], &["config"]));
    assert!(complaint.contains("api.listen"), "{complaint}");
}

#[test]
fn a_name_that_means_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boxoffice.toml");
    std::fs::write(&file, "[api]\nlisten = '127.0.0.1:0'\nlistn = 'typo'\n\n[datbase]\nurl = ''\n").unwrap();
    let environment = [("BOXOFFICE_SAGA__UNDO_SECOND", "1"), ("BOXOFFICE_PAYMENT__API_KEY", SECRET)];
    let complaint = complained(&boxoffice(folder.path(), &environment, &["config"]));
    for expected in [
        "`api.listn` in boxoffice.toml is not a setting",
        "`datbase.url` in boxoffice.toml is not a setting",
        "BOXOFFICE_SAGA__UNDO_SECOND is not a setting",
        "BOXOFFICE_PAYMENT__API_KEY is not a setting",
    ] {
        assert!(complaint.contains(expected), "`{expected}` is missing: {complaint}");
    }
    assert!(!complaint.contains(SECRET), "a misspelt secret is a secret: {complaint}");
    let elsewhere = complained(&boxoffice(folder.path(), &[], &["config", "--config", "nowhere.toml"]));
    assert!(elsewhere.contains("there is no configuration file nowhere.toml"), "{elsewhere}");
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("boxoffice.toml"), "[api]\nanswer_within_ms = 1234\n").unwrap();
    let (database, locks) = (format!("postgres://user:{SECRET}@db/name"), format!("redis://:{SECRET}@cache"));
    let environment = [
        ("BOXOFFICE_DATABASE__URL", database.as_str()),
        ("BOXOFFICE_LOCKS__URL", &locks),
        ("BOXOFFICE_IDENTITY__TOKEN_SECRET", SECRET),
        // Texts stay texts, whatever they look like.
        ("BOXOFFICE_PAYMENTS__API_KEY", "12345678901234567890"),
        ("BOXOFFICE_LOCKS__PREFIX", "1e5"),
        ("BOXOFFICE_API__CORS_ORIGINS", "https://a.example, https://b.example"),
        ("TEMPORAL_ADDRESS", "temporal:7233"),
    ];
    let shown = printed(&boxoffice(folder.path(), &environment, &["config"]));
    for line in [
        "# From the defaults, the file boxoffice.toml and the environment.",
        "url = \"postgres://user:***@db/name\"",
        "url = \"redis://:***@cache\"",
        "token_secret = \"***\"",
        "api_key = \"***\"",
        "webhook_secret = \"\"",
        "prefix = \"1e5\"",
        "answer_within_ms = 1234",
        "cors_origins = [\"https://a.example\", \"https://b.example\"]",
        "address = \"temporal:7233\"",
        "calls_per_second = 0.0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "`{line}` is missing: {shown}");
    }
    assert!(!shown.contains(SECRET) && !shown.contains("12345678901234567890"), "{shown}");
    // What is shown can be a configuration again.
    std::fs::write(folder.path().join("boxoffice.toml"), &shown).unwrap();
    let again = printed(&boxoffice(folder.path(), &[], &["config"]));
    assert_eq!(again, shown);
    let worker = boxoffice(
        folder.path(),
        &[("BOXOFFICE_PAYMENTS__PROVIDER_URL", "http://pay")],
        &["config", "--check", "worker"],
    );
    assert!(worker.status.success(), "{worker:?}");
}

/// Else all customers would count as one client, `front`, and be throttled as one.
#[test]
fn the_apis_of_the_compose_file_trust_the_proxy_before_them() {
    let file = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let after = |text: &str, key: &str| {
        let lines: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix(key)).map(str::trim).collect();
        let [value] = lines[..] else { panic!("`{key}` is said {} times", lines.len()) };
        value.to_owned()
    };
    let compose = file("docker-compose.yml");
    let subnet = after(&compose, "- subnet:");
    assert_eq!(after(&file("deploy/Caddyfile"), "trusted_proxies static"), subnet);

    let folder = tempfile::tempdir().unwrap();
    let trusted = after(&compose, "BOXOFFICE_API__TRUSTED_PROXIES:");
    let configured = boxoffice(folder.path(), &[("BOXOFFICE_API__TRUSTED_PROXIES", &trusted)], &["config"]);
    let line = format!("trusted_proxies = [\"127.0.0.0/8\", \"::1/128\", \"{subnet}\"]");
    let shown = printed(&configured);
    assert!(shown.lines().any(|shown| shown == line), "`{line}` is missing: {shown}");
}

#[test]
fn health_fails_where_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let port = boxoffice::engine_server::free_port().unwrap();
    let listen = format!("127.0.0.1:{port}");
    let complaint = complained(&boxoffice(folder.path(), &[("BOXOFFICE_OPERATIONS__LISTEN", &listen)], &["health"]));
    assert!(complaint.contains(&format!("http://{listen}/health/ready does not answer")), "{complaint}");
    let complaint = complained(&boxoffice(folder.path(), &[("BOXOFFICE_OPERATIONS__LISTEN", "")], &["health"]));
    assert!(complaint.contains("operations.listen is empty"), "{complaint}");
}
