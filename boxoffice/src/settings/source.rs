//! Where settings come from: the defaults, a file, the environment. Refuses names that mean nothing, all at once.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Value};

use super::Settings;

/// Every setting with its default, commented.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// The file that is read from the working directory where none is named.
const FILE: &str = "boxoffice.toml";
/// What the variables of the environment that are settings begin with.
const PREFIX: &str = "BOXOFFICE_";
/// What separates section and setting in the name of a variable.
const SEPARATOR: &str = "__";
/// Variables that Temporal's own tools know, and the settings they stand for.
const TEMPORAL: [(&str, &str); 2] =
    [("TEMPORAL_ADDRESS", "engine.address"), ("TEMPORAL_NAMESPACE", "engine.namespace")];

/// What holds after defaults, file and environment were laid over each other.
pub struct Effective {
    figment: Figment,
    file: Option<PathBuf>,
}

impl Effective {
    /// Reads them. `file` has to be there if one is named.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(file) = file {
            ensure!(file.is_file(), "there is no configuration file {}", file.display());
        }
        let file = file.or(Some(Path::new(FILE))).filter(|file| file.is_file()).map(Path::to_owned);
        Self::of(file, std::env::vars())
    }

    /// The same with an environment that is given.
    pub fn of(file: Option<PathBuf>, environment: impl IntoIterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let defaults = Figment::from(Toml::string(DEFAULTS));
        let mut figment = defaults.clone();
        let mut strange = Vec::new();
        if let Some(file) = &file {
            let given = Figment::from(Toml::file_exact(file));
            let sections: Dict = given.extract().with_context(|| format!("{} cannot be read", file.display()))?;
            for key in keys_of(&sections) {
                if defaults.find_value(&key).is_err() {
                    strange.push(format!("`{key}` in {} is not a setting", file.display()));
                }
            }
            figment = figment.merge(given);
        }
        let variables: Vec<(String, String)> = environment.into_iter().collect();
        for (name, text) in &variables {
            let Some(key) = key_of(name) else { continue };
            match defaults.find_value(&key) {
                Ok(default) => figment = figment.merge(Serialized::default(&key, value_of(&default, text))),
                Err(_unknown) => strange.push(format!("{name} is not a setting: there is no `{key}`")),
            }
        }
        for (name, key) in TEMPORAL {
            if let Some((_, text)) = variables.iter().find(|(variable, _)| variable == name) {
                figment = figment.merge(Serialized::default(key, text));
            }
        }
        ensure!(strange.is_empty(), "the configuration is not right:\n  {}", strange.join("\n  "));
        Ok(Self { figment, file })
    }

    /// The settings, each in its form.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        self.figment.extract().context("the configuration is not right")
    }

    /// The file that was read, if one was.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What a setting is, by its full name.
    pub fn value(&self, key: &str) -> Option<Value> {
        self.figment.find_value(key).ok()
    }
}

/// The setting that a variable of the environment names; none if it is no business of ours.
fn key_of(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(PREFIX)?;
    name.contains(SEPARATOR).then(|| name.split(SEPARATOR).collect::<Vec<_>>().join(".").to_lowercase())
}

/// Reads a variable as what its setting is by default: a password that looks like a number is a text.
fn value_of(default: &Value, text: &str) -> Value {
    match default {
        Value::String(..) => Value::from(text),
        Value::Array(..) if !text.trim_start().starts_with('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::from(items.map(Value::from).collect::<Vec<_>>())
        }
        Value::Num(_, figment::value::Num::F64(_)) => {
            text.trim().parse::<f64>().map_or_else(|_not_a_number| Value::from(text), Value::from)
        }
        _ => text.parse().unwrap_or_else(|never: std::convert::Infallible| match never {}),
    }
}

/// The full names of all settings in `sections`; a section's own name where it is not a section at all.
fn keys_of(sections: &Dict) -> Vec<String> {
    let mut keys = Vec::new();
    for (section, value) in sections {
        match value {
            Value::Dict(_, settings) if !settings.is_empty() => {
                keys.extend(settings.keys().map(|setting| format!("{section}.{setting}")));
            }
            _ => keys.push(section.clone()),
        }
    }
    keys
}
