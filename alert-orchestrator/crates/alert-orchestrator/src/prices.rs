//! What do the outside sources of prices say? Asked all at once, beside the store, and never for longer than their timeout.
//!
//! Start at [`PriceClients::ask`]. A source that gives no price is left out, with the cause; what follows from the
//! prices is `advisor_core::price_check`'s to say.

use std::sync::Arc;
use std::time::Duration;

use advisor_core::price_check::{PriceSource, SourcePrice};
use advisor_core::time;
use advisor_io::AnyRound;
use advisor_io::api::{ApiError, Settings};
use advisor_io::greptime::StoredPrice;
use advisor_io::liqwid::{Liqwid, MarketPrices};
use advisor_io::minswap::{Minswap, TokenPrice};
use anyhow::Context as _;
use futures_util::future::{join_all, join3};
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::config::{Config, TokenRegistry};
use crate::evaluate::{AssetPlan, Plan};
use crate::found_prices::{Found, FoundPrices, NoPrice};

/// Liqwid's API wants to be polled no faster, however often an evaluation is made.
pub(crate) const ASK_LIQWID_EVERY: Duration = Duration::from_secs(60);

/// The APIs that prices are asked of.
pub(crate) struct PriceClients {
    liqwid: Option<Liqwid>,
    liqwid_said: Mutex<Option<(Instant, LiqwidAnswer)>>,
    minswap: Option<(Minswap, TokenRegistry)>,
    /// No evaluation waits longer for a price.
    timeout: Duration,
}

/// What Liqwid answered, or why it gave no answer.
type LiqwidAnswer = Result<Arc<MarketPrices>, String>;

impl PriceClients {
    /// Prepares to ask the APIs that are configured, where prices are compared; nothing is sent yet.
    ///
    /// # Errors
    /// An address that cannot be asked.
    pub(crate) fn of(config: &Config) -> anyhow::Result<Self> {
        let compare = &config.orchestrator.price_compare;
        let apis = &config.orchestrator.apis;
        let timeout = Duration::from_secs_f64(compare.request_timeout_seconds);
        let settings = |url: &url::Url| Settings {
            url: url.clone(),
            timeout,
            deadline: timeout, // retries included
            retries: compare.retries,
            retry_delay: Settings::RETRY_DELAY,
        };
        let liqwid = apis.liqwid_graphql.as_ref().filter(|_| compare.enabled);
        let minswap = apis.minswap_aggregator.as_ref().zip(config.tokens.as_ref()).filter(|_| compare.enabled);
        Ok(Self {
            liqwid: liqwid
                .map(|api| Liqwid::new(settings(api.url())))
                .transpose()
                .context("orchestrator.apis.liqwid_graphql")?,
            liqwid_said: Mutex::default(),
            minswap: minswap
                .map(|(api, tokens)| Minswap::new(settings(api.url())).map(|client| (client, tokens.clone())))
                .transpose()
                .context("orchestrator.apis.minswap_aggregator")?,
            timeout,
        })
    }

    /// The prices of the plan's assets at the evaluation time `at`; `store` may have prices of Minswap.
    pub(crate) async fn ask(&self, plan: &Plan, store: &AnyRound<'_>, at: Timestamp) -> FoundPrices {
        let (liqwid, minswap, stored) =
            join3(self.ask_liqwid(plan), self.ask_minswap(plan), self.ask_stored(plan, store, at)).await;
        [liqwid, minswap, stored].into_iter().flatten().collect()
    }

    async fn ask_liqwid(&self, plan: &Plan) -> Vec<Found> {
        const SOURCE: PriceSource = PriceSource::LiqwidGraphql;
        let wanted = wanting(plan, SOURCE);
        let Some(liqwid) = self.liqwid.as_ref().filter(|_| !wanted.is_empty()) else { return Vec::new() };
        let markets = match self.markets(liqwid).await {
            Ok(markets) => markets,
            Err(cause) => return vec![Err(NoPrice { asset: None, source: SOURCE, cause })],
        };
        let price = |of: &AssetPlan| match markets.of(&of.asset) {
            Some(price_usd) => Ok((of.asset.clone(), SourcePrice { source: SOURCE, price_usd, price_ada: None })),
            None => Err(no_price(of, SOURCE, "none of its markets has one".to_owned())),
        };
        wanted.into_iter().map(price).collect()
    }

