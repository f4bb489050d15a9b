//! Every rise explained: what any history of interest and known flows may do, and what none may hide.
//!
//! Made histories of two or three wallets, each sampled hourly at minutes of its own. A flow takes effect half an hour after a
//! sample and is followed by none for two days, so that each can be told from the next.

use std::ops::Range;

use advisor_core::advice::Advice;
use advisor_core::flow::FlowRow;
use advisor_core::rules::{AmountUnit, Rules};
use advisor_core::test_support;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::history::{History, Sample, at, code, flow, message};

/// Hours in a year of 365.25 days.
const YEAR: f64 = 8766.0;
/// From one flow of a wallet to the next, hours.
const APART: usize = 48;
/// A flow of some history: which wallet's, its amount in units and the sample times around its effect.
#[derive(Debug, Clone)]
struct Effect {
    wallet: usize,
    amount: f64,
    hour: f64,
}

/// A wallet's part of a history.
#[derive(Debug, Clone)]
struct Wallet {
    units: f64,
    /// Of each flow: its size as a share of the position, whether it is paid in, and how late it is recorded, hours.
    flows: Vec<(f64, bool, f64)>,
    /// From which hour on samples are missing, round and round.
    gap: usize,
}

/// What grows how fast, with gaps of how many samples.
#[derive(Debug, Clone)]
struct Made {
    hours: usize,
    apy: f64,
    gap: usize,
    wallets: Vec<Wallet>,
    /// USD per unit, hour by hour.
    prices: Vec<f64>,
}

fn wallet(lag_hours: f64) -> impl Strategy<Value = Wallet> {
    // Nothing below a thousandth of the position is told from interest; the whole balance goes as well.
    let size = prop_oneof![0.01..1.0_f64, Just(1.0)];
    let flow = (size, any::<bool>(), -lag_hours..=lag_hours);
    (10.0..1e7_f64, prop::collection::vec(flow, 0..5), 0..400_usize).prop_map(|(units, flows, gap)| Wallet {
        units,
        flows,
        gap,
    })
}

fn made(apy: Range<f64>, gap: Range<usize>, lag_hours: f64) -> impl Strategy<Value = Made> {
    let wallets = prop::collection::vec(wallet(lag_hours), 2..4);
    let prices = prop::collection::vec(0.2..5.0_f64, 400);
    (150..400_usize, apy, gap, wallets, prices).prop_map(|(hours, apy, gap, wallets, prices)| Made {
        hours,
        apy,
        gap,
        wallets,
        prices,
    })
}

/// Up to the limit's rate with flows at their time.
fn fast() -> impl Strategy<Value = Made> {
    made(0.0..1.45, 0..1, 0.0)
}

/// A usual rate with flows early and late, and gaps shorter than the lag: while a flow is not yet recorded, or after one before a
/// longer gap, only 5 bps are left for its interest.
fn late() -> impl Strategy<Value = Made> {
    made(0.0..0.2, 0..6, 5.0)
}

const NAMES: [&str; 3] = ["addr1a", "addr1b", "addr1c"];

impl Made {
    /// The time of a wallet's sample, hours.
    fn time(wallet: usize, hour: usize) -> f64 {
        hour as f64 + wallet as f64 * 0.3
    }

    /// The history, and what was paid in.
    fn history(&self) -> (History, Vec<Effect>) {
        let (mut history, mut deposits) = (History::default(), Vec::new());
        for (i, wallet) in self.wallets.iter().enumerate() {
            let mut units = wallet.units;
            let mut flows = wallet.flows.iter();
            let missing = if self.gap == 0 { 0..0 } else { self.missing(wallet.gap % self.hours) };
            for hour in 0..self.hours {
                let time = Self::time(i, hour);
                if !missing.contains(&hour) {
                    history.positions.push(self.sample(i, hour, units));
                }
                let half_an_hour = 1.0 + self.apy / YEAR / 2.0;
                units *= half_an_hour;
                let is_due = hour % APART == APART / 2 && hour + APART < self.hours;
                if let Some((share, is_deposit, late)) = is_due.then(|| flows.next()).flatten() {
                    let amount = share * units.max(if *is_deposit { 1.0 } else { 0.0 });
                    let effect = time + 0.5;
                    history = if *is_deposit {
                        deposits.push(Effect { wallet: i, amount, hour: effect });
                        history.deposit(NAMES[i], effect + late, amount)
                    } else {
                        history.withdraw(NAMES[i], effect + late, amount)
                    };
                    units += if *is_deposit { amount } else { -amount };
                }
                units *= half_an_hour;
            }
        }
        (history, deposits)
    }

