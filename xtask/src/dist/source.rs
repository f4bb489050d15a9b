//! Which source is released? The files that git tracks and the commit that they are of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::layout::joined;
use crate::service::Service;

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

/// A file that git tracks.
pub(super) struct File {
    /// In the archive.
    pub(super) path: String,
    /// In the repository, from its root.
    pub(super) source: String,
    pub(super) is_executable: bool,
    pub(super) contents: Vec<u8>,
}

impl Source {
    pub(super) fn read(root: &Path, service: &Service, allow_dirty: bool) -> anyhow::Result<Self> {
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
            files: files(root, service)?,
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

/// What people who run it need, beside the program, in the order of the archive.
pub(super) fn files(root: &Path, service: &Service) -> anyhow::Result<Vec<File>> {
    let sources = service.layout().sources();
    let wanted: Vec<&str> = sources.iter().map(String::as_str).collect();
    let listed = git(root, &[&["ls-files", "-z", "--stage", "--"][..], &wanted].concat())?;
    let entries = listed.split_terminator('\0').map(|entry| file(root, service, entry));
    let mut files = entries.collect::<anyhow::Result<Vec<File>>>()?;
    for name in wanted {
        if !files.iter().any(|file| Path::new(&file.source).starts_with(name)) {
            bail!("git tracks no {name}, which belongs in every release of {}", service.name);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some([one, other]) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
        bail!("both {} and {} belong at {} in a release", one.source, other.source, one.path);
    }
    Ok(files)
}

/// `100644 <hash> 0<tab>docs/install.md`, as git lists it.
fn file(root: &Path, service: &Service, entry: &str) -> anyhow::Result<File> {
    let (facts, source) = entry.split_once('\t').with_context(|| format!("git listed {entry:?}"))?;
    let layout = service.layout();
    let path = layout.released(source).with_context(|| format!("{source} has no place in a release"))?;
    let is_executable = match facts.split(' ').next() {
        Some("100644") => false,
        Some("100755") => true,
        // What a room takes from the chassis. A release has it as a file.
        Some("120000") => is_program(root, &linked(root, source)?)?,
        _ => bail!("{source} is neither a file nor a program: {facts}"),
    };
    let mut contents = fs::read(root.join(source)).with_context(|| format!("reading {source}"))?;
    if source.ends_with(".md") {
        let text = String::from_utf8(contents).with_context(|| format!("reading {source}"))?;
        contents = layout.relinked(source, &text).into_bytes();
    }
    Ok(File { path, source: source.to_owned(), is_executable, contents })
}

/// What a link of the repository leads to; that must be in it, too.
fn linked(root: &Path, link: &str) -> anyhow::Result<String> {
    let target = fs::read_link(root.join(link)).with_context(|| format!("reading the link {link}"))?;
    let target = target.to_str().and_then(|target| joined(link, target));
    target.with_context(|| format!("the link {link} leads out of the project"))
}

fn is_program(root: &Path, path: &str) -> anyhow::Result<bool> {
    let listed = git(root, &["ls-files", "--stage", "--", path])?;
    match listed.split(' ').next() {
        Some("100644") => Ok(false),
        Some("100755") => Ok(true),
        _ => bail!("{path} is neither a file nor a program that git tracks: {listed:?}"),
    }
}

/// What git answers.
fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output().context("starting git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading what git {} says", arguments.join(" ")))
}
