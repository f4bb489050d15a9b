//! The engine against a second implementation of the rules: 489 histories with their answers, see `testdata/engine`.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use trading_core::bars::{Bar, NO_VOLUME, Record, Series};
use trading_core::engine::record::{Cause, Emergency, OrderState, Side};
use trading_core::engine::{Gauge, Outcome, Participant, Run, run};
use trading_core::exact::{self, written};
use trading_core::instrument::{FeeIn, Instrument};
use trading_core::ledger::UNIT_DIGITS;
use trading_core::market::{Market, Money, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::rules::{
    Costs, EmergencyRules, Exits, ExitsLayer, Limits, Rules, Sizing, Slippage, StrategyRules, Target,
};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::time::{DAY, Timeframe};

/// Answers each bar with what a script has for it.
struct Scripted(Arc<HashMap<i64, Signal>>);

impl Strategy for Scripted {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        self.0.get(&bar.open_time()).copied().unwrap_or(Signal::None)
    }
}

/// Buys at each UTC midnight.
struct Midnight;

impl Strategy for Midnight {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        if bar.close_time().rem_euclid(DAY) == 0 { Signal::Buy { size: 1.0 } } else { Signal::None }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key} in {value}"))
}

fn decimal(value: &Value, key: &str) -> Decimal {
    text(value, key).parse().expect("a decimal")
}

fn maybe(value: &Value, key: &str) -> Option<Decimal> {
    value[key].as_str().map(|text| text.parse().expect("a decimal"))
}

fn rules(config: &Value) -> Rules {
    let (trading, risk) = (&config["trading"], &config["risk"]);
    let sizing = &risk["sizing"];
    let slippage = decimal(trading, "slippage_rate");
    Rules {
        costs: Costs {
            commission: decimal(trading, "commission_rate"),
            commission_maker: decimal(trading, "commission_maker"),
            slippage: if trading["slippage"] == "realistic" {
                Slippage::Realistic(slippage)
            } else {
                Slippage::Fixed(slippage)
            },
            max_volume_share: decimal(trading, "max_volume_share"),
            latency: trading["latency_ms"].as_i64().expect("a latency") * 1000,
        },
        sizing: match text(sizing, "method") {
            "fixed_notional" => Sizing::FixedNotional(decimal(sizing, "fixed_notional")),
            "fixed_risk" => Sizing::FixedRisk(decimal(sizing, "fixed_risk")),
            _ => Sizing::FixedFractional { risk_per_trade: decimal(sizing, "risk_per_trade") },
        },
        limits: Some(Limits {
            max_position_share: decimal(trading, "max_position_size"),
            max_position_size: decimal(risk, "max_position_size"),
            max_portfolio_exposure: decimal(risk, "max_portfolio_exposure"),
            max_correlation_exposure: decimal(risk, "max_correlation_exposure"),
            max_open_positions: count(risk, "max_open_positions"),
            max_trades_per_day: count(risk, "max_trades_per_day"),
        }),
        emergency: EmergencyRules {
            max_daily_loss: maybe(trading, "max_daily_loss"),
            max_drawdown: maybe(trading, "max_drawdown"),
            system_error: None,
            flatten: trading["emergency_shutdown"]["flatten"] == true,
            goes_on: config["emergency"] == "continue",
        },
        max_gap_bars: 3,
    }
}

fn count(value: &Value, key: &str) -> u32 {
    u32::try_from(value[key].as_u64().expect("a count")).expect("a small count")
}

fn exits(value: &Value, all_at: Decimal) -> Exits {
    let targets = value["partial_targets"].as_array().map(|targets| {
        targets.iter().map(|one| Target { percent: decimal(one, "percent"), target: decimal(one, "target") }).collect()
    });
    let layer = ExitsLayer {
        stop_loss: Some(maybe(value, "stop_loss")),
        trailing_percent: Some(maybe(value, "trailing_percent")),
        atr_multiple: Some(maybe(value, "atr_multiple")),
        partial_targets: Some(targets),
        cooldown_bars: Some(count(value, "cooldown_bars")),
        stop_guard: Some(value["stop_guard"].as_u64().map(|n| u32::try_from(n).expect("a small count"))),
        size_stop: Some(decimal(value, "size_stop")),
    };
    layer.resolve(all_at)
}

