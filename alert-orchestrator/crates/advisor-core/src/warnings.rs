//! What an operator should look at although, or because, there is an answer. Each warning is one sentence, and of
//! wallets that are alike there is one: how many they are, and one by name.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::figures::{Snapshot, WalletFigures};
use crate::flow::{Direction, FlowRow};
use crate::gain::Gains;
use crate::position::Contradiction;
use crate::price_check::{MismatchAction, PriceFigures};
use crate::refused;
use crate::rules::{Peg, Rules};
use crate::warning::Warning;
use crate::{keys, peg, sync, time};

/// About the rows as they were loaded.
pub(crate) fn about_data(snapshot: &Snapshot, zone: &TimeZone) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let skipped = snapshot.positions.skipped;
    if skipped.total() > 0 {
        warnings.push(Warning::new(format!(
            "{} unusable position rows left out ({} without time, {} without wallet, {} without a finite value, \
             {} negative){}",
            skipped.total(),
            skipped.without_ts,
            skipped.without_wallet,
            skipped.without_value,
            skipped.negative,
            refused::in_addition(snapshot.positions.refused.iter().filter(|file| file.is_unusable())),
        )));
    }
    warnings.extend(contradictory(&snapshot.positions.contradictions, zone));
    let conflicts = &snapshot.positions.conflicts;
    if conflicts.count > 0 {
        let example = |(wallet, ts): &(_, i64)| format!("{wallet} at {}", time::shown_nanos(*ts, zone));
        let examples: Vec<String> = conflicts.examples.iter().map(example).collect();
        warnings.push(Warning::new(format!(
            "{} position rows repeat a wallet and time with other figures, the last of each counts: {}",
            conflicts.count,
            examples.join(", ")
        )));
    }
    if snapshot.withdrawals_table.is_none() {
        warnings.push(Warning::new("no table of withdrawals: taken as none, which can only lower the gain"));
    }
    warnings
}

/// That samples contradict themselves.
fn contradictory(found: &[Contradiction], zone: &TimeZone) -> Option<Warning> {
    let count: usize = found.iter().map(|one| one.count).sum();
    let newest = found.iter().max_by_key(|one| one.ts)?.shown(zone);
    Some(Warning::new(format!("{count} position rows that contradict themselves left out, the newest: {newest}")))
}

/// About wallets and flows that do not count.
pub(crate) fn about_gains(gains: &Gains<'_>, t0: i64, zone: &TimeZone) -> Vec<Warning> {
    let blurred = (gains.unusable_outside > 0)
        .then(|| format!("{} unusable flows outside every wallet's interval left out", gains.unusable_outside));
    let foreign = gains.without_samples.first().map(|(direction, first)| {
        let more = match gains.without_samples.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{direction} of {}{more} left out: the wallet has no samples since the reference; is the address right?",
            row(first, zone)
        )
    });
    [lost(gains, t0, zone), blurred, foreign].into_iter().flatten().map(Warning::new).collect()
}

/// That wallets have no baseline.
fn lost(gains: &Gains<'_>, t0: i64, zone: &TimeZone) -> Option<String> {
    let (first, t0) = (gains.without_baseline.first()?, time::shown_nanos(t0, zone));
    Some(match gains.without_baseline.len() {
        1 => format!("wallet {first} has no sample since the reference {t0}: left out"),
        count => format!("{count} wallets have no sample since the reference {t0}, {first} among them: left out"),
    })
}

/// About flows since the reference that look as if they were stored twice.
pub(crate) fn twins(snapshot: &Snapshot, gains: &Gains<'_>, t0: i64) -> Vec<Warning> {
    let tables = [(Direction::Deposit, &snapshot.deposits), (Direction::Withdrawal, &snapshot.withdrawals)];
    // What was put into pairs has a warning of its own.
    let is_paired = |row: &FlowRow| gains.alike.iter().any(|(_, [_, second])| std::ptr::eq(*second, row));
    let count = |(direction, rows): (Direction, &Vec<FlowRow>)| {
        let since = |row: &&FlowRow| row.ts.is_some_and(|ts| t0 < ts) && !is_paired(row);
        let count = sync::count_twins(rows.iter().filter(since));
        (count > 0).then(|| {
            Warning::new(format!(
                "{count} {direction} rows without tx_hash name the transaction of another row, and both count: \
                 remove one of each pair if they are the same"
            ))
        })
    };
    tables.into_iter().filter_map(count).collect()
}

/// How many pairs are named; more would drown the warning.
const PAIRS_NAMED: usize = 3;

/// About rows since the reference that may be one flow.
pub(crate) fn alike(gains: &Gains<'_>, t0: i64, zone: &TimeZone) -> Vec<Warning> {
    [Direction::Deposit, Direction::Withdrawal]
        .into_iter()
        .filter_map(|direction| alike_of(gains, direction, t0, zone))
        .collect()
}

