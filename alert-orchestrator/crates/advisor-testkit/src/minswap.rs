//! Minswap's aggregator for tests: the ADA price and the prices of tokens, from a script.
//!
//! Start at [`Minswap::start`]. **This is a stand-in, not the server**: it was written from a description of the API. It
//! derefs to [`Server`], which has the faults and the requests that came.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use testkit::lock;
use testkit::scripted::{Answer, Received, Server};

/// A running stand-in on 127.0.0.1; it stops when dropped.
pub struct Minswap {
    server: Server,
    prices: Arc<Mutex<Prices>>,
}

#[derive(Default)]
struct Prices {
    ada_usd: Value,
    /// Token id, in lower case, to its row.
    tokens: BTreeMap<String, Value>,
}

impl Minswap {
    /// Starts it on a free port, with ADA at `ada_usd` (a JSON number, or whatever a test wants instead).
    ///
    /// # Panics
    /// When it cannot start: the test that needs it has failed.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its server has failed, and this is where it says so"
    )]
    pub fn start(ada_usd: impl Into<Value>) -> Self {
        let prices = Arc::new(Mutex::new(Prices { ada_usd: ada_usd.into(), tokens: BTreeMap::new() }));
        let script = Arc::clone(&prices);
        let server = Server::start(move |request| answer(&lock(&script), request));
        Self { server: server.expect("starting the Minswap stand-in"), prices }
    }

    /// Sets the price of ADA.
    pub fn set_ada_price(&self, usd: impl Into<Value>) {
        lock(&self.prices).ada_usd = usd.into();
    }

    /// Adds a token, or gives it another price; the id is answered as it is written here.
    pub fn set_token(&self, token_id: &str, price_by_ada: impl Into<Value>) {
        let row = json!({
            "token_id": token_id, "ticker": "TOKEN", "is_verified": true, "decimals": 6, "price_by_ada": price_by_ada.into(),
        });
        lock(&self.prices).tokens.insert(token_id.to_lowercase(), row);
    }
}

impl Deref for Minswap {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn answer(prices: &Prices, request: &Received) -> Answer {
    match (request.method.as_str(), request.target.as_str()) {
        ("GET", "/aggregator/ada-price?currency=usd") => {
            let value = json!({"price": prices.ada_usd, "change_24h": -1.25});
            (200, json!({"currency": "usd", "value": value}))
        }
        ("POST", "/aggregator/tokens") => tokens(prices, &request.body),
        (method, target) => (404, json!({"message": format!("Route {method}:{target} not found")})),
    }
}

/// The rows of the tokens asked for; an unknown one has none. `query` is required even where it is empty.
fn tokens(prices: &Prices, body: &str) -> Answer {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let asked = body["assets"].as_array().filter(|_| body["query"].is_string());
    let Some(asked) = asked else {
        return (400, json!({"message": "body must have required properties 'query' and 'assets'"}));
    };
    let known = |id: &Value| prices.tokens.get(&id.as_str()?.to_lowercase()).cloned();
    let rows: Vec<Value> = asked.iter().filter_map(known).collect();
    (200, json!({"tokens": rows, "search_after": null}))
}
