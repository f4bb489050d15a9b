//! CSV files into the store, each whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use advisor_core::resolve::TablePrefixes;
use rusqlite::{Connection, TransactionBehavior};

use super::files::{self, Stat};
use super::folders::{Found, file_at, files_of, identity, left_out, path_error};
use super::held;
use super::merge::{self, Owner, Present};
use super::names::{self, Content, Target};
use super::report::{FileReport, ImportError, ImportReport, Progress, Refusal, Refused};
use super::source::Source;
use super::stage::{self, StageError, Staged};
use super::store::Embedded;
use super::tail::{self, Counted};

/// What an import that somebody asked for can be told.
pub struct ImportOptions<'a> {
    /// Goes before the names of the tables that are written: `test_` in test mode, else nothing.
    pub table_prefix: &'a str,
    /// Hears how far the reading is, many times a file.
    pub progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Embedded {
    /// Reads a CSV file, or all files of a folder that are named after a table (sub-folders are not looked into).
    ///
    /// A file is taken whole or not at all, in one transaction; the others of a folder do not depend on it. Reading a
    /// file again changes nothing; reading a changed one makes the store what it would be had the earlier version never
    /// been: rows that only the earlier version had are removed. A file is known by its path and table.
    ///
    /// The columns are those of the GreptimeDB tables: `ts`, `wallet_address`, and of positions `usd_value` (or
    /// `value_usd`), `underlying_units`, `price_usd`, `market_id?`, `market_name?`; of flows `amount`, `memo?` (or
    /// `notes`), `tx_hash?`. Others are not kept. Times are RFC 3339 with an offset, or whole seconds or milliseconds since
    /// the epoch, told apart by magnitude; from 2021 on, and also after now. Addresses and hashes are told apart by their
    /// letters, whatever the case, hashes without `0x`. A last line without line end counts once the file is a minute old.
    ///
    /// A position line that is unusable is left out and reported; of lines equal in wallet and time the last counts. A
    /// file of deposits or withdrawals with one unusable line is refused: leaving a flow out would turn principal into
    /// gain. Equal flows of one file are as many flows; a flow that two files have is one.
    ///
    /// Blocks for as long as it takes: call it from a thread that may block.
    ///
    /// # Errors
    /// [`ImportError`] where the import as a whole cannot go on. Files that were read before it stay imported.
    pub fn import(
        &self,
        path: &Path,
        prefixes: &TablePrefixes,
        options: ImportOptions<'_>,
    ) -> Result<ImportReport, ImportError> {
        let ImportOptions { table_prefix, progress } = options;
        let is_folder = fs::metadata(path).map_err(|source| path_error(path, source))?.is_dir();
        let find = if is_folder { files_of } else { file_at };
        let Found { mut files, unnamed, below } = find(path, prefixes)?;
        if files.is_empty() {
            let (folder, expected) = (path.into(), names::expected(prefixes));
            return Err(ImportError::Nothing { folder, expected, left_out: unnamed });
        }
        for (target, _) in &mut files {
            target.table.insert_str(0, table_prefix);
        }
        let mut import = Import::start(self, path, Again::Always, progress)?;
        import.name_as_stored(&mut files)?;
        import.report = ImportReport { found: found(&files), unnamed, below, ..ImportReport::default() };
        import.all(&files)?;
        Ok(import.report)
    }

    /// Reads those files of the folders that were never read or have changed since: the automatic import at a start.
    ///
    /// As [`Embedded::import`], and in addition: a file that is refused blocks its table, so that no decision rests on
    /// flows that miss the newest; until the file can be read or is gone, reading the table gives
    /// [`InvalidData`](advisor_core::store::StoreError::InvalidData) with the reason. A file counts as unchanged while
    /// its size and time are the same, or its SHA-256.
    ///
    /// # Errors
    /// As [`Embedded::import`]; a folder that does not exist is one, an empty folder is none.
    pub fn import_changed(
        &self,
        folders: &[PathBuf],
        prefixes: &TablePrefixes,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<ImportReport, ImportError> {
        let _one_at_a_time = self.shared.importing.lock().unwrap_or_else(PoisonError::into_inner);
        let Found { mut files, mut unnamed, mut below } = Found::default();
        for folder in folders {
            let found = files_of(folder, prefixes)?;
            files.extend(found.files);
            unnamed.extend(found.unnamed);
            below.extend(found.below);
        }
        // A folder of a folder may be one of them, too.
        below.retain(|path| !path.parent().is_some_and(|parent| folders.iter().any(|folder| folder == parent)));
        files.sort_unstable();
        files.dedup();
        *self.shared.left_out.lock().unwrap_or_else(PoisonError::into_inner) = left_out(&unnamed, &below, folders);
        let mut import = Import::start(self, self.path(), Again::IfChanged, progress)?;
        import.name_as_stored(&mut files)?;
        import.report = ImportReport { found: found(&files), unnamed, below, ..ImportReport::default() };
        import.all(&files)?;
        // Where a file has dropped positions, another of the same table may still have them; of several the last counts.
        let affected =
            |(target, path): &&(Target, PathBuf)| import.dropped_rows(&target.table) && !import.refused(path);
        let again: Vec<_> = files.iter().rev().filter(affected).cloned().collect();
        import.all(&again)?;
        let untouched = |(_, path): &&(Target, PathBuf)| !import.imported(path) && !import.refused(path);
        import.report.unchanged = files.iter().filter(untouched).count();
        let failed = |source| import.store_error(self.path(), source);
        files::accept_missing(&import.connection).map_err(failed)?;
        let mut gone = held::gone(&import.connection).map_err(failed)?;
        let folders: Vec<PathBuf> = folders.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        gone.retain(|(path, _)| path.parent().is_some_and(|parent| folders.iter().any(|folder| folder == parent)));
        import.report.gone = gone;
        Ok(import.report)
    }
}

/// Whether a file that was imported before is merged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Always,
    IfChanged,
}

