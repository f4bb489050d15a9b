//! The program of a release: built anew, without a trace of the machine it was built on.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use super::output::OUTPUT;
use super::parts::Part;
use super::source::Source;
use super::toolchain::Toolchain;

/// Builds the program; refuses one that names a folder of this machine.
///
/// It has a folder of its own to build in: with other flags, the everyday one would be built anew each time.
pub(super) fn release(
    source: &Source,
    package: &str,
    toolchain: &Toolchain,
    parts: &[Part],
) -> anyhow::Result<Vec<u8>> {
    let target = source.root.join(OUTPUT).join("build");
    let folders = machine_folders(source, parts);
    let flags: Vec<String> = folders.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}")).collect();
    let mut build = Command::new("cargo");
    build
        .args(["build", "--release", "--locked", "--package", package, "--target-dir"])
        .arg(&target)
        .current_dir(&source.root)
        // Takes the place of RUSTFLAGS and of what a configuration file says.
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("CARGO_INCREMENTAL", "0")
        .env("REVISION", source.revision())
        .env("SOURCE_DATE_EPOCH", source.committed_at.as_second().to_string());
    if !build.status().context("starting cargo")?.success() {
        bail!("building {package} failed");
    }
    let path = target.join("release").join(package);
    let program = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let own = toolchain.folder.display().to_string();
    let found = folders.iter().map(|(from, _)| from).chain([&own]).find(|folder| contains(&program, folder));
    if let Some(folder) = found {
        bail!("{} names {folder}, a folder of this machine", path.display());
    }
    Ok(program)
}

/// Folders that rustc would write into the program, and what it shall write instead.
fn machine_folders(source: &Source, parts: &[Part]) -> Vec<(String, &'static str)> {
    let mut registries: Vec<String> = parts
        .iter()
        .filter(|part| part.sha256.is_some())
        .filter_map(|part| Some(part.folder.parent()?.display().to_string()))
        .collect();
    registries.sort();
    registries.dedup();
    let registries = registries.into_iter().map(|folder| (folder, "/registry"));
    registries.chain([(source.root.display().to_string(), "/source")]).collect()
}

fn contains(program: &[u8], text: &str) -> bool {
    program.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The program at a path, where it says that it was built from this commit; from a dirty source it may be any.
pub(super) fn given(path: &Path, source: &Source) -> anyhow::Result<Vec<u8>> {
    let path = path.canonicalize().with_context(|| format!("looking for the program at {}", path.display()))?;
    let output =
        Command::new(&path).arg("--version").output().with_context(|| format!("running {}", path.display()))?;
    let version = String::from_utf8_lossy(&output.stdout);
    let commit = format!("(commit {},", source.revision());
    if !version.contains(&commit) && !source.revision().ends_with("-dirty") {
        bail!("{} is {}, expected {commit} …)", path.display(), version.trim());
    }
    fs::read(&path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_wherever_it_stands_in_the_program() {
        assert!(contains(b"\0/home/me/x.rs\0", "/home/me"));
        assert!(contains(b"/home/me", "/home/me"));
        assert!(!contains(b"/home/you", "/home/me"));
    }
}
