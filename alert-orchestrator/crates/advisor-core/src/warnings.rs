//! What an operator should look at although, or because, there is an answer. Each warning is one sentence.

use jiff::Timestamp;

use crate::figures::{Advice, Snapshot, WalletFigures};
use crate::flow::{Direction, FlowRow};
use crate::gain::Gains;
use crate::position::Contradiction;
use crate::price_check::MismatchAction;
use crate::rules::Rules;
use crate::{sync, time};

/// About the rows as they were loaded.
pub(crate) fn about_data(snapshot: &Snapshot) -> Vec<String> {
    let mut warnings = Vec::new();
    let skipped = snapshot.positions.skipped;
    if skipped.total() > 0 {
        warnings.push(format!(
            "{} unusable position rows left out ({} without time, {} without wallet, {} without a finite value, {} negative)",
            skipped.total(),
            skipped.without_ts,
            skipped.without_wallet,
            skipped.without_value,
            skipped.negative,
        ));
    }
    warnings.extend(contradictory(&snapshot.positions.contradictions));
    let conflicts = &snapshot.positions.conflicts;
    if conflicts.count > 0 {
        let examples: Vec<String> =
            conflicts.examples.iter().map(|(wallet, ts)| format!("{wallet} at {}", time::timestamp(*ts))).collect();
        warnings.push(format!(
            "{} position rows repeat a wallet and time with other figures, the last of each counts: {}",
            conflicts.count,
            examples.join(", ")
        ));
    }
    if snapshot.withdrawals_table.is_none() {
        warnings.push("no table of withdrawals: taken as none, which can only lower the gain".to_owned());
    }
    warnings
}

/// That samples contradict themselves.
fn contradictory(found: &[Contradiction]) -> Option<String> {
    let count: usize = found.iter().map(|one| one.count).sum();
    let newest = found.iter().max_by_key(|one| one.ts)?;
    Some(format!("{count} position rows that contradict themselves left out, the newest: {newest}"))
}

/// About wallets and flows that do not count.
pub(crate) fn about_gains(gains: &Gains<'_>, t0: i64) -> Vec<String> {
    let t0 = time::timestamp(t0);
    let lost = gains
        .without_baseline
        .iter()
        .map(|wallet| format!("wallet {wallet} has no sample since the reference {t0}: left out"));
    let blurred = (gains.unusable_outside > 0)
        .then(|| format!("{} unusable flows outside every wallet's interval left out", gains.unusable_outside));
    let foreign = gains.without_samples.first().map(|(direction, first)| {
        let more = match gains.without_samples.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{direction} of {}{more} left out: the wallet has no samples since the reference; is the address right?",
            row(first)
        )
    });
    lost.chain(blurred).chain(foreign).collect()
}

/// About flows since the reference that look as if they were stored twice.
pub(crate) fn twins(snapshot: &Snapshot, gains: &Gains<'_>, t0: i64) -> Vec<String> {
    let tables = [(Direction::Deposit, &snapshot.deposits), (Direction::Withdrawal, &snapshot.withdrawals)];
    // What was put into pairs has a warning of its own.
    let is_paired = |row: &FlowRow| gains.alike.iter().any(|(_, [_, second])| std::ptr::eq(*second, row));
    let count = |(direction, rows): (Direction, &Vec<FlowRow>)| {
        let since = |row: &&FlowRow| row.ts.is_some_and(|ts| t0 < ts) && !is_paired(row);
        let count = sync::count_twins(rows.iter().filter(since));
        (count > 0).then(|| {
            format!(
                "{count} {direction} rows without tx_hash name the transaction of another row, and both count: \
                 remove one of each pair if they are the same"
            )
        })
    };
    tables.into_iter().filter_map(count).collect()
}

/// How many pairs are named; more would drown the warning.
const PAIRS_NAMED: usize = 3;

/// About rows since the reference that may be one flow.
pub(crate) fn alike(gains: &Gains<'_>, t0: i64) -> Vec<String> {
    [Direction::Deposit, Direction::Withdrawal]
        .into_iter()
        .filter_map(|direction| alike_of(gains, direction, t0))
        .collect()
}

fn alike_of(gains: &Gains<'_>, direction: Direction, t0: i64) -> Option<String> {
    let is_meant =
        |(of, [_, second]): &&(Direction, [&FlowRow; 2])| *of == direction && second.ts.is_some_and(|ts| t0 < ts);
    let pairs: Vec<_> = gains.alike.iter().filter(is_meant).map(|(_, pair)| pair).collect();
    let named: Vec<String> =
        pairs.iter().take(PAIRS_NAMED).map(|[a, b]| format!("{} and {}", row(a), row(b))).collect();
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
    (!pairs.is_empty())
        .then(|| format!("{direction}s that may be one, {counts}: {}{more}; {way_out}", named.join(", ")))
}

