//! What the GreptimeDB back end does when the server, the network or a table is not as it should be.
//!
//! Against the stand-in of `advisor-testkit`; what it cannot do (redirects, a slow but steady answer) is served by hand.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use advisor_core::position::Positions;
use advisor_core::store::{Store, StoreError, TableKind};
use advisor_io::greptime::{Greptime, Round, Settings};
use advisor_testkit::greptime::{Fault, Greptime as Server, Injection, Release};
use testkit::closed_port;

use crate::greptime::{block_on, settings};

const POSITIONS: &str = "liqwid_supply_positions_djed";
const DEPOSITS: &str = "liqwid_deposits_djed";
const MINUTE: i64 = 60_000;

/// A server with two wallets of three samples each, and one deposit.
fn server() -> Server {
    filled(Server::start())
}

fn filled(server: Server) -> Server {
    let sql = format!(
        "CREATE TABLE {POSITIONS} (ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, underlying_units DOUBLE, \
         usd_value DOUBLE, price_usd DOUBLE, PRIMARY KEY (wallet_address))"
    );
    server.execute(&sql).unwrap();
    let sql = format!(
        "CREATE TABLE {DEPOSITS} (ts TIMESTAMP(9) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, \
         PRIMARY KEY (wallet_address))"
    );
    server.execute(&sql).unwrap();
    let rows =
        ["addr1a", "addr1b"].into_iter().flat_map(|wallet| (0..3).map(move |i| (i * MINUTE, wallet, 10.0, 20.0, 2.0)));
    let columns = ["ts", "wallet_address", "underlying_units", "usd_value", "price_usd"];
    server.insert_rows(POSITIONS, &columns, rows).unwrap();
    server.insert_rows(DEPOSITS, &["ts", "wallet_address", "amount"], [(5_i64, "addr1a", 7.0)]).unwrap();
    server
}

fn client(server: &Server) -> Greptime {
    Greptime::new(settings(&server.url())).unwrap()
}

async fn positions(round: &Round<'_>) -> Result<Positions, StoreError> {
    round.positions(POSITIONS, None, i64::MAX).await
}

/// The answer in one line: the samples, or the error with `STORE` for the server's address.
fn summary(answer: &Result<Positions, StoreError>, url: &str) -> String {
    match answer {
        Ok(positions) => {
            let samples: Vec<usize> = positions.wallets.iter().map(|wallet| wallet.ts().len()).collect();
            format!("{samples:?} samples")
        }
        Err(error) => error.to_string().replace(&format!("GreptimeDB at {url}"), "STORE"),
    }
}

/// Asks for positions while queries of them meet `fault`; compares the answer and how many of these queries were sent.
#[track_caller]
fn meets(fault: impl Into<Injection>, expected: &str, requests: usize) {
    meets_within(Duration::from_secs(10), fault, expected, requests);
}

#[track_caller]
fn meets_within(timeout: Duration, fault: impl Into<Injection>, expected: &str, requests: usize) {
    let server = server();
    server.inject(fault.into().when_sql_contains("SELECT"));
    let store = Greptime::new(Settings { timeout, ..settings(&server.url()) }).unwrap();
    let answer = block_on(async { positions(&store.round()).await });
    let sent = server.queries().iter().filter(|query| query.sql.contains("SELECT")).count();
    assert_eq!((summary(&answer, &server.url()).as_str(), sent), (expected, requests));
}

const ALL: &str = "[3, 3] samples";

#[test]
fn nobody_listening_is_a_failed_connection() {
    let url = format!("http://127.0.0.1:{}", closed_port().unwrap());
    let store = Greptime::new(settings(&url)).unwrap();
    let answer = block_on(async { positions(&store.round()).await });
    assert_eq!(summary(&answer, &url), "Failed to connect to STORE: connection refused after 4 attempts");
    let store = Greptime::new(Settings { retries: 0, ..settings(&url) }).unwrap();
    let answer = block_on(async { positions(&store.round()).await });
    assert_eq!(summary(&answer, &url), "Failed to connect to STORE: connection refused after 1 attempt");
}

