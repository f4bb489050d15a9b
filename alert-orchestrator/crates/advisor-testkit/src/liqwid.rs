//! Liqwid's GraphQL API for tests: markets, assets and the transactions of addresses, from a script.
//!
//! Start at [`Liqwid::start`]. **This is a stand-in, not the server**: it was written from a description of the API. A
//! query is read and answered field by field, so that a client that asks for a field there is not, or reads one it did
//! not ask for, fails. Derefs to [`Server`], which has the faults and the requests that came.

mod query;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use jiff::{Timestamp, civil};
use serde_json::{Value, json};

use query::Field;
use testkit::lock;
use testkit::scripted::{Answer, Received, Server};

/// The path the API answers at.
const PATH: &str = "/graphql";

/// A running stand-in on 127.0.0.1; it stops when dropped.
pub struct Liqwid {
    server: Server,
    data: Arc<Mutex<Data>>,
}

struct Data {
    markets: Vec<Value>,
    assets: Vec<Value>,
    /// Transactions by address, newest first.
    transactions: BTreeMap<String, Vec<Value>>,
    results_max: usize,
    includes_end: bool,
}

impl Liqwid {
    /// Starts it on a free port, without markets and transactions.
    ///
    /// # Panics
    /// When it cannot start: the test that needs it has failed.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its server has failed, and this is where it says so"
    )]
    pub fn start() -> Self {
        let data = Data {
            markets: Vec::new(),
            assets: Vec::new(),
            transactions: BTreeMap::new(),
            results_max: 100,
            includes_end: true,
        };
        let data = Arc::new(Mutex::new(data));
        let script = Arc::clone(&data);
        let server = Server::start(move |request| answer(&lock(&script), request));
        Self { server: server.expect("starting the Liqwid stand-in"), data }
    }

    /// The address of the API.
    pub fn endpoint(&self) -> String {
        format!("{}{PATH}", self.server.url())
    }

    /// Adds a market for `symbol` with this price of its asset (a JSON number, or whatever a test wants instead).
    pub fn add_market(&self, symbol: &str, price: impl Into<Value>) {
        let token = json!({"id": "token", "displayName": symbol, "symbol": symbol, "decimals": 6, "currencySymbol": "", "policyId": ""});
        let mut asset = token.clone();
        asset["price"] = price.into();
        lock(&self.data).markets.push(json!({
            "id": symbol, "displayName": symbol, "symbol": symbol, "exchangeRate": 0.02, "supplyAPY": 0.05, "supply": 1e6,
            "liquidity": 5e5, "utilization": 0.5, "asset": asset, "receiptAsset": token,
        }));
    }

    /// Adds an asset to the list that is asked for where a market has no price.
    pub fn add_asset(&self, symbol: &str, price: impl Into<Value>) {
        lock(&self.data)
            .assets
            .push(json!({"id": symbol, "symbol": symbol, "displayName": symbol, "price": price.into()}));
    }

    /// Adds an action of a transaction of `address`; fields that `action` lacks are null.
    pub fn add_transaction(&self, address: &str, action: &Value) {
        let mut row =
            json!({"id": null, "type": null, "displayName": null, "time": null, "amount": null, "amountUSD": null});
        if let (Some(row), Some(action)) = (row.as_object_mut(), action.as_object()) {
            row.extend(action.clone());
        }
        let mut data = lock(&self.data);
        let rows = data.transactions.entry(address.to_owned()).or_default();
        rows.push(row);
        rows.sort_by_key(|row| std::cmp::Reverse(time(&row["time"])));
    }

    /// How many results an answer holds at most; 100 unless told.
    pub fn set_results_max(&self, results: usize) {
        lock(&self.data).results_max = results;
    }

    /// Whether `endTime` belongs to the range; it does unless told.
    pub fn set_includes_end(&self, includes: bool) {
        lock(&self.data).includes_end = includes;
    }
}

impl Deref for Liqwid {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// An instant, with or without `Z`.
fn time(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let civil = |text: &str| text.parse::<civil::DateTime>().ok()?.in_tz("UTC").ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(|| civil(text))
}

fn answer(data: &Data, request: &Received) -> Answer {
    if (request.method.as_str(), request.target.as_str()) != ("POST", PATH) {
        return (404, json!({"message": "not found"}));
    }
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let fields = query::parse(body["query"].as_str().unwrap_or_default(), &body["variables"]);
    match fields.and_then(|fields| select(data, &fields, &root())) {
        Ok(selected) => (200, json!({"data": selected})),
        Err(message) => (200, json!({"errors": [{"message": message}], "data": null})),
    }
}

/// The shape of everything that can be asked for; lists are filled in by [`computed`].
fn root() -> Value {
    json!({"liqwid": {"data": {"markets": {}, "assets": {}}}, "historical": {"transactions": {}}})
}

/// The fields of `value` that are asked for.
fn select(data: &Data, fields: &[Field], value: &Value) -> Result<Value, String> {
    match value {
        Value::Array(items) => items.iter().map(|item| select(data, fields, item)).collect(),
        Value::Object(object) => {
            let pick = |field: &Field| {
                let unknown = || format!("Cannot query field \"{}\".", field.name);
                let found = object.get(&field.name).ok_or_else(unknown)?;
                let found = computed(data, field)?.unwrap_or_else(|| found.clone());
                if found.is_object() && field.fields.is_empty() {
                    return Err(format!("Field \"{}\" must have a selection of subfields.", field.name));
                }
                Ok((field.name.clone(), select(data, &field.fields, &found)?))
            };
            fields.iter().map(pick).collect::<Result<serde_json::Map<_, _>, String>>().map(Value::Object)
        }
        scalar => Ok(scalar.clone()),
    }
}

/// The lists, which depend on arguments.
fn computed(data: &Data, field: &Field) -> Result<Option<Value>, String> {
    let input = &field.arguments["input"];
    match field.name.as_str() {
        "markets" => Ok(Some(page(&data.markets, input))),
        "assets" => Ok(Some(page(&data.assets, input))),
        "transactions" => transactions(data, input).map(Some),
        _ => Ok(None),
    }
}

fn page(rows: &[Value], input: &Value) -> Value {
    let number = |name: &str, default: usize| input[name].as_u64().and_then(|n| n.try_into().ok()).unwrap_or(default);
    let size = number("perPage", 10).clamp(1, 100);
    let shown: Vec<&Value> = rows.iter().skip(number("page", 0) * size).take(size).collect();
    json!({"results": shown})
}

fn transactions(data: &Data, input: &Value) -> Result<Value, String> {
    let known = ["addresses", "date"];
    if let Some(other) = input.as_object().and_then(|input| input.keys().find(|key| !known.contains(&key.as_str()))) {
        return Err(format!("Field \"{other}\" is not defined by type \"HistoricalTransactionInput\"."));
    }
    let range = time(&input["date"]["startTime"]).zip(time(&input["date"]["endTime"]));
    let within = |row: &&Value| {
        let Some((start, end)) = range else { return false };
        time(&row["time"]).is_none_or(|at| start <= at && (at < end || (data.includes_end && at == end)))
    };
    let addresses = input["addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_address = |address: &Value| data.transactions.get(address.as_str()?);
    let rows: Vec<&Value> = addresses.iter().filter_map(of_address).flatten().filter(within).collect();
    let shown = &rows[..rows.len().min(data.results_max)];
    let pages = rows.len().div_ceil(data.results_max.max(1));
    Ok(json!({"page": 0, "perPage": data.results_max, "pagesCount": pages, "totalCount": rows.len(), "results": shown}))
}
