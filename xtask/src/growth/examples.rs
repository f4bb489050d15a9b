//! The example tables under the rule: as they are, with all flows shifted, and with deposits that the tables do not know.

use std::collections::BTreeMap;
use std::path::Path;

use advisor_core::flow::Direction;
use advisor_core::time;
use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::history::{Flow, History, Sample};
use super::random::Random;

/// How far all flows are shifted, hours: negative is early.
const SHIFTS: [f64; 3] = [-72.0, 30.0, 72.0];
/// How many deposits are injected, one at a time.
const INJECTED: usize = 600;
/// Their sizes, as shares of the position.
const SIZES: (f64, f64) = (1e-3, 1.0);

/// What became of them.
pub(super) struct Judged {
    wallets: usize,
    held: usize,
    held_shifted: Vec<usize>,
    found: usize,
}

impl Judged {
    pub(super) fn print(&self) {
        let Self { wallets, held, held_shifted, found } = self;
        println!("examples (daily): {held} of {wallets} wallets held");
        for (shift, held) in SHIFTS.iter().zip(held_shifted) {
            println!("examples, all flows {shift:+} h: {held} held");
        }
        println!("examples, injected deposits found: {found} of {INJECTED}");
    }

    pub(super) fn broken(&self) -> Option<String> {
        (self.held > 0).then(|| format!("examples: {} wallets held falsely", self.held))
    }
}

#[derive(Deserialize)]
struct PositionLine {
    ts: Timestamp,
    wallet_address: String,
    underlying_units: f64,
    price_usd: f64,
}

#[derive(Deserialize)]
struct FlowLine {
    ts: Timestamp,
    wallet_address: String,
    amount: f64,
}

/// Judges every wallet of the example tables.
pub(super) fn judge(root: &Path) -> anyhow::Result<Judged> {
    let wallets = wallets(&root.join("examples/liqwid"))?;
    let held = |histories: &mut dyn Iterator<Item = History>| histories.filter(History::is_held).count();
    let shifted = |hours: f64| held(&mut wallets.iter().map(|history| shift(history, hours)));
    let mut random = Random::new(0);
    Ok(Judged {
        wallets: wallets.len(),
        held: held(&mut wallets.iter().cloned()),
        held_shifted: SHIFTS.iter().map(|hours| shifted(*hours)).collect(),
        found: held(&mut (0..INJECTED).map(|_| inject(&wallets[random.below(wallets.len())], &mut random))),
    })
}

fn shift(history: &History, hours: f64) -> History {
    let mut history = history.clone();
    history.flows.iter_mut().for_each(|flow| flow.ts += time::hours(hours));
    history
}

/// The history with a deposit from some sample on that no table knows.
fn inject(history: &History, random: &mut Random) -> History {
    let mut history = history.clone();
    let from = 1 + random.below(history.samples.len() - 1);
    let units = history.samples[from].units * random.ratio(SIZES.0, SIZES.1);
    history.samples[from..].iter_mut().for_each(|sample| sample.units += units);
    history
}

/// Every wallet of every asset.
fn wallets(folder: &Path) -> anyhow::Result<Vec<History>> {
    let mut wallets = BTreeMap::<(String, String), History>::new();
    for name in files(folder)? {
        let Some((kind, asset)) = name.strip_suffix(".csv").and_then(|stem| stem.rsplit_once('_')) else { continue };
        let path = folder.join(&name);
        let mut reader = csv::Reader::from_path(&path).with_context(|| format!("reading {}", path.display()))?;
        if kind.ends_with("positions") {
            for line in reader.deserialize() {
                let PositionLine { ts, wallet_address, underlying_units: units, price_usd } = line?;
                wallets.entry((asset.to_owned(), wallet_address)).or_default().samples.push(Sample {
                    ts: time::nanos(ts),
                    units,
                    price_usd,
                });
            }
        } else {
            let direction = if kind.ends_with("deposits") { Direction::Deposit } else { Direction::Withdrawal };
            for line in reader.deserialize() {
                let FlowLine { ts, wallet_address, amount } = line?;
                wallets.entry((asset.to_owned(), wallet_address)).or_default().flows.push(Flow {
                    ts: time::nanos(ts),
                    direction,
                    units: amount.abs(),
                });
            }
        }
    }
    Ok(wallets.into_values().filter(|history| history.samples.len() > 1).collect())
}

fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