/// The import of one or more files, on a connection with temporary tables of its own.
struct Import<'a> {
    store: &'a Path,
    connection: Connection,
    again: Again,
    progress: &'a mut dyn FnMut(Progress<'_>),
    report: ImportReport,
}

impl<'a> Import<'a> {
    fn start(
        store: &'a Embedded,
        path: &Path,
        again: Again,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, ImportError> {
        let (store, file) = (store.path(), &store.shared.file);
        let connect = || {
            let connection = file.connect()?;
            stage::create_tables(&connection)?;
            Ok(connection)
        };
        let failed = |source| ImportError::Store { path: path.into(), store: store.into(), source };
        let connection = connect().map_err(failed)?;
        Ok(Self { store, connection, again, progress, report: ImportReport::default() })
    }

    /// Files go into the tables that there are, whatever the case of either: half of the rows beside them would be missed.
    fn name_as_stored(&self, files: &mut [(Target, PathBuf)]) -> Result<(), ImportError> {
        for (target, path) in files {
            let stored = files::stored_name(&self.connection, &target.table);
            target.table = stored.map_err(|source| self.store_error(path, source))?;
        }
        Ok(())
    }

    fn all(&mut self, files: &[(Target, PathBuf)]) -> Result<(), ImportError> {
        for (target, path) in files {
            let identity = identity(path)?;
            match self.one(target, path, &identity) {
                Ok(Some(report)) => self.report.imported.push(report),
                Ok(None) => {}
                Err(StageError::Store(source)) => return Err(self.store_error(path, source)),
                Err(StageError::File(cause)) => {
                    self.refuse(target, &identity, &cause).map_err(|source| self.store_error(path, source))?;
                    let refused = Refused { path: path.clone(), table: target.table.clone(), cause };
                    self.report.refused.push(refused);
                }
            }
        }
        Ok(())
    }

    /// Imports a file; `None` if that was not necessary.
    fn one(&mut self, target: &Target, path: &Path, identity: &str) -> Result<Option<FileReport>, StageError> {
        let Opened { file, stat, counted } = open(path).map_err(Refusal::Read)?;
        let known = files::known(&self.connection, &target.table, identity)?;
        if self.again == Again::IfChanged && known.is_some_and(|known| known.has_stat(stat)) {
            files::accept(&self.connection, &target.table, identity)?;
            return Ok(None);
        }
        let progress = Progress { path, bytes_done: 0, bytes_total: counted.bytes };
        let limit = if counted.is_nothing() { u64::MAX } else { counted.bytes };
        let mut source = Source::new(file.take(limit), progress, self.progress);
        let staged = match stage::stage(&mut self.connection, &mut source, target.content) {
            Ok(_) | Err(StageError::File(_)) if counted.is_nothing() && source.is_text() => {
                return Err(Refusal::Unfinished.into());
            }
            staged => staged?,
        };
        if counted.leaves_out && !self.report.unfinished.iter().any(|(file, _)| file == path) {
            self.report.unfinished.push((path.into(), staged.next_line));
        }
        let sha256 = source.finish();
        self.merge(target, path, identity, (stat, sha256), staged)
    }

    fn merge(
        &mut self,
        target: &Target,
        path: &Path,
        identity: &str,
        (stat, sha256): (Stat, [u8; 32]),
        staged: Staged,
    ) -> Result<Option<FileReport>, StageError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Looked up under the lock: another process may have imported the very file meanwhile.
        let known = files::known(&tx, &target.table, identity)?.filter(|known| known.has_content(&sha256));
        let known = known.filter(|_| self.again == Again::IfChanged);
        let table = files::table(&tx, &target.table, target.content.kind())?.ok_or_else(|| other_kind(target))?;
        let owner = Owner { table, file: files::remember(&tx, table, identity, stat, &sha256)? };
        files::accept(&tx, &target.table, identity)?;
        let mut report = FileReport {
            path: path.into(),
            table: target.table.clone(),
            rows: staged.rows,
            repeated: staged.repeated,
            contradicted: staged.contradicted,
            ..FileReport::default()
        };
        let is_whole = known.as_ref().is_some_and(|known| !known.may_lack_rows());
        match target.content {
            _ if is_whole => {}
            Content::Positions => {
                let present = if known.is_some() { Present::Kept } else { Present::Replaced };
                merge::positions(&tx, owner, &staged, present, &mut report)?;
            }
            Content::Deposits | Content::Withdrawals => merge::flows(&tx, owner, &staged, &mut report)?,
        }
        report.rejected = staged.rejected;
        tx.commit()?;
        Ok((!is_whole).then_some(report))
    }

