//! What happened, one by one: trips, why they ended, and entries that were refused.

use std::collections::BTreeMap;

use trading_core::engine::record::Rule;
use trading_core::exact::Amount;
use trading_core::report::{RefusalTold, Report, Trade};

use super::returns::{scrolled, tone};
use super::text::{self, escaped};
use super::trades::{self, Fills};

/// Up to so many trips stand in one open table.
const FEW_TRIPS: usize = 12;
/// So many of the worst are shown first.
const WORST: usize = 10;
/// No more than so many are on the page.
const MOST_TRIPS: usize = 500;

/// The section of trips.
pub(super) fn trips(report: &Report) -> String {
    let table = TripTable::of(report);
    let count = report.traded.trades().len();
    let all = text::counted(count, "trip", "trips");
    let body = match count {
        0 => "<p>No trip was finished.</p>".to_owned(),
        1..=FEW_TRIPS => table.of_trades("All trips", report.traded.trades()),
        n => {
            let gains: Vec<f64> = report.traded.trades().map(|trade| trades::gain(&trade).0).collect();
            let first = |most: usize, by: fn(f64) -> f64| {
                let mut places: Vec<usize> = (0..n).collect();
                places.sort_by(|a, b| by(gains[*a]).total_cmp(&by(gains[*b])));
                places.truncate(most);
                places
            };
            let (mut shown, summary) = if n <= MOST_TRIPS {
                ((0..n).collect(), format!("All {all}, by time"))
            } else {
                let summary = format!("The {MOST_TRIPS} trips that gained or lost most, by time");
                (first(MOST_TRIPS, |gain| -gain.abs()), summary)
            };
            shown.sort_unstable();
            let told = |places: Vec<usize>| places.into_iter().map(|place| report.traded.trade(place));
            format!(
                "<h3>The {WORST} worst</h3>{}<details><summary>{summary}</summary>{}</details>{}",
                table.of_trades("The worst trips", told(first(WORST, |gain| gain))),
                table.of_trades("Trips by time", told(shown)),
                if n > MOST_TRIPS {
                    format!("<p>All {all} are in the report as JSON, beside this page.</p>")
                } else {
                    String::new()
                }
            )
        }
    };
    format!(
        "<section class=card aria-labelledby=trips><h2 id=trips>Trips: {}</h2>\
         <p class=muted>Times are UTC. Cost and gain include fees.</p>{body}</section>\n",
        text::count(count)
    )
}

struct TripTable<'a> {
    fills: Fills<'a>,
    /// Whether there are several, so that each row says which.
    strategies: bool,
    instruments: bool,
    currency: String,
}

