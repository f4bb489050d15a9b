//! Which revision of the source is this, and when was it built? The environment's `REVISION` and `SOURCE_DATE_EPOCH` (images
//! and release archives are built so), else git's answer and the clock.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-env-changed=REVISION");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // A file that is not there would have the crate built again every time.
    let moves = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|path| Path::new(path).exists());
    println!("cargo::rerun-if-changed={}", moves.as_deref().unwrap_or("build.rs"));
    let revision = from_environment("REVISION").or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    println!("cargo::rustc-env=BUILD_INFO_REVISION={}", revision.as_deref().unwrap_or("unknown"));
    let built_at = from_environment("SOURCE_DATE_EPOCH").unwrap_or_else(clock);
    println!("cargo::rustc-env=BUILD_INFO_BUILT_AT={built_at}");
}

fn from_environment(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn git(arguments: &[&str]) -> Option<String> {
    let answer = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (answer.status.success() && !text.is_empty()).then_some(text)
}

/// Seconds since the epoch.
fn clock() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()).to_string()
}
