//! What scripts and container engines ask: which program is this, and is the service well?

use std::net::TcpListener;

use testkit::folder::{Folder, Run};

use crate::server;
use crate::support::{checkout, configuration};

fn health(clone: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let Run { code, stdout, stderr } = clone.run(&[&["health"], arguments].concat());
    (code, stdout + &stderr)
}

#[test]
fn a_running_service_is_well_until_it_stops() {
    let clone = checkout();
    clone.write("served.yaml", &(configuration("embedded: {}") + "  telemetry: {listen_port: 0}\n"));
    let mut server = server::start(clone.command(&["--config", "served.yaml"]));
    server.answers("/startupz", 200);
    let base = format!("http://{}", server.address());
    let (live, missing) = (format!("{base}/livez"), format!("{base}/nothing"));
    assert_eq!(health(&clone, &["--url", &live]), (Some(0), format!("{live} answered 200: {{\"status\":\"ok\"}}\n")));
    let (code, text) = health(&clone, &["--url", &missing]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with(&format!("alert-orchestrator: {missing} answered 404, expected 200: {{")), "{text}");

    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    // Its own port may be another's by now.
    let gone = format!("http://127.0.0.1:{}/livez", testkit::closed_port().unwrap());
    let refused = format!("alert-orchestrator: asking {gone} failed: connection refused\n");
    assert_eq!(health(&clone, &["--url", &gone]), (Some(1), refused));
}

#[test]
fn a_service_that_does_not_answer_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/livez", silent.local_addr().unwrap());
    let (code, text) = health(&checkout(), &["--url", &url, "--timeout", "0.2"]);
    assert_eq!((code, text), (Some(1), format!("alert-orchestrator: {url} did not answer within 0.2 s\n")));
}

#[test]
fn what_cannot_be_asked_is_a_wrong_command_line() {
    let clone = checkout();
    for (arguments, expected) in [
        (
            ["--url", "localhost:9808"],
            "found scheme \"localhost\"; expected an address like http://127.0.0.1:9808/livez",
        ),
        (["--url", "/livez"], "expected an address like http://127.0.0.1:9808/livez"),
        (["--timeout", "0"], "expected a number of seconds above 0"),
        (["--timeout", "nan"], "expected a number of seconds above 0"),
    ] {
        let (code, text) = health(&clone, &arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn the_version_names_commit_and_day() {
    let text = checkout().run(&["--version"]).stdout;
    let rest = text.strip_prefix(concat!("alert-orchestrator ", env!("CARGO_PKG_VERSION"), " (commit ")).expect(&text);
    let (commit, built) = rest.split_once(", built ").expect(&text);
    assert!(commit == "unknown" || commit.chars().all(|digit| digit.is_ascii_hexdigit()), "{text}");
    assert!(built.strip_suffix(")\n").is_some_and(|day| day.parse::<jiff::civil::Date>().is_ok()), "{text}");
}
