//! Which crates are linked into the program, down to the last one?
//!
//! Start at [`linked`]. `cargo tree` knows which crates, with the features that this program switches on, and who uses whom;
//! `cargo metadata` where their sources and licences are; the lock file what their archives' checksums are.
//! Elsewhere: what these crates bring along that is no crate is added by `bundled`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use cargo_metadata::{MetadataCommand, Package};

use super::notices::{self, Notice};
use super::toolchain::Toolchain;

/// A crate, or what a crate brings along that is none.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: String,
    /// Package URL, for whoever looks up its advisories; nothing for our own crates, which no registry has.
    pub(super) purl: Option<String>,
    /// The name in the database of vulnerabilities that knows nothing of package URLs.
    pub(super) cpe: Option<String>,
    /// Of the archive that the registry serves.
    pub(super) sha256: Option<String>,
    /// Where its source is.
    pub(super) folder: PathBuf,
    /// Identities of what it uses.
    pub(super) uses: BTreeSet<String>,
    /// The texts of its licence, except for our own crates: theirs is that of the project.
    pub(super) notices: Vec<Notice>,
}

impl Part {
    /// Unique among the parts.
    pub(super) fn identity(&self) -> String {
        identity(&self.name, &self.version)
    }
}

fn identity(name: &str, version: &str) -> String {
    format!("{name}@{version}")
}

/// Every crate of the program that a package makes.
pub(super) fn linked(root: &Path, package: &str, toolchain: &Toolchain) -> anyhow::Result<Vec<Part>> {
    let tree = tree(root, package, &toolchain.target)?;
    let uses = edges(&tree)?;
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("reading Cargo.lock")?;
    let checksums = checksums(&lock);
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("reading the workspace's packages")?;
    let mut parts = Vec::new();
    for package in &metadata.packages {
        let identity = identity(&package.name, &package.version.to_string());
        if let Some(uses) = uses.get(&identity) {
            parts.push(part(package, uses.clone(), checksums.get(&identity).cloned())?);
        }
    }
    if parts.len() != uses.len() {
        bail!("cargo tree names {} crates, of which cargo metadata knows {}", uses.len(), parts.len());
    }
    Ok(parts)
}

/// One line per crate and place, its depth first; what procedural macros and build scripts use is left out: it is run, not
/// shipped.
fn tree(root: &Path, package: &str, target: &str) -> anyhow::Result<String> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--locked", "--package", package, "--target", target, "--edges", "normal,no-proc-macro"])
        .args(["--prefix", "depth", "--format", " {p}"])
        .current_dir(root);
    let output = tree.output().context("starting cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Who uses whom. A crate that is met again shows nothing below it: that was shown the first time.
fn edges(tree: &str) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut above: Vec<String> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        let (Some(depth), Some(name), Some(version)) = (words.next(), words.next(), words.next()) else {
            bail!("cargo tree printed {line:?}, expected depth, name and version");
        };
        let identity = identity(name, version.trim_start_matches('v'));
        above.truncate(depth.parse().with_context(|| format!("cargo tree printed {line:?}"))?);
        if let Some(user) = above.last() {
            uses.entry(user.clone()).or_default().insert(identity.clone());
        }
        uses.entry(identity.clone()).or_default();
        above.push(identity);
    }
    Ok(uses)
}

/// Checksums by crate. Cargo writes the lock file itself, each field on a line of its own, name and version first.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let packages = lock.split("[[package]]").skip(1);
    let checksum = |package: &str| {
        let field = |name: &str| {
            package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
        };
        Some((identity(field("name")?, field("version")?), field("checksum")?.to_owned()))
    };
    packages.filter_map(checksum).collect()
}

fn part(package: &Package, uses: BTreeSet<String>, sha256: Option<String>) -> anyhow::Result<Part> {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let licence = package.license.as_ref().with_context(|| format!("{name} {version} does not say its licence"))?;
    let folder = package.manifest_path.parent().context("a manifest stands in no folder")?.as_std_path().to_owned();
    let is_ours = package.source.is_none();
    if !is_ours && sha256.is_none() {
        bail!("Cargo.lock has no checksum of {name} {version}");
    }
    let notices = if is_ours { Vec::new() } else { notices::within(&folder)? };
    if !is_ours && notices.is_empty() {
        bail!(
            "{name} {version} brings no text of its licence ({licence}): nothing in {} looks like one",
            folder.display()
        );
    }
    Ok(Part {
        purl: (!is_ours).then(|| format!("pkg:cargo/{name}@{version}")),
        // Some still write it as was usual before SPDX expressions.
        licence: licence.replace('/', " OR "),
        cpe: None,
        name,
        version,
        sha256,
        folder,
        uses,
        notices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_tells_who_uses_whom() {
        let tree = "0 a v1.0.0 (/source/a)\n1 b v2.0.0\n2 c v3.0.0\n1 c v3.0.0\n1 d v1.0.0+sqlite\n2 b v2.0.0 (*)\n";
        let uses = edges(tree).unwrap();
        let found: Vec<String> = uses
            .iter()
            .map(|(user, used)| format!("{user}: {}", used.iter().cloned().collect::<Vec<_>>().join(" ")))
            .collect();
        let expected =
            ["a@1.0.0: b@2.0.0 c@3.0.0 d@1.0.0+sqlite", "b@2.0.0: c@3.0.0", "c@3.0.0: ", "d@1.0.0+sqlite: b@2.0.0"];
        assert_eq!(found, expected);
        assert!(edges("no depth here").is_err());
    }

    #[test]
    fn the_lock_file_has_checksums_of_what_comes_from_a_registry() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"b\"\n\
                    version = \"1.0.0\"\nsource = \"registry+x\"\nchecksum = \"00ff\"\ndependencies = [\n \"a\",\n]\n";
        assert_eq!(checksums(lock), BTreeMap::from([("b@1.0.0".to_owned(), "00ff".to_owned())]));
    }
}
