//! The charts of one round as files.

use tracing::error;

use crate::charts;
use crate::decisions::Plots;
use crate::evaluate::Evaluation;
use crate::settings::Settings;

/// Draws every asset of a round into the configured folder; returns the files by asset. A chart that cannot be drawn or
/// written is logged and left out: it stops neither the others nor the round. Blocks.
pub(crate) fn write_all(settings: &Settings, evaluation: &Evaluation) -> Plots {
    let orchestrator = &settings.config.orchestrator;
    let zone = orchestrator.timezone.rules();
    let mut plots = Plots::new();
    for drawing in &evaluation.drawings {
        match charts::write(&orchestrator.diagnostics.dir, drawing, zone) {
            Ok(path) => {
                plots.insert(drawing.asset.clone(), path.display().to_string());
            }
            Err(failure) => {
                let failure = anyhow::Error::from(failure);
                error!(asset = drawing.asset, "no chart: {failure:#}");
            }
        }
    }
    plots
}