#[test]
fn an_unknown_host_is_a_failed_connection() {
    let store = Greptime::new(Settings { retries: 1, ..settings("http://nobody.invalid") }).unwrap();
    let error = block_on(async { store.round().tables().await }).unwrap_err().to_string();
    let expected =
        "Failed to connect to GreptimeDB at http://nobody.invalid:4000: failed to lookup address information";
    assert!(error.starts_with(expected) && error.ends_with("after 2 attempts"), "{error}");
}

#[test]
fn a_reset_connection_is_tried_again() {
    let before = || Fault::Reset { after_body_bytes: None };
    meets(before().times(3), ALL, 4);
    meets(before().always(), "Failed to connect to STORE: connection reset after 4 attempts", 4);
}

#[test]
fn an_answer_that_breaks_off_is_read_again_from_its_start() {
    // Past the schema and the first rows, which must not count twice.
    let broken = "store unavailable: STORE: the answer broke off";
    meets(Fault::Reset { after_body_bytes: Some(450) }, ALL, 2);
    meets(Fault::Truncate { keep_bytes: 450 }, ALL, 2);
    meets(Fault::Truncate { keep_bytes: 450 }.always(), &format!("{broken} after 4 attempts"), 4);
    meets(Fault::Truncate { keep_bytes: 0 }.always(), &format!("{broken} after 4 attempts"), 4);
    meets(Fault::ShortBody { keep_bytes: 450 }, ALL, 2);
    let cause = "after 450 bytes: end of file before message length reached after 4 attempts";
    meets(Fault::ShortBody { keep_bytes: 450 }.always(), &format!("{broken} {cause}"), 4);
}

#[test]
fn a_server_that_is_silent_for_too_long_is_tried_again() {
    let delay = || Fault::Delay(Duration::from_secs(600));
    let silent = "Failed to connect to STORE: no answer within 0.1 s after 4 attempts";
    meets_within(Duration::from_millis(100), delay().always(), silent, 4);
    // What comes in time must come in time on a busy machine, too.
    let limit = Duration::from_secs(3);
    meets_within(limit, delay(), ALL, 2);
    let stall = || Fault::Stall { after_body_bytes: 450, pause: Duration::from_secs(600) };
    meets_within(limit, stall(), ALL, 2);
    let stalled = "store unavailable: STORE: the answer stalled for 3 s after 450 bytes after 4 attempts";
    meets_within(limit, stall().always(), stalled, 4);
}

#[test]
fn the_waits_between_attempts_double() {
    let server = server();
    server.inject(Fault::empty(503).always());
    let first = Duration::from_millis(40);
    let store = Greptime::new(Settings { retry_delay: first, ..settings(&server.url()) }).unwrap();
    let started = Instant::now();
    block_on(async { store.round().tables().await }).unwrap_err();
    assert_eq!(server.request_count(), 4);
    assert!(started.elapsed() >= first * 7, "{:?}", started.elapsed()); // 1 + 2 + 4
}

#[test]
fn a_passing_refusal_is_tried_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        meets(Fault::empty(status).times(3), ALL, 4);
    }
    let refused = |cause: &str| format!("store unavailable: STORE: answered {cause} after 4 attempts");
    meets(Fault::empty(408).always(), &refused("408 Request Timeout"), 4);
    meets(Fault::error(6001, "too fast").always(), &refused("429 Too Many Requests: too fast (code 6001)"), 4);
    meets(Fault::error(4009, "Region busy").always(), &refused("503 Service Unavailable: Region busy (code 4009)"), 4);
    let masked = "500 Internal Server Error: Internal error: 1003 (code 1003)";
    meets(Fault::error(1003, "secret detail").always(), &refused(masked), 4);
}

#[test]
fn a_refusal_for_good_is_not_tried_again() {
    let denied = "; check client.greptime.username and password";
    let refused = |cause: &str| format!("store unavailable: STORE: answered {cause}");
    let text = "401 Unauthorized: Username and password does not match, username: x (code 7002)";
    let fault = Fault::error(7002, "Username and password does not match, username: x");
    meets(fault.always(), &refused(&format!("{text}{denied}")), 1);
    let text = "403 Forbidden: not yours (code 7006)";
    meets(Fault::error(7006, "not yours").always(), &refused(&format!("{text}{denied}")), 1);
    meets(Fault::error(1004, "bad").always(), &refused("400 Bad Request: bad (code 1004)"), 1);
    meets(Fault::empty(404).always(), &refused("404 Not Found"), 1);
}

