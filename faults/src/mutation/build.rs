//! Building the copy of the source that carries the mutations, with what the workspace's own build has compiled.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::copy::{self, FEATURES_OF_TESTS};
use super::{Mutation, PROGRAM};

/// The folder of the copy within the workspace, which git ignores.
const COPY: &str = ".data/mutated/source";

/// What cargo tells the package that it runs. Where a build inherits it, packages that look at the same variables are
/// compiled again.
const OF_THE_PACKAGE_THAT_RUNS: [&str; 7] = [
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
];

/// Builds the program that carries the mutations, and answers where it is.
///
/// Only what belongs to the workspace is compiled: it is built into the folder that this very program was built into, in
/// the same profile and with the features that tests of the whole workspace have, so that everything else is there.
pub fn build(workspace: &Path, mutations: &[Mutation]) -> anyhow::Result<PathBuf> {
    let copy = workspace.join(COPY);
    copy::write(workspace, &copy, mutations)?;
    let profile = folder_of_this_build()?;
    let target = profile.parent().context("nothing is built into the root of a file system")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&copy).args(["build", "--locked", "--quiet", "--workspace", "--bin", PROGRAM]);
    cargo.args(["--test", FEATURES_OF_TESTS]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    for (name, _value) in env::vars_os() {
        if OF_THE_PACKAGE_THAT_RUNS.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.env("CARGO_TARGET_DIR", target).stdin(Stdio::null()).status().context("cargo cannot be run")?;
    anyhow::ensure!(status.success(), "the mutated source in {} cannot be built: {status}", copy.display());
    let program = profile.join(PROGRAM);
    is_of_the_copy(&program, &copy, mutations)?;
    Ok(program)
}

/// Checks that a program was built from the copy, by the list of sources that cargo keeps beside it: a right program
/// under this name would have every mutation pass for one that nobody catches.
fn is_of_the_copy(program: &Path, copy: &Path, mutations: &[Mutation]) -> anyhow::Result<()> {
    let list = program.with_extension("d");
    let sources = std::fs::read_to_string(&list).with_context(|| format!("{} cannot be read", list.display()))?;
    // A space in a path is written with a backslash before it.
    let sources = sources.replace("\\ ", " ");
    for change in mutations.iter().flat_map(|mutation| &mutation.changes) {
        let file = copy.join(&change.file);
        anyhow::ensure!(
            sources.contains(&*file.to_string_lossy()),
            "{} was not built from {}",
            program.display(),
            file.display()
        );
    }
    Ok(())
}

/// Where programs of this profile are built into: tests are one folder below.
fn folder_of_this_build() -> anyhow::Result<PathBuf> {
    let this = env::current_exe().context("it is not known where this program is")?;
    let mut folder = this.parent().context("a program is in a folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("programs are built into a folder")?;
    }
    Ok(folder.to_owned())
}