    /// The hours without samples, of which none is a wallet's first or last.
    fn missing(&self, from: usize) -> Range<usize> {
        from.clamp(1, self.hours - 2)..(from + self.gap).min(self.hours - 1)
    }

    fn sample(&self, wallet: usize, hour: usize, units: f64) -> Sample {
        let price = self.prices[hour];
        Sample {
            ts: Some(at(Self::time(wallet, hour))),
            wallet: Some(NAMES[wallet].to_owned()),
            units: Some(units),
            usd: Some(units * price),
            price: Some(price),
        }
    }
}

/// The documented defaults, and a gate that only shows.
fn rules() -> Rules {
    let mut rules = test_support::rules();
    rules.gate.holds = false;
    rules
}

fn ask(made: &Made, history: &History) -> Advice {
    history.advise(&rules(), made.hours as f64)
}

/// What is wrong with a table although its figures are consistent.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// A deposit is not in its table.
    Missing,
    /// It stands there in another currency's unit.
    OtherUnit,
    /// It stands there for another wallet.
    OtherWallet,
    /// A withdrawal stands there that never was: the double of another, with a hash of its own.
    Doubled,
    /// Or in base units.
    BaseUnits,
}

/// A deposit to a wallet at half past an hour, and a withdrawal of as much at the next one, so that every fault has its flow.
fn with_both(history: History, made: &Made) -> History {
    let mut history = history;
    let (paid_in, taken_out) = (made.hours - 30, made.hours - 20);
    for row in &mut history.positions {
        let is_between = row.ts > Some(at(paid_in as f64 + 0.5)) && row.ts <= Some(at(taken_out as f64 + 0.5));
        if row.wallet.as_deref() == Some(NAMES[0]) && is_between {
            row.units = row.units.map(|units| units + made.wallets[0].units);
            row.usd = row.units.zip(row.price).map(|(units, price)| units * price);
        }
    }
    let amount = made.wallets[0].units;
    history.deposit(NAMES[0], paid_in as f64 + 0.5, amount).withdraw(NAMES[0], taken_out as f64 + 0.5, amount)
}

