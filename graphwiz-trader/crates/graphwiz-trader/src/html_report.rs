//! How did a backtest go? One HTML page that tells it to a person, by itself.
//!
//! Start at [`page`]. The verdict stands first, beside what holding would have given, then the worst week and the worst
//! drawdown, then charts, figures, trips, orders, refusals, what was run, costs, and what proves the result. A page is
//! a pure function of its arguments. It has no script and loads nothing, which its Content-Security-Policy says to
//! the browser.
//!
//! In `html_report/`: `course` computes what the account did over time, `axis` and `plot` draw, the others are the
//! sections.

mod axis;
mod charts;
mod course;
mod evidence;
mod figures;
mod lists;
mod notes;
mod orders;
mod plot;
mod prices;
mod returns;
mod strategies;
mod text;
mod trades;
mod verdict;

use trading_core::report::Report;

pub use notes::Notes;
pub use prices::Prices;

use course::Course;

const STYLE: &str = include_str!("html_report/page.css");

/// The page of a run; `prices` are those of its instruments, of the bars that it walked.
#[must_use]
pub fn page(report: &Report, prices: &[Prices<'_>], notes: &Notes<'_>) -> String {
    let course = Course::of(report, prices);
    let sections = [
        verdict::banners(report),
        format!("<div class=first>{}{}</div>", verdict::outcome(report, &course), verdict::worst(report, &course)),
        charts::section(report, &course, prices),
        returns::section(report, &course),
        figures::section(report),
        lists::trips(report),
        lists::exits(report),
        orders::section(report),
        lists::refusals(report),
        strategies::section(report),
        evidence::costs(report, notes),
        evidence::proof(report, notes),
    ];
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=viewport content='width=device-width, initial-scale=1'>\n\
         <meta name=color-scheme content='light dark'>\n\
         <title>{}: backtest</title>\n<style>\n{STYLE}</style>\n{}{}<main>\n{}</main>\n</html>\n",
        text::escaped(&report.name),
        trades::shapes(),
        verdict::heading(report),
        sections.concat()
    )
}
