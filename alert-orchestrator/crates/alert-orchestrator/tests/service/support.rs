//! Where the real binary runs, and by which configuration.

use std::path::{Path, PathBuf};

use testkit::folder::Folder;

/// A working directory that looks like a fresh clone: the shipped configurations and examples, and nothing else.
pub(crate) fn checkout() -> Folder {
    let folder = Folder::new(env!("CARGO_BIN_EXE_alert-orchestrator"));
    for part in ["config", "examples/liqwid"] {
        folder.copy(&repository().join(part), part);
    }
    folder.copy(&repository().join("alert-orchestrator/deploy/config"), "deploy/config");
    folder
}

/// What the shipped configuration decides by, with a store of choice.
pub(crate) fn configuration(store: &str) -> String {
    format!(
        "client:\n  {store}\n  assets: [usdc, djed, iusd, usdt, usdm]\n  date_range: {{end: 2026-01-29T00:00:00Z}}\n\
         orchestrator:\n  decision_gate:\n    lookback_hours: 720\n    min_residual_bps: 10\n    \
         peg: {{target_usd: 1.0, max_deviation_bps: 100}}\n"
    )
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}
