//! For each reason to hold, an asset that is held for it.
//!
//! Start at [`all`]. Each name begins with the code of its reason.

use std::sync::Arc;

use advisor_core::coverage::Reached;
use advisor_core::flow::FlowRow;
use advisor_core::price_check::{LogicalSource, MismatchAction, PriceRules, PriceSource, SourcePrice, Tolerance};
use advisor_core::refused::RefusedFile;
use advisor_core::rules::{AmountUnit, CoverageRules, Peg, ReferenceFallback};
use advisor_core::test_support::{EPOCH, PRINCIPAL};
use advisor_core::time;

use super::{Story, Wallet};

/// Every story, by its name.
pub fn all() -> Vec<(&'static str, Story)> {
    vec![
        ("clock_doubt", ahead_of_the_clock()),
        ("no_reference", no_reference()),
        ("no_data_after_a_tag", just_tagged()),
        ("no_data_before_the_start", starts_later()),
        ("no_data_at_all", without_samples()),
        ("no_data_in_a_file", without_a_usable_line()),
        ("stale_data", stale()),
        ("flows_incomplete_pull", not_pulled()),
        ("flows_incomplete_wallet", of_an_unknown_wallet()),
        ("unexplained_growth", grown()),
        ("unexplained_growth_usd", grown_in_usd()),
        ("unexplained_growth_unknown", without_units()),
        ("off_peg_stored", off_peg()),
        ("off_peg_live", off_peg_elsewhere()),
        ("insufficient_points", young()),
        ("insufficient_points_never", daily_in_two_days()),
        ("insufficient_points_scattered", scattered()),
        ("gate_triggered", fallen()),
        ("price_mismatch", disagreeing()),
        ("no_gain_lost", lost()),
        ("no_gain_taken", taken()),
        ("no_gain_emptied", emptied()),
    ]
}

/// Ten days of hourly samples since a tag, with nothing wrong.
fn calm() -> Story {
    calm_of(vec![Wallet::of(9_000.0).tagged(40.3, 100.0)])
}

fn calm_of(wallets: Vec<Wallet>) -> Story {
    Story::new("djed", 240, wallets)
}

/// The newest sample is of tomorrow.
pub fn ahead_of_the_clock() -> Story {
    Story { waited_hours: -26.0, ..calm() }
}

/// No tagged withdrawal, and no fallback, but a start that the other fallback would take.
fn no_reference() -> Story {
    let mut story = calm_of(vec![Wallet::of(9_000.0)]);
    story.rules.reference_fallback = ReferenceFallback::Hold;
    story.rules.range_start = Some(EPOCH);
    story
}

/// Tagged since the newest sample.
fn just_tagged() -> Story {
    calm_of(vec![Wallet::of(9_000.0).tagged(240.05, 100.0)])
}

/// A configured start that the samples do not reach.
fn starts_later() -> Story {
    let mut story = calm_of(vec![Wallet::of(9_000.0)]);
    story.rules.range_start = Some(EPOCH + time::hours(300.0));
    story.waited_hours = 100.0;
    story
}

fn without_samples() -> Story {
    calm_of(Vec::new())
}

fn without_a_usable_line() -> Story {
    let known = |snapshot: &mut super::Snapshot| {
        let (file, first) = ("data/liqwid_supply_positions_djed.csv".to_owned(), "line 2: ts is empty".to_owned());
        snapshot.positions.refused.push(RefusedFile::Unusable { file, lines: 240, first });
    };
    Story { known, ..calm_of(Vec::new()) }
}

/// No sample of either wallet for more than a day.
pub fn stale() -> Story {
    let wallets = vec![Wallet::of(9_000.0).tagged(40.3, 100.0), Wallet::of(2_000.0)];
    Story { waited_hours: 30.5, ..calm_of(wallets) }
}

/// Liqwid answered nothing about two of three wallets.
fn not_pulled() -> Story {
    let mut story = calm_of(vec![Wallet::of(9_000.0).tagged(40.3, 100.0), Wallet::of(2_000.0)]);
    story.rules.coverage = Some(CoverageRules { start: None, end: None, wallets: Vec::new(), unfit: None });
    story.known = |snapshot| {
        for wallet in &snapshot.positions.wallets {
            let cause = "Liqwid at https://v2.api.liqwid.finance/graphql: answered 403 Forbidden".to_owned();
            let reached = Reached { wallet: Arc::clone(wallet.address()), outcome: Err(cause) };
            snapshot.coverage.note(&reached, snapshot.now);
        }
    };
    story
}

/// A deposit names a wallet that nobody has seen.
fn of_an_unknown_wallet() -> Story {
    let known = |snapshot: &mut super::Snapshot| {
        snapshot.deposits.push(FlowRow {
            ts: Some(EPOCH + time::hours(120.0)),
            wallet: Some(format!("addr1q{:097}", 77).into()),
            amount: Some(500.0),
            memo: None,
            tx_hash: None,
        });
    };
    Story { known, ..calm() }
}

