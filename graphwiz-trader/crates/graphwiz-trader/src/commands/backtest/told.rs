//! What `backtest` has to tell: facts about the data once, and of each run what it earned, the gate's verdict, and
//! where its report is.

use std::path::PathBuf;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use trading_core::report::{HeldTold, Report};

/// What was told so far; as JSON all of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Told {
    data: Vec<String>,
    runs: Vec<Value>,
    /// Facts and warnings of which there was a line.
    #[serde(skip)]
    lines: Vec<String>,
}

impl Told {
    /// After these were told in the log.
    pub(super) fn after(answers: &[String]) -> Self {
        Self { lines: answers.to_vec(), ..Self::default() }
    }

    /// Whether there was no run.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run; the lines to tell it by, without those that were told before.
    pub(super) fn add(&mut self, facts: &[String], report: &Report, written: &[PathBuf]) -> String {
        let mut lines = String::new();
        for line in facts.iter().chain(&report.warnings) {
            if !self.lines.contains(line) {
                lines += &format!("{line}\n");
                self.lines.push(line.clone());
            }
        }
        self.data.extend(facts.iter().filter(|fact| !self.data.contains(fact)).cloned().collect::<Vec<_>>());
        let held: Vec<_> = report.traded.held().collect();
        self.runs.push(json!({
            "name": report.name,
            "account": report.account,
            "metrics": report.metrics,
            "gate_unmet": report.gate_unmet,
            "emergency": report.emergency,
            "held": held,
            "warnings": report.warnings,
            "fingerprint": report.fingerprint,
            "reports": written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        }));
        for emergency in &report.emergency {
            lines += &format!("{}: {}\n", report.name, emergency.text);
        }
        let unmet: Vec<_> = report.gate_unmet.iter().map(ToString::to_string).collect();
        let gate = if unmet.is_empty() { "gate met".to_owned() } else { format!("gate not met: {}", unmet.join(", ")) };
        let several = report.strategies.len() > 1;
        let of = |strategy: &str| if several { format!(" ({strategy})") } else { String::new() };
        let one = |held: &HeldTold<'_>| format!("{} of {}{}", held.quantity, held.instrument, of(held.strategy));
        let held: Vec<_> = held.iter().map(one).collect();
        let held = if held.is_empty() {
            String::new()
        } else {
            format!("{}: still held, counted at the last close: {}\n", report.name, held.join(", "))
        };
        let first = written.first().map_or_else(|| "none".to_owned(), |path| legible::full_path(path));
        lines += &format!(
            "{}\n{held}{}: {gate}\nreport: {first}, fingerprint {}\n",
            result(report),
            report.name,
            report.fingerprint
        );
        lines
    }
}

fn result(report: &Report) -> String {
    let metrics = &report.metrics;
    let number =
        |value: Option<f64>, digits: usize| value.map_or("null".to_owned(), |value| format!("{value:.digits$}"));
    let percent = |value: f64, digits: usize| format!("{:.digits$}%", value * 100.0);
    let account = &report.account;
    let cents = |amount: &str| format!("{:.2}", amount.parse::<Decimal>().unwrap_or_default().round_dp(2));
    format!(
        "{}: final={} {}, return={}, max_drawdown={}, sharpe={}, trades={}, win={}, profit_factor={}, fees={} \
         (hold {})",
        report.name,
        cents(&account.equity),
        account.currency,
        percent(metrics.total_return, 2),
        percent(metrics.max_drawdown, 2),
        number(metrics.sharpe, 2),
        metrics.trades,
        metrics.win_rate.map_or_else(|| "null".to_owned(), |rate| percent(rate, 1)),
        number(metrics.profit_factor, 2),
        cents(&metrics.fees.to_string()),
        percent(metrics.benchmark, 2),
    )
}
