//! How often does the rule that every rise must be explained miss a deposit, and how often does it cry for nothing?
//!
//! Start at [`run`]. Two kinds of histories: the example tables, daily, and made ones ([`made`]), hourly, with the faults that
//! collectors have. Each is judged as it is (no wallet may be held) and with one deposit taken out of its table (the wallet
//! must be held). The same seeds give the same figures on every machine.

mod examples;
mod history;
mod made;
mod random;

use std::path::Path;

use anyhow::bail;

use random::Random;

/// How far from their effect flows are recorded, hours.
const LAGS: [f64; 4] = [0.0, 2.0, 6.0, 72.0];
/// Wallets for each of them.
const WALLETS: usize = 300;
/// Up to this lag, the default of `client.transactions.flow_lag_hours`, the rule keeps its promise.
const PROMISED_LAG: f64 = 6.0;
/// The smallest deposit that must be found, as a share of the position.
const SMALLEST: f64 = 1e-3;
/// The share of them that must be.
const PROMISED: f64 = 0.99;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also print the tables of the documents
    #[arg(long)]
    report: bool,
}

/// Judges all histories; fails where the rule does not keep its promise.
pub(crate) fn run(root: &Path, Options { report }: &Options) -> anyhow::Result<()> {
    let examples = examples::judge(root)?;
    let made: Vec<Row> = LAGS.iter().map(|lag| judge_made(*lag)).collect();
    if *report {
        examples.print();
        println!(
            "\n| flows early or late by up to | held falsely, of {WALLETS} | missing deposits found |\n|---|---|---|"
        );
        for row in &made {
            println!("| {} h | {} | {} of {} |", row.lag_hours, row.held, row.found, row.taken);
        }
    }
    let broken: Vec<String> = made.iter().filter_map(Row::broken).chain(examples.broken()).collect();
    if !broken.is_empty() {
        bail!("a rise is not told from interest as promised:\n  {}", broken.join("\n  "));
    }
    println!(
        "growth: the examples are quiet, and so are made histories up to {PROMISED_LAG} h; missing deposits are found"
    );
    Ok(())
}

/// What became of the made histories of one lag.
struct Row {
    lag_hours: f64,
    held: usize,
    found: usize,
    taken: usize,
}

impl Row {
    fn broken(&self) -> Option<String> {
        let Self { lag_hours, held, found, taken } = self;
        let keeps = *held == 0 && *found as f64 >= PROMISED * *taken as f64;
        (*lag_hours <= PROMISED_LAG && !keeps)
            .then(|| format!("{lag_hours} h: {held} wallets held falsely, {found} of {taken} missing deposits found"))
    }
}

fn judge_made(lag_hours: f64) -> Row {
    let mut row = Row { lag_hours, held: 0, found: 0, taken: 0 };
    for wallet in 0..WALLETS {
        let mut random = Random::new(wallet as u64);
        let history = made::history(&mut random, lag_hours);
        row.held += usize::from(history.is_held());
        let Some(missing) = history.without_a_deposit(SMALLEST, &mut random) else { continue };
        row.taken += 1;
        row.found += usize::from(missing.is_held());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_keeps_its_promise() {
        run(crate::project_root(), &Options { report: false }).unwrap();
    }

    #[test]
    fn a_broken_promise_is_named() {
        let row = |lag_hours, held, found| Row { lag_hours, held, found, taken: 200 }.broken();
        assert_eq!(row(6.0, 0, 198), None);
        assert_eq!(row(6.0, 0, 197).as_deref(), Some("6 h: 0 wallets held falsely, 197 of 200 missing deposits found"));
        assert_eq!(row(2.0, 1, 200).as_deref(), Some("2 h: 1 wallets held falsely, 200 of 200 missing deposits found"));
        assert_eq!(row(72.0, 9, 100), None, "beyond the lag nothing is promised");
    }
}
