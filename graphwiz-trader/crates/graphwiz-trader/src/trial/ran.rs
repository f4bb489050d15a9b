//! What was run: a strategy with its parameters and exits as they took effect, and where these come from.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use trading_core::exact;
use trading_core::report::{ExitTold, Origin, StrategyTold};
use trading_core::rules::{Exits, ExitsLayer, Stop, StrategyRules, Target};

use crate::ready::Ready;

/// Tells of a strategy that ran by these rules.
pub(super) fn strategy(ready: &Ready<'_>, rules: &StrategyRules) -> StrategyTold {
    let own = ready.strategy;
    StrategyTold {
        name: own.name.clone(),
        kind: own.kind.clone(),
        instruments: own.instruments.iter().map(ToString::to_string).collect(),
        timeframe: own.timeframe,
        params: ready.parameters().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        capital_share: exact::to_f64(&rules.capital_share),
        exits: exits(ready, &rules.exits),
        rules: ready.rule_text().map(ToOwned::to_owned),
    }
}

/// The exits that took effect, each with its origin.
fn exits(ready: &Ready<'_>, exits: &Exits) -> BTreeMap<&'static str, ExitTold> {
    let code = if ready.rule_text().is_some() { Origin::RuleFile } else { Origin::Kind };
    let layers = [(ready.strategy.exits.layer(), Origin::Strategy), (ready.exits(), code)];
    let from = |says: fn(&ExitsLayer) -> bool| {
        layers.iter().find(|(layer, _)| says(layer)).map_or(Origin::Risk, |(_, origin)| *origin)
    };
    let told = |value: Option<String>, says| ExitTold { value, from: from(says) };
    let shown = |share: Decimal| share.normalize().to_string();
    let (stop, says_stop): (_, fn(&ExitsLayer) -> bool) = match exits.stop {
        Stop::Atr(multiple) => (("atr_multiple", Some(shown(multiple))), |layer| layer.atr_multiple.is_some()),
        Stop::Percent(share) => (("stop_loss", Some(shown(share))), |layer| layer.stop_loss.is_some()),
        Stop::None => (("stop_loss", None), |layer| layer.stop_loss.is_some()),
    };
    let mut all = BTreeMap::from([
        (stop.0, told(stop.1, says_stop)),
        ("trailing_percent", told(exits.trailing.map(shown), |layer| layer.trailing_percent.is_some())),
        ("partial_targets", told(targets(&exits.targets), |layer| layer.partial_targets.is_some())),
        ("cooldown_bars", told(Some(exits.cooldown_bars.to_string()), |layer| layer.cooldown_bars.is_some())),
        ("stop_guard", told(exits.stop_guard.map(|most| most.to_string()), |layer| layer.stop_guard.is_some())),
    ]);
    // With a stop it has no effect.
    if exits.stop == Stop::None {
        all.insert("size_stop", told(Some(shown(exits.size_stop)), |layer| layer.size_stop.is_some()));
    }
    all
}

fn targets(targets: &[Target]) -> Option<String> {
    let one = |Target { percent, target }: &Target| format!("{} at +{}", percent.normalize(), target.normalize());
    (!targets.is_empty()).then(|| targets.iter().map(one).collect::<Vec<_>>().join(", "))
}
