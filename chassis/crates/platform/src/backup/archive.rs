//! The file of a backup: a gzip'd tar of the manifest and the files that it lists, and nothing else.
//!
//! [`write`] makes one, [`Archive::open`] reads and verifies all of one before anybody may use it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::contents::Backups;
use super::manifest::{self, Listed, Manifest};
use super::member::{Kind, Member};

const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// Of everything but the store.
const MAX_SMALL_BYTES: u64 = 16 << 20;
/// What tar fills up the last of its records with, of 10 KiB in most programs.
const MAX_PADDING_BYTES: u64 = 1 << 20;

/// A mode for the owner alone.
const PRIVATE: u32 = 0o600;
/// The bits of a mode that say who may read and write.
const MODES: u32 = 0o777;

/// Writes the manifest, and the files it lists, each from its path, and brings it all to the disk.
pub(super) fn write(to: &File, manifest: &Manifest, paths: &BTreeMap<&Member, &Path>) -> anyhow::Result<()> {
    let packed = GzEncoder::new(BufWriter::new(to), Compression::default());
    let mut tar = tar::Builder::new(packed);
    let created_at = u64::try_from(manifest.created_at.as_second()).unwrap_or(0);
    let mut append = |name: &str, size: u64, mode: u32, content: &mut dyn Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(mode);
        header.set_mtime(created_at);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, name, content)
    };
    let json = serde_json::to_vec_pretty(manifest)?;
    append(manifest::NAME, json.len() as u64, PRIVATE, &mut json.as_slice())?;
    for listed @ Listed { name, size, .. } in &manifest.files {
        check_size(listed)?;
        let path = paths.get(name).context("invariant: every listed file has a path")?;
        let mut content = File::open(path)?;
        let mode = match name.kind() {
            // Who may read a secret is part of it; who may read the others is decided where they are restored.
            Kind::Credential => content.metadata()?.mode() & MODES,
            _ => PRIVATE,
        };
        append(name.name(), *size, mode, &mut content)?;
    }
    let mut to = tar.into_inner()?.finish()?;
    to.flush()?;
    Ok(to.get_ref().sync_all()?)
}

/// All but the store is kept in memory when it is read.
fn check_size(listed: &Listed) -> anyhow::Result<()> {
    let fits = listed.name.is_store() || listed.size <= MAX_SMALL_BYTES;
    ensure!(fits, "{} has {} bytes, expected at most {MAX_SMALL_BYTES}", listed.name, listed.size);
    Ok(())
}

/// Size of what `from` holds, and its SHA-256 in hexadecimal digits.
pub(super) fn measure(mut from: impl Read) -> io::Result<(u64, String)> {
    let mut hashed = Hashed { from: &mut from, hash: Sha256::new(), size: 0 };
    io::copy(&mut hashed, &mut io::sink())?;
    Ok((hashed.size, hashed.digits()))
}

/// A backup that was read to its end and found whole.
pub(super) struct Archive<'a> {
    backups: &'a Backups,
    file: File,
    pub(super) manifest: Manifest,
    /// Everything but the store.
    small: BTreeMap<Member, Small>,
}

#[derive(Debug, PartialEq)]
struct Small {
    content: Vec<u8>,
    mode: u32,
}

impl<'a> Archive<'a> {
    /// Reads all of the file, one of the `backups`.
    ///
    /// # Errors
    /// It is not a backup, or not a whole one, or one of a newer program.
    pub(super) fn open(backups: &'a Backups, path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).context("opening it failed")?;
        let mut small = BTreeMap::new();
        let manifest = walk(backups, &file, &mut |listed, mode, from| {
            if !listed.name.is_store() {
                check_size(listed)?;
                let mut content = Vec::new();
                from.take(MAX_SMALL_BYTES).read_to_end(&mut content)?;
                small.insert(listed.name.clone(), Small { content, mode });
            }
            Ok(())
        })?;
        Ok(Self { backups, file, manifest, small })
    }

    /// The content of a file that is not the store.
    pub(super) fn small(&self, member: &Member) -> Option<&[u8]> {
        self.small.get(member).map(|small| small.content.as_slice())
    }

    /// Who may read such a file.
    pub(super) fn mode(&self, member: &Member) -> Option<u32> {
        self.small.get(member).map(|small| small.mode)
    }

