//! Wallets and transactions that are named by their beginning, or by the short form of the page.

use std::fs;

use advisor_testkit::liqwid::Liqwid;

use crate::pulled::{action, apis, synced};
use crate::world::{A, B, DEPOSITS, PAYROLL, World};

const FILE: &str = "data/liqwid_withdrawals_djed.csv";

/// What `tag` shows of what it would change, without a change.
fn shown(world: &World, arguments: &[&str]) -> String {
    let line = [&["tag", "--log-level", "ERROR", "--asset", "djed"], arguments].concat();
    let run = world.clone.answer(&world.arguments(&line), "n\n");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    run.stdout + &run.stderr
}

#[test]
fn a_withdrawal_is_tagged_by_the_beginning_of_its_transaction_and_wallet() {
    for world in World::both() {
        for arguments in [
            &["--tx", "bb72"][..],
            &["--tx", "0xBB72"],
            &["--tx", "bb720000…00bb"],
            &["--tx", "bb72...", "--wallet", "addr1qxa…aaaa"],
            &["--latest", "--wallet", "addr1qxa"],
        ] {
            let text = shown(&world, arguments);
            assert!(text.contains(&format!("wallet      {A}\namount      3\ntx          {PAYROLL}\n")), "{text}");
        }
        let text = shown(&world, &["--tx", "bb73"]);
        assert!(text.contains("no withdrawal of djed with transaction bb73"), "{text}");
    }
}

#[test]
fn of_several_withdrawals_that_begin_alike_five_are_named_and_the_others_counted() {
    let world = World::embedded();
    let rows: String = (0..7).map(|n| format!("{},{B},1,,cc{n}{}\n", world.hour(80), "0".repeat(61))).collect();
    let file = fs::read_to_string(world.clone.path(FILE)).unwrap();
    world.clone.write(FILE, &(file + &rows));
    let text = shown(&world, &["--tx", "cc"]);
    let named: Vec<String> = (0..5).map(|n| format!("cc{n}00000…0000")).collect();
    let expected = format!("transaction \"cc\" may be any of {} and 2 more; write more of it\n", named.join(", "));
    assert!(text.ends_with(&expected), "{text}");
    assert!(shown(&world, &["--tx", "cc4"]).contains(&format!("tx          cc4{}\n", "0".repeat(61))));
    assert!(
        shown(&world, &["--tx", "cc", "--wallet", A]).contains("no withdrawal of djed with transaction cc of wallet")
    );
}

#[test]
fn a_request_names_its_transaction_whole() {
    let world = World::embedded();
    world.configure(crate::logins::AUTH);
    let server = world.serve();
    server.answers("/startupz", 200);
    let body = br#"{"asset": "djed", "tx": "bb72"}"#;
    let answer = server.ask("POST", "/api/reference", &[crate::logins::ANNA], body);
    assert_eq!(answer.status, 404, "{}", answer.text());
}

#[test]
fn a_wallet_that_is_known_is_pulled_by_its_beginning_and_one_that_is_not_by_its_whole_address() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(10), 1.0));
    liqwid.add_transaction(B, &action("SUPPLY", 2, &world.hour(20), 1.0));
    let sync = |wallet: &str| world.run(&["sync", "--log-level", "ERROR", "--wallet", wallet]);
    assert_eq!(sync("addr1qxb…bbbb").code, Some(0));
    assert_eq!(world.flows(DEPOSITS), [synced(2, 20.0, B, 1.0)]);
    assert_eq!(sync("addr1qxa").code, Some(0));
    assert_eq!(world.flows(DEPOSITS), [synced(1, 10.0, A, 1.0), synced(2, 20.0, B, 1.0)]);

    let both = sync("addr1qx").stderr;
    assert!(both.contains("wallet \"addr1qx\" may be any of addr1qxa…aaaa, addr1qxb…bbbb; write more of it"), "{both}");
    let unknown = sync("addr1qy...").stderr;
    assert!(unknown.contains("no wallet that is known is like \"addr1qy...\"; give the whole address"), "{unknown}");
    // A test vector of CIP-19.
    let new = "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8";
    let mistyped = new.replacen("vx2", "v2x", 1);
    let refused = sync(&mistyped);
    let said = format!(
        "no wallet that is known is \"{mistyped}\", and it is no address: its checksum does not fit: a letter is wrong \
         or missing; copy it again"
    );
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains(&said), "{}", refused.stderr);
    liqwid.add_transaction(new, &action("SUPPLY", 3, &world.hour(30), 1.0));
    assert_eq!(sync(new).code, Some(0));
    assert_eq!(world.flows(DEPOSITS).last(), Some(&synced(3, 30.0, new, 1.0)));
}

#[test]
fn a_long_memo_is_shown_without_its_middle() {
    let world = World::embedded();
    let file = fs::read_to_string(world.clone.path(FILE)).unwrap();
    world.clone.write(FILE, &file.replace("payroll", &format!("payroll{}", "ä".repeat(10_000))));
    let text = shown(&world, &["--latest"]);
    let (beginning, end) = ("ä".repeat(73), "ä".repeat(16)); // 80 less "payroll", 40 less the keyword and its space
    let becomes = format!("becomes     \"payroll{beginning}\"…\"{end} alert_driven_withdrawal\"\n");
    assert!(text.contains(&becomes), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 150), "{text}");
}
