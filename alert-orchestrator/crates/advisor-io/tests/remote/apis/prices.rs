//! Liqwid's prices: one question for all markets.

use advisor_testkit::liqwid::Liqwid as Server;
use serde_json::{Value, json};
use testkit::scripted::Fault;

use crate::apis::liqwid;

async fn prices<const N: usize>(server: &Server, assets: [&str; N]) -> [Option<f64>; N] {
    let prices = liqwid(server).prices().await.unwrap();
    assets.map(|asset| prices.of(asset))
}

#[tokio::test]
async fn one_request_brings_the_prices_of_all_markets() {
    let server = Server::start();
    server.add_market("DJED", 1.01);
    server.add_market("iUSD", "0.98");
    server.add_market("Ada", 0.35);
    assert_eq!(
        prices(&server, ["djed", "IUSD", "ada", "usdm", ""]).await,
        [Some(1.01), Some(0.98), Some(0.35), None, None]
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert!(requests[0].header("user-agent").is_some_and(|agent| agent.starts_with("alert-orchestrator/")));
}

#[tokio::test]
async fn a_bridged_coin_is_found_by_its_plain_name_and_the_other_way_round() {
    let server = Server::start();
    server.add_market("WANUSDC", 0.999);
    server.add_market("USDT", 1.001);
    assert_eq!(prices(&server, ["usdc", "wanusdc", "wanusdt"]).await, [Some(0.999), Some(0.999), Some(1.001)]);
    server.add_market("USDC", 1.002);
    assert_eq!(prices(&server, ["usdc", "wanusdc"]).await, [Some(1.002), Some(0.999)], "the exact name wins");
}

#[tokio::test]
async fn a_market_without_a_price_takes_it_from_the_list_of_assets() {
    let server = Server::start();
    server.add_market("DJED", Value::Null);
    server.add_market("IUSD", 0);
    server.add_market("USDM", 1.0);
    server.add_asset("djed", "1.02");
    server.add_asset("USDM", 7.0);
    server.add_asset("NOT_A_MARKET", 3.0);
    let expected = [Some(1.02), None, Some(1.0), None];
    assert_eq!(prices(&server, ["djed", "iusd", "usdm", "not_a_market"]).await, expected);
    assert_eq!(server.request_count(), 2);

    server.inject(Fault::html().always().when_request_contains("assets("));
    assert_eq!(prices(&server, ["djed", "iusd", "usdm"]).await, [None, None, Some(1.0)], "what there is, is kept");
}

#[tokio::test]
async fn prices_that_are_none_are_none() {
    let server = Server::start();
    server.add_market("A", -1.0);
    server.add_market("B", "0");
    server.add_market("B", 2.0); // another market of the coin
    assert_eq!(prices(&server, ["a", "b"]).await, [None, Some(2.0)]);
    let nulls = json!({"data": {"liqwid": {"data": {"markets": {"results": [null, {"asset": null}, {"asset": {"symbol": null, "price": 1}}]}}}}});
    server.inject(Fault::body(&nulls.to_string()));
    assert_eq!(prices(&server, ["a"]).await, [None]);
}

#[tokio::test]
async fn more_markets_than_fit_on_a_page_are_all_read() {
    let server = Server::start();
    (0..230).for_each(|n| server.add_market(&format!("m{n}"), f64::from(n) + 1.0));
    assert_eq!(
        prices(&server, ["m0", "m99", "m100", "m229"]).await,
        [Some(1.0), Some(100.0), Some(101.0), Some(230.0)]
    );
    assert_eq!(server.request_count(), 3);
    (230..2000).for_each(|n| server.add_market(&format!("m{n}"), 1.0));
    assert_eq!(prices(&server, ["m999", "m1000"]).await, [Some(1.0), None], "a list without end is not followed");
}
