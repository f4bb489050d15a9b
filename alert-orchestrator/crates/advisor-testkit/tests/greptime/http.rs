//! The HTTP side of the published API, one test per paragraph: requests, replies, errors, authentication, health.

use crate::client::{FORM, ask, error, exchange, form};
use advisor_testkit::greptime::Greptime;

fn with_numbers() -> Greptime {
    let greptime = Greptime::start();
    let create = "CREATE TABLE demo (ts TIMESTAMP(3) TIME INDEX, host STRING, cpu DOUBLE, PRIMARY KEY (host))";
    greptime.execute(create).unwrap();
    greptime.execute("INSERT INTO demo VALUES (0, 'host, \"name', 66.6), (1000, 'b', NULL)").unwrap();
    greptime
}

const DEMO: &str = r#"{"output":[{"records":{"schema":{"column_schemas":[{"name":"host","data_type":"String"},{"name":"cpu","data_type":"Float64"},{"name":"ts","data_type":"TimestampMillisecond"}]},"rows":[["host, \"name",66.6,0]],"total_rows":1}}],"execution_time_ms":}"#;

#[test]
fn a_query_answers_schema_rows_and_count_byte_for_byte() {
    let greptime = with_numbers();
    let answer = ask(&greptime, "SELECT host, cpu, ts FROM demo WHERE ts = 0");
    assert_eq!((answer.status, answer.untimed().as_str()), (200, DEMO));
    assert_eq!(answer.header("x-greptime-format"), "greptimedb_v1");
    assert!(answer.header("x-greptime-execution-time").parse::<u64>().is_ok(), "{}", answer.head);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[test]
fn the_query_string_wins_over_the_form_field_by_field() {
    let greptime = with_numbers();
    greptime.execute("CREATE DATABASE other").unwrap();
    let path = format!("/v1/sql?{}", form(&[("sql", "SHOW TABLES")]));
    let body = form(&[("sql", "SELEC 1"), ("db", "other")]);
    let answer = exchange(greptime.port(), "POST", &path, &[FORM], &body);
    assert!(answer.body.contains(r#""rows":[],"total_rows":0"#), "{}", answer.body);
    let asked = &greptime.queries()[0];
    assert_eq!((asked.sql.as_str(), asked.database.as_str(), asked.method.as_str()), ("SHOW TABLES", "other", "POST"));
}

#[test]
fn get_takes_everything_from_the_query_string() {
    let greptime = with_numbers();
    let path = format!("/v1/sql?{}", form(&[("sql", "SELECT host, cpu, ts FROM demo WHERE ts = 0"), ("db", "public")]));
    assert_eq!(exchange(greptime.port(), "GET", &path, &[], "").untimed(), DEMO);
}

#[test]
fn the_database_comes_from_the_header_unless_db_names_one() {
    let greptime = with_numbers();
    greptime.execute("CREATE DATABASE minswap").unwrap();
    let ask = |path: &str| {
        exchange(
            greptime.port(),
            "POST",
            path,
            &[FORM, "X-Greptime-Db-Name: minswap"],
            &form(&[("sql", "SHOW TABLES")]),
        )
    };
    assert!(ask("/v1/sql").body.contains(r#""rows":[]"#));
    assert!(ask("/v1/sql?db=greptime-public").body.contains(r#""rows":[["demo"]]"#));
}

#[test]
fn a_post_without_a_form_is_refused_in_plain_text() {
    let greptime = with_numbers();
    let answer =
        exchange(greptime.port(), "POST", "/v1/sql?sql=SHOW%20TABLES", &["Content-Type: application/json"], "{}");
    assert_eq!(answer.status, 415);
    assert_eq!(answer.body, "Form requests must have `Content-Type: application/x-www-form-urlencoded`");
    assert_eq!(answer.header("x-greptime-err-code"), "");
}

#[test]
fn a_body_over_64_mib_is_refused() {
    let greptime = Greptime::start();
    let headers = [FORM, "Expect: 100-continue"];
    let body = format!("sql={}", "x".repeat(64 * 1024 * 1024));
    assert_eq!(exchange(greptime.port(), "POST", "/v1/sql", &headers, &body).status, 413);
}

#[test]
fn an_unknown_format_means_greptimedb_v1_and_other_known_ones_are_unsupported_here() {
    let greptime = with_numbers();
    let sql = ("sql", "SELECT host, cpu, ts FROM demo WHERE ts = 0");
    let ask = |format: &str| exchange(greptime.port(), "POST", "/v1/sql", &[FORM], &form(&[sql, ("format", format)]));
    assert_eq!(ask("yaml").untimed(), DEMO);
    assert_eq!(ask("GreptimeDB_v1").untimed(), DEMO);
    assert_eq!((ask("CSV").status, ask("CSV").header("x-greptime-err-code")), (400, "1001"));
}

#[test]
fn limit_cuts_rows_but_not_the_count_and_only_from_the_query_string() {
    let greptime = with_numbers();
    let body = form(&[("sql", "SELECT ts FROM demo ORDER BY ts"), ("limit", "1")]);
    let cut = exchange(greptime.port(), "POST", "/v1/sql?limit=1", &[FORM], &body);
    assert!(cut.body.contains(r#""rows":[[0]],"total_rows":2"#), "{}", cut.body);
    let whole = exchange(greptime.port(), "POST", "/v1/sql", &[FORM], &body);
    assert!(whole.body.contains(r#""rows":[[0],[1000]],"total_rows":2"#), "{}", whole.body);
}

#[test]
fn several_statements_answer_in_order_and_one_failure_is_the_whole_reply() {
    let greptime = with_numbers();
    let answer =
        ask(&greptime, "INSERT INTO demo VALUES (5, 'c', 1.0), (6, 'c', 2.0); SELECT ts FROM demo WHERE ts = 5;");
    let expected = r#"{"output":[{"affectedrows":2},{"records":{"schema":{"column_schemas":[{"name":"ts","data_type":"TimestampMillisecond"}]},"rows":[[5]],"total_rows":1}}],"execution_time_ms":}"#;
    assert_eq!(answer.untimed(), expected);
    let failed = ask(&greptime, "SELECT ts FROM demo; SELECT ts FROM demo2");
    let expected =
        r#"{"code":4001,"error":"Failed to plan SQL: Table not found: greptime.public.demo2","execution_time_ms":}"#;
    assert_eq!((failed.status, failed.untimed().as_str()), (400, expected));
}

#[test]
fn an_empty_statement_list_has_no_output() {
    assert_eq!(ask(&Greptime::start(), ";").untimed(), r#"{"execution_time_ms":}"#);
}

#[test]
fn errors_carry_code_and_message_in_headers_too() {
    let greptime = with_numbers();
    let answer = ask(&greptime, "SELECT 1 FROM \"dém\no\"");
    assert_eq!(answer.header("x-greptime-err-code"), "4001");
    let message = answer.header("x-greptime-err-msg");
    let expected = r"error: Failed to plan SQL: Table not found: greptime.public.d\u{e9}m\no, execution_time_ms: ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn published_error_fixtures_are_answered_as_published() {
    let greptime = with_numbers();
    let missing = exchange(greptime.port(), "POST", "/v1/sql", &[FORM], "");
    let expected = r#"{"code":1004,"error":"sql parameter is required.","execution_time_ms":}"#;
    assert_eq!((missing.status, missing.untimed().as_str()), (400, expected));

    let body = form(&[("sql", "SELECT 1"), ("db", "notfound")]);
    let unknown = exchange(greptime.port(), "POST", "/v1/sql", &[FORM], &body);
    let expected = r#"{"code":4004,"error":"Database not found: greptime-notfound","execution_time_ms":}"#;
    assert_eq!((unknown.status, unknown.untimed().as_str()), (400, expected));

    assert_eq!(error(&greptime, "SELEC 42;"), "400 1001 SQL statement is not supported, keyword: SELEC");
    let fields = "400 3000 Failed to plan SQL: No field named x. Valid fields are ts, host, cpu.";
    assert_eq!(error(&greptime, "SELECT x FROM demo"), fields);
    assert_eq!(error(&greptime, "SELECT \"x\" FROM demo"), fields, "SQLite's habit of taking it for a string is off");
    assert!(error(&greptime, "SELECT (ts FROM demo").starts_with("400 2000 Invalid SQL syntax"));
}

#[test]
fn authentication_refuses_each_wrong_way_with_its_code() {
    let greptime = Greptime::builder().user("greptime", "s:cret").read_only_user("viewer", "v").start().unwrap();
    let ask = |headers: &[&str], sql: &str| {
        let headers: Vec<&str> = headers.iter().copied().chain([FORM]).collect();
        let answer = exchange(greptime.port(), "POST", "/v1/sql", &headers, &form(&[("sql", sql)]));
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        format!("{} {} {}", answer.status, body["code"], body["error"].as_str().unwrap_or_default())
    };
    let (good, wrong, nobody) = ("Basic Z3JlcHRpbWU6czpjcmV0", "Basic Z3JlcHRpbWU6bm8=", "Basic bm9ib2R5OnM="); // greptime:s:cret, greptime:no, nobody:s
    let header = |value: &str| format!("Authorization: {value}");
    assert_eq!(ask(&[], "SHOW TABLES"), "401 7003 Not found http or grpc authorization header");
    assert_eq!(ask(&[&header("Bearer abc")], "SHOW TABLES"), "401 7004 Invalid http authorization header");
    assert_eq!(ask(&[&header("Basic %%%")], "SHOW TABLES"), "401 7004 Invalid http authorization header");
    assert_eq!(ask(&[&header(nobody)], "SHOW TABLES"), "401 7000 User not found, username: nobody");
    let mismatch = "401 7002 Username and password does not match, username: greptime";
    assert_eq!(ask(&[&header(wrong)], "SHOW TABLES"), mismatch);
    assert_eq!(ask(&[&header(good)], "SHOW TABLES"), "200 null ");
    let own = |value: &str| format!("x-greptime-auth: {value}");
    assert_eq!(ask(&[&own(wrong), &header(good)], "SHOW TABLES"), mismatch, "x-greptime-auth wins");
    assert_eq!(ask(&[&own(good), &header(wrong)], "SHOW TABLES"), "200 null ");

    let viewer = header("Basic dmlld2VyOnY="); // viewer:v
    assert_eq!(ask(&[&viewer], "SHOW TABLES"), "200 null ");
    let denied = "403 7006 User is not authorized to perform this action";
    assert_eq!(ask(&[&viewer], "CREATE DATABASE d"), denied);
    assert_eq!(greptime.request_count(), 10, "refused requests are counted");
}

#[test]
fn the_login_comes_before_the_content_type() {
    let greptime = Greptime::builder().user("greptime", "s").start().unwrap();
    assert_eq!(exchange(greptime.port(), "POST", "/v1/sql", &[], "x").status, 401);
}

#[test]
fn health_pages_need_no_password() {
    let greptime = Greptime::builder().user("greptime", "s").start().unwrap();
    for (method, path) in [("GET", "/health"), ("POST", "/health"), ("GET", "/ready"), ("GET", "/v1/health")] {
        let answer = exchange(greptime.port(), method, path, &[], "");
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"), "{method} {path}");
    }
    let status: serde_json::Value =
        serde_json::from_str(&exchange(greptime.port(), "GET", "/status", &[], "").body).unwrap();
    assert_eq!(status["version"], "1.3.0");
}

#[test]
fn a_large_reply_is_streamed_and_complete() {
    let greptime = Greptime::start();
    greptime.execute("CREATE TABLE big (ts TIMESTAMP(3) TIME INDEX, v DOUBLE)").unwrap();
    assert_eq!(
        greptime.insert_rows("big", &["ts", "v"], (0..50_000).map(|i| (i, f64::from(i) / 8.0))).unwrap(),
        50_000
    );
    let answer = ask(&greptime, "SELECT ts, v FROM big ORDER BY ts");
    assert_eq!(answer.header("content-length"), "", "a stream has no length");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let rows = body["output"][0]["records"]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[49_999].to_string()), (50_000, "[49999,6249.875]".to_owned())); // 49 999 / 8
}

#[test]
fn a_prepared_reply_is_the_same_bytes_without_a_query() {
    let greptime = with_numbers();
    let sql = "SELECT host, cpu, ts FROM demo WHERE ts = 0";
    let length = greptime.prerender(sql).unwrap();
    greptime.execute("DROP TABLE demo").unwrap();
    let answer = ask(&greptime, sql);
    assert_eq!((answer.body.len(), answer.untimed().as_str()), (length, DEMO));
}

#[test]
fn a_stopped_server_refuses_connections() {
    let mut greptime = Greptime::start();
    greptime.stop().unwrap(); // and keeps its port, which could be another's otherwise
    assert!(std::net::TcpStream::connect(("127.0.0.1", greptime.port())).is_err());
    assert!(std::net::TcpStream::connect(("127.0.0.1", testkit::closed_port().unwrap())).is_err());
}
