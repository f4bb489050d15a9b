//! One evaluation of every configured asset: load, advise, done.
//!
//! Start at [`evaluate`]. Assets are evaluated concurrently, a bounded number at once, and one asset's failure, a panic
//! included, never stops the others. Each table is read once; the tables' names are asked for once for all assets.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use advisor_core::advice::{Advice, Snapshot, advise};
use advisor_core::coverage::Coverage;
use advisor_core::decision::Failure;
use advisor_core::drawing::{Drawing, DrawingOptions, draw};
use advisor_core::position::Positions;
use advisor_core::price_check::SourcePrice;
use advisor_core::reference::Reference;
use advisor_core::resolve::{TablePrefixes, Tables, names_market};
use advisor_core::rules::Rules;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use advisor_core::{time, window};
use futures_util::future::join;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tracing::{error, warn};

/// More assets at once would not finish sooner on the machines this runs on, but hold more columns in memory.
const ASSETS_AT_ONCE: usize = 4;

/// What to evaluate, resolved from the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The assets, in the order of the configuration.
    pub(crate) assets: Vec<AssetPlan>,
    /// Prefixes of the table names.
    pub(crate) prefixes: TablePrefixes,
    /// The configured end of the date range: evaluate as of this instant instead of now.
    pub(crate) end: Option<Timestamp>,
    /// Whether somebody wants to see what was evaluated.
    pub(crate) draws: bool,
}

/// How one asset is evaluated and drawn.
#[derive(Debug, Clone)]
pub(crate) struct AssetPlan {
    /// The asset's name as configured.
    pub(crate) asset: String,
    pub(crate) rules: Rules,
    pub(crate) drawing: DrawingOptions,
}

/// What a round has to go by, beside the store.
pub(crate) struct Circumstances<'a, P> {
    /// The time now.
    pub(crate) now: Timestamp,
    /// Becomes the prices by asset; runs while the store is read.
    pub(crate) prices: P,
    /// How often in a row the prices of an asset have disagreed before.
    pub(crate) mismatches: &'a Mismatches,
}

/// How often in a row the prices of an asset disagreed, by asset.
pub(crate) type Mismatches = BTreeMap<String, u32>;

/// What the sources of prices answered, by asset.
pub(crate) type Prices = BTreeMap<String, Vec<SourcePrice>>;

/// The answers of one round.
#[derive(Debug, Clone)]
pub(crate) struct Evaluation {
    /// When the round began.
    pub(crate) started_at: Timestamp,
    /// The evaluation time, where it is not now but configured.
    pub(crate) as_of: Option<Timestamp>,
    /// One advice per asset, in the order of the configuration.
    pub(crate) advice: Vec<Advice>,
    /// What there is to see of each, in the same order; empty where nobody wants to see it.
    pub(crate) drawings: Vec<Drawing>,
}

impl Evaluation {
    /// Counts on where prices were compared; an asset in error keeps its count.
    pub(crate) fn count_mismatches(&self, mismatches: &mut Mismatches) {
        for advice in &self.advice {
            if let Some(prices) = &advice.prices {
                mismatches.insert(advice.asset.clone(), prices.mismatches_in_a_row);
            }
        }
    }

    /// The advice on a configured asset.
    pub(crate) fn of(&self, asset: &str) -> Option<&Advice> {
        self.advice.iter().find(|advice| advice.asset == asset)
    }

    /// Whether any asset could not be evaluated.
    pub(crate) fn has_errors(&self) -> bool {
        self.advice.iter().any(|advice| advice.decision.is_error())
    }

    /// A round without an answer, for all assets for the same reason.
    pub(crate) fn failed(plan: &Plan, now: Timestamp, failure: &Failure) -> Self {
        let at = plan.end.unwrap_or(now);
        let fail = |AssetPlan { asset, rules, .. }: &AssetPlan| Advice::failed(asset, at, rules, failure.clone());
        let advice: Vec<Advice> = plan.assets.iter().map(fail).collect();
        let empty = plan.assets.iter().zip(&advice).map(|(of, advice)| Drawing::empty(&of.rules, &of.drawing, advice));
        let drawings = if plan.draws { empty.collect() } else { Vec::new() };
        Self { started_at: now, as_of: plan.end, drawings, advice }
    }
}

