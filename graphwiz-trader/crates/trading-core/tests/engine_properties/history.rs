//! Histories: bars, strategies that say what a list has for them, and rules.

use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Strategy as Generator;
use rust_decimal::Decimal;
use trading_core::bars::{Bar, NO_VOLUME, Record, Series};
use trading_core::engine::{Gauge, Outcome, Participant, Run, run};
use trading_core::exact;
use trading_core::indicators::{Atr, Indicator as _, Length};
use trading_core::instrument::{FeeIn, Instrument};
use trading_core::market::{Market, Money, count_all};
use trading_core::rules::{Costs, EmergencyRules, Exits, Limits, Rules, Sizing, Slippage, Stop, StrategyRules, Target};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::test_support::{decimal, instrument};
use trading_core::time::{Micros, Timeframe};

pub(crate) const FRAME: Timeframe = Timeframe::H1;
pub(crate) const STEP: Micros = 3_600_000_000;
/// Bars with much volume at the end of a history that is to end with nothing held.
const LAST_BARS: i64 = 6;

/// Whether something can be left that is too small to sell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Dust {
    Some,
    None,
}

/// How a history ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ending {
    /// Anyhow.
    Open,
    /// All strategies say SELL.
    Sell,
    /// Prices fall by a fifth, bar after bar, every strategy has a stop, and none wants anything.
    Crash,
}

/// What a strategy wants at a bar.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    Nothing,
    Buy {
        size: f64,
    },
    /// So many thousandths below the close.
    Limit {
        below: i64,
        valid_bars: u32,
    },
    Sell,
}

#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) listed: Vec<(Instrument, Series)>,
    pub(crate) strategies: Vec<(StrategyRules, Vec<usize>, Vec<Wish>)>,
    pub(crate) rules: Rules,
    ending: Ending,
    /// When the bars begin that end it.
    last_from: Micros,
}

/// A history that has been run.
pub(crate) struct Ran {
    pub(crate) history: History,
    pub(crate) money: Money,
    pub(crate) markets: Vec<Market>,
    pub(crate) outcome: Outcome,
    /// Strategy, market and close time of each SELL that was said while something was held.
    pub(crate) said_sell: Vec<(usize, usize, Micros)>,
    /// Strategies and markets in which something was held at the last bar.
    pub(crate) held_at_last: Vec<(usize, usize)>,
}

/// What strategies have seen and said.
#[derive(Debug, Default)]
struct Said {
    sell: Vec<(usize, usize, Micros)>,
    held_at_last: Vec<(usize, usize)>,
}

struct Wishing {
    place: (usize, usize),
    wishes: Vec<Wish>,
    ending: Ending,
    last_from: Micros,
    said: Arc<Mutex<Said>>,
}

impl Strategy for Wishing {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, bar: &Bar, position: Option<&Position>) -> Signal {
        let (strategy, market) = self.place;
        let number = usize::try_from(bar.open_time() / STEP).expect("after 1970") + 7 * market;
        let wish = match self.ending {
            Ending::Sell if bar.open_time() >= self.last_from => Wish::Sell,
            Ending::Crash if bar.open_time() >= self.last_from => Wish::Nothing,
            _ => self.wishes[number % self.wishes.len()],
        };
        let mut said = self.said.lock().expect("no panic while it is held");
        if position.is_some() && bar.open_time() == self.last_from + (LAST_BARS - 1) * STEP {
            said.held_at_last.push(self.place);
        }
        match wish {
            Wish::Nothing => Signal::None,
            Wish::Buy { size } => Signal::Buy { size },
            Wish::Limit { below, valid_bars } => {
                let price = Decimal::from(bar.record().close * (1000 - below)) / Decimal::from(100_000);
                Signal::BuyLimit { price, valid_bars, size: 1.0 }
            }
            Wish::Sell => {
                if position.is_some() {
                    said.sell.push((strategy, market, bar.close_time()));
                }
                Signal::Sell
            }
        }
    }
}

pub(crate) fn gauge(_: usize) -> Gauge {
    let mut atr = Atr::new(Length::new(14).expect("a length"));
    Box::new(move |bar| atr.next(*bar))
}

impl History {
    pub(crate) fn capital() -> Decimal {
        decimal("10000")
    }

    pub(crate) fn end(&self) -> Micros {
        let ends = self.listed.iter().filter_map(|(_, series)| series.records.last()).map(|last| last.open_time + STEP);
        ends.max().expect("bars")
    }

    pub(crate) fn has_gaps(&self) -> bool {
        let gap = |series: &Series| series.records.windows(2).any(|two| two[1].open_time - two[0].open_time > 4 * STEP);
        self.listed.iter().any(|(_, series)| gap(series))
    }

