//! What is done and said when the network or an API is not as it should be.

use std::time::{Duration, Instant};

use advisor_io::api::{ApiError, Settings, SettingsError};
use advisor_io::liqwid::Liqwid;
use advisor_testkit::liqwid::Liqwid as Server;
use testkit::closed_port;
use testkit::scripted::{Fault, Injection};

use crate::apis::{liqwid, settings};

fn server() -> Server {
    let server = Server::start();
    server.add_market("DJED", 1.01);
    server
}

/// The price, or which error it is with `API` for the server's name.
async fn summary(client: &Liqwid, endpoint: &str) -> String {
    let name = format!("Liqwid at {endpoint}");
    let text = |error: &ApiError| error.to_string().replace(&name, "API");
    match client.prices().await {
        Ok(prices) => format!("{:?}", prices.of("djed")),
        Err(error @ ApiError::Unavailable { .. }) => format!("unavailable {}", text(&error)),
        Err(error @ ApiError::Slow { .. }) => format!("slow {}", text(&error)),
        Err(error @ ApiError::Unusable { .. }) => format!("unusable {}", text(&error)),
    }
}

/// Asks for prices while requests meet `fault`; compares what comes of it and how many requests were sent.
async fn meets(fault: impl Into<Injection>, expected: &str, requests: usize) {
    meets_with(|settings| settings, fault, expected, requests).await;
}

async fn meets_with(change: fn(Settings) -> Settings, fault: impl Into<Injection>, expected: &str, requests: usize) {
    let server = server();
    server.inject(fault);
    let client = Liqwid::new(change(settings(&server.endpoint()))).unwrap();
    let found = summary(&client, &server.endpoint()).await;
    assert_eq!((found.as_str(), server.request_count()), (expected, requests));
}

const PRICE: &str = "Some(1.01)";

