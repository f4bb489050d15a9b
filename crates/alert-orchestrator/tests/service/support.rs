//! Runs the real binary in a folder of its own.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A working directory that looks like a fresh clone: the shipped configurations and examples, and nothing else.
pub(crate) struct Clone {
    folder: TempDir,
}

/// What a run of the binary left.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Clone {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clone = Self { folder };
        for part in ["config", "deploy/config", "examples/liqwid"] {
            copy(&repository().join(part), &clone.path(part));
        }
        clone
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alert-orchestrator"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.answer(arguments, "")
    }

    /// Runs a command that reads `input`, and the end of it.
    pub(crate) fn answer(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One that asks nothing does not read, and may have ended.
        let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        Run {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

/// What the shipped configuration decides by, with a store of choice.
pub(crate) fn configuration(store: &str) -> String {
    format!(
        "client:\n  {store}\n  assets: [usdc, djed, iusd, usdt, usdm]\n  date_range: {{end: 2026-01-29T00:00:00Z}}\n\
         orchestrator:\n  decision_gate:\n    lookback_hours: 720\n    min_residual_bps: 10\n    \
         peg: {{target_usd: 1.0, max_deviation_bps: 100}}\n"
    )
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
