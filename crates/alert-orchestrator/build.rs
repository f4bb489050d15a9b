//! Which revision of the source is this? The environment's `REVISION` (images are built so), else git's, else unknown.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=REVISION");
    println!("cargo::rerun-if-changed=../../.git/logs/HEAD");
    let revision = std::env::var("REVISION").ok().filter(|revision| !revision.is_empty()).or_else(git);
    println!("cargo::rustc-env=ALERT_ORCHESTRATOR_REVISION={}", revision.as_deref().unwrap_or("unknown"));
}

fn git() -> Option<String> {
    let answer = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let revision = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (answer.status.success() && !revision.is_empty()).then_some(revision)
}