    /// What Liqwid says, or said less than a minute ago.
    async fn markets(&self, liqwid: &Liqwid) -> LiqwidAnswer {
        let mut said = self.liqwid_said.lock().await;
        if let Some((at, answer)) = &*said
            && at.elapsed() < ASK_LIQWID_EVERY
        {
            return answer.clone();
        }
        let asked_at = Instant::now();
        let answer = liqwid.prices().await.map(Arc::new).map_err(|error| error.to_string());
        *said = Some((asked_at, answer.clone()));
        answer
    }

    async fn ask_minswap(&self, plan: &Plan) -> Vec<Found> {
        const SOURCE: PriceSource = PriceSource::MinswapAggregator;
        let wanted = wanting(plan, SOURCE);
        let Some((minswap, tokens)) = &self.minswap else { return Vec::new() };
        // The registry was checked to have every asset.
        let known: Vec<(&AssetPlan, &str)> =
            wanted.into_iter().filter_map(|of| Some((of, tokens.id(&of.asset)?))).collect();
        let ids: Vec<&str> = known.iter().map(|(_, id)| *id).collect();
        let answers = minswap.prices(&ids).await;
        let price = |((of, _), answer): ((&AssetPlan, &str), Result<TokenPrice, ApiError>)| match answer {
            Ok(TokenPrice { price_usd, price_ada }) => {
                Ok((of.asset.clone(), SourcePrice { source: SOURCE, price_usd, price_ada: Some(price_ada) }))
            }
            Err(error) => Err(no_price(of, SOURCE, error.to_string())),
        };
        known.into_iter().zip(answers).map(price).collect()
    }

    async fn ask_stored(&self, plan: &Plan, store: &AnyRound<'_>, at: Timestamp) -> Vec<Found> {
        const SOURCE: PriceSource = PriceSource::StoredMinswap;
        let at = time::nanos(at);
        let ask = async |of: &AssetPlan| {
            let answer = timeout(self.timeout, store.stored_minswap(&of.asset, at)).await;
            let found = match answer {
                Ok(Ok(price)) => price.map_or(Ok(None), |price| recent(of, price, at).map(Some)),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer within {} s", self.timeout.as_secs_f64())),
            };
            let price = match found {
                Ok(price) => price?,
                Err(cause) => return Some(Err(no_price(of, SOURCE, cause))),
            };
            let price_ada = price.ada_usd.map(|ada_usd| price.price_usd / ada_usd);
            Some(Ok((of.asset.clone(), SourcePrice { source: SOURCE, price_usd: price.price_usd, price_ada })))
        };
        let answers = join_all(wanting(plan, SOURCE).into_iter().map(ask)).await;
        answers.into_iter().flatten().collect()
    }
}

fn no_price(of: &AssetPlan, source: PriceSource, cause: String) -> NoPrice {
    NoPrice { asset: Some(of.asset.clone()), source, cause }
}

/// A stored price that is no older at `at` than a sample may be: an old one must not end a disagreement of today's.
fn recent(of: &AssetPlan, price: StoredPrice, at: i64) -> Result<StoredPrice, String> {
    let hours = time::hours_between(price.ts, at);
    match of.rules.max_sample_age_hours {
        Some(most) if hours > most => Err(format!("the newest is {hours:.1} h old, expected {most} h at most")),
        _ => Ok(price),
    }
}

/// The assets whose prices a source is asked for.
fn wanting(plan: &Plan, source: PriceSource) -> Vec<&AssetPlan> {
    plan.assets.iter().filter(|of| of.rules.price_sources.contains(&source)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds are a minute apart at least, but for those that follow a pull of transactions at once.
    #[tokio::test]
    async fn what_liqwid_said_is_good_for_a_minute() {
        let server = advisor_testkit::liqwid::Liqwid::start();
        server.add_market("DJED", 1.0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.yaml");
        let apis = format!("price_compare: {{enabled: true}}, apis: {{liqwid_graphql: '{}'}}", server.endpoint());
        let yaml = format!("client: {{assets: [djed]}}\norchestrator: {{{apis}}}");
        std::fs::write(&path, yaml).unwrap();
        let clients = PriceClients::of(&crate::config::load(&path, &|_| None).unwrap()).unwrap();
        for _ in 0..3 {
            assert!(clients.markets(clients.liqwid.as_ref().unwrap()).await.is_ok());
        }
        assert_eq!(server.request_count(), 1);
    }
}
