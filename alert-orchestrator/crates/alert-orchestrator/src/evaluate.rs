//! One evaluation of every configured asset: load, advise, done.
//!
//! Start at [`evaluate`]. Assets are evaluated concurrently, a bounded number at once, and one asset's failure, a panic
//! included, never stops the others. Each table is read once; the tables' names are asked for once for all assets.

mod left_out;
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
use advisor_core::marks::Marks;
use advisor_core::position::Positions;
use advisor_core::reference::Reference;
use advisor_core::resolve::{AssetTables, TablePrefixes, Tables, names_market};
use advisor_core::rules::Rules;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use advisor_core::{flow, time, window};
use futures_util::future::join;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tracing::error;

use crate::found_prices::FoundPrices;
use left_out::LeftOut;

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

impl Plan {
    /// How an asset is evaluated.
    pub(crate) fn of(&self, asset: &str) -> Option<&AssetPlan> {
        self.assets.iter().find(|of| of.asset == asset)
    }

    /// The same for some of its assets.
    pub(crate) fn only(&self, assets: &[String]) -> Self {
        let assets = self.assets.iter().filter(|of| assets.contains(&of.asset)).cloned().collect();
        Self { assets, prefixes: self.prefixes.clone(), ..*self }
    }
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
    /// Becomes the prices; runs while the store is read.
    pub(crate) prices: P,
    /// How often in a row the prices of an asset have disagreed before.
    pub(crate) mismatches: &'a Mismatches,
}

/// How often in a row the prices of an asset disagreed, by asset.
pub(crate) type Mismatches = BTreeMap<String, u32>;

/// The answers of one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluation {
    /// When the round began.
    pub(crate) started_at: Timestamp,
    /// The evaluation time, where it is not now but configured.
    pub(crate) as_of: Option<Timestamp>,
    /// One advice per asset, in the order of the configuration.
    pub(crate) advice: Vec<Advice>,
    /// What there is to see of each, in the same order; empty where nobody wants to see it.
    pub(crate) drawings: Vec<Arc<Drawing>>,
    /// The marks that each went by, in the same order; `None` where none could be read.
    pub(crate) marked: Vec<Option<MarkedIn>>,
    /// What the sources of prices answered.
    pub(crate) prices: Arc<FoundPrices>,
    /// How often in a row the prices of an asset had disagreed before this round.
    pub(crate) mismatches_before: Mismatches,
}

/// The marks of an asset's withdrawals, and the table that they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarkedIn {
    pub(crate) table: String,
    pub(crate) marks: Marks,
}

