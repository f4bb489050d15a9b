//! Where do the reports of a run go, and may they?
//!
//! Start at [`Places::of`], which says before the first bar is read what else would be said after the last one; then
//! [`Places::write`]. A report is written beside its place and moved there when it is whole: who looks sees the one
//! before or all of this one, and a full disk leaves no half of one; a kill leaves what was written so far, beside the
//! place as `.report-XXXXXX`. In the place of what is no report, none is written.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, ErrorKind, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::files::folder_of;
use platform::process::Usage;
use trading_core::report::Report;

use crate::cli::BacktestArgs;
use crate::config::{Config, file_name};

/// How much of a file tells whether it is a report.
const HEAD_BYTES: u64 = 4096;

/// Where reports go.
pub(super) enum Places {
    /// To standard output, as JSON.
    Output,
    /// As JSON into a file.
    File(PathBuf),
    /// Into a folder, each under the name of its run.
    Folder { folder: PathBuf, has_html: bool, has_json: bool },
}

impl Places {
    /// Those of the runs of these names; a folder is made where it is not there.
    ///
    /// # Errors
    /// A folder that cannot be made or written to; a place where something else is, or the configuration in `file`.
    pub(super) fn of(file: &Path, config: &Config, args: &BacktestArgs, names: &[&str]) -> anyhow::Result<Self> {
        let reports = &config.backtesting.reports;
        let places = match args.out.as_deref() {
            Some(out) if out == Path::new("-") => Self::Output,
            Some(out) => Self::File(out.to_owned()),
            None => {
                let folder = args.report_dir.as_ref().unwrap_or(&reports.dir).clone();
                fs::create_dir_all(&folder)
                    .with_context(|| format!("making the folder of reports, {}", legible::full_path(&folder)))?;
                let format = reports.output_format;
                let has_html = reports.generate_plots && format.has_html();
                Self::Folder { folder, has_html, has_json: format.has_json() }
            }
        };
        let of_run = |name: &&str| [places.html(name), places.json(name)].into_iter().flatten();
        for path in names.iter().flat_map(of_run) {
            let real = place(&path)?;
            // An empty one is a configuration, too.
            if file.canonicalize().is_ok_and(|file| file == real) {
                return Err(refused(&path, "the configuration").into());
            }
            if is_plain(&real) {
                // Gone at once: it shows that one can be made.
                beside(&real).with_context(|| writing(&path))?;
            }
        }
        Ok(places)
    }

    /// Where the page of the run of this name goes, where it has one.
    fn html(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Folder { folder, has_html: true, .. } => Some(folder.join(format!("{}.html", file_name(name)))),
            _ => None,
        }
    }

    /// Where the JSON of the run of this name goes, where it goes to a file.
    fn json(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Folder { folder, has_json: true, .. } => Some(folder.join(format!("{}.json", file_name(name)))),
            Self::File(path) => Some(path.clone()),
            Self::Folder { .. } | Self::Output => None,
        }
    }

    /// Writes the reports of a run, of which `page` makes the page; where they are, the one for people first.
    pub(super) fn write(&self, report: &Report, page: impl FnOnce() -> String) -> anyhow::Result<Vec<PathBuf>> {
        let mut written = Vec::new();
        if let Some(path) = self.html(&report.name) {
            write(&path, |out| out.write_all(page().as_bytes()))?;
            written.push(path);
        }
        if let Some(path) = self.json(&report.name) {
            // As it becomes JSON: as one text it would be as large as the bars that it tells of.
            write(&path, |out| Ok(serde_json::to_writer(out, report)?))?;
            written.push(path);
        }
        if matches!(self, Self::Output) {
            let mut out = BufWriter::new(io::stdout().lock());
            serde_json::to_writer(&mut out, report).map_err(io::Error::from)?;
            writeln!(out)?;
            out.flush()?;
        }
        Ok(written)
    }
}

/// Writes a file as a whole.
fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    // Again: the run itself has made files since.
    let real = place(path)?;
    let written = || {
        if !is_plain(&real) {
            return filled(&File::create(&real)?, fill);
        }
        let file = beside(&real)?;
        filled(file.as_file(), fill)?;
        file.persist(&real)?;
        Ok(())
    };
    written().with_context(|| writing(path))
}

fn filled(file: &File, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    out.flush()
}

/// A file without content in the folder of this one, which is gone when it is dropped.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    // As any other new file: others may read it where the umask lets them.
    let permissions = Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".report-").permissions(permissions).tempfile_in(folder_of(path))
}

/// Whether a path is that of a file that can be moved, or of none: no pipe and no device.
fn is_plain(path: &Path) -> bool {
    path.metadata().map_or(true, |metadata| metadata.is_file())
}

/// The path behind all links, where a report may be written: there is nothing, or a report, or what keeps nothing.
fn place(path: &Path) -> anyhow::Result<PathBuf> {
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match fs::read_link(path) {
                // What is moved here would take the place of the link.
                Ok(target) => {
                    Err(refused(path, &format!("a link to {}, where nothing is", legible::full_path(&target))).into())
                }
                Err(_) => Ok(path.to_owned()),
            };
        }
        Err(error) => return Err(error).with_context(|| writing(path)),
    };
    if real.is_dir() {
        return Err(refused(path, "a folder").into());
    }
    if is_plain(&real) && !is_report(&real).with_context(|| format!("reading {}", legible::full_path(path)))? {
        return Err(refused(path, "another file").into());
    }
    Ok(real)
}

fn refused(path: &Path, found: &str) -> Usage {
    let path = legible::full_path(path);
    Usage(format!("{path}: found {found}, expected a report of this program or nothing; choose another place"))
}

/// Whether a file is a report, or has nothing in it.
fn is_report(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let is_json = head.starts_with(r#"{"name":"#) && head.contains(r#","config_hash":""#);
    let is_page = head.starts_with("<!doctype html>") && head.contains(": backtest</title>");
    Ok(head.is_empty() || is_json || is_page)
}

fn writing(path: &Path) -> String {
    format!("writing the report {}", legible::full_path(path))
}
