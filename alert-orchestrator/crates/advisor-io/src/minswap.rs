//! What does the exchange say that tokens are worth? Minswap's aggregator over its REST API.
//!
//! Start at [`Minswap::prices`]. The aggregator prices tokens in ADA, and ADA in USD: the price of a token in USD is the
//! product.

use client::{Api, ApiError, Decimal, Settings, SettingsError};
use futures_util::{StreamExt as _, future, stream};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::api::PROGRAM;

/// Requests for tokens that are under way at once: the API is a guest's, and its limits are unknown.
const REQUESTS_AT_ONCE: usize = 4;

/// The aggregator.
pub struct Minswap {
    api: Api,
    ada_price: Url,
    tokens: Url,
}

/// A token's price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenPrice {
    /// ADA per token, finite and above 0.
    pub price_ada: f64,
    /// USD per token, finite and above 0.
    pub price_usd: f64,
}

#[derive(Deserialize)]
struct AdaAnswer {
    value: AdaValue,
}

#[derive(Deserialize)]
struct AdaValue {
    price: Option<Decimal>,
}

#[derive(Deserialize)]
struct TokensAnswer {
    tokens: Vec<TokenRow>,
}

#[derive(Deserialize)]
struct TokenRow {
    token_id: Option<String>,
    price_by_ada: Option<Decimal>,
}

impl Minswap {
    /// A client of the aggregator; nothing is sent yet. The address may end in `/aggregator` or `/`, or in neither.
    ///
    /// # Errors
    /// [`SettingsError`] where the address cannot be asked.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let api = Api::new(PROGRAM, "Minswap", settings)?;
        let endpoint = |name: &str, query: Option<&str>| {
            let mut url = api.url().clone();
            let base = url.path().trim_end_matches('/');
            let path = format!("{}/aggregator/{name}", base.strip_suffix("/aggregator").unwrap_or(base));
            url.set_path(&path);
            url.set_query(query);
            url
        };
        Ok(Self { ada_price: endpoint("ada-price", Some("currency=usd")), tokens: endpoint("tokens", None), api })
    }

    /// The prices of tokens (policy id and name, in hex), in the order given; all of them within the deadline. The price of
    /// ADA is asked for once: without it there is none of any token.
    pub async fn prices(&self, token_ids: &[&str]) -> Vec<Result<TokenPrice, ApiError>> {
        if token_ids.is_empty() {
            return Vec::new();
        }
        let until = self.api.deadline();
        let in_ada = stream::iter(token_ids).map(|token_id| self.price_ada(token_id, until));
        let (ada_usd, in_ada) =
            future::join(self.ada_usd(until), in_ada.buffered(REQUESTS_AT_ONCE).collect::<Vec<_>>()).await;
        in_ada.into_iter().map(|price_ada| self.in_usd(price_ada?, ada_usd.clone()?)).collect()
    }

    fn in_usd(&self, price_ada: f64, ada_usd: f64) -> Result<TokenPrice, ApiError> {
        let price_usd = self.positive("price_by_ada times ada-price", Some(price_ada * ada_usd))?;
        Ok(TokenPrice { price_ada, price_usd })
    }

    async fn ada_usd(&self, until: Instant) -> Result<f64, ApiError> {
        let answer: AdaAnswer = self.api.ask(|http| http.get(self.ada_price.clone()), client::read, until).await?;
        self.positive("ada-price: value.price", answer.value.price.map(|price| price.0))
    }

    async fn price_ada(&self, token_id: &str, until: Instant) -> Result<f64, ApiError> {
        // The API wants the query even where it is empty.
        let body = json!({"query": "", "only_verified": false, "assets": [token_id]}).to_string();
        let request = |http: &reqwest::Client| {
            http.post(self.tokens.clone()).header(CONTENT_TYPE, "application/json").body(body.clone())
        };
        let answer: TokensAnswer = self.api.ask(request, client::read, until).await?;
        let is_asked = |row: &&TokenRow| row.token_id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(token_id));
        let row = answer.tokens.iter().find(is_asked);
        let row = row.ok_or_else(|| self.api.unusable(format!("the token {token_id} is unknown to it")))?;
        self.positive(&format!("price_by_ada of the token {token_id}"), row.price_by_ada.map(|price| price.0))
    }

    /// A price that is one.
    fn positive(&self, field: &str, price: Option<f64>) -> Result<f64, ApiError> {
        let fault = |found: String| self.api.unusable(format!("{field} is {found}, expected a price above 0"));
        match price {
            None => Err(fault("missing".to_owned())),
            Some(price) if price.is_finite() && price > 0.0 => Ok(price),
            Some(price) => Err(fault(price.to_string())),
        }
    }
}
