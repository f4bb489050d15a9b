//! Runs to tell: on the bundled minutes, on a market that wanders, and on seven bars written by hand.

use std::io::Read as _;
use std::path::Path;

use graphwiz_trader::html_report::Prices;
use rust_decimal::Decimal;
use trading_core::bars::{Bar, Record, Series};
use trading_core::engine::{Participant, Run, run};
use trading_core::exact;
use trading_core::gate::Gate;
use trading_core::indicators::{Count, Indicator as _, Length, Sma};
use trading_core::instrument::{FeeIn, Instrument};
use trading_core::market::count_all;
use trading_core::metrics::{Metrics, Span};
use trading_core::report::{Heading, Report};
use trading_core::rules::{
    Costs, EmergencyRules, Exits, ExitsLayer, Limits, Rules, Sizing, Slippage, StrategyRules, Target,
};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::time::{SECOND, Timeframe};

/// What a page is made of.
pub(crate) struct Told {
    pub(crate) report: Report,
    pub(crate) prices: Vec<Prices>,
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

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
        match (std::mem::replace(&mut self.before, now), now) {
            (Some((fast, slow)), Some(now)) if fast <= slow && now.0 > now.1 => Signal::Buy { size: 1.0 },
            (Some((fast, slow)), Some(now)) if fast >= slow && now.0 < now.1 => Signal::Sell,
            _ => Signal::None,
        }
    }
}

/// Buys at the first bar and at the fifth.
struct Twice(u32);

impl Strategy for Twice {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, _: &Bar, _: Option<&Position>) -> Signal {
        self.0 += 1;
        if matches!(self.0, 1 | 5) { Signal::Buy { size: 1.0 } } else { Signal::None }
    }
}

struct Never;

impl Strategy for Never {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, _: &Bar, _: Option<&Position>) -> Signal {
        Signal::None
    }
}

fn cross(_: usize) -> Box<dyn Strategy> {
    let sma = |bars| Sma::new(Length::new(bars).expect("a length"));
    Box::new(Cross { fast: sma(20), slow: sma(50), before: None })
}

pub(crate) fn stop_only() -> Exits {
    ExitsLayer::stop_only().resolve(decimal("0.05"))
}

pub(crate) fn default_exits() -> Exits {
    let target = |percent, target| Target { percent: decimal(percent), target: decimal(target) };
    Exits { trailing: Some(decimal("0.01")), targets: vec![target("0.5", "0.03"), target("1", "0.05")], ..stop_only() }
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

/// What is run.
struct Setting<'a> {
    name: &'a str,
    listed: Vec<(&'a str, Series)>,
    exits: Exits,
    rules: Rules,
    make: &'a dyn Fn(usize) -> Box<dyn Strategy>,
    capital: &'a str,
}

fn told(setting: Setting<'_>) -> Told {
    let Setting { name, listed, exits, rules, make, capital } = setting;
    let timeframe = listed[0].1.timeframe;
    let instrument = |id: &str| Instrument {
        id: id.parse().expect("an instrument"),
        tick: decimal("0.01"),
        lot: decimal("0.00000001"),
        min_quantity: Decimal::ZERO,
        min_notional: decimal("10"),
        fee_in: FeeIn::Quote,
    };
    let listed = listed.into_iter().map(|(id, series)| (instrument(id), series)).collect();
    let (money, markets) = count_all(listed, decimal(capital)).expect("small numbers");
    let strategy = StrategyRules { name: name.into(), capital_share: exact::whole(1), exits, accumulates: None };
    let all = (0..markets.len()).collect();
    let capital = money.count(decimal(capital)).expect("a count");
    let participants = [Participant { rules: strategy, markets: all, make, atr: None }];
    let outcome =
        run(&Run { money, markets: &markets, timeframe, from: 0, participants: &participants, rules: &rules, capital });
    let from = markets[0].series.records[0].open_time;
    let to = markets[0].series.records.last().expect("bars").open_time + timeframe.micros();
    let span = Span { from, to };
    let metrics = Metrics::of(&outcome, &markets, money, timeframe, span, 0.02);
    let heading = Heading {
        name,
        strategies: vec![name],
        config_hash: [1; 32],
        data_hash: [2; 32],
        seed: 0,
        capital,
        timeframe,
        gate_unmet: Gate::live().unmet(&metrics, span),
        warnings: Vec::new(),
    };
    let report = Report::new(heading, &outcome, &markets, money, metrics, span);
    Told { report, prices: markets.iter().filter_map(|market| Prices::of(market, span)).collect() }
}

/// The bundled minutes, brought to five.
fn bundled_bars() -> Series {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/market/bitstamp_BTC-USD_1m.csv.gz");
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the bundled bars");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a text");
    let count = |text: &str, digits: usize| -> i64 {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{part:0<digits$}").parse().expect("a number")
    };
    let timeframe = Timeframe::M5;
    let mut records: Vec<Record> = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [open, high, low, close] = [1, 2, 3, 4].map(|i| count(cells[i], 2));
        let volume = count(cells[5], 8);
        let open_time = timeframe.start_of(cells[0].parse::<i64>().expect("a time") * 1000);
        match records.last_mut().filter(|last| last.open_time == open_time) {
            Some(last) => {
                (last.high, last.low) = (last.high.max(high), last.low.min(low));
                (last.close, last.volume) = (close, last.volume + volume);
            }
            None => records.push(Record { open_time, open, high, low, close, volume }),
        }
    }
    Series { timeframe, price_digits: 2, volume_digits: 8, records }
}