fn instrument(value: &Value) -> Instrument {
    Instrument {
        id: text(value, "id").parse().expect("an instrument"),
        tick: decimal(value, "tick"),
        lot: decimal(value, "lot"),
        min_quantity: decimal(value, "min_quantity"),
        min_notional: decimal(value, "min_notional"),
        fee_in: if value["fee_in"] == "base" { FeeIn::Base } else { FeeIn::Quote },
    }
}

fn timeframe(config: &Value) -> Timeframe {
    let micros = config["timeframe_ms"].as_i64().expect("a length") * 1000;
    Timeframe::ALL.into_iter().find(|frame| frame.micros() == micros).expect("a timeframe")
}

fn series(bars: &Value, timeframe: Timeframe) -> Series {
    let bars = bars.as_array().expect("bars");
    let cells = |from: usize, to: usize| {
        bars.iter()
            .flat_map(move |bar| (from..to).filter_map(move |i| bar[i].as_str()))
            .map(|text| text.parse::<Decimal>().expect("a decimal").normalize().scale())
    };
    let (price_digits, volume_digits) = (cells(1, 5).max().unwrap_or(0), cells(5, 6).max().unwrap_or(0));
    let counted = |cell: &Value, digits: u32| -> i64 {
        let Some(text) = cell.as_str() else { return NO_VOLUME };
        let value = text.parse::<Decimal>().expect("a decimal").normalize();
        i64::try_from(value.mantissa() * exact::pow10(digits - value.scale())).expect("a small number")
    };
    let record = |bar: &Value| Record {
        open_time: bar[0].as_i64().expect("a time") * 1000,
        open: counted(&bar[1], price_digits),
        high: counted(&bar[2], price_digits),
        low: counted(&bar[3], price_digits),
        close: counted(&bar[4], price_digits),
        volume: counted(&bar[5], volume_digits),
    };
    Series { timeframe, price_digits, volume_digits, records: bars.iter().map(record).collect() }
}

fn signal(value: &Value) -> Signal {
    let size = value["size"].as_f64().unwrap_or(f64::NAN);
    match value["do"].as_str() {
        Some("BUY") => Signal::Buy { size },
        Some("BUY_LIMIT") => {
            Signal::BuyLimit { price: decimal(value, "price"), valid_bars: count(value, "valid_bars"), size }
        }
        Some("SELL") => Signal::Sell,
        _ => Signal::None,
    }
}

/// Per market the signals of a strategy's script, and its average true ranges, by the open times of bars.
type Scripts = Vec<(Arc<HashMap<i64, Signal>>, Arc<HashMap<i64, f64>>)>;

fn scripts(strategy: &Value, ids: &[String], bars: &Value) -> Scripts {
    let of = |id: &String| {
        let entries = strategy["signals"][id].as_array().into_iter().flatten();
        let times = bars[id].as_array().into_iter().flatten().map(|bar| bar[0].as_i64().expect("a time") * 1000);
        let scripted: Vec<_> = times.zip(entries).collect();
        let signals = scripted.iter().map(|(at, value)| (*at, signal(value))).collect();
        let ranges = scripted.iter().filter_map(|(at, value)| Some((*at, value["atr"].as_f64()?))).collect();
        (Arc::new(signals), Arc::new(ranges))
    };
    ids.iter().map(of).collect()
}

struct Replayed {
    outcome: Outcome,
    markets: Vec<Market>,
    money: Money,
    strategies: Vec<String>,
    metrics: Metrics,
}

