//! One run over stored bars: what a configuration asks for, brought to the engine, and what came of it.

mod no_trip;
mod ran;
#[cfg(test)]
mod tests;

use std::ops::Range;

use anyhow::{Context as _, bail};
use platform::process::Usage;
use platform::telemetry;
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};
use trading_core::bars::{Bar, Series};
use trading_core::counts::counted;
use trading_core::data_hash::data_hash;
use trading_core::engine::record::{Panic, Panics};
use trading_core::engine::{Gauge, Outcome, Participant, Run, run};
use trading_core::indicators::{Atr, Indicator as _, Length};
use trading_core::instrument::{Instrument, InstrumentId};
use trading_core::market::{Market, Money, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::quality;
use trading_core::report::{Heading, Report};
use trading_core::rules::{Stop, StrategyRules};
use trading_core::scale::coarsen;
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::time::{Micros, Timeframe, shown};

use crate::config::backtesting::Backtesting;
use crate::config::later::NOT_YET;
use crate::config::{self, Config, number::Number, target_within_stop};
use crate::data::{self, Source};
use crate::html_report::Prices;
use crate::ready::Ready;

/// Bars that an average true range looks at.
const ATR_BARS: usize = 14;

/// What is tried together on one account.
pub(crate) struct Trial<'a> {
    pub(crate) name: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) strategies: &'a [Ready<'a>],
    /// Whether each has its share of the account, or the one all of it.
    pub(crate) is_portfolio: bool,
    /// How many strategies are configured, chosen or not.
    pub(crate) configured: usize,
    /// Bars that open and close within are traded; earlier ones only warm up.
    pub(crate) range: Range<Micros>,
    /// Whether an emergency is cleared at the next midnight.
    pub(crate) goes_on: bool,
    pub(crate) seed: u64,
    pub(crate) now: Micros,
}

/// What came of a trial.
pub(crate) struct Tried<'a> {
    pub(crate) report: Report,
    /// The prices of the bars it walked.
    pub(crate) prices: Vec<Prices<'a>>,
}

/// Bars as the engine counts them: read once for all trials that ask for the same.
pub(crate) struct Loaded {
    asked: Asked,
    money: Money,
    markets: Vec<Market>,
    hash: [u8; 32],
    /// A line of facts for each instrument.
    pub(crate) facts: Vec<String>,
    /// What the reader of a report should know about them.
    warnings: Vec<String>,
}

/// Which bars a trial asks for.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    instruments: Vec<InstrumentId>,
    timeframe: Timeframe,
}

