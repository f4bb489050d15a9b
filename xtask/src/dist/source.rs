//! Which source is released? The files that git tracks and the commit that they are of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

/// What people who run it need, beside the program; of these, what git tracks.
const SHIPPED: [&str; 10] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "config",
    "deploy",
    "docs",
    "examples",
];

/// What is released.
pub(super) struct Source {
    pub(super) root: PathBuf,
    /// As the workspace has it; with `-dirty` where something is not committed.
    pub(super) version: String,
    /// All 40 digits; with `-dirty` likewise.
    pub(super) commit: String,
    /// What clocks say here is nobody's business: every time in a release is the commit's.
    pub(super) committed_at: Timestamp,
    /// What is shipped beside the program.
    pub(super) files: Vec<File>,
}

/// A tracked file, by its path from the root.
pub(super) struct File {
    pub(super) path: String,
    pub(super) is_executable: bool,
    pub(super) contents: Vec<u8>,
}

impl Source {
    pub(super) fn read(root: &Path, allow_dirty: bool) -> anyhow::Result<Self> {
        let changes = git(root, &["status", "--porcelain"])?;
        // An untracked file counts: it would be built or embedded, and nobody could build the same again.
        let mark = match changes.lines().count() {
            0 => "",
            _ if allow_dirty => "-dirty",
            count => bail!("{count} files differ from the commit; commit them, or pass --allow-dirty:\n{changes}"),
        };
        let commit = git(root, &["rev-parse", "HEAD"])?;
        let seconds: i64 = git(root, &["show", "--no-patch", "--format=%ct", "HEAD"])?.trim().parse()?;
        Ok(Self {
            root: root.to_owned(),
            version: format!("{}{mark}", version(root)?),
            commit: format!("{}{mark}", commit.trim()),
            committed_at: Timestamp::from_second(seconds)?,
            files: files(root)?,
        })
    }

    /// As the program shows it.
    pub(super) fn revision(&self) -> String {
        let (digits, mark) = self.commit.split_at(40);
        format!("{}{mark}", &digits[..12])
    }
}

/// Of the workspace; every crate has the same.
fn version(root: &Path) -> anyhow::Result<String> {
    let path = root.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = \""));
    let version = line.and_then(|rest| rest.strip_suffix('"'));
    version.map(str::to_owned).with_context(|| format!("no line version = \"…\" in {}", path.display()))
}

fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    let listed = git(root, &[&["ls-files", "-z", "--stage", "--"][..], &SHIPPED].concat())?;
    let files = listed.split_terminator('\0').map(|entry| file(root, entry)).collect::<anyhow::Result<Vec<_>>>()?;
    for name in SHIPPED {
        if !files.iter().any(|file| Path::new(&file.path).starts_with(name)) {
            bail!("git tracks no {name}, which belongs into every release");
        }
    }
    Ok(files)
}

/// `100644 <hash> 0<tab>docs/install.md`, as git lists it.
fn file(root: &Path, entry: &str) -> anyhow::Result<File> {
    let (facts, path) = entry.split_once('\t').with_context(|| format!("git listed {entry:?}"))?;
    let is_executable = match facts.split(' ').next() {
        Some("100644") => false,
        Some("100755") => true,
        _ => bail!("{path} is neither a file nor a program: {facts}"),
    };
    let contents = fs::read(root.join(path)).with_context(|| format!("reading {path}"))?;
    Ok(File { path: path.to_owned(), is_executable, contents })
}

/// What git answers.
fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output().context("starting git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading what git {} says", arguments.join(" ")))
}