/// Evaluates every asset of the plan.
pub(crate) async fn evaluate<S: Store>(
    store: &S,
    plan: &Plan,
    circumstances: Circumstances<'_, impl Future<Output = Prices>>,
) -> Evaluation {
    let Circumstances { now, prices, mismatches } = circumstances;
    let at = plan.end.unwrap_or(now);
    let prices = prices.map(Arc::new).shared();
    let evaluate = async {
        let round = Round::start(store, plan, at).await;
        let suffixes = round.resolve_all(plan).await;
        let asked = plan.assets.iter().zip(suffixes).map(|(of, suffix)| {
            let mismatches_before = mismatches.get(&of.asset).copied().unwrap_or(0);
            round.answer(of, suffix, prices.clone(), mismatches_before)
        });
        stream::iter(asked).buffered(ASSETS_AT_ONCE).collect::<Vec<_>>().await
    };
    // The prices are asked for at once, not when the first asset has been read.
    let (_, answers) = join(prices.clone(), evaluate).await;
    let (advice, drawings): (Vec<Advice>, Vec<Option<Drawing>>) = answers.into_iter().unzip();
    for advice in &advice {
        for warning in &advice.warnings {
            warn!(asset = advice.asset, "{warning}");
        }
    }
    Evaluation { started_at: now, as_of: plan.end, advice, drawings: drawings.into_iter().flatten().collect() }
}

/// What the assets of one round share.
struct Round<'s, S> {
    store: &'s S,
    tables: Result<Tables, StoreError>,
    markets: OnceCell<Vec<(String, Market)>>,
    at: Timestamp,
    draws: bool,
}

impl<'s, S: Store> Round<'s, S> {
    async fn start(store: &'s S, plan: &Plan, at: Timestamp) -> Self {
        let tables = store.tables().await.map(|names| Tables::of(names, plan.prefixes.clone()));
        Self { store, tables, markets: OnceCell::new(), at, draws: plan.draws }
    }

    /// The table suffix of every asset of the plan. One table cannot be two assets: each would be granted all of its gain.
    async fn resolve_all(&self, plan: &Plan) -> Vec<Result<String, Failure>> {
        let names = stream::iter(&plan.assets).then(|of| self.resolve(&of.asset));
        let resolved: Vec<Result<String, Failure>> = names.collect().await;
        let unique = |suffix: &String| {
            let named = plan.assets.iter().zip(&resolved).filter(|(_, other)| other.as_ref() == Ok(suffix));
            let named: Vec<&str> = named.map(|(of, _)| of.asset.as_str()).collect();
            if named.len() == 1 {
                return Ok(suffix.clone());
            }
            let detail = format!("{} mean the same table, {suffix}; configure one of them", named.join(" and "));
            Err(Failure::InvalidData(detail))
        };
        resolved.iter().map(|suffix| suffix.as_ref().map_err(Clone::clone).and_then(unique)).collect()
    }

