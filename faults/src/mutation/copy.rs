//! The copy of the source that carries the mutations. Only files that differ are written, so that little is built again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::text::mutate;
use super::{Mutation, PROGRAM};

/// The workspace's manifest. The copy has another version: cargo tells packages apart by name, version and their path
/// within the workspace, so that in one target folder those of the copy would take the place of the right ones.
const WORKSPACE: &str = "Cargo.toml";

/// The versions of all packages.
const LOCK: &str = "Cargo.lock";

/// The manifest of the package whose program is built, under a name of its own for the same reason.
const PACKAGE: &str = "boxoffice/Cargo.toml";

/// A test that nobody runs, in the smallest crate. Building it has cargo choose the features that tests have, which are
/// those that everything was compiled with.
pub(super) const FEATURES_OF_TESTS: &str = "features_of_tests";

/// What says that a folder can be made again, such as the one that cargo builds into (<https://bford.info/cachedir/>).
const CACHE_MARK: &str = "CACHEDIR.TAG";

/// Makes `copy` the source of `workspace` with the mutations in it.
pub(super) fn write(workspace: &Path, copy: &Path, mutations: &[Mutation]) -> anyhow::Result<()> {
    let mut files = BTreeSet::new();
    list(workspace, Path::new(""), &mut files)?;
    for mutation in mutations {
        if let Some(change) = mutation.changes.iter().find(|change| !files.contains(&change.file)) {
            anyhow::bail!("mutation `{}` changes {}, which does not exist", mutation.name, change.file.display());
        }
    }
    let version = version_of(workspace)?;
    for file in &files {
        let source = workspace.join(file);
        let content = fs::read(&source).with_context(|| format!("{} cannot be read", source.display()))?;
        put(&copy.join(file), &changed(file, content, mutations, &version)?)?;
    }
    let extra = PathBuf::from(format!("domain/tests/{FEATURES_OF_TESTS}.rs"));
    put(&copy.join(&extra), b"//! No test.\n")?;
    files.insert(extra);
    let mut copied = BTreeSet::new();
    list(copy, Path::new(""), &mut copied)?;
    for gone in copied.difference(&files) {
        fs::remove_file(copy.join(gone)).with_context(|| format!("{} cannot be removed", gone.display()))?;
    }
    Ok(())
}

/// A file as the copy has it.
fn changed(file: &Path, content: Vec<u8>, mutations: &[Mutation], version: &str) -> anyhow::Result<Vec<u8>> {
    let is_meant = mutations.iter().any(|mutation| mutation.changes.iter().any(|change| change.file == file));
    let is_of_cargo = [WORKSPACE, LOCK, PACKAGE].iter().any(|name| file == Path::new(name));
    if !is_meant && !is_of_cargo {
        return Ok(content);
    }
    let text = String::from_utf8(content).with_context(|| format!("{} is not text", file.display()))?;
    let mut text = mutate(file, &text, mutations)?;
    let (ours, theirs) = (format!("version = {version:?}"), format!("version = \"{version}-mutated\""));
    if file == Path::new(WORKSPACE) {
        text = text.replacen(&ours, &theirs, 1);
    } else if file == Path::new(LOCK) {
        // What is of the workspace comes from nowhere.
        let packages = text.split("\n\n").map(|package| match package.contains("\nsource = ") {
            true => package.to_owned(),
            false => package.replace(&ours, &theirs),
        });
        text = packages.collect::<Vec<_>>().join("\n\n");
    } else if file == Path::new(PACKAGE) {
        text += &format!("\n[[bin]]\nname = {PROGRAM:?}\npath = \"src/main.rs\"\n");
    }
    Ok(text.into_bytes())
}

/// The version of all packages of a workspace.
fn version_of(workspace: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(workspace.join(WORKSPACE)).context("the workspace's manifest cannot be read")?;
    let section = text.split_once("[workspace.package]").context("the packages of the workspace have no version")?.1;
    let version = section.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.context("the packages of the workspace have no version")?.to_owned())
}

fn put(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// The files below a folder, but nothing hidden and nothing that a build has made.
fn list(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let place = root.join(folder);
    if !place.exists() || place.join(CACHE_MARK).exists() {
        return Ok(());
    }
    let unreadable = || format!("{} cannot be read", place.display());
    for entry in fs::read_dir(&place).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let kind = entry.file_type().with_context(unreadable)?;
        let name = entry.file_name();
        let path = folder.join(&name);
        if name.to_string_lossy().starts_with('.') {
            continue;
        } else if kind.is_dir() {
            list(root, &path, files)?;
        } else if kind.is_file() {
            files.insert(path);
        }
    }
    Ok(())
}