fn replay(history: &Value) -> Replayed {
    let config = &history["config"];
    let timeframe = timeframe(config);
    let instruments: Vec<Instrument> =
        history["instruments"].as_array().expect("some").iter().map(instrument).collect();
    let ids: Vec<String> = instruments.iter().map(|one| one.id.to_string()).collect();
    let listed = instruments.into_iter().zip(&ids).map(|(one, id)| (one, series(&history["bars"][id], timeframe)));
    let capital = decimal(&history["account"], "capital");
    let (money, markets) = count_all(listed.collect(), capital).expect("small numbers");
    let all_at = decimal(&config["risk"]["take_profit"], "default_percent");
    let strategies = history["strategies"].as_array().expect("some");
    let scripts: Vec<Scripts> = strategies.iter().map(|one| scripts(one, &ids, &history["bars"])).collect();
    let makers: Vec<_> = strategies
        .iter()
        .zip(&scripts)
        .map(|(strategy, scripts)| {
            let is_dca = strategy["kind"] == "dca";
            let make = move |market: usize| -> Box<dyn Strategy> {
                if is_dca { Box::new(Midnight) } else { Box::new(Scripted(Arc::clone(&scripts[market].0))) }
            };
            let gauge = move |market: usize| -> Gauge {
                let ranges = Arc::clone(&scripts[market].1);
                Box::new(move |bar| ranges.get(&bar.open_time()).copied())
            };
            (make, gauge)
        })
        .collect();
    let participants: Vec<Participant<'_>> = strategies
        .iter()
        .zip(&makers)
        .map(|(strategy, (make, gauge))| Participant {
            rules: StrategyRules {
                name: text(strategy, "name").to_owned(),
                capital_share: exact::of(decimal(strategy, "capital_share")),
                exits: exits(&strategy["exits"], all_at),
                accumulates: maybe(&strategy["params"], "fraction"),
            },
            markets: strategy["instruments"]
                .as_array()
                .expect("some")
                .iter()
                .map(|id| ids.iter().position(|known| known == id).expect("one of them"))
                .collect(),
            make,
            atr: Some(gauge),
        })
        .collect();
    let from = markets.iter().filter_map(|market| market.series.records.first()).map(|record| record.open_time).min();
    let from = from.expect("bars");
    let outcome = run(&Run {
        money,
        markets: &markets,
        timeframe,
        from,
        participants: &participants,
        rules: &rules(config),
        capital: money.count(capital).expect("a count"),
    });
    let span = Span { from, to: outcome.sampled_at.last().expect("samples") };
    let free = config["backtesting"]["risk_free_rate"].as_str().expect("a rate").parse().expect("a number");
    let metrics = Metrics::of(&outcome, &markets, money, timeframe, span, free);
    let strategies = strategies.iter().map(|strategy| text(strategy, "name").to_owned()).collect();
    Replayed { outcome, markets, money, strategies, metrics }
}

fn cause(cause: Cause) -> String {
    match cause {
        Cause::Target(number) => format!("target{number}"),
        cause => cause.kind().to_owned(),
    }
}

impl Replayed {
    fn told(&self) -> Value {
        json!({
            "fills": self.fills(),
            "orders": self.orders(),
            "refusals": self.refusals(),
            "trips": self.trips(),
            "cash": self.money.written(self.outcome.ledger.cash()),
            "fees": self.money.written(self.outcome.fees),
            "emergency": self.emergencies(),
        })
    }

    fn side(side: Side) -> &'static str {
        if side == Side::Buy { "buy" } else { "sell" }
    }

    fn fills(&self) -> Vec<Value> {
        let fill = |fill: &trading_core::engine::record::Fill| {
            let order = &self.outcome.orders[fill.order];
            let market = &self.markets[order.market];
            let (fee, fee_in) = match fill.base_fee {
                0 => (self.money.written(fill.fee), "quote"),
                fee => (written(fee, market.base_digits), "base"),
            };
            json!({
                "time": fill.at / 1000,
                "instrument": market.instrument.id.to_string(),
                "strategy": self.strategies[order.strategy],
                "side": Self::side(order.side),
                "cause": cause(order.cause),
                "quantity": written(fill.quantity, market.base_digits),
                "price": written(fill.price.into(), market.price_digits),
                "fee": fee,
                "fee_in": fee_in,
            })
        };
        self.outcome.fills.iter().map(fill).collect()
    }

    fn orders(&self) -> Vec<Value> {
        let order = |order: &trading_core::engine::record::Order| {
            let market = &self.markets[order.market];
            let state = match order.state {
                OrderState::Open => "submitted",
                OrderState::Filled => "filled",
                OrderState::Cancelled => "cancelled",
                OrderState::Expired => "expired",
                OrderState::Rejected => "rejected",
            };
            json!({
                "time": order.decided_at / 1000,
                "instrument": market.instrument.id.to_string(),
                "strategy": self.strategies[order.strategy],
                "side": Self::side(order.side),
                "cause": cause(order.cause),
                "quantity": written(order.quantity, market.base_digits),
                "filled": written(order.filled, market.base_digits),
                "state": state,
            })
        };
        self.outcome.orders.iter().map(order).collect()
    }

    fn refusals(&self) -> Vec<Value> {
        let refusal = |refusal: &trading_core::engine::record::Refusal| {
            json!({
                "time": refusal.at / 1000,
                "instrument": self.markets[refusal.market].instrument.id.to_string(),
                "strategy": self.strategies[refusal.strategy],
                "rule": refusal.rule.name(),
            })
        };
        self.outcome.refusals.iter().map(refusal).collect()
    }

    fn trips(&self) -> Vec<Value> {
        let trip = |trip: &trading_core::engine::record::Trip| {
            json!({
                "instrument": self.markets[trip.market].instrument.id.to_string(),
                "strategy": self.strategies[trip.strategy],
                "opened": trip.entered_at / 1000,
                "closed": trip.left_at / 1000,
                "cost": self.money.written(trip.cost),
                "pnl": self.money.written(trip.pnl),
                "reason": trip.cause.kind(),
            })
        };
        self.outcome.trips.iter().map(trip).collect()
    }

    fn emergencies(&self) -> Vec<Value> {
        let one = |emergency: &Emergency| json!({ "time": emergency.at / 1000, "trigger": emergency.trigger.name() });
        self.outcome.emergencies.iter().map(one).collect()
    }
}