fn alike_of(gains: &Gains<'_>, direction: Direction, t0: i64, zone: &TimeZone) -> Option<Warning> {
    let is_meant =
        |(of, [_, second]): &&(Direction, [&FlowRow; 2])| *of == direction && second.ts.is_some_and(|ts| t0 < ts);
    let pairs: Vec<_> = gains.alike.iter().filter(is_meant).map(|(_, pair)| pair).collect();
    let named: Vec<String> =
        pairs.iter().take(PAIRS_NAMED).map(|[a, b]| format!("{} and {}", row(a, zone), row(b, zone))).collect();
    let more = pairs
        .len()
        .checked_sub(PAIRS_NAMED)
        .filter(|more| *more > 0)
        .map(|more| format!(" and {more} more pairs"))
        .unwrap_or_default();
    let (counts, way_out) = match direction {
        Direction::Deposit => ("both count, which only lowers the gain", "if they are one, remove one"),
        Direction::Withdrawal => ("the later does not count", "if both are true, give both their tx_hash"),
    };
    let warning = || format!("{direction}s that may be one, {counts}: {}{more}; {way_out}", named.join(", "));
    (!pairs.is_empty()).then(|| Warning::new(warning()))
}

/// Which row of flows is meant.
fn row(row: &FlowRow, zone: &TimeZone) -> String {
    let at = row.ts.map(|ts| time::shown_nanos(ts, zone)).unwrap_or_default();
    let tx = row
        .tx_hash
        .as_deref()
        .filter(|tx| !tx.is_empty())
        .map_or(" without tx_hash".to_owned(), |tx| format!(" (tx {})", keys::shown(tx)));
    format!(
        "{} at {at} of {}{tx}",
        row.amount.unwrap_or_default().abs(),
        keys::shown(row.wallet.as_deref().unwrap_or_default())
    )
}

/// About withdrawals of nothing, which are mistakes unless they mark something.
pub(crate) fn of_nothing(gains: &Gains<'_>, zone: &TimeZone) -> Option<Warning> {
    let counted = gains
        .wallets
        .iter()
        .flat_map(|wallet| wallet.flows[wallet.counted.clone()].iter().map(move |flow| (wallet, flow)));
    let mut nothing = counted
        .filter(|(_, flow)| flow.direction == Direction::Withdrawal && flow.amount == 0.0 && flow.mark.is_none());
    let (wallet, flow) = nothing.next()?;
    let more = nothing.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(Warning::new(format!(
        "withdrawal of 0 at {} of wallet {}{more}: it takes out nothing; is its amount missing?",
        time::shown_nanos(flow.ts, zone),
        wallet.series.address()
    )))
}

/// About wallets whose newest sample is too old.
pub(crate) fn stale_wallets(wallets: &[WalletFigures], as_of: Timestamp) -> Option<Warning> {
    let stale = || wallets.iter().filter(|wallet| wallet.stale);
    let oldest = stale().min_by_key(|wallet| wallet.newest_at)?;
    let age = time::hours_between(time::nanos(oldest.newest_at), time::nanos(as_of));
    let (count, all, address) = (stale().count(), wallets.len(), &oldest.address);
    if count == 1 {
        let rest = format_args!(" (newest sample {age:.1} h old): nothing may be withdrawn from it");
        return Some(Warning::moving(&format!("wallet {address} is stale"), rest));
    }
    let standing = format!("{count} of {all} wallets are stale");
    Some(match count == all {
        true => Warning::moving(&standing, format_args!(", oldest {age:.1} h")),
        false => Warning::moving(&standing, format_args!(", oldest {age:.1} h: {address}")),
    })
}

/// That a gain was computed with a price off the peg, of a wallet's baseline sample or at a flow: the peg holds by
/// newest prices only.
pub(crate) fn off_peg_before(gains: &Gains<'_>, peg: Option<Peg>, zone: &TimeZone) -> Option<Warning> {
    let peg = peg?;
    let used = gains.wallets.iter().flat_map(|wallet| {
        let baseline = wallet.series.price_usd(wallet.baseline).map(|price| (price, wallet.baseline_ts()));
        let flows = wallet.flows[wallet.counted.clone()].iter().filter_map(|flow| Some((flow.price_usd?, flow.ts)));
        baseline.into_iter().chain(flows).map(|(price, ts)| (price, ts, wallet.series.address()))
    });
    let off: Vec<_> = used.filter(|(price, ..)| peg::is_off(*price, peg)).collect();
    let deviation = |price: f64| peg::deviation_bps(price, peg);
    let (price, ts, wallet) = off.iter().max_by(|(a, ..), (b, ..)| deviation(*a).total_cmp(&deviation(*b)))?;
    let more = if off.len() > 1 { format!(" and {} more", off.len() - 1) } else { String::new() };
    Some(Warning::new(format!(
        "the gain rests on a price off the peg, {price:.4} USD at {}, {:.0} bps from {:?}, of wallet {wallet}{more}: \
         is it right? A wrong one makes principal look like gain",
        time::shown_nanos(*ts, zone),
        deviation(*price),
        peg.target_usd
    )))
}

/// The highest yield a year that goes without a word: eight real markets in three years mostly paid less.
const USUAL_YIELD: f64 = 0.30;

