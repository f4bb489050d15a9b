//! The program that the guide is about, as people get it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use anyhow::{Context as _, bail};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::room::Room;

/// The built program, with a folder to try things in.
pub(super) struct Program<'r> {
    room: &'r Room,
    binary: PathBuf,
    folder: TempDir,
}

/// What a `${..._PASSWORD_HASH}` is taken to be: the form of a bcrypt hash.
const HASH: &str = "bcrypt:$2b$12$abcdefghijklmnopqrstuuqNVXRnN1Q5v5k3Xb7XWqkZ0mVJ8yS6e";

/// Builds the program as this one was built; returns where it is.
pub(super) fn build(root: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--package", package]).current_dir(root);
    if !build.status().context("starting cargo")?.success() {
        bail!("building {package} failed");
    }
    Ok(env::current_exe().context("asking where this program is")?.with_file_name(package))
}

impl<'r> Program<'r> {
    /// The program at a path.
    pub(super) fn at(root: &Path, room: &'r Room, binary: PathBuf) -> anyhow::Result<Self> {
        // It is started in another folder than this one.
        let binary =
            binary.canonicalize().with_context(|| format!("looking for the program at {}", binary.display()))?;
        let folder = tempfile::tempdir().context("creating a folder to try things in")?;
        let program = Self { room, binary, folder };
        fs::create_dir(program.folder()).context("making a folder of configurations")?;
        for (name, copied) in &room.found {
            let (place, copied) = (program.folder().join(name), room.inside(copied));
            fs::create_dir_all(place.parent().unwrap_or(&place))
                .and_then(|()| fs::copy(root.join(&copied), &place))
                .with_context(|| format!("copying {copied} to {}", place.display()))?;
        }
        Ok(program)
    }

    /// Where it is.
    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    /// The folder of configurations, in which its commands run.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder());
        command
    }

    fn output(&self, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Output> {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        command.output().with_context(|| format!("running {} {}", self.binary.display(), arguments.join(" ")))
    }

    /// The JSON Schema of the configuration.
    pub(super) fn schema(&self) -> anyhow::Result<Json> {
        let output = self.output(&["schema"], &[])?;
        serde_json::from_slice(&output.stdout).context("reading what the command schema prints")
    }

    /// The effective configuration of a file with this text, or the faults it is refused with.
    pub(super) fn normalized(&self, yaml: &str) -> anyhow::Result<Result<Json, String>> {
        let name = "tried.yaml";
        let file = self.folder().join(name);
        fs::write(&file, yaml).with_context(|| format!("writing {}", file.display()))?;
        let variables = variables(yaml);
        let environment: Vec<(&str, &str)> = variables
            .iter()
            .map(|name| (*name, if name.ends_with("PASSWORD_HASH") { HASH } else { "example" }))
            .collect();
        let show = self.room.show_configuration.iter().map(String::as_str);
        let arguments: Vec<&str> = ["--config", name].into_iter().chain(show).collect();
        let output = self.output(&arguments, &environment)?;
        if !output.status.success() {
            return Ok(Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map(Ok).context("reading the normalized configuration")
    }

    /// The effective configuration of a part of a file, which may be empty.
    pub(super) fn normalized_part(&self, yaml: &str) -> anyhow::Result<Result<Json, String>> {
        let least = &self.room.least_configuration;
        let section = least.split_inclusive(':').next().unwrap_or_default();
        let has_section = yaml.lines().any(|line| line.starts_with(section));
        if has_section { self.normalized(yaml) } else { self.normalized(&format!("{least}\n{yaml}")) }
    }

    /// Why the program does not know this command line; nothing, where it does. The command itself is not run.
    pub(super) fn misunderstands(&self, arguments: &[&str]) -> anyhow::Result<Option<String>> {
        let output = self.output(&[arguments, &["--help"]].concat(), &[])?;
        let complaint = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        Ok((!output.status.success()).then_some(complaint))
    }
}

/// The variables of the environment that a configuration cannot do without.
fn variables(yaml: &str) -> Vec<&str> {
    let starts = yaml.split("${").skip(1);
    starts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).filter(|name| !name.contains(":-")).collect()
}