impl Trial<'_> {
    /// Its bars: those of `before`, if it asks for the same, else read from `source`; after them `later` are loaded.
    pub(crate) fn load(
        &self,
        source: &mut Source,
        before: Option<Loaded>,
        later: &[Trial<'_>],
    ) -> anyhow::Result<Loaded> {
        let asked = self.asked()?;
        if let Some(loaded) = before.filter(|loaded| loaded.asked == asked) {
            self.check_length(loaded.markets.iter().map(|market| (&market.instrument, &market.series)))?;
            return Ok(loaded);
        }
        let (mut listed, mut facts, mut warnings, mut hash) = (Vec::new(), Vec::new(), Vec::new(), Sha256::new());
        let is_last = later.iter().all(|trial| trial.asked().is_ok_and(|other| other == asked));
        let is_store = matches!(source, Source::Store(_));
        // A bar that would close later is made of what is not to be known.
        let end = if self.range.end == Micros::MAX { Micros::MAX } else { asked.timeframe.start_of(self.range.end) };
        for id in &asked.instruments {
            let mut bars = source.bars(id, asked.timeframe, Micros::MIN..end, self.now, is_last)?;
            // Bars that are not read may be finer, and the tick must not know it.
            coarsen(&mut bars.series);
            let quality = quality::Report::of(&bars.series);
            let mut line = bars.facts(id, &quality);
            if quality.first.is_some_and(|first| first < self.range.start) {
                line += &format!(", traded from {}", shown(self.range.start));
            }
            facts.push(line);
            warnings.extend(doubts(id, &quality));
            warnings.extend(data::of_longer(asked.timeframe, &quality, is_store).map(|text| format!("{id}: {text}")));
            hash.update(data_hash(id, &bars.series).0);
            listed.push((data::instrument(self.config, id, bars.series.price_digits), bars.series));
        }
        self.check_length(listed.iter().map(|(instrument, series)| (instrument, series)))?;
        let (money, markets) = count_all(listed, self.config.backtesting.initial_capital.0)?;
        Ok(Loaded { asked, money, markets, hash: hash.finalize().into(), facts, warnings })
    }

    /// Runs it over its bars.
    pub(crate) fn run<'l>(&self, loaded: &'l Loaded) -> anyhow::Result<Tried<'l>> {
        let Loaded { asked: Asked { instruments, timeframe }, money, markets, .. } = loaded;
        let (timeframe, money) = (*timeframe, *money);
        let capital = self.config.backtesting.initial_capital.0;
        let capital = money.count(capital).context("backtesting.initial_capital cannot be counted")?;
        let caught = |ready: &Ready<'_>| -> Box<dyn Strategy> { Box::new(Caught(ready.make())) };
        let makers: Vec<_> = self.strategies.iter().map(|ready| move |_: usize| caught(ready)).collect();
        let gauge = |_: usize| average_true_range();
        let participants = self.strategies.iter().zip(&makers).map(|(ready, make)| {
            let rules = self.rules(ready)?;
            let needs_atr = matches!(rules.exits.stop, Stop::Atr(_));
            let place = |wanted: &InstrumentId| instruments.iter().position(|id| id == wanted);
            let markets = ready.strategy.instruments.iter().filter_map(place).collect();
            Ok(Participant { rules, markets, make, atr: needs_atr.then_some(&gauge as &dyn Fn(usize) -> Gauge) })
        });
        let participants = &participants.collect::<anyhow::Result<Vec<_>>>()?;
        let told =
            self.strategies.iter().zip(participants).map(|(ready, it)| ran::strategy(ready, &it.rules)).collect();
        let rules = &self.config.rules(self.goes_on);
        let from = self.range.start;
        let outcome = run(&Run { money, markets, timeframe, from, participants, rules, capital });
        for panics in &outcome.panics {
            self.log_lines(panics, markets).iter().for_each(|line| tracing::error!("{line}"));
        }
        let span = self.span(markets, outcome.sampled_at.last())?;
        let free = self.config.backtesting.risk_free_rate;
        let metrics = Metrics::of(&outcome, markets, money, timeframe, span, free);
        let heading = Heading {
            name: self.name,
            strategies: told,
            config_hash: self.config_hash(participants, markets)?,
            data_hash: loaded.hash,
            seed: self.seed,
            capital,
            timeframe,
            gate_unmet: self.config.live_gate().unmet(&metrics, span),
            warnings: self.warnings(&loaded.warnings, &outcome, markets),
        };
        let report = Report::new(heading, outcome, markets, money, metrics, span);
        let prices = markets.iter().filter_map(|market| Prices::of(market, span)).collect();
        Ok(Tried { report, prices })
    }

    fn rules(&self, ready: &Ready<'_>) -> anyhow::Result<StrategyRules> {
        let (strategy, exits) = (ready.strategy, self.config.exits(ready.strategy, ready.exits()));
        // Of a configured strategy it was said before; the exits of a rule file may come from the command line.
        if let Some(message) = target_within_stop(&exits) {
            return Err(Usage(format!("strategy {}: exits: {message}", strategy.name)).into());
        }
        let rules = self.config.strategy_rules(strategy, exits, !self.is_portfolio, self.configured);
        Ok(StrategyRules { accumulates: ready.accumulates(), ..rules })
    }

    /// What the reader of a report should know.
    fn warnings(&self, of_bars: &[String], outcome: &Outcome, markets: &[Market]) -> Vec<String> {
        let told = self.config.answers.iter().chain(of_bars).cloned();
        let of_panics = outcome.panics.iter().map(|panics| self.without_signal(panics, markets));
        let without_trip = no_trip::why(outcome).map(|why| format!("{}: {why}", self.name));
        told.chain(of_panics).chain(without_trip).chain(self.caveats(markets)).collect()
    }

    /// What a report says of the bars that a strategy panicked on.
    fn without_signal(&self, panics: &Panics, markets: &[Market]) -> String {
        let (strategy, id) = self.place(panics, markets);
        let Panics { count, first, .. } = panics;
        let first = first.first().map(|panic| format!("; the first at {}: {}", shown(panic.open_time), panic.text));
        format!(
            "{strategy}: no signal on {} of {id}, as it panicked{}",
            counted(*count, "bar"),
            first.unwrap_or_default()
        )
    }

    /// What the log says of them: each of the first, and how many there are beside these.
    fn log_lines(&self, panics: &Panics, markets: &[Market]) -> Vec<String> {
        let (strategy, id) = self.place(panics, markets);
        let line = |Panic { open_time, text }: &Panic| {
            format!("strategy {strategy} panicked on the bar of {id} {}: {text}", shown(*open_time))
        };
        let mut lines: Vec<String> = panics.first.iter().map(line).collect();
        let more = panics.count - panics.first.len() as u64;
        if more > 0 {
            lines.push(format!("strategy {strategy} panicked on {} of {id}", counted(more, "more bar")));
        }
        lines
    }

    /// Which strategy has panicked, and on whose bars.
    fn place<'m>(&self, panics: &Panics, markets: &'m [Market]) -> (&str, &'m InstrumentId) {
        (&self.strategies[panics.strategy].strategy.name, &markets[panics.market].instrument.id)
    }

    /// What the reader of a report would not expect of its settings.
    fn caveats(&self, markets: &[Market]) -> Vec<String> {
        let mut caveats = Vec::new();
        if let (2.., Some(limits)) = (markets.len(), self.config.rules(self.goes_on).limits) {
            caveats.push(format!(
                "risk.max_correlation_exposure: all {} instruments count as one group, of at most {} of the equity: \
                 this version does not measure which move together",
                markets.len(),
                limits.max_correlation_exposure
            ));
        }
        let stops = self.strategies.iter().map(|ready| self.config.replaced_stop(ready.strategy, ready.exits()));
        caveats.extend(stops.flatten());
        caveats.extend(self.strategies.iter().filter_map(|ready| self.long_warm_up(ready, markets)));
        if self.is_portfolio && self.strategies.len() < self.configured {
            caveats.push(format!(
                "{} of {} configured strategies run, each with the capital_share that it has among all of them; the \
                 shares of the others stay unused",
                self.strategies.len(),
                self.configured
            ));
        }
        caveats
    }

    /// That a strategy cannot decide on much of a run, where it is more than a tenth of the bars of an instrument.
    fn long_warm_up(&self, ready: &Ready<'_>, markets: &[Market]) -> Option<String> {
        let needed = ready.warm_up().defined.saturating_sub(1);
        markets.iter().filter(|market| ready.strategy.instruments.contains(&market.instrument.id)).find_map(|market| {
            let records = &market.series.records;
            let start = records.partition_point(|record| record.open_time < self.range.start);
            let (walked, idle) = (records.len() - start, needed.saturating_sub(start));
            let first = records.get(needed).filter(|_| walked < 10 * idle)?;
            Some(format!(
                "{}: the first {idle} of {walked} bars of {} only warm it up, so that it decides nothing before {}; \
                 holding is counted from the first of them",
                ready.strategy.name,
                market.instrument.id,
                shown(first.open_time)
            ))
        })
    }

    fn asked(&self) -> anyhow::Result<Asked> {
        Ok(Asked { instruments: self.instruments(), timeframe: self.timeframe()? })
    }

    fn timeframe(&self) -> anyhow::Result<Timeframe> {
        let mut frames = self.strategies.iter().map(|ready| ready.strategy.timeframe);
        let first = frames.next().context("no strategy is chosen")?;
        if let Some(other) = frames.find(|frame| *frame != first) {
            let text =
                format!("--portfolio: strategies of {first} and of {other}, {NOT_YET}; choose some by --strategy");
            return Err(Usage(text).into());
        }
        Ok(first)
    }

    fn instruments(&self) -> Vec<InstrumentId> {
        let mut ids: Vec<InstrumentId> = Vec::new();
        for id in self.strategies.iter().flat_map(|ready| &ready.strategy.instruments) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    fn check_length<'a>(&self, listed: impl Iterator<Item = (&'a Instrument, &'a Series)>) -> anyhow::Result<()> {
        let needed = self.strategies.iter().map(|ready| ready.warm_up().defined).max().unwrap_or(0);
        for (instrument, series) in listed {
            let got = series.records.len();
            if got < needed {
                bail!("warm-up needs {}, got {got} of {} {}", counted(needed, "bar"), instrument.id, series.timeframe);
            }
            let traded = series.records.iter().filter(|record| self.range.contains(&record.open_time)).count();
            if traded == 0 {
                bail!("no bars of {} {} in the span that was asked for", instrument.id, series.timeframe);
            }
        }
        Ok(())
    }

    fn span(&self, markets: &[Market], last: Option<Micros>) -> anyhow::Result<Span> {
        let first = markets.iter().filter_map(|market| {
            market.series.records.iter().map(|record| record.open_time).find(|open| self.range.contains(open))
        });
        let (from, to) = first.min().zip(last).context("no bars in the span that was asked for")?;
        Ok(Span { from, to })
    }

    /// Over everything that the report follows from beside its bars: what takes effect, however it is written.
    fn config_hash(&self, participants: &[Participant<'_>], markets: &[Market]) -> anyhow::Result<[u8; 32]> {
        let strategies = self.strategies.iter().zip(participants).map(|(ready, Participant { rules, .. })| {
            let config::strategies::Strategy { kind, instruments, timeframe, capital_share, .. } = ready.strategy;
            let equal = || Number((Decimal::ONE / Decimal::from(self.configured)).normalize());
            let share = self.is_portfolio.then(|| capital_share.unwrap_or_else(equal));
            (&rules.name, kind, ready.parameters(), ready.rule_text(), instruments, timeframe, share, &rules.exits)
        });
        let strategies: Vec<_> = strategies.collect();
        let instruments: Vec<_> = markets.iter().map(|market| &market.instrument).collect();
        let Backtesting { initial_capital, risk_free_rate, .. } = self.config.backtesting;
        let judged = (self.config.live_gate(), risk_free_rate);
        let rules = self.config.rules(self.goes_on);
        let asked = (self.range.start, self.is_portfolio);
        let text = serde_json::to_string(&(strategies, instruments, rules, initial_capital, judged, asked))?;
        Ok(Sha256::digest(text).into())
    }
}

