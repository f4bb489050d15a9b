//! How do a rule file's positions end? `exits`: numbers or `$param`, null to switch one off.

use rust_decimal::Decimal;

use super::reader::{Amount, Bounds, Reader};
use super::yaml::{Node, Value};
use crate::rules::{ExitsLayer, Target};

type Setting<T> = Option<Option<T>>;

/// What the file says, before the parameters are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Exits {
    stop_loss: Setting<Amount>,
    trailing_percent: Setting<Amount>,
    atr_multiple: Setting<Amount>,
    partial_targets: Setting<Vec<[Amount; 2]>>,
    cooldown_bars: Setting<Amount>,
    stop_guard: Setting<Amount>,
    size_stop: Option<Amount>,
}

pub(super) const KEYS: [&str; 7] =
    ["stop_loss", "trailing_percent", "atr_multiple", "partial_targets", "cooldown_bars", "stop_guard", "size_stop"];

impl Exits {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Self {
        let mut exits = Self::default();
        let Some(entries) = reader.mapping("exits", node, &KEYS) else { return exits };
        for entry in entries {
            let (name, node) = (format!("exits.{}", entry.key), &entry.node);
            let mut amount = |bounds| match node.value {
                Value::Null => Some(None),
                _ => reader.amount(&name, node, bounds).map(Some),
            };
            match entry.key.as_str() {
                "stop_loss" => exits.stop_loss = amount(Bounds::share(5, 200)),
                "trailing_percent" => exits.trailing_percent = amount(Bounds::share(1, 500)),
                "atr_multiple" => exits.atr_multiple = amount(Bounds::above_0(100)),
                "cooldown_bars" => exits.cooldown_bars = amount(Bounds::whole(0, 100_000)),
                "stop_guard" => exits.stop_guard = amount(Bounds::whole(1, 1000)),
                "size_stop" => exits.size_stop = reader.amount(&name, node, Bounds::share(1, 500)),
                _ => exits.partial_targets = read_targets(reader, node),
            }
        }
        exits
    }

    /// With the parameters' values.
    pub(super) fn layer(&self, values: &[Decimal]) -> ExitsLayer {
        let number = |setting: Setting<Amount>| setting.map(|amount| amount.map(|amount| amount.of(values)));
        let whole = |setting: Setting<Amount>| setting.map(|amount| amount.map(|amount| amount.whole(values)));
        let target =
            |[percent, target]: &[Amount; 2]| Target { percent: percent.of(values), target: target.of(values) };
        let targets = |targets: &Vec<[Amount; 2]>| targets.iter().map(target).collect();
        ExitsLayer {
            stop_loss: number(self.stop_loss),
            trailing_percent: number(self.trailing_percent),
            atr_multiple: number(self.atr_multiple),
            partial_targets: self.partial_targets.as_ref().map(|setting| setting.as_ref().map(targets)),
            cooldown_bars: whole(self.cooldown_bars).map(Option::unwrap_or_default),
            stop_guard: whole(self.stop_guard),
            size_stop: self.size_stop.map(|amount| amount.of(values)),
        }
    }
}

/// {percent, target} each, the nearest first.
fn read_targets(reader: &mut Reader<'_>, node: &Node) -> Setting<Vec<[Amount; 2]>> {
    let items = match &node.value {
        Value::Null => return Some(None),
        Value::List(items) => items,
        _ => {
            reader.fault(node.at.start, "exits.partial_targets must be null or a list of {percent, target}");
            return None;
        }
    };
    let mut targets: Vec<[Amount; 2]> = Vec::new();
    for item in items {
        let entries = reader.mapping("exits.partial_targets", item, &["percent", "target"])?;
        let mut read = |key: &str, bounds| {
            let Some(entry) = entries.iter().find(|entry| entry.key == key) else {
                reader.fault(item.at.start, &format!("exits.partial_targets needs {key}"));
                return None;
            };
            reader.amount(key, &entry.node, bounds)
        };
        let [percent, target] = [read("percent", Bounds::above_0(1)), read("target", Bounds::above_0(10))];
        let next = [percent?, target?];
        if let (Some([_, Amount::Number(before)]), Amount::Number(after)) = (targets.last(), next[1])
            && after <= *before
        {
            reader.fault(item.at.start, &format!("exits.partial_targets must rise, found {after} after {before}"));
        }
        targets.push(next);
    }
    Some(Some(targets))
}
