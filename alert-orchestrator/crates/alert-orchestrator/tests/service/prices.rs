//! Prices of several sources, from the servers that give them to what a decision, a page and Prometheus see of them.

use advisor_testkit::liqwid::Liqwid;
use advisor_testkit::minswap::Minswap;
use serde_json::{Value as Json, json};
use testkit::Latch;
use testkit::scripted::Fault;

use crate::world::{A, PAYROLL, World};

/// Djed, as deploy/config/token_registry.csv has it.
const TOKEN: &str = "8db269c3ec630e06ae29f74bc39edd1f87c819f1056206e879a1cd61446a65644d6963726f555344";

/// Servers of both APIs: Liqwid has djed at `liqwid` USD, Minswap at `minswap` ADA of 0.50 USD.
pub(crate) struct Apis {
    liqwid: Liqwid,
    minswap: Minswap,
}

impl Apis {
    pub(crate) fn start(liqwid: f64, minswap: f64) -> Self {
        let apis = Self { liqwid: Liqwid::start(), minswap: Minswap::start(0.5) };
        apis.liqwid.add_market("DJED", liqwid);
        apis.minswap.set_token(TOKEN, minswap);
        apis
    }

    /// Settings of `orchestrator` that compare their prices, as `compare` says.
    pub(crate) fn settings(&self, compare: &str) -> String {
        format!(
            "  price_compare: {{enabled: true, {compare}}}\n  token_registry: deploy/config/token_registry.csv\n  \
             apis: {{liqwid_graphql: \"{}\", minswap_aggregator: \"{}\"}}\n",
            self.liqwid.endpoint(),
            self.minswap.url()
        )
    }
}

/// Holds a percent off a dollar.
const PEG: &str = "  decision_gate: {peg: {target_usd: 1.0, max_deviation_bps: 100}}\n";

/// A database of Minswap's prices with these of djed, by the hour.
fn store_prices(world: &World, prices: &[(i64, f64)]) {
    let greptime = world.greptime.as_ref().unwrap();
    greptime.execute("CREATE DATABASE minswap").unwrap();
    let columns = "ts TIMESTAMP(3) TIME INDEX, price_usd DOUBLE, ada_usd DOUBLE";
    greptime.execute(&format!("CREATE TABLE minswap.minswap_prices_djed ({columns})")).unwrap();
    for (hour, price) in prices {
        let at = world.hour(*hour).parse::<jiff::Timestamp>().unwrap().as_millisecond();
        greptime.execute(&format!("INSERT INTO minswap.minswap_prices_djed VALUES ({at}, {price}, 0.45)")).unwrap();
    }
}

/// What of a decision is about prices.
fn figures(decision: &Json) -> [&Json; 5] {
    ["decision", "price_mismatch", "price_compare_unavailable", "price_delta_abs", "price_delta_rel"]
        .map(|name| &decision[name])
}

/// The prices by their source, in the order in which they are listed.
fn listed(world: &World) -> String {
    let run = world.run(&["--once", "--json"]);
    let text: String = run.stdout.split_whitespace().collect();
    let (_, rest) = text.split_once("\"prices_by_source\":{").unwrap_or_else(|| panic!("{text}"));
    rest.split('}').next().unwrap().to_owned()
}

