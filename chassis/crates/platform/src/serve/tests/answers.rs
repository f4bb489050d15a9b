//! Who gets which answer?

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Extension;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

use super::{Answer, ask, send};
use crate::auth::{Logins, Users};
use crate::config::text::HostName;
use crate::http::{Limits, Proxies, listen, serve};
use crate::serve::{Checks, Guarded, PageFiles, Probed, Routes, differences};
use crate::telemetry::tests::Lines;
use crate::telemetry::{Format, Level};

/// What a test changes between two questions.
#[derive(Default)]
struct State {
    settings: Mutex<Arc<Settings>>,
    wrong: Mutex<Option<&'static str>>,
}

#[derive(Default)]
struct Settings {
    logins: Option<Logins>,
    guards_pages: bool,
    allowed_hosts: Vec<HostName>,
    name: &'static str,
}

impl Guarded for State {
    type Settings = Settings;
    const REALM: &'static str = "Tests";
    const ALLOWED_HOSTS: &'static str = "server.allowed_hosts";

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.lock().unwrap())
    }

    fn logins(settings: &Settings) -> Option<&Logins> {
        settings.logins.as_ref()
    }

    fn allowed_hosts(settings: &Settings) -> &[HostName] {
        &settings.allowed_hosts
    }

    fn guards_pages(settings: &Settings) -> bool {
        settings.guards_pages
    }
}

impl State {
    fn found(&self) -> Result<(), String> {
        self.wrong.lock().unwrap().map_or(Ok(()), |wrong| Err(wrong.to_owned()))
    }
}

impl Probed for State {
    const VERSION: &'static str = "1.2.3";

    fn alive(&self) -> Result<(), String> {
        self.found()
    }

    fn started(&self) -> Result<(), String> {
        self.found()
    }

    async fn checks(&self) -> Checks {
        vec![("store", Ok(())), ("data", self.found())]
    }
}

fn file(path: &str) -> Option<Cow<'static, [u8]>> {
    let text: &'static str = match path {
        "index.html" => "<p>Hello</p>",
        "assets/js/main.js" => "hello()",
        _ => return None,
    };
    Some(text.as_bytes().into())
}

const DOCUMENT: &str = r#"{"paths": {
    "/livez": {"get": {"security": []}},
    "/readyz": {"get": {"security": []}},
    "/startupz": {"get": {"security": []}},
    "/health": {"get": {"security": []}},
    "/": {"get": {"security": [{}, {"basic": []}]}},
    "/dashboard": {"get": {"security": [{}, {"basic": []}]}},
    "/dashboard/": {"get": {"security": [{}, {"basic": []}]}},
    "/assets/{file}": {"get": {"security": [{}, {"basic": []}]}},
    "/api/openapi.json": {"get": {"security": [{}, {"basic": []}]}},
    "/api/name": {"get": {"security": [{}, {"basic": []}]}},
    "/api/secret": {"get": {"security": [{"basic": []}]}, "post": {"security": [{"basic": []}]}}
}}"#;

fn routes() -> Routes<State> {
    let name = async |settings: Extension<Arc<Settings>>| settings.name;
    Routes::default()
        .probes()
        .dashboard(PageFiles::new(file))
        .described_by(DOCUMENT.as_bytes())
        .page("/api/name", get(name))
        .sensitive("/api/secret", get("secret").merge(post("written")))
}

/// A server with these routes, for as long as the test runs.
struct Running {
    state: Arc<State>,
    address: SocketAddr,
}

