//! Pages of whole runs: what they say, that they are well formed whatever was run, and how large they are.
//!
//! They are left in target/tmp/report/, where the tests in a browser find them.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod runs;

use std::collections::BTreeSet;
use std::path::PathBuf;

use graphwiz_trader::html_report::{Notes, Prices, page};
use proptest::prelude::*;
use serde_json::Value;
use trading_core::engine::record::Rule;

use runs::Told;
use trading_core::bars::Record;
use trading_core::curve::{Curve, Instants};

/// The guide's page about this page.
const GUIDE: &str = include_str!("../../../../docs/reading-a-report.md");

fn written(name: &str, told: &Told) -> String {
    written_with(name, told, &told.prices())
}

fn written_with(name: &str, told: &Told, prices: &[Prices<'_>]) -> String {
    let assumptions = [
        "A decision at a bar's close is filled at the open of the next bar.".to_owned(),
        "Slippage of 0.05 % against the run, fees of 0.1 % of each fill.".to_owned(),
        "All fills of a bar take at most 10 % of its volume.".to_owned(),
    ];
    let notes = Notes {
        program: "graphwiz-trader 0.1.0",
        command: "graphwiz-trader backtest --strategy sma_cross",
        assumptions: &assumptions,
    };
    let page = page(&told.report, prices, &notes);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(format!("{name}.html")), &page).expect("written");
    assert_well_formed(&page);
    assert_explained(&page);
    page
}

/// The guide has a section for each of the page's; what stands behind a colon there is of the run.
fn assert_explained(page: &str) {
    let headings: Vec<&str> =
        page.split("<h2").skip(1).filter_map(|rest| rest.split_once('>')).map(|(_, it)| it).collect();
    assert!(headings.len() > 5, "{headings:?}");
    for heading in headings {
        let heading = heading.split([':', '<']).next().expect("a heading");
        assert!(GUIDE.contains(&format!("\n## {heading}\n")), "the guide says nothing of {heading:?}");
    }
}

fn rule_after(rule: Rule) -> Option<Rule> {
    match rule {
        Rule::Emergency => Some(Rule::Cooldown),
        Rule::Cooldown => Some(Rule::StopGuard),
        Rule::StopGuard => Some(Rule::MaxOpenPositions),
        Rule::MaxOpenPositions => Some(Rule::MaxTradesPerDay),
        Rule::MaxTradesPerDay => Some(Rule::MaxPositionSize),
        Rule::MaxPositionSize => Some(Rule::MaxPortfolioExposure),
        Rule::MaxPortfolioExposure => Some(Rule::MaxCorrelationExposure),
        Rule::MaxCorrelationExposure => Some(Rule::Cash),
        Rule::Cash => Some(Rule::Stop),
        Rule::Stop => Some(Rule::ViableMinimum),
        Rule::ViableMinimum => None,
    }
}

#[test]
fn the_guide_explains_every_rule_that_refuses_an_entry() {
    for rule in std::iter::successors(Some(Rule::Emergency), |rule| rule_after(*rule)) {
        assert!(GUIDE.contains(&format!("\n| `{}` | ", rule.name())), "the guide says nothing of {}", rule.name());
    }
}

/// Every element is closed, and no attribute holds what is no number.
fn assert_well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let body = &page[page.find("</style>").expect("a style") + 8..];
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag that ends");
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "<{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        if tag.starts_with('/') {
            if name != "html" {
                assert_eq!(open.pop(), Some(name), "</{name}>");
            }
        } else if !tag.ends_with('/') && name != "br" {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
}

#[track_caller]
fn assert_says(page: &str, texts: &[&str]) {
    let page = page.replace('\u{a0}', " ");
    for text in texts {
        assert!(page.contains(text), "the page does not say {text:?}");
    }
}

/// The text as a golden file has it; `UPDATE_PAGES=1` writes it.
fn assert_golden(name: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/html_report").join(name);
    // The style is a file of its own.
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, body) = rest.split_once("</style>").expect("its end");
    let text = format!("{head}<style></style>{body}");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{} differs; UPDATE_PAGES=1 writes it again", path.display());
}

#[test]
fn seven_bars_with_two_trips_are_told_in_full() {
    assert_golden("seven_bars.html", &written("seven-bars", &runs::seven_bars()));
}

#[test]
fn a_gain_stands_beside_what_holding_gave() {
    let page = written("stop-only", &runs::bundled(runs::stop_only()));
    assert_says(
        &page,
        &[
            "Gained 0.18 %",
            "23.49 percentage points behind holding (+23.67 %)",
            "100,176.93",
            "45 trips; 100 are asked for",
            "the profit factor is 1.10; at least 1.50 is asked for",
            "795.27 USD",
        ],
    );
}

#[test]
fn what_became_of_orders_is_told_from_signals_to_fills() {
    let page = written("orders", &runs::bundled(runs::stop_only()));
    assert_says(
        &page,
        &[
            "said BUY 45 times and SELL 46 times",
            "Of the BUYs 45 asked for an entry, of which 0 were refused and 45 were sent",
            "entry at market, 13 orders: the bar had too little volume",
            "<code>max_position_size</code> made every entry smaller than was asked for",
        ],
    );
}

#[test]
fn what_was_run_is_told_with_where_its_exits_come_from() {
    let page = written("run", &runs::seven_bars());
    assert_says(
        &page,
        &["sma_cross, fast 20, slow 50", "<code>stop_loss</code></th><td>0.02</td><td>what ships with its kind"],
    );
}