/// What is expected, with the keys that are told.
fn pruned(expected: &Value, told: &Value) -> Value {
    match (expected, told) {
        (Value::Array(expected), Value::Array(told)) => {
            let model = told.first();
            expected.iter().map(|one| model.map_or_else(|| one.clone(), |model| pruned(one, model))).collect()
        }
        (Value::Object(expected), Value::Object(told)) => {
            told.iter().map(|(key, told)| (key.clone(), pruned(&expected[key], told))).collect()
        }
        _ => expected.clone(),
    }
}

fn close(found: Option<f64>, expected: &Value) -> bool {
    match (found, expected.as_f64()) {
        (None, None) => true,
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        _ => false,
    }
}

/// What does not agree; empty where everything does.
fn disagreements(history: &Value) -> Vec<String> {
    let replayed = replay(history);
    let expected = &history["expected"];
    let told = replayed.told();
    let mut wrong = Vec::new();
    for (key, told) in told.as_object().expect("an object") {
        let expected = pruned(&expected[key], told);
        if let (Value::Array(expected), Value::Array(told)) = (&expected, told) {
            let first = (0..expected.len().max(told.len())).find(|i| expected.get(*i) != told.get(*i));
            wrong.extend(first.map(|i| format!("{key}[{i}]: expected {:?}, found {:?}", expected.get(i), told.get(i))));
        } else if expected != *told {
            wrong.push(format!("{key}: expected {expected}, found {told}"));
        }
    }
    let n: Vec<f64> =
        expected["n"].as_array().expect("samples").iter().map(|n| n.as_str().expect("N").parse().expect("N")).collect();
    // Samples are the nearest but one `f64` of N; the last is compared to all its digits below.
    let is_near = |i: &usize| {
        replayed.outcome.unit_values.get(*i).is_some_and(|found| (found - n[*i]).abs() <= 4e-16 * n[*i].abs())
    };
    if n.len() != replayed.outcome.unit_values.len() || !(0..n.len()).all(|i| is_near(&i)) {
        let first = (0..n.len()).find(|i| !is_near(i));
        wrong.push(format!("n: differs first at {first:?} of {}, {}", n.len(), replayed.outcome.unit_values.len()));
    }
    let last = expected["n"].as_array().and_then(|n| n.last()).and_then(Value::as_str).expect("samples");
    let last: Decimal = last.parse().expect("N");
    let found = Decimal::from_i128_with_scale(replayed.outcome.unit_value, UNIT_DIGITS);
    if last != found {
        wrong.push(format!("last n: expected {last}, found {found}"));
    }
    let metrics = serde_json::to_value(&replayed.metrics).expect("numbers");
    for (key, expected) in expected["metrics"].as_object().expect("figures") {
        if let Some(found) = metrics.get(key)
            && !close(found.as_f64(), expected)
        {
            wrong.push(format!("{key}: expected {expected}, found {found}"));
        }
    }
    wrong
}

#[test]
fn every_history_ends_as_the_reference_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/engine/histories.jsonl.gz");
    let mut lines = String::new();
    let file = std::fs::File::open(path).expect("the histories");
    flate2::read::GzDecoder::new(file).read_to_string(&mut lines).expect("a text");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lines.lines() {
        let history: Value = serde_json::from_str(line).expect("a history");
        count += 1;
        for text in disagreements(&history) {
            wrong.push(format!("{}: {text}", history["name"]));
        }
    }
    assert!(count >= 300, "{count} histories");
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
