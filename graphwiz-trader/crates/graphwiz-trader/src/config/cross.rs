//! Do the keys fit each other, and does this version do what they ask? What the schema of single keys cannot say.
//!
//! Start at [`faults`]. Works on the file's tree, so that these faults are reported beside the others; whatever is not
//! of the right kind has been reported by the schema already and is passed over.

use std::collections::BTreeMap;

use platform::config::{Fault, Node, child};
use trading_core::instrument::InstrumentId;

use super::later::{NOT_YET, TRIGGERS};
use super::strategies::{DEFAULT, default_instruments};

/// Everything that does not fit together.
pub(super) fn faults(root: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    names(root, &mut faults);
    shares(root, &mut faults);
    currencies(root, &mut faults);
    losses(root, &mut faults);
    triggers(root, &mut faults);
    sizing(root, &mut faults);
    targets(root, &mut faults);
    instruments(root, &mut faults);
    not_yet(root, &mut faults);
    faults
}

fn strategies(root: &Node) -> &[Node] {
    root.at("strategies").map_or(&[], Node::items)
}

/// What the report of a portfolio is named after.
pub(crate) const PORTFOLIO: &str = "portfolio";

/// How long a name may be, in bytes: file systems take file names of 255.
const LONGEST_NAME: usize = 200;

/// A name as that of a file: runs of other characters than letters, digits and _ become one `-`.
pub(crate) fn file_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// What is wrong with the name of a strategy after which no report can be named: what it should be.
pub(crate) fn unfit_name(name: &str) -> Option<String> {
    let file = file_name(name);
    if file.is_empty() {
        Some("letters or digits in it: reports are named after it".to_owned())
    } else if name.len() > LONGEST_NAME {
        Some(format!("at most {LONGEST_NAME} bytes, not {}: reports are named after it", name.len()))
    } else if file.eq_ignore_ascii_case(PORTFOLIO) {
        Some("another name: the report of --portfolio has this one".to_owned())
    } else {
        None
    }
}

fn path(index: usize, key: &str) -> String {
    format!("strategies[{index}].{key}")
}

fn names(root: &Node, faults: &mut Vec<Fault>) {
    let mut firsts: BTreeMap<String, usize> = BTreeMap::new();
    for (index, strategy) in strategies(root).iter().enumerate() {
        let node = strategy.at("name");
        let Some(name) = node.map_or(Some(DEFAULT), Node::text) else { continue };
        let (line, shown) = node.map_or((strategy.line(), format!("{name:?}")), |node| (node.line(), node.shown()));
        let file = file_name(name).to_ascii_lowercase();
        let expected = match (unfit_name(name), firsts.get(&file)) {
            (Some(expected), _) => expected,
            (None, Some(first)) => format!(
                "a name that differs from that of strategies[{first}] in letters and digits: reports are named after it"
            ),
            (None, None) => {
                firsts.insert(file, index);
                continue;
            }
        };
        faults.push(Fault::new(line, path(index, "name"), format!("found {shown}, expected {expected}")));
    }
}

/// Keys of `instruments` are instruments, each is there once, and a strategy has each of its own once, however it is
/// written.
fn instruments(root: &Node, faults: &mut Vec<Fault>) {
    let mut known: BTreeMap<InstrumentId, &str> = BTreeMap::new();
    for entry in root.at("instruments").map_or(&[][..], Node::entries) {
        let path = child("instruments", entry.key());
        let message = match entry.key().parse::<InstrumentId>() {
            Err(_) => "found another name, expected an instrument as venue:BASE/QUOTE, for example binance:BTC/USDT"
                .to_owned(),
            Ok(id) => match known.insert(id, entry.key()) {
                // The same letters again are a key twice, which has been reported.
                Some(first) if first != entry.key() => format!("found {first} in other letters, expected it once"),
                _ => continue,
            },
        };
        faults.push(Fault::new(entry.line(), path, message));
    }
    for (index, strategy) in strategies(root).iter().enumerate() {
        let mut known: BTreeMap<InstrumentId, usize> = BTreeMap::new();
        for (at, node) in strategy.at("instruments").map_or(&[][..], Node::items).iter().enumerate() {
            let Some(id) = node.text().and_then(|text| text.parse().ok()) else { continue };
            let path = |at: usize| path(index, &format!("instruments[{at}]"));
            let first = *known.entry(id).or_insert(at);
            if first != at {
                let message = format!("found {} again, expected it once (first at {})", node.shown(), path(first));
                faults.push(Fault::new(node.line(), path(at), message));
            }
        }
    }
}

fn shares(root: &Node, faults: &mut Vec<Fault>) {
    let all = strategies(root);
    let equal = 1.0 / all.len().max(1) as f64;
    let given: Vec<_> = all.iter().filter_map(|strategy| strategy.at("capital_share").and_then(Node::number)).collect();
    let sum = given.iter().sum::<f64>() + equal * (all.len() - given.len()) as f64;
    if sum > 1.0 + 1e-9 {
        let message = format!("found {sum} in all, expected a sum of at most 1 (one left out is {equal})");
        let line = root.at("strategies").unwrap_or(root).line();
        faults.push(Fault::new(line, "strategies[].capital_share", message));
    }
}

