//! How is a program run so that nothing of this machine reaches it?
//!
//! Start at [`Folder::new`]: the program's working directory is a folder of its own and its environment is empty.
//! One that runs to its end leaves a [`Run`]; one that serves is started by
//! [`Service::start`](crate::service::Service::start).

#![expect(clippy::unwrap_used, reason = "a test that cannot run its program has failed, and this is where it says so")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A program and its working directory, which goes away when this is dropped.
pub struct Folder {
    program: PathBuf,
    folder: TempDir,
}

/// What a run of the program left.
pub struct Run {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Folder {
    /// An empty folder for `program`, the path of an executable.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), folder: tempfile::tempdir().unwrap() }
    }

    /// Where a file of the folder is.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file, whose folder must exist.
    pub fn write(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).unwrap();
    }

    /// Copies the files of the directory `from` (not what is below it) into the folder `to`, which is made.
    pub fn copy(&self, from: &Path, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }

    /// The program with these arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.answer(arguments, "")
    }

    /// Runs a program that reads `input`, and the end of it.
    pub fn answer(&self, arguments: &[&str], input: &str) -> Run {
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
