//! Doubt holds: a history that may be withdrawn from, and one thing wrong with it, is never withdrawn from.

use advisor_core::advice::{Advice, Snapshot, advise};
use advisor_core::flow::FlowRow;
use advisor_core::rules::{Alignment, Peg, ReferenceFallback, Rules, Threshold};
use advisor_core::test_support::{EPOCH, KEYWORD, PRINCIPAL};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::history::{History, Sample, at, code, rules, whole_hours};
use crate::random::any_alignment;

/// Hours of samples that every wallet has.
const HOURS: i64 = 40;

/// Wallets that gain a little every hour, sampled together every hour, with flows that the samples show at once.
#[derive(Debug, Clone)]
struct Calm {
    history: History,
    rules: Rules,
}

fn calm() -> impl Strategy<Value = Calm> {
    let flows = vec((2..HOURS - 1, 100..400_i32, any::<bool>()), 0..5);
    let wallets = vec((2_000..60_000_i32, 1..8_i32, flows), 1..4);
    (wallets, any_alignment(), 3..6_i64).prop_map(|(wallets, alignment, tag)| {
        // With this method a flow belongs to the sample at its own time, with the others to the next one.
        let booked = if alignment == Alignment::SnapToPrevPos { 0 } else { whole_hours(1) / 10 };
        let mut history = History::default();
        for (name, (base, rise, mut flows)) in ["a", "b", "c"].into_iter().zip(wallets) {
            if alignment == Alignment::DetectSpike {
                flows.truncate(1); // a few steps among sixteen are no outliers to each other
            }
            for hour in 0..HOURS {
                let moved: i32 = flows
                    .iter()
                    .filter(|(at, ..)| *at <= hour)
                    .map(|(_, usd, out)| if *out { -usd } else { *usd })
                    .sum();
                let usd = f64::from(base + moved) + f64::from(rise) * hour as f64 / 4.0;
                let (ts, wallet) = (Some(EPOCH + whole_hours(hour)), Some(name.to_owned()));
                history.positions.push(Sample { ts, wallet, units: Some(usd), usd: Some(usd), price: Some(1.0) });
            }
            for (n, (hour, usd, out)) in flows.into_iter().enumerate() {
                let (ts, wallet) = (Some(EPOCH + whole_hours(hour) - booked), Some(name.into()));
                let tx_hash = Some(format!("{name}{n}"));
                let row = FlowRow { ts, wallet, amount: Some(f64::from(usd)), memo: None, tx_hash };
                // Principal: without a mark it might be the gain.
                let principal = FlowRow { memo: Some(PRINCIPAL.to_owned()), ..row.clone() };
                if out { history.withdrawals.push(principal) } else { history.deposits.push(row) }
            }
        }
        let tagged = FlowRow { memo: Some(KEYWORD.to_owned()), ..crate::history::flow("elsewhere", tag as f64, 1.0) };
        history.withdrawals.push(tagged);
        let mut rules = Rules { alignment, ..rules() };
        // A quarter USD an hour in a wallet of thousands; steps found wrongly would be far more.
        rules.gate.sigma_epsilon = 0.01;
        Calm { history, rules }
    })
}

const END: i64 = EPOCH + (HOURS - 1) * 3_600_000_000_000;

impl Calm {
    fn ask(&self) -> Advice {
        advise(&self.rules, &self.history.snapshot(&self.rules, END), END)
    }
}

/// What can be missing, stale, insufficient or contradictory.
#[derive(Debug, Clone, Copy)]
enum Defect {
    NothingTagged,
    TaggedJustNow,
    NoSamples,
    SamplesEndEarly,
    NoPrices,
    NoUsableValues,
    TooFewPoints,
    TooShortWindow,
    TooManySigmas,
    TooFewForPercentile,
    WindowNotLoaded,
    OffPeg,
    NewestValueJumps,
    EarlierValueJumps,
    OverflowingValue,
    DepositWithoutTime,
    DepositWithoutWallet,
    DepositWithoutAmount,
    DepositNotFinite,
    DepositNegative,
    WithdrawalWithoutTime,
    WithdrawalWithoutWallet,
    WithdrawalWithoutAmount,
    OverflowingDeposit,
}

