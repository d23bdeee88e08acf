//! Mutations: named defects that a build carries and its environment chooses, which prove that the storm finds what it
//! is there to find.
//!
//! The code of the system has no hooks. A mutation is a file of its own that names a text of the source and what to put
//! in its place, and is made in a copy of the source. One build carries all of them: [`CHOSEN_BY`] tells a process which
//! defect to have, and without it the build is as right as the source.

mod build;
mod copy;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

use crate::outcome::Broken;

pub use build::build;

/// The name of the program that carries the mutations.
pub const PROGRAM: &str = "boxoffice-mutated";

/// The variable of a process's environment that names the mutation it is to have.
pub const CHOSEN_BY: &str = "BOXOFFICE_MUTATION";

/// The folder of the mutations within the workspace.
const FOLDER: &str = "faults/mutations";

/// A named defect.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// Its name: that of its file.
    pub name: String,
    /// What is broken, in a sentence.
    pub breaks: String,
    /// What it is to be found as. One is enough.
    pub caught_by: Vec<Trace>,
    /// What the storms are drawn from that are to catch it, where the usual ones do nothing that would show it.
    pub seeds: Vec<u64>,
    /// The settings of the storms that are to catch it, where the usual ones hide it; the right build has to withstand
    /// those as well.
    pub environment: BTreeMap<String, String>,
    /// What is put in place of what.
    changes: Vec<Change>,
}

/// What a defect leaves behind for the storm to find.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The promise that is broken, as the storm names it.
    pub promise: String,
    /// What is said of it, in part: enough to tell it from what a build shows that is only slow.
    pub says: String,
}

/// A text of the source and what is put in its place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The file, from the root of the workspace.
    file: PathBuf,
    /// What occurs exactly once in it.
    find: String,
    /// What comes in its place. [`text::MUTATED`] in it stands for the condition that this mutation is chosen.
    replace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MutationFile {
    breaks: String,
    caught_by: Vec<Trace>,
    #[serde(default)]
    seeds: Vec<u64>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    change: Vec<Change>,
}

impl Mutation {
    /// Every mutation of a workspace, by name.
    pub fn all(workspace: &Path) -> anyhow::Result<Vec<Self>> {
        let folder = workspace.join(FOLDER);
        let unreadable = || format!("the mutations in {} cannot be read", folder.display());
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&folder).with_context(unreadable)? {
            let path = entry.with_context(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                all.push(Self::read(&path)?);
            }
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let file: MutationFile = Figment::from(Toml::file_exact(path))
            .extract()
            .with_context(|| format!("mutation `{name}` is not understood"))?;
        let MutationFile { breaks, caught_by, seeds, environment, change: changes } = file;
        anyhow::ensure!(!caught_by.is_empty(), "mutation `{name}` does not say which promise it costs");
        Ok(Self { name, breaks, caught_by, seeds, environment, changes })
    }

    /// Whether this is what it was to be found as.
    pub fn is_caught_by(&self, broken: &Broken) -> bool {
        self.caught_by.iter().any(|trace| broken.promise == trace.promise && broken.what.contains(&trace.says))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_mutation_fits_the_source() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let all = Mutation::all(workspace).unwrap();
        assert!(!all.is_empty(), "there are none");
        let files: BTreeSet<&PathBuf> =
            all.iter().flat_map(|mutation| &mutation.changes).map(|change| &change.file).collect();
        for file in files {
            let source = std::fs::read_to_string(workspace.join(file)).unwrap();
            let mutated = text::mutate(file, &source, &all).unwrap();
            assert!(mutated.contains(CHOSEN_BY), "{} is as it was", file.display());
        }
    }
}
