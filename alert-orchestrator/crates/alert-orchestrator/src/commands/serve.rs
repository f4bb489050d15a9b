//! No command and no `--once`: serve until told to stop.

use platform::process::Ended;

use crate::cli::Common;
use crate::settings::Settings;
use crate::{serve, start};

/// Serves until SIGTERM or SIGINT; the exit code is 0 then.
///
/// # Errors
/// Those of the configuration; the address cannot be listened on, or a password hash is of no use.
pub(crate) fn run(common: &Common, no_telemetry: bool) -> anyhow::Result<Ended> {
    let config = start::begin(common)?;
    let has_server = config.orchestrator.telemetry.enabled && !no_telemetry;
    let mut settings = Settings::of(config)?;
    settings.plan.draws = has_server || settings.config.orchestrator.diagnostics.enabled;
    serve::until_stopped(common, settings, has_server)?;
    Ok(Ended::Done)
}
