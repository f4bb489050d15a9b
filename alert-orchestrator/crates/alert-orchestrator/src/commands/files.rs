//! The `files` command: which rows does the embedded store have from which file?

use std::io::{self, Write};

use advisor_io::embedded::{HeldFile, Holdings};
use platform::process::Ended;

use crate::cli::Common;
use crate::{start, store};

/// Runs `files`.
///
/// # Errors
/// Those of the configuration and the store; standard output cannot be written.
pub(crate) fn run(common: &Common) -> anyhow::Result<Ended> {
    let config = start::load_config(&common.flags.config)?;
    common.flags.start_log()?;
    let holdings = store::embedded(&config, "listing files")?.holdings()?;
    write(&mut io::stdout().lock(), &holdings)?;
    Ok(Ended::Done)
}

fn write(out: &mut impl Write, holdings: &Holdings) -> io::Result<()> {
    let Holdings { files, pulled, unknown } = holdings;
    for HeldFile { path, table, rows, is_there, .. } in files {
        let there = if *is_there { "there" } else { "gone" };
        writeln!(out, "{rows:>9} rows  {there:5}  {table}  {}", legible::full_path(path))?;
    }
    for (tables, from) in [(pulled, "written by the service, in no file"), (unknown, "of no known file")] {
        for (table, rows) in tables {
            writeln!(out, "{rows:>9} rows  -      {table}  {from}")?;
        }
    }
    if files.is_empty() && pulled.is_empty() && unknown.is_empty() {
        writeln!(out, "the store is empty")?;
    }
    Ok(())
}