    /// Writes the store into `to`, once more compared with the manifest.
    ///
    /// # Errors
    /// The archive is not the one that was opened any more, or `to` cannot be written.
    pub(super) fn extract_store(&self, to: &mut File) -> anyhow::Result<()> {
        (&self.file).rewind()?;
        let manifest = walk(self.backups, &self.file, &mut |listed, _, content| {
            if listed.name.is_store() {
                io::copy(content, to)?;
            }
            Ok(())
        })?;
        ensure!(manifest == self.manifest, "it was changed while it was read");
        Ok(())
    }
}

/// Is given a file's mode and content.
type Take<'a> = &'a mut dyn FnMut(&Listed, u32, &mut dyn Read) -> anyhow::Result<()>;

/// Reads a whole archive and hands the listed files to `take`; an error where it holds anything else, or something
/// else.
fn walk(backups: &Backups, file: &File, take: Take<'_>) -> anyhow::Result<Manifest> {
    let unreadable = |error: io::Error| anyhow!("it is damaged, cut short or no backup: {error}");
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    // Raw: what other programs put into archives besides files (links, long names, holes) is refused like any other
    // stranger.
    let mut entries = archive.entries().map_err(unreadable)?.raw(true);
    let mut first = entries.next().context("it holds nothing, expected a manifest")?.map_err(unreadable)?;
    let name = name_of(&first)?;
    ensure!(name == manifest::NAME, "it begins with {name:?}, expected {:?}", manifest::NAME);
    let mut json = Vec::new();
    ensure!(first.size() <= MAX_MANIFEST_BYTES, "its manifest is larger than {MAX_MANIFEST_BYTES} bytes");
    first.read_to_end(&mut json).map_err(unreadable)?;
    let manifest = Manifest::parse(&json, backups)?;
    let mut missing: Vec<&Listed> = manifest.files.iter().collect();
    for entry in entries {
        let mut entry = entry.map_err(unreadable)?;
        let name = name_of(&entry)?;
        let Some(index) = missing.iter().position(|listed| listed.name.name() == name) else {
            bail!("it holds {name:?}, expected only what its manifest lists, each once");
        };
        let mode = entry.header().mode().map_err(unreadable)? & MODES;
        check(missing.swap_remove(index), mode, &mut entry, take)?;
    }
    if let Some(listed) = missing.first() {
        bail!("it lacks {}, which its manifest lists", listed.name);
    }
    check_end(archive.into_inner()).map_err(unreadable)?;
    Ok(manifest)
}

/// The name of an ordinary file in the archive.
fn name_of<R: Read>(entry: &tar::Entry<'_, R>) -> anyhow::Result<String> {
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let kind = entry.header().entry_type();
    ensure!(kind.is_file(), "it holds {name:?}, which is no file but a {kind:?}");
    Ok(name)
}

fn check(listed: &Listed, mode: u32, entry: &mut impl Read, take: Take<'_>) -> anyhow::Result<()> {
    let mut hashed = Hashed { from: entry, hash: Sha256::new(), size: 0 };
    take(listed, mode, &mut hashed)?;
    // Whoever took it need not have read it.
    io::copy(&mut hashed, &mut io::sink())?;
    let (size, sha256) = (hashed.size, hashed.digits());
    let Listed { name, size: expected, sha256: expected_sha256, .. } = listed;
    ensure!(size == *expected, "{name} in it has {size} bytes, its manifest says {expected}");
    ensure!(sha256 == *expected_sha256, "{name} in it has the SHA-256 {sha256}, its manifest says {expected_sha256}");
    Ok(())
}

/// Behind the last file there are only zeros; reading them compares the check sum of the whole.
fn check_end(mut packed: GzDecoder<BufReader<&File>>) -> io::Result<()> {
    let mut rest = Vec::new();
    (&mut packed).take(MAX_PADDING_BYTES + 1).read_to_end(&mut rest)?;
    if rest.iter().any(|byte| *byte != 0) || rest.len() as u64 > MAX_PADDING_BYTES {
        return Err(io::Error::other("found more behind its last file"));
    }
    if packed.into_inner().read(&mut [0])? != 0 {
        return Err(io::Error::other("found more behind its end"));
    }
    Ok(())
}