    /// One asset's advice, and what there is to see of it; a panic on the way is this asset's error and nobody else's.
    async fn answer(
        &self,
        of: &AssetPlan,
        suffix: Result<String, Failure>,
        prices: impl Future<Output = Arc<Prices>>,
        mismatches_before: u32,
    ) -> (Advice, Option<Drawing>) {
        let AssetPlan { asset, rules, drawing } = of;
        let answer = async {
            let mut snapshot = self.load(of, &suffix?).await?;
            snapshot.prices = prices.await.get(asset).cloned().unwrap_or_default();
            snapshot.mismatches_before = mismatches_before;
            let advice = advise(rules, &snapshot, time::nanos(self.at));
            Ok((advice, Some(snapshot)))
        };
        let failed = |failure| (Advice::failed(asset, self.at, rules, failure), None);
        let (advice, snapshot) = match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(answer) => answer.unwrap_or_else(failed),
            Err(panic) => {
                let detail = format!("the evaluation broke off, please report it: {}", panic_text(&*panic));
                failed(Failure::InvalidData(detail))
            }
        };
        let empty = || Drawing::empty(rules, drawing, &advice);
        let drawing = self.draws.then(|| match &snapshot {
            None => empty(),
            // What goes wrong with a picture changes no decision.
            Some(snapshot) => catch_unwind(AssertUnwindSafe(|| draw(rules, drawing, snapshot, &advice)))
                .unwrap_or_else(|panic| {
                    error!(asset, "nothing is drawn, please report it: {}", panic_text(&*panic));
                    empty()
                }),
        });
        (advice, drawing)
    }

    fn tables(&self) -> Result<&Tables, Failure> {
        self.tables.as_ref().map_err(|error| Failure::Store(error.clone()))
    }

    /// Reads what one asset's evaluation needs, each table once.
    async fn load(&self, of: &AssetPlan, suffix: &str) -> Result<Snapshot, Failure> {
        let AssetPlan { asset, rules, .. } = of;
        let tables = self.tables()?;
        let to = time::nanos(self.at);
        let (deposits_table, has_deposits) = tables.deposits(suffix);
        if !has_deposits {
            let detail = format!("no table {deposits_table}: without it deposits would count as gains");
            return Err(Failure::InvalidData(detail));
        }
        let (withdrawals_table, has_withdrawals) = tables.withdrawals(suffix);
        let withdrawals_table = has_withdrawals.then_some(withdrawals_table);
        let withdrawals = match &withdrawals_table {
            Some(table) => self.store.flows(table, None, to).await.map_err(Failure::Store)?,
            None => Vec::new(),
        };
        let reference = Reference::find(&withdrawals, rules, to);
        let (positions, loaded_from) =
            self.load_positions(&tables.positions(suffix), of, &reference).await.map_err(Failure::Store)?;
        // Before the flows: what is stored meanwhile is then read without being relied on, and not the other way round.
        let coverage = match &rules.coverage {
            Some(_) => self.store.coverage(&deposits_table).await.map_err(Failure::Store)?,
            None => Coverage::default(),
        };
        // Deposits after the samples: one that is written between the two reads is then either too new to count or
        // counted. The other way round a sample could contain a deposit that was not read, and it would look like a gain.
        let deposits = self.store.flows(&deposits_table, loaded_from, to).await.map_err(Failure::Store)?;
        Ok(Snapshot {
            asset: asset.clone(),
            deposits_table,
            withdrawals_table,
            positions,
            deposits,
            withdrawals,
            reference,
            loaded_from,
            prices: Vec::new(),
            mismatches_before: 0,
            coverage,
        })
    }

    /// The samples that gain and gate need, and from when on they were read. Only after an outage of a feed, or while a wallet
    /// is new, is the store asked for more than once.
    async fn load_positions(
        &self,
        table: &str,
        AssetPlan { rules, drawing, .. }: &AssetPlan,
        reference: &Reference,
    ) -> Result<(Positions, Option<i64>), StoreError> {
        let to = time::nanos(self.at);
        // A chart may reach further back than what is decided by; more than is needed changes no decision.
        let chart_hours = drawing.lookback_hours.filter(|_| self.draws);
        let chart_from = chart_hours.map_or(to, |hours| to.saturating_sub(time::hours(hours)));
        let loaded_from = reference.load_from(rules, to).map(|from| from.min(chart_from));
        let positions = self.store.positions(table, loaded_from, to).await?;
        let Some(from) = loaded_from.filter(|from| window::is_doubtful(rules, &positions, *from)) else {
            return Ok((positions, loaded_from));
        };
        let before = self.store.newest_before(table, from).await?;
        let Some(earlier) = window::load_again_from(rules, &positions, from, &before) else {
            return Ok((positions, loaded_from));
        };
        drop(positions); // both at once would double the memory of an evaluation
        Ok((self.store.positions(table, Some(earlier), to).await?, Some(earlier)))
    }

    /// The table suffix that an asset's name means: by name, else by the market that a table's rows name.
    async fn resolve(&self, asset: &str) -> Result<String, Failure> {
        let tables = self.tables()?;
        if let Some(suffix) = tables.by_name(asset) {
            return Ok(suffix.to_owned());
        }
        let markets = self.markets.get_or_try_init(|| self.ask_markets(tables)).await.map_err(Failure::Store)?;
        let found = markets.iter().find(|(_, market)| names_market(market, asset));
        found
            .map(|(suffix, _)| suffix.clone())
            .ok_or_else(|| Failure::AssetNotFound { asset: asset.to_owned(), tables: tables.suffixes().to_vec() })
    }

    /// The markets of all position tables, by suffix. A table that cannot be read names none: it must not stop an asset
    /// that is not its own.
    async fn ask_markets(&self, tables: &Tables) -> Result<Vec<(String, Market)>, StoreError> {
        let ask = |suffix: &String| {
            let (suffix, table) = (suffix.clone(), tables.positions(suffix));
            async move {
                match self.store.market(&table).await {
                    Err(StoreError::InvalidData { .. }) => Ok((suffix, Market::default())),
                    answer => answer.map(|market| (suffix, market)),
                }
            }
        };
        stream::iter(tables.suffixes()).map(ask).buffered(ASSETS_AT_ONCE).try_collect().await
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The tables of one asset: each with whether the store has it.
pub(crate) struct AssetTables {
    pub(crate) suffix: String,
    pub(crate) positions: String,
    pub(crate) deposits: (String, bool),
    pub(crate) withdrawals: (String, bool),
}

/// The tables of every asset of the plan, or why it has none.
pub(crate) async fn all_tables<S: Store>(store: &S, plan: &Plan) -> Vec<Result<AssetTables, Failure>> {
    let round = Round::start(store, plan, plan.end.unwrap_or(Timestamp::MAX)).await;
    let suffixes = round.resolve_all(plan).await;
    suffixes.into_iter().map(|suffix| Ok(AssetTables::of(round.tables()?, suffix?))).collect()
}

impl AssetTables {
    fn of(tables: &Tables, suffix: String) -> Self {
        Self {
            positions: tables.positions(&suffix),
            deposits: tables.deposits(&suffix),
            withdrawals: tables.withdrawals(&suffix),
            suffix,
        }
    }
}

/// What `check` wants to know of every asset: its tables, or why it cannot be evaluated.
pub(crate) async fn check<S: Store>(store: &S, plan: &Plan, now: Timestamp) -> Vec<Result<String, Failure>> {
    let round = Round::start(store, plan, now).await;
    let suffixes = stream::iter(round.resolve_all(plan).await);
    let check = async |suffix: Result<String, Failure>| round.check_tables(&suffix?).await;
    suffixes.then(check).collect().await
}

impl<S: Store> Round<'_, S> {
    /// Finds an asset's tables and checks their columns; the answer names them.
    async fn check_tables(&self, suffix: &str) -> Result<String, Failure> {
        let tables = self.tables()?;
        let positions = tables.positions(suffix);
        self.store.check_columns(&positions, TableKind::Positions).await.map_err(Failure::Store)?;
        let mut found = vec![positions];
        for ((table, exists), required) in [(tables.deposits(suffix), true), (tables.withdrawals(suffix), false)] {
            if exists {
                self.store.check_columns(&table, TableKind::Flows).await.map_err(Failure::Store)?;
                found.push(table);
            } else if required {
                return Err(Failure::InvalidData(format!("no table {table}")));
            } else {
                found.push(format!("no table {table} (taken as no withdrawals)"));
            }
        }
        Ok(found.join(", "))
    }
}