#[test]
fn prices_that_agree_hold_nothing_and_are_shown_everywhere() {
    for world in World::both() {
        let apis = Apis::start(1.0, 1.99); // 1.99 · 0.50 = 0.995
        world.configure(&apis.settings(""));
        let server = world.serve();
        server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 1);
        let decisions = server.get("/api/decisions").json();
        let decision = &decisions["djed"];
        assert_eq!(figures(decision)[..3], [&json!(1), &json!(0), &json!(0)]);
        let delta = decision["price_delta_abs"].as_f64().unwrap();
        assert!((delta - 0.005).abs() < 1e-12 && decision["price_delta_rel"] == delta, "{decision}");
        let metrics = server.get("/metrics");
        let of = |name: &str, source: &str| {
            let labels = format!("{{asset=\"djed\",alternate_asset_name=\"DJED\"{source}}} ");
            let line = metrics.text().lines().find_map(|line| line.strip_prefix(&format!("{name}{labels}")));
            line.map(|value| value.parse::<f64>().unwrap())
        };
        let (liqwid, stored, minswap) =
            (",source=\"liqwid_graphql\"", ",source=\"greptime(liqwid)\"", ",source=\"minswap_aggregator\"");
        for name in ["wo_price_usd", "wo_rate_usd"] {
            assert_eq!([liqwid, stored, minswap].map(|source| of(name, source)), [Some(1.0), Some(1.0), Some(0.995)]);
        }
        assert_eq!([liqwid, stored, minswap].map(|source| of("wo_rate_ada", source)), [None, None, Some(1.99)]);
        assert_eq!(of("wo_price_delta_abs", ""), Some(delta));
        assert_eq!(of("wo_price_delta_rel", ""), Some(delta));
        assert_eq!((of("wo_price_mismatch", ""), of("wo_price_compare_unavailable", "")), (Some(0.0), Some(0.0)));
    }
}

#[test]
fn prices_that_disagree_hold() {
    for world in World::both() {
        let apis = Apis::start(1.0, 1.8); // 1.8 · 0.50 = 0.90
        world.configure(&apis.settings(""));
        let decision = world.decision();
        let reason = json!({
            "code": "price_mismatch",
            "message": "price mismatch (positions 1.0000 USD, liqwid 1.0000 USD, minswap 0.9000 USD: 10.000 % apart, tolerance 1 %)",
        });
        assert_eq!((&decision["reason"], &decision["wmax_usd"]), (&reason, &json!(0.0)));
        assert_eq!(figures(&decision)[..3], [&json!(0), &json!(1), &json!(0)]);
        assert_eq!(decision["wallet_breakdown"], json!([]));
        assert_eq!(decision["g_usd"], json!(48.0), "what could be computed is shown anyway");
        let run = world.run(&["--once"]);
        assert!(run.stdout.starts_with("djed: decision=0, wmax_usd=0.00 [reason: price mismatch"), "{}", run.stdout);
        assert_eq!(run.code, Some(0));

        world.configure(&apis.settings("action_on_mismatch: alert"));
        assert_eq!(figures(&world.decision())[..3], [&json!(1), &json!(1), &json!(0)]);
        let own = "per_asset_overrides: {djed: {epsilon_mode: absolute, tolerance_epsilon: 0.11}}";
        world.configure(&apis.settings(own));
        assert_eq!(figures(&world.decision())[..3], [&json!(1), &json!(0), &json!(0)]);
        let own = "action_on_mismatch: alert, per_asset_overrides: {DJED: {action_on_mismatch: hold}}";
        world.configure(&apis.settings(own));
        assert_eq!(figures(&world.decision())[..3], [&json!(0), &json!(1), &json!(0)]);
    }
}

#[test]
fn a_mismatch_holds_once_it_has_lasted() {
    const HELD: &str = "djed: decision=0, wmax_usd=0.00 [reason: price mismatch";
    let world = World::embedded();
    let apis = Apis::start(1.0, 1.8);
    world.configure(&apis.settings("persistence_threshold: 3"));
    let mut server = world.serve();
    for (n, printed) in [(1, "djed: decision=1"), (2, "djed: decision=1"), (1, HELD), (2, HELD)] {
        server.printed(printed, n);
        server.signal("HUP"); // another round
    }
    server.printed(HELD, 3); // comes when the others are kept
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    world.configure("");
    let server = world.serve();
    server.answers("/startupz", 200);
    let history = server.get("/api/history?asset=djed").json();
    let mut decisions: Vec<(i64, &str)> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["decision"].as_i64().unwrap(), entry["code"].as_str().unwrap_or("none")))
        .collect();
    decisions.reverse();
    assert_eq!(decisions[..4], [(1, "none"), (1, "none"), (0, "price_mismatch"), (0, "price_mismatch")]);
}

