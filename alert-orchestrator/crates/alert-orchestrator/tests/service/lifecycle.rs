//! What the service tells those who run it, and what it leaves on the disk.

use std::io::Write as _;
use std::os::unix::net::UnixDatagram;

use serde_json::{Value as Json, json};
use testkit::folder::Folder;
use testkit::{PATIENCE, wait_for};

use crate::server;
use crate::support::{checkout, configuration};

/// The shipped examples on a free port, with more settings of `orchestrator`.
fn write_configuration(clone: &Folder, orchestrator: &str) {
    let base = configuration("embedded: {import: [examples/liqwid]}");
    clone.write("served.yaml", &format!("{base}  telemetry: {{listen_port: 0}}\n{orchestrator}"));
}

#[test]
fn systemd_is_told_about_start_reload_and_stop_and_that_the_service_is_alive() {
    let clone = checkout();
    write_configuration(&clone, "");
    let path = clone.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    // Everything up to the message that is waited for; the watchdog comes in between as it likes.
    let until = |wanted: &str| std::iter::repeat_with(told).find(|message| message.contains(wanted)).unwrap();
    let mut command = clone.command(&["--config", "served.yaml"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut server = server::start(command);
    until("READY=1");
    until("WATCHDOG=1");
    server.answers("/startupz", 200);
    server.signal("HUP");
    assert!(until("RELOADING=1").contains("MONOTONIC_USEC="));
    until("READY=1");
    server.signal("TERM");
    until("STOPPING=1");
    assert_eq!(server.ended(), Some(0));
}

#[test]
fn json_log_lines_carry_the_id_of_their_request() {
    let clone = checkout();
    write_configuration(&clone, "");
    let server = server::start(clone.command(&["--config", "served.yaml", "--log-format", "json"]));
    let answer = server.ask("GET", "/nowhere", &[("x-request-id", "from-the-proxy-7")], b"");
    assert_eq!(answer.header("x-request-id"), Some("from-the-proxy-7"));
    let line: Json = serde_json::from_str(&server.logged("from-the-proxy-7")).unwrap();
    assert_eq!((&line["correlationId"], &line["level"]), (&json!("from-the-proxy-7"), &json!("WARNING")));
    let fields = &line["fields"];
    assert_eq!(
        (&fields["method"], &fields["path"], &fields["status"]),
        (&json!("GET"), &json!("/nowhere"), &json!(404))
    );
    assert!(
        fields["duration_ms"].is_number() && line["timestamp"].is_string() && line["message"].is_string(),
        "{line}"
    );
}

#[test]
fn without_telemetry_rounds_go_to_the_console_only() {
    let clone = checkout();
    write_configuration(&clone, "  schedule: {interval_minutes: 0.0167}\n");
    let mut command = clone.command(&["--config", "served.yaml", "--no-telemetry"]);
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let rounds = lines.by_ref().map(Result::unwrap).filter(|line| line.starts_with("usdc: decision=1")).take(3);
    assert_eq!(rounds.count(), 3);
    child.kill().unwrap();
    let log = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    child.wait().unwrap();
    assert!(log.contains("First evaluation starting") && !log.contains("Starting HTTP server"), "{log}");
}

#[test]
fn nobody_reading_what_is_printed_stops_neither_rounds_nor_the_end() {
    let clone = checkout();
    write_configuration(&clone, "  schedule: {interval_minutes: 0.0167}\n");
    let (unread, mut full) = std::io::pipe().unwrap();
    // As much as a pipe holds on Linux: the first line the service prints has to wait.
    full.write_all(&[b'.'; 64 * 1024]).unwrap();
    let mut server = server::start_printing_to(full.into(), clone.command(&["--config", "served.yaml"]));
    let rounds = || {
        let metrics = server.get("/metrics");
        let count = metrics.text().lines().find_map(|line| line.strip_prefix("wo_evaluation_duration_seconds_count "));
        count.unwrap().parse::<u64>().unwrap()
    };
    wait_for(|| (rounds() >= 3).then_some(())).expect("more rounds");
    server.logged("nobody reads standard output");
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    drop(unread);
}

#[test]
fn charts_are_drawn_served_and_deleted_when_they_are_old() {
    let clone = checkout();
    write_configuration(
        &clone,
        "  diagnostics: {enabled: true, dir: charts}\n  output_cleanup: {enabled: true, expire_before_relative: 1h}\n",
    );
    std::fs::create_dir(clone.path("charts")).unwrap();
    let old = std::fs::File::create(clone.path("charts/old.png")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let server = server::start(clone.command(&["--config", "served.yaml"]));
    server.answers("/startupz", 200);
    let drawn = wait_for(|| {
        let path = server.get("/api/decisions").json()["iusd"]["debug_plot_path"].as_str().map(str::to_owned);
        path.filter(|path| path.ends_with("iusd_20260129_000000_residual_composite.png"))
    });
    let path = drawn.unwrap_or_else(|| panic!("no chart: {}", server.log().join("\n")));
    let png = server.get(&format!("/charts/{}", path.rsplit('/').next().unwrap()));
    assert_eq!((png.status, png.header("content-type")), (200, Some("image/png")));
    assert_eq!(png.body, std::fs::read(clone.path(&path)).unwrap());
    assert!(png.body.len() < 200_000 && !clone.path("charts/old.png").exists());
    assert!(server.get("/metrics").text().contains("wo_cleanup_deleted_total 1"));
}

#[test]
fn once_draws_and_remembers_too_and_a_test_run_writes_beside_the_real_tables() {
    let clone = checkout();
    write_configuration(&clone, "  diagnostics: {enabled: true, dir: charts}\n");
    let run = clone.run(&["--config", "served.yaml", "--once", "--json", "--test-prefix"]);
    let decisions: Json = serde_json::from_str(&run.stdout).unwrap();
    for (asset, decision) in decisions.as_object().unwrap() {
        assert!(clone.path(decision["debug_plot_path"].as_str().unwrap()).is_file(), "{asset}: {}", run.stderr);
    }
    let store = rusqlite::Connection::open(clone.path("var/orchestrator.db")).unwrap();
    let written = |table: &str| -> i64 {
        let sql = "select count(*) from decisions where journal = ?1";
        store.query_row(sql, [table], |row| row.get(0)).unwrap()
    };
    assert_eq!((written("test_wo_decisions"), written("wo_decisions")), (5, 0));
    assert_eq!(clone.run(&["--config", "served.yaml", "--once"]).code, Some(0));
    assert_eq!((written("test_wo_decisions"), written("wo_decisions")), (5, 5));
}

#[test]
fn a_chart_may_reach_further_back_than_the_gate_and_changes_no_decision() {
    let clone = checkout();
    write_configuration(&clone, "  diagnostics: {lookback_hours_override: 2880}\n");
    let server = server::start(clone.command(&["--config", "served.yaml"]));
    server.answers("/startupz", 200);
    let series = server.get("/api/series?asset=usdc").json();
    let points = |of: &str| series[of]["ts"].as_array().unwrap().len();
    // 120 days of daily samples and both ends; the gate still judges 30 days, and t0 is 75 days back.
    assert_eq!((points("series"), points("residual")), (121, 31));
    write_configuration(&clone, "");
    let once = clone.run(&["--config", "served.yaml", "--once", "--json"]);
    let once: Json = serde_json::from_str(&once.stdout).unwrap();
    assert_eq!(server.get("/api/decisions").json(), once);
}

#[test]
fn a_reload_is_evaluated_at_once_and_what_is_shown_says_as_of_when_it_is() {
    let clone = checkout();
    write_configuration(&clone, "");
    let server = server::start(clone.command(&["--config", "served.yaml"]));
    server.answers("/startupz", 200);
    assert_eq!(server.get("/api/status").json()["as_of"], json!("2026-01-29T00:00:00Z"));
    let good = std::fs::read_to_string(clone.path("served.yaml")).unwrap();
    // Now the newest sample is months old: nothing may be withdrawn any more.
    clone.write("served.yaml", &good.replace("  date_range: {end: 2026-01-29T00:00:00Z}\n", ""));
    server.signal("HUP");
    server.printed("usdc: decision=0, wmax_usd=0.00 [reason: stale data", 1);
    assert_eq!(server.get("/api/status").json()["as_of"], Json::Null);
    assert_eq!(server.get("/api/decisions").json()["usdc"]["reason"]["code"], json!("stale_data"));
}
