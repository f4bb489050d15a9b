//! The `backtest` command: what would strategies have earned?

mod again;
mod assumed;
mod reports;
mod told;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::config::did_you_mean;
use platform::process::{self, Ended, Usage};
use trading_core::time::{Micros, shown};

use super::{Call, strategy};
use crate::cli::{AfterEmergency, BacktestArgs, PROGRAM};
use crate::config::setting::Setting;
use crate::config::{Config, PORTFOLIO, RuleFiles, unfit_name};
use crate::data::Source;
use crate::html_report::{self, Notes};
use crate::ready::{self, RULES, Ready, RuleText};
use crate::trial::Trial;
use reports::Places;
use told::Told;

/// Runs `backtest`.
///
/// # Errors
/// Configuration and usage; data that are not there or too short; reports that cannot be written.
pub(crate) fn run(call: &Call<'_>, args: &BacktestArgs) -> anyhow::Result<Ended> {
    if prints_report(args) && call.is_json {
        return Err(Usage("--json and --out - both print JSON on standard output; choose one".to_owned()).into());
    }
    let (keys, parameters): (Vec<_>, Vec<_>) = args.set.iter().cloned().partition(|set| set.parameter().is_none());
    let loaded = call.config_with(&keys, rule_files(args))?;
    let configured = loaded.strategies.len();
    let read =
        args.strategy_file.as_deref().map(ready::read).transpose().map_err(|error| Usage(format!("{error:#}")))?;
    let config = asked(loaded, args, read.as_ref(), &parameters)?;
    for answer in &config.answers {
        tracing::warn!("{answer}");
    }
    let names: Vec<_> = match args.portfolio {
        true => vec![PORTFOLIO],
        false => config.strategies.iter().map(|strategy| strategy.name.as_str()).collect(),
    };
    let ready = match read {
        Some(read) => config.strategies.iter().zip([read]).map(|(one, read)| Ready::of_read(one, read)).collect(),
        None => Ready::all(call.registry, &config.strategies, call.origin.folder()),
    };
    let ready = ready.map_err(|Usage(faults)| with(&faults, &parameters))?;
    // Before the first bar is read: else it would be said after the last one.
    let places = Places::of(call.origin.path, &config, args, &names)?;
    let now = jiff::Timestamp::now().as_microsecond();
    let mut source = match args.data.as_slice() {
        [] => Source::store(&config, now)?,
        files => Source::files(files, now)?,
    };
    let trial = |name, strategies| Trial {
        name,
        config: &config,
        strategies,
        range: args.from.unwrap_or(Micros::MIN)..args.to.unwrap_or(Micros::MAX),
        is_portfolio: args.portfolio,
        configured,
        goes_on: args.emergency == Some(AfterEmergency::Continue),
        seed: args.seed.unwrap_or(config.backtesting.seed),
        now,
    };
    let trials: Vec<_> = match args.portfolio {
        true => vec![trial(PORTFOLIO, &ready[..])],
        false => names.iter().zip(ready.chunks(1)).map(|(name, one)| trial(name, one)).collect(),
    };
    let mut told = Told::after(&config.answers);
    let ended = tell(call, args, &places, &mut source, &trials, &mut told);
    // Also where a run has failed: the reports of those before it are written.
    let printed = match call.is_json && (ended.is_ok() || !told.is_empty()) {
        true => process::print_json(&told),
        false => Ok(()),
    };
    ended?;
    printed?;
    Ok(Ended::Done)
}

