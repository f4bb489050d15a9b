//! Marking a withdrawal as the reference: by command, by request, and what follows.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use serde_json::{Value as Json, json};
use testkit::folder::Run;
use testkit::service::{Answer, Service};

use crate::logins::{ANNA, AUTH};
use crate::world::{A, B, PAYROLL, TAGGED, WITHDRAWALS, World};

const KEYWORD: &str = "alert_driven_withdrawal";

/// Runs `tag` and gives it this answer.
pub(crate) fn tag(world: &World, arguments: &[&str], answer: &str) -> Run {
    let arguments = world.arguments(&[&["tag", "--log-level", "ERROR"], arguments].concat());
    world.clone.answer(&arguments, answer)
}

fn memos(world: &World) -> Vec<String> {
    world.flows(WITHDRAWALS).into_iter().map(|flow| flow.memo).collect()
}

#[test]
fn the_newest_withdrawal_becomes_the_reference_once_the_answer_is_yes() {
    for world in World::both() {
        assert_eq!(world.decision()["wmax_usd"], 24.0);
        for (answer, code) in [("n\n", 1), ("", 1), ("sure\n", 1)] {
            let run = tag(&world, &["--asset", "djed", "--latest"], answer);
            assert_eq!(run.code, Some(code), "{}", run.stderr);
            assert!(run.stdout.ends_with("[y/N] nothing written\n"), "{}", run.stdout);
            assert_eq!(memos(&world), ["gain (alert_driven_withdrawal)", "payroll"]);
        }
        let run = tag(&world, &["--asset", "DJED", "--latest"], "y\n");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let expected = format!(
            "withdrawal  {}\nwallet      {A}\namount      3\ntx          {PAYROLL}\nmemo        \"payroll\"\n\
             becomes     \"payroll {KEYWORD}\"\neffect      gains count from {} on, what was gained before is no longer offered\n\
             limit       W_max 24.00 → 12.00; 6.00 USD of gains in one other wallet will no longer be offered\n  \
             12.00 → 6.00  {A}\n  12.00 → 6.00  {B}\n\
             write this to {WITHDRAWALS}? [y/N] written\n",
            world.hour(72),
            world.hour(72),
        );
        assert_eq!(run.stdout, expected);
        assert_eq!(memos(&world), ["gain (alert_driven_withdrawal)", "payroll alert_driven_withdrawal"]);
        let decision = world.decision();
        assert_eq!((&decision["t0_ts"], &decision["wmax_usd"]), (&json!(world.hour(72)), &json!(12.0)));

        let again = tag(&world, &["--asset", "djed", "--tx", PAYROLL], "");
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        assert!(again.stdout.ends_with("nothing to change\n"), "{}", again.stdout);
    }
}

#[test]
fn a_mark_that_is_taken_off_leaves_the_rest_of_the_memo() {
    for world in World::both() {
        let remove = ["--asset", "djed", "--tx", TAGGED, "--remove"];
        let run = tag(&world, &remove, "YES\n");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(memos(&world), ["gain ( )", "payroll"]);
        let decision = world.decision();
        assert_eq!((&decision["ref_mode"], &decision["wmax_usd"]), (&json!("data_range"), &json!(48.0)));
        assert!(tag(&world, &remove, "y\n").stdout.ends_with("nothing to change\n"));

        // An older one can be marked, too; that a newer one counts is said.
        tag(&world, &["--asset", "djed", "--tx", PAYROLL], "y\n");
        let older = tag(&world, &["--asset", "djed", "--tx", &TAGGED.to_uppercase(), "--wallet", A], "y\n");
        let newer = format!("effect      gains still count from {}, a newer withdrawal that is marked", world.hour(72));
        assert!(older.stdout.contains(&newer), "{}", older.stdout);
        assert_eq!(world.decision()["wmax_usd"], 12.0);
    }
}

