//! The configuration as people may see it: every setting, no secret.

use std::fmt::Write;

use figment::value::{Num, Value};
use url::Url;

use super::source::{DEFAULTS, Effective};

/// What is shown of a secret that is set.
const HIDDEN: &str = "***";
/// Settings that are secrets as a whole.
const SECRETS: [&str; 4] =
    ["payments.api_key", "payments.webhook_secret", "identity.token_secret", "identity.previous_token_secret"];
/// Settings that may carry a password.
const URLS: [&str; 6] = [
    "database.url",
    "locks.url",
    "mail.smtp_url",
    "payments.provider_url",
    "payments.public_url",
    "payments.webhook_url",
];
/// Settings that are `name=value` each, whose values may be passwords.
const OPTIONS: &str = "kafka.options";

impl Effective {
    /// The settings in the form of the defaults, comments included. Secrets that are set are `***`, and so are the
    /// passwords of URLs.
    pub fn show(&self) -> String {
        let mut shown = match self.file() {
            Some(file) => format!("# From the defaults, the file {} and the environment.\n", file.display()),
            None => "# From the defaults and the environment; no file was read.\n".to_owned(),
        };
        let mut section = "";
        for line in DEFAULTS.lines().skip_while(|line| !line.starts_with('[')) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
            }
            let setting = line.split_once(" = ").filter(|_| !line.starts_with('#'));
            let Some((name, _default)) = setting else {
                let _infallible = writeln!(shown, "{line}");
                continue;
            };
            let key = format!("{section}.{name}");
            let value = self.value(&key).map_or_else(String::new, |value| text_of(&key, &value));
            let _infallible = writeln!(shown, "{name} = {value}");
        }
        shown
    }
}

fn text_of(key: &str, value: &Value) -> String {
    match value {
        Value::String(_, text) if text.is_empty() => quoted(""),
        Value::String(_, _) if SECRETS.contains(&key) => quoted(HIDDEN),
        Value::String(_, text) if URLS.contains(&key) => quoted(&without_password(text)),
        Value::String(_, text) if key == OPTIONS => quoted(&without_secret(text)),
        Value::String(_, text) => quoted(text),
        Value::Array(_, items) => {
            let items: Vec<String> = items.iter().map(|item| text_of(key, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Bool(_, truth) => truth.to_string(),
        // A number that may have a fraction is written with one.
        Value::Num(_, Num::F64(number)) => format!("{number:?}"),
        Value::Num(_, Num::F32(number)) => format!("{number:?}"),
        Value::Num(_, number) => number.to_i128().map_or_else(|| quoted(""), |number| number.to_string()),
        Value::Char(..) | Value::Dict(..) | Value::Empty(..) => quoted(""),
    }
}

/// As TOML writes it, which is also how JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An option without its value where the name says that it is a secret.
fn without_secret(option: &str) -> String {
    match option.split_once('=') {
        Some((name, _)) if ["password", "secret", "key", "pem", "token", "jaas"].iter().any(|it| name.contains(it)) => {
            format!("{name}={HIDDEN}")
        }
        _ => option.to_owned(),
    }
}

/// A URL with its password hidden; hidden altogether where it cannot be told what of it is one.
fn without_password(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return if text.contains('@') || text.contains('?') { HIDDEN.to_owned() } else { text.to_owned() };
    };
    if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    let secret = |name: &str| name.to_lowercase().contains("pass") || name.to_lowercase().contains("secret");
    if url.query_pairs().any(|(name, _)| secret(&name)) {
        let pairs: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let hide =
            |(name, value): (String, String)| if secret(&name) { (name, HIDDEN.to_owned()) } else { (name, value) };
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(hide));
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_the_defaults_are_the_defaults() {
        let shown = Effective::of(None, []).unwrap().show();
        let (_origin, rest) = shown.split_once('\n').unwrap();
        assert_eq!(rest, &DEFAULTS[DEFAULTS.find("[api]").unwrap()..]);
    }

    #[test]
    fn no_password_is_shown() {
        let cases = [
            ("postgres://boxoffice:open-sesame@db/name", "postgres://boxoffice:***@db/name"),
            ("postgres://db/name?user=a&password=open-sesame", "postgres://db/name?user=a&password=***"),
            ("redis://:open-sesame@cache:6379/0", "redis://:***@cache:6379/0"),
            ("redis+cluster://:open-sesame@a:1,b:2", "***"),
            ("sqlite:///data/boxoffice.db?mode=rwc", "sqlite:///data/boxoffice.db?mode=rwc"),
            ("not a url with a:open-sesame@host", "***"),
        ];
        for (url, expected) in cases {
            let shown = without_password(url);
            assert!(!shown.contains("sesame"), "{shown}");
            assert_eq!(shown, expected);
        }
    }
}