/// Which row of flows is meant.
fn row(row: &FlowRow) -> String {
    let at = row.ts.map(|ts| time::timestamp(ts).to_string()).unwrap_or_default();
    let tx = row
        .tx_hash
        .as_deref()
        .filter(|tx| !tx.is_empty())
        .map_or(" without tx_hash".to_owned(), |tx| format!(" (tx {tx})"));
    format!("{} at {at} of {}{tx}", row.amount.unwrap_or_default().abs(), row.wallet.as_deref().unwrap_or_default())
}

/// About withdrawals of nothing, which are mistakes unless they mark something.
pub(crate) fn of_nothing(gains: &Gains<'_>) -> Option<String> {
    let counted = gains
        .wallets
        .iter()
        .flat_map(|wallet| wallet.flows[wallet.counted.clone()].iter().map(move |flow| (wallet, flow)));
    let mut nothing = counted
        .filter(|(_, flow)| flow.direction == Direction::Withdrawal && flow.amount == 0.0 && flow.mark.is_none());
    let (wallet, flow) = nothing.next()?;
    let more = nothing.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!(
        "withdrawal of 0 at {} of wallet {}{more}: it takes out nothing; is its amount missing?",
        time::timestamp(flow.ts),
        wallet.series.address()
    ))
}

/// About wallets whose newest sample is too old.
pub(crate) fn stale_wallets(wallets: &[WalletFigures], as_of: Timestamp) -> Vec<String> {
    let stale = wallets.iter().filter(|wallet| wallet.stale);
    stale
        .map(|wallet| {
            let age = time::hours_between(time::nanos(wallet.newest_at), time::nanos(as_of));
            format!(
                "wallet {} is stale (newest sample {age:.1} h old): nothing may be withdrawn from it",
                wallet.address
            )
        })
        .collect()
}

/// The highest yield a year that goes without a word: eight real markets in three years mostly paid less.
const USUAL_YIELD: f64 = 0.30;

/// About growth that holds nothing and deserves a look.
pub(crate) fn about_growth(wallets: &[WalletFigures], per_year: Option<f64>) -> Vec<String> {
    let growths = || wallets.iter().filter_map(|wallet| Some((wallet, wallet.growth.as_ref()?)));
    let stale = growths().filter(|(wallet, growth)| wallet.stale && !growth.unexplained.is_empty());
    let risen = stale.map(|(wallet, _)| format!("stale wallet {} has more than interest explains", wallet.address));
    let fallen = growths().filter_map(|(wallet, growth)| Some((wallet, growth.fallen_units?)));
    let fallen = fallen.map(|(wallet, units)| {
        format!(
            "wallet {} has {units:.2} units less than its flows explain: a withdrawal may be missing, which only lowers \
             the gain",
            wallet.address
        )
    });
    let fast = per_year.filter(|per_year| *per_year > USUAL_YIELD).map(|per_year| {
        format!(
            "the wallets grew by {:.0} % a year since their baselines: more than {:.0} % is no usual interest, and \
             deposits that drip in below the limit of every step look like this",
            per_year * 100.0,
            USUAL_YIELD * 100.0
        )
    });
    risen.chain(fallen).chain(fast).collect()
}

/// That nothing was tagged.
pub(crate) fn fallback(rules: &Rules, t0: Timestamp) -> String {
    let start = if rules.range_start.is_some() { "client.date_range.start" } else { "the asset's first sample" };
    format!(
        "no withdrawal is tagged {:?}: fallback data_range, gains count from {start}, {t0}",
        rules.keywords.reference
    )
}

/// That what was withdrawn since the reference may have been gain.
pub(crate) fn untagged_withdrawals(wallets: &[WalletFigures]) -> Option<String> {
    let lowered = || wallets.iter().filter(|wallet| wallet.taken_usd > 0.0);
    lowered().next()?;
    let withdrawn: f64 = lowered().map(|wallet| wallet.untagged_usd).sum();
    Some(format!(
        "withdrawn {withdrawn:.2} USD since the reference without a tag: counted as gain already taken; tag it as the \
         reference, or as principal (alert-orchestrator tag)"
    ))
}

/// That prices could not be compared, in part or at all, or disagree without holding.
pub(crate) fn about_prices(rules: &Rules, advice: &Advice) -> Vec<String> {
    let Some((rules, prices)) = rules.prices.as_ref().zip(advice.prices.as_ref()) else { return Vec::new() };
    let disagreement = (prices.mismatch == Some(true) && !prices.holds()).then(|| {
        let why = match prices.action {
            MismatchAction::Alert => "shown only".to_owned(),
            MismatchAction::Hold => format!("holds after {} in a row", prices.persistence_threshold),
        };
        format!("price mismatch ({}): {why}", prices.describe())
    });
    let missing = match prices.without_price(rules) {
        _ if prices.mismatch.is_none() => {
            let missing: Vec<&str> = prices.missing.iter().map(|source| source.in_words()).collect();
            let missing = if missing.is_empty() { "no other source is asked".to_owned() } else { missing.join(", ") };
            Some(format!("prices cannot be compared: fewer than two sources have one (without a price: {missing})"))
        }
        missing if missing.is_empty() => None,
        missing => Some(format!("prices are compared without {}, which gave none", missing.join(" and "))),
    };
    disagreement.into_iter().chain(missing).collect()
}
