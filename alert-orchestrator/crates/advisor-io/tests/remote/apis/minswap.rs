//! Minswap's prices: tokens in ADA times ADA in USD.

use std::time::{Duration, Instant};

use advisor_io::api::Settings;
use advisor_io::minswap::Minswap;
use advisor_testkit::minswap::Minswap as Server;
use serde_json::{Value, json};
use testkit::scripted::{Fault, Injection};

use crate::apis::settings;

const DJED: &str = "8db269c3ec630e06ae29f74bc39edd1f87c819f1056206e879a1cd61446a65644d6963726f555344";
const IUSD: &str = "f66d78b4a3cb3d37afa0ec36461e51ecbde00f26c8f0a68f94b6988069555344";

fn server() -> Server {
    let server = Server::start(0.5);
    server.set_token(DJED, 2.0);
    server
}

/// The prices in ADA and USD, or the causes without the API's name.
async fn ask(server: &Server, tokens: &[&str]) -> Vec<Result<(f64, f64), String>> {
    let client = Minswap::new(settings(&server.url())).unwrap();
    let name = format!("Minswap at {}/: ", server.url());
    let prices = client.prices(tokens).await.into_iter();
    prices
        .map(|price| {
            price.map(|price| (price.price_ada, price.price_usd)).map_err(|error| error.to_string().replace(&name, ""))
        })
        .collect()
}

async fn one(server: &Server) -> Result<(f64, f64), String> {
    ask(server, &[DJED]).await.remove(0)
}

async fn fails(server: &Server, expected: &str) {
    assert_eq!(one(server).await, Err(expected.to_owned()));
}

#[tokio::test]
async fn a_token_is_worth_its_ada_price_times_that_of_ada() {
    let server = server();
    server.set_token(&IUSD.to_uppercase(), "1.5");
    server.set_ada_price("0.50");
    let found = ask(&server, &[DJED, &DJED.to_uppercase(), IUSD]).await;
    assert_eq!(found, [Ok((2.0, 1.0)), Ok((2.0, 1.0)), Ok((1.5, 0.75))]);
    let asked_for_ada = server.requests().iter().filter(|request| request.target.contains("ada-price")).count();
    assert_eq!((server.request_count(), asked_for_ada), (4, 1));
    assert_eq!(ask(&server, &[]).await, []);
    assert_eq!(server.request_count(), 4, "nothing to ask for");
}

#[tokio::test]
async fn the_address_may_end_as_people_write_it() {
    let server = server();
    for end in ["", "/", "/aggregator", "/aggregator/", "//"] {
        let client = Minswap::new(settings(&format!("{}{end}", server.url()))).unwrap();
        assert!(client.prices(&[DJED]).await[0].is_ok(), "{end}");
    }
}

#[tokio::test]
async fn an_unknown_token_has_no_price_and_harms_no_other() {
    let server = server();
    let unknown = Err(format!("the token {IUSD} is unknown to it"));
    assert_eq!(ask(&server, &[IUSD, DJED]).await, [unknown, Ok((2.0, 1.0))]);
    // Rows that nobody asked for are no answer.
    let other = json!({"tokens": [{"token_id": null, "price_by_ada": 9}, {"token_id": IUSD, "price_by_ada": null}]});
    server.inject(Fault::body(&other.to_string()).times(1).when_request_contains("tokens"));
    fails(&server, &format!("the token {DJED} is unknown to it")).await;
}

#[tokio::test]
async fn what_is_no_price_is_named() {
    let server = server();
    let token = |found: &str| format!("price_by_ada of the token {DJED} is {found}, expected a price above 0");
    for (price, found) in [(json!(0), "0"), (json!("-1.5"), "-1.5"), (Value::Null, "missing")] {
        server.set_token(DJED, price);
        fails(&server, &token(found)).await;
    }
    server.set_token(DJED, "much");
    let text = "tokens[0].price_by_ada: invalid value: string \"much\", expected a number at line 1 column";
    let found = one(&server).await.unwrap_err();
    assert!(found.starts_with(text), "{found}");
    server.set_token(DJED, 1e300);
    server.set_ada_price(1e300);
    fails(&server, "price_by_ada times ada-price is inf, expected a price above 0").await;
    for (price, found) in [(json!(0.0), "0"), (json!(-0.3), "-0.3"), (Value::Null, "missing")] {
        server.set_ada_price(price);
        fails(&server, &format!("ada-price: value.price is {found}, expected a price above 0")).await;
    }
}

#[tokio::test]
async fn without_the_price_of_ada_there_is_none_of_a_token() {
    let meets = async |fault: Injection, expected: &str| {
        let server = server();
        server.inject(fault.when_request_contains("ada-price"));
        fails(&server, expected).await;
    };
    meets(Fault::status(401).always(), "answered 401 Unauthorized").await;
    meets(Fault::status(500).always(), "answered 500 Internal Server Error after 3 attempts").await;
    meets(Fault::Reset.always(), "connection reset after 3 attempts").await;
    meets(Fault::body(r#"{"currency": "usd"}"#).always(), "missing field `value` at line 1 column 19").await;
    meets(
        Fault::body(r#"{"value": 0.35}"#).always(),
        "value: invalid type: floating point `0.35`, expected struct AdaValue at line 1 column 14",
    )
    .await;
}

#[tokio::test]
async fn every_failure_of_the_tokens_is_one_of_this_source_only() {
    let meets = async |fault: Fault, expected: &str| {
        let server = server();
        server.inject(fault.always().when_request_contains("tokens"));
        fails(&server, expected).await;
    };
    meets(Fault::status(429), "answered 429 Too Many Requests after 3 attempts").await;
    meets(Fault::status(404), "answered 404 Not Found").await;
    meets(Fault::body(r#"{"tokens": null}"#), "tokens: invalid type: null, expected a sequence at line 1 column 15")
        .await;
    meets(Fault::body(r#"{"tokens": []}"#), &format!("the token {DJED} is unknown to it")).await;
    meets(Fault::Truncate { keep_bytes: 20 }, "the answer broke off after 20 bytes after 3 attempts").await;
    let html = "the answer is not JSON (expected value at line 1 column 1): <!doctype html><html><body><h1>It works!</h1></body></html>";
    meets(Fault::html(), html).await;
}

#[tokio::test]
async fn many_tokens_share_one_deadline() {
    let server = server();
    let hour = Duration::from_secs(3600);
    server.inject(Fault::Delay(hour).always());
    let patience = Settings { timeout: hour, deadline: Duration::from_millis(1500), ..settings(&server.url()) };
    let client = Minswap::new(patience).unwrap();
    let began = Instant::now();
    let prices = client.prices(&[DJED; 40]).await;
    assert!(prices.iter().all(Result::is_err) && prices.len() == 40);
    // A deadline for each would make a minute.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
