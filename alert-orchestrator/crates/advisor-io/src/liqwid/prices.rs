//! What are the assets of all markets worth?

use std::collections::BTreeMap;

use advisor_core::resolve::coin_names;
use client::{ApiError, Decimal};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::graph::{Liqwid, ROWS_MAX};

/// More pages than this are not asked for: there are some twenty markets, not thousands.
const PAGES_MAX: usize = 10;

/// The prices of the markets' assets, as of the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MarketPrices {
    /// By symbol in lower case; a market without a price is one all the same.
    by_symbol: BTreeMap<String, Option<f64>>,
}

impl MarketPrices {
    /// The price of an asset, USD per unit, finite and above 0: that of its symbol, else that of the bridged or plain form
    /// of the coin. Ignores case.
    #[must_use]
    pub fn of(&self, asset: &str) -> Option<f64> {
        coin_names(asset).find_map(|name| *self.by_symbol.get(&name)?)
    }

    /// The symbols that no price is known of.
    fn unpriced(&self) -> impl Iterator<Item = &str> {
        self.by_symbol.iter().filter(|(_, price)| price.is_none()).map(|(symbol, _)| symbol.as_str())
    }

    /// Takes a price where there is none yet.
    fn note(&mut self, symbol: &str, price: Option<Decimal>) {
        let known = self.by_symbol.entry(symbol.to_ascii_lowercase()).or_default();
        *known = known.or(price.map(|price| price.0).filter(|price| *price > 0.0));
    }
}

#[derive(Deserialize)]
struct Root<T> {
    liqwid: Inner<T>,
}

#[derive(Deserialize)]
struct Inner<T> {
    data: Lists<T>,
}

#[derive(Deserialize)]
struct Lists<T> {
    #[serde(rename = "markets", alias = "assets")]
    list: Page<T>,
}

#[derive(Deserialize)]
struct Page<T> {
    results: Vec<Option<T>>,
}

#[derive(Deserialize)]
struct Market {
    asset: Option<Asset>,
}

#[derive(Deserialize)]
struct Asset {
    symbol: Option<String>,
    price: Option<Decimal>,
}

impl Liqwid {
    /// The prices of all markets' assets, within the deadline. The list of assets is asked for too where a market has no
    /// price.
    ///
    /// # Errors
    /// [`ApiError`] where the markets cannot be had; without the list of assets, the prices there are.
    pub async fn prices(&self) -> Result<MarketPrices, ApiError> {
        let until = self.api.deadline();
        let mut prices = MarketPrices::default();
        let markets: Vec<Market> = self.list("markets", "asset { symbol price }", until).await?;
        for Asset { symbol, price } in markets.into_iter().filter_map(|market| market.asset) {
            symbol.into_iter().for_each(|symbol| prices.note(&symbol, price));
        }
        if prices.unpriced().next().is_none() {
            return Ok(prices);
        }
        match self.list::<Asset>("assets", "symbol price", until).await {
            Ok(assets) => {
                for Asset { symbol, price } in assets {
                    let of_market = symbol.filter(|symbol| prices.by_symbol.contains_key(&symbol.to_ascii_lowercase()));
                    of_market.into_iter().for_each(|symbol| prices.note(&symbol, price));
                }
            }
            Err(error) => {
                let symbols = prices.unpriced().collect::<Vec<_>>().join(", ");
                tracing::warn!(%error, symbols, "markets without a price, and no list of assets to take it from");
            }
        }
        Ok(prices)
    }

    /// All rows of a list. `name` and `fields` are ours.
    async fn list<T: DeserializeOwned>(&self, name: &str, fields: &str, until: Instant) -> Result<Vec<T>, ApiError> {
        let mut rows = Vec::new();
        for page in 0..PAGES_MAX {
            let input = format!("input: {{perPage: {ROWS_MAX}, page: {page}}}");
            let query = format!("query {{ liqwid {{ data {{ {name}({input}) {{ results {{ {fields} }} }} }} }} }}");
            let root: Root<T> = self.ask(&query, Value::Null, until).await?;
            let results = root.liqwid.data.list.results;
            let is_last = results.len() < ROWS_MAX;
            rows.extend(results.into_iter().flatten());
            if is_last {
                break;
            }
        }
        Ok(rows)
    }
}
