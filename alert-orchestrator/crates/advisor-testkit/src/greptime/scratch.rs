//! Where do the databases' files lie, and who removes them after a process that was killed?
//!
//! Start at [`Scratch::new`]. A directory is removed when it is dropped; one whose owner was killed stays behind, up to
//! gigabytes after a measurement, and is removed by whoever starts next. Its lock file tells: the operating system
//! releases the lock of a dead process.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

const PREFIX: &str = "greptime-stand-in-";
const LOCK: &str = "owner.lock";

/// A directory of its own below the system's temporary one.
pub(crate) struct Scratch {
    directory: TempDir,
    // Held, not read: others may remove the directory once this is closed.
    _lock: File,
}

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        remove_abandoned(&std::env::temp_dir());
        let directory = TempDir::with_prefix(PREFIX)?;
        // Locked before it has the name others look for, so that nobody takes a new directory for an abandoned one.
        let unnamed = directory.path().join("new.lock");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        fs::rename(&unnamed, directory.path().join(LOCK))?;
        Ok(Self { directory, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Tidies up as far as it can: a directory that somebody else owns or removes at the same time is left alone.
fn remove_abandoned(temporary: &Path) {
    let entries = fs::read_dir(temporary).into_iter().flatten().flatten();
    for directory in entries.map(|entry| entry.path()) {
        let ours = directory.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(PREFIX));
        if !ours {
            continue;
        }
        if let Ok(lock) = File::open(directory.join(LOCK))
            && lock.try_lock().is_ok()
        {
            let _gone_already = fs::remove_dir_all(&directory);
        }
    }
}