#[test]
fn a_mismatch_that_lasted_holds_what_is_evaluated_anew_after_an_error() {
    const HELD: &str = "djed: decision=0, wmax_usd=0.00 [reason: price mismatch";
    let world = World::embedded();
    let apis = Apis::start(0.9, 2.0);
    world.configure(&apis.settings("persistence_threshold: 2"));
    let server = world.serve();
    server.printed("djed: decision=1", 1);
    server.signal("HUP"); // another round
    server.printed(HELD, 1);
    let deposits = format!("ts,wallet_address,amount,memo,tx_hash\n{},{A},0,,nothing\n", world.hour(60));
    world.clone.write("data/liqwid_deposits_djed.csv", &deposits);
    server.signal("HUP");
    server.printed("djed: decision=-1", 1);
    // From hour 72 on the row is of no concern.
    let tag = world.arguments(&["tag", "--asset", "djed", "--tx", PAYROLL]);
    assert_eq!(world.clone.answer(&tag, "y\n").code, Some(0));
    server.logged("evaluated djed anew");
    server.printed(HELD, 2);
    assert_eq!(server.count("djed: decision=1"), 1, "{:?}", server.log());
}

#[test]
fn a_source_that_is_gone_is_listed_without_a_price_and_is_no_mismatch() {
    for world in World::both() {
        let apis = Apis::start(1.0, 2.0);
        world.configure(&apis.settings("retries: 0"));
        let stored = if world.greptime.is_some() { ",\"greptime(minswap)\":null" } else { "" };
        let all = format!("\"liqwid_graphql\":1.0,\"greptime(liqwid)\":1.0,\"minswap_aggregator\":1.0{stored}");
        assert_eq!(listed(&world), all);

        // The stored price stands for Liqwid's.
        apis.liqwid.inject(Fault::status(500).always());
        let without = format!("\"liqwid_graphql\":null,\"greptime(liqwid)\":1.0,\"minswap_aggregator\":1.0{stored}");
        assert_eq!(listed(&world), without);
        assert_eq!(figures(&world.decision()), [&json!(1), &json!(0), &json!(0), &json!(0.0), &json!(0.0)]);

        apis.liqwid.heal();
        for fault in
            [Fault::status(500), Fault::html(), Fault::Reset, Fault::body("{}"), Fault::Truncate { keep_bytes: 9 }]
        {
            apis.minswap.heal();
            apis.minswap.inject(fault.clone().always());
            let run = world.run(&["--once", "--json"]);
            let decisions: Json = serde_json::from_str(&run.stdout).unwrap();
            // The positions are held against Liqwid all the same.
            let expected = [&json!(1), &json!(0), &json!(0), &json!(0.0), &json!(0.0)];
            assert_eq!(figures(&decisions["djed"]), expected, "{fault:?}");
            assert!(run.stderr.contains("no price from minswap_aggregator: "), "{fault:?}: {}", run.stderr);
            assert!(run.stderr.contains("prices are compared without minswap, which gave none"), "{}", run.stderr);
        }
        apis.liqwid.inject(Fault::status(500).always());
        let expected = [&json!(1), &Json::Null, &json!(1), &Json::Null, &Json::Null];
        assert_eq!(figures(&world.decision()), expected, "the positions' own price is alone");
        let server = world.serve();
        server.answers("/startupz", 200);
        let metrics = server.get("/metrics");
        let unavailable = "wo_price_compare_unavailable{asset=\"djed\",alternate_asset_name=\"DJED\"} 1.0\n";
        assert!(metrics.text().contains(unavailable) && !metrics.text().contains("\nwo_price_mismatch{"));
    }
}

