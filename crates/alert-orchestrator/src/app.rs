//! What each command does, as a list of steps in the order in which they can fail.
//!
//! Start at [`run`]. Results go to standard output, logs and faults to standard error.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use advisor_core::decision::Failure;
use anyhow::bail;
use clap::CommandFactory as _;
use jiff::Timestamp;

use crate::backend::Backend;
use crate::cli::{Cli, Command, Common};
use crate::evaluate::{Evaluation, Mismatches, Plan};
use crate::exit::{self, FAILED, Usage};
use crate::reference::{Tag, Which};
use crate::round::{self, Finished};
use crate::settings::Settings;
use crate::{
    backup, chart_files, check, cleanup, config, console, decisions, explain, hash_password, health, import, journal,
    serve, start, sync, tag,
};

/// Runs the command that the command line asks for.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    exit::of(dispatch(cli))
}

fn dispatch(cli: Cli) -> anyhow::Result<u8> {
    if cli.command.is_some() && (cli.once || cli.no_telemetry || cli.print_config_normalized) {
        let text = "--once, --json, --no-telemetry and --print-config-normalized go with no command";
        return Err(Usage(text.to_owned()).into());
    }
    match cli.command {
        None if cli.print_config_normalized => print_config(&cli.common),
        None if cli.once => once(&cli.common, cli.json),
        None => serve::run(&cli.common, cli.no_telemetry),
        Some(Command::Import { paths }) => import::run(&cli.common, &paths),
        Some(Command::Explain { asset, wallet, json }) => explain_asset(&cli.common, &asset, wallet.as_deref(), json),
        Some(Command::Sync { wallets, start, end, dry_run }) => {
            sync::run(&cli.common, &sync::Wish { wallets, start, end, dry_run })
        }
        Some(Command::Tag { asset, tx, latest: _, wallet, remove }) => {
            let which = tx.map_or(Which::Latest, Which::Transaction);
            tag::run(&cli.common, &Tag { asset, which, wallet, remove })
        }
        Some(Command::Backup { output, keep, with_secrets }) => {
            backup::run(&cli.common, &backup::Wish { output, keep, with_secrets })
        }
        Some(Command::Restore { file }) => backup::restore::run(&cli.common, &file),
        Some(Command::Health { url, timeout }) => health::run(&url, timeout),
        Some(Command::HashPassword) => hash_password::run(),
        Some(Command::Check) => check::run(&cli.common, &mut io::stdout().lock()),
        Some(Command::Schema) => print_json(&config::schema()),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "alert-orchestrator", &mut io::stdout());
            Ok(0)
        }
    }
}

fn print_config(common: &Common) -> anyhow::Result<u8> {
    print_json(&start::load_config(&common.config)?)
}

fn once(common: &Common, json: bool) -> anyhow::Result<u8> {
    let mut settings = Settings::of(start::begin(common)?)?;
    settings.plan.draws = settings.config.orchestrator.diagnostics.enabled;
    let settings = Arc::new(settings);
    cleanup::run(&settings.config.orchestrator, Timestamp::now());
    let runtime = start::runtime()?;
    let (backend, finished) = runtime.block_on(evaluate(&settings, &settings.plan, Some(common.write_prefix())));
    let plots = chart_files::write_all(&settings, &finished.evaluation);
    let printed = if json {
        print_json(&decisions::by_asset(&finished.evaluation, &plots)).map(drop)
    } else {
        console::write_summary(&mut io::stdout().lock(), &finished.evaluation).map_err(Into::into)
    };
    // Nobody who waits for the answer waits for the journal.
    if let Some(backend) = backend.filter(|_| finished.has_store()) {
        runtime.block_on(async {
            journal::keep(&backend, &settings, &finished, common.write_prefix()).await;
            journal::forget(&backend, &settings, common.write_prefix()).await;
        });
    }
    cleanup::run(&settings.config.orchestrator, Timestamp::now());
    printed?;
    Ok(exit_code(&finished.evaluation))
}

fn explain_asset(common: &Common, asset: &str, wallet: Option<&str>, json: bool) -> anyhow::Result<u8> {
    let settings = Arc::new(Settings::of(start::begin(common)?)?);
    let plan = &settings.plan;
    let Some(wanted) = plan.assets.iter().find(|of| of.asset.eq_ignore_ascii_case(asset)).cloned() else {
        let assets = settings.config.client.assets.join(", ");
        bail!(Usage(format!("asset {asset:?} is not configured; client.assets has: {assets}")));
    };
    let plan = Plan { assets: vec![wanted], ..plan.clone() };
    let (_, Finished { mut evaluation, .. }) = start::runtime()?.block_on(evaluate(&settings, &plan, None));
    let code = exit_code(&evaluation);
    for advice in &mut evaluation.advice {
        // An asset without wallets has a reason for it, which is more to the point than a wallet that is not there.
        if let Some(wallet) = wallet.filter(|_| !advice.wallets.is_empty()) {
            explain::keep_wallet(advice, wallet).map_err(Usage)?;
        }
        if json {
            print_json(&advice)?;
        } else {
            explain::write_steps(&mut io::stdout().lock(), advice)?;
        }
    }
    Ok(code)
}

/// One round, with the store it was made with. With `write_prefix`, transactions are pulled first where that is configured.
async fn evaluate(
    settings: &Arc<Settings>,
    plan: &Plan,
    write_prefix: Option<&str>,
) -> (Option<Arc<Backend>>, Finished) {
    let started = Instant::now();
    match Backend::open(&settings.config) {
        Ok(backend) => {
            let backend = Arc::new(backend);
            if let Some(write_prefix) = write_prefix {
                round::pull_transactions(&backend, settings, write_prefix).await;
            }
            let finished = round::run(&backend, settings, plan, &Mismatches::new()).await;
            (Some(backend), finished)
        }
        Err(error) => (None, Finished::failed(plan, started, &Failure::Store(error))),
    }
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<u8> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(0)
}

fn exit_code(evaluation: &Evaluation) -> u8 {
    if evaluation.advice.iter().any(|advice| advice.decision.code() < 0) { FAILED } else { 0 }
}