#[test]
fn what_is_not_there_is_named_and_nothing_is_asked() {
    for world in World::both() {
        let unknown = "cc".repeat(32);
        for (arguments, expected) in [
            (&["--asset", "djed", "--tx", &unknown][..], format!("no withdrawal of djed with transaction {unknown}")),
            (
                &["--asset", "djed", "--latest", "--wallet", B],
                format!("djed has no withdrawal of wallet {B} in table {WITHDRAWALS}: import or pull it first"),
            ),
            (&["--asset", "djed", "--tx", PAYROLL, "--wallet", B], format!("of wallet {B} in table {WITHDRAWALS}")),
            (&["--asset", "dai", "--latest"], "asset \"dai\" is not configured; client.assets has: djed".to_owned()),
        ] {
            let run = tag(&world, arguments, "y\n");
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{arguments:?}");
            assert!(run.stderr.contains(&expected), "{expected}: {}", run.stderr);
        }
        for unnamed in
            [&["--asset", "djed"][..], &["--asset", "djed", "--tx="], &["--asset", "djed", "--latest", "--wallet="]]
        {
            assert_eq!(tag(&world, unnamed, "y\n").code, Some(2), "{unnamed:?}");
        }
    }
    let world = World::embedded();
    world.clone.write("data/liqwid_withdrawals_djed.csv", "ts,wallet_address,amount,memo,tx_hash\n");
    let none = tag(&world, &["--asset", "djed", "--latest"], "y\n");
    let expected = format!("djed has no withdrawal in table {WITHDRAWALS}: import or pull it first");
    assert!(none.stderr.contains(&expected), "{}", none.stderr);
}

#[test]
fn an_answer_to_what_was_changed_meanwhile_undoes_nothing() {
    for world in World::both() {
        let arguments = world.arguments(&["tag", "--log-level", "ERROR", "--asset", "djed", "--latest"]);
        let mut asked = world.clone.command(&arguments);
        let mut asked = asked.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = asked.stdout.take().unwrap();
        let mut question = Vec::new();
        while !question.ends_with(b"[y/N] ") {
            let mut byte = [0];
            assert_eq!(said.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&question));
            question.extend(byte);
        }
        let meanwhile = tag(&world, &["--asset", "djed", "--latest", "--principal"], "y\n");
        assert_eq!(meanwhile.code, Some(0), "{}", meanwhile.stderr);
        asked.stdin.take().unwrap().write_all(b"y\n").unwrap();
        let ended = asked.wait_with_output().unwrap();
        let error = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{error}");
        let changed = "was changed meanwhile (now \"payroll principal_withdrawal\"): look at it and ask again";
        assert!(error.contains(changed), "{error}");
        assert_eq!(memos(&world), ["gain (alert_driven_withdrawal)", "payroll principal_withdrawal"]);
    }
}

#[test]
fn of_a_withdrawal_after_the_end_of_the_range_nothing_follows() {
    for world in World::both() {
        let end = world.hour(60);
        world.configure_client(&format!("  date_range: {{end: \"{end}\"}}\n"), "");
        let run = tag(&world, &["--asset", "djed", "--latest"], "y\n");
        let said = format!(
            "\neffect      gains count as before: evaluations end at {end}, and it is later\n\
             limit       W_max stays 6.00\n"
        );
        assert!(run.stdout.contains(&said), "{}{}", run.stdout, run.stderr);
        assert_eq!(world.decision()["t0_ts"], world.hour(48));
    }
}

#[test]
fn a_row_that_no_sum_has_is_marked_as_nothing_and_can_be_unmarked() {
    let world = World::greptime();
    let (tx, mark) = ("cc".repeat(32), "alert_driven_withdrawal");
    let ts = world.hour(80).parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let columns = ["ts", "wallet_address", "amount", "memo", "tx_hash"];
    let rows = [(ts, A, None::<f64>, mark, tx.as_str())];
    world.greptime.as_ref().unwrap().insert_rows(WITHDRAWALS, &columns, rows).unwrap();
    for mark in [&["--asset", "djed", "--tx", &tx][..], &["--asset", "djed", "--tx", &tx, "--principal"]] {
        let run = tag(&world, mark, "y\n");
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{mark:?}");
        let refused = format!(
            "cannot be marked: its row in table {WITHDRAWALS} has no usable amount, so no sum has it; correct the row first"
        );
        assert!(run.stderr.contains(&refused), "{}", run.stderr);
    }
    let off = tag(&world, &["--asset", "djed", "--tx", &tx, "--remove"], "y\n");
    assert_eq!(off.code, Some(0), "{}", off.stderr);
}