#[test]
fn something_that_is_not_greptimedb_is_said_to_be_so() {
    let found = "<!doctype html><html><body><h1>It works!</h1></body></html>";
    let expected = "store unavailable: STORE: the answer is not GreptimeDB's: expected a JSON object, found";
    meets(Fault::html().always(), &format!("{expected} {found}"), 1);
    let page = "x\u{7}\r\n ".repeat(300);
    let fault = Fault::Reply { status: 502, content_type: "text/plain", body: page.into() };
    let shortened = format!("{}…", "x ".repeat(40).trim_end());
    meets(
        fault.always(),
        &format!("store unavailable: STORE: answered 502 Bad Gateway: {shortened} after 4 attempts"),
        4,
    );
    let json = |body: &'static str| Fault::Reply { status: 200, content_type: "application/json", body: body.into() };
    let cause = "store unavailable: STORE: the answer is not GreptimeDB's:";
    meets(json("[1,2]").always(), &format!("{cause} expected a JSON object, found [1,2]"), 1);
    meets(json(r#"{"data":[]}"#).always(), &format!("{cause} no rows in the answer"), 1);
}

#[test]
fn older_releases_are_understood() {
    for release in [Release::V0_4, Release::V0_7] {
        let server = server();
        server.inject(Fault::Release(release).always());
        let store = client(&server);
        block_on(async {
            let round = store.round();
            assert_eq!(round.tables().await.unwrap().len(), 2);
            assert_eq!(summary(&positions(&round).await, &server.url()), ALL);
            // These releases answer 200 with a code.
            let error = round.positions("liqwid_supply_positions_gone", None, 0).await.unwrap_err();
            assert!(matches!(error, StoreError::InvalidData { .. }), "{release:?}: {error}");
        });
    }
    let refused = |cause: &str| format!("store unavailable: STORE: answered 200 OK: {cause}");
    let body = |body: &'static str| Fault::Reply { status: 200, content_type: "application/json", body: body.into() };
    let busy = body(r#"{"code":1009,"error":"Suspended"}"#).always();
    meets(busy, &refused("Suspended (code 1009) after 4 attempts"), 4);
    meets(body(r#"{"error":"no code"}"#).always(), &refused("no code"), 1);
}

#[test]
fn a_missing_table_is_invalid_data() {
    let server = server();
    let store = client(&server);
    block_on(async {
        let round = store.round();
        let error = round.flows("liqwid_deposits_gone", None, 0, i64::MAX).await.unwrap_err().to_string();
        let expected = "invalid data: table liqwid_deposits_gone: answered 400 Bad Request: ";
        assert!(error.starts_with(expected) && error.contains("(code 4001)"), "{error}");
        assert_eq!(summary(&positions(&round).await, &server.url()), ALL); // the round goes on
    });
}

#[test]
fn a_missing_column_and_one_of_a_wrong_type_are_named() {
    let server = server();
    server.execute("CREATE TABLE narrow (ts TIMESTAMP TIME INDEX, wallet_address STRING, price_usd DOUBLE)").unwrap();
    let wrong = "CREATE TABLE wrong (ts TIMESTAMP TIME INDEX, wallet_address STRING, amount STRING)";
    server.execute(wrong).unwrap();
    let store = client(&server);
    block_on(async {
        let round = store.round();
        let missing = "invalid data: table narrow: column usd_value or value_usd is missing; the table has \
                       ts, wallet_address, price_usd";
        assert_eq!(round.positions("narrow", None, 0).await.unwrap_err().to_string(), missing);
        assert_eq!(round.check_columns("narrow", TableKind::Positions).await.unwrap_err().to_string(), missing);
        let wrong = "invalid data: table wrong: column amount is String, expected a number";
        assert_eq!(round.flows("wrong", None, 0, i64::MAX).await.unwrap_err().to_string(), wrong);
        assert_eq!(round.check_columns("wrong", TableKind::Flows).await.unwrap_err().to_string(), wrong);
        round.check_columns(POSITIONS, TableKind::Positions).await.unwrap();
        round.check_columns(DEPOSITS, TableKind::Flows).await.unwrap();
    });
}

#[test]
fn a_table_that_changed_is_described_once_more() {
    let server = server();
    let store = client(&server);
    let asked = |server: &Server| {
        let kinds =
            server.queries().iter().map(|query| query.sql.chars().take(1).collect::<String>()).collect::<String>();
        server.forget_queries();
        kinds // D for DESCRIBE, S for SELECT
    };
    block_on(async {
        positions(&store.round()).await.unwrap();
        positions(&store.round()).await.unwrap();
        assert_eq!(asked(&server), "DSS"); // the description serves all rounds
        // The same column with another name, and another time unit.
        server.execute(&format!("DROP TABLE {POSITIONS}")).unwrap();
        let sql = format!(
            "CREATE TABLE {POSITIONS} (ts TIMESTAMP(9) TIME INDEX, wallet_address STRING, underlying_units DOUBLE, \
             value_usd DOUBLE, price_usd DOUBLE, PRIMARY KEY (wallet_address))"
        );
        server.execute(&sql).unwrap();
        let columns = ["ts", "wallet_address", "value_usd"];
        server.insert_rows(POSITIONS, &columns, [(9_007_199_254_740_993_i64, "addr1a", 1.5)]).unwrap();
        let found = positions(&store.round()).await.unwrap();
        assert_eq!(found.wallets[0].ts(), [9_007_199_254_740_993]);
        assert_eq!(asked(&server), "SDS");
        let retyped = Fault::ColumnType { column: "wallet_address".into(), data_type: "Int64".into() };
        server.inject(retyped.times(2).when_sql_contains("SELECT"));
        let error = positions(&store.round()).await.unwrap_err().to_string();
        let expected = "column wallet_address is Int64 in the answer, unlike in the table";
        assert_eq!(error, format!("invalid data: table {POSITIONS}: {expected}"));
        assert_eq!(asked(&server), "SDS");
        server.execute(&format!("DROP TABLE {POSITIONS}")).unwrap();
        let error = positions(&store.round()).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidData { .. }), "{error}");
        assert_eq!(asked(&server), "SD");
    });
}

#[test]
fn after_a_request_without_retries_left_the_round_asks_nothing_more() {
    let server = server();
    let store = client(&server);
    block_on(async {
        server.inject(Fault::empty(503).always());
        let round = store.round();
        let first = positions(&round).await.unwrap_err();
        let sent = server.request_count();
        assert_eq!(positions(&round).await.unwrap_err(), first);
        assert_eq!(round.flows(DEPOSITS, None, 0, i64::MAX).await.unwrap_err(), first);
        assert_eq!(round.tables().await.unwrap_err(), first);
        assert_eq!(round.clock().await.unwrap_err(), first);
        assert_eq!(server.request_count(), sent);
        server.heal();
        assert_eq!(summary(&positions(&store.round()).await, &server.url()), ALL); // the next round tries anew
    });
}

#[test]
fn the_end_of_a_round_reaches_requests_that_wait_for_their_next_attempt() {
    let server = server();
    let patient = Settings { retry_delay: Duration::from_secs(600), ..settings(&server.url()) };
    let store = Greptime::new(patient).unwrap();
    block_on(async {
        server.inject(Fault::empty(503).always().when_sql_contains("SHOW"));
        server.inject(Fault::error(7002, "no").always().when_sql_contains("now()"));
        let round = store.round();
        let waiting = async {
            let error = round.tables().await.unwrap_err();
            (error, server.queries().iter().filter(|query| query.sql.contains("SHOW")).count())
        };
        let ending = async {
            while server.request_count() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            round.clock().await.unwrap_err()
        };
        let ((waited, sent), ended) = tokio::join!(waiting, ending);
        assert_eq!(waited, ended);
        assert_eq!(sent, 1);
    });
}

#[test]
fn a_refused_query_leaves_the_round_to_other_tables() {
    let server = server();
    let store = client(&server);
    block_on(async {
        server.inject(Fault::error(1004, "bad").times(1).when_sql_contains("FROM"));
        let round = store.round();
        positions(&round).await.unwrap_err();
        assert_eq!(round.flows(DEPOSITS, None, i64::MAX, i64::MAX).await.unwrap().len(), 1);
    });
}

#[test]
fn credentials_are_sent_and_never_told() {
    let server = filled(Server::builder().user("reader", "correct horse").start().unwrap());
    let with = |username: Option<&str>, password: Option<&str>| {
        let (username, password) = (username.map(Into::into), password.map(Into::into));
        let store = Greptime::new(Settings { username, password, ..settings(&server.url()) }).unwrap();
        summary(&block_on(async { positions(&store.round()).await }), &server.url())
    };
    assert_eq!(with(Some("reader"), Some("correct horse")), ALL);
    let refused = |cause: &str| {
        format!(
            "store unavailable: STORE: answered 401 Unauthorized: {cause}; check client.greptime.username and password"
        )
    };
    let wrong = "Username and password does not match, username: reader (code 7002)";
    assert_eq!(with(Some("reader"), Some("battery staple")), refused(wrong));
    assert_eq!(with(None, None), refused("Not found http or grpc authorization header (code 7003)"));
}

#[test]
fn no_name_becomes_part_of_a_query() {
    let server = server();
    let store = client(&server);
    block_on(async {
        let round = store.round();
        for table in ["x\" OR \"1\"=\"1", "a;DROP TABLE b", "a.b", "", "ä"] {
            let error = round.positions(table, None, 0).await.unwrap_err().to_string();
            let cause = "the name has characters other than letters, digits and underscores";
            assert_eq!(error, format!("invalid data: table {table}: {cause}"));
            round.flows(table, None, 0, i64::MAX).await.unwrap_err();
            round.market(table).await.unwrap_err();
            round.check_columns(table, TableKind::Flows).await.unwrap_err();
        }
        assert_eq!(server.request_count(), 0);
    });
}

/// Serves one connection after the other by hand, on a thread that ends with the test.
fn by_hand(mut serve: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).unwrap();
            serve(connection);
        }
    });
    url
}

