//! What the result rests on: costs, assumptions, hashes, and how to have it again.

use trading_core::report::Report;

use super::notes::Notes;
use super::text::{self, escaped};

/// What fills cost, and what was assumed of them.
pub(super) fn costs(report: &Report, notes: &Notes<'_>) -> String {
    let initial = report.account.initial.parse::<f64>().ok().filter(|initial| initial.is_finite() && *initial > 0.0);
    let of_capital = initial.map_or_else(String::new, |initial| {
        let share = report.metrics.fees.to_f64() / initial;
        let lasting = report.metrics.total_return + share;
        format!(
            ", {} of the starting capital. The same fills without fees would have brought about {}",
            text::percent(share),
            text::signed_percent(lasting)
        )
    });
    let fills: usize = report.traded.orders().map(|order| order.fills.len()).sum();
    let assumptions: String =
        notes.assumptions.iter().map(|sentence| format!("<li>{}</li>", escaped(sentence))).collect();
    let assumed =
        if assumptions.is_empty() { String::new() } else { format!("<h3>What was assumed</h3><ul>{assumptions}</ul>") };
    format!(
        "<section class=card aria-labelledby=costs><h2 id=costs>Costs and assumptions</h2>\
         <p>Fees of {} {} in {}{of_capital}.</p>{assumed}</section>\n",
        text::amount(&report.metrics.fees.to_string()),
        escaped(&report.account.currency),
        text::counted(fills, "fill", "fills")
    )
}

/// What proves the result.
pub(super) fn proof(report: &Report, notes: &Notes<'_>) -> String {
    let rows = [
        ("Fingerprint", &report.fingerprint, "of the four below: the same for every run of the same program"),
        ("Result", &report.result_hash, "of all orders, fills and values"),
        ("Configuration", &report.config_hash, "of all settings that take effect"),
        ("Data", &report.data_hash, "of the bars that were read"),
        ("Seed", &report.seed.to_string(), "of what is random"),
    ];
    let rows: String = rows
        .iter()
        .map(|(name, hash, of)| {
            format!("<div><dt>{name}</dt><dd><code>{}</code> <span class=muted>{of}</span></dd></div>", escaped(hash))
        })
        .collect();
    format!(
        "<section class=card aria-labelledby=proof><h2 id=proof>How to have it again</h2>\
         <p>With the same configuration and data this command gives the same fingerprint:</p><pre tabindex=0>{}</pre>\
         <dl class=hashes>{rows}</dl>\
         <p class=muted>Made by {}. What a backtest has earned says little of what will be earned.</p>\
         </section>\n",
        escaped(notes.command),
        escaped(notes.program)
    )
}
