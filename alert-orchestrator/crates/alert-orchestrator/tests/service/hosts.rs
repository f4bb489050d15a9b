//! Under which names does it answer while nobody has to log in?

use serde_json::json;
use testkit::service::Service;

use crate::logins::AUTH;
use crate::world::World;

const PAGES: [&str; 4] = ["/dashboard", "/api/decisions", "/api/status", "/api/config/normalized"];
const PROBES: [&str; 5] = ["/metrics", "/livez", "/readyz", "/startupz", "/health"];

fn serve(world: &World, orchestrator: &str) -> Service {
    world.configure(orchestrator);
    let server = world.serve();
    server.answers("/startupz", 200);
    server
}

/// Settings of `telemetry` with these hosts allowed.
fn allowing(hosts: &str) -> String {
    format!("  telemetry: {{listen_port: 0, allowed_hosts: [{hosts}]}}\n")
}

/// The status of a path under a name.
fn under(server: &Service, host: &str, path: &str) -> u16 {
    server.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).status
}

#[test]
fn everything_that_works_without_the_key_goes_on() {
    let world = World::embedded();
    let server = serve(&world, "");
    // Prometheus by service name, probes by the pod's address, people by localhost and the server's address or name.
    for host in ["alert-orchestrator:9808", "alert-orchestrator.monitoring.svc", "10.1.2.3:9808", "[fd00::7]:9808"] {
        for path in PROBES.iter().chain(&PAGES) {
            assert_eq!(under(&server, host, path), 200, "{host} {path}");
        }
    }
    assert_eq!(under(&server, "localhost", "/dashboard"), 200);
    assert_eq!(under(&server, "nas.local:9808", "/dashboard"), 200);
    // Checks of the old kind send no name; scrapers may go by any.
    for path in PROBES {
        assert_eq!(server.send(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).status, 200, "{path}");
        assert_eq!(under(&server, "metrics.example.org", path), 200, "{path}");
    }
    assert!(!server.log().iter().any(|line| line.contains("WARNING refused")), "{:?}", server.log());
}

#[test]
fn a_rebound_name_is_refused_with_the_key_that_would_allow_it() {
    let world = World::embedded();
    let server = serve(&world, "");
    for path in PAGES {
        assert_eq!(under(&server, "evil.example", path), 421, "{path}");
    }
    let post = "POST /api/sync/transactions HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n";
    assert_eq!(server.send(format!("{post}content-length: 0\r\n\r\n").as_bytes()).status, 421);
    let claim =
        "GET /dashboard HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: localhost\r\nconnection: close\r\n\r\n";
    let refused = server.send(claim.as_bytes());
    assert_eq!((refused.status, &refused.json()["status"]), (421, &json!("error")));
    let text = refused.json()["error"].as_str().unwrap().to_owned();
    assert!(text.contains("\"evil.example\"") && text.contains("orchestrator.telemetry.allowed_hosts"), "{text}");
    let log = server.log();
    let named: Vec<&String> = log.iter().filter(|line| line.contains("does not answer under the name")).collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].contains("WARNING") && named[0].contains("\"evil.example\""), "{named:?}");
    let none = server.send(b"GET /dashboard HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert_eq!(none.status, 400, "{}", none.text());
    let two =
        server.send(b"GET /dashboard HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert_eq!(two.status, 421, "{}", two.text());
}

#[test]
fn a_reload_allows_a_name_and_takes_it_back() {
    let world = World::embedded();
    let server = serve(&world, &allowing("home.example.org"));
    assert_eq!(under(&server, "home.example.org", "/dashboard"), 200);
    assert_eq!(under(&server, "a.example.org", "/dashboard"), 421);
    world.configure(&allowing(".example.org"));
    server.signal("HUP");
    server.logged("Reloaded configuration");
    assert_eq!(under(&server, "A.example.org:443", "/dashboard"), 200);
    assert_eq!(under(&server, "evil.example", "/dashboard"), 421);
    assert!(!server.log().iter().any(|line| line.contains("takes effect after a restart")));
    world.configure(&allowing("'*.example.org'"));
    server.signal("HUP");
    server.logged("allowed_hosts[0]: found \"*.example.org\", expected a name such as home.example.org");
    assert_eq!(under(&server, "a.example.org", "/dashboard"), 200, "the good one stays in effect");
}

#[test]
fn with_logins_any_name_is_served_as_before() {
    let world = World::embedded();
    let server = serve(&world, AUTH);
    assert_eq!(under(&server, "orchestrator.example.com", "/dashboard"), 200, "require_for: sensitive");
    assert_eq!(under(&server, "orchestrator.example.com", "/api/config/normalized"), 401);
    assert_eq!(server.send(b"GET /dashboard HTTP/1.0\r\n\r\n").status, 200);
}