/// Counts and hashes what is read through it.
struct Hashed<'a, R> {
    from: &'a mut R,
    hash: Sha256,
    size: u64,
}

impl<R> Hashed<'_, R> {
    fn digits(self) -> String {
        self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buffer)?;
        self.hash.update(&buffer[..n]);
        self.size += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::fs;

    use std::any::Any;

    use super::super::contents::StoreFile;
    use super::super::manifest::Store;
    use super::*;
    use crate::process::Program;

    /// A store that nothing is done with.
    struct Untouched;

    impl StoreFile for Untouched {
        fn member(&self) -> &'static str {
            "store.db"
        }

        fn kind(&self) -> &'static str {
            "embedded"
        }

        fn newest_schema(&self) -> i64 {
            1
        }

        fn companions(&self) -> &'static [&'static str] {
            &[]
        }

        fn copy(&self, _: &Path, _: &Path) -> anyhow::Result<i64> {
            unreachable!("nothing is copied here")
        }

        fn verify(&self, _: &Path) -> anyhow::Result<i64> {
            unreachable!("nothing is verified here")
        }

        fn claim(&self, _: &Path) -> anyhow::Result<Box<dyn Any>> {
            unreachable!("nothing is claimed here")
        }
    }

    const PROGRAM: Program = Program { name: "service", version: "1.2.3", revision: "0123456789ab", built_at: "0" };
    const BACKUPS: Backups = Backups { program: PROGRAM, folder: "/nowhere", store: Some(&Untouched), own: &[] };

    /// The manifest, the small files and the store.
    type Content = (Manifest, BTreeMap<Member, Small>, Vec<u8>);

    /// What can be read from an archive, if anything.
    fn read(path: &Path) -> anyhow::Result<Content> {
        let archive = Archive::open(&BACKUPS, path)?;
        let mut store = tempfile::tempfile()?;
        archive.extract_store(&mut store)?;
        let mut content = Vec::new();
        store.rewind()?;
        store.read_to_end(&mut content)?;
        Ok((archive.manifest, archive.small, content))
    }

    #[test]
    fn no_byte_can_be_changed_or_lost_without_the_same_content_or_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let contents = [
            (Member::config(), "key: {names: [a, b]}\n".repeat(3)),
            (Member::store(&BACKUPS).unwrap(), "a page ".repeat(300)),
        ];
        let mut files = Vec::new();
        let mut paths = BTreeMap::new();
        let copies: Vec<_> = contents.iter().map(|(member, content)| (member, path(member.name()), content)).collect();
        for (member, copy, content) in copies {
            fs::write(&copy, content).unwrap();
            let (size, sha256) = measure(content.as_bytes()).unwrap();
            files.push(Listed::new(member.clone(), Path::new("/etc/here"), size, sha256));
            paths.insert(member.clone(), copy);
        }
        let created_at = "2026-11-21T02:00:00Z".parse().unwrap();
        let store = Some(Store::Included { kind: "embedded".to_owned(), schema_version: 1 });
        let manifest = Manifest { format: manifest::FORMAT, program: PROGRAM.into(), created_at, store, files };
        let paths = paths.iter().map(|(member, copy)| (member, copy.as_path())).collect();
        write(&File::create(path("whole")).unwrap(), &manifest, &paths).unwrap();
        let whole = read(&path("whole")).unwrap();
        assert_eq!((&whole.0, whole.2.as_slice()), (&manifest, contents[1].1.as_bytes()));

        let bytes = fs::read(path("whole")).unwrap();
        let (mut refused, changed) = (0, path("changed"));
        for at in 0..bytes.len() {
            for mask in [0x01, 0xff] {
                let mut flipped = bytes.clone();
                flipped[at] ^= mask;
                fs::write(&changed, flipped).unwrap();
                match read(&changed) {
                    Ok(found) => assert!(found == whole, "byte {at} of {}", bytes.len()),
                    Err(_) => refused += 1,
                }
            }
            fs::write(&changed, &bytes[..at]).unwrap();
            assert!(read(&changed).is_err(), "cut after {at} of {} bytes", bytes.len());
        }
        // When and on what system it was packed, as gzip's header of ten bytes says, and the last bits of the packed
        // content, which fill up a byte, are of no account.
        assert!(refused >= 2 * (bytes.len() - 11), "{refused} of {}", 2 * bytes.len());
    }
}
