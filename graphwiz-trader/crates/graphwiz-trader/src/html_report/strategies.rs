//! What was run: each strategy with its parameters, its exits and where these come from, and the text of its rules.

use trading_core::report::{ExitTold, Origin, Report, StrategyTold};

use super::returns::scrolled;
use super::text::{self, escaped};

/// The section.
pub(super) fn section(report: &Report) -> String {
    let strategies: String =
        report.strategies.iter().map(|strategy| one(strategy, report.strategies.len() > 1)).collect();
    format!("<section class=card aria-labelledby=run><h2 id=run>What was run</h2>{strategies}</section>\n")
}

/// Its kind and its parameters, in a line.
pub(super) fn in_short(strategy: &StrategyTold) -> String {
    let params: String = strategy.params.iter().map(|(name, value)| format!(", {name} {value}")).collect();
    escaped(&format!("{}{params}", strategy.kind))
}

fn one(strategy: &StrategyTold, is_one_of_several: bool) -> String {
    let share = text::percent(strategy.capital_share);
    let sized = if is_one_of_several { format!(", on {share} of the account") } else { String::new() };
    let rows: String = strategy.exits.iter().map(|(key, exit)| row(key, exit)).collect();
    let head = "<thead><tr><th scope=col>Exit</th><th scope=col>Value</th><th scope=col>From</th></tr></thead>";
    let rules = strategy.rules.as_ref().map_or_else(String::new, |text| {
        format!("<details><summary>Its rule file</summary><pre tabindex=0>{}</pre></details>", escaped(text))
    });
    format!(
        "<h3>{}</h3><p>{} on {}, bars of {}{sized}.</p>{}{rules}",
        escaped(&strategy.name),
        in_short(strategy),
        escaped(&strategy.instruments.join(", ")),
        strategy.timeframe,
        scrolled(&format!("Table of exits of {}", escaped(&strategy.name)), head, &rows)
    )
}

fn row(key: &str, exit: &ExitTold) -> String {
    let value = exit.value.as_deref().map_or_else(|| "none".to_owned(), escaped);
    format!("<tr><th scope=row><code>{key}</code></th><td>{value}</td><td>{}</td></tr>", origin(exit.from))
}

fn origin(from: Origin) -> &'static str {
    match from {
        Origin::Strategy => "the strategy in the configuration",
        Origin::RuleFile => "its rule file",
        Origin::Kind => "what ships with its kind",
        Origin::Risk => "<code>risk</code>, for all strategies",
    }
}
