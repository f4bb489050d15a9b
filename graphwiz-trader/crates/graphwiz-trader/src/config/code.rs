//! Is the code of each strategy there, and do its parameters and exits go with it? What only the kinds of the program
//! and the rule files can say.
//!
//! Start at [`faults`]. Works on the file's tree, as `cross` does: what is not of the right kind has been reported
//! already.

use std::collections::BTreeMap;
use std::path::Path;

use platform::config::{Fault, Node};
use trading_core::rules::ExitsLayer;
use trading_core::time::Timeframe;

use super::exits::target_within_stop;
use super::number::Number;
use super::strategies::{DEFAULT, Exits, default_timeframe};
use super::trading::Risk;
use crate::kinds::Registry;
use crate::ready::{Code, Misfit, RULES};

/// Of which strategies the rule files are read: a fault of one that nobody asked for stops nobody.
#[derive(Debug, Clone, Copy)]
pub enum RuleFiles<'a> {
    /// Of all.
    All,
    /// Of those with these names.
    Of(&'a [String]),
}

impl RuleFiles<'_> {
    /// Whether that of the strategy of this name is.
    fn has(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(names) => names.iter().any(|of| of == name),
        }
    }
}

/// Everything that does not go together; rule files are relative to `folder`.
pub(super) fn faults(root: &Node, of: (&Registry, RuleFiles<'_>), folder: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    let risk = root.at("risk").map_or_else(|| Some(Risk::default()), Node::read);
    let of_risk = risk.as_ref().and_then(|risk| target_within_stop(&risk.exits(ExitsLayer::default())));
    if let Some(message) = &of_risk {
        faults.push(Fault::new(root.at("risk").unwrap_or(root).line(), "risk.take_profit", message));
    }
    for (index, strategy) in root.at("strategies").map_or(&[][..], Node::items).iter().enumerate() {
        let path = |key: &str| format!("strategies[{index}].{key}");
        match code(strategy, of, folder) {
            None => {}
            Some(Ok(code)) => {
                let exits: Option<Exits> = strategy.at("exits").map_or_else(|| Some(Exits::default()), Node::read);
                let resolved = risk.as_ref().zip(exits).map(|(risk, own)| risk.exits(own.layer().over(code.exits())));
                // What it has from `risk` has been said once.
                let message = resolved.as_ref().and_then(target_within_stop).filter(|_| of_risk.is_none());
                if let Some(message) = message {
                    let line = strategy.at("exits").unwrap_or(strategy).line();
                    faults.push(Fault::new(line, path("exits"), message));
                }
            }
            Some(Err(misfits)) => faults.extend(misfits.into_iter().map(|Misfit { key, text }| {
                let node = strategy.at(&key).or_else(|| strategy.at("params"));
                Fault::new(node.unwrap_or(strategy).line(), path(&key), text)
            })),
        }
    }
    faults
}

/// The code of a strategy, or what is wrong with it; `None` where it is in a rule file that is not to be read, or where
/// it has been reported that the strategy says nothing of it.
fn code<'a>(
    strategy: &Node,
    (registry, rule_files): (&'a Registry, RuleFiles<'_>),
    folder: &Path,
) -> Option<Result<Code<'a>, Vec<Misfit>>> {
    let kind = strategy.at("kind").map_or(Some(DEFAULT), Node::text).filter(|kind| *kind != "agents")?;
    let file = match strategy.at("file").filter(|node| !node.is_null()) {
        Some(node) => Some(folder.join(node.text()?)),
        None => None,
    };
    if kind == RULES && file.is_some() && !rule_files.has(strategy.at("name").map_or(Some(DEFAULT), Node::text)?) {
        return None;
    }
    let mut params = BTreeMap::new();
    for entry in strategy.at("params").map_or(&[][..], Node::entries) {
        params.insert(entry.key().to_owned(), entry.node().read::<Number>()?);
    }
    let timeframe = strategy.at("timeframe").map_or_else(|| Some(default_timeframe()), Node::read::<Timeframe>)?;
    Some(Code::find(registry, (kind, file.as_deref()), &params, timeframe))
}
