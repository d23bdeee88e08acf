//! The binary that tests of other crates run. Cargo tells them neither where it is, nor builds it for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The `boxoffice` beside the test that asks, built from the sources as they are: an old one would prove nothing.
pub fn of_these_sources() -> PathBuf {
    // `target/<profile>/deps/<test>-...`
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("boxoffice");
    if let Err(why) = is_current(&program) {
        println!("building boxoffice: {why}");
        build(folder);
        is_current(&program).unwrap_or_else(|why| panic!("cargo has built boxoffice, and yet {why}"));
    }
    program
}

/// Whether no source is newer than the program, by the list of them that cargo keeps beside it.
fn is_current(program: &Path) -> Result<(), String> {
    let list = program.with_extension("d");
    let text = std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let built = modified(program)?;
    let (_, sources) = text.split_once(": ").ok_or("the list of its sources is empty")?;
    // A space in a path is written with a backslash before it.
    let sources = sources.trim_end().replace("\\ ", "\0");
    for source in sources.split(' ') {
        let source = PathBuf::from(source.replace('\0', " "));
        if modified(&source)? > built {
            return Err(format!("{} is newer", source.display()));
        }
    }
    Ok(())
}

fn modified(file: &Path) -> Result<std::time::SystemTime, String> {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified());
    modified.map_err(|error| format!("{}: {error}", file.display()))
}

fn build(folder: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--quiet", "--package", "boxoffice", "--bin", "boxoffice"]);
    command.arg("--target-dir").arg(folder.parent().unwrap());
    // The folder of the profile `dev` is called `debug`.
    let profile = folder.file_name().unwrap().to_str().unwrap();
    command.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "boxoffice cannot be built: {status}");
}
