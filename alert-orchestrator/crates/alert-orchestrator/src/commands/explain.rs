//! The `explain` command: one evaluation of one asset, in sentences and with every step.

use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::bail;
use platform::process::{self, Ended, Usage};

use crate::cli::{Common, ExplainArgs};
use crate::evaluate::Plan;
use crate::explain::{self, Explanation, Wallets};
use crate::round::{self, Finished};
use crate::settings::Settings;
use crate::start;

/// Runs `explain`; ends with faults where the asset is in error.
///
/// # Errors
/// Those of the configuration; an asset that is not in it, or a wallet without figures; standard output cannot be
/// written.
pub(crate) fn run(common: &Common, ExplainArgs { asset, wallet, all, json }: ExplainArgs) -> anyhow::Result<Ended> {
    let settings = Arc::new(Settings::of(start::begin(common)?)?);
    let plan = &settings.plan;
    let client = &settings.config.client;
    let known = client.asset(&asset);
    let Some(wanted) = plan.assets.iter().find(|of| Some(of.asset.as_str()) == known).cloned() else {
        let (asset, assets) = (legible::quoted(&asset), client.assets.join(", "));
        bail!(Usage(format!("asset {asset} is not configured; client.assets has: {assets}")));
    };
    let rules = wanted.rules.clone();
    let plan = Plan { assets: vec![wanted], ..plan.clone() };
    // Of a server a process knows only what it has pulled itself; the file says how far its flows are known.
    let write_prefix = settings.config.client.greptime.as_ref().map(|_| common.write_prefix());
    let (_, Finished { evaluation, .. }) =
        process::runtime()?.block_on(round::open_and_run(&settings, &plan, write_prefix));
    let ended = if evaluation.has_errors() { Ended::WithFaults } else { Ended::Done };
    for advice in &evaluation.advice {
        // An asset without wallets has a reason for it, which is more to the point than a wallet that is not there.
        let wallet = wallet.as_deref().filter(|_| !advice.wallets.is_empty());
        let only = wallet.map(|written| explain::find_wallet(advice, written)).transpose().map_err(Usage)?;
        let wallets = match &only {
            Some(only) => Wallets::One(only),
            None if all => Wallets::All,
            None => Wallets::Most,
        };
        let explanation = Explanation { advice, rules: &rules, is_past: plan.end.is_some(), wallets };
        if json {
            process::print_json(&explanation.explained())?;
        } else {
            io::stdout().lock().write_all(explanation.text().as_bytes())?;
        }
    }
    Ok(ended)
}
