//! Which boxoffice a command is about: the embedded one of a data folder, or the one that the configuration describes.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::dev::{self, Addresses, DATA_FOLDER};
use crate::settings::Settings;

/// How it is named on the command line.
#[derive(Debug, clap::Args)]
pub(super) struct TargetArguments {
    /// The data folder of an embedded boxoffice.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The URL of an API of the boxoffice that the configuration describes; a data folder that is named comes first.
    #[arg(long, env = "BOXOFFICE_API_URL")]
    api: Option<String>,
}

/// What a command works on.
pub(super) struct Target {
    /// The settings, with what a data folder adds to them.
    pub(super) settings: Settings,
    /// The data folder; none where there is nothing but configuration.
    pub(super) folder: Option<PathBuf>,
    /// An API, if one is known.
    pub(super) api: Option<String>,
}

impl TargetArguments {
    /// The data folder that is named, else the API that is named, else what the configuration describes if it names a
    /// database, else the default data folder. An embedded boxoffice that runs there may use a configured database.
    pub(super) fn find(&self, mut settings: Settings) -> anyhow::Result<Target> {
        let folder = self.data.as_deref().unwrap_or(Path::new(DATA_FOLDER));
        let running = dev::running_in(folder);
        let configured = self.api.is_some() || (!settings.database.url.is_empty() && running.is_none());
        if self.data.is_none() && configured {
            let api = self.api.as_deref().map(|url| url.trim_end_matches('/').to_owned());
            return Ok(Target { settings, folder: None, api });
        }
        let folder = folder.to_owned();
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        settings = dev::settings_of(settings, &folder)?;
        if let Some(Addresses { temporal, namespace, .. }) = &running {
            settings.engine.address.clone_from(temporal);
            settings.engine.namespace.clone_from(namespace);
        }
        Ok(Target { settings, folder: Some(folder), api: running.map(|addresses| addresses.api) })
    }
}

impl Target {
    /// The API, which has to be known.
    pub(super) fn api(&self) -> anyhow::Result<&str> {
        let hint = match &self.folder {
            Some(folder) => format!("boxoffice does not run on {}: start it first (`make start`)", folder.display()),
            None => "no API is named: --api URL, or BOXOFFICE_API_URL".to_owned(),
        };
        self.api.as_deref().context(hint)
    }
}