/// Adds a withdrawal to the store.
pub(crate) fn withdraw(world: &World, hour: i64, wallet: &str, memo: &str, tx: &str) {
    withdraw_at(world, &world.hour(hour), wallet, memo, tx);
}

/// The same at any instant.
pub(crate) fn withdraw_at(world: &World, at: &str, wallet: &str, memo: &str, tx: &str) {
    match &world.greptime {
        Some(greptime) => {
            let ts = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let columns = ["ts", "wallet_address", "amount", "memo", "tx_hash"];
            greptime.insert_rows(WITHDRAWALS, &columns, [(ts, wallet, 3.0, memo, tx)]).unwrap();
        }
        None => {
            let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
            let rows = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, format!("{rows}{at},{wallet},3,{memo},{tx}\n")).unwrap();
        }
    }
}

#[test]
fn wallet_and_transaction_may_be_given_in_capitals_and_with_0x() {
    for world in World::both() {
        let tx = format!("0x{}", PAYROLL.to_uppercase());
        let run = tag(&world, &["--asset", "djed", "--tx", &tx, "--wallet", &A.to_uppercase()], "y\n");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(memos(&world)[1], format!("payroll {KEYWORD}"));
    }
}

#[test]
fn of_several_withdrawals_at_one_instant_one_must_be_named() {
    for world in World::both() {
        let (one, other, third) = ("c1".repeat(32), "c2".repeat(32), "c3".repeat(32));
        for (wallet, tx) in [(A, &one), (A, &other), (B, &third)] {
            withdraw(&world, 80, wallet, "payroll", tx);
        }
        let latest = tag(&world, &["--asset", "djed", "--latest"], "y\n");
        assert_eq!(latest.code, Some(1));
        let expected = "3 withdrawals of djed at the newest instant: name one by its transaction or its wallet";
        assert!(latest.stderr.contains(expected), "{}", latest.stderr);
        let of_wallet = tag(&world, &["--asset", "djed", "--latest", "--wallet", A], "y\n");
        assert!(of_wallet.stderr.contains(": name one by its transaction\n"), "{}", of_wallet.stderr);
        assert_eq!(tag(&world, &["--asset", "djed", "--latest", "--wallet", B], "y\n").code, Some(0));
        assert_eq!(tag(&world, &["--asset", "djed", "--tx", &other], "y\n").code, Some(0));
        let marked: Vec<String> = world
            .flows(WITHDRAWALS)
            .into_iter()
            .filter(|flow| flow.memo.contains(KEYWORD))
            .map(|flow| flow.tx)
            .collect();
        assert_eq!(marked, [TAGGED.to_owned(), other, third]);
    }
}

#[test]
fn one_transaction_of_two_wallets_is_two_withdrawals() {
    for world in World::both() {
        withdraw(&world, 72, B, "payroll", PAYROLL);
        let run = tag(&world, &["--asset", "djed", "--tx", PAYROLL], "y\n");
        assert!(
            run.stderr.contains(&format!("2 withdrawals of djed with transaction {PAYROLL}: name one by its wallet"))
        );
        assert_eq!(tag(&world, &["--asset", "djed", "--tx", PAYROLL, "--wallet", B], "y\n").code, Some(0));
    }
}

#[test]
fn a_file_that_is_read_again_neither_doubles_nor_undoes_a_mark() {
    let world = World::embedded();
    tag(&world, &["--asset", "djed", "--latest"], "y\n");
    tag(&world, &["--asset", "djed", "--tx", TAGGED, "--remove"], "y\n");
    let marked = world.flows(WITHDRAWALS);
    for touch in ["", "\n"] {
        let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
        let rows = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, rows + touch).unwrap();
        assert_eq!(world.run(&["import", "data"]).code, Some(0));
        assert_eq!(world.decision()["t0_ts"], world.hour(72));
        assert_eq!(world.flows(WITHDRAWALS), marked);
    }
    // The same row under another memo is another version of the same withdrawal: one flow, and still marked by name.
    withdraw(&world, 72, A, "payroll of March", PAYROLL);
    assert_eq!(world.run(&["import", "data"]).code, Some(0));
    assert_eq!(world.decision()["t0_ts"], world.hour(72));
    let again = tag(&world, &["--asset", "djed", "--latest"], "");
    assert!(again.stdout.ends_with("nothing to change\n"), "{} {}", again.stdout, again.stderr);
    assert_eq!(tag(&world, &["--asset", "djed", "--latest", "--remove"], "y\n").code, Some(0));
    assert_eq!(world.decision()["ref_mode"], "data_range");
}