/// Runs trials one by one, and tells of each at once, but for JSON, which is one document.
fn tell(
    call: &Call<'_>,
    args: &BacktestArgs,
    places: &Places,
    source: &mut Source,
    trials: &[Trial<'_>],
    told: &mut Told,
) -> anyhow::Result<()> {
    let mut loaded = None;
    for (place, trial) in trials.iter().enumerate() {
        let bars = trial.load(source, loaded.take(), &trials[place + 1..]).with_context(|| trial.name.to_owned())?;
        let tried = trial.run(&bars).with_context(|| trial.name.to_owned())?;
        let page = || {
            let notes = Notes {
                program: &format!("{} {}", PROGRAM.name, PROGRAM.line()),
                command: &again::command(call, args, trial),
                assumptions: &assumed::sentences(&trial.config.rules(false)),
            };
            html_report::page(&tried.report, &tried.prices, &notes)
        };
        let written = places.write(&tried.report, page)?;
        if !prints_report(args) {
            let lines = told.add(&bars.facts, &tried.report, &written);
            if !call.is_json {
                io::stdout().lock().write_all(lines.as_bytes())?;
            }
        }
        loaded = Some(bars);
    }
    Ok(())
}

/// Whether standard output gets the report itself.
fn prints_report(args: &BacktestArgs) -> bool {
    args.out.as_deref() == Some(Path::new("-"))
}

/// A fault of strategies whose parameters were set on the command line.
fn with(faults: &str, parameters: &[Setting]) -> Usage {
    let set: String = parameters.iter().map(|set| format!(" --set {set}")).collect();
    if set.is_empty() { Usage(faults.to_owned()) } else { Usage(format!("{faults} (with{set})")) }
}

/// The rule files of the strategies that run.
fn rule_files(args: &BacktestArgs) -> RuleFiles<'_> {
    let are_all = args.strategy.is_empty() && args.strategy_file.is_none();
    if are_all { RuleFiles::All } else { RuleFiles::Of(&args.strategy) }
}

/// The configuration with what the command line asks for; `read`: the rule file that it names.
fn asked(
    mut config: Config,
    args: &BacktestArgs,
    read: Option<&RuleText>,
    parameters: &[Setting],
) -> anyhow::Result<Config> {
    let names: Vec<String> = config.strategies.iter().map(|strategy| strategy.name.clone()).collect();
    if let Some(name) = args.strategy.iter().find(|name| !names.contains(name)) {
        let file = [PathBuf::from(name), strategy::file_of(name)].into_iter().find(|path| path.is_file());
        let hint = match file {
            Some(file) => format!("; --strategy-file {} runs that rule file", legible::full_path(&file)),
            None => did_you_mean(name, names.iter().map(String::as_str)),
        };
        return Err(Usage(format!("no strategy {name:?} in the configuration{hint}")).into());
    }
    if let (Some(file), Some(read)) = (&args.strategy_file, read) {
        let first = config.strategies.first().context("no strategy is configured that says what to trade")?;
        let name = read.file.name().to_owned();
        if let Some(expected) = unfit_name(&name) {
            return Err(
                Usage(format!("{}: name: found {name:?}, expected {expected}", legible::full_path(file))).into()
            );
        }
        config.strategies = vec![first.beside(name, RULES, Some(file.clone()))];
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from >= to
    {
        return Err(Usage(format!("--from {} is not before --to {}", shown(from), shown(to))).into());
    }
    if let (Some(instrument), Some(currency)) = (&args.instrument, &config.trading.account_currency)
        && !currency.eq_ignore_ascii_case(instrument.quote())
    {
        let text = format!(
            "--instrument {instrument}: found an instrument in {}, expected {}, the account's currency \
             (trading.account_currency)",
            instrument.quote(),
            currency.to_ascii_uppercase()
        );
        return Err(Usage(text).into());
    }
    config.strategies.retain(|strategy| args.strategy.is_empty() || args.strategy.contains(&strategy.name));
    for strategy in &mut config.strategies {
        if let Some(instrument) = &args.instrument {
            strategy.instruments = vec![instrument.clone()];
        }
        strategy.timeframe = args.timeframe.unwrap_or(strategy.timeframe);
        for set in parameters.iter().filter_map(Setting::parameter) {
            let (name, value) = set.map_err(Usage)?;
            strategy.params.insert(name.to_owned(), value);
        }
    }
    let runs = if args.portfolio { 1 } else { config.strategies.len() };
    if let Some(out) = args.out.as_ref().filter(|out| *out != Path::new("-") && runs > 1) {
        let text = format!(
            "--out {} takes one report, and {runs} strategies run: choose one by --strategy",
            legible::full_path(out)
        );
        return Err(Usage(text).into());
    }
    Ok(config)
}