/// All instruments have one quote: the account's currency.
fn currencies(root: &Node, faults: &mut Vec<Fault>) {
    let configured = root.at("trading.account_currency").and_then(Node::text).map(str::to_ascii_uppercase);
    let mut expected = configured;
    for (index, strategy) in strategies(root).iter().enumerate() {
        let listed = strategy.at("instruments").map(Node::items);
        let given = listed.unwrap_or_default().iter().enumerate().filter_map(|(at, node)| {
            let id: InstrumentId = node.text()?.parse().ok()?;
            Some((node.line(), format!("instruments[{at}]"), id))
        });
        let left_out = listed.is_none().then(|| default_instruments().into_iter());
        let left_out = left_out.into_iter().flatten().map(|id| (strategy.line(), "instruments".to_owned(), id));
        for (line, key, id) in given.chain(left_out) {
            let expected = expected.get_or_insert_with(|| id.quote().to_owned());
            if id.quote() != expected.as_str() {
                let message =
                    format!("found an instrument in {}, expected {expected}, the account's currency", id.quote());
                faults.push(Fault::new(line, path(index, &key), message));
            }
        }
    }
}

fn losses(root: &Node, faults: &mut Vec<Fault>) {
    let number =
        |key: &str, default| root.at(key).map_or(Some((None, default)), |node| Some((Some(node), node.number()?)));
    let (Some((of_daily, daily)), Some((of_drawdown, drawdown))) =
        (number("trading.max_daily_loss", 0.05), number("trading.max_drawdown", 0.15))
    else {
        return;
    };
    if daily >= drawdown {
        let message = format!("found {daily}, expected less than trading.max_drawdown, which is {drawdown}");
        let line = of_daily.or(of_drawdown).unwrap_or(root).line();
        faults.push(Fault::new(line, "trading.max_daily_loss", message));
    }
}

/// Each trigger has only the keys that its type looks at: another would do nothing, and nobody would know.
fn triggers(root: &Node, faults: &mut Vec<Fault>) {
    const KEYS: [(&str, &[&str]); 3] = [
        ("threshold", &["max_daily_loss", "max_drawdown"]),
        ("consecutive_errors", &["system_error"]),
        ("seconds", &["connection_lost"]),
    ];
    for (index, trigger) in root.at(TRIGGERS).map_or(&[][..], Node::items).iter().enumerate() {
        let of_type = |kind: &&str| KEYS.iter().any(|(_, kinds)| kinds.contains(kind));
        let Some(kind) = trigger.at("type").and_then(Node::text).filter(of_type) else { continue };
        for (key, kinds) in KEYS.iter().filter(|(_, kinds)| !kinds.contains(&kind)) {
            if let Some(node) = trigger.at(key).filter(|node| !node.is_null()) {
                let (shown, kinds) = (node.shown(), kinds.join(" or "));
                let message = format!("found {shown} for {kind}, expected it for {kinds} only; leave it out");
                faults.push(Fault::new(node.line(), format!("{TRIGGERS}[{index}].{key}"), message));
            }
        }
    }
}

fn sizing(root: &Node, faults: &mut Vec<Fault>) {
    let Some(method) = root.at("risk.sizing.method") else { return };
    let Some(text) = method.text() else { return };
    match text {
        "kelly" | "volatility_target" => {
            faults.push(Fault::new(
                method.line(),
                "risk.sizing.method",
                format!("found {}, {NOT_YET}", method.shown()),
            ));
        }
        "fixed_notional" | "fixed_risk" => {
            let key = format!("risk.sizing.{text}");
            if root.at(&key).is_none_or(Node::is_null) {
                faults.push(Fault::new(method.line(), key, format!("missing, expected the amount that {text} takes")));
            }
        }
        _ => {}
    }
}

/// Targets rise.
fn targets(root: &Node, faults: &mut Vec<Fault>) {
    let of_strategies = strategies(root).iter().enumerate().filter_map(|(index, strategy)| {
        Some((path(index, "exits.partial_targets"), strategy.at("exits.partial_targets")?))
    });
    let of_risk =
        root.at("risk.take_profit.partial_targets").map(|node| ("risk.take_profit.partial_targets".into(), node));
    for (path, list) in of_strategies.chain(of_risk) {
        let mut highest = 0.0;
        for (index, target) in list.items().iter().enumerate() {
            let Some((node, value)) = target.at("target").and_then(|node| Some((node, node.number()?))) else {
                continue;
            };
            if value <= highest {
                let message = format!("found {value}, expected more than the target before it, {highest}");
                faults.push(Fault::new(node.line(), format!("{path}[{index}].target"), message));
            }
            highest = highest.max(value);
        }
    }
}

/// Values of later versions that would change a backtest.
fn not_yet(root: &Node, faults: &mut Vec<Fault>) {
    for (key, value) in [("backtesting.fills", "trades"), ("backtesting.intrabar", "detail")] {
        if let Some(node) = root.at(key).filter(|node| node.text() == Some(value)) {
            faults.push(Fault::new(node.line(), key, format!("found {}, {NOT_YET}", node.shown())));
        }
    }
    for (index, strategy) in strategies(root).iter().enumerate() {
        if let Some(kind) = strategy.at("kind").filter(|kind| kind.text() == Some("agents")) {
            faults.push(Fault::new(kind.line(), path(index, "kind"), format!("found {}, {NOT_YET}", kind.shown())));
        }
    }
}