#[test]
fn in_test_mode_the_mark_goes_to_a_test_table() {
    for world in World::both() {
        let run = tag(&world, &["--asset", "djed", "--latest", "--test-prefix"], "y\n");
        let said = "effect      gains count as before: no evaluation reads test_liqwid_withdrawals_djed\n\
                    limit       W_max stays 24.00\n\
                    write this to test_liqwid_withdrawals_djed? [y/N] written\n";
        assert!(run.stdout.ends_with(said), "{}{}", run.stdout, run.stderr);
        assert_eq!(memos(&world), ["gain (alert_driven_withdrawal)", "payroll"]);
        let written = world.flows("test_liqwid_withdrawals_djed");
        assert_eq!(
            written.iter().map(|flow| flow.memo.as_str()).collect::<Vec<_>>(),
            ["payroll alert_driven_withdrawal"]
        );
        assert_eq!(world.decision()["t0_ts"], world.hour(48));
    }
}

#[test]
fn principal_that_was_taken_out_lowers_no_limit() {
    for world in World::both() {
        world.configure("  safety_factor: {c: 1}\n");
        // Wallet a gained 24 and took 3 of it, if it was gain.
        assert_eq!(world.decision()["wmax_usd"], 45.0);
        let run = tag(&world, &["--asset", "djed", "--latest", "--principal"], "y\n");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains("becomes     \"payroll principal_withdrawal\"\n"), "{}", run.stdout);
        assert!(run.stdout.contains("effect      its 3 no longer count as gain already taken\n"), "{}", run.stdout);
        let decision = world.decision();
        assert_eq!((&decision["t0_ts"], &decision["wmax_usd"]), (&json!(world.hour(48)), &json!(48.0)));
        assert_eq!(decision["withdrawn_since_reference_usd"], 0.0);

        // A mark takes the place of the other.
        let run = tag(&world, &["--asset", "djed", "--tx", TAGGED, "--principal"], "y\n");
        assert!(run.stdout.contains("effect      gains count from the fallback on"), "{}", run.stdout);
        assert_eq!(memos(&world), ["gain ( ) principal_withdrawal", "payroll principal_withdrawal"]);
        tag(&world, &["--asset", "djed", "--latest"], "y\n");
        assert_eq!(memos(&world)[1], format!("payroll {KEYWORD}"));
        let off = tag(&world, &["--asset", "djed", "--tx", TAGGED, "--remove"], "y\n");
        assert!(
            off.stdout.contains("effect      gains count as before: it lies before the reference\n"),
            "{}",
            off.stdout
        );
        assert_eq!(memos(&world)[0], "gain ( )");
    }
}

#[test]
fn a_changed_mark_is_written_down_with_whoever_changed_it() {
    for world in World::both() {
        let run = tag(&world, &["--asset", "djed", "--latest", "--principal"], "y\n");
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
        let server = world.serve();
        server.answers("/startupz", 200);
        let entries = server.get("/api/history?asset=djed").json()["entries"].clone();
        let noted = entries.as_array().unwrap().iter().find(|entry| entry["code"] == "mark_changed");
        let noted = noted.unwrap_or_else(|| panic!("{entries}"));
        let reason = noted["reason"].as_str().unwrap();
        let told = format!(
            "(command line): withdrawal of 3 of {} by {A} (tx {PAYROLL}) marked as principal; t0 before: {}, after: {}",
            world.hour(72),
            world.hour(48),
            world.hour(48)
        );
        assert!(reason.contains("uid ") && reason.ends_with(&told), "{reason}");
    }
}