#[tokio::test]
async fn nobody_listening_is_tried_again() {
    let url = format!("http://127.0.0.1:{}/graphql", closed_port().unwrap());
    let client = Liqwid::new(settings(&url)).unwrap();
    assert_eq!(summary(&client, &url).await, "unavailable API: connection refused after 3 attempts");
    let client = Liqwid::new(Settings { retries: 0, ..settings(&url) }).unwrap();
    assert_eq!(summary(&client, &url).await, "unavailable API: connection refused after 1 attempt");
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    meets(Fault::Reset.times(2), PRICE, 3).await;
    meets(Fault::Reset.always(), "unavailable API: connection reset after 3 attempts", 3).await;
    for (status, reason) in [
        (408, "Request Timeout"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (503, "Service Unavailable"),
    ] {
        meets(Fault::status(status).times(2), PRICE, 3).await;
        let expected = format!("unavailable API: answered {status} {reason} after 3 attempts");
        meets(Fault::status(status).always(), &expected, 3).await;
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    for (status, reason) in
        [(302, "Found"), (400, "Bad Request"), (401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found")]
    {
        meets(Fault::status(status), &format!("unavailable API: answered {status} {reason}"), 1).await;
    }
    let text = Fault::Reply { status: 401, header: None, body: "no\n\u{1b}[31m key".into() };
    meets(text, "unavailable API: answered 401 Unauthorized: no [31m key", 1).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    meets(Fault::Truncate { keep_bytes: 30 }, PRICE, 2).await;
    let broke = "unavailable API: the answer broke off after 30 bytes";
    meets(Fault::Truncate { keep_bytes: 30 }.always(), &format!("{broke} after 3 attempts"), 3).await;
    meets(Fault::ShortBody { keep_bytes: 30 }, PRICE, 2).await;
    let early = format!("{broke}: end of file before message length reached after 3 attempts");
    meets(Fault::ShortBody { keep_bytes: 30 }.always(), &early, 3).await;
    meets(Fault::body("").always(), "unavailable API: the answer broke off after 0 bytes after 3 attempts", 3).await;
}

#[tokio::test]
async fn a_server_that_is_too_slow_is_not_waited_for() {
    let short = |settings| Settings { timeout: Duration::from_millis(100), ..settings };
    let slow = "slow API: no complete answer within 0.1 s after 3 attempts";
    meets_with(short, Fault::Delay(Duration::from_secs(600)).always(), slow, 3).await;
    meets_with(short, Fault::Stall { after_body_bytes: 30 }.always(), slow, 3).await;
    // The answer to the second request must come in time on a busy machine, too.
    let longer = |settings| Settings { timeout: Duration::from_secs(3), ..settings };
    meets_with(longer, Fault::Delay(Duration::from_secs(600)), PRICE, 2).await;
    meets_with(longer, Fault::Stall { after_body_bytes: 30 }, PRICE, 2).await;
}

#[tokio::test]
async fn no_question_takes_longer_than_its_deadline() {
    const HOUR: Duration = Duration::from_secs(3600);
    let patient = |settings| Settings { timeout: HOUR, deadline: Duration::from_millis(300), retries: 20, ..settings };
    let began = Instant::now();
    let slow = "slow API: no complete answer within 0.3 s after 1 attempt";
    meets_with(patient, Fault::Delay(HOUR).always(), slow, 1).await;
    assert!(began.elapsed() < HOUR / 60, "{:?}", began.elapsed());

    // A wait that ends after the deadline is not begun.
    let waits =
        |settings| Settings { deadline: Duration::from_secs(60), retry_delay: Duration::from_secs(240), ..settings };
    let busy = "unavailable API: answered 503 Service Unavailable after 1 attempt";
    meets_with(waits, Fault::status(503).always(), busy, 1).await;
}

#[tokio::test]
async fn the_wait_that_an_api_asks_for_is_kept_where_there_is_time() {
    let server = server();
    server.inject(Fault::too_many_requests("1"));
    assert_eq!(summary(&liqwid(&server), &server.endpoint()).await, PRICE);
    let at: Vec<Instant> = server.requests().iter().map(|request| request.received_at).collect();
    assert!(at.len() == 2 && at[1] - at[0] >= Duration::from_millis(990), "{at:?}");

    let long = "unavailable API: answered 429 Too Many Requests (asks to wait for 120 s) after 1 attempt";
    meets(Fault::too_many_requests("120"), long, 1).await;
    meets(Fault::too_many_requests("soon"), PRICE, 2).await;
}

#[tokio::test]
async fn what_is_no_answer_of_the_api_is_said_and_not_asked_for_again() {
    let html = "unusable API: the answer is not JSON (expected value at line 1 column 1): \
                <!doctype html><html><body><h1>It works!</h1></body></html>";
    meets(Fault::html(), html, 1).await;
    meets(
        Fault::body("[]"),
        "unusable API: invalid length 0, expected struct Errors with 1 element at line 1 column 2",
        1,
    )
    .await;
    meets(Fault::body("{}"), "unusable API: missing field `data` at line 1 column 2", 1).await;
    let null = "unusable API: data: invalid type: null, expected struct Root at line 1 column 13";
    meets(Fault::body(r#"{"data": null}"#), null, 1).await;
    let path =
        "unusable API: data.liqwid.data.markets.results[0].asset.price: invalid type: map, expected a number at line";
    let body = r#"{"data":{"liqwid":{"data":{"markets":{"results":[{"asset":{"symbol":"X","price":{}}}]}}}}}"#;
    meets(Fault::body(body), &format!("{path} 1 column 82"), 1).await;
    let latin = Fault::Reply { status: 200, header: None, body: b"{\"data\": \"\xe9\"}".as_slice().into() };
    meets(latin, "unusable API: the answer is not JSON (invalid unicode code point at line 1 column 11): {\"data\": \"\u{fffd}\"}", 1).await;
}

#[tokio::test]
async fn errors_of_the_api_are_failures_although_the_status_is_200() {
    let errors =
        r#"{"errors": [{"message": "Cannot query field \"x\"."}, null, {"message": "and\nmore"}, {}], "data": null}"#;
    meets(Fault::body(errors), "unusable API: answered with errors: Cannot query field \"x\".; and more", 1).await;
    let partly = r#"{"data": {"liqwid": {"data": {"markets": {"results": []}}}}, "errors": [{"message": "late"}]}"#;
    meets(Fault::body(partly), "unusable API: answered with errors: late", 1).await;
    let none = r#"{"data": {"liqwid": {"data": {"markets": {"results": []}}}}, "errors": []}"#;
    meets(Fault::body(none), "None", 1).await;
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let long = "unusable API: the answer is longer than 16 MiB";
    meets(Fault::Blanks { bytes: 64 << 20 }, long, 1).await;
    meets(
        Fault::Blanks { bytes: 16 << 20 }.always(),
        "unavailable API: the answer broke off after 16777216 bytes after 3 attempts",
        3,
    )
    .await;
}

#[test]
fn an_address_that_cannot_be_asked_is_refused_without_what_is_secret() {
    for url in ["ftp://user:word@host/x?key=1", "data:text/plain,x"] {
        let error = Liqwid::new(settings(url)).err().unwrap();
        assert!(matches!(error, SettingsError::Address { .. }));
        let text = error.to_string();
        assert!(!text.contains("word") && !text.contains("key"), "{text}");
    }
}

#[tokio::test]
async fn nothing_secret_of_an_address_is_in_an_error() {
    let url = format!("http://user:word@127.0.0.1:{}/graphql?key=secret", closed_port().unwrap());
    let client = Liqwid::new(settings(&url)).unwrap();
    let text = client.prices().await.unwrap_err().to_string();
    assert!(
        text.contains("/graphql: connection refused") && !text.contains("word") && !text.contains("secret"),
        "{text}"
    );
}
