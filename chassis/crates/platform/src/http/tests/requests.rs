//! One request and its answer, through the chassis.

use serde_json::{Value as Json, json};

use super::*;
use crate::telemetry::tests::Lines;
use crate::telemetry::{Format, Level};

/// Sends a request and splits the answer into its status, its header lines and its body.
async fn ask(server: &Server, request: impl AsRef<[u8]>) -> (u16, Vec<String>, String) {
    let answer = server.exchange(request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let mut lines = head.lines().map(str::to_owned);
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    (status, lines.collect(), body.to_owned())
}

fn closing(line: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
}

fn has(lines: &[String], line: &str) -> bool {
    lines.iter().any(|other| other == line)
}

/// What every answer has; of one that is an error, its JSON.
#[track_caller]
fn assert_is_answered(request: &str, answer: (u16, Vec<String>, String), expected: u16, text: &str) {
    let (status, headers, body) = answer;
    let request = request.get(..60).unwrap_or(request);
    assert_eq!(status, expected, "{request:?}: {body}");
    for line in [
        "content-security-policy: default-src 'self'",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "referrer-policy: no-referrer",
    ] {
        assert!(has(&headers, line), "{request:?} without {line}: {headers:?}");
    }
    assert!(headers.iter().any(|line| line.starts_with("x-request-id: ")), "{request:?}: {headers:?}");
    if status == 200 {
        assert_eq!(body, text);
    } else {
        assert!(has(&headers, "content-type: application/json"), "{request:?}: {headers:?}");
        let body: Json = serde_json::from_str(&body).unwrap();
        assert_eq!(body, json!({ "error": text, "status": "error" }), "{request:?}");
    }
}

#[tokio::test]
async fn every_answer_has_the_same_headers_and_every_error_is_json() {
    let server = Server::start(Limits::default()).await;
    let post = |path: &str, kind: &str, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{kind}");
        format!("{head}content-length: {}\r\n\r\n{body}", body.len())
    };
    let no_form = "Form requests must have `Content-Type: application/x-www-form-urlencoded`";
    let too_large = "the body is larger than 65536 bytes, expected at most that";
    let cases = [
        (closing("GET /"), 200, "hello"),
        (closing("HEAD /"), 200, ""),
        (post("/echo", "", "ping"), 200, "ping"),
        (post("/echo", "", &"x".repeat(64 * 1024)), 200, &"x".repeat(64 * 1024)),
        (closing("GET /none"), 404, "Not Found"),
        (closing("DELETE /"), 405, "Method Not Allowed"),
        (closing("GET /panic"), 500, "internal error"),
        (post("/form", "content-type: text/plain\r\n", "a=1"), 415, no_form),
        (post("/echo", "", &"x".repeat(64 * 1024 + 1)), 413, too_large),
        (post("/echo", "", &"x".repeat(2 << 20)), 413, too_large),
        (
            "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n".into(),
            400,
            "the body is malformed",
        ),
    ];
    for (request, expected, text) in cases {
        assert_is_answered(&request, ask(&server, &request).await, expected, text);
    }
    let (_, headers, _) = ask(&server, closing("DELETE /")).await;
    assert!(has(&headers, "allow: GET,HEAD"), "{headers:?}");
    let (_, headers, body) = ask(&server, closing("HEAD /")).await;
    assert!(has(&headers, "content-length: 5") && body.is_empty(), "{headers:?} {body}");
}

#[tokio::test]
async fn a_request_that_is_none_is_answered_like_any_other() {
    let server = Server::start(Limits::default()).await;
    let too_large = "the request was refused: its header is too large";
    let malformed = "the request was refused: it is malformed";
    for (request, expected, text) in [
        (format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(17 * 1024)), 431, too_large),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(300 * 1024)), 431, too_large),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101)), 431, too_large),
        ("GET / HTTP/1.1\r\nhost : a\r\n\r\n".into(), 400, malformed),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".into(), 400, malformed),
    ] {
        assert_is_answered(&request, ask(&server, &request).await, expected, text);
    }
}