impl Evaluation {
    /// Counts on where prices were compared; an asset in error keeps its count. The round keeps what was counted before it, so
    /// that what is evaluated anew goes by the same.
    pub(crate) fn count_mismatches(&mut self, mismatches: &mut Mismatches) {
        self.mismatches_before.clone_from(mismatches);
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

    /// The same with what `later` says of its assets, each of which was evaluated for itself.
    pub(crate) fn with(&self, later: &Self) -> Self {
        let mut both = self.clone();
        for (i, advice) in both.advice.iter_mut().enumerate() {
            let Some(j) = later.advice.iter().position(|other| other.asset == advice.asset) else { continue };
            advice.clone_from(&later.advice[j]);
            both.marked[i].clone_from(&later.marked[j]);
            if let (Some(drawing), Some(other)) = (both.drawings.get_mut(i), later.drawings.get(j)) {
                drawing.clone_from(other);
            }
        }
        both
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
        let drawings = if plan.draws { empty.map(Arc::new).collect() } else { Vec::new() };
        let marked = vec![None; advice.len()];
        Self { started_at: now, as_of: plan.end, advice, drawings, marked, ..Self::default() }
    }
}

/// The answer for one asset.
struct Answer {
    advice: Advice,
    drawing: Option<Drawing>,
    marked: Option<MarkedIn>,
}

/// Evaluates every asset of the plan.
pub(crate) async fn evaluate<S: Store>(
    store: &S,
    plan: &Plan,
    circumstances: Circumstances<'_, impl Future<Output = FoundPrices>>,
) -> Evaluation {
    let Circumstances { now, prices, mismatches } = circumstances;
    let at = plan.end.unwrap_or(now);
    let prices = prices.map(Arc::new).shared();
    let evaluate = async {
        let round = Round::start(store, plan, now, at).await;
        let tables = round.resolve_all(plan).await;
        // By hand, a few at once: to the compiler no closure over these is general enough for a task of its own.
        let (mut asked, mut answers) = (FuturesOrdered::new(), Vec::with_capacity(plan.assets.len()));
        for (of, tables) in plan.assets.iter().zip(tables) {
            if asked.len() == ASSETS_AT_ONCE {
                answers.extend(asked.next().await);
            }
            let mismatches_before = mismatches.get(&of.asset).copied().unwrap_or(0);
            asked.push_back(round.answer(of, tables, prices.clone(), mismatches_before));
        }
        while let Some(answer) = asked.next().await {
            answers.push(answer);
        }
        answers
    };
    // The prices are asked for at once, not when the first asset has been read.
    let (prices, answers) = join(prices.clone(), evaluate).await;
    let mut evaluation = Evaluation { started_at: now, as_of: plan.end, prices, ..Evaluation::default() };
    for Answer { advice, drawing, marked } in answers {
        evaluation.advice.push(advice);
        evaluation.drawings.extend(drawing.map(Arc::new));
        evaluation.marked.push(marked);
    }
    evaluation
}

/// Evaluates between two rounds, of which `last` is the first: without a further price, so that no comparison of prices
/// is counted that is not a round's.
pub(crate) async fn anew<S: Store>(store: &S, plan: &Plan, last: &Evaluation, now: Timestamp) -> Evaluation {
    let prices = std::future::ready(FoundPrices::clone(&last.prices));
    evaluate(store, plan, Circumstances { now, prices, mismatches: &last.mismatches_before }).await
}

/// What the assets of one round share.
struct Round<'s, S> {
    store: &'s S,
    tables: Result<Tables, StoreError>,
    left_out: LeftOut,
    markets: OnceCell<Vec<(String, Market)>>,
    /// The machine's time.
    now: Timestamp,
    /// The evaluation time.
    at: Timestamp,
    /// Whether that is the machine's time, not a configured one.
    is_now: bool,
    draws: bool,
}

impl<'s, S: Store> Round<'s, S> {
    async fn start(store: &'s S, plan: &Plan, now: Timestamp, at: Timestamp) -> Self {
        let tables = store.tables().await.map(|names| Tables::of(names, plan.prefixes.clone()));
        let assets = plan.assets.iter().map(|of| &*of.asset);
        let left_out = LeftOut::new(store.left_out(), &plan.prefixes, assets);
        let is_now = plan.end.is_none();
        Self { store, tables, left_out, markets: OnceCell::new(), now, at, is_now, draws: plan.draws }
    }

    /// The tables of every asset of the plan. One table cannot be two assets: each would be granted all of its gain.
    async fn resolve_all(&self, plan: &Plan) -> Vec<Result<AssetTables, Failure>> {
        let suffixes = stream::iter(&plan.assets).then(|of| self.resolve(&of.asset));
        let suffixes: Vec<Result<String, Failure>> = suffixes.collect().await;
        let mut meaning: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (of, suffix) in plan.assets.iter().zip(&suffixes) {
            let Ok(suffix) = suffix else { continue };
            meaning.entry(suffix).or_default().push(&of.asset);
        }
        let tables = |suffix: &Result<String, Failure>| {
            let suffix = suffix.as_ref().map_err(Clone::clone)?;
            let named = &meaning[suffix.as_str()];
            if named.len() > 1 {
                let detail = format!("{} mean the same table, {suffix}; configure one of them", named.join(" and "));
                return Err(Failure::InvalidData(detail));
            }
            self.tables()?.of_asset(suffix).map_err(|twins| Failure::InvalidData(twins.to_string()))
        };
        suffixes.iter().map(tables).collect()
    }

    /// One asset's advice, and what there is to see of it; a panic on the way is this asset's error and nobody else's.
    async fn answer(
        &self,
        of: &AssetPlan,
        tables: Result<AssetTables, Failure>,
        prices: impl Future<Output = Arc<FoundPrices>>,
        mismatches_before: u32,
    ) -> Answer {
        let AssetPlan { asset, rules, drawing } = of;
        let answer = async {
            let mut snapshot = self.load(of, &tables?).await?;
            let found = prices.await;
            (snapshot.prices, snapshot.failed_prices) = (found.of(asset), found.failed(asset));
            snapshot.mismatches_before = mismatches_before;
            let advice = advise(rules, &snapshot, time::nanos(self.at));
            Ok((advice, Some(snapshot)))
        };
        let failed = |failure| (Advice::failed(asset, self.at, rules, failure), None);
        let (advice, snapshot) = match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(answer) => answer.unwrap_or_else(failed),
            Err(panic) => failed(broke_off(&*panic)),
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
        let marked = snapshot.and_then(|snapshot| {
            let marks = Marks::of(&snapshot.withdrawals, rules, time::nanos(self.at));
            Some(MarkedIn { table: snapshot.withdrawals_table?, marks })
        });
        Answer { advice, drawing, marked }
    }