/// A yield over less than this is not said: a cent of rounding in the minutes after a reference is a fortune a year.
const YIELD_SPAN_MIN: SignedDuration = SignedDuration::from_hours(24);

/// About growth that holds nothing and deserves a look.
pub(crate) fn about_growth(wallets: &[WalletFigures], per_year: Option<f64>) -> Vec<Warning> {
    [risen(wallets), fallen(wallets), fast(wallets, per_year)].into_iter().flatten().collect()
}

/// That stale wallets have more than interest explains, which holds nothing as they have no limit anyway.
fn risen(wallets: &[WalletFigures]) -> Option<Warning> {
    let has_risen = |wallet: &&WalletFigures| {
        wallet.stale && wallet.growth.as_ref().is_some_and(|growth| !growth.unexplained.is_empty())
    };
    let mut risen = wallets.iter().filter(has_risen);
    let first = &risen.next()?.address;
    Some(Warning::new(match risen.count() {
        0 => format!("stale wallet {first} has more than interest explains"),
        more => format!("{} stale wallets have more than interest explains, {first} among them", more + 1),
    }))
}

/// That wallets have less than they should.
fn fallen(wallets: &[WalletFigures]) -> Option<Warning> {
    let fallen = || wallets.iter().filter_map(|wallet| Some((wallet.growth.as_ref()?.fallen_units?, &wallet.address)));
    let (units, wallet) = fallen().max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let warning = match fallen().count() {
        1 => Warning::moving(
            &format!("wallet {wallet} has "),
            format_args!(
                "{units:.2} units less than its flows explain: a withdrawal may be missing, or a deposit be there \
                 twice or in the wrong unit, which only lowers the gain"
            ),
        ),
        count => Warning::moving(
            &format!("{count} wallets have fewer units than their flows explain"),
            format_args!(
                ", {wallet} most ({units:.2}): withdrawals may be missing, or deposits be there twice or in the wrong \
                 unit, which only lowers the gain"
            ),
        ),
    };
    Some(warning.about(units))
}

/// That all wallets together grew faster than is usual.
fn fast(wallets: &[WalletFigures], per_year: Option<f64>) -> Option<Warning> {
    let is_long = |wallet: &WalletFigures| wallet.newest_at.duration_since(wallet.baseline_at) >= YIELD_SPAN_MIN;
    if !wallets.iter().any(is_long) {
        return None;
    }
    let per_year = per_year.filter(|per_year| *per_year > USUAL_YIELD)?;
    let rest = format_args!(
        " {:.0} % a year since their baselines: more than {:.0} % is no usual interest, and deposits that drip in \
         below the limit of every step look like this",
        per_year * 100.0,
        USUAL_YIELD * 100.0
    );
    Some(Warning::moving("the wallets grew by", rest))
}

/// That nothing was tagged.
pub(crate) fn fallback(rules: &Rules, t0: Timestamp) -> Warning {
    let start = if rules.range_start.is_some() { "client.date_range.start" } else { "the asset's first sample" };
    Warning::new(format!(
        "no withdrawal is tagged {:?}: fallback data_range, gains count from {start}, {}",
        rules.keywords.reference,
        time::shown(t0, &rules.zone)
    ))
}

/// That what was withdrawn since the reference may have been gain.
pub(crate) fn untagged_withdrawals(wallets: &[WalletFigures]) -> Option<Warning> {
    // All of it, as everywhere: the part that lowered a limit would be a second sum for the same words.
    let withdrawn: f64 = wallets.iter().map(|wallet| wallet.untagged_usd).sum();
    let is_lowered = wallets.iter().any(|wallet| wallet.taken_usd > 0.0);
    is_lowered.then(|| Warning::new(format!(
        "withdrawn {withdrawn:.2} USD since the reference without a tag: counted as gain already taken; tag it as the \
         reference, or as principal (alert-orchestrator tag)"
    )))
}

/// That prices could not be compared, in part or at all, or disagree without holding.
pub(crate) fn about_prices(prices: &PriceFigures) -> Vec<Warning> {
    let disagreement = (prices.mismatch == Some(true) && !prices.holds()).then(|| {
        let why = match prices.action {
            MismatchAction::Alert => "shown only".to_owned(),
            MismatchAction::Hold => format!("holds after {} in a row", prices.persistence_threshold),
        };
        let warning = Warning::moving("price mismatch", format_args!(" ({}): {why}", prices.describe()));
        warning.about(prices.delta_rel.unwrap_or_default())
    });
    let missing = match &*prices.silent {
        _ if prices.mismatch.is_none() => {
            let missing: Vec<&str> = prices.missing.iter().map(|source| source.in_words()).collect();
            let missing = if missing.is_empty() { "no other source is asked".to_owned() } else { missing.join(", ") };
            let text =
                format!("prices cannot be compared: fewer than two sources have one (without a price: {missing})");
            Some(Warning::new(text))
        }
        [] => None,
        silent => {
            let silent: Vec<&str> = silent.iter().map(|source| source.name()).collect();
            Some(Warning::new(format!("prices are compared without {}, which gave none", silent.join(" and "))))
        }
    };
    disagreement.into_iter().chain(missing).collect()
}