#[test]
fn prices_that_somebody_has_stored_stand_for_those_of_the_exchange() {
    let world = World::greptime();
    store_prices(&world, &[(40, 0.8), (90, 0.9)]);
    let apis = Apis::start(1.0, 2.0);
    world.configure(&apis.settings(""));
    assert_eq!(world.decision()["price_mismatch"], 0, "the exchange itself comes first");
    apis.minswap.inject(Fault::status(500).always());
    world.configure(&apis.settings("retries: 0"));
    let decision = world.decision();
    assert_eq!(decision["reason"]["code"], "price_mismatch");
    assert!(decision["reason"]["message"].as_str().unwrap().contains("minswap 0.9000 USD"), "{decision}");
    let server = world.serve();
    server.answers("/startupz", 200);
    let labels = "{asset=\"djed\",alternate_asset_name=\"DJED\",source=\"greptime(minswap)\"}";
    let metrics = server.get("/metrics");
    assert!(metrics.text().contains(&format!("wo_rate_ada{labels} 2.0\n")), "0.90 / 0.45");
    drop(server);

    // A price that is older than a sample may be is none.
    let end = format!("  date_range: {{end: \"{}\"}}\n", world.hour(65));
    world.configure_client(&end, &apis.settings("retries: 0"));
    assert_eq!(listed(&world), "\"greptime(liqwid)\":1.0,\"greptime(minswap)\":null");

    // Another order, and no price from after the evaluation time.
    let end = format!("  date_range: {{end: \"{}\"}}\n", world.hour(60));
    world.configure_client(&end, &apis.settings("retries: 0"));
    assert_eq!(listed(&world), "\"greptime(liqwid)\":1.0,\"greptime(minswap)\":0.8");
    let priority =
        "  telemetry: {listen_port: 0, price_source_priority: {minswap: [greptime(minswap), minswap_aggregator]}}\n";
    world.configure(&(apis.settings("retries: 0") + priority));
    let order = "\"liqwid_graphql\":1.0,\"greptime(liqwid)\":1.0,\"greptime(minswap)\":0.9,\"minswap_aggregator\":null";
    assert_eq!(listed(&world), order);
}

#[test]
fn a_live_price_far_from_the_peg_holds_although_the_table_says_that_it_is_met() {
    for world in World::both() {
        let apis = Apis::start(0.9, 1.81); // 1.81 · 0.50 = 0.905; the table has 1.0
        world.configure(&(apis.settings("") + PEG));
        let reason = &world.decision()["reason"];
        let message = reason["message"].as_str().unwrap();
        assert_eq!(reason["code"], "off_peg");
        assert!(message.starts_with("off peg (0.9000 USD, 1000 bps from 1.0, liqwid_graphql)"), "{message}");
        let mismatch = "; price mismatch (positions 1.0000 USD, liqwid 0.9000 USD, minswap 0.9050 USD: 10.000 % apart, \
                        tolerance 1 %)";
        assert!(message.contains(mismatch), "{message}");

        // Compared or not: without a comparison with the exchange, its price counts for the peg.
        let apis = Apis::start(1.0, 1.81);
        world.configure(&(apis.settings("sources: [liqwid]") + PEG));
        let decision = world.decision();
        let message = decision["reason"]["message"].as_str().unwrap();
        assert!(message.starts_with("off peg (0.9050 USD, 950 bps from 1.0, minswap_aggregator)"), "{message}");
        assert_eq!(figures(&decision)[1..3], [&json!(0), &json!(0)]);

        // Live sources are asked only where prices are compared.
        let asked = apis.minswap.request_count();
        world.configure(&(apis.settings("").replace("enabled: true", "enabled: false") + PEG));
        assert_ne!(world.decision()["reason"]["code"], "off_peg");
        assert_eq!(apis.minswap.request_count(), asked);
    }
}

#[test]
fn a_stored_price_counts_for_the_peg_while_it_is_young() {
    for (hour, expected) in [(90, Some("off peg (0.9000 USD, 1000 bps from 1.0, greptime(minswap))")), (40, None)] {
        let world = World::greptime();
        store_prices(&world, &[(hour, 0.9)]);
        world.configure(PEG);
        let reason = world.decision()["reason"]["message"].to_string();
        match expected {
            Some(expected) => assert!(reason.starts_with(&format!("\"{expected}")), "{reason}"),
            None => assert!(!reason.contains("off peg"), "{reason}"),
        }
    }
}

