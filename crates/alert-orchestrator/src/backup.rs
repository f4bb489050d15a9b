//! Everything that a lost host takes with it, in one file, and its way back.
//!
//! Start at [`write`], and for the way back at [`restore::put_back`]. What goes into a backup is copied into a folder
//! of its own first, the store as it is at one moment, so that `manifest` can say what each file is before `archive`
//! writes them. Old backups are deleted by `keep`; what a restore puts back is put there by `place`.

mod archive;
pub(crate) mod keep;
pub(crate) mod manifest;
pub(crate) mod place;
pub(crate) mod restore;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use advisor_io::embedded::EmbeddedError;
use advisor_io::embedded::snapshot::{self, folder_of};
use anyhow::{Context as _, anyhow, ensure};
use jiff::{SignedDuration, Timestamp};
use platform::process;
use tracing::warn;

use crate::backend::Backend;
use crate::config::{self, Config};

use archive::Archive;
use manifest::{Listed, Manifest, Member, Program, Store};

/// Variables for the service's environment, beside the configuration file.
const SECRETS: &str = "secrets.env";
/// A folder of secrets, each a file, beside the configuration file.
const CREDENTIALS: &str = "credentials";

/// How names say when something was made (UTC).
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The first second from `now` on whose name is free, so that what is made twice in one second gets two; `now` where a minute of
/// them is taken.
fn free_second(now: Timestamp, is_free: impl Fn(Timestamp) -> bool) -> Timestamp {
    let later = |second| now + SignedDuration::from_secs(second);
    (0..60).map(later).find(|at| is_free(*at)).unwrap_or(now)
}

/// Writes the backup: `output` is whole, and on the disk, or not there.
///
/// # Errors
/// What cannot be read or written, or what a restore would refuse.
pub(crate) fn write(
    config_path: &Path,
    config: &Config,
    with_secrets: bool,
    output: &Path,
    now: Timestamp,
) -> anyhow::Result<Manifest> {
    let folder = folder_of(output);
    // Folders made for backups hold secrets, like the backups.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("making the folder {} failed", folder.display()))?;
    let mut beside = tempfile::Builder::new();
    beside.prefix(".backup-");
    let scratch = beside
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder)
        .with_context(|| format!("making a folder in {} failed", folder.display()))?;
    let copied = Copied::of(config_path, config, with_secrets, scratch.path())?;
    let manifest = copied.manifest(now)?;
    let file = beside.permissions(Permissions::from_mode(0o600)).tempfile_in(folder)?;
    let paths = copied.files.iter().map(|(member, _, copy)| (member, copy.as_path())).collect();
    archive::write(file.as_file(), &manifest, &paths)?;
    let read_back = Archive::open(file.path()).context("reading back what was written failed")?;
    ensure!(read_back.manifest == manifest, "what was written reads differently");
    file.persist_noclobber(output).map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => anyhow!("a file of that name exists, and is not overwritten"),
        _ => refused.error.into(),
    })?;
    File::open(folder)?.sync_all()?;
    Ok(manifest)
}

/// What goes into a backup, where nobody changes it any more.
struct Copied {
    /// Each with where it is from, and its copy.
    files: Vec<CopiedFile>,
    store: Store,
}

type CopiedFile = (Member, PathBuf, PathBuf);

impl Copied {
    fn of(config_path: &Path, config: &Config, with_secrets: bool, to: &Path) -> anyhow::Result<Self> {
        let mut wanted = vec![(Member::Config, config_path.to_path_buf())];
        let registry = &config.orchestrator.token_registry;
        if config.tokens.is_some() || registry.is_file() {
            wanted.push((Member::Registry, registry.clone()));
        }
        if with_secrets {
            wanted.extend(secrets(config_path)?);
        }
        let mut files = Vec::new();
        for (member, from) in wanted {
            let copy = to.join(files.len().to_string());
            fs::copy(&from, &copy).with_context(|| format!("reading {} failed", from.display()))?;
            files.push((member, from, copy));
        }
        check(config_path, config, &files)?;
        let store = match config.client.store() {
            config::Store::Greptime(_) => {
                Store::Greptimedb { address: Backend::address(config), included: manifest::NotIncluded }
            }
            config::Store::Embedded(settings) => {
                let copy = to.join(Member::Store.to_string());
                let schema_version = copy_store(&settings.path, &copy)?;
                files.push((Member::Store, settings.path, copy));
                Store::Embedded { schema_version }
            }
        };
        Ok(Self { files, store })
    }