/// Asks for a mark.
pub(crate) fn post(server: &Service, headers: &[(&str, &str)], body: &Json) -> Answer {
    server.ask("POST", "/api/reference", headers, body.to_string().as_bytes())
}

#[test]
fn a_request_with_a_login_marks_and_the_next_evaluation_follows_at_once() {
    for world in World::both() {
        world.configure(AUTH);
        let server = world.serve();
        server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 1);
        let answer = post(&server, &[ANNA], &json!({"asset": "DJED", "tx": "latest"}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let expected = json!({
            "status": "success", "message": format!("gains count from {} on, what was gained before is no longer offered", world.hour(72)), "table": WITHDRAWALS,
            "wallet_address": A, "ts": world.hour(72), "tx_hash": PAYROLL, "memo_before": "payroll",
            "memo_after": "payroll alert_driven_withdrawal",
        });
        assert_eq!(answer.json(), expected);
        server.printed("djed: decision=1, wmax_usd=12.00 (2 wallets)", 1);
        let moved = format!("t0 before: {}, after: {}", world.hour(48), world.hour(72));
        let record = format!(
            "anna: withdrawal of 3 of {} by {A} (tx {PAYROLL}) marked as the reference; {moved}",
            world.hour(72)
        );
        server.logged(&format!("mark changed: {record}"));
        let history = server.get("/api/history?asset=djed").json();
        let entries = history["entries"].as_array().unwrap();
        let noted = entries.iter().find(|entry| entry["code"] == "mark_changed").unwrap();
        assert_eq!((&noted["reason"], &noted["t0"]), (&json!(record), &json!(world.hour(72))));
        let of_page = server.get("/api/withdrawals?asset=djed").json();
        assert_eq!(of_page["withdrawals"][0]["is_reference"], true, "{of_page}");

        let same = post(&server, &[ANNA], &json!({"asset": "djed", "tx": PAYROLL, "wallet": A}));
        assert_eq!((same.status, &same.json()["message"]), (200, &json!("nothing to change")));
        let principal = post(&server, &[ANNA], &json!({"asset": "djed", "tx": PAYROLL, "mark": "principal"}));
        assert_eq!(principal.json()["memo_after"], "payroll principal_withdrawal");
        let of_page = server.get("/api/withdrawals?asset=djed").json()["withdrawals"][0].clone();
        assert_eq!((&of_page["is_reference"], &of_page["is_principal"]), (&json!(false), &json!(true)));
        let removed = post(&server, &[ANNA], &json!({"asset": "djed", "tx": PAYROLL, "remove": true}));
        assert_eq!(removed.json()["memo_after"], "payroll");
        server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 2);
    }
}

#[test]
fn a_request_that_was_decided_by_another_memo_changes_nothing() {
    for world in World::both() {
        world.configure(AUTH);
        let server = world.serve();
        server.answers("/startupz", 200);
        let ask = |memo: &str| json!({"asset": "djed", "tx": PAYROLL, "memo_before": memo});
        for other in ["", "payroll of March", "payroll alert_driven_withdrawal"] {
            let refused = post(&server, &[ANNA], &ask(other));
            assert_eq!((refused.status, &refused.json()["status"]), (409, &json!("error")), "{}", refused.text());
            let error = refused.json()["error"].as_str().unwrap().to_owned();
            assert!(error.ends_with("was changed meanwhile (now \"payroll\"): look at it and ask again"), "{error}");
            assert!(
                error.contains(&format!("the withdrawal of 3 of {} by {A} (tx {PAYROLL})", world.hour(72))),
                "{error}"
            );
        }
        assert_eq!(memos(&world), ["gain (alert_driven_withdrawal)", "payroll"]);
        assert_eq!(post(&server, &[ANNA], &ask("payroll")).status, 200);
        // The one that was shown has the other mark by now.
        assert_eq!(post(&server, &[ANNA], &ask("payroll")).status, 409);
        assert_eq!(memos(&world)[1], "payroll alert_driven_withdrawal");
    }
}