    pub(crate) fn run(&self) -> Ran {
        let (money, markets) = count_all(self.listed.clone(), Self::capital()).expect("small numbers");
        let said = Arc::<Mutex<Said>>::default();
        let (ending, last_from) = (self.ending, self.last_from);
        let makers: Vec<_> = self
            .strategies
            .iter()
            .enumerate()
            .map(|(strategy, (_, _, wishes))| {
                let said = &said;
                move |market: usize| -> Box<dyn Strategy> {
                    let (wishes, said) = (wishes.clone(), Arc::clone(said));
                    Box::new(Wishing { place: (strategy, market), wishes, ending, last_from, said })
                }
            })
            .collect();
        let participants: Vec<_> = self
            .strategies
            .iter()
            .zip(&makers)
            .map(|((rules, markets, _), make)| Participant {
                rules: rules.clone(),
                markets: markets.clone(),
                make,
                atr: Some(&gauge),
            })
            .collect();
        let capital = money.count(Self::capital()).expect("a count");
        let (markets_of_run, rules) = (&markets, &self.rules);
        let run_of = Run {
            money,
            markets: markets_of_run,
            timeframe: FRAME,
            from: 0,
            participants: &participants,
            rules,
            capital,
        };
        let outcome = run(&run_of);
        let Said { sell: said_sell, held_at_last } =
            std::mem::take(&mut *said.lock().expect("no panic while it is held"));
        Ran { history: self.clone(), money, markets, outcome, said_sell, held_at_last }
    }
}

impl Ran {
    /// Money as a decimal.
    pub(crate) fn decimal(&self, count: i128) -> Decimal {
        decimal(&self.money.written(count))
    }
}

/// A bar's part in a walk: how many bars are missing before it, its moves in thousandths, and its volume.
type Move = (i64, [i64; 4], i64);

fn moves() -> impl Generator<Value = Vec<Move>> {
    let missing = prop_oneof![20 => Just(0), 2 => Just(1_i64), 1 => Just(6)];
    let volume = prop_oneof![2 => Just(0), 1 => Just(NO_VOLUME), 4 => 1..3000_i64, 6 => 10_000..1_000_000_000_i64];
    vec((missing, [-8..=8_i64, -40..=40, 0..=20, 0..=20], volume), 20..60)
}

/// Bars from moves; prices in cents, volumes in hundredths.
fn records(moves: &[Move]) -> Vec<Record> {
    let (mut at, mut price) = (0, 10_000_i64);
    let record = |(missing, [gap, change, above, below], volume): &Move| {
        at += (missing + 1) * STEP;
        let open = (price * (1000 + gap) / 1000).max(100);
        price = (open * (1000 + change) / 1000).max(100);
        let (high, low) = (open.max(price) * (1000 + above) / 1000, open.min(price) * (1000 - below) / 1000);
        Record { open_time: at, open, high, low, close: price, volume: *volume }
    };
    moves.iter().map(record).collect()
}

fn exits(ending: Ending) -> impl Generator<Value = Exits> {
    let stop = match ending {
        Ending::Crash => select(vec![Stop::Percent(decimal("0.02")), Stop::Percent(decimal("0.1"))]),
        _ => select(vec![Stop::None, Stop::Percent(decimal("0.02")), Stop::Atr(decimal("1.5"))]),
    };
    let target = |percent, target| Target { percent: decimal(percent), target: decimal(target) };
    let targets = select(vec![
        vec![],
        vec![target("1", "0.03")],
        vec![target("0.5", "0.02"), target("0.3", "0.03"), target("1", "0.05")],
    ]);
    let trailing = select(vec![None, Some(decimal("0.01"))]);
    (stop, trailing, targets, 0..4_u32, proptest::option::of(1..4_u32)).prop_map(
        |(stop, trailing, targets, cooldown_bars, stop_guard)| Exits {
            stop,
            trailing,
            targets,
            cooldown_bars,
            stop_guard,
            size_stop: decimal("0.02"),
        },
    )
}

fn wishes() -> impl Generator<Value = Vec<Wish>> {
    let wish = prop_oneof![
        6 => Just(Wish::Nothing),
        4 => select(vec![1.0, 0.4, 3.0]).prop_map(|size| Wish::Buy { size }),
        2 => (-2..30_i64, 1..8_u32).prop_map(|(below, valid_bars)| Wish::Limit { below, valid_bars }),
        1 => Just(Wish::Sell),
    ];
    vec(wish, 5..40)
}