impl Running {
    async fn start() -> Self {
        let state = Arc::new(State::default());
        let listener = listen("localhost", 0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = routes().app(&state, Proxies::default());
        tokio::spawn(serve(listener, app, Limits::default(), std::future::pending()));
        Self { state, address }
    }

    /// Lets in anna, and for pages everybody, unless those are guarded as well.
    fn guard(&self, guards_pages: bool) {
        let mut users = Users::default();
        let hash = bcrypt::hash("anna's", 4).unwrap();
        users.add("anna", format!("bcrypt:{hash}").parse().unwrap());
        let settings =
            Settings { logins: Some(Logins::new(users)), guards_pages, name: "guarded", ..Settings::default() };
        *self.state.settings.lock().unwrap() = Arc::new(settings);
    }

    fn is_wrong(&self, what: Option<&'static str>) {
        *self.state.wrong.lock().unwrap() = what;
    }

    async fn get(&self, path: &str) -> Answer {
        ask(self.address, &format!("GET {path}"), &[]).await
    }

    #[track_caller]
    fn json(answer: &Answer) -> (u16, Json) {
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }
}

#[tokio::test]
async fn probes_say_what_is_wrong_and_that_the_service_answers() {
    let running = Running::start().await;
    let failed = |text: &str| (503, json!({ "error": text, "status": "error" }));
    for (wrong, live, started, ready) in [
        (
            None,
            (200, json!({ "status": "ok" })),
            (200, json!({ "status": "started" })),
            (200, json!({ "status": "ready", "checks": { "store": "ok", "data": "ok" } })),
        ),
        (
            Some("no data"),
            failed("no data"),
            failed("no data"),
            (503, json!({ "status": "not ready", "checks": { "store": "ok", "data": "no data" } })),
        ),
    ] {
        running.is_wrong(wrong);
        assert_eq!(Running::json(&running.get("/livez").await), live);
        assert_eq!(Running::json(&running.get("/startupz").await), started);
        let answer = running.get("/readyz").await;
        assert_eq!(Running::json(&answer), ready);
        assert!(answer.body.find("store") < answer.body.find("data"), "in the order of the checks: {}", answer.body);
        let (status, health) = Running::json(&running.get("/health").await);
        assert_eq!((status, &health["status"], &health["version"]), (200, &json!("ok"), &json!("1.2.3")));
        assert!(health["uptime"].is_u64() && health["timestamp"].is_string(), "{health}");
    }
}

#[tokio::test]
async fn the_page_is_served_with_what_it_loads_and_nothing_else() {
    let running = Running::start().await;
    let root = running.get("/").await;
    assert_eq!(root.status, 307);
    assert!(root.head.contains("\r\nlocation: dashboard\r\n"), "{}", root.head);
    for (path, place) in
        [("/dashboard/", "../dashboard"), ("/dashboard/?asset=a&b=%20c", "../dashboard?asset=a&b=%20c")]
    {
        let answer = running.get(path).await;
        assert_eq!(answer.status, 307, "{path}");
        assert!(answer.head.contains(&format!("\r\nlocation: {place}\r\n")), "{}", answer.head);
    }
    for (path, kind, body) in [
        ("/dashboard", "text/html; charset=utf-8", "<p>Hello</p>"),
        ("/assets/js/main.js", "text/javascript; charset=utf-8", "hello()"),
        ("/assets/js/main.js", "text/javascript; charset=utf-8", "hello()"),
        ("/api/openapi.json", "application/json", DOCUMENT),
    ] {
        let answer = running.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
        assert!(answer.head.contains(&format!("\r\ncontent-type: {kind}\r\n")), "{path}: {}", answer.head);
    }
    let missing = Running::json(&running.get("/assets/index.html").await);
    assert_eq!(missing, (404, json!({ "error": "there is no file \"assets/index.html\"", "status": "error" })));
}

#[tokio::test]
async fn each_route_asks_for_the_login_that_the_settings_in_effect_want() {
    let running = Running::start().await;
    let anna = vec![format!("authorization: Basic {}", BASE64_STANDARD.encode("anna:anna's"))];
    let statuses = async || {
        let mut statuses = Vec::new();
        for path in ["/livez", "/api/name", "/api/secret"] {
            statuses.push(running.get(path).await.status);
        }
        statuses
    };
    assert_eq!(statuses().await, [200, 200, 200], "nobody has to log in");
    running.guard(false);
    assert_eq!(statuses().await, [200, 200, 401]);
    running.guard(true);
    assert_eq!(statuses().await, [200, 401, 401]);
    let refused = running.get("/api/secret").await;
    assert!(refused.head.contains("\r\nwww-authenticate: Basic realm=\"Tests\"\r\n"), "{}", refused.head);
    let name = ask(running.address, "GET /api/name", &anna).await;
    assert_eq!((name.status, name.body.as_str()), (200, "guarded"), "the handler has the settings that let it in");
    assert_eq!(ask(running.address, "POST /api/secret", &anna).await.body, "written");
    let foreign = [anna, vec!["origin: http://b".to_owned()]].concat();
    assert_eq!(ask(running.address, "POST /api/secret", &foreign).await.status, 403);
    assert_eq!(ask(running.address, "GET /api/secret", &foreign).await.status, 200);
}

#[tokio::test]
async fn without_logins_a_name_that_a_stranger_can_point_here_gets_probes_and_nothing_else() {
    let log = Lines::default();
    let _logging = tracing::subscriber::set_default(log.subscriber(Level::Warning, Format::Text));
    let running = Running::start().await;
    let get = async |path: &str, host: &str| {
        let rest = "connection: close\r\nx-forwarded-host: localhost\r\n\r\n";
        send(running.address, &format!("GET {path} HTTP/1.1\r\n{host}{rest}")).await
    };
    let statuses = async |path: &str| {
        let mut statuses = Vec::new();
        for host in ["host: localhost\r\n", "host: evil.example:80\r\n", "host: a\r\nhost: a\r\n", ""] {
            statuses.push(get(path, host).await.status);
        }
        statuses
    };
    for page in ["/dashboard", "/assets/js/main.js", "/api/openapi.json", "/api/name", "/api/secret"] {
        assert_eq!(statuses(page).await, [200, 421, 421, 400], "{page}");
    }
    for probe in ["/livez", "/readyz", "/startupz", "/health"] {
        assert_eq!(statuses(probe).await, [200; 4], "{probe}");
    }
    let old = send(running.address, "GET /livez HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.status, 200, "a load balancer of the old kind");
    let refused = Running::json(&get("/", "host: evil.example:80\r\n").await);
    let text = "this service does not answer under the name \"evil.example\"; where a name should lead here, \
                add it to server.allowed_hosts in the configuration";
    assert_eq!(refused, (421, json!({ "error": text, "status": "error" })));
    let named = log.text().lines().filter(|line| line.contains("WARNING refused a request: this service")).count();
    assert_eq!(named, 1, "{}", log.text());

    let allowed_hosts = vec![".example".parse().unwrap()];
    *running.state.settings.lock().unwrap() = Arc::new(Settings { allowed_hosts, ..Settings::default() });
    assert_eq!(statuses("/dashboard").await, [200, 200, 421, 400], "the settings in effect allow the name");
    running.guard(false);
    assert_eq!(statuses("/dashboard").await, [200; 4], "a login keeps strangers out");
}

#[test]
fn a_description_is_told_what_it_lacks_and_what_it_makes_up() {
    assert_eq!(differences(&routes(), DOCUMENT.as_bytes()), Ok(vec![]));
    let more = routes().open("/metrics", get("metrics"));
    let found = differences(&more, DOCUMENT.replace("/livez", "/alive").as_bytes());
    let expected = [
        "/livez with security [] is only served",
        "/metrics with security [] is only served",
        "/alive with security [] is only described",
    ];
    assert_eq!(found, Ok(expected.map(str::to_owned).to_vec()));
    // One method of an address that asks for another login than the address does.
    let found = differences(
        &routes(),
        DOCUMENT.replace(r#""post": {"security": [{"#, r#""post": {"security": [{}, {"#).as_bytes(),
    );
    let expected = "/api/secret with security [{},{\"basic\":[]}] is only described";
    assert_eq!(found, Ok(vec![expected.to_owned()]));
    assert_eq!(differences(&routes(), b"{}"), Err("the document has no paths".to_owned()));
}
