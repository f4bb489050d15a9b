//! How much of a file counts? All of it, but for a last line that somebody may still be writing.
//!
//! `50` is the beginning of `500`: a line without line end counts only once the file has been left alone for a minute.
//! A clock that is wrong makes that sooner or later by nothing worse than a minute, so it needs none that is right.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, SystemTime};

use super::csv_rows::ROW_BYTES_MAX;

/// How long ago (or, by its clock, ahead) a file must have been written for its last line to count as it is.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// How many bytes are looked through at once.
const BLOCK: u64 = 1 << 12;

/// What is taken of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// From its beginning.
    pub(super) bytes: u64,
    /// Whether a last line without line end is left out.
    pub(super) leaves_out: bool,
}

impl Counted {
    /// Whether there is a line, but none that counts.
    pub(super) fn is_nothing(self) -> bool {
        self.bytes == 0 && self.leaves_out
    }
}

/// What counts of the file, as large and old as `metadata` says; what is written behind that meanwhile is for later.
pub(super) fn counted(file: &File, metadata: &Metadata) -> io::Result<Counted> {
    let size = metadata.len();
    let whole = Counted { bytes: size, leaves_out: false };
    if is_settled(metadata.modified()?, SystemTime::now()) {
        return Ok(whole);
    }
    let (mut end, mut block) = (size, Vec::new());
    // A row longer than any real one is refused for that, whole or not.
    while end > 0 && size - end <= ROW_BYTES_MAX as u64 {
        let start = end.saturating_sub(BLOCK);
        block.resize(usize::try_from(end - start).unwrap_or_default(), 0);
        file.read_exact_at(&mut block, start)?;
        if let Some(at) = block.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
            let bytes = start + at as u64 + 1;
            return Ok(Counted { bytes, leaves_out: bytes < size });
        }
        end = start;
    }
    Ok(if end == 0 && size > 0 { Counted { bytes: 0, leaves_out: true } } else { whole })
}

fn is_settled(modified: SystemTime, now: SystemTime) -> bool {
    let age = now.duration_since(modified).unwrap_or_else(|ahead| ahead.duration());
    age >= SETTLED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes of the text count, written just now and a minute from now or before.
    #[track_caller]
    fn taken(text: &[u8], fresh: u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, text).unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let (hour, size) = (Duration::from_secs(3600), text.len() as u64);
        // By an hour: a test that is slow must not find a minute gone by.
        for (at, bytes) in
            [(SystemTime::now(), fresh), (SystemTime::now() - hour, size), (SystemTime::now() + hour, size)]
        {
            file.set_modified(at).unwrap();
            let found = counted(&file, &file.metadata().unwrap()).unwrap();
            assert_eq!(found, Counted { bytes, leaves_out: bytes < size }, "{} bytes", text.len());
        }
    }

    #[test]
    fn a_last_line_counts_with_its_end_or_once_the_file_is_left_alone() {
        taken(b"", 0);
        taken(b"ts", 0);
        taken(b"ts\n1,50", 3);
        taken(b"ts\r1,50", 3);
        taken(b"ts\r\n1,500\n", 10);
        taken(&[b"ts\n".as_slice(), &[b'x'; 100_000]].concat(), 3);
    }

    #[test]
    fn a_minute_is_one_by_any_clock() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (modified, now, settled) in [(100, 160, true), (100, 159, false), (160, 100, true), (159, 100, false)] {
            assert_eq!(is_settled(at(modified), at(now)), settled, "written at {modified}, looked at {now}");
        }
    }
}
