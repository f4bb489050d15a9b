//! What is said of a round, and where: errors and warnings in the log, reasons, and whether the service passes for ready.

use std::fs;

use testkit::service::Service;

use crate::world::World;

const FINE: &str = "djed: decision=1, wmax_usd=24.00 (2 wallets)";
const UNREAD: &str = "djed: decision=-1, wmax_usd=0.00 [reason: store unavailable: ";

/// Makes another round, and waits for what it prints.
fn round(server: &Service, printed: &str) {
    let seen = server.count(printed);
    server.signal("HUP");
    server.printed(printed, seen + 1);
}

fn lines(log: &[String], text: &str) -> Vec<String> {
    log.iter().filter(|line| line.contains(text)).cloned().collect()
}

#[test]
fn an_asset_in_error_is_an_error_in_the_log_of_each_round_with_its_reason() {
    let world = World::embedded();
    let configured = fs::read_to_string(world.clone.path("world.yaml")).unwrap().replace("[djed]", "[djed, usdx]");
    world.clone.write("world.yaml", &configured);
    let reason = "asset not found: usdx; tables: djed";
    let expected = format!(" ERROR {reason}, asset=usdx, code=asset_not_found");

    let run = world.run(&["--once"]);
    let said = lines(&run.stderr.lines().map(str::to_owned).collect::<Vec<_>>(), "ERROR");
    assert!(said.len() == 1 && said[0].ends_with(&expected), "{}", run.stderr);

    let server = world.serve();
    server.printed(reason, 1);
    round(&server, reason);
    server.logged(&expected);
    let said = lines(&server.log(), "ERROR");
    assert!(said.len() == 2 && said.iter().all(|line| line.ends_with(&expected)), "{said:?}");
}

#[test]
fn a_warning_that_stands_is_logged_when_it_comes_and_when_it_goes() {
    const UNTAGGED: &str = "no withdrawal is tagged \"alert_driven_withdrawal\": fallback data_range";
    let world = World::embedded();
    let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
    let tagged = fs::read_to_string(&file).unwrap();
    fs::write(&file, tagged.replace("(alert_driven_withdrawal)", "")).unwrap();
    for _ in 0..2 {
        let once = world.run(&["--once"]).stderr;
        assert_eq!(once.matches(UNTAGGED).count(), 1, "one round says all: {once}");
    }
    let server = world.serve();
    server.printed("djed: decision=1", 1);
    (0..3).for_each(|_| round(&server, "djed: decision=1"));
    assert_eq!(lines(&server.log(), UNTAGGED).len(), 1, "{:?}", server.log());
    let shown = server.get("/api/explain?asset=djed").json()["warnings"].to_string();
    assert!(shown.contains("no withdrawal is tagged"), "the page shows what stands: {shown}");

    fs::write(&file, tagged).unwrap();
    server.signal("HUP");
    let gone = server.logged("no longer: ");
    assert!(gone.contains(&format!("INFO no longer: {UNTAGGED}")) && gone.contains("asset=djed, since="), "{gone}");
}

#[test]
fn the_service_is_not_ready_while_no_asset_can_be_read() {
    let world = World::embedded();
    let server = world.serve();
    server.printed(FINE, 1);
    server.answers("/readyz", 200);
    let (folder, away) = (world.clone.path("data"), world.clone.path("away"));
    fs::rename(&folder, &away).unwrap();
    round(&server, UNREAD);
    let ready = server.answers("/readyz", 503).json();
    // The file itself can be read, so that only the round tells.
    assert_eq!(ready["checks"]["store"], "ok");
    let cause = ready["checks"]["evaluation"].as_str().unwrap().to_owned();
    assert!(cause.starts_with("no asset could be read: store unavailable: embedded store "), "{cause}");
    assert!(server.logged("ERROR store unavailable").contains("asset=djed, code=store_unavailable"));

    fs::rename(&away, &folder).unwrap();
    round(&server, FINE);
    server.answers("/readyz", 200);
}
