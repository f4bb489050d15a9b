//! Each fault as a client meets it.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::client::{Answer, ask};
use advisor_testkit::greptime::{Fault, Greptime, Release};
use testkit::Latch;

const SQL: &str = "SELECT ts, v FROM demo";
const WHOLE: &str = r#"{"output":[{"records":{"schema":{"column_schemas":[{"name":"ts","data_type":"TimestampMillisecond"},{"name":"v","data_type":"Float64"}]},"rows":[[1,0.5]],"total_rows":1}}],"execution_time_ms":}"#;

fn faulty(fault: Fault) -> (Greptime, Answer) {
    let greptime = Greptime::start();
    greptime
        .execute("CREATE TABLE demo (ts TIMESTAMP TIME INDEX, v DOUBLE); INSERT INTO demo VALUES (1, 0.5)")
        .unwrap();
    greptime.inject(fault);
    let answer = ask(&greptime, SQL);
    (greptime, answer)
}

/// The fault was met once; the next request is answered in full.
#[track_caller]
fn assert_well_again(greptime: &Greptime) {
    let answer = ask(greptime, SQL);
    assert_eq!((answer.status, answer.untimed().as_str()), (200, WHOLE));
}

#[test]
fn a_reset_before_the_reply_sends_nothing() {
    let (greptime, answer) = faulty(Fault::Reset { after_body_bytes: None });
    assert_eq!((answer.head.as_str(), answer.end.unwrap_err().kind()), ("", ErrorKind::ConnectionReset));
    assert_well_again(&greptime);
}

#[test]
fn a_reset_within_the_body_sends_its_beginning() {
    let (greptime, answer) = faulty(Fault::Reset { after_body_bytes: Some(30) });
    assert_eq!((answer.status, answer.body.as_str()), (200, &WHOLE[..30]));
    assert_eq!(answer.end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_well_again(&greptime);
}

#[test]
fn a_delay_only_delays() {
    let started = Instant::now();
    let (_greptime, answer) = faulty(Fault::Delay(Duration::from_millis(120)));
    assert!(started.elapsed() >= Duration::from_millis(120));
    assert_eq!(answer.untimed(), WHOLE);
}

#[test]
fn a_held_statement_runs_once_the_latch_is_open() {
    let greptime = Greptime::start();
    greptime.execute("CREATE TABLE demo (ts TIMESTAMP TIME INDEX, v DOUBLE)").unwrap();
    let latch = Latch::closed();
    greptime.inject(Fault::Hold(latch.clone()));
    std::thread::scope(|scope| {
        let held = scope.spawn(|| ask(&greptime, SQL));
        while latch.held() == 0 {
            std::thread::yield_now();
        }
        greptime.execute("INSERT INTO demo VALUES (1, 0.5)").unwrap();
        latch.open();
        assert_eq!(held.join().unwrap().untimed(), WHOLE, "it has the row that came while it was held");
    });
    assert_eq!(latch.held(), 0);
    assert_well_again(&greptime);
}

#[test]
fn a_server_that_went_away_refuses_connections_and_comes_back_with_what_it_had() {
    let mut greptime = Greptime::start();
    greptime
        .execute("CREATE TABLE demo (ts TIMESTAMP TIME INDEX, v DOUBLE); INSERT INTO demo VALUES (1, 0.5)")
        .unwrap();
    let mut kept = std::net::TcpStream::connect(("127.0.0.1", greptime.port())).unwrap();
    greptime.stop().unwrap();
    let ended = std::io::Read::read(&mut kept, &mut [0]).map_err(|error| error.kind());
    assert!(matches!(ended, Ok(0) | Err(ErrorKind::ConnectionReset)), "{ended:?}");
    let refused = std::net::TcpStream::connect(("127.0.0.1", greptime.port())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let port = greptime.port();
    greptime.resume().unwrap();
    assert_eq!(greptime.port(), port);
    assert_well_again(&greptime);
}

#[test]
fn a_server_goes_away_at_once_although_programs_are_being_started() {
    let mut greptime = Greptime::start();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Each has the sockets of this process open until it runs.
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                std::process::Command::new("true").status().unwrap();
            }
        });
        let outcome = (0..100).try_for_each(|_| {
            greptime.stop()?;
            let refused = std::net::TcpStream::connect(("127.0.0.1", greptime.port())).map(drop);
            greptime.resume()?;
            match refused {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
                other => other.and(Err(std::io::Error::other("it was connected"))),
            }
        });
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        outcome.unwrap();
    });
}

#[test]
fn a_stall_comes_within_the_body() {
    let started = Instant::now();
    let (_greptime, answer) = faulty(Fault::Stall { after_body_bytes: 30, pause: Duration::from_millis(120) });
    assert!(started.elapsed() >= Duration::from_millis(120));
    assert_eq!(answer.untimed(), WHOLE);
}

