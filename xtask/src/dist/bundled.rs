//! What the program contains that is no crate: SQLite, the library of the page, the fonts of the charts, Rust's own library.
//!
//! Each says its version in its own source, so that an update cannot be forgotten here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::notices::{self, Notice};
use super::parts::Part;
use super::toolchain::Toolchain;

/// Libraries of the page, in the program's package; [`page_library`] must know each.
const VENDORED: &str = "web/assets/vendor";
const FONTS: &str = "assets/fonts";

/// The crates and, below those that bring them, these parts, sorted by name and version; `package` makes the program.
pub(super) fn added(mut parts: Vec<Part>, package: &str, toolchain: &Toolchain) -> anyhow::Result<Vec<Part>> {
    let sqlite_crate = position(&parts, "libsqlite3-sys")?;
    let sqlite = sqlite(&parts[sqlite_crate].folder)?;
    let program = position(&parts, package)?;
    let mut of_the_program = vec![fonts(&parts[program].folder.join(FONTS))?, standard_library(toolchain)?];
    let vendored = parts[program].folder.join(VENDORED);
    for entry in fs::read_dir(&vendored).with_context(|| format!("reading {}", vendored.display()))? {
        of_the_program.push(page_library(&entry?.path())?);
    }
    parts[sqlite_crate].uses.insert(sqlite.identity());
    parts[program].uses.extend(of_the_program.iter().map(Part::identity));
    parts.push(sqlite);
    parts.append(&mut of_the_program);
    parts.sort_by_key(Part::identity);
    Ok(parts)
}

fn position(parts: &[Part], name: &str) -> anyhow::Result<usize> {
    parts.iter().position(|part| part.name == name).with_context(|| format!("{name} is not linked into the program"))
}

/// The text between two others, for versions that stand in a source.
fn between<'t>(text: &'t str, before: &str, after: &str) -> anyhow::Result<&'t str> {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(after)).map(|(found, _)| found.trim());
    found.with_context(|| format!("found no version between {before:?} and {after:?}"))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn bundled(name: &str, version: &str, licence: &str, purl: String, folder: PathBuf, notices: Vec<Notice>) -> Part {
    Part {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.to_owned(),
        purl: Some(purl),
        cpe: None,
        sha256: None,
        folder,
        uses: BTreeSet::new(),
        notices,
    }
}

/// In the public domain; its header begins with a blessing in place of a licence.
fn sqlite(crate_folder: &Path) -> anyhow::Result<Part> {
    let folder = crate_folder.join("sqlite3");
    let header = read(&folder.join("sqlite3.h"))?;
    let version = between(&header, "#define SQLITE_VERSION ", "\n")?.trim_matches('"');
    let blessing = format!("/*{}*/\n", between(&header, "/*", "*/")?);
    let notices = vec![Notice { path: "LICENSE".to_owned(), text: blessing.into_bytes() }];
    let purl = format!("pkg:generic/sqlite@{version}");
    let cpe = format!("cpe:2.3:a:sqlite:sqlite:{version}:*:*:*:*:*:*:*");
    Ok(Part { cpe: Some(cpe), ..bundled("sqlite", version, "blessing", purl, folder, notices) })
}

fn page_library(folder: &Path) -> anyhow::Result<Part> {
    if !folder.ends_with("uplot") {
        bail!(
            "{}: the page brings a library that dist knows nothing of: add its version and licence",
            folder.display()
        );
    }
    let script = read(&folder.join("uPlot.iife.min.js"))?;
    let version = between(&script, "/uPlot (v", ")")?;
    let notices = notices::within(folder)?;
    Ok(bundled("uplot", version, "MIT", format!("pkg:npm/uplot@{version}"), folder.to_owned(), notices))
}

fn fonts(folder: &Path) -> anyhow::Result<Part> {
    let readme = read(&folder.join("README.md"))?;
    let version = between(&readme, "DejaVu fonts ", " ")?;
    let purl = format!("pkg:generic/dejavu-fonts@{version}");
    Ok(bundled("dejavu-fonts", version, "Bitstream-Vera", purl, folder.to_owned(), notices::within(folder)?))
}

/// Rust's standard library and what it is made of; the toolchain brings one page with all their notices.
fn standard_library(toolchain: &Toolchain) -> anyhow::Result<Part> {
    let folder = toolchain.folder.join("share/doc/rust");
    let name = "COPYRIGHT-library.html";
    let text = fs::read(folder.join(name)).with_context(|| format!("reading {name} in {}", folder.display()))?;
    let version = &toolchain.release;
    let notices = vec![Notice { path: name.to_owned(), text }];
    let purl = format!("pkg:generic/rust-std@{version}");
    let cpe = format!("cpe:2.3:a:rust-lang:rust:{version}:*:*:*:*:*:*:*");
    Ok(Part { cpe: Some(cpe), ..bundled("rust-std", version, "MIT OR Apache-2.0", purl, folder, notices) })
}