/// A market that wanders from 2024-01-01 on: of one seed always the same.
fn wandering(timeframe: Timeframe, bars: i64, seed: u64) -> Series {
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

fn on_bundled(exits: Exits, rules: Rules) -> Told {
    let listed = vec![("bitstamp:BTC/USD", bundled_bars())];
    told(Setting { name: "sma_cross", listed, exits, rules, make: &cross, capital: "100000" })
}

/// The first run that a newcomer sees.
pub(crate) fn bundled(exits: Exits) -> Told {
    on_bundled(exits, rules())
}

/// The same, stopped by a drawdown that it soon has.
pub(crate) fn emergency() -> Told {
    let emergency = EmergencyRules { max_drawdown: Some(decimal("0.004")), flatten: true, ..EmergencyRules::default() };
    on_bundled(stop_only(), Rules { emergency, ..rules() })
}

/// A million minutes.
pub(crate) fn long() -> Told {
    let costs = Costs { commission: decimal("0.0001"), slippage: Slippage::Fixed(decimal("0.0001")), ..rules().costs };
    told(Setting {
        name: "sma_cross",
        listed: vec![("test:BTC/USD", wandering(Timeframe::M1, 1_000_000, 42))],
        exits: default_exits(),
        rules: Rules { costs, ..rules() },
        make: &cross,
        capital: "100000",
    })
}

/// A strategy that never wants anything.
pub(crate) fn quiet(bars: i64) -> Told {
    told(Setting {
        name: "never",
        listed: vec![("test:BTC/USD", wandering(Timeframe::H1, bars, 1))],
        exits: stop_only(),
        rules: rules(),
        make: &|_| Box::new(Never),
        capital: "100000",
    })
}

/// Three instruments on one account, of which two may be held at once, with few entries a day.
pub(crate) fn portfolio() -> Told {
    let limits = rules().limits.map(|limits| Limits { max_open_positions: 2, max_trades_per_day: 2, ..limits });
    told(Setting {
        name: "portfolio",
        listed: [("test:BTC/USD", 1), ("test:ETH/USD", 2), ("test:SOL/USD", 3)]
            .map(|(id, seed)| (id, wandering(Timeframe::M15, 9_000, seed)))
            .to_vec(),
        exits: default_exits(),
        rules: Rules { limits, ..rules() },
        make: &cross,
        capital: "100000",
    })
}

/// Two trips: one to a target and a trailing stop, one stopped within its first bar.
pub(crate) fn seven_bars() -> Told {
    let bars = [
        [10_000, 10_100, 9_900, 10_000],
        [10_010, 10_150, 10_000, 10_120],
        [10_120, 10_340, 10_100, 10_300],
        [10_300, 10_320, 10_190, 10_200],
        [10_200, 10_250, 10_150, 10_220],
        [10_220, 10_240, 9_900, 9_950],
        [9_700, 9_750, 9_500, 9_600],
    ];
    let record = |(i, [open, high, low, close]): (i64, [i64; 4])| {
        let open_time = 1_786_924_800 * SECOND + i * Timeframe::M5.micros();
        Record { open_time, open, high, low, close, volume: 100_000_000_000 }
    };
    let records = (0..).zip(bars).map(record).collect();
    told(Setting {
        name: "twice",
        listed: vec![("test:BTC/USD", Series { timeframe: Timeframe::M5, price_digits: 2, volume_digits: 8, records })],
        exits: default_exits(),
        rules: rules(),
        make: &|_| Box::new(Twice(0)),
        capital: "10000",
    })
}
