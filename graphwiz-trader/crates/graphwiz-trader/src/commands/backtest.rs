//! The `backtest` command: what would strategies have earned?

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::config::did_you_mean;
use platform::process::{self, Ended, Usage};
use rust_decimal::Decimal;
use trading_core::report::Report;
use trading_core::rules::Slippage;
use trading_core::time::{Micros, shown};

use crate::cli::{AfterEmergency, BacktestArgs, PROGRAM};
use crate::config::strategies::Strategy;
use crate::config::{self, Config, Origin, file_name};
use crate::data::Source;
use crate::html_report::{self, Notes};
use crate::kinds::Registry;
use crate::ready::{self, RULES, Ready};
use crate::trial::{Trial, Tried};

/// Runs `backtest`.
///
/// # Errors
/// Configuration and usage; data that are not there or too short; reports that cannot be written.
pub(crate) fn run(path: &Path, args: &BacktestArgs, registry: &Registry) -> anyhow::Result<Ended> {
    let loaded = config::load(&Origin { path, profile: None, set: &[] }, registry, &process::environment)?;
    let configured = loaded.strategies.len();
    let config = asked(loaded, args)?;
    for answer in &config.answers {
        tracing::warn!("{answer}");
    }
    let now = jiff::Timestamp::now().as_microsecond();
    let source = match args.data.as_slice() {
        [] => Source::store(&config, now, &mut |told| tracing::info!("{told}"))?,
        files => Source::files(files, now)?,
    };
    let folder = if args.strategy_file.is_some() { None } else { path.parent() };
    let ready = Ready::all(registry, &config.strategies, folder.unwrap_or(Path::new("")))?;
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
        true => vec![trial("portfolio", &ready[..])],
        false => ready.chunks(1).map(|one| trial(one[0].strategy.name.as_str(), one)).collect(),
    };
    let mut out = io::stdout().lock();
    let is_json = args.out.as_deref() == Some(Path::new("-"));
    let mut told = Vec::new();
    let mut loaded = None;
    for trial in trials {
        let bars = trial.load(&source, loaded.take()).with_context(|| trial.name.to_owned())?;
        let tried = trial.run(&bars).with_context(|| trial.name.to_owned())?;
        let written = write_reports(&config, args, &tried)?;
        if is_json {
            serde_json::to_writer(&mut out, &tried.report)?;
            writeln!(out)?;
        } else {
            tell(&mut out, &bars.facts, &tried.report, &written, &mut told)?;
        }
        loaded = Some(bars);
    }
    Ok(Ended::Done)
}

