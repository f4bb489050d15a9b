//! Which exits take effect, of what a strategy, its kind or rule file, and `risk` say?

use trading_core::rules::{Exits, ExitsLayer, Stop};

use super::number::Number;
use super::strategies::targets_of;
use super::trading::Risk;

impl Risk {
    /// The exits of a strategy: its own, and what it leaves out.
    #[must_use]
    pub fn exits(&self, own: ExitsLayer) -> Exits {
        let (stop, profit) = (&self.stop_loss, &self.take_profit);
        let kept = |number: Option<Number>| Some(number.filter(|_| stop.enabled).map(|Number(number)| number));
        let targets = profit.partial_targets.as_deref().filter(|_| profit.enabled).map(targets_of);
        let layer = ExitsLayer {
            stop_loss: kept(Some(stop.default_percent)),
            trailing_percent: kept(stop.trailing_percent),
            atr_multiple: kept(stop.atr_multiple),
            partial_targets: Some(targets),
            cooldown_bars: Some(self.cooldown_bars),
            stop_guard: Some(self.stop_guard),
            size_stop: Some(self.size_stop.0),
        };
        own.over(layer).resolve(profit.default_percent.0)
    }
}

/// What is wrong with exits of which the first target lies within the stop; `None` where it does not.
pub(crate) fn target_within_stop(exits: &Exits) -> Option<String> {
    match (exits.stop, exits.targets.first()) {
        (Stop::Percent(stop), Some(first)) if first.target <= stop => Some(format!(
            "found a target of {}, expected more than the stop, which is {stop}; `partial_targets: null` leaves targets \
             out",
            first.target
        )),
        _ => None,
    }
}
