//! Does a strategy keep its word? It has no fault, sees no bar before it is there, and does not notice where its data
//! began.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use platform::config::did_you_mean;
use platform::process::{Ended, Usage};
use serde::Serialize;
use trading_core::bars::Series;
use trading_core::counts::counted;
use trading_core::instrument::InstrumentId;
use trading_core::quality;
use trading_core::rule_file::Instance;
use trading_core::strategy::checks::{Answers, STARTS, answers, look_ahead, start_up, walk};
use trading_core::strategy::{Strategy as Code, WarmUp};
use trading_core::time::{Micros, Timeframe};

use super::list::files_named;
use crate::commands::Call;
use crate::config::strategies::Strategy;
use crate::config::{Config, RuleFiles};
use crate::data::Source;
use crate::ready::{self, RULES, Ready, RuleText};

/// Draws the bars from which the future is replaced.
const SEED: u64 = 1;

/// What was found out about a strategy.
#[derive(Debug, Serialize)]
struct Checked {
    strategy: String,
    /// What that name was taken for.
    checked: String,
    warm_up: WarmUp,
    series: Vec<OnSeries>,
}

/// What was found out about it on one instrument.
#[derive(Debug, Serialize)]
struct OnSeries {
    instrument: InstrumentId,
    timeframe: Timeframe,
    bars: usize,
    /// Bars on which it wants to buy, if it holds nothing.
    buys: usize,
    /// Bars on which it wants to sell; `None` where its exit asks for what is held, which is known in a run only.
    sells: Option<usize>,
    /// The names by which its exit asks for that.
    exit_asks: Vec<&'static str>,
    /// Why there is no bar on which it wants to buy, as far as that can be said.
    no_buy: Option<String>,
    /// The first bar whose signal another future changed.
    look_ahead: Option<String>,
    /// The first bar whose signal another start changed, or why that cannot be told.
    start_up: Option<String>,
    /// Whether there are too few bars for that: no fault of the strategy, and no proof either.
    too_few_bars: bool,
}

/// Checks what `target` names, on stored bars of each of its instruments; `own` is the user's rule file of that name.
pub(super) fn run(call: &Call<'_>, target: &str, own: &Path) -> anyhow::Result<Ended> {
    let config = call.config(RuleFiles::Of(&[target.to_owned()]))?;
    let Named { strategy, read, what, trades_as } = named(call, &config, target, own)?;
    let ready = match read {
        Some(read) => Ready::of_read(&strategy, read)?,
        None => Ready::new(call.registry, &strategy, call.origin.folder())?,
    };
    let now = jiff::Timestamp::now().as_microsecond();
    let most = config.data.max_gap_bars;
    let mut source = Source::store(&config, now)?;
    let warm_up @ WarmUp { defined, settle } = ready.warm_up();
    let mut checked = Checked { strategy: target.to_owned(), checked: what, warm_up, series: Vec::new() };
    for instrument in &strategy.instruments {
        let series = source.bars(instrument, strategy.timeframe, Micros::MIN..Micros::MAX, now, true)?.series;
        let bars = series.records.len();
        if bars < defined {
            let needs = counted(defined, "bar");
            let remedy = remedy(call, &trades_as);
            bail!("warm-up needs {needs}, got {bars} of {instrument} {}; {remedy}", series.timeframe);
        }
        let mut on = OnSeries::of(instrument, &series, (settle, most), &|| ready.make());
        let why =
            || ready.instance().map_or("its rule held on no bar".to_owned(), |rules| why_no_buy(rules, &series, most));
        on.no_buy = (on.buys == 0).then(why);
        on.exit_asks = ready.instance().map(Instance::exit_asks).unwrap_or_default();
        on.sells = on.sells.filter(|_| on.exit_asks.is_empty());
        if on.too_few_bars {
            on.start_up = on.start_up.map(|text| format!("{text}; {}", remedy(call, &trades_as)));
        }
        checked.series.push(on);
    }
    call.print(&checked)?;
    let is_sound = checked.series.iter().all(|on| on.look_ahead.is_none() && on.start_up.is_none());
    Ok(if is_sound { Ended::Done } else { Ended::WithFaults })
}

