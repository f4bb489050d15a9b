//! What does a backup hold, and who made it? The manifest: the first file of the archive, by which all others are
//! judged.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contents::Backups;
use super::member::Member;
use crate::process::Program;

/// The shape of archive and manifest. Changing either in a way that an older program would misread makes it the next.
pub(super) const FORMAT: u32 = 1;
/// Name of the manifest in the archive.
pub(super) const NAME: &str = "manifest.json";

/// A manifest; one that is yet to be judged has texts for names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest<Name = Member> {
    pub(super) format: u32,
    pub(super) program: MadeBy,
    pub(super) created_at: Timestamp,
    // So that it has to be there, also where it is null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) store: Option<Store>,
    pub(super) files: Vec<Listed<Name>>,
}

/// The program that made the backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MadeBy {
    pub(super) version: String,
    pub(super) commit: String,
}

/// The store that the configuration chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoreEntry", into = "StoreEntry")]
pub(super) enum Store {
    /// It is in the backup.
    Included { kind: String, schema_version: i64 },
    /// It is not.
    Elsewhere { kind: String, address: String },
}

/// As it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreEntry {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// `false`, and nothing else: for people who read the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<bool>,
}

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed<Name = Member> {
    pub(super) name: Name,
    /// Where it was.
    pub(super) path: String,
    pub(super) size: u64,
    /// In hexadecimal digits.
    pub(super) sha256: String,
}

impl From<Program> for MadeBy {
    fn from(program: Program) -> Self {
        Self { version: program.version.to_owned(), commit: program.revision.to_owned() }
    }
}

impl Listed {
    pub(super) fn new(name: Member, path: &Path, size: u64, sha256: String) -> Self {
        Self { name, path: path.display().to_string(), size, sha256 }
    }
}

impl Manifest {
    /// Reads and judges a manifest.
    ///
    /// # Errors
    /// It is none, one of a newer program, or contradicts itself.
    pub(super) fn parse(json: &[u8], backups: &Backups) -> anyhow::Result<Self> {
        // What a newer manifest has besides these is not known.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            program: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            version: String,
        }
        let head: Head = serde_json::from_slice(json).with_context(|| format!("{NAME} is not a manifest"))?;
        let Program { name: program, version: this, .. } = backups.program;
        let remedy =
            format!("restore it with {program} {made_by:?}, which made it, or newer", made_by = head.program.version);
        if head.format > FORMAT {
            bail!("it has format {}, {program} {this} knows formats up to {FORMAT}; {remedy}", head.format);
        }
        let not_one = || format!("{NAME} is not a manifest of format {}", head.format);
        let written: Manifest<String> = serde_json::from_slice(json).with_context(not_one)?;
        let manifest = written.with_members(backups).map_err(|fault| anyhow!(fault)).with_context(not_one)?;
        if let Some(Store::Included { schema_version, .. }) = manifest.store {
            let known = backups.store.with_context(|| format!("it holds a store, and {program} has none"))?;
            if schema_version > known.newest_schema() {
                bail!(
                    "its store has schema version {schema_version}, {program} {this} knows versions up to {}; {remedy}",
                    known.newest_schema()
                );
            }
        }
        manifest.check_files(backups)?;
        Ok(manifest)
    }

    fn check_files(&self, backups: &Backups) -> anyhow::Result<()> {
        let stores = usize::from(matches!(self.store, Some(Store::Included { .. })));
        let store = Member::store(backups).map(|store| (store, stores, stores));
        let listed = self.files.iter().map(|file| (file.name.clone(), 0, 1));
        for (member, least, most) in [(Member::config(), 1, 1)].into_iter().chain(store).chain(listed) {
            let found = self.files.iter().filter(|file| file.name == member).count();
            if !(least..=most).contains(&found) {
                bail!("{NAME} lists {member} {found} times, expected {least} to {most}");
            }
        }
        Ok(())
    }
}

impl Manifest<String> {
    fn with_members(self, backups: &Backups) -> Result<Manifest, String> {
        let Self { format, program, created_at, store, files } = self;
        let judged = |Listed { name, path, size, sha256 }: Listed<String>| {
            Ok(Listed { name: Member::named(backups, &name)?, path, size, sha256 })
        };
        let files = files.into_iter().map(judged).collect::<Result<_, String>>()?;
        Ok(Manifest { format, program, created_at, store, files })
    }
}

impl TryFrom<StoreEntry> for Store {
    type Error = &'static str;

    fn try_from(entry: StoreEntry) -> Result<Self, &'static str> {
        let StoreEntry { kind, schema_version, address, included } = entry;
        match (schema_version, address, included) {
            (Some(schema_version), None, None) => Ok(Self::Included { kind, schema_version }),
            (None, Some(address), Some(false)) => Ok(Self::Elsewhere { kind, address }),
            (None, Some(_), Some(true)) => Err("found true, expected false: what is stored elsewhere is in no backup"),
            _ => Err("found another store, expected one with schema_version, or with address and included"),
        }
    }
}

impl From<Store> for StoreEntry {
    fn from(store: Store) -> Self {
        match store {
            Store::Included { kind, schema_version } => {
                Self { kind, schema_version: Some(schema_version), address: None, included: None }
            }
            Store::Elsewhere { kind, address } => {
                Self { kind, schema_version: None, address: Some(address), included: Some(false) }
            }
        }
    }
}
