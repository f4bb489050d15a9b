//! What did the outside sources of prices answer, and which of them had no price?

use std::collections::BTreeMap;

use advisor_core::price_check::{PriceSource, SourcePrice};

/// The prices of one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundPrices {
    by_asset: BTreeMap<String, Vec<SourcePrice>>,
    /// Where a price was expected and there is none.
    pub(crate) missing: Vec<NoPrice>,
}

/// That a source gave no price, and why.
#[derive(Debug, Clone)]
pub(crate) struct NoPrice {
    /// Of which asset; `None`: of any.
    pub(crate) asset: Option<String>,
    pub(crate) source: PriceSource,
    pub(crate) cause: String,
}

/// A price with the asset it is of, or that there is none.
pub(crate) type Found = Result<(String, SourcePrice), NoPrice>;

impl FoundPrices {
    /// What was answered about an asset.
    pub(crate) fn of(&self, asset: &str) -> Vec<SourcePrice> {
        self.by_asset.get(asset).cloned().unwrap_or_default()
    }

    /// The sources that should have had a price of an asset.
    pub(crate) fn failed(&self, asset: &str) -> Vec<PriceSource> {
        let is_meant = |missing: &&NoPrice| missing.asset.as_deref().is_none_or(|of| of == asset);
        self.missing.iter().filter(is_meant).map(|missing| missing.source).collect()
    }
}

impl FromIterator<Found> for FoundPrices {
    fn from_iter<I: IntoIterator<Item = Found>>(all: I) -> Self {
        let mut prices = Self::default();
        for found in all {
            match found {
                Ok((asset, price)) => prices.by_asset.entry(asset).or_default().push(price),
                Err(missing) => prices.missing.push(missing),
            }
        }
        prices
    }
}
