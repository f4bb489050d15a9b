//! What can a backup hold? Names, which are the only ones that can be in an archive, so no name can lead anywhere.

use std::fmt;

use serde::{Serialize, Serializer};

use super::contents::Backups;

/// Variables for the service's environment, beside the configuration file.
pub(super) const SECRETS: &str = "secrets.env";
/// A folder of secrets, each a file, beside the configuration file.
pub(super) const CREDENTIALS: &str = "credentials";

/// A file that a backup can hold, by its name there.
///
/// In the order in which files are put in place: a service that watches its configuration finds everything else there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    kind: Kind,
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Store,
    /// One of the service's own, by its place among [`Backups::own`].
    Own(usize),
    Secrets,
    /// A file of the folder of secrets; its name is one that [`Member::credential`] has let through.
    Credential,
    Config,
}

impl Member {
    /// Longer ones would not fit into the header of an archive's entry.
    pub(super) const MAX_CREDENTIAL_CHARACTERS: usize = 80;

    pub(super) fn config() -> Self {
        Self { kind: Kind::Config, name: "config.yaml".to_owned() }
    }

    pub(super) fn secrets() -> Self {
        Self { kind: Kind::Secrets, name: SECRETS.to_owned() }
    }

    /// The file of that name in the folder of secrets; `None` for a name that might lead elsewhere.
    pub(super) fn credential(name: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let fits = (1..=Self::MAX_CREDENTIAL_CHARACTERS).contains(&name.len());
        let is_one = fits && !name.starts_with('.') && name.chars().all(is_plain);
        is_one.then(|| Self { kind: Kind::Credential, name: format!("{CREDENTIALS}/{name}") })
    }

    /// The service's store, where it can be in a backup.
    pub(super) fn store(backups: &Backups) -> Option<Self> {
        backups.store.map(|store| Self { kind: Kind::Store, name: store.member().to_owned() })
    }

    /// One of the service's own files.
    pub(super) fn own(backups: &Backups, name: &str) -> Option<Self> {
        let index = backups.own.iter().position(|own| *own == name)?;
        Some(Self { kind: Kind::Own(index), name: name.to_owned() })
    }

    /// The member of that name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn named(backups: &Backups, name: &str) -> Result<Self, String> {
        if let Some(credential) = name.strip_prefix(CREDENTIALS).and_then(|rest| rest.strip_prefix('/')) {
            return Self::credential(credential)
                .ok_or_else(|| format!("found {name:?}, expected the name of a secret"));
        }
        let known = [Some(Self::config()), Some(Self::secrets()), Self::store(backups), Self::own(backups, name)];
        let found = known.into_iter().flatten().find(|member| member.name == name);
        found.ok_or_else(|| format!("found {name:?}, expected the name of a file that a backup can hold"))
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// All but the store is kept in memory when it is read.
    pub(super) fn is_store(&self) -> bool {
        self.kind == Kind::Store
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}
