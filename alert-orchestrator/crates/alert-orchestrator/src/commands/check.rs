//! Is everything in place? The `check` command: one line per thing, and an exit code.

use std::io::{self, Write};

use advisor_core::ledger::{FlowKey, Ledger as _};
use advisor_core::store::Store as _;
use advisor_io::AnyStore;
use jiff::Timestamp;
use platform::process::{self, Ended};

use crate::cli::Common;
use crate::config::Config;
use crate::evaluate::{self, Plan};
use crate::store;
use crate::{plan, start};

/// A store whose clock is further off than this judges the age of samples wrongly.
const MAX_SKEW_SECONDS: f64 = 60.0;

/// Runs `check`; ends with faults where something is not in place.
///
/// # Errors
/// A log or runtime that cannot be started; standard output cannot be written.
pub(crate) fn run(common: &Common) -> anyhow::Result<Ended> {
    report(common, &mut io::stdout().lock())
}

/// The same for `restore`, which ends with it: what is found goes to `out`.
pub(super) fn report(common: &Common, out: &mut impl Write) -> anyhow::Result<Ended> {
    let mut report = Report { out, failed: false };
    let config = match start::load_config(&common.flags.config) {
        Ok(config) => config,
        Err(faults) => {
            for fault in faults.to_string().lines() {
                report.line("configuration", Err(fault))?;
            }
            return Ok(Ended::WithFaults);
        }
    };
    common.flags.start_log()?;
    let path = common.flags.config.display().to_string();
    report.line("configuration", Ok(&path))?;
    let registry = match &config.tokens {
        Some(_) => "a row for every asset",
        None => "not needed without orchestrator.apis.minswap_aggregator",
    };
    report.line("token registry", Ok(registry))?;
    process::runtime()?.block_on(check_store(&config, &mut report))?;
    Ok(if report.failed { Ended::WithFaults } else { Ended::Done })
}

async fn check_store(config: &Config, report: &mut Report<impl Write>) -> anyhow::Result<()> {
    let opened = store::open(config).and_then(|store| store::refresh(&store, config).map(|()| store));
    let store = match opened {
        Ok(store) => store,
        Err(error) => return report.line("store", Err(&error.to_string())),
    };
    let asked_at = Timestamp::now();
    match store.round().clock().await {
        Err(error) => return report.line("store", Err(&error.to_string())),
        Ok(clock) => {
            report.line("store", Ok(&store::address(config)))?;
            let now = Timestamp::now();
            let (verdict, text) = skew(clock, asked_at, now);
            report.line("clock", if verdict { Ok(&text) } else { Err(&text) })?;
        }
    }
    let plan = plan::of(config);
    let outcomes = evaluate::check(&store.round(), &plan, Timestamp::now()).await;
    for (of, outcome) in plan.assets.iter().zip(outcomes) {
        let outcome = outcome.map_err(|failure| failure.to_string());
        report.line(&of.asset, outcome.as_deref().map_err(String::as_str))?;
    }
    check_keys(&store, &plan, report).await
}

/// Tables in which one flow can take another's place were not made by this service; they can be read, but not filled by it.
async fn check_keys(store: &AnyStore, plan: &Plan, report: &mut Report<impl Write>) -> anyhow::Result<()> {
    for (of, tables) in plan.assets.iter().zip(evaluate::all_tables(&store.round(), plan).await) {
        // What is wrong with finding the tables has been said.
        let Ok(tables) = tables else { continue };
        for (table, _) in [tables.deposits, tables.withdrawals].into_iter().filter(|(_, exists)| *exists) {
            let lost = match store.round().key(&table).await {
                Ok(FlowKey::TxHash) => continue,
                Ok(FlowKey::WalletAndTime) => "two flows of a wallet at one instant overwrite one another",
                Ok(FlowKey::Time) => "two flows at one instant overwrite one another",
                // The columns have been checked: this is the store's failure, and was said too.
                Err(_) => continue,
            };
            let text = format!(
                "the primary key of {table} lacks tx_hash: {lost}, and sync leaves such flows out; \
                 to mend it, copy the rows into a table with PRIMARY KEY (wallet_address, tx_hash)"
            );
            report.doubt(&of.asset, &text)?;
        }
    }
    Ok(())
}

/// How far the store's clock is from ours, which read `asked_at` before and `answered_at` after the store's was read.
fn skew(clock: Option<Timestamp>, asked_at: Timestamp, answered_at: Timestamp) -> (bool, String) {
    let Some(clock) = clock else { return (true, "the store uses this machine's clock".to_owned()) };
    let seconds = if clock < asked_at {
        clock.duration_since(asked_at).as_secs_f64()
    } else if clock > answered_at {
        clock.duration_since(answered_at).as_secs_f64()
    } else {
        0.0
    };
    let side = if seconds < 0.0 { "behind" } else { "ahead of" };
    let text =
        format!("the store's clock is {:.1} s {side} this machine's (allowed: {MAX_SKEW_SECONDS} s)", seconds.abs());
    (seconds.abs() <= MAX_SKEW_SECONDS, text)
}

struct Report<W> {
    out: W,
    failed: bool,
}

impl<W: Write> Report<W> {
    fn line(&mut self, what: &str, outcome: Result<&str, &str>) -> anyhow::Result<()> {
        let (mark, text) = match outcome {
            Ok(text) => ("ok  ", text),
            Err(text) => ("FAIL", text),
        };
        self.failed |= outcome.is_err();
        writeln!(self.out, "{mark}  {what}: {text}")?;
        Ok(())
    }

    /// What works, but not as well as it could.
    fn doubt(&mut self, what: &str, text: &str) -> anyhow::Result<()> {
        writeln!(self.out, "WARN  {what}: {text}")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_within_the_round_trip_has_no_skew() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert!(skew(None, at(0), at(0)).0);
        assert_eq!(skew(Some(at(105)), at(100), at(110)), (true, line(0.0, "ahead of")));
        assert_eq!(skew(Some(at(40)), at(100), at(110)), (true, line(60.0, "behind"))); // 100 − 40
        assert_eq!(skew(Some(at(171)), at(100), at(110)), (false, line(61.0, "ahead of"))); // 171 − 110
    }

    fn line(seconds: f64, side: &str) -> String {
        format!("the store's clock is {seconds:.1} s {side} this machine's (allowed: 60 s)")
    }
}