    fn tables(&self) -> Result<&Tables, Failure> {
        self.tables.as_ref().map_err(|error| Failure::Store(error.clone()))
    }

    /// Reads what one asset's evaluation needs, each table once.
    async fn load(&self, of: &AssetPlan, tables: &AssetTables) -> Result<Snapshot, Failure> {
        let AssetPlan { asset, rules, .. } = of;
        let (to, latest) = (time::nanos(self.at), flow::latest(time::nanos(self.now)));
        let (deposits_table, has_deposits) = tables.deposits.clone();
        if !has_deposits {
            return Err(self.left_out.without_deposits(asset, &deposits_table));
        }
        let (withdrawals_table, has_withdrawals) = &tables.withdrawals;
        let withdrawals_table = has_withdrawals.then(|| withdrawals_table.clone());
        let withdrawals = match &withdrawals_table {
            Some(table) => self.store.flows(table, None, to, latest).await.map_err(Failure::Store)?,
            None => Vec::new(),
        };
        let reference = Reference::find(&withdrawals, rules, to);
        let (mut positions, loaded_from) =
            self.load_positions(&tables.positions, of, &reference).await.map_err(Failure::Store)?;
        positions.refused.extend(self.left_out.with_samples(asset));
        // Before the flows: what is stored meanwhile is then read without being relied on, and not the other way round.
        let coverage = match &rules.coverage {
            Some(_) => self.store.coverage(&deposits_table).await.map_err(Failure::Store)?,
            None => Coverage::default(),
        };
        // Deposits after the samples: one that is written between the two reads is then either too new to count or
        // counted. The other way round a sample could contain a deposit that was not read, and it would look like a gain.
        let deposits = self.store.flows(&deposits_table, loaded_from, to, latest).await.map_err(Failure::Store)?;
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
            failed_prices: Vec::new(),
            now: time::nanos(self.now),
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
        let positions = self.positions(table, loaded_from).await?;
        let Some(from) = loaded_from.filter(|from| window::is_doubtful(rules, &positions, *from)) else {
            return Ok((positions, loaded_from));
        };
        let before = self.store.newest_before(table, from).await?;
        let Some(earlier) = window::load_again_from(rules, &positions, from, &before) else {
            return Ok((positions, loaded_from));
        };
        drop(positions); // both at once would double the memory of an evaluation
        Ok((self.positions(table, Some(earlier)).await?, Some(earlier)))
    }

    /// The samples up to the evaluation time. Where that is now, later ones are read with them and cut off again: that there
    /// are any says that a clock is wrong.
    async fn positions(&self, table: &str, from: Option<i64>) -> Result<Positions, StoreError> {
        let to = time::nanos(self.at);
        if self.is_now {
            self.store.positions(table, from, i64::MAX).await.map(|positions| positions.cut_after(to))
        } else {
            self.store.positions(table, from, to).await
        }
    }

    /// The table suffix that an asset's name means: by name, else by the market that a table's rows name.
    async fn resolve(&self, asset: &str) -> Result<String, Failure> {
        let tables = self.tables()?;
        if let Some(suffix) = tables.by_name(asset) {
            return Ok(suffix.to_owned());
        }
        let markets = self.markets.get_or_try_init(|| self.ask_markets(tables)).await.map_err(Failure::Store)?;
        let found = markets.iter().find(|(_, market)| names_market(market, asset));
        found.map(|(suffix, _)| suffix.clone()).ok_or_else(|| Failure::AssetNotFound {
            asset: asset.to_owned(),
            tables: tables.suffixes().to_vec(),
            left_out: self.left_out.for_missing_samples(asset),
        })
    }