const DEFECTS: [(Defect, &str); 24] = [
    (Defect::NothingTagged, "no_reference"),
    (Defect::TaggedJustNow, "no_data"),
    (Defect::NoSamples, "no_data"),
    (Defect::SamplesEndEarly, "stale_data"),
    (Defect::NoPrices, "invalid_data"),
    (Defect::NoUsableValues, "no_data"),
    (Defect::TooFewPoints, "insufficient_points"),
    (Defect::TooShortWindow, "insufficient_points"),
    (Defect::TooManySigmas, "insufficient_points"),
    (Defect::TooFewForPercentile, "insufficient_points"),
    (Defect::WindowNotLoaded, "insufficient_points"),
    (Defect::OffPeg, "off_peg"),
    (Defect::NewestValueJumps, "gate_triggered"),
    (Defect::EarlierValueJumps, "insufficient_points"),
    (Defect::OverflowingValue, "invalid_data"),
    (Defect::DepositWithoutTime, "invalid_data"),
    (Defect::DepositWithoutWallet, "invalid_data"),
    (Defect::DepositWithoutAmount, "invalid_data"),
    (Defect::DepositNotFinite, "invalid_data"),
    (Defect::DepositNegative, "invalid_data"),
    (Defect::WithdrawalWithoutTime, "invalid_data"),
    (Defect::WithdrawalWithoutWallet, "invalid_data"),
    (Defect::WithdrawalWithoutAmount, "invalid_data"),
    (Defect::OverflowingDeposit, "invalid_data"),
];

/// A wallet's sample of that instant.
fn sample_of(history: &mut History, ts: i64) -> &mut Sample {
    history.positions.iter_mut().find(|row| row.ts == Some(ts)).expect("a sample of every hour")
}

/// Makes a sample at a price of 1 worth something else.
fn worth(row: &mut Sample, change: impl Fn(f64) -> f64) {
    row.usd = row.usd.map(change);
    row.units = row.usd;
}

