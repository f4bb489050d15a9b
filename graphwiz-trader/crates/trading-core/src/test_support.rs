//! What do tests and benches run on, where a case says nothing else? Real bars, bars that wander, and the rules of the
//! first run.
//!
//! Start at [`bundled`] for bars, at [`rules`] for what a run may do. A test that wants something else changes one
//! field. Behind the feature `test-support`, which no program has.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::bars::{Bar, Record, Series};
use crate::counts;
use crate::instrument::{FeeIn, Instrument};
use crate::report::{ExitTold, Origin, StrategyTold};
use crate::resample::resample;
use crate::rules::{Costs, EmergencyRules, Exits, ExitsLayer, Limits, Rules, Sizing, Slippage, StrategyRules, Target};
use crate::strategies::SmaCross;
use crate::strategy::{Position, Signal, Strategy, WarmUp};
use crate::time::{Micros, SECOND, Timeframe};
use flate2::read::GzDecoder;
use rust_decimal::Decimal;

/// A decimal as it is written.
///
/// # Panics
/// Where the text is none.
#[must_use]
pub fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// Two weeks of real minutes, of examples/market, brought to a timeframe: prices in cents, volumes in 10^-8.
///
/// # Panics
/// Where the file is not there, or not what it was.
#[must_use]
pub fn bundled(timeframe: Timeframe) -> Series {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/market/bitstamp_BTC-USD_1m.csv.gz");
    let mut text = String::new();
    GzDecoder::new(File::open(path).expect("the bundled bars")).read_to_string(&mut text).expect("a text");
    let count = |cell: &str, digits| counts::parse(cell.as_bytes()).ok().and_then(|count| count.at(digits));
    let record = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [open, high, low, close] = [1, 2, 3, 4].map(|i| count(cells[i], 2).expect("a price"));
        let open_time = cells[0].parse::<Micros>().expect("a time") * 1000;
        Record { open_time, open, high, low, close, volume: count(cells[5], 8).expect("a volume") }
    };
    let records = text.lines().skip(1).map(record).collect();
    let minutes = Series { timeframe: Timeframe::M1, price_digits: 2, volume_digits: 8, records };
    resample(&minutes, timeframe, Micros::MAX).expect("small volumes")
}

/// A market that wanders around 60 000 from 2024-01-01 on: of one seed always the same.
#[must_use]
pub fn wandering(timeframe: Timeframe, bars: i64, seed: u64) -> Series {
    let (mut state, mut price) = (seed, 6_000_000_i64);
    let mut step = |range: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % u64::try_from(2 * range + 1).expect("small")).expect("small") - range
    };
    let record = |i: i64| {
        let open = price;
        price = (price + step(4000) + (6_000_000 - price) / 20_000).max(1_000_000);
        let (high, low) = (open.max(price) + 500, open.min(price) - 500);
        let open_time = 1_704_067_200 * SECOND + i * timeframe.micros();
        Record { open_time, open, high, low, close: price, volume: 100_000_000_000 }
    };
    Series { timeframe, price_digits: 2, volume_digits: 8, records: (0..bars).map(record).collect() }
}

/// An instrument with the steps of the first run.
///
/// # Panics
/// Where the name is none of an instrument.
#[must_use]
pub fn instrument(id: &str) -> Instrument {
    Instrument {
        id: id.parse().expect("an instrument"),
        tick: decimal("0.01"),
        lot: decimal("0.00000001"),
        min_quantity: Decimal::ZERO,
        min_notional: decimal("10"),
        fee_in: FeeIn::Quote,
    }
}

/// The documented defaults.
#[must_use]
pub fn rules() -> Rules {
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
            max_trades_per_day: 100,
        }),
        emergency: EmergencyRules {
            max_daily_loss: Some(decimal("0.05")),
            max_drawdown: Some(decimal("0.15")),
            ..EmergencyRules::default()
        },
        max_gap_bars: 3,
    }
}

/// The same without what ends trading early, for runs that are to be long.
#[must_use]
pub fn lenient_rules() -> Rules {
    let rules = rules();
    let limits = rules.limits.map(|limits| Limits { max_trades_per_day: 1000, ..limits });
    Rules { limits, emergency: EmergencyRules::default(), ..rules }
}

/// A stop at 2 %, and nothing else.
#[must_use]
pub fn stop_only() -> Exits {
    ExitsLayer::stop_only().resolve(decimal("0.05"))
}

/// The documented defaults: that stop, a trailing one, and two targets.
#[must_use]
pub fn default_exits() -> Exits {
    let target = |percent, target| Target { percent: decimal(percent), target: decimal(target) };
    Exits { trailing: Some(decimal("0.01")), targets: vec![target("0.5", "0.03"), target("1", "0.05")], ..stop_only() }
}

/// A strategy that sizes on the whole account.
#[must_use]
pub fn alone(name: &str, exits: Exits) -> StrategyRules {
    StrategyRules { name: name.to_owned(), capital_share: crate::exact::whole(1), exits, accumulates: None }
}

/// Answers with the signals of a list, one a bar.
#[derive(Debug, Clone, Default)]
pub struct Scripted(VecDeque<Signal>);

impl Scripted {
    /// One that says these.
    #[must_use]
    pub fn new(signals: &[Signal]) -> Self {
        Self(signals.iter().copied().collect())
    }
}

impl Strategy for Scripted {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, _: &Bar, _: Option<&Position>) -> Signal {
        self.0.pop_front().unwrap_or(Signal::None)
    }
}

/// How the crossing of averages of the first run is told.
#[must_use]
pub fn told_strategy(name: &str, timeframe: Timeframe) -> StrategyTold {
    StrategyTold {
        name: name.to_owned(),
        kind: "sma_cross".to_owned(),
        instruments: vec!["bitstamp:BTC/USD".to_owned()],
        timeframe,
        params: [("fast", "20"), ("slow", "50")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        capital_share: 1.0,
        exits: [("stop_loss", ExitTold { value: Some("0.02".to_owned()), from: Origin::Kind })].into(),
        rules: None,
    }
}

/// The crossing of averages of the first run.
///
/// # Panics
/// Never: its parameters are in range.
#[must_use]
pub fn sma_cross() -> Box<dyn Strategy> {
    Box::new(SmaCross::new(20.0, 50.0).expect("parameters in range"))
}
