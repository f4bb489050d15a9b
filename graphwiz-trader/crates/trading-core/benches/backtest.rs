//! A backtest of one strategy over a million bars: costs, stops and metrics included.
//!
//! `cargo bench -p trading-core --bench backtest`

#![allow(clippy::expect_used, reason = "a benchmark that cannot set itself up has failed")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rust_decimal::Decimal;
use trading_core::bars::{Bar, Record, Series};
use trading_core::engine::{Participant, Run, run};
use trading_core::exact;
use trading_core::indicators::{Count, Indicator as _, Length, Sma};
use trading_core::instrument::{FeeIn, Instrument};
use trading_core::market::{Market, Money, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::rules::{Costs, EmergencyRules, ExitsLayer, Limits, Rules, Sizing, Slippage, StrategyRules};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::time::Timeframe;

const BARS: i64 = 1_000_000;

struct Cross {
    fast: Sma<Count>,
    slow: Sma<Count>,
    before: Option<(f64, f64)>,
}

impl Strategy for Cross {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 51, settle: 51 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        let close = Count::close(bar);
        let now = self.fast.next(close).zip(self.slow.next(close));
        let before = std::mem::replace(&mut self.before, now);
        match (before, now) {
            (Some((fast, slow)), Some(now)) if fast <= slow && now.0 > now.1 => Signal::Buy { size: 1.0 },
            (Some((fast, slow)), Some(now)) if fast >= slow && now.0 < now.1 => Signal::Sell,
            _ => Signal::None,
        }
    }
}

/// A market that wanders: the same one in every run.
fn wandering() -> Series {
    let (mut state, mut price) = (42_u64, 6_000_000_i64);
    let mut step = |range: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % u64::try_from(2 * range + 1).expect("small")).expect("small") - range
    };
    let record = |i: i64| {
        let open = price;
        price = (price + step(4000) + (6_000_000 - price) / 2000).max(1_000_000);
        let (high, low) = (open.max(price) + 500, open.min(price) - 500);
        Record { open_time: i * 60_000_000, open, high, low, close: price, volume: 100_000_000_000 }
    };
    Series { timeframe: Timeframe::M1, price_digits: 2, volume_digits: 8, records: (0..BARS).map(record).collect() }
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn market() -> (Money, Vec<Market>) {
    let instrument = Instrument {
        id: "test:BTC/USD".parse().expect("an instrument"),
        tick: decimal("0.01"),
        lot: decimal("0.00000001"),
        min_quantity: Decimal::ZERO,
        min_notional: decimal("10"),
        fee_in: FeeIn::Quote,
    };
    count_all(vec![(instrument, wandering())], decimal("100000")).expect("small numbers")
}

fn rules() -> Rules {
    Rules {
        costs: Costs {
            commission: decimal("0.001"),
            commission_maker: decimal("0.001"),
            slippage: Slippage::Fixed(decimal("0.0005")),
            max_volume_share: decimal("0.1"),
            latency: 0,
        },
        sizing: Sizing::FixedFractional { risk_per_trade: decimal("0.01") },
        limits: Some(Limits {
            max_position_share: decimal("0.1"),
            max_position_size: decimal("10000"),
            max_portfolio_exposure: decimal("0.5"),
            max_correlation_exposure: decimal("0.3"),
            max_open_positions: 10,
            max_trades_per_day: 1000,
        }),
        emergency: EmergencyRules::default(),
        max_gap_bars: 3,
    }
}

fn backtest(criterion: &mut Criterion) {
    let (money, markets) = market();
    let rules = rules();
    let make = |_: usize| -> Box<dyn Strategy> {
        let sma = |bars| Sma::new(Length::new(bars).expect("a length"));
        Box::new(Cross { fast: sma(20), slow: sma(50), before: None })
    };
    let participants = [Participant {
        rules: StrategyRules {
            name: "sma_cross".into(),
            capital_share: exact::whole(1),
            exits: ExitsLayer::stop_only().resolve(decimal("0.05")),
            accumulates: None,
        },
        markets: vec![0],
        make: &make,
        atr: None,
    }];
    let capital = money.count(decimal("100000")).expect("a count");
    let what = || Run {
        money,
        markets: &markets,
        timeframe: Timeframe::M1,
        from: 0,
        participants: &participants,
        rules: &rules,
        capital,
    };
    let trips = run(&what()).trips.len();
    assert!(trips > 5000, "{trips} trips");
    criterion.bench_function(&format!("sma_cross over 1 M bars, {trips} trips, with metrics"), |b| {
        let span = Span { from: 0, to: BARS * 60_000_000 };
        b.iter_batched(
            what,
            |what| {
                let outcome = run(&what);
                black_box(Metrics::of(&outcome, &markets, money, Timeframe::M1, span, 0.02))
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(benches, backtest);
criterion_main!(benches);
