//! How long does an evaluation of loaded data take, next to one pass that only adds the same values up?
//!
//! `cargo bench -p advisor-core`: 3 assets of 20 wallets of 17 281 samples, one every 5 minutes for 60 days, 50 flows a wallet.
//! The gate's window is two days in one evaluation and all samples in the other.

use std::hint::black_box;

use advisor_core::advice::{Snapshot, advise};
use advisor_core::coverage::Coverage;
use advisor_core::flow::FlowRow;
use advisor_core::position::{PositionRow, Positions, PositionsBuilder};
use advisor_core::reference::Reference;
use advisor_core::rules::{Alignment, Basis, Rules};
use advisor_core::test_support::{self, EPOCH, KEYWORD};
use advisor_core::time::NANOS_PER_HOUR;
use criterion::{Criterion, criterion_group, criterion_main};

const ASSETS: i64 = 3;
const WALLETS: i64 = 20;
const SAMPLES: i64 = 17_281;
const FLOWS: i64 = 50;
const STEP: i64 = NANOS_PER_HOUR / 12;
const END: i64 = EPOCH + (SAMPLES - 1) * STEP;

/// A number in 0..1 that looks random and is the same on every run.
fn noise(a: i64, b: i64) -> f64 {
    let mixed = (a.wrapping_mul(7_919) + b)
        .wrapping_mul(0x5851_f42d_4c95_7f2d)
        .rotate_left(29)
        .wrapping_mul(0x2545_f491_4f6c_dd1d);
    (mixed.unsigned_abs() >> 11) as f64 / (1_u64 << 52) as f64
}

fn address(wallet: i64) -> String {
    format!("addr1q{wallet:097}")
}

/// The sample before which the wallet's flow `n` lies, and its amount; every second one is a withdrawal.
fn flow(wallet: i64, n: i64) -> (i64, f64) {
    ((n + 1) * SAMPLES / (FLOWS + 2) + wallet, (10.0 + 90.0 * noise(wallet, n)) * if n % 2 == 0 { 1.0 } else { -1.0 })
}

/// Units grow by 5 % a year and move with the flows; the price wavers by a tenth of a cent around 1.
fn positions(asset: i64) -> Positions {
    let mut builder = PositionsBuilder::new();
    for wallet in 0..WALLETS {
        let (address, mut units, mut next) = (address(wallet), 10_000.0 + 500.0 * wallet as f64, 0);
        for i in 0..SAMPLES {
            while next < FLOWS && flow(wallet, next).0 <= i {
                units += flow(wallet, next).1;
                next += 1;
            }
            units *= 1.0 + 0.05 / (365.0 * 288.0);
            let price = 1.0 + 0.002 * (noise(asset, i) - 0.5);
            builder.push(&PositionRow {
                ts: Some(EPOCH + i * STEP),
                wallet: Some(&address),
                underlying_units: Some(units),
                usd_value: Some(units * price),
                price_usd: Some(price),
            });
        }
    }
    builder.finish()
}

fn flows(withdrawals: bool) -> Vec<FlowRow> {
    let rows = (0..WALLETS).flat_map(|wallet| (0..FLOWS).map(move |n| (wallet, n)));
    rows.filter(|(_, n)| (n % 2 == 1) == withdrawals)
        .map(|(wallet, n)| {
            let (sample, amount) = flow(wallet, n);
            FlowRow {
                ts: Some(EPOCH + sample * STEP - STEP / 2),
                wallet: Some(address(wallet).into()),
                amount: Some(amount),
                memo: (n == 5).then(|| KEYWORD.to_owned()),
                tx_hash: Some(format!("{wallet:08x}{n:056x}")),
            }
        })
        .collect()
}

fn rules(lookback_hours: f64) -> Rules {
    let mut rules = test_support::rules();
    rules.gate.lookback_hours = lookback_hours;
    rules
}

fn snapshot(asset: i64, rules: &Rules) -> Snapshot {
    let withdrawals = flows(true);
    Snapshot {
        asset: format!("usd{asset}"),
        deposits_table: format!("liqwid_deposits_usd{asset}"),
        withdrawals_table: Some(format!("liqwid_withdrawals_usd{asset}")),
        positions: positions(asset),
        deposits: flows(false),
        reference: Reference::find(&withdrawals, rules, END),
        withdrawals,
        loaded_from: None,
        prices: Vec::new(),
        failed_prices: Vec::new(),
        now: END,
        mismatches_before: 0,
        coverage: Coverage::default(),
    }
}

fn evaluate(c: &mut Criterion) {
    let assets: Vec<Snapshot> = (0..ASSETS).map(|asset| snapshot(asset, &rules(48.0))).collect();
    let columns: Vec<[Vec<f64>; 2]> = assets
        .iter()
        .flat_map(|asset| &asset.positions.wallets)
        .map(|wallet| {
            let prices = (0..wallet.ts().len()).filter_map(|i| wallet.price_usd(i)).collect();
            [wallet.value_usd().to_vec(), prices]
        })
        .collect();
    let mut group = c.benchmark_group("3 assets of 20 wallets of 17281 samples");
    group.bench_function("plain sum", |b| {
        b.iter(|| black_box(&columns).iter().flatten().map(|column| column.iter().sum::<f64>()).sum::<f64>());
    });
    let full = (SAMPLES / 12) as f64;
    for (name, alignment, lookback_hours) in [
        ("window of 48 h", Alignment::None, 48.0),
        ("window of all samples", Alignment::None, full),
        ("window of all samples, detect_spike", Alignment::DetectSpike, full),
    ] {
        let rules = Rules { alignment, ..rules(lookback_hours) };
        let advice = advise(&rules, &assets[0], END);
        assert!(advice.wallets.iter().all(|wallet| wallet.flows.len() > 40), "the flows count");
        group.bench_function(name, |b| {
            b.iter(|| {
                black_box(&assets).iter().map(|asset| advise(&rules, asset, END).decision.limit_usd()).sum::<f64>()
            });
        });
    }
    let unlimited = Rules { max_supply_apy: None, ..rules(48.0) };
    group.bench_function("window of 48 h, growth of any size passes", |b| {
        b.iter(|| {
            black_box(&assets).iter().map(|asset| advise(&unlimited, asset, END).decision.limit_usd()).sum::<f64>()
        });
    });
    let mut basis = rules(full);
    basis.gate.basis = Basis::ChangeRateUsd;
    group.bench_function("window of all samples, prices judged", |b| {
        b.iter(|| black_box(&assets).iter().map(|asset| advise(&basis, asset, END).decision.limit_usd()).sum::<f64>());
    });
    group.finish();
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
