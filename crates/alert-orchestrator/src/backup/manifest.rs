//! What does a backup hold, and who made it? The manifest: the first file of the archive, by which all others are judged.

use std::fmt;
use std::path::Path;

use advisor_io::embedded::snapshot;
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CREDENTIALS;
use crate::version::PROGRAM;

/// The shape of archive and manifest. Changing either in a way that an older program would misread makes it the next.
pub(super) const FORMAT: u32 = 1;
/// Name of the manifest in the archive.
pub(super) const NAME: &str = "manifest.json";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) program: Program,
    pub(crate) created_at: Timestamp,
    pub(crate) store: Store,
    pub(crate) files: Vec<Listed>,
}

/// The program that made the backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Program {
    pub(crate) version: String,
    pub(crate) commit: String,
}

/// The store that the configuration chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Store {
    /// It is in the backup, as [`Member::Store`].
    Embedded { schema_version: i64 },
    /// It is not.
    Greptimedb { address: String, included: NotIncluded },
}

/// `false`, and nothing else: for people who read the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub(crate) struct NotIncluded;

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listed {
    pub(crate) name: Member,
    /// Where it was.
    pub(crate) path: String,
    pub(crate) size: u64,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
}

/// What a backup can hold. Its names are the only ones that can be in an archive, so no name can lead anywhere.
///
/// In the order in which files are put in place: a service that watches its configuration finds everything else there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Member {
    Store,
    Registry,
    Secrets,
    /// A file of the folder of secrets; its name is one that [`Member::credential`] has let through.
    Credential(String),
    Config,
}

impl Program {
    /// This one.
    pub(super) fn this() -> Self {
        Self { version: PROGRAM.version.to_owned(), commit: PROGRAM.revision.to_owned() }
    }
}

impl Member {
    /// Longer ones would not fit into the header of an archive's entry.
    pub(super) const MAX_CREDENTIAL_CHARACTERS: usize = 80;

    /// The file of that name in the folder of secrets; `None` for a name that might lead elsewhere.
    pub(super) fn credential(name: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let fits = (1..=Self::MAX_CREDENTIAL_CHARACTERS).contains(&name.len());
        (fits && !name.starts_with('.') && name.chars().all(is_plain)).then(|| Self::Credential(name.to_owned()))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "config.yaml",
            Self::Registry => "token_registry.csv",
            Self::Secrets => "secrets.env",
            Self::Credential(name) => return write!(f, "{CREDENTIALS}/{name}"),
            Self::Store => "store.db",
        })
    }
}

impl From<Member> for String {
    fn from(member: Member) -> Self {
        member.to_string()
    }
}

impl TryFrom<String> for Member {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if let Some(credential) = name.strip_prefix(CREDENTIALS).and_then(|rest| rest.strip_prefix('/')) {
            return Self::credential(credential)
                .ok_or_else(|| format!("found {name:?}, expected the name of a secret"));
        }
        let known = [Self::Store, Self::Registry, Self::Secrets, Self::Config];
        let found = known.into_iter().find(|member| member.to_string() == name);
        found.ok_or_else(|| format!("found {name:?}, expected the name of a file that a backup can hold"))
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
    pub(super) fn parse(json: &[u8]) -> anyhow::Result<Self> {
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
        let (made_by, this) = (&head.program.version, Program::this().version);
        if head.format > FORMAT {
            bail!(
                "it has format {}, alert-orchestrator {this} knows formats up to {FORMAT}; \
                 restore it with alert-orchestrator {made_by:?}, which made it, or newer",
                head.format
            );
        }
        let manifest: Self = serde_json::from_slice(json)
            .with_context(|| format!("{NAME} is not a manifest of format {}", head.format))?;
        if let Store::Embedded { schema_version } = manifest.store
            && schema_version > snapshot::SCHEMA_VERSION
        {
            let known = snapshot::SCHEMA_VERSION;
            bail!(
                "its store has schema version {schema_version}, alert-orchestrator {this} knows versions up to {known}; \
                 restore it with alert-orchestrator {made_by:?}, which made it, or newer"
            );
        }
        manifest.check_files()?;
        Ok(manifest)
    }

    fn check_files(&self) -> anyhow::Result<()> {
        let stores = usize::from(matches!(self.store, Store::Embedded { .. }));
        let listed = self.files.iter().map(|file| (&file.name, 0, 1));
        for (member, least, most) in
            [(&Member::Config, 1, 1), (&Member::Store, stores, stores)].into_iter().chain(listed)
        {
            let found = self.files.iter().filter(|file| file.name == *member).count();
            if !(least..=most).contains(&found) {
                bail!("{NAME} lists {member} {found} times, expected {least} to {most}");
            }
        }
        Ok(())
    }
}

impl TryFrom<bool> for NotIncluded {
    type Error = &'static str;

    fn try_from(included: bool) -> Result<Self, &'static str> {
        if included { Err("found true, expected false: the rows of GreptimeDB are in no backup") } else { Ok(Self) }
    }
}

impl From<NotIncluded> for bool {
    fn from(_: NotIncluded) -> Self {
        false
    }
}