/// The configuration with what the command line asks for.
fn asked(mut config: Config, args: &BacktestArgs) -> anyhow::Result<Config> {
    let names: Vec<String> = config.strategies.iter().map(|strategy| strategy.name.clone()).collect();
    if let Some(name) = args.strategy.iter().find(|name| !names.contains(name)) {
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        return Err(Usage(format!("no strategy {name:?} in the configuration{hint}")).into());
    }
    if let Some(file) = &args.strategy_file {
        let first = config.strategies.first().context("no strategy is configured that says what to trade")?;
        let name = ready::read(file).map_err(|error| Usage(format!("{error:#}")))?.0.name().to_owned();
        config.strategies = vec![first.beside(name, RULES, Some(file.clone()))];
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from >= to
    {
        return Err(Usage(format!("--from {} is not before --to {}", shown(from), shown(to))).into());
    }
    config.strategies.retain(|strategy| args.strategy.is_empty() || args.strategy.contains(&strategy.name));
    for Strategy { instruments, timeframe, .. } in &mut config.strategies {
        if let Some(instrument) = &args.instrument {
            *instruments = vec![instrument.clone()];
        }
        *timeframe = args.timeframe.unwrap_or(*timeframe);
    }
    let runs = if args.portfolio { 1 } else { config.strategies.len() };
    if let Some(out) = args.out.as_ref().filter(|out| *out != Path::new("-") && runs > 1) {
        let text =
            format!("--out {} takes one report, and {runs} strategies run: choose one by --strategy", out.display());
        return Err(Usage(text).into());
    }
    Ok(config)
}

/// Writes the reports of a run; where they are, the one for people first.
fn write_reports(config: &Config, args: &BacktestArgs, tried: &Tried) -> anyhow::Result<Vec<PathBuf>> {
    let reports = &config.backtesting.reports;
    let json = || serde_json::to_string(&tried.report).context("the report as JSON");
    match args.out.as_deref() {
        Some(path) if path == Path::new("-") => return Ok(Vec::new()),
        Some(path) => {
            write(path, &json()?)?;
            return Ok(vec![path.to_path_buf()]);
        }
        None => {}
    }
    let folder = args.report_dir.as_ref().unwrap_or(&reports.dir);
    fs::create_dir_all(folder).with_context(|| format!("making the folder of reports, {}", folder.display()))?;
    let name = file_name(&tried.report.name);
    let mut written = Vec::new();
    if reports.generate_plots && reports.output_format.has_html() {
        let path = folder.join(format!("{name}.html"));
        let (command, assumptions) = (command(config, args, tried), assumptions(config));
        let notes = Notes {
            program: &format!("{} {}", PROGRAM.name, PROGRAM.line()),
            command: &command,
            assumptions: &assumptions,
        };
        write(&path, &html_report::page(&tried.report, &tried.prices, &notes))?;
        written.push(path);
    }
    if reports.output_format.has_json() {
        let path = folder.join(format!("{name}.json"));
        write(&path, &json()?)?;
        written.push(path);
    }
    Ok(written)
}

/// The command line that gives the same report again.
fn command(config: &Config, args: &BacktestArgs, tried: &Tried) -> String {
    let mut words = vec![PROGRAM.name.to_owned(), "backtest".to_owned()];
    match args.portfolio {
        true => words.push("--portfolio".to_owned()),
        false => match &args.strategy_file {
            Some(file) => words.push(format!("--strategy-file {:?}", file.display().to_string())),
            None => words.push(format!("--strategy {:?}", tried.report.name)),
        },
    }
    words.extend(args.data.iter().map(|path| format!("--data {:?}", path.display().to_string())));
    words.extend(args.instrument.iter().map(|instrument| format!("--instrument {instrument}")));
    words.extend(args.timeframe.iter().map(|timeframe| format!("--timeframe {timeframe}")));
    words.extend(args.from.iter().map(|from| format!("--from {}", shown(*from))));
    words.extend(args.to.iter().map(|to| format!("--to {}", shown(*to))));
    words.extend(args.emergency.iter().map(|_| "--emergency continue".to_owned()));
    let seed = args.seed.filter(|seed| *seed != config.backtesting.seed);
    words.extend(seed.iter().map(|seed| format!("--seed {seed}")));
    words.join(" ")
}

/// What is assumed of fills, a sentence each.
fn assumptions(config: &Config) -> Vec<String> {
    let costs = config.rules(false).costs;
    let percent = |share: Decimal| format!("{}%", (share * Decimal::ONE_HUNDRED).normalize());
    let slippage = match costs.slippage {
        Slippage::Fixed(rate) => {
            format!("Market orders, stops and targets fill {} worse than the bar's price.", percent(rate))
        }
        Slippage::Realistic(rate) => format!(
            "Market orders, stops and targets fill {} to 0.5% worse than the bar's price, more where a fill is large beside the volume.",
            percent(rate)
        ),
    };
    vec![
        "A decision at a bar's close fills at the open of the next bar.".to_owned(),
        slippage,
        format!(
            "The fee of a fill is {} of its value, of a resting limit order {}.",
            percent(costs.commission),
            percent(costs.commission_maker)
        ),
        format!("All fills of a bar take at most {} of its volume.", percent(costs.max_volume_share)),
        "Within one bar a stop comes before a target.".to_owned(),
    ]
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("writing the report {}", path.display()))
}

/// Tells a run: facts that were not told yet, what it earned, the gate's verdict, and where its report is.
fn tell(
    out: &mut impl Write,
    facts: &[String],
    report: &Report,
    written: &[PathBuf],
    told: &mut Vec<String>,
) -> io::Result<()> {
    for line in facts.iter().chain(&report.warnings) {
        if !told.contains(line) {
            writeln!(out, "{line}")?;
            told.push(line.clone());
        }
    }
    for emergency in &report.emergency {
        writeln!(out, "{}: {}", report.name, emergency.text)?;
    }
    writeln!(out, "{}", result(report))?;
    match report.gate_unmet.as_slice() {
        [] => writeln!(out, "{}: gate met", report.name)?,
        unmet => {
            let unmet: Vec<_> = unmet.iter().map(ToString::to_string).collect();
            writeln!(out, "{}: gate not met: {}", report.name, unmet.join(", "))?;
        }
    }
    let first = written.first().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    writeln!(out, "report: {first}, fingerprint {}", report.fingerprint)
}

fn result(report: &Report) -> String {
    let metrics = &report.metrics;
    let number =
        |value: Option<f64>, digits: usize| value.map_or("null".to_owned(), |value| format!("{value:.digits$}"));
    let percent = |value: f64, digits: usize| format!("{:.digits$}%", value * 100.0);
    let account = &report.account;
    let cents = |amount: &str| format!("{:.2}", amount.parse::<Decimal>().unwrap_or_default().round_dp(2));
    format!(
        "{}: final={} {}, return={}, max_drawdown={}, sharpe={}, trades={}, win={}, profit_factor={}, fees={} (hold {})",
        report.name,
        cents(&account.equity),
        account.currency,
        percent(metrics.total_return, 2),
        percent(metrics.max_drawdown, 2),
        number(metrics.sharpe, 2),
        metrics.trades,
        metrics.win_rate.map_or_else(|| "null".to_owned(), |rate| percent(rate, 1)),
        number(metrics.profit_factor, 2),
        cents(&account.fees),
        percent(metrics.benchmark, 2),
    )
}
