//! The SQL side of the published behaviour: statements, keys, types, cells, instants.

use crate::client::{ask, error, table};
use advisor_testkit::greptime::Greptime;

fn greptime(ddl: &str) -> Greptime {
    let greptime = Greptime::start();
    greptime.execute(ddl).unwrap();
    greptime
}

const POSITIONS: &str =
    "CREATE TABLE IF NOT EXISTS positions (ts TIMESTAMP(3) TIME INDEX, wallet STRING, v DOUBLE, PRIMARY KEY (wallet))";

#[test]
fn show_tables_lists_by_name_and_pattern() {
    let greptime = greptime("CREATE TABLE b_x (ts TIMESTAMP TIME INDEX); CREATE TABLE bax (ts TIMESTAMP TIME INDEX)");
    assert_eq!(table(&greptime, "SHOW TABLES"), r#"Tables:String | [["b_x"],["bax"]] | 2"#);
    assert_eq!(table(&greptime, "SHOW TABLES LIKE 'ba%'"), r#"Tables:String | [["bax"]] | 1"#);
    assert_eq!(
        table(&greptime, "SHOW TABLES LIKE 'b_x'"),
        r#"Tables:String | [["b_x"],["bax"]] | 2"#,
        "_ is any character"
    );
    assert_eq!(table(&greptime, "SHOW TABLES LIKE 'it''s'"), "Tables:String | [] | 0");
}

#[test]
fn describe_shows_type_key_null_default_and_semantic_type() {
    let ddl = "CREATE TABLE t (\"when\" TIMESTAMP(9) TIME INDEX, host STRING NOT NULL, n BIGINT UNSIGNED DEFAULT 7, ok BOOLEAN, \
               p DECIMAL(10, 2), PRIMARY KEY (host)) ENGINE=mito WITH ('append_mode'='true')";
    let greptime = greptime(ddl);
    let columns = "Column:String, Type:String, Key:String, Null:String, Default:String, Semantic Type:String";
    let rows = concat!(
        r#"[["when","TimestampNanosecond","PRI","NO","","TIMESTAMP"],["host","String","PRI","NO","","TAG"],"#,
        r#"["n","UInt64","","YES","7","FIELD"],["ok","Boolean","","YES","","FIELD"],["p","Decimal(10, 2)","","YES","","FIELD"]]"#
    );
    for describe in ["DESCRIBE TABLE t", "DESC TABLE `t`", "DESCRIBE \"t\"", "desc public.t"] {
        assert_eq!(table(&greptime, describe), format!("{columns} | {rows} | 5"), "{describe}");
    }
    assert_eq!(error(&greptime, "DESC TABLE u"), "400 4001 Failed to plan SQL: Table not found: greptime.public.u");
}

#[test]
fn show_create_writes_a_definition_that_makes_the_same_table() {
    let ddl = "CREATE TABLE t (ts TIMESTAMP(9) TIME INDEX, host STRING NOT NULL, n BIGINT UNSIGNED DEFAULT 7, p DECIMAL(10, 2), \
               PRIMARY KEY (host)) WITH (append_mode='true')";
    let greptime = greptime(ddl);
    let shown = concat!(
        r#"CREATE TABLE IF NOT EXISTS \"t\" (\n  \"ts\" TIMESTAMP(9) NOT NULL,\n  \"host\" STRING NOT NULL,\n"#,
        r#"  \"n\" BIGINT UNSIGNED NULL DEFAULT 7,\n  \"p\" DECIMAL(10, 2) NULL,\n  TIME INDEX (\"ts\"),\n"#,
        r#"  PRIMARY KEY (\"host\")\n)\n\nENGINE=mito\nWITH(\n  append_mode = 'true'\n)"#
    );
    let expected = format!(r#"Table:String, Create Table:String | [["t","{shown}"]] | 1"#);
    assert_eq!(table(&greptime, "SHOW CREATE TABLE t"), expected);
    greptime.execute("DROP TABLE t").unwrap();
    assert!(error(&greptime, "SHOW CREATE TABLE t").starts_with("400 4001"));
    greptime.execute(&serde_json::from_str::<String>(&format!("\"{shown}\"")).unwrap()).unwrap();
    assert_eq!(table(&greptime, "SHOW CREATE TABLE t"), expected);
}

#[test]
fn rows_with_the_same_key_overwrite_and_append_mode_keeps_both() {
    let keyed = greptime(POSITIONS);
    keyed.execute("INSERT INTO positions (ts, wallet, v) VALUES (1, 'a', 1.0), (1, 'b', 2.0), (2, 'a', 3.0)").unwrap();
    keyed.execute("INSERT INTO positions (ts, wallet, v) VALUES (1, 'a', 9.0), (1, NULL, 4.0)").unwrap();
    keyed.execute("INSERT INTO positions (ts, wallet, v) VALUES (1, NULL, 5.0)").unwrap();
    let all = "SELECT wallet, ts, v FROM positions ORDER BY wallet, ts";
    let types = "wallet:String, ts:TimestampMillisecond, v:Float64";
    let rows = r#"[[null,1,5.0],["a",1,9.0],["a",2,3.0],["b",1,2.0]] | 4"#;
    assert_eq!(table(&keyed, all), format!("{types} | {rows}"));

    let time_only = greptime("CREATE TABLE s (ts TIMESTAMP(0) TIME INDEX, v INT)");
    time_only.execute("INSERT INTO s VALUES (1, 1), (1, 2)").unwrap();
    assert_eq!(table(&time_only, "SELECT * FROM s"), "ts:TimestampSecond, v:Int32 | [[1,2]] | 1");

    let appended = greptime("CREATE TABLE s (ts TIMESTAMP TIME INDEX, v INT) WITH (append_mode='true')");
    appended.execute("INSERT INTO s VALUES (1, 1), (1, 2)").unwrap();
    assert_eq!(table(&appended, "SELECT v FROM s"), "v:Int32 | [[1],[2]] | 2");
}

#[test]
fn every_type_is_written_as_published() {
    let ddl = "CREATE TABLE t (ts TIMESTAMP(6) TIME INDEX, b BOOLEAN, i BIGINT, u BIGINT UNSIGNED, f FLOAT, d DOUBLE, s STRING, \
               p DECIMAL(20, 4), y DATE, x VARBINARY)";
    let greptime = greptime(ddl);
    greptime
        .execute("INSERT INTO t VALUES (1, true, 9007199254740993, 9223372036854775807, 66.6, 1024, '1', 0.1, '1970-01-03', X'00ff')")
        .unwrap();
    let infinite = (2, f64::INFINITY, f64::NAN);
    greptime.insert_rows("t", &["ts", "f", "d"], [infinite]).unwrap();
    let body = ask(&greptime, "SELECT * FROM t").body;
    let first = r#"[1,true,9007199254740993,9223372036854775807,66.6,1024.0,"1","0.1000",2,[0,255]]"#;
    assert!(body.contains(first), "{body}");
    assert!(body.contains("[2,null,null,null,null,null,null,null,null,null]"), "{body}");
    let types: Vec<&str> = body.split("\"data_type\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let expected = "TimestampMicrosecond Boolean Int64 UInt64 Float32 Float64 String Decimal(20, 4) Date Binary";
    assert_eq!(types.join(" "), expected);
}

#[test]
fn instants_compare_as_integers_in_the_columns_unit_and_as_text() {
    let greptime = greptime("CREATE TABLE m (ts TIMESTAMP(3) TIME INDEX); CREATE TABLE s (ts TIMESTAMP(0) TIME INDEX)");
    greptime.execute("INSERT INTO m VALUES ('2024-09-10T00:00:00Z'), (1725926400001)").unwrap(); // 1 725 926 400 s
    greptime.execute("INSERT INTO s VALUES ('2024-09-10'), ('2024-09-10 02:00:01+02:00')").unwrap();
    let rows = |sql: &str| table(&greptime, sql).split(" | ").nth(1).map(str::to_owned).unwrap_or_default();
    assert_eq!(rows("SELECT ts FROM m WHERE ts > 1725926400000"), "[[1725926400001]]");
    assert_eq!(rows("SELECT ts FROM m WHERE ts <= '2024-09-10T00:00:00Z'"), "[[1725926400000]]");
    assert_eq!(rows("SELECT ts FROM m WHERE '2024-09-10' = ts"), "[[1725926400000]]");
    assert_eq!(rows("SELECT ts FROM s WHERE ts BETWEEN '2024-09-10 00:00:01' AND 1725926401"), "[[1725926401]]");
    assert_eq!(rows("SELECT ts FROM s WHERE ts IN ('2024-09-10T00:00:00')"), "[[1725926400]]");
    assert_eq!(rows("SELECT s.ts FROM s WHERE s.ts = TIMESTAMP '2024-09-10 00:00:01'"), "[[1725926401]]");
    assert_eq!(rows("SELECT ts FROM s WHERE ts = '2024-09-10'::TIMESTAMP(3)"), "[[1725926400]]");
    assert!(error(&greptime, "SELECT ts FROM m WHERE ts > 'noon'").starts_with("500 3001 Failed to cast 'noon'"));
}

#[test]
fn expressions_keep_the_type_of_the_columns_they_name() {
    let greptime = greptime(POSITIONS);
    greptime.execute("INSERT INTO positions VALUES (1, 'a', 1.0), (2, 'a', 2.5), (3, 'b', NULL)").unwrap();
    let sql = "SELECT max(ts) AS newest, count(*) AS n, sum(v) AS v, avg(v) AS mean FROM positions";
    let types = "newest:TimestampMillisecond, n:Int64, v:Float64, mean:Float64";
    assert_eq!(table(&greptime, sql), format!("{types} | [[3,3,3.5,1.75]] | 1"));
    // No column tells the type: the values do, and a mixture of integers and floats is a float throughout.
    let sql = "SELECT CASE wallet WHEN 'a' THEN 1 ELSE 0.5 END AS x, NULL AS y, 'z' AS z FROM positions ORDER BY ts";
    let rows = r#"[[1.0,null,"z"],[1.0,null,"z"],[0.5,null,"z"]]"#;
    assert_eq!(table(&greptime, sql), format!("x:Float64, y:Null, z:String | {rows} | 3"));
    let sql = "WITH newest AS (SELECT wallet, max(ts) AS at FROM positions GROUP BY wallet) \
               SELECT p.*, newest.at FROM positions p JOIN newest ON p.wallet = newest.wallet AND p.ts = newest.at ORDER BY p.wallet";
    let types = "ts:TimestampMillisecond, wallet:String, v:Float64, at:TimestampMillisecond";
    assert_eq!(table(&greptime, sql), format!(r#"{types} | [[2,"a",2.5,2],[3,"b",null,3]] | 2"#));
    assert_eq!(table(&greptime, "SELECT COALESCE(v, 0) AS v FROM positions WHERE ts = 3"), "v:Float64 | [[0.0]] | 1");
    assert_eq!(table(&greptime, "SELECT v::STRING AS v FROM positions WHERE ts = 2"), r#"v:String | [["2.5"]] | 1"#);
    assert_eq!(table(&greptime, "SELECT ts FROM positions WHERE v > 100"), "ts:TimestampMillisecond | [] | 0");
}

#[test]
fn quotes_in_strings_and_identifiers_survive() {
    let greptime = greptime("CREATE TABLE \"we\"\"ird\" (ts TIMESTAMP TIME INDEX, `se lect` STRING)");
    for (ts, text) in
        ["it''s", "''''", "back\\''slash", "semi;colon -- ?1", "%", "''; DROP TABLE x; --"].iter().enumerate()
    {
        greptime.execute(&format!("INSERT INTO \"we\"\"ird\" VALUES ({ts}, '{text}')")).unwrap();
        let found = table(&greptime, &format!("SELECT `se lect` FROM `we\"ird` WHERE \"se lect\" = '{text}'"));
        let expected = serde_json::json!([[text.replace("''", "'")]]);
        assert_eq!(found, format!("se lect:String | {expected} | 1"));
    }
}

#[test]
fn now_is_nanoseconds_and_its_clock_can_be_wrong() {
    let greptime = greptime(POSITIONS);
    let now_ns = |greptime: &Greptime| {
        let answered = table(greptime, "SELECT now()");
        let digits = answered.strip_prefix("now():TimestampNanosecond | [[").and_then(|rest| rest.split(']').next());
        digits.and_then(|digits| digits.parse::<i64>().ok()).expect("nanoseconds")
    };
    let right = now_ns(&greptime);
    greptime.set_clock_skew(jiff::SignedDuration::from_hours(-2));
    let wrong = now_ns(&greptime);
    let behind_s = (right - wrong) / 1_000_000_000;
    assert!((7100..=7200).contains(&behind_s), "{behind_s} s");
    greptime
        .execute("INSERT INTO positions VALUES (0, 'a', 1.0), (now(), 'b', 1.0), (99999999999999, 'c', 1.0)")
        .unwrap();
    let past = table(&greptime, "SELECT wallet FROM positions WHERE ts <= now() ORDER BY ts");
    assert_eq!(past, r#"wallet:String | [["a"],["b"]] | 2"#);
}

#[test]
fn databases_are_apart_and_can_be_named_in_a_statement() {
    let greptime = greptime("CREATE DATABASE IF NOT EXISTS minswap; CREATE DATABASE IF NOT EXISTS minswap");
    greptime.execute("CREATE TABLE minswap.prices (ts TIMESTAMP TIME INDEX, usd DOUBLE)").unwrap();
    assert_eq!(greptime.insert_rows("minswap.prices", &["ts", "usd"], [(1, 0.99)]).unwrap(), 1);
    assert_eq!(table(&greptime, "SELECT usd FROM greptime.minswap.prices"), "usd:Float64 | [[0.99]] | 1");
    assert_eq!(table(&greptime, "SHOW TABLES FROM minswap"), r#"Tables:String | [["prices"]] | 1"#);
    assert_eq!(table(&greptime, "SHOW TABLES"), "Tables:String | [] | 0");
    assert!(error(&greptime, "SELECT usd FROM prices").starts_with("400 4001"));
    assert_eq!(error(&greptime, "CREATE DATABASE minswap"), "400 4011 Database already exists: minswap");
}

#[test]
fn wrong_definitions_and_values_are_refused_with_their_codes() {
    let greptime = greptime(POSITIONS);
    assert_eq!(
        error(&greptime, "CREATE TABLE positions (ts TIMESTAMP TIME INDEX)"),
        "400 4000 Table already exists: `greptime.public.positions`"
    );
    assert_eq!(
        error(&greptime, "CREATE TABLE t (v DOUBLE)"),
        "400 2000 Invalid SQL syntax: expected exactly one TIME INDEX, found 0"
    );
    assert_eq!(
        error(&greptime, "INSERT INTO positions (ts, w) VALUES (1, 'a')"),
        "400 4002 Cannot find column by name: w"
    );
    assert!(error(&greptime, "INSERT INTO positions VALUES (1, 'a', 'much')").starts_with("400 1004"));
    assert!(error(&greptime, "INSERT INTO positions VALUES (NULL, 'a', 1.0)").starts_with("400 1004"));
    assert!(error(&greptime, "SELECT nonsense(v) FROM positions").starts_with("400 3000"));
    assert!(error(&greptime, "UPDATE positions SET v = 0").starts_with("400 1001"));
    assert!(error(&greptime, "SELECT ts FROM positions WHERE ts > now() - INTERVAL '1 hour'").starts_with("400 1001"));
    assert_eq!(table(&greptime, "SELECT ts FROM positions"), "ts:TimestampMillisecond | [] | 0", "nothing was kept");
}

#[test]
fn deleting_and_dropping_take_effect() {
    let greptime = greptime(POSITIONS);
    greptime.execute("INSERT INTO positions VALUES (1, 'a', 1.0), (2, 'a', 2.0)").unwrap();
    assert_eq!(greptime.execute("DELETE FROM positions WHERE ts < '1970-01-01T00:00:00.002Z'").unwrap(), 1);
    assert_eq!(table(&greptime, "SELECT ts FROM positions"), "ts:TimestampMillisecond | [[2]] | 1");
    greptime.execute("DROP TABLE positions; DROP TABLE IF EXISTS positions").unwrap();
    assert!(error(&greptime, "SELECT ts FROM positions").starts_with("400 4001"));
}

#[test]
fn a_slow_reader_does_not_hold_up_a_writer() {
    let greptime = greptime("CREATE TABLE big (ts TIMESTAMP TIME INDEX, v DOUBLE)");
    greptime.insert_rows("big", &["ts", "v"], (0..200_000).map(|i| (i, 0.5))).unwrap();
    let mut slow = std::net::TcpStream::connect(("127.0.0.1", greptime.port())).unwrap();
    std::io::Write::write_all(&mut slow, b"GET /v1/sql?sql=SELECT%20*%20FROM%20big HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    std::io::Read::read_exact(&mut slow, &mut [0; 1000]).unwrap(); // the rest stays with the server
    assert!(ask(&greptime, "INSERT INTO big VALUES (-1, 0.5)").body.contains(r#""affectedrows":1"#));
}