fn rules() -> impl Generator<Value = Rules> {
    let slippage = select(vec![Slippage::Fixed(decimal("0.0005")), Slippage::Realistic(decimal("0.0005"))]);
    let share = || select(vec![decimal("0.05"), decimal("0.1"), decimal("0.3"), decimal("1")]);
    let costs = (
        select(vec!["0", "0.001", "0.01"]),
        slippage,
        select(vec!["0.1", "1"]),
        select(vec![0, 1, STEP, STEP * 3 / 2]),
    );
    let limits = (share(), select(vec![decimal("200"), decimal("10000")]), share(), share(), 1..6_u32, 1..12_u32);
    let loss = |shares: [&str; 2]| proptest::option::of(select(shares.map(decimal).to_vec()));
    let emergency = (loss(["0.002", "0.05"]), loss(["0.005", "0.15"]), any::<bool>(), any::<bool>());
    let sizing = select(vec![
        Sizing::FixedFractional { risk_per_trade: decimal("0.01") },
        Sizing::FixedNotional(decimal("3000")),
        Sizing::FixedRisk(decimal("50")),
    ]);
    (costs, sizing, proptest::option::weighted(0.8, limits), emergency).prop_map(
        |(costs, sizing, limits, emergency)| {
            let (commission, slippage, volume_share, latency) = costs;
            let (max_daily_loss, max_drawdown, flatten, goes_on) = emergency;
            Rules {
                costs: Costs {
                    commission: decimal(commission),
                    commission_maker: decimal(commission) / Decimal::TWO,
                    slippage,
                    max_volume_share: decimal(volume_share),
                    latency,
                },
                sizing,
                limits: limits.map(|(position, size, portfolio, correlation, open, trades)| Limits {
                    max_position_share: position,
                    max_position_size: size,
                    max_portfolio_exposure: portfolio,
                    max_correlation_exposure: correlation,
                    max_open_positions: open,
                    max_trades_per_day: trades,
                }),
                emergency: EmergencyRules { max_daily_loss, max_drawdown, system_error: None, flatten, goes_on },
                max_gap_bars: 3,
            }
        },
    )
}

type Listed = (Vec<Move>, &'static str, &'static str, bool);

/// The instruments with their bars, the last ones as the ending has it, and when these begin.
fn listed(markets: &[Listed], dust: Dust, ending: Ending) -> (Vec<(Instrument, Series)>, Micros) {
    let mut all: Vec<Vec<Record>> = markets.iter().map(|(moves, ..)| records(moves)).collect();
    let last_from =
        all.iter().filter_map(|records| records.last()).map(|last| last.open_time).max().expect("bars") + STEP;
    if ending != Ending::Open {
        for records in &mut all {
            let price = records[records.len() - 1].close;
            let last = |i: i64| {
                let price = if ending == Ending::Crash { (0..=i).fold(price, |price, _| price * 4 / 5) } else { price };
                let open_time = last_from + i * STEP;
                Record { open_time, open: price, high: price, low: price, close: price, volume: 1 << 50 }
            };
            records.extend((0..LAST_BARS).map(last));
        }
    }
    let names = ["test:AAA/USD", "test:BBB/USD", "test:CCC/USD"];
    let one = |((records, (_, lot, least, in_base)), name): ((Vec<Record>, &Listed), &str)| {
        let (least, in_base) = if dust == Dust::None { ("0", false) } else { (*least, *in_base) };
        let fee_in = if in_base { FeeIn::Base } else { FeeIn::Quote };
        let instrument = Instrument { lot: decimal(lot), min_notional: decimal(least), fee_in, ..instrument(name) };
        (instrument, Series { timeframe: FRAME, price_digits: 2, volume_digits: 2, records })
    };
    (all.into_iter().zip(markets).zip(names).map(one).collect(), last_from)
}

pub(crate) fn history(dust: Dust, ending: Ending) -> impl Generator<Value = History> {
    let market = (moves(), select(vec!["0.00001", "0.001", "0.1"]), select(vec!["0", "10", "150"]), any::<bool>());
    let acting = (exits(ending), wishes(), proptest::option::weighted(0.2, Just(decimal("0.05"))), 1..8_usize);
    (vec(market, 1..4), vec(acting, 1..4), rules()).prop_map(move |(markets, acting, rules)| {
        let (listed, last_from) = listed(&markets, dust, ending);
        let count = acting.len();
        let strategy =
            |(i, (exits, wishes, accumulates, traded)): (usize, (Exits, Vec<Wish>, Option<Decimal>, usize))| {
                let capital_share = exact::whole(1) / exact::whole(count as i128);
                // `traded` has a bit for each market; the first is traded where it has none of those that are there.
                let mut places: Vec<usize> = (0..listed.len()).filter(|market| traded & (1 << market) != 0).collect();
                if places.is_empty() {
                    places.push(0);
                }
                (StrategyRules { name: format!("s{i}"), capital_share, exits, accumulates }, places, wishes)
            };
        let strategies = acting.into_iter().enumerate().map(strategy).collect();
        History { listed, strategies, rules, ending, last_from }
    })
}