/// The history with a fault in its last deposit or withdrawal.
fn broken(mut history: History, fault: Fault) -> History {
    let last = history.deposits.len() - 1;
    match fault {
        Fault::Missing => {
            history.deposits.pop();
        }
        Fault::OtherUnit => history.deposits[last].amount = history.deposits[last].amount.map(|units| units * 0.36),
        Fault::OtherWallet => history.deposits[last].wallet = Some(NAMES[1].into()),
        Fault::Doubled => {
            let again = FlowRow { tx_hash: Some("again".into()), ..history.withdrawals.last().unwrap().clone() };
            history.withdrawals.push(FlowRow { ts: again.ts.map(|ts| ts + 1), ..again });
        }
        Fault::BaseUnits => {
            let withdrawal = history.withdrawals.last_mut().unwrap();
            withdrawal.amount = withdrawal.amount.map(|units| units * 1e6);
        }
    }
    history
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_explained_history_stays_quiet(made in prop_oneof![fast(), late()]) {
        let (history, _) = made.history();
        let advice = ask(&made, &history);
        prop_assert!(["withdraw", "no_gain"].contains(&code(&advice)), "{}", message(&advice));
    }

    #[test]
    fn a_deposit_that_is_taken_out_of_its_table_is_named(made in fast(), which: Index) {
        let mut made = made;
        made.wallets[0].flows.insert(0, (0.3, true, 0.0));
        let (mut history, deposits) = made.history();
        let i = which.index(deposits.len());
        let Effect { wallet, amount, hour } = deposits[i].clone();
        history.deposits.remove(i);
        let advice = ask(&made, &history);
        prop_assert_eq!(code(&advice), "unexplained_growth", "{:?}", advice.decision);
        let times: Vec<i64> = history.positions.iter()
            .filter(|row| row.wallet.as_deref() == Some(NAMES[wallet]))
            .filter_map(|row| row.ts).collect();
        let after = times.partition_point(|ts| *ts < at(hour));
        let [before_at, seen_at] = [times[after - 1], times[after]].map(advisor_core::time::timestamp);
        let sentence = message(&advice);
        let named = format!("wallet {} has ", NAMES[wallet]);
        prop_assert!(sentence.starts_with(&format!("unexplained growth: {named}")), "{}", sentence);
        prop_assert!(sentence.contains(&format!(" between {before_at} and {seen_at};")), "{}", sentence);
        let figures = advice.wallets.iter().find(|figures| &*figures.address == NAMES[wallet]).unwrap();
        let rise = figures.growth.as_ref().unwrap().unexplained.iter().find(|rise| rise.at == seen_at).unwrap();
        // Besides the deposit there is the interest of the hour since the sample before.
        let seen = history.positions.iter()
            .find(|row| row.wallet.as_deref() == Some(NAMES[wallet]) && row.ts == Some(times[after])).unwrap();
        let interest = made.apy / YEAR * seen.units.unwrap();
        prop_assert!((0.0..=1.01 * interest + 1e-6).contains(&(rise.amount - amount)), "{} instead of {}", rise.amount, amount);
    }

    #[test]
    fn no_consistent_fault_of_a_table_is_offered(
        made in fast(),
        fault in select(vec![Fault::Missing, Fault::OtherUnit, Fault::OtherWallet, Fault::Doubled, Fault::BaseUnits]),
    ) {
        let history = with_both(made.history().0, &made);
        let quiet = ask(&made, &history);
        prop_assert!(["withdraw", "no_gain"].contains(&code(&quiet)), "{}", message(&quiet));
        let advice = ask(&made, &broken(history, fault));
        prop_assert!(["unexplained_growth", "invalid_data"].contains(&code(&advice)), "{:?}", advice.decision);
        prop_assert!(message(&advice).contains(NAMES[0]), "{}", message(&advice));
    }

    #[test]
    fn flows_in_usd_are_explained_within_the_error_of_their_price(made in fast(), off in 0.995..=1.005_f64) {
        let (mut history, _) = made.history();
        // The price that values a flow lies between those of the samples around it: steady here, so that it is known.
        for row in &mut history.positions {
            (row.price, row.usd) = (Some(0.5), row.units.map(|units| units * 0.5));
        }
        for flow in history.deposits.iter_mut().chain(&mut history.withdrawals) {
            flow.amount = flow.amount.map(|units| units * 0.5 * off);
        }
        let usd = Rules { amount_unit: AmountUnit::Usd, ..rules() };
        let advice = history.advise(&usd, made.hours as f64);
        prop_assert!(["withdraw", "no_gain"].contains(&code(&advice)), "{}", message(&advice));
    }
}

#[test]
fn a_made_history_has_flows_of_both_kinds_and_gaps() {
    let wallet = Wallet { units: 100.0, flows: vec![(0.5, true, 2.0), (1.0, false, -2.0)], gap: 100 };
    let made = Made { hours: 200, apy: 0.1, gap: 5, wallets: vec![wallet], prices: vec![1.0; 400] };
    let (history, deposits) = made.history();
    assert_eq!((history.deposits.len(), history.withdrawals.len(), deposits.len()), (1, 1, 1));
    assert_eq!(history.positions.len(), 195);
    assert_eq!(history.deposits[0], FlowRow { tx_hash: Some("d0".into()), ..flow(NAMES[0], 26.5, deposits[0].amount) });
}