    /// In the automatic import a refused file blocks its table. Otherwise somebody reads the report.
    fn refuse(&mut self, target: &Target, identity: &str, cause: &Refusal) -> rusqlite::Result<()> {
        if self.again == Again::Always {
            return Ok(());
        }
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        files::table(&tx, &target.table, target.content.kind())?;
        files::refuse(&tx, &target.table, identity, &cause.to_string())?;
        tx.commit()
    }

    fn dropped_rows(&self, table: &str) -> bool {
        self.report.imported.iter().any(|report| report.table == table && report.removed > 0)
    }

    fn imported(&self, path: &Path) -> bool {
        self.report.imported.iter().any(|report| report.path == path)
    }

    fn refused(&self, path: &Path) -> bool {
        self.report.refused.iter().any(|refused| refused.path == path)
    }

    fn store_error(&self, path: &Path, source: rusqlite::Error) -> ImportError {
        ImportError::Store { path: path.into(), store: self.store.into(), source: source.into() }
    }
}

fn found(files: &[(Target, PathBuf)]) -> Vec<(PathBuf, String)> {
    files.iter().map(|(target, path)| (path.clone(), target.asset.clone())).collect()
}

fn other_kind(target: &Target) -> Refusal {
    let content = files::kind_name(target.content.kind());
    Refusal::OtherKind { table: target.table.clone(), content }
}

/// A file that is about to be read.
struct Opened {
    file: File,
    stat: Stat,
    counted: Counted,
}

fn open(path: &Path) -> io::Result<Opened> {
    // Asked before it is opened: opening a pipe waits for a writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let counted = tail::counted(&file, &metadata)?;
    let stat = Stat::of(&metadata);
    // What is left out is to be looked at again, even if nobody writes to the file any more.
    let stat = if counted.leaves_out { stat.unsettled() } else { stat };
    Ok(Opened { file, stat, counted })
}