#[test]
fn a_redirect_is_not_followed() {
    let (seen, elsewhere) = std::sync::mpsc::channel();
    let other = by_hand(move |_| seen.send(()).unwrap());
    let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {other}\r\ncontent-length: 0\r\n\r\n");
    let url = by_hand(move |mut connection| connection.write_all(head.as_bytes()).unwrap());
    let store = Greptime::new(settings(&url)).unwrap();
    let error = block_on(async { store.round().tables().await }).unwrap_err().to_string();
    assert_eq!(error, format!("store unavailable: GreptimeDB at {url}: answered 307 Temporary Redirect"));
    assert!(elsewhere.try_recv().is_err());
}

#[test]
fn a_long_answer_that_keeps_coming_is_not_cut_off() {
    let pause = Duration::from_millis(100);
    let limit = 20 * pause;
    let url = by_hand(move |mut connection| {
        let schema = r#"{"column_schemas":[{"name":"Tables","data_type":"String"}]}"#;
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        let first = format!(r#"{head}{{"output":[{{"records":{{"schema":{schema},"rows":[["a"]"#);
        connection.write_all(first.as_bytes()).unwrap();
        for _ in 0..25 {
            std::thread::sleep(pause);
            connection.write_all(br#",["a"]"#).unwrap();
        }
        connection.write_all(b"]}}]}").unwrap();
    });
    // The limit is for each wait: longer than one, shorter than all of them together.
    let store = Greptime::new(Settings { timeout: limit, ..settings(&url) }).unwrap();
    let started = Instant::now();
    assert_eq!(block_on(async { store.round().tables().await }).unwrap().len(), 26);
    assert!(started.elapsed() > limit);
}

#[test]
fn the_text_of_a_refusal_is_not_waited_for_longer_than_the_timeout() {
    let url = by_hand(|mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n");
        // A piece now and then, for as long as somebody listens.
        while connection.write_all(b"later ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let store = Greptime::new(Settings { timeout: Duration::from_secs(1), retries: 0, ..settings(&url) }).unwrap();
    let started = Instant::now();
    let error = block_on(async { store.round().tables().await }).unwrap_err().to_string();
    assert!(error.contains("answered 503 Service Unavailable: later"), "{error}");
    // Otherwise it would be read to its 64 KiB, for nine minutes.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