/// 500 units came, and no table has them; and no withdrawal is tagged.
fn grown() -> Story {
    let wallets = vec![Wallet::of(9_000.0).moves(100.4, 500.0), Wallet::of(2_000.0).moves(150.4, 75.0)];
    Story { known: |snapshot| snapshot.deposits.clear(), ..calm_of(wallets) }
}

/// The same where amounts are USD, since a tag.
fn grown_in_usd() -> Story {
    let wallets = vec![Wallet::of(9_000.0).tagged(40.3, 100.0).moves(100.4, 500.0)];
    let mut story = Story { known: |snapshot| snapshot.deposits.clear(), ..calm_of(wallets) };
    story.rules.amount_unit = AmountUnit::Usd;
    story
}

/// Values are all that the samples have.
fn without_units() -> Story {
    let mut story = calm();
    story.rules.amount_unit = AmountUnit::Usd;
    story.stored = |_, row| (row.underlying_units, row.price_usd) = (None, None);
    story
}

const PEG: Option<Peg> = Some(Peg { target_usd: 1.0, max_deviation_bps: 100.0 });

fn off_peg() -> Story {
    let mut story = calm();
    story.rules.gate.peg = PEG;
    story.price = |hour| 0.9672 + 1e-5 * (240.0 - hour);
    story
}

/// The positions have the price of the peg, and a source that was asked has not.
fn off_peg_elsewhere() -> Story {
    let mut story = calm();
    story.rules.gate.peg = PEG;
    story.rules.price_sources = vec![PriceSource::StoredLiqwid, PriceSource::MinswapAggregator];
    story.known = |snapshot| {
        let source = PriceSource::MinswapAggregator;
        snapshot.prices.push(SourcePrice { source, price_usd: 0.9721, price_ada: None });
    };
    story
}

/// A history of a week, a sample a day.
fn young() -> Story {
    super::daily(8)
}

/// A sample a day, and a window that holds three of them.
fn daily_in_two_days() -> Story {
    let mut story = super::daily(20);
    story.rules.gate.lookback_hours = 48.0;
    story
}

/// One sample in the middle is four times too large.
fn scattered() -> Story {
    let wallets = vec![Wallet::of(9_000.0).tagged(40.3, 100.0), Wallet::of(2_000.0)];
    let stored = |i: i64, row: &mut super::PositionRow<'_>| {
        if i == 120 {
            row.underlying_units = row.underlying_units.map(|units| units * 4.2);
            row.usd_value = row.usd_value.map(|usd| usd * 4.2);
        }
    };
    Story { stored, ..calm_of(wallets) }
}

/// The newest sample is too low.
fn fallen() -> Story {
    let mut wallet = Wallet::of(9_000.0).tagged(40.3, 100.0);
    wallet.last_step = -40.0;
    calm_of(vec![wallet])
}

fn disagreeing() -> Story {
    let mut story = calm();
    story.rules.price_sources = vec![PriceSource::StoredLiqwid, PriceSource::MinswapAggregator];
    story.rules.prices = Some(PriceRules {
        sources: vec![(LogicalSource::Minswap, vec![PriceSource::MinswapAggregator])],
        tolerance: Tolerance::Relative(0.01),
        persistence_threshold: 1,
        action: MismatchAction::Hold,
    });
    story.known = |snapshot| {
        let source = PriceSource::MinswapAggregator;
        snapshot.prices.push(SourcePrice { source, price_usd: 0.9672, price_ada: None });
    };
    story
}

/// The price fell by a percent.
pub fn lost() -> Story {
    Story { price: |hour| 1.0 - 4e-5 * hour, ..calm() }
}

/// More was withdrawn without a tag than was gained.
fn taken() -> Story {
    calm_of(vec![Wallet::of(9_000.0).tagged(40.3, 100.0).moves(120.4, -350.0)])
}

/// Everything was taken out, and marked as principal.
fn emptied() -> Story {
    let wallet = Wallet { noise: 0.0, ..Wallet::of(9_000.0).tagged(40.3, 100.0) };
    let known = |snapshot: &mut super::Snapshot| {
        let principal = snapshot.withdrawals.iter_mut().filter(|row| row.memo.is_none());
        principal.for_each(|row| row.memo = Some(PRINCIPAL.to_owned()));
    };
    let stored = |i: i64, row: &mut super::PositionRow<'_>| {
        if i > 230 {
            (row.underlying_units, row.usd_value) = (Some(0.0), Some(0.0));
        }
    };
    let mut story = calm_of(vec![wallet.moves(230.4, -8_911.0)]);
    (story.known, story.stored) = (known, stored);
    story.rules.gate.holds = false;
    story
}