#[test]
fn a_truncated_body_is_a_complete_response() {
    let (greptime, answer) = faulty(Fault::Truncate { keep_bytes: 50 });
    assert_eq!((answer.body.as_str(), answer.header("content-length")), (&WHOLE[..50], "50"));
    assert!(answer.end.is_ok());
    assert_well_again(&greptime);
}

#[test]
fn a_short_body_announces_more_than_it_sends() {
    let (greptime, answer) = faulty(Fault::ShortBody { keep_bytes: 50 });
    assert_eq!((answer.body.as_str(), answer.header("content-length")), (&WHOLE[..50], "4146")); // 50 + 4096
    assert_well_again(&greptime);
}

#[test]
fn replies_of_others_come_as_they_are() {
    let (_, html) = faulty(Fault::html());
    assert_eq!((html.status, html.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(html.body.starts_with("<!doctype html>"));
    let (_, timeout) = faulty(Fault::empty(408));
    assert_eq!((timeout.status, timeout.body.as_str()), (408, ""));
    let raw = Fault::Reply { status: 200, content_type: "application/json", body: "[1e999]".into() };
    assert_eq!(faulty(raw).1.body, "[1e999]");
}

#[test]
fn errors_have_the_status_of_their_code_and_masked_ones_no_message() {
    let error = |code: u32| {
        let (_, answer) = faulty(Fault::error(code, "why"));
        format!("{} {}", answer.status, answer.body)
    };
    assert_eq!(error(6001), r#"429 {"code":6001,"error":"why","execution_time_ms":0}"#);
    assert_eq!(error(1003), r#"500 {"code":1003,"error":"Internal error: 1003","execution_time_ms":0}"#);
    let statuses: Vec<String> = [1004, 3001, 4007, 4009, 5000, 7005, 7006, 1005, 1008]
        .into_iter()
        .map(|code| error(code)[..3].to_owned())
        .collect();
    assert_eq!(statuses, ["400", "500", "401", "503", "503", "403", "403", "504", "504"]);
}

#[test]
fn an_older_release_words_success_and_failure_its_way() {
    let (greptime, v0_4) = faulty(Fault::Release(Release::V0_4));
    let without_total = WHOLE.replace(r#","total_rows":1"#, "");
    assert_eq!(v0_4.untimed(), without_total.replacen('{', r#"{"code":0,"#, 1));
    greptime.inject(Fault::Release(Release::V0_7).always());
    assert_eq!(ask(&greptime, SQL).untimed(), without_total);
    let failed = ask(&greptime, "SELECT 1 FROM nowhere");
    assert_eq!(failed.status, 200, "up to 0.7.0 errors answered 200");
    assert!(failed.body.starts_with(r#"{"code":4001,"error":"#));
}

#[test]
fn a_column_of_another_type_is_written_as_that_type() {
    let wrong =
        |data_type: &str| faulty(Fault::ColumnType { column: "v".to_owned(), data_type: data_type.to_owned() }).1.body;
    let text = wrong("String");
    assert!(text.contains(r#"{"name":"v","data_type":"String"}]},"rows":[[1,"0.5"]]"#), "{text}");
    let unknown = wrong("Geometry");
    assert!(unknown.contains(r#"{"name":"v","data_type":"Geometry"}]},"rows":[[1,0.5]]"#), "{unknown}");
}

#[test]
fn faults_meet_the_requests_they_name_as_often_as_they_say() {
    let greptime = Greptime::start();
    greptime
        .execute("CREATE TABLE demo (ts TIMESTAMP TIME INDEX, v DOUBLE); INSERT INTO demo VALUES (1, 0.5)")
        .unwrap();
    greptime.inject(Fault::error(5000, "storage").times(2).when_sql_contains("FROM demo"));
    greptime.inject(Fault::empty(408).times(1).when_sql_contains("FROM demo"));
    let statuses = |sql: &str, count: usize| (0..count).map(|_| ask(&greptime, sql).status).collect::<Vec<_>>();
    assert_eq!(statuses("SHOW TABLES", 2), [200, 200], "others do not use it up");
    assert_eq!(statuses(SQL, 4), [503, 503, 408, 200]);
    greptime.inject(Fault::empty(502).always());
    assert_eq!(statuses(SQL, 2), [502, 502]);
    greptime.heal();
    assert_well_again(&greptime);
}

#[test]
fn the_log_keeps_order_times_and_headers() {
    let greptime = Greptime::start();
    greptime.inject(Fault::empty(503));
    let headers = [crate::client::FORM, "x-greptime-timeout: 10s"];
    for sql in ["SELECT 1", "SELECT 2"] {
        crate::client::exchange(greptime.port(), "POST", "/v1/sql", &headers, &crate::client::form(&[("sql", sql)]));
    }
    let queries = greptime.queries();
    assert_eq!(queries.iter().map(|query| query.sql.as_str()).collect::<Vec<_>>(), ["SELECT 1", "SELECT 2"]);
    assert!(queries[0].received_at < queries[1].received_at);
    assert_eq!(queries[1].header("X-Greptime-Timeout"), Some("10s"));
    greptime.forget_queries();
    assert_eq!(greptime.request_count(), 0);
}