#[tokio::test]
async fn requests_in_a_row_and_requests_at_once_are_answered_in_order() {
    let server = Server::start(Limits::default()).await;
    let mut peer = server.connect().await;
    for _ in 0..3 {
        assert!(peer.get("/").await.ends_with("hello"));
    }
    let first = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\none";
    peer.send(format!("{first}GET /client HTTP/1.1\r\nhost: a\r\n\r\n{}", closing("GET /"))).await;
    let answers = peer.rest().await;
    let bodies: Vec<&str> =
        answers.split("HTTP/1.1 200 OK\r\n").filter_map(|one| one.split("\r\n\r\n").nth(1)).collect();
    assert_eq!(bodies, ["one", "127.0.0.1", "hello"]);
    let expecting =
        "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
    let mut peer = server.connect().await;
    peer.send(expecting).await;
    let mut go_on = [0; 25];
    peer.0.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("ok").await;
    assert!(peer.rest().await.ends_with("\r\n\r\nok"));
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let server = Server::start(Limits::default()).await;
    let id_of = async |id: &str| {
        let request = closing("GET /").replace("host: a", &format!("host: a{id}"));
        let (_, headers, _) = ask(&server, request).await;
        headers.iter().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned()
    };
    assert_eq!(id_of("\r\nx-request-id: 7f.a-B_c:9").await, "7f.a-B_c:9");
    let long = "x".repeat(129);
    let mut made = Vec::new();
    for id in [
        "",
        "\r\nx-request-id: ",
        "\r\nx-request-id: a b",
        "\r\nx-request-id: \"",
        &format!("\r\nx-request-id: {long}"),
    ] {
        let id = id_of(id).await;
        assert!(id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        made.push(id);
    }
    made.sort_unstable();
    made.dedup();
    assert_eq!(made.len(), 5, "no two requests have the same id");
}

#[tokio::test]
async fn every_request_leaves_one_line_by_its_outcome() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.subscriber(Level::Debug, Format::Text));
    let server = Server::start(Limits::default()).await;
    let from = "host: a\r\nx-request-id: me\r\nx-forwarded-for: 192.0.2.7";
    for line in ["GET /?password=hunter2", "HEAD /", "POST /echo", "GET /none", "GET /panic", "GET /probe"] {
        ask(&server, closing(line).replace("host: a", from)).await;
    }
    ask(&server, "nonsense\r\n\r\n").await;
    drop(guard);
    let text = lines.text();
    let expected = [
        ("DEBUG request, client=192.0.2.7, duration_ms=", ", method=GET, path=/, status=200, correlationId=me"),
        ("DEBUG request, client=192.0.2.7, duration_ms=", ", method=HEAD, path=/, status=200, correlationId=me"),
        ("INFO request, client=192.0.2.7, duration_ms=", ", method=POST, path=/echo, status=200, correlationId=me"),
        ("WARNING request, client=192.0.2.7, duration_ms=", ", method=GET, path=/none, status=404, correlationId=me"),
        ("WARNING refused a request: it is malformed, client=127.0.0.1", ", status=400, correlationId="),
        ("ERROR request, client=192.0.2.7, duration_ms=", ", method=GET, path=/panic, status=500, correlationId=me"),
        ("DEBUG request, client=192.0.2.7, duration_ms=", ", method=GET, path=/probe, status=503, correlationId=me"),
    ];
    for (start, end) in expected {
        let count = text.lines().filter(|line| line.contains(start) && line.contains(end)).count();
        assert_eq!(count, 1, "{start}…{end} in {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn refusals_of_one_kind_are_summed_up_and_none_is_lost() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.subscriber(Level::Info, Format::Text));
    let mut server = Server::start(Limits::default()).await;
    let mut peer = server.connect().await;
    for n in 0..500 {
        assert!(peer.get(&format!("/none/{n}")).await.starts_with("HTTP/1.1 404"));
        peer.send("DELETE / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await;
        assert!(peer.answer().await.starts_with("HTTP/1.1 405"));
    }
    for _ in 0..20 {
        assert!(server.exchange("nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
        assert!(peer.get("/panic").await.starts_with("HTTP/1.1 500"), "what is our own fault is not summed up");
    }
    drop(peer);
    server.stop();
    server.stopped().await;
    drop(guard);
    let text = lines.text();
    let counted = |what: &str| {
        let of_kind = text.lines().filter(|line| line.contains(what));
        of_kind
            .map(|line| {
                line.split_once("count=").map_or(1, |(_, rest)| rest.split(',').next().unwrap().parse().unwrap())
            })
            .sum::<u64>()
    };
    assert_eq!(counted("status=404"), 500, "{text}");
    assert_eq!(counted("status=405"), 500, "{text}");
    assert_eq!(counted("status=400"), 20, "{text}");
    assert_eq!(counted("status=500"), 20, "{text}");
    let summed = text.lines().filter(|line| !line.contains("status=500") && !line.contains("panicked")).count();
    assert!(summed < 40, "few lines in as little time as this takes: {summed} of {text}");
}

#[tokio::test]
async fn a_rendered_page_is_sent_again_only_when_it_has_changed() {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    let page = Rendered::new("text/plain; charset=utf-8", "hello ".repeat(1000).into_bytes());
    let respond = |pairs: &[(&'static str, &str)]| {
        let pairs =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        page.respond(&pairs.collect::<HeaderMap>())
    };
    let body =
        async |response: axum::response::Response| axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let header = |response: &axum::response::Response, name: &str| response.headers().get(name).cloned();
    let plain = respond(&[]);
    let tag = header(&plain, "etag").unwrap().to_str().unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
    assert_eq!(header(&plain, "cache-control").unwrap(), "no-cache");
    assert_eq!(header(&plain, "vary").unwrap(), "accept, accept-encoding");
    assert_eq!(header(&plain, "content-encoding"), None);
    assert_eq!(body(plain).await, "hello ".repeat(1000));
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".into()] {
        let response = respond(&[("if-none-match", &known)]);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header(&response, "etag").unwrap(), tag.as_str());
        assert!(body(response).await.is_empty());
    }
    assert_eq!(respond(&[("if-none-match", "\"x\"")]).status(), StatusCode::OK);
    for accepted in ["gzip", "br, GZIP;q=0.5", "*"] {
        let response = respond(&[("accept-encoding", accepted), ("if-none-match", &tag)]);
        assert_eq!(response.status(), StatusCode::OK, "the compressed page is another: {accepted}");
        assert_eq!(header(&response, "content-encoding").unwrap(), "gzip");
        let mut text = String::new();
        let bytes = body(response).await;
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
        assert_eq!(text, "hello ".repeat(1000));
    }
    for refused in ["gzip;q=0, *", "br", "identity;q=1", "*;q=0"] {
        assert_eq!(header(&respond(&[("accept-encoding", refused)]), "content-encoding"), None, "{refused}");
    }
    let short = Rendered::json(&[1, 2])
        .respond(&HeaderMap::from_iter([("accept-encoding".parse().unwrap(), HeaderValue::from_static("gzip"))]));
    assert_eq!(header(&short, "content-encoding"), None, "it would be longer");
    assert_eq!(body(short).await, "[1,2]");
}
