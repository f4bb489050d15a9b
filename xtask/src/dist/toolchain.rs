//! Which compiler builds the program, and for which platform?

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// What builds the program.
pub(super) struct Toolchain {
    /// The platform it builds for, this machine's: `x86_64-unknown-linux-gnu`.
    pub(super) target: String,
    /// `1.95.0`.
    pub(super) release: String,
    /// Where its own files are.
    pub(super) folder: PathBuf,
}

impl Toolchain {
    /// The toolchain that cargo would use for this source.
    pub(super) fn ask(root: &Path) -> anyhow::Result<Self> {
        let facts = rustc(root, &["--verbose", "--version"])?;
        let fact = |name: &str| {
            let found = facts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.map(str::to_owned).with_context(|| format!("rustc did not say its {name}: {facts}"))
        };
        let folder = rustc(root, &["--print", "sysroot"])?.trim().into();
        Ok(Self { target: fact("host")?, release: fact("release")?, folder })
    }
}

fn rustc(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("rustc").args(arguments).current_dir(root).output().context("starting rustc")?;
    if !output.status.success() {
        bail!("rustc {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