impl<'a> TripTable<'a> {
    fn of(report: &'a Report) -> Self {
        let differ = |of: fn(Trade<'a>) -> &'a str| {
            let mut names = report.traded.trades().map(of);
            names.next().is_some_and(|first| names.any(|name| name != first))
        };
        Self {
            fills: Fills::of(report),
            strategies: differ(|trade| trade.strategy),
            instruments: differ(|trade| trade.instrument),
            currency: escaped(&report.account.currency),
        }
    }

    fn of_trades(&self, label: &str, trades: impl Iterator<Item = Trade<'a>>) -> String {
        let texts = [("Strategy", self.strategies), ("Instrument", self.instruments), ("Entry", true), ("Exit", true)];
        let texts = texts.iter().filter(|(_, is_shown)| *is_shown);
        let texts: String = texts.map(|(name, _)| format!("<th scope=col>{name}</th>")).collect();
        let currency = &self.currency;
        let number = |name: &str| format!("<th scope=col class=number>{name}</th>");
        let gain = [&format!("Gain, {currency}"), "Gain"].map(number).concat();
        let rest = ["Length", &format!("Cost, {currency}"), "Bought at", "Sold at"].map(number).concat();
        let head = format!("<thead><tr>{texts}{gain}<th scope=col>Reason of the exit</th>{rest}</tr></thead>");
        scrolled(label, &head, &trades.map(|trade| self.row(&trade)).collect::<String>())
    }

    fn row(&self, trade: &Trade<'a>) -> String {
        let cell =
            |is_shown: bool, name: &str| if is_shown { format!("<td>{}</td>", escaped(name)) } else { String::new() };
        let (bought, sold) = self.fills.prices(trade);
        let price =
            |price: Option<Amount>| price.map_or_else(String::new, |price| self.fills.written(trade.instrument, price));
        let (gain, share) = trades::gain(trade);
        format!(
            "<tr>{}{}<td class=when>{}</td><td class=when>{}</td><td class='number {tone}'>{}</td>\
             <td class='number {tone}'>{}</td><td class=time>{} {}</td><td class=number>{}</td><td class=number>{}</td>\
             <td class=number>{}</td><td class=number>{}</td></tr>\n",
            cell(self.strategies, trade.strategy),
            cell(self.instruments, trade.instrument),
            when(trade.entered_at),
            when(trade.left_at),
            text::change(&trade.pnl.to_string()),
            share.map_or_else(String::new, text::signed_percent),
            trades::icon(trade.exit),
            escaped(trades::word(trade.exit)),
            text::length(trade.left_at.saturating_sub(trade.entered_at)),
            text::amount(&trade.cost.to_string()),
            price(bought),
            price(sold),
            tone = tone(gain)
        )
    }
}

/// An instant that a narrow column breaks after its day, and nowhere else.
fn when(at: i64) -> String {
    let instant = text::instant(at);
    let (day, time) = instant.split_once(' ').unwrap_or((&instant, ""));
    format!("<span class=time>{day}</span> {time}")
}

/// Why trips ended, and what they brought then.
pub(super) fn exits(report: &Report) -> String {
    let mut sums: BTreeMap<&str, (usize, usize, f64)> = BTreeMap::new();
    for trade in report.traded.trades() {
        let (count, losses, sum) = sums.entry(trade.exit).or_default();
        *count += 1;
        *losses += usize::from(trades::is_loss(&trade));
        *sum += trades::gain(&trade).0;
    }
    let rows: String = sums
        .iter()
        .map(|(cause, (count, losses, sum))| {
            format!(
                "<tr><th scope=row>{}\u{a0}{}</th><td class=number>{}</td><td class=number>{}</td><td class=number>{}</td>\
                 <td class='number {}'>{}</td></tr>",
                trades::icon(cause),
                escaped(trades::word(cause)),
                text::count(*count),
                text::percent(*count as f64 / report.traded.trades().len() as f64),
                text::count(*losses),
                tone(*sum),
                text::signed_number(*sum, 2)
            )
        })
        .collect();
    let body = if rows.is_empty() {
        "<p>No trip was finished.</p>".to_owned()
    } else {
        let currency = escaped(&report.account.currency);
        let head = format!(
            "<thead><tr><th scope=col>Reason of the last exit</th><th scope=col class=number>Trips</th>\
             <th scope=col class=number>Part</th><th scope=col class=number>Lost</th>\
             <th scope=col class=number>Gain, {currency}</th></tr></thead>"
        );
        scrolled("Table of exits by reason", &head, &rows)
    };
    format!("<section class=card aria-labelledby=exits><h2 id=exits>Exits by reason</h2>{body}</section>\n")
}

/// Entries that the risk layer did not let pass, by rule.
pub(super) fn refusals(report: &Report) -> String {
    let mut by_rule: BTreeMap<Rule, (usize, RefusalTold<'_>)> = BTreeMap::new();
    for refusal in report.traded.refusals() {
        by_rule.entry(refusal.rule).or_insert((0, refusal)).0 += 1;
    }
    let rows: String = by_rule
        .iter()
        .map(|(rule, (count, example))| {
            format!(
                "<tr><th scope=row>{}<br><code>{}</code></th><td class=number>{}</td><td>{} <code>{}</code></td></tr>",
                meaning(*rule),
                rule.name(),
                text::count(*count),
                text::instant(example.at),
                escaped(example.text)
            )
        })
        .collect();
    let body = if rows.is_empty() {
        "<p>No entry was refused.</p>".to_owned()
    } else {
        let head = "<thead><tr><th scope=col>Rule</th><th scope=col class=number>Entries</th>\
             <th scope=col>The first</th></tr></thead>";
        scrolled("Table of refusals by rule", head, &rows)
    };
    format!(
        "<section class=card aria-labelledby=refusals><h2 id=refusals>Refused entries: {}</h2>{body}</section>\n",
        text::count(report.traded.refusals().len())
    )
}

/// What a rule looks at.
fn meaning(rule: Rule) -> &'static str {
    match rule {
        Rule::Emergency => "An emergency had ended entries",
        Rule::Cooldown => "Too soon after an exit",
        Rule::StopGuard => "Too many stops within a day",
        Rule::MaxOpenPositions => "Too many positions at once",
        Rule::MaxTradesPerDay => "Too many entries in a day",
        Rule::MaxPositionSize => "The instrument's position is as large as it may be",
        Rule::MaxPortfolioExposure => "All positions together are as large as they may be",
        Rule::MaxCorrelationExposure => "Positions that move together are as large as they may be",
        Rule::Cash => "Not enough cash",
        Rule::Stop => "No stop could be set",
        Rule::ViableMinimum => "Too small to be sold again at its stop",
    }
}
