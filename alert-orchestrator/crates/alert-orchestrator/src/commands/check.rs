//! Is everything in place? The `check` command: one line per thing, and an exit code.

use std::io::{self, Write};

use advisor_core::advice::{Advice, Snapshot};
use advisor_core::decision::Decision;
use advisor_core::gate::GateFigures;
use advisor_core::ledger::{FlowKey, Ledger as _};
use advisor_core::position::Positions;
use advisor_core::reference::RefMode;
use advisor_core::store::Store as _;
use advisor_core::time;
use advisor_io::AnyStore;
use advisor_io::embedded::snapshot;
use jiff::Timestamp;
use platform::process::{self, Ended};

use crate::backup;
use crate::cli::Common;
use crate::config::Config;
use crate::evaluate::{self, AssetPlan, Checked, Plan};
use crate::store;
use crate::{plan, points, start};

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
    for path in backup::leftovers(&config, &common.flags.config) {
        let text = "left by a backup, restore or migration that was killed, or is running; delete it if none is";
        report.doubt(&path.display().to_string(), text)?;
    }
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
    if let AnyStore::Embedded(store) = &store {
        match snapshot::quick_check(store.path()) {
            Ok(_) => report.line("store's file", Ok("undamaged, says SQLite's quick_check"))?,
            Err(error) => report.line("store's file", Err(&format!("{:#}", anyhow::Error::from(error))))?,
        }
    }
    let plan = plan::of(config);
    let now = plan.end.unwrap_or_else(Timestamp::now);
    let outcomes = evaluate::check(&store.round(), &plan, Timestamp::now()).await;
    for (of, outcome) in plan.assets.iter().zip(outcomes) {
        match outcome {
            Ok(checked) => {
                report.line(&of.asset, Ok(&checked.tables))?;
                check_content(of, &checked, now, report)?;
            }
            Err(failure) => report.line(&of.asset, Err(&failure.to_string()))?,
        }
    }
    check_keys(&store, &plan, report).await
}

/// What there is to evaluate of an asset, and whether it can be: samples, flows, reference, and points for the gate.
fn check_content(
    of: &AssetPlan,
    Checked { snapshot, advice, .. }: &Checked,
    now: Timestamp,
    report: &mut Report<impl Write>,
) -> anyhow::Result<()> {
    check_samples(of, &snapshot.positions, now, report)?;
    check_flows(&of.asset, snapshot, report)?;
    match &advice.decision {
        // An advice in error has neither reference nor gate.
        Decision::Error(failure) => report.line(&format!("{}: evaluation", of.asset), Err(&failure.to_string())),
        Decision::Withdraw { .. } | Decision::Hold(_) => check_judgement(of, advice, report),
    }
}

fn check_samples(
    of: &AssetPlan,
    positions: &Positions,
    now: Timestamp,
    report: &mut Report<impl Write>,
) -> anyhow::Result<()> {
    let asset = &of.asset;
    let shown = |ts: i64| time::shown_nanos(ts, &of.rules.zone);
    let wallets = &positions.wallets;
    if let Some(later) = positions.newest_cut {
        let ahead = time::hours_between(time::nanos(now), later);
        let text = format!("{}, {ahead:.1} h after this machine's time", shown(later));
        report.doubt(&format!("{asset}: samples newer than now"), &text)?;
    }
    match wallets.iter().filter_map(|wallet| wallet.ts().last()).max() {
        Some(newest) => {
            let age = time::hours_between(*newest, time::nanos(now));
            let text = format!("{}, {age:.1} h old; wallets: {}", shown(*newest), wallets.len());
            report.say(
                &format!("{asset}: newest sample"),
                age <= of.rules.max_sample_age_hours.unwrap_or(f64::MAX),
                &text,
            )?;
        }
        None => report.doubt(&format!("{asset}: newest sample"), "none in the time that an evaluation reads")?,
    }
    positions.refused.iter().try_for_each(|refused| report.doubt(&format!("{asset}: files"), &refused.to_string()))
}

fn check_flows(asset: &str, snapshot: &Snapshot, report: &mut Report<impl Write>) -> anyhow::Result<()> {
    let wallets = &snapshot.positions.wallets;
    let from = snapshot.loaded_from.unwrap_or(i64::MIN);
    let (mut nameless, mut strangers) = (0, 0);
    for flow in snapshot.deposits.iter().chain(&snapshot.withdrawals) {
        match flow.wallet.as_deref().filter(|wallet| !wallet.trim().is_empty()) {
            None => nameless += 1,
            Some(wallet) if flow.ts.is_some_and(|ts| ts >= from) => {
                strangers += usize::from(!wallets.iter().any(|series| **series.address() == *wallet));
            }
            Some(_) => {}
        }
    }
    let text = format!("{nameless} without wallet, {strangers} of wallets without samples");
    report.say(&format!("{asset}: flows"), nameless + strangers == 0, &text)
}

/// What the gain counts from, and whether the gate has points enough.
fn check_judgement(of: &AssetPlan, advice: &Advice, report: &mut Report<impl Write>) -> anyhow::Result<()> {
    let asset = &of.asset;
    let t0 = advice.t0.map(|t0| time::shown(t0, &of.rules.zone));
    let reference = match (t0, &advice.reference) {
        (Some(t0), None) => format!("{t0} ({})", advice.ref_mode),
        (Some(t0), Some(why)) => format!("{t0} ({}): {why}", advice.ref_mode),
        (None, why) => why.clone().unwrap_or_else(|| "none found".to_owned()),
    };
    report.say(&format!("{asset}: reference"), advice.ref_mode == RefMode::Keyword, &reference)?;
    if let Some(shortage) = points::shortage(of, advice) {
        return report.doubt(&format!("{asset}: gate"), &shortage);
    }
    match &advice.gate {
        Some(GateFigures { points, scattered: Some(_), .. }) => report
            .doubt(&format!("{asset}: gate"), &format!("{points} points in its window, too scattered to judge by")),
        Some(GateFigures { points, .. }) => {
            report.line(&format!("{asset}: gate"), Ok(&format!("{points} points in its window, enough to judge by")))
        }
        None => report.doubt(&format!("{asset}: gate"), "no points in its window"),
    }
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
        writeln!(self.out, "{mark}  {what}: {}", legible::line(text))?;
        Ok(())
    }

    /// A fact, and whether it is as it should be.
    fn say(&mut self, what: &str, is_good: bool, text: &str) -> anyhow::Result<()> {
        if is_good { self.line(what, Ok(text)) } else { self.doubt(what, text) }
    }

    /// What works, but not as well as it could.
    fn doubt(&mut self, what: &str, text: &str) -> anyhow::Result<()> {
        writeln!(self.out, "WARN  {what}: {}", legible::line(text))?;
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
