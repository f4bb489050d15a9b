//! The figures of a run, each with what it means and, where it is not defined, why.

use trading_core::metrics::Metrics;
use trading_core::report::Report;
use trading_core::time::Timeframe;

use super::text;

/// A figure: its words, its value if it has one, what it means, and why it may have none.
struct Figure(&'static str, Option<String>, &'static str, &'static str);

/// The section.
pub(super) fn section(report: &Report) -> String {
    let groups: String = groups(report)
        .iter()
        .map(|(title, figures)| {
            let rows: String = figures.iter().map(row).collect();
            format!("<div><h3>{title}</h3><dl class=explained>{rows}</dl></div>")
        })
        .collect();
    format!(
        "<section class=card aria-labelledby=figures><h2 id=figures>Figures</h2>\
         <p class=muted>Of the account's value at the close of each bar, and of finished trips. A trip is a position \
         from flat to flat, fees included.</p><div class=groups>{groups}</div></section>\n"
    )
}

fn row(Figure(words, value, meaning, why): &Figure) -> String {
    let value = value.clone().unwrap_or_else(|| format!("not defined: {why}"));
    format!("<div><dt>{words}</dt><dd class=value>{value}</dd><dd class=muted>{meaning}</dd></div>")
}

fn groups(report: &Report) -> [(&'static str, Vec<Figure>); 3] {
    let metrics = &report.metrics;
    [
        ("What it earned", earned(metrics)),
        ("At what risk", risk(metrics, report.span.timeframe)),
        ("How it traded", traded(metrics)),
    ]
}

fn share(value: Option<f64>) -> Option<String> {
    value.filter(|value| value.is_finite()).map(text::percent)
}

fn signed(value: Option<f64>) -> Option<String> {
    value.filter(|value| value.is_finite()).map(text::signed_percent)
}

/// Of a single bar, which brings little.
fn fine(value: Option<f64>) -> Option<String> {
    value.filter(|value| value.is_finite()).map(|value| format!("{}\u{a0}%", text::signed_number(value * 100.0, 4)))
}

fn plain(value: Option<f64>) -> Option<String> {
    value.filter(|value| value.is_finite()).map(|value| text::number(value, 2))
}

const NO_TRIP: &str = "no trip was finished";
const FLAT: &str = "too few bars, or none changed the account";

fn earned(metrics: &Metrics) -> Vec<Figure> {
    vec![
        Figure("Total return", signed(Some(metrics.total_return)), "End over start, less 1.", ""),
        Figure(
            "Return a year",
            signed(metrics.cagr),
            "The same, compounded to a year. Of a short run it says little.",
            "the run has no length, or the figure no bound",
        ),
        Figure(
            "Holding",
            signed(Some(metrics.benchmark)),
            "All instruments bought in equal parts at the first open, kept, without costs.",
            "",
        ),
        Figure("Mean gain of a trip", signed(metrics.expectancy), "Gain over cost, the mean of all trips.", NO_TRIP),
        Figure(
            "Profit factor",
            plain(metrics.profit_factor),
            "All gains over all losses of trips. Under 1 it lost.",
            "no losing trip",
        ),
        Figure(
            "Chance of an edge (PSR)",
            share(metrics.psr),
            "How likely it is that the true mean gain of a trip is above 0, given how few and how scattered they are.",
            "too few trips, or all alike",
        ),
    ]
}

fn risk(metrics: &Metrics, timeframe: Timeframe) -> Vec<Figure> {
    let under = i64::try_from(metrics.drawdown_bars).unwrap_or(i64::MAX).saturating_mul(timeframe.micros() / 1000);
    vec![
        Figure(
            "Worst drawdown",
            share(Some(metrics.max_drawdown)),
            "The deepest fall from the highest value so far.",
            "",
        ),
        Figure(
            "Longest drawdown",
            Some(text::length(under)),
            "The longest stretch under an earlier high, of bars that there are.",
            "",
        ),
        Figure(
            "Volatility",
            share(metrics.volatility),
            "How much a year's return scatters: the deviation of bars' returns, for a year.",
            "fewer than 2 bars",
        ),
        Figure("Sharpe ratio", plain(metrics.sharpe), "Return a year above the risk-free rate, over volatility.", FLAT),
        Figure(
            "Sortino ratio",
            plain(metrics.sortino),
            "The same over the scatter of falls only.",
            "no bar fell short of the risk-free rate",
        ),
        Figure("Calmar ratio", plain(metrics.calmar), "Return a year over the worst drawdown.", "no drawdown"),
        Figure(
            "Value at risk, 95 %",
            fine(metrics.var_95),
            "One bar in 20 brought this or less.",
            "fewer than 20 bars",
        ),
        Figure(
            "Expected shortfall, 95 %",
            fine(metrics.es_95),
            "What such a bar brought in the mean.",
            "fewer than 20 bars",
        ),
    ]
}

fn traded(metrics: &Metrics) -> Vec<Figure> {
    let hours = metrics.hold_hours.filter(|hours| hours.is_finite());
    vec![
        Figure("Trips", Some(text::count(metrics.trades)), "Finished ones.", ""),
        Figure("Trips that gained", share(metrics.win_rate), "Their part of all.", NO_TRIP),
        Figure(
            "Mean length of a trip",
            hours.map(|hours| format!("{}\u{a0}h", text::number(hours, 2))),
            "From its first entry to its last exit.",
            NO_TRIP,
        ),
        Figure(
            "Time in the market",
            share(Some(metrics.exposure_time)),
            "The part of bars at whose close something was held.",
            "",
        ),
        Figure(
            "Mean exposure",
            share(Some(metrics.mean_exposure)),
            "The part of the account that was held at closes, in the mean of all bars.",
            "",
        ),
        Figure(
            "Turnover",
            Some(format!("{} times", text::number(metrics.turnover, 2))),
            "All that was bought and sold, over the account's mean value.",
            "",
        ),
    ]
}
