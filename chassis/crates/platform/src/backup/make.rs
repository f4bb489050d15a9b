//! The command `backup`: one file of everything, whole and on the disk, or none.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use jiff::Timestamp;

use super::archive::{self, Archive};
use super::contents::{Backups, Files, OwnFile, Places, StoreAt};
use super::keep;
use super::leftovers;
use super::manifest::{self, Listed, Manifest, Store};
use super::member::{CREDENTIALS, Member, SECRETS};
use crate::config::text::Age;
use crate::files::folder_of;
use crate::process::{Ended, tell};

/// What a backup is asked for.
#[derive(Debug)]
pub struct Options {
    /// The file to write; `None`: one with a default name in the default folder.
    pub output: Option<PathBuf>,
    /// Backups beside it that are older are deleted.
    pub keep: Option<Age>,
    /// Whether secrets are included: `secrets.env` and the files of `credentials/` beside the configuration file.
    pub with_secrets: bool,
}

/// Whether a restore would take what was copied.
type Check<'a> = &'a dyn Fn(&Files<'_>) -> anyhow::Result<()>;

impl Backups {
    /// Backs up the configuration at `config` and what is at `places`; tells on standard output what was done.
    ///
    /// `check` says whether a restore would take what was copied, which may have changed since the configuration was
    /// read.
    ///
    /// # Errors
    /// What cannot be read or written; old backups that cannot be deleted once the new one is there.
    pub fn back_up(
        &self,
        config: &Path,
        options: &Options,
        places: &Places,
        check: Check<'_>,
    ) -> anyhow::Result<Ended> {
        let now = Timestamp::now();
        let program = self.program.name;
        let output = match &options.output {
            Some(output) => output.clone(),
            None => keep::free_path(Path::new(self.folder), program, now),
        };
        let folder = folder_of(&output);
        let copy = |scratch: &Path| Copied::of(self, config, places, options.with_secrets, check, scratch);
        let manifest = make(self, &copy, &output, now)
            .with_context(|| format!("backing up to {} failed, nothing was written", output.display()))?;
        let mut done = String::new();
        for Listed { name, path, size, .. } in &manifest.files {
            done += &format!("{name}: {size} bytes from {path}\n");
        }
        if let Some(StoreAt::Elsewhere { address, remedy, .. }) = &places.store {
            done += &format!("NOT INCLUDED: what is stored in {address}; {remedy}\n");
        }
        done += &format!("written: {}\n", output.display());
        tell(io::stdout(), &done);
        if let Some(age) = &options.keep {
            let deleted = keep::delete_older(folder, program, age.length(), now).with_context(|| {
                format!("{} is written, but deleting older backups in {} failed", output.display(), folder.display())
            })?;
            tell(io::stdout(), &format!("deleted: {deleted} backups older than {age} in {}\n", folder.display()));
        }
        Ok(Ended::Done)
    }
}

/// Writes the backup: `output` is whole, and on the disk, or not there.
fn make(
    backups: &Backups,
    copy: &dyn Fn(&Path) -> anyhow::Result<Copied>,
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
    beside.prefix(leftovers::BACKUP);
    let scratch = beside
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder)
        .with_context(|| format!("making a folder in {} failed", folder.display()))?;
    let copied = copy(scratch.path())?;
    let manifest = copied.manifest(backups, now)?;
    let file = beside.permissions(Permissions::from_mode(0o600)).tempfile_in(folder)?;
    let paths = copied.files.iter().map(|(member, _, copy)| (member, copy.as_path())).collect();
    archive::write(file.as_file(), &manifest, &paths)?;
    let read_back = Archive::open(backups, file.path()).context("reading back what was written failed")?;
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
    store: Option<Store>,
}

type CopiedFile = (Member, PathBuf, PathBuf);

impl Copied {
    fn of(
        backups: &Backups,
        config: &Path,
        places: &Places,
        with_secrets: bool,
        check: Check<'_>,
        to: &Path,
    ) -> anyhow::Result<Self> {
        let mut wanted = vec![(Member::config(), config.to_path_buf())];
        for OwnFile { name, path, .. } in places.own.iter().filter(|own| own.is_needed || own.path.is_file()) {
            wanted.push((Member::own(backups, name).context("invariant: a place is of a listed file")?, path.clone()));
        }
        if with_secrets {
            wanted.extend(secrets(config)?);
        }
        let mut files = Vec::new();
        for (member, from) in wanted {
            let copy = to.join(files.len().to_string());
            fs::copy(&from, &copy).with_context(|| format!("copying {} failed", from.display()))?;
            files.push((member, from, copy));
        }
        check_copies(&files, check)?;
        let store = match (&places.store, backups.store) {
            (None, _) => None,
            (Some(StoreAt::Elsewhere { kind, address, .. }), _) => {
                Some(Store::Elsewhere { kind: (*kind).to_owned(), address: address.clone() })
            }
            (Some(StoreAt::File(path)), Some(store)) => {
                let copy = to.join(store.member());
                let schema_version = store.copy(path, &copy)?;
                let member = Member::store(backups).context("invariant: there is a store")?;
                files.push((member, path.clone(), copy));
                Some(Store::Included { kind: store.kind().to_owned(), schema_version })
            }
            (Some(StoreAt::File(_)), None) => bail!("invariant: a store in a file is in the list"),
        };
        Ok(Self { files, store })
    }

    fn manifest(&self, backups: &Backups, now: Timestamp) -> anyhow::Result<Manifest> {
        let mut files = Vec::new();
        for (member, from, copy) in &self.files {
            let (size, sha256) = archive::measure(File::open(copy)?)?;
            files.push(Listed::new(member.clone(), &std::path::absolute(from)?, size, sha256));
        }
        let (program, store) = (backups.program.into(), self.store.clone());
        Ok(Manifest { format: manifest::FORMAT, program, created_at: now, store, files })
    }
}

/// Hands the copies of configuration and own files to `check`.
fn check_copies(files: &[CopiedFile], check: Check<'_>) -> anyhow::Result<()> {
    let read = files.iter().map(|(member, _, copy)| Ok((member, fs::read(copy)?)));
    let contents: BTreeMap<&Member, Vec<u8>> = read.collect::<io::Result<_>>()?;
    let config = contents.get(&Member::config()).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let config = config.context("the configuration was changed meanwhile")?;
    check(&Files { config, own: contents.iter().map(|(member, bytes)| (member.name(), bytes.as_slice())).collect() })
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
        found.insert(0, (Member::secrets(), variables));
    }
    Ok(found)
}