    /// The markets of all position tables, by suffix. A table that cannot be read, or told from another, names none: it
    /// must not stop an asset that is not its own.
    async fn ask_markets(&self, tables: &Tables) -> Result<Vec<(String, Market)>, StoreError> {
        let ask = |suffix: &String| {
            let (suffix, table) = (suffix.clone(), tables.positions(suffix));
            async move {
                let Ok(table) = table else { return Ok((suffix, Market::default())) };
                match self.store.market(&table).await {
                    Err(StoreError::InvalidData { .. }) => Ok((suffix, Market::default())),
                    answer => answer.map(|market| (suffix, market)),
                }
            }
        };
        stream::iter(tables.suffixes()).map(ask).buffered(ASSETS_AT_ONCE).try_collect().await
    }
}

fn broke_off(panic: &(dyn Any + Send)) -> Failure {
    Failure::InvalidData(format!("the evaluation broke off, please report it: {}", panic_text(panic)))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The tables of every asset of the plan, or why it has none.
pub(crate) async fn all_tables<S: Store>(store: &S, plan: &Plan) -> Vec<Result<AssetTables, Failure>> {
    let round = Round::start(store, plan, Timestamp::MAX, plan.end.unwrap_or(Timestamp::MAX)).await;
    round.resolve_all(plan).await
}

/// The assets whose withdrawals are marked otherwise now than when they were evaluated. Where that cannot be told, the next
/// round will.
pub(crate) async fn marked_otherwise<S: Store>(
    store: &S,
    plan: &Plan,
    evaluation: &Evaluation,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let to = time::nanos(plan.end.unwrap_or(now));
    let known = evaluation.advice.iter().zip(&evaluation.marked);
    let known = known.filter_map(|(advice, marked)| Some((plan.of(&advice.asset)?, marked.as_ref()?)));
    let ask = |(of, MarkedIn { table, marks }): (&AssetPlan, &MarkedIn)| {
        let (asset, rules, table, marks) = (of.asset.clone(), of.rules.clone(), table.clone(), marks.clone());
        async move {
            match store.flows(&table, marks.from(), to, i64::MAX).await {
                Ok(withdrawals) => Ok((Marks::of(&withdrawals, &rules, to) != marks).then_some(asset)),
                // Another table may still be read, and what is wrong with this one is the next round's to say.
                Err(StoreError::InvalidData { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        }
    };
    let asked: Vec<_> = known.map(ask).collect();
    let found: Vec<Option<String>> = stream::iter(asked).buffered(ASSETS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// What `check` wants to know of an asset: its tables, and what an evaluation now would find in them.
pub(crate) struct Checked {
    pub(crate) tables: String,
    pub(crate) snapshot: Snapshot,
    pub(crate) advice: Advice,
}

/// What `check` wants to know of every asset, or why it cannot be evaluated.
pub(crate) async fn check<S: Store>(store: &S, plan: &Plan, now: Timestamp) -> Vec<Result<Checked, Failure>> {
    let round = Round::start(store, plan, now, plan.end.unwrap_or(now)).await;
    let assets = stream::iter(plan.assets.iter().zip(round.resolve_all(plan).await));
    let check = async |(of, tables): (&AssetPlan, Result<AssetTables, Failure>)| {
        let checked = AssertUnwindSafe(round.check(of, &tables?)).catch_unwind().await;
        checked.unwrap_or_else(|panic| Err(broke_off(&*panic)))
    };
    assets.then(check).collect().await
}

impl<S: Store> Round<'_, S> {
    /// Checks an asset's tables, and evaluates it without its prices.
    async fn check(&self, of: &AssetPlan, tables: &AssetTables) -> Result<Checked, Failure> {
        let found = self.check_tables(&of.asset, tables).await?;
        let snapshot = self.load(of, tables).await?;
        let advice = advise(&of.rules, &snapshot, time::nanos(self.at));
        Ok(Checked { tables: found, snapshot, advice })
    }

    /// Checks the columns of an asset's tables; the answer names them.
    async fn check_tables(&self, asset: &str, tables: &AssetTables) -> Result<String, Failure> {
        let AssetTables { positions, deposits, withdrawals, .. } = tables;
        self.store.check_columns(positions, TableKind::Positions).await.map_err(Failure::Store)?;
        let mut found = vec![positions.clone()];
        for ((table, exists), required) in [(deposits, true), (withdrawals, false)] {
            if *exists {
                self.store.check_columns(table, TableKind::Flows).await.map_err(Failure::Store)?;
                found.push(table.clone());
            } else if required {
                return Err(self.left_out.without_deposits(asset, table));
            } else {
                found.push(format!("no table {table} (taken as no withdrawals)"));
            }
        }
        Ok(found.join(", "))
    }
}