/// What to do where there are too few bars for a strategy that trades what the configured one of this name does.
fn remedy(call: &Call<'_>, trades_as: &str) -> String {
    let (name, config) = (legible::quoted(trades_as), legible::full_path(call.origin.path));
    format!("import more bars, or give the strategy {name} of {config} a shorter timeframe or another instrument")
}

/// The strategy that is meant.
struct Named {
    strategy: Strategy,
    /// Its rule file, where that is what was named.
    read: Option<RuleText>,
    /// In words.
    what: String,
    /// The configured strategy whose instruments and timeframe it has.
    trades_as: String,
}

/// What is meant by `target`: a configured strategy, else a kind, else a file.
fn named(call: &Call<'_>, config: &Config, target: &str, own: &Path) -> anyhow::Result<Named> {
    if let Some(strategy) = config.strategies.iter().find(|strategy| strategy.name == target) {
        let of = match &strategy.file {
            Some(file) => format!("the rule file {}", legible::full_path(&call.origin.folder().join(file))),
            None => format!("kind {}", strategy.kind),
        };
        let what = format!("the configured strategy {target}, of {of}");
        return Ok(Named { strategy: strategy.clone(), read: None, what, trades_as: target.to_owned() });
    }
    let first = config.strategies.first().context("no strategy is configured that says what to trade")?;
    let trades_as = first.name.clone();
    if call.registry.kind(target).is_ok() {
        let what = format!("the kind {target}, with its defaults");
        return Ok(Named { strategy: first.beside(target.to_owned(), target, None), read: None, what, trades_as });
    }
    // A link that leads nowhere is there, too; reading it says so.
    let is_there = |path: &Path| {
        let is_there = if path.is_symlink() { Ok(true) } else { path.try_exists() };
        is_there.with_context(|| format!("looking for {}", legible::name(&path.display().to_string())))
    };
    let path = if is_there(own)? { own.to_owned() } else { PathBuf::from(target) };
    let is_name = !target.contains(['/', '.']);
    if is_name && !is_there(&path)? {
        let files = files_named(own.parent().unwrap_or(own), target)?;
        let hint = if files.is_empty() {
            let kinds = call.registry.kinds().map(|(kind, _)| kind);
            did_you_mean(target, config.strategies.iter().map(|strategy| strategy.name.as_str()).chain(kinds))
        } else {
            format!("; name: {target} stands in {}, give the path", files.join(" and "))
        };
        let (target, own) = (legible::quoted(target), legible::full_path(own));
        let text = format!("no strategy, kind or rule file {target}; {own} is not there either{hint}");
        return Err(Usage(text).into());
    }
    let read = ready::read(&path).map_err(|error| Usage(format!("{error:#}")))?;
    let what = format!("the rule file {}", legible::full_path(&path));
    let strategy = first.beside(read.file.name().to_owned(), RULES, Some(path));
    Ok(Named { strategy, read: Some(read), what, trades_as })
}

impl OnSeries {
    /// `most`: so many bars in a row may be missing before a strategy begins anew.
    fn of(
        instrument: &InstrumentId,
        series: &Series,
        (settle, most): (usize, u32),
        make: &dyn Fn() -> Box<dyn Code>,
    ) -> Self {
        let bars = series.records.len();
        let too_few_bars = bars < settle + STARTS;
        let start_up = if too_few_bars {
            Some(format!("the data are too short to tell: {} bars are needed, got {bars}", settle + STARTS))
        } else {
            start_up(series, |_| make()).map(|difference| difference.to_string())
        };
        let look_ahead = look_ahead(series, SEED, |_| make()).map(|difference| difference.to_string());
        let Answers { buys, sells } = answers(series, most, |_| make());
        let (instrument, timeframe) = (instrument.clone(), series.timeframe);
        let (sells, exit_asks) = (Some(sells), Vec::new());
        Self { instrument, timeframe, bars, buys, sells, exit_asks, no_buy: None, look_ahead, start_up, too_few_bars }
    }
}

