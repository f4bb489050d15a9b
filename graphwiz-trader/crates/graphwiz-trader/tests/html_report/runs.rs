//! Runs to tell: on the bundled minutes, on a market that wanders, and on seven bars written by hand.

use graphwiz_trader::html_report::Prices;
use trading_core::bars::{Record, Series};
use trading_core::engine::{Participant, Run, run};
use trading_core::gate::Gate;
use trading_core::market::{Market, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::report::{Heading, Report};
use trading_core::rules::{Costs, EmergencyRules, Exits, Limits, Rules, Slippage};
use trading_core::strategy::{Signal, Strategy};
use trading_core::test_support::{
    Scripted, alone, bundled as bundled_bars, decimal, instrument, lenient_rules as rules, sma_cross, told_strategy,
    wandering,
};
pub(crate) use trading_core::test_support::{default_exits, stop_only};
use trading_core::time::{SECOND, Timeframe};

/// What a page is made of.
pub(crate) struct Told {
    pub(crate) report: Report,
    pub(crate) markets: Vec<Market>,
    pub(crate) span: Span,
}

impl Told {
    pub(crate) fn prices(&self) -> Vec<Prices<'_>> {
        self.markets.iter().filter_map(|market| Prices::of(market, self.span)).collect()
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
    let listed = listed.into_iter().map(|(id, series)| (instrument(id), series)).collect();
    let (money, markets) = count_all(listed, decimal(capital)).expect("small numbers");
    let strategy = alone(name, exits);
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
        strategies: vec![told_strategy(name, timeframe)],
        config_hash: [1; 32],
        data_hash: [2; 32],
        seed: 0,
        capital,
        timeframe,
        gate_unmet: Gate::live().unmet(&metrics, span),
        warnings: Vec::new(),
    };
    let report = Report::new(heading, outcome, &markets, money, metrics, span);
    Told { report, markets, span }
}

fn on_bundled(exits: Exits, rules: Rules) -> Told {
    let listed = vec![("bitstamp:BTC/USD", bundled_bars(Timeframe::M5))];
    told(Setting { name: "sma_cross", listed, exits, rules, make: &|_| sma_cross(), capital: "100000" })
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
        make: &|_| sma_cross(),
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
        make: &|_| Box::new(Scripted::default()),
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
        make: &|_| sma_cross(),
        capital: "100000",
    })
}

/// Two trips: one to a target and a trailing stop, one stopped within its first bar.
pub(crate) fn seven_bars() -> Told {
    seven_bars_of("twice")
}

/// The same of a strategy with this name.
pub(crate) fn seven_bars_of(name: &str) -> Told {
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
        name,
        listed: vec![("test:BTC/USD", Series { timeframe: Timeframe::M5, price_digits: 2, volume_digits: 8, records })],
        exits: default_exits(),
        rules: rules(),
        make: &|_| Box::new(Scripted::new(&[Signal::BUY, Signal::None, Signal::None, Signal::None, Signal::BUY])),
        capital: "10000",
    })
}
