//! The embedded store: one SQLite file that CSV files are imported into.
//!
//! Start at [`Embedded::open`]. [`Embedded::import`] and [`Embedded::import_changed`] bring files in (the rules are in
//! [`import`](Embedded::import)'s text); reading goes through [`Store`](advisor_core::store::Store), changing flows
//! through [`Ledger`](advisor_core::ledger::Ledger) and the journal of decisions through
//! [`Journal`](advisor_core::journal::Journal). Of a store that may be in use, [`snapshot`] makes a copy.
//!
//! The logical tables have the names they would have in GreptimeDB (`liqwid_deposits_djed`); all of them live in one
//! `positions` and one `flows` table, positions clustered by table, wallet and time, so that a window of a wallet is
//! one run of pages. No name, address or memo ever becomes part of a statement.

mod access;
mod alone;
mod coverage;
mod csv_rows;
mod files;
mod folders;
mod held;
mod import;
mod instant;
mod journal;
mod ledger;
mod line_ends;
mod merge;
mod misnamed;
mod names;
mod read;
mod report;
pub mod snapshot;
mod source;
mod stage;
mod store;
mod stray;
mod tables;
mod tail;

pub use advisor_core::resolve::TablePrefixes;
pub use file_store::{Alone, CopyError, FileStoreError as EmbeddedError};
pub use folders::BELOW;
pub use held::{HeldFile, Holdings};
pub use import::ImportOptions;
pub use misnamed::Misnamed;
pub use report::{FileReport, ImportError, ImportReport, Progress, Refusal, Refused, RejectedLine, RejectedLines};
pub use store::Embedded;