/// The keys of objects, however deep; what is keyed by names of a run is left out.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                found.insert(key.clone());
                if !["params", "exits"].contains(&key.as_str()) {
                    keys(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_guide_explains_every_key_of_a_report() {
    let mut found = BTreeSet::new();
    // Trips and fills; an emergency; refusals.
    for told in [runs::seven_bars(), runs::emergency(), runs::portfolio()] {
        keys(&serde_json::to_value(&told.report).expect("JSON"), &mut found);
    }
    assert!(["fee_in", "trigger", "rule", "psr"].iter().all(|key| found.contains(*key)), "{found:?}");
    let (_, section) = GUIDE.split_once("## The report as JSON").expect("the section");
    let missing: Vec<_> = found.iter().filter(|key| !section.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_loss_is_told_as_plainly() {
    let page = written("default-exits", &runs::bundled(runs::default_exits()));
    assert_says(&page, &["Lost 0.27 %", "99,727.48", "the total return is −0.27 %; it has to be a gain", "Worst week"]);
}

#[test]
fn a_million_bars_with_ten_thousand_trips_are_less_than_three_megabytes() {
    let told = runs::long();
    assert!(told.report.metrics.trades > 10_000, "{} trips", told.report.metrics.trades);
    let page = written("long", &told);
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert_says(
        &page,
        &["The 500 trips that gained or lost most, by time", "trips are in the report as JSON", "close up"],
    );
}

#[test]
fn a_run_that_never_traded_says_so() {
    let page = written("quiet", &runs::quiet(500));
    let said = [
        "No trip was finished.",
        "No entry was refused.",
        "Neither gained nor lost",
        "None: the account was never under",
    ];
    assert_says(&page, &said);
    assert_says(&page, &["not defined: no losing trip", "not defined: no trip was finished", "No week lost."]);
}

#[test]
fn one_bar_is_a_run() {
    written("one-bar", &runs::quiet(1));
}

#[test]
fn an_emergency_stands_before_everything() {
    let told = runs::emergency();
    let page = written("emergency", &told);
    assert_says(&page, &[&told.report.emergency[0].text, "an emergency sold everything", "The run ended at"]);
    assert!(page.find("banner bad").expect("a banner") < page.find("id=outcome").expect("an outcome"));
}

#[test]
fn several_instruments_each_have_their_chart() {
    let told = runs::portfolio();
    let page = written("portfolio", &told);
    for prices in told.prices() {
        assert_says(&page, &[&format!("{}: trades on the price", prices.instrument)]);
    }
}

#[test]
fn names_that_mean_harm_are_only_texts() {
    let harm = "<script>alert(1)</script>'\" onload=x \u{202e}&amp;".to_owned();
    let mut told = runs::seven_bars_of(&harm);
    let report = &mut told.report;
    report.account.currency.clone_from(&harm);
    report.warnings.push(harm.clone());
    report.span.instruments = vec![harm.clone()];
    let mut prices = told.prices();
    prices[0].instrument = harm;
    let page = written_with("hostile", &told, &prices);
    assert!(!page.contains("<script") && !page.contains("' onload") && !page.contains('\u{202e}'));
    assert_says(&page, &["&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot; onload=x \\u{202e}&amp;amp;"]);
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = written("seven-bars-again", &runs::seven_bars());
    assert_says(&page, &["content=\"default-src 'none'; style-src 'unsafe-inline'\""]);
    for text in ["http://", "https://", "<script", "@import", "url(", "<img", "<link"] {
        assert!(!page.contains(text), "the page has {text}");
    }
}

fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(0.0), -2.0..2.0_f64, -1e18..1e18_f64]
}

fn perhaps() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(figure())
}

fn worth() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(f64::NAN), -1e20..1e20_f64]
}

fn amount() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("0".to_owned()),
        Just("none".to_owned()),
        (-1e20..1e20_f64).prop_map(|value| format!("{value:.6}"))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_the_figures_are_the_page_is_well_formed(
        amounts in proptest::collection::vec((1..10_000_000_000_i64, worth()), 0..40),
        ends in [amount(), amount()],
        figures in [figure(), figure(), figure(), figure()],
        optional in [perhaps(), perhaps(), perhaps(), perhaps()],
        closes in proptest::collection::vec(prop_oneof![Just(0), 1..1_000_000_000_000_000_000_i64], 0..40),
    ) {
        let mut told = runs::seven_bars();
        let Told { report, markets, .. } = &mut told;
        let [initial, equity] = ends;
        (report.account.initial, report.account.equity) = (initial, equity);
        let (mut at, mut sampled_at) = (report.span.from, Instants::default());
        for (step, _) in &amounts {
            at += step;
            sampled_at.push(at * 1000);
        }
        report.equity = Curve::new(sampled_at, amounts.into_iter().map(|(_, worth)| worth).collect());
        let metrics = &mut report.metrics;
        [metrics.total_return, metrics.max_drawdown, metrics.benchmark, metrics.turnover] = figures;
        [metrics.cagr, metrics.sharpe, metrics.var_95, metrics.expectancy] = optional;
        let series = &mut markets[0].series;
        let record = |(i, close): (i64, i64)| Record {
            open_time: report.span.from * 1000 + i * series.timeframe.micros(),
            open: close,
            high: close,
            low: close,
            close,
            volume: 0,
        };
        series.records = (0..).zip(closes).map(record).collect();
        let notes = Notes { program: "", command: "", assumptions: &[] };
        told.span.to = i64::MAX;
        assert_well_formed(&page(&told.report, &told.prices(), &notes));
    }
}

#[test]
fn the_same_report_gives_the_same_page() {
    let notes = Notes { program: "", command: "", assumptions: &[] };
    let told = |told: Told| page(&told.report, &told.prices(), &notes);
    let report: fn() -> Told = runs::portfolio;
    assert_eq!(told(report()), told(report()));
}