/// The answer once the defect is in; `hour` lies inside every wallet's interval.
fn ask_with(mut case: Calm, defect: Defect, hour: i64, which: Index) -> Advice {
    let good = FlowRow { wallet: Some("a".into()), ..crate::history::flow("a", hour as f64, 5.0) };
    let mut to = END;
    let mut load_from = None;
    let Calm { history, rules } = &mut case;
    let every = |rows: &mut Vec<Sample>, change: fn(&mut Sample)| rows.iter_mut().for_each(change);
    match defect {
        Defect::NothingTagged => {
            history.withdrawals.pop();
            rules.reference_fallback = ReferenceFallback::Hold;
        }
        Defect::TaggedJustNow => {
            to += whole_hours(1);
            history.withdrawals.push(FlowRow { ts: Some(to), memo: Some(KEYWORD.to_owned()), ..good });
        }
        Defect::NoSamples => history.positions.clear(),
        Defect::SamplesEndEarly => to += whole_hours(24) + 1 + hour,
        Defect::NoPrices => every(&mut history.positions, |row| (row.units, row.price) = (None, Some(0.0))),
        Defect::NoUsableValues => every(&mut history.positions, |row| (row.units, row.usd) = (None, Some(f64::NAN))),
        Defect::TooFewPoints => rules.gate.min_points = 41,
        Defect::TooShortWindow => rules.gate.lookback_hours = 8.5, // 9 samples
        Defect::TooManySigmas => rules.gate.k_sigma = 6.2,         // √(40·(1 − h)) < √40 = 6.3
        Defect::TooFewForPercentile => rules.gate.threshold = Threshold::Percentile { central_confidence: 0.951 },
        Defect::WindowNotLoaded => load_from = Some(EPOCH),
        Defect::OffPeg => rules.gate.peg = Some(Peg { target_usd: 1.02, max_deviation_bps: 100.0 }),
        Defect::NewestValueJumps => {
            rules.alignment = Alignment::None; // or the jump might be taken for the step of a flow
            rules.gate.max_band_bps = None; // or σ might be too large to judge by
            let newest: Vec<usize> =
                (0..history.positions.len()).filter(|i| history.positions[*i].ts == Some(END)).collect();
            worth(&mut history.positions[*which.get(&newest)], |usd| usd + 500.0);
        }
        Defect::EarlierValueJumps => {
            rules.alignment = Alignment::None;
            worth(sample_of(history, EPOCH + whole_hours(hour)), |usd| usd * 20.0);
        }
        Defect::OverflowingValue => {
            let row = which.index(history.positions.len());
            let name = history.positions[row].wallet.clone();
            let same = history.positions.iter_mut().filter(|row| row.wallet == name);
            // All later samples too, so that no bad value can hide before the baseline.
            same.for_each(|row| (row.units, row.usd) = (None, Some(if row.ts == Some(END) { 1.7e308 } else { 1.0 })));
        }
        Defect::DepositWithoutTime => history.deposits.push(FlowRow { ts: None, ..good }),
        Defect::DepositWithoutWallet => history.deposits.push(FlowRow { wallet: None, ..good }),
        Defect::DepositWithoutAmount => history.deposits.push(FlowRow { amount: None, ..good }),
        Defect::DepositNotFinite => history.deposits.push(FlowRow { amount: Some(f64::INFINITY), ..good }),
        Defect::DepositNegative => history.deposits.push(FlowRow { amount: Some(-5.0), ..good }),
        Defect::WithdrawalWithoutTime => history.withdrawals.push(FlowRow { ts: None, ..good }),
        Defect::WithdrawalWithoutWallet => history.withdrawals.push(FlowRow { wallet: Some("".into()), ..good }),
        Defect::WithdrawalWithoutAmount => history.withdrawals.push(FlowRow { amount: Some(f64::NAN), ..good }),
        Defect::OverflowingDeposit => {
            rules.alignment = Alignment::None;
            let huge = FlowRow { amount: Some(1.7e308), ..good };
            history.deposits.extend([huge.clone(), huge.clone()]);
            history.withdrawals.extend([huge.clone(), huge]);
        }
    }
    let snapshot = Snapshot { loaded_from: load_from, ..case.history.snapshot(&case.rules, to) };
    advise(&case.rules, &snapshot, to)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn a_defect_never_yields_a_withdrawal(case in calm(), (defect, expected) in select(DEFECTS.to_vec()), hour in 8..HOURS - 1, which: Index) {
        let before = case.ask();
        prop_assert_eq!(code(&before), "withdraw", "without the defect: {:?}", before);
        let after = ask_with(case, defect, hour, which);
        prop_assert_eq!(code(&after), expected, "{:?}", after);
        prop_assert_eq!(after.decision.limit_usd(), 0.0);
        prop_assert!(after.wallet_breakdown().is_empty());
    }
}

#[test]
fn a_flow_of_unknown_size_is_an_error_wherever_its_step_may_lie() {
    // The reference is at 10 h, the deposit was booked at 9.9 h, and the samples show it at 11 h. With its amount it is found
    // there; without it, 500 USD of principal would be gain.
    let mut history =
        History::default().hourly("a", 0, &[1000.0; 11]).hourly("a", 11, &[1500.0; 10]).tag("a", 10.0, 1.0);
    let rules = Rules { alignment: Alignment::DetectSpike, ..crate::history::ungated() };
    history = history.deposit("a", 9.9, 500.0);
    let found = history.advise(&rules, 20.0);
    assert_eq!((found.wallets[0].deposits_usd, code(&found)), (500.0, "no_gain"));
    history.deposits[0].amount = None;
    assert_eq!(code(&history.advise(&rules, 20.0)), "invalid_data");
    // Before any step within reach, and with none later that rises, it cannot belong into the interval.
    history.deposits[0].ts = Some(at(-50.0));
    history.positions.retain(|row| row.ts < Some(at(11.0)) || row.ts > Some(at(20.5)));
    assert_eq!(code(&history.advise(&rules, 20.0)), "no_gain");
}