    fn manifest(&self, now: Timestamp) -> anyhow::Result<Manifest> {
        let mut files = Vec::new();
        for (member, from, copy) in &self.files {
            let (size, sha256) = archive::measure(File::open(copy)?)?;
            files.push(Listed::new(member.clone(), &std::path::absolute(from)?, size, sha256));
        }
        let store = self.store.clone();
        Ok(Manifest { format: manifest::FORMAT, program: Program::this(), created_at: now, store, files })
    }
}

/// The service's secrets: the variables of its environment, and the folder of those that are files.
fn secrets(config: &Path) -> anyhow::Result<Vec<(Member, PathBuf)>> {
    let folder = config.with_file_name(CREDENTIALS);
    let reading = || format!("reading the folder {} failed", folder.display());
    let mut found = Vec::new();
    match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        entries => {
            for entry in entries.with_context(reading)? {
                let path = entry.with_context(reading)?.path();
                let name = path.file_name().and_then(OsStr::to_str).filter(|_| path.is_file());
                let member = name.and_then(Member::credential).with_context(|| {
                    let most = Member::MAX_CREDENTIAL_CHARACTERS;
                    let expected =
                        format!("expected files only, whose names are at most {most} letters, digits, _, - and .");
                    format!("found {}, {expected}", path.display())
                })?;
                found.push((member, path));
            }
        }
    }
    found.sort();
    let variables = config.with_file_name(SECRETS);
    if found.is_empty() || variables.exists() {
        found.insert(0, (Member::Secrets, variables));
    }
    Ok(found)
}

/// Whether a restore would take what was copied, which may have changed since it was read, and what it says about secrets.
fn check(config_path: &Path, config: &Config, files: &[CopiedFile]) -> anyhow::Result<()> {
    let read = |wanted: Member| {
        let copied = files.iter().find(|(member, ..)| *member == wanted);
        copied.map(|(_, _, copy)| fs::read(copy)).transpose()
    };
    let text = read(Member::Config)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.context("the configuration was changed meanwhile")?;
    let registry = read(Member::Registry)?;
    config::load_text(config_path, &text, registry.as_deref(), &process::environment)
        .map_err(|faults| anyhow!("a restore would refuse the configuration or the registry:\n{faults}"))?;
    warn_of_secrets(config, config_path, &text);
    Ok(())
}

/// A backup without the store would look like one with it until it is needed.
fn copy_store(from: &Path, to: &Path) -> anyhow::Result<i64> {
    snapshot::copy(from, to).map_err(|error| match error {
        EmbeddedError::Missing { .. } => anyhow!(
            "there is no embedded store at {} (client.embedded.path); \
             has the service run with this configuration, and in this working directory?",
            std::path::absolute(from).unwrap_or_else(|_| from.to_path_buf()).display()
        ),
        other => other.into(),
    })?;
    Ok(snapshot::verify(to)?)
}

/// A configuration is only of use as it is; what it says itself, and not through a variable, is in the backup, too.
fn warn_of_secrets(config: &Config, path: &Path, text: &str) {
    let client = &config.client.greptime;
    let password = client.as_ref().and_then(|greptime| greptime.password.as_ref());
    let hashes = config.orchestrator.auth.password_hashes();
    let keys = password.map(|secret| ("client.greptime.password", secret)).into_iter();
    for (key, secret) in keys.chain(hashes.map(|hash| ("password_hash of orchestrator.auth", hash))) {
        if !secret.expose().is_empty() && text.contains(secret.expose()) {
            warn!("{} holds {key} itself, and so does the backup; ${{VARIABLE}} would keep it out", path.display());
        }
    }
}
