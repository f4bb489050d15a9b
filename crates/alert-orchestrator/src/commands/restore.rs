//! The `restore` command: puts back what a backup holds; `check` has the last word.

use std::io;

use platform::process::Ended;

use super::check;
use crate::backup::manifest::Program;
use crate::backup::place::Placed;
use crate::backup::restore::{put_back, way_back};
use crate::cli::{Common, RestoreArgs};
use crate::console::say;

/// Runs `restore`; ends with faults where `check` finds fault with what was restored.
///
/// # Errors
/// The backup is of no use or of none here, somebody uses the store, or a file cannot be written; nothing has changed
/// then.
pub(crate) fn run(common: &Common, RestoreArgs { file }: RestoreArgs) -> anyhow::Result<Ended> {
    let (placed, manifest) = put_back(&common.flags.config, &file)?;
    let mut done = String::new();
    for Placed { path, kept } in &placed {
        done += &format!("restored: {}\n", path.display());
        done.extend(kept.iter().map(|(_, kept)| format!("kept: {}\n", kept.display())));
    }
    say(io::stdout(), &done);
    let mut found = Vec::new();
    let verdict = check::report(common, &mut found);
    say(io::stdout(), &String::from_utf8_lossy(&found));
    let fault = match verdict {
        Ok(Ended::Done) => {
            let Program { version, .. } = &manifest.program;
            let at = manifest.created_at;
            say(io::stdout(), &format!("the backup that alert-orchestrator {version} made at {at:.0} is in place\n"));
            return Ok(Ended::Done);
        }
        Ok(_) => "see above".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    let mut failed = format!(
        "alert-orchestrator: {} was restored, but check found fault with it: {fault}\n\
         to go back, with the service stopped:\n",
        file.display()
    );
    failed.extend(way_back(&placed).map(|command| format!("  {command}\n")));
    say(io::stderr(), &failed);
    Ok(Ended::WithFaults)
}
