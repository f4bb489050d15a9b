//! An explanation for programs: what is answered of an asset that is in order, in error, unknown, or not evaluated yet.

use advisor_testkit::greptime::Fault;
use serde_json::{Value as Json, json};
use testkit::Latch;

use crate::world::World;

/// The paragraphs of an explanation, one after the other.
fn summary(explained: &Json) -> String {
    let paragraphs = explained["summary"].as_array().unwrap_or_else(|| panic!("no summary in {explained}"));
    paragraphs.iter().map(|paragraph| paragraph.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// A text without its line ends.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_explanation_has_the_sentences_that_the_command_begins_with() {
    let world = World::embedded();
    let server = world.serve();
    server.answers("/startupz", 200);
    let explained = server.get("/api/explain?asset=djed").json();
    assert_eq!(explained["totals"]["untagged_usd"], json!(3.0), "what came out in hour 72");
    let summary = summary(&explained);
    assert!(summary.starts_with("Up to 24.00 USD may be withdrawn now, from 2 wallets. Since "), "{summary}");
    let printed = words(&world.run(&["explain", "djed"]).stdout);
    assert!(printed.contains(&summary), "{summary}\n{printed}");

    // Of one wallet its figures; what may be done is still the asset's.
    let wallet = world.run(&["explain", "djed", "--json", "--wallet", "addr1qxb"]).stdout;
    let wallet: Json = serde_json::from_str(&wallet).unwrap();
    assert_eq!(wallet["wallets"].as_array().unwrap().len(), 1);
    assert_eq!(wallet["summary"], explained["summary"]);
}

#[test]
fn an_asset_in_error_is_explained_and_one_that_is_not_configured_is_not_found() {
    let world = World::embedded();
    let yaml = std::fs::read_to_string(world.clone.path("world.yaml")).unwrap();
    world.clone.write("world.yaml", &yaml.replace("assets: [djed]", "assets: [djed, usdx]"));
    let server = world.serve();
    server.answers("/startupz", 200);
    let answer = server.get("/api/explain?asset=usdx");
    let explained = answer.json();
    assert_eq!((answer.status, &explained["decision"]), (200, &json!(-1)), "{explained}");
    let decided = &server.get("/api/decisions").json()["usdx"];
    assert_eq!(explained["reason"], decided["reason"]);
    assert_eq!(decided["reason"]["code"], "asset_not_found");
    assert!(summary(&explained).contains("Correct the name in client.assets"), "{explained}");
    let unknown = server.get("/api/explain?asset=dai");
    assert_eq!(unknown.status, 404, "{}", unknown.text());
}

#[test]
fn before_the_first_evaluation_only_a_configured_asset_is_waited_for() {
    let world = World::greptime();
    let latch = Latch::closed();
    world.greptime.as_ref().unwrap().inject(Fault::Hold(latch.clone()).always());
    let server = world.serve();
    latch.wait_until_held();
    for route in ["explain", "series"] {
        let of = |asset: &str| server.get(&format!("/api/{route}?asset={asset}"));
        let (waiting, unknown) = (of("djed"), of("dai"));
        assert_eq!((waiting.status, unknown.status), (503, 404), "{route}");
        assert_eq!(waiting.json()["error"], "the first evaluation has not finished");
        assert_eq!(unknown.json()["error"], "asset \"dai\" is not configured; there are djed");
    }
    latch.open();
}