/// What became of `enter`.
fn why_no_buy(rules: &Instance, series: &Series, most: u32) -> String {
    let (mut are_true, mut are_flagged, mut are_undefined) = (0, 0, 0);
    walk(
        series,
        most,
        |_| rules.program(),
        |program, at, _| {
            let is_true = program.enter() == Some(true);
            are_true += usize::from(is_true);
            are_flagged += usize::from(is_true && quality::is_flagged_at(series, at));
            are_undefined += usize::from(program.enter().is_none());
        },
    );
    let bars = series.records.len();
    if are_true > 0 && are_true == are_flagged {
        let bars = counted(are_true, "bar");
        return format!("enter was true on {bars} only, with a jump by more than half, on which nothing is entered");
    }
    if are_true > are_flagged {
        let bars = counted(are_true - are_flagged, "bar");
        return format!("enter was true on {bars}, but size or limit was undefined or not above 0 there");
    }
    match are_undefined {
        0 => "enter was false on every bar".to_owned(),
        all if all == bars => "enter was undefined on every bar; look for held_bars and profit, which are undefined \
                               while nothing is held, and for a division by 0"
            .to_owned(),
        some => format!("enter was false on {} and undefined on {some}", counted(bars - some, "bar")),
    }
}

impl Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { checked, warm_up: WarmUp { defined, settle }, series, .. } = self;
        writeln!(f, "{checked}: no fault")?;
        writeln!(f, "ok   warm-up: {}, {settle} until it settles", counted(*defined, "bar"))?;
        series.iter().try_for_each(|on| on.fmt(f))
    }
}

impl Display for OnSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = format!("on {} of {} {}", counted(self.bars, "bar"), self.instrument, self.timeframe);
        let state = if self.no_buy.is_some() { "warn" } else { "ok  " };
        let buys = if self.buys == 0 { "no".to_owned() } else { self.buys.to_string() };
        let sells = self.sells.map_or(String::new(), |sells| format!(" and {sells} SELL"));
        write!(f, "{state} signals {on}: {buys} BUY{sells}, if nothing is held")?;
        if let Some(why) = &self.no_buy {
            write!(f, "; {why}")?;
        }
        if !self.exit_asks.is_empty() {
            let asks = self.exit_asks.join(" and ");
            write!(f, "; SELL is not counted, as exit asks for {asks}: `backtest` shows when it sells")?;
        }
        writeln!(f)?;
        let start_up_fails = if self.too_few_bars { "skip" } else { "FAIL" };
        for (name, fault, fails) in
            [("look-ahead", &self.look_ahead, "FAIL"), ("start-up", &self.start_up, start_up_fails)]
        {
            match fault {
                None => writeln!(f, "ok   {name} {on}")?,
                Some(fault) => writeln!(f, "{fails} {name} {on}: {fault}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use trading_core::bars::Bar;
    use trading_core::strategy::{Position, Signal};
    use trading_core::test_support::wandering;

    use super::*;

    /// Buys at every seventh bar, counted from where its data begin.
    struct Counting(usize);

    impl Code for Counting {
        fn warm_up(&self) -> WarmUp {
            WarmUp { defined: 1, settle: 1 }
        }

        fn on_bar(&mut self, _: &Bar, _: Option<&Position>) -> Signal {
            self.0 += 1;
            if self.0.is_multiple_of(7) { Signal::BUY } else { Signal::None }
        }
    }

    #[test]
    fn a_strategy_that_notices_where_its_data_begin_is_named_with_bar_and_both_values() {
        let instrument = "kraken:BTC/EUR".parse().unwrap();
        let on = OnSeries::of(&instrument, &wandering(Timeframe::M1, 100, 1), (1, 3), &|| Box::new(Counting(0)));
        let (strategy, checked) = ("counting".to_owned(), "the kind counting".to_owned());
        let checked = Checked { strategy, checked, warm_up: WarmUp { defined: 1, settle: 1 }, series: vec![on] };
        // The second of the five starts is at bar 19, (100 - 1) / 5. Of all bars the 21st, that at 00:20, is a seventh
        // one.
        let expected = "the kind counting: no fault\nok   warm-up: 1 bar, 1 until it settles\n\
                        ok   signals on 100 bars of kraken:BTC/EUR 1m: 14 BUY and 0 SELL, if nothing is held\n\
                        ok   look-ahead on 100 bars of kraken:BTC/EUR 1m\n\
                        FAIL start-up on 100 bars of kraken:BTC/EUR 1m: bar 2024-01-01T00:20Z: BUY of size 1 with all \
                        bars, nothing in the run that differs from 2024-01-01T00:19Z\n";
        assert_eq!(checked.to_string(), expected);
    }
}
