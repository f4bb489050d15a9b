//! One evaluation of every configured asset: load, advise, done.
//!
//! Start at [`evaluate`]. Assets are evaluated concurrently, a bounded number at once, and one asset's failure never stops
//! the others. Each table is read once; the tables' names are asked for once for all assets.

use advisor_core::advice::{Advice, Snapshot, advise};
use advisor_core::decision::Failure;
use advisor_core::reference::Reference;
use advisor_core::resolve::{TablePrefixes, Tables, names_market};
use advisor_core::rules::Rules;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use advisor_core::time;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tracing::warn;

/// More assets at once would not finish sooner on the machines this runs on, but hold more columns in memory.
const ASSETS_AT_ONCE: usize = 4;

/// What to evaluate, resolved from the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The assets as configured, each with its rules.
    pub(crate) assets: Vec<(String, Rules)>,
    /// Prefixes of the table names.
    pub(crate) prefixes: TablePrefixes,
    /// The configured end of the date range: evaluate as of this instant instead of now.
    pub(crate) end: Option<Timestamp>,
}

/// The answers of one round.
#[derive(Debug, Clone)]
pub(crate) struct Evaluation {
    /// The evaluation time, where it is not now but configured.
    pub(crate) as_of: Option<Timestamp>,
    /// One advice per asset, in the order of the configuration.
    pub(crate) advice: Vec<Advice>,
}

impl Evaluation {
    /// The round of a store that could not even be opened.
    pub(crate) fn failed(plan: &Plan, now: Timestamp, error: &StoreError) -> Self {
        let at = plan.end.unwrap_or(now);
        let fail = |(asset, rules): &(String, Rules)| Advice::failed(asset, at, rules, Failure::Store(error.clone()));
        Self { as_of: plan.end, advice: plan.assets.iter().map(fail).collect() }
    }
}

/// Evaluates every asset of the plan.
pub(crate) async fn evaluate<S: Store>(store: &S, plan: &Plan, now: Timestamp) -> Evaluation {
    let at = plan.end.unwrap_or(now);
    let round = Round {
        store,
        tables: store.tables().await.map(|names| Tables::of(names, plan.prefixes.clone())),
        markets: OnceCell::new(),
        at,
    };
    let advice: Vec<Advice> = stream::iter(&plan.assets)
        .map(|(asset, rules)| round.advise(asset, rules))
        .buffered(ASSETS_AT_ONCE)
        .collect()
        .await;
    for advice in &advice {
        for warning in &advice.warnings {
            warn!(asset = advice.asset, "{warning}");
        }
    }
    Evaluation { as_of: plan.end, advice }
}

/// What the assets of one round share.
struct Round<'s, S> {
    store: &'s S,
    tables: Result<Tables, StoreError>,
    markets: OnceCell<Vec<(String, Market)>>,
    at: Timestamp,
}

impl<S: Store> Round<'_, S> {
    async fn advise(&self, asset: &str, rules: &Rules) -> Advice {
        match self.load(asset, rules).await {
            Ok(snapshot) => advise(rules, &snapshot, time::nanos(self.at)),
            Err(failure) => Advice::failed(asset, self.at, rules, failure),
        }
    }

    /// Reads what one asset's evaluation needs, each table once.
    async fn load(&self, asset: &str, rules: &Rules) -> Result<Snapshot, Failure> {
        let tables = self.tables.as_ref().map_err(|error| Failure::Store(error.clone()))?;
        let suffix = self.resolve(tables, asset).await?;
        let to = time::nanos(self.at);
        let (deposits_table, has_deposits) = tables.deposits(&suffix);
        if !has_deposits {
            let detail = format!("no table {deposits_table}: without it deposits would count as gains");
            return Err(Failure::InvalidData(detail));
        }
        let (withdrawals_table, has_withdrawals) = tables.withdrawals(&suffix);
        let withdrawals_table = has_withdrawals.then_some(withdrawals_table);
        let withdrawals = match &withdrawals_table {
            Some(table) => self.store.flows(table, None, to).await.map_err(Failure::Store)?,
            None => Vec::new(),
        };
        let reference = Reference::find(&withdrawals, rules, to);
        let loaded_from = reference.load_from(rules, to);
        let positions_table = tables.positions(&suffix);
        let positions = self.store.positions(&positions_table, loaded_from, to).await.map_err(Failure::Store)?;
        // Deposits after the samples: one that is written between the two reads is then either too new to count or
        // counted. The other way round a sample could contain a deposit that was not read, and it would look like a gain.
        let deposits = self.store.flows(&deposits_table, loaded_from, to).await.map_err(Failure::Store)?;
        Ok(Snapshot {
            asset: asset.to_owned(),
            deposits_table,
            withdrawals_table,
            positions,
            deposits,
            withdrawals,
            reference,
            loaded_from,
        })
    }

    /// The table suffix that an asset's name means: by name, else by the market that a table's rows name.
    async fn resolve(&self, tables: &Tables, asset: &str) -> Result<String, Failure> {
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

/// What `check` wants to know of one asset: its tables, or why it cannot be evaluated.
///
/// # Errors
/// A sentence that names the asset, and the table or column that is missing.
pub(crate) async fn check_asset<S: Store>(store: &S, plan: &Plan, asset: &str) -> Result<String, Failure> {
    let names = store.tables().await.map_err(Failure::Store)?;
    let tables = Tables::of(names, plan.prefixes.clone());
    let round = Round { store, tables: Ok(tables.clone()), markets: OnceCell::new(), at: Timestamp::UNIX_EPOCH };
    let suffix = round.resolve(&tables, asset).await?;
    let positions = tables.positions(&suffix);
    store.check_columns(&positions, TableKind::Positions).await.map_err(Failure::Store)?;
    let mut found = vec![positions];
    for ((table, exists), required) in [(tables.deposits(&suffix), true), (tables.withdrawals(&suffix), false)] {
        if exists {
            store.check_columns(&table, TableKind::Flows).await.map_err(Failure::Store)?;
            found.push(table);
        } else if required {
            return Err(Failure::InvalidData(format!("no table {table}")));
        } else {
            found.push(format!("no table {table} (taken as no withdrawals)"));
        }
    }
    Ok(found.join(", "))
}