#[test]
fn a_database_of_prices_that_may_not_be_read_keeps_no_position_from_being_judged() {
    let world = World::greptime();
    let apis = Apis::start(1.0, 2.0);
    world.configure(&apis.settings("retries: 0"));
    let forbidden = advisor_testkit::greptime::Fault::error(7006, "permission denied on database minswap");
    world.greptime.as_ref().unwrap().inject(forbidden.always().when_sql_contains("minswap_prices_djed"));
    let run = world.run(&["--once"]);
    assert_eq!(run.stdout, "djed: decision=1, wmax_usd=24.00 (2 wallets)\n", "{}", run.stderr);
    assert!(run.stderr.contains("permission denied on database minswap"), "{}", run.stderr);
    assert!(listed(&world).ends_with("\"minswap_aggregator\":1.0,\"greptime(minswap)\":null"));
}

#[test]
fn what_is_asked_as_of_another_time_is_not_asked_of_those_who_know_only_now() {
    for world in World::both() {
        let apis = Apis::start(1.0, 1.0);
        world.configure_client(&format!("  date_range: {{end: \"{}\"}}\n", world.hour(90)), &apis.settings(""));
        let decision = world.decision();
        assert_eq!(figures(&decision)[..3], [&json!(1), &Json::Null, &json!(1)]);
        assert_eq!((apis.liqwid.request_count(), apis.minswap.request_count()), (0, 0));
    }
}

#[test]
fn a_slow_source_holds_an_evaluation_up_no_longer_than_it_may() {
    let world = World::embedded();
    let apis = Apis::start(1.0, 2.0);
    world.configure(&apis.settings("request_timeout_seconds: 3, retries: 20"));
    let latch = Latch::closed();
    apis.liqwid.inject(Fault::Hold(latch.clone()).always());
    apis.minswap.inject(Fault::Stall { after_body_bytes: 5 }.always());
    let server = world.serve();
    // Within a minute, which a limit for each of the attempts would not be; without any it would be held for ever.
    server.printed("djed: decision=1", 1);
    let status = server.get("/api/status").json();
    assert!(status["evaluation_seconds"].as_f64().unwrap() >= 3.0, "{status}");
    assert_eq!(server.get("/api/decisions").json()["djed"]["price_compare_unavailable"], 1);
    server.logged("no prices from liqwid_graphql: ");
    server.logged("no price from minswap_aggregator: ");
}

#[test]
fn a_token_that_is_not_in_the_registry_is_an_error_at_the_start() {
    let world = World::embedded();
    let apis = Apis::start(1.0, 2.0);
    let policy = &TOKEN[..56];
    for (registry, expected) in [
        ("asset,policy_id,token_name_hex\n".to_owned(), "no row for \"djed\", expected one for each asset"),
        (
            format!("asset,policy_id,token_name_hex\ndjed,{},44\n", &policy[1..]),
            "line 2: found a policy_id of 55 characters",
        ),
        (
            format!("asset,policy_id,token_name_hex\ndjed,{policy},444\n"),
            "line 2: found a token_name_hex of 3 characters",
        ),
        (
            format!("asset,policy_id,token_name_hex\ndjed,{policy},44\nDJED,{policy},44\n"),
            "line 3: found \"djed\" again",
        ),
        ("asset,policy\n".to_owned(), "line 1: found other columns, expected asset,policy_id,token_name_hex"),
    ] {
        world.clone.write("registry.csv", &registry);
        world.configure(&apis.settings("").replace("deploy/config/token_registry.csv", "registry.csv"));
        for arguments in [&["--once"][..], &[]] {
            let run = world.run(arguments);
            assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
            assert!(run.stderr.contains("orchestrator.token_registry: registry.csv: "), "{}", run.stderr);
            assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
        }
    }
    world.configure(&apis.settings("").replace("deploy/config/token_registry.csv", "nowhere.csv"));
    let run = world.run(&["--once"]);
    assert!(
        run.code == Some(2) && run.stderr.contains("nowhere.csv: cannot read the token registry"),
        "{}",
        run.stderr
    );
    assert_eq!(apis.minswap.request_count(), 0);

    world.configure(&apis.settings(""));
    let run = world.run(&["--once"]);
    assert!(run.stderr.contains("token registry validated for djed"), "{}", run.stderr);
    let asked = apis.minswap.requests();
    assert!(asked.iter().any(|request| request.body.contains(TOKEN)), "{asked:?}");
}