/// A strategy whose panics the engine catches, and its trial tells: not one by one, as often as there are bars.
struct Caught(Box<dyn Strategy>);

impl Strategy for Caught {
    fn warm_up(&self) -> WarmUp {
        self.0.warm_up()
    }

    #[inline]
    fn on_bar(&mut self, bar: &Bar, position: Option<&Position>) -> Signal {
        telemetry::told_by_the_catcher(|| self.0.on_bar(bar, position))
    }
}

/// What the reader of a report should know about bars.
fn doubts(id: &InstrumentId, report: &quality::Report) -> Vec<String> {
    let mut doubts = Vec::new();
    if report.unknown_volumes == report.bars {
        doubts.push(format!("{id}: no volume: fills not limited"));
    } else if report.has_only_zero_volumes() {
        doubts.push(format!("{id}: all volumes are 0: this may be a series of mark prices, and nothing fills on it"));
    }
    if !report.flagged.is_empty() {
        let first = shown(report.flagged[0]);
        let bars = counted(report.flagged.len(), "bar");
        doubts.push(format!("{id}: nothing is entered on {bars} with a jump by more than half, the first at {first}"));
    }
    doubts
}

fn average_true_range() -> Gauge {
    #[expect(clippy::expect_used, reason = "invariant: 14 bars are a length")]
    let mut atr = Atr::new(Length::new(ATR_BARS).expect("invariant: a length"));
    Box::new(move |bar| atr.next(*bar))
}