#[test]
fn a_request_that_may_not_or_cannot_is_refused_with_its_reason() {
    let world = World::embedded();
    world.configure(AUTH);
    withdraw(&world, 72, B, "payroll", PAYROLL);
    let server = world.serve();
    server.answers("/startupz", 200);
    let before = world.flows(WITHDRAWALS);
    let wish = json!({"asset": "djed", "tx": "latest"});

    let anonymous = post(&server, &[], &wish);
    assert_eq!((anonymous.status, &anonymous.json()["status"]), (401, &json!("error")));
    assert_eq!(anonymous.header("www-authenticate"), Some("Basic realm=\"Alert Orchestrator\""));
    let wrong = post(&server, &[("authorization", "Basic YW5uYTp3cm9uZw==")], &wish); // anna:wrong
    assert_eq!((wrong.status, wrong.header("www-authenticate").is_some()), (401, true));
    for foreign in
        [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        assert_eq!(post(&server, &[ANNA, foreign], &wish).status, 403, "{foreign:?}");
    }
    let home = format!("http://{}", server.address());
    assert_eq!(post(&server, &[ANNA, ("origin", &home)], &json!({"asset": "djed", "tx": "none"})).status, 404);

    for (body, status, text) in [
        (r#"{"asset": "dai", "tx": "latest"}"#, 404, "dai"),
        (r#"{"asset": "djed", "tx": "cc"}"#, 404, "no withdrawal of djed with transaction cc"),
        (r#"{"asset": "djed", "tx": "latest"}"#, 409, "2 withdrawals of djed at the newest instant"),
        (r#"{"asset": "djed"}"#, 400, "missing field `tx`"),
        (r#"{"asset": "djed", "tx": " "}"#, 400, "found no tx, expected a transaction hash or latest"),
        (r#"{"asset": "djed", "tx": "latest", "walet": "x"}"#, 400, "walet"),
        (r#"{"asset": "djed", "tx": ["latest"]}"#, 400, "string"),
        (
            r#"{"asset": "djed", "tx": "latest", "mark": "gain"}"#,
            400,
            "unknown variant `gain`, expected `reference` or `principal`",
        ),
        ("asset=djed&tx=latest", 400, "the body is not as expected"),
        ("", 400, "the body is not as expected"),
        ("\u{0}", 400, "the body is not as expected"),
    ] {
        let answer = server.ask("POST", "/api/reference", &[ANNA], body.as_bytes());
        assert_eq!((answer.status, &answer.json()["status"]), (status, &json!("error")), "{body}: {}", answer.text());
        assert!(answer.json()["error"].as_str().unwrap().contains(text), "{body}: {}", answer.text());
    }
    // What a form of a foreign page could send.
    for other in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "json"] {
        let answer = post(&server, &[ANNA, ("content-type", other)], &json!({"asset": "djed", "tx": TAGGED}));
        assert_eq!((answer.status, &answer.json()["status"]), (415, &json!("error")), "{other}: {}", answer.text());
    }
    let long = server.ask("POST", "/api/reference", &[ANNA], &vec![b' '; (64 << 10) + 1]);
    assert_eq!((long.status, &long.json()["status"]), (413, &json!("error")));
    assert_eq!(world.flows(WITHDRAWALS), before);
}

#[test]
fn without_logins_no_request_marks_anything() {
    let world = World::embedded();
    let server = world.serve();
    server.answers("/startupz", 200);
    for headers in [&[][..], &[ANNA]] {
        let answer = post(&server, headers, &json!({"asset": "djed", "tx": "latest"}));
        assert_eq!((answer.status, &answer.json()["status"]), (403, &json!("error")));
        assert!(answer.text().contains("alert-orchestrator tag"), "{}", answer.text());
    }
    assert_eq!(memos(&world), ["gain (alert_driven_withdrawal)", "payroll"]);
}

#[test]
fn a_store_that_is_gone_cannot_be_marked_in() {
    let mut world = World::greptime();
    world.configure(AUTH);
    let server = world.serve();
    server.answers("/startupz", 200);
    world.greptime.as_mut().unwrap().stop().unwrap();
    let answer = post(&server, &[ANNA], &json!({"asset": "djed", "tx": "latest"}));
    assert_eq!((answer.status, &answer.json()["status"]), (503, &json!("error")), "{}", answer.text());
    assert!(answer.text().contains("Failed to connect to GreptimeDB"), "{}", answer.text());
}
