//! A `.tar.gz` whose bytes follow from what is in it: sorted, owned by nobody in particular, without any clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use tar::{Builder, EntryType, Header};

/// Files on their way into an archive, all below one folder.
pub(super) struct Archive {
    folder: String,
    seconds: u64,
    files: BTreeMap<String, (u32, Vec<u8>)>,
}

const PROGRAM: u32 = 0o755;
const FILE: u32 = 0o644;

impl Archive {
    /// An empty one. Every file in it will be as old as `written_at`.
    pub(super) fn new(folder: &str, written_at: Timestamp) -> Self {
        let seconds = u64::try_from(written_at.as_second()).unwrap_or_default();
        Self { folder: folder.to_owned(), seconds, files: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, path: &str, contents: impl Into<Vec<u8>>) {
        self.add_file(path, contents.into(), false);
    }

    pub(super) fn add_program(&mut self, path: &str, contents: Vec<u8>) {
        self.add_file(path, contents, true);
    }

    pub(super) fn add_file(&mut self, path: &str, contents: Vec<u8>, is_executable: bool) {
        let mode = if is_executable { PROGRAM } else { FILE };
        self.files.insert(format!("{}/{path}", self.folder), (mode, contents));
    }

    /// The archive. Folders are in it, too: whoever unpacks it with a strict umask gets ones that others can read.
    pub(super) fn finish(self) -> anyhow::Result<Vec<u8>> {
        // Neither the time nor the system it is made on: GzBuilder writes what it is told.
        let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        let mut tar = Builder::new(gzip);
        let above = |path: &String| Path::new(path).ancestors().skip(1).map(Path::to_path_buf).collect::<Vec<_>>();
        let folders: BTreeSet<_> = self.files.keys().flat_map(above).filter(|path| path.parent().is_some()).collect();
        for folder in folders {
            append(&mut tar, header(EntryType::Directory, PROGRAM, self.seconds), &folder, &[])?;
        }
        for (path, (mode, contents)) in &self.files {
            append(&mut tar, header(EntryType::Regular, *mode, self.seconds), Path::new(path), contents)?;
        }
        let gzip = tar.into_inner().context("ending the archive")?;
        gzip.finish().context("compressing the archive")
    }
}

fn header(kind: EntryType, mode: u32, seconds: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(seconds);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn append(
    tar: &mut Builder<impl std::io::Write>,
    mut header: Header,
    path: &Path,
    contents: &[u8],
) -> anyhow::Result<()> {
    header.set_size(contents.len() as u64);
    tar.append_data(&mut header, path, contents).with_context(|| format!("packing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = Archive::new("x-1", Timestamp::from_second(1_700_000_000).unwrap());
        for (path, contents) in files {
            archive.add(path, *contents);
        }
        archive.add_program("run", b"#!".to_vec());
        archive.finish().unwrap()
    }

    #[test]
    fn the_order_of_adding_changes_no_byte() {
        assert_eq!(archive(&[("b/c", "1"), ("a", "2")]), archive(&[("a", "2"), ("b/c", "1")]));
        assert_ne!(archive(&[("a", "1")]), archive(&[("a", "2")]));
    }

    #[test]
    fn entries_carry_nothing_of_this_machine() {
        let long = format!("licenses/{}", "n".repeat(200));
        let bytes = archive(&[("b/c", "1"), (&long, "2")]);
        assert_eq!(bytes[4..8], [0; 4], "no time in the gzip header");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header();
            let owner = (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap());
            assert_eq!(owner, (0, 0, 1_700_000_000));
            let (mode, path) = (header.mode().unwrap(), entry.path().unwrap().display().to_string());
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            found.push(format!("{mode:o} {path} {text}"));
        }
        let expected = [
            "755 x-1 ".to_owned(),
            "755 x-1/b ".to_owned(),
            "755 x-1/licenses ".to_owned(),
            "644 x-1/b/c 1".to_owned(),
            format!("644 x-1/{long} 2"),
            "755 x-1/run #!".to_owned(),
        ];
        assert_eq!(found, expected);
    }
}
