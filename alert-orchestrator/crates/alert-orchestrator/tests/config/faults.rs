//! Keys together: what does not fit is reported in one go, each fault at its line, and no secret with it.

use proptest::prelude::*;

use super::{HASH, fails, load_in, load_text, no_environment};

#[test]
fn everything_wrong_with_a_file_is_said_at_once() {
    fails(
        "client:
  assets: [djed, DJED, usdm]
  greptime: { host: localhost, pasword: hunter2 }
  embedded: {}
  date_range: { start: 2026-02-01, end: 2026-01-29T00:00:00Z }
  output: { smoothing: { usdq: { window_type: none } } }
orchestrator:
  safety_factor: { c: 1.5 }
  decision_gate:
    whitelist: [dejd]
    lookback_hour: 720
    per_asset:
      usdn: { k_sigma: 3 }
      usdm: { whitelist: [DJED, iusd] }
  price_compare:
    per_asset_overrides:
      djed: { tolerance_epsilon: 0.02 }
      Djed: { tolerance_epsilon: 0.03 }
  telemetry: { path: /health }
",
        &[
            "2: client.assets[1]: found \"DJED\" again, expected it once (first at client.assets[0])",
            "3: client.greptime.pasword: unknown key \"pasword\", did you mean \"password\"?",
            "4: client: found both greptime and embedded, expected one store",
            "5: client.date_range.start: found \"2026-02-01\", \
             expected it not to be after client.date_range.end (\"2026-01-29T00:00:00Z\")",
            "6: client.output.smoothing.usdq: found an asset that is not in client.assets, expected one of those, did you mean \"usdm\"?",
            "8: orchestrator.safety_factor.c: found 1.5, expected a number above 0 and at most 1",
            "10: orchestrator.decision_gate.whitelist[0]: found \"dejd\", expected a name of client.assets, did you mean \"djed\"?",
            "11: orchestrator.decision_gate.lookback_hour: unknown key \"lookback_hour\", did you mean \"lookback_hours\"?",
            "13: orchestrator.decision_gate.per_asset.usdn: found an asset that is not in client.assets, expected one of those, did you mean \"usdm\"?",
            "14: orchestrator.decision_gate.per_asset.usdm.whitelist[1]: found \"iusd\", expected a name of client.assets, did you mean \"usdm\"?",
            "18: orchestrator.price_compare.per_asset_overrides.Djed: found the asset twice, expected it once (first on line 17)",
            "19: orchestrator.telemetry.path: found \"/health\", which the server uses for something else, expected a path of its own",
        ],
    );
}

#[test]
fn a_user_of_greptimedb_with_a_colon_is_refused_and_not_shown() {
    let reason = "3: client.greptime.username: found a name with a colon, expected one without: HTTP Basic authentication \
                  ends the name there, and the server would see another user and password";
    let text =
        |user: &str| format!("client:\n  assets: [djed]\n  greptime: {{host: h, password: p, username: '{user}'}}\n");
    for user in ["reader:hunter2", ":", "${NO:-a:b}"] {
        fails(&text(user), &[reason]);
    }
    assert!(load_text(&text("reader"), &no_environment).is_ok());
}

#[test]
fn numbers_with_a_leading_zero_are_refused_with_the_reason() {
    fails(
        "client:\n  assets: [djed]\n  max_sample_age_hours: 024\norchestrator:\n  schedule: {interval_minutes: 010}\n  \
         telemetry: {listen_port: 09808}\n",
        &[
            "3: client.max_sample_age_hours: found 024 with a leading zero, which is octal to some readers of YAML and decimal to \
             others, expected a number above 0 and at most 876000 or null",
            "5: orchestrator.schedule.interval_minutes: found 010 with a leading zero, which is octal to some readers of YAML and \
             decimal to others, expected a number above 0 and at most 525600",
            "6: orchestrator.telemetry.listen_port: found 09808 with a leading zero, which is octal to some readers of YAML and \
             decimal to others, expected a whole number from 0 to 65535",
        ],
    );
}

#[test]
fn numbers_that_other_readers_take_for_something_else_are_refused_with_the_reason() {
    fails(
        "client:\n  assets: [djed]\n  max_sample_age_hours: 1_0\norchestrator:\n  telemetry: {listen_port: 0x10}\n",
        &[
            "3: client.max_sample_age_hours: found 1_0 with an underscore, which some readers of YAML skip, and to \
             others makes a text of it, expected a number above 0 and at most 876000 or null",
            "5: orchestrator.telemetry.listen_port: found 0x10 in hexadecimal, octal or binary, which is a number to some \
             readers of YAML only, expected a whole number from 0 to 65535",
        ],
    );
}

#[test]
fn rounds_are_a_second_apart_at_least_and_a_minute_where_an_api_is_asked() {
    let text = |interval: &str, apis: &str| {
        format!(
            "client: {{assets: [djed]}}\norchestrator:\n  apis: {{{apis}}}\n  \
             schedule: {{interval_minutes: {interval}}}\n"
        )
    };
    let too_often = |interval: &str, apis: &str, expected: &str| {
        fails(&text(interval, apis), &[&format!("4: orchestrator.schedule.interval_minutes: found {expected}")]);
    };
    too_often("0.016", "", "0.016 (0.960 s), expected at least 1 s");
    too_often("0.001", "koios: null", "0.001 (0.060 s), expected at least 1 s");
    for api in ["liqwid_graphql", "koios"] {
        let expected = format!("0.9 (54.000 s), expected at least 60 s, as orchestrator.apis.{api} is configured");
        too_often("0.9", &format!("{api}: 'https://a.example'"), &expected);
    }
    load_text(&text("0.0167", ""), &no_environment).unwrap();
    load_text(&text("1", "liqwid_graphql: 'https://a.example'"), &no_environment).unwrap();
}

#[test]
fn a_syntax_error_ends_the_reading() {
    fails(
        "client:\n  assets: [djed\norchestrator:\n  safety_factor: {c: 9}\n",
        &["3: not YAML: illegal placement of ':' indicator"],
    );
}

#[test]
fn the_three_kinds_of_tables_must_differ() {
    fails(
        "client:\n  assets: [djed]\n  deposits_prefix: liqwid_withdrawals_\n",
        &[
            "3: client.withdrawals_prefix: found \"liqwid_withdrawals_\", which is also client.deposits_prefix, expected tables of their own",
        ],
    );
}

#[test]
fn a_span_that_ends_before_it_starts() {
    // 2026-01-01 begins in Honolulu ten hours after it does in UTC.
    let text = "client: {assets: [djed]}\norchestrator:\n  timezone: Pacific/Honolulu\n  transaction_sync: {start_date: 2026-01-01, end_date: '2026-01-01T09:00:00Z'}\n";
    fails(
        text,
        &["4: orchestrator.transaction_sync.start_date: found \"2026-01-01\", \
           expected it not to be after orchestrator.transaction_sync.end_date (\"2026-01-01T09:00:00Z\")"],
    );
    assert!(load_text(&text.replace("Pacific/Honolulu", "UTC"), &no_environment).is_ok());
}

#[test]
fn a_login_needs_a_user_and_a_usable_hash() {
    let auth = |keys: &str, expected: &[&str]| {
        fails(&format!("client: {{assets: [djed]}}\norchestrator:\n  auth:\n    enabled: true\n{keys}"), expected);
    };
    let unknown = "found a password hash of an unknown kind, expected bcrypt:$2b$… or sha256:<64 hex digits>";
    let bcrypt = "found bcrypt: without a hash as bcrypt writes it, expected $2b$ (or 2a, 2y), a cost from 04 to 16, $ and \
                  53 characters";
    let sha256 = "found sha256: without a hash, expected 64 hex digits";
    auth(
        "",
        &["4: orchestrator.auth.enabled: found true without a user, expected username and password_hash, or users"],
    );
    auth(
        "    username: admin\n",
        &["5: orchestrator.auth.password_hash: missing, expected bcrypt:<hash> or sha256:<64 hex digits>"],
    );
    auth(
        &format!("    password_hash: {HASH}\n"),
        &["5: orchestrator.auth.username: missing, expected the user of the password_hash"],
    );
    let rest = HASH.rsplit('$').next().unwrap();
    for (bad, fault) in [
        ("hunter2", unknown),
        ("md5:x", unknown),
        ("bcrypt:$2b$12$...", bcrypt),
        (&format!("bcrypt:$2b$03${rest}"), bcrypt),
        (&format!("bcrypt:$2b$17${rest}"), bcrypt),
        (&format!("bcrypt:$2x$12${rest}"), bcrypt),
        ("sha256:abc", sha256),
    ] {
        auth(
            &format!("    username: admin\n    password_hash: '{bad}'\n"),
            &[&format!("6: orchestrator.auth.password_hash: {fault}")],
        );
    }
    auth(
        &format!(
            "    username: 'a:b'\n    password_hash: {HASH}\n    users:\n    - {{username: c, password_hash: x}}\n    - {{username: c, password_hash: {HASH}}}\n"
        ),
        &[
            "5: orchestrator.auth.username: found \"a:b\", expected a name without a colon",
            &format!("8: orchestrator.auth.users[0].password_hash: {unknown}"),
            "9: orchestrator.auth.users[1].username: found the same user twice, expected it once",
        ],
    );
    let sha = "a".repeat(64);
    let users = format!(
        "client: {{assets: [djed]}}\norchestrator:\n  auth: {{enabled: true, users: [{{username: a, password_hash: 'sha256:{sha}'}}]}}"
    );
    assert!(load_text(&users, &no_environment).is_ok());
}

#[test]
fn cleaning_up_needs_a_cut_off_and_a_password_its_user_and_a_user_a_password() {
    fails(
        "client: {assets: [djed], greptime: {host: h, password: hunter2}}\norchestrator:\n  output_cleanup: {enabled: true, expire_before_relative: null}\n",
        &[
            "1: client.greptime.username: missing, expected the user whose password is given",
            "3: orchestrator.output_cleanup.enabled: found true without a cut-off, expected expire_before_relative or expire_before",
        ],
    );
    fails(
        "client: {assets: [djed], greptime: {host: h, username: u, password: '${NO:-}'}}",
        &["1: client.greptime.password: missing, expected the password of the user who is given"],
    );
}

#[test]
fn minswap_needs_a_token_for_every_asset() {
    let folder = tempfile::TempDir::new().unwrap();
    let text = "client: {assets: [djed, IUSD, usdm]}\norchestrator:\n  apis: {minswap_aggregator: 'https://agg-api.minswap.org'}\n";
    let faults = |registry: Option<&str>| {
        if let Some(registry) = registry {
            std::fs::write(folder.path().join("token_registry.csv"), registry).unwrap();
        }
        load_in(folder.path(), text, &no_environment).expect_err("a token is missing")
    };
    let policy = "8db269c3ec630e06ae29f74bc39edd1f87c819f1056206e879a1cd61";
    let at = "config.yaml:3: orchestrator.token_registry: token_registry.csv: ";
    assert!(faults(None).starts_with(&format!("{at}cannot read the token registry: No such file")), "{}", faults(None));
    assert_eq!(
        faults(Some("asset,policy\n")),
        format!("{at}line 1: found other columns, expected asset,policy_id,token_name_hex")
    );
    assert_eq!(
        faults(Some(&format!("asset,policy_id,token_name_hex\ndjed,{policy},446a\n"))),
        format!(
            "{at}no row for \"IUSD\", \"usdm\", expected one for each asset because apis.minswap_aggregator is set"
        )
    );
    assert_eq!(
        faults(Some(&format!(
            "asset,policy_id,token_name_hex\ndjed,abcd,44\niusd,{policy},445\n,{policy},44\nusdm,{policy},44\nUSDM,{policy},44\n"
        ))),
        [
            "line 2: found a policy_id of 4 characters, expected 56 hex digits",
            "line 3: found a token_name_hex of 3 characters, expected hex digits, two for each byte",
            "line 4: found no asset, expected its name",
            "line 6: found \"usdm\" again, expected one row for each asset",
        ]
        .map(|fault| format!("{at}{fault}"))
        .join("\n")
    );
    assert!(faults(Some("asset,policy_id,token_name_hex\ndjed,a\n")).contains("found record with 2 fields"));
    let whole = format!("asset,policy_id,token_name_hex\ndjed,{policy},446A\niusd,{policy},\nUSDM,{policy},44\n");
    std::fs::write(folder.path().join("token_registry.csv"), whole).unwrap();
    let tokens = load_in(folder.path(), text, &no_environment).unwrap().tokens.unwrap();
    assert_eq!(
        [tokens.id("djed"), tokens.id("iusd"), tokens.id("usdc")],
        [Some(&*format!("{policy}446a")), Some(policy), None]
    );
}

/// Every way a secret may meet a fault; the secret stands in the file or comes from the environment.
#[test]
fn no_fault_and_no_normalized_form_shows_a_secret() {
    let env = |name: &str| (name == "SECRET").then(|| "hunter2".to_owned());
    for text in [
        "client: {assets: [djed], greptime: {host: h, username: u, password: [hunter2]}}",
        "client: {assets: [djed], greptime: {host: h, username: [], password: hunter2, port: x}}",
        "client: {assets: [djed], greptime: {host: 'http://u:hunter2@h'}}",
        "client: {assets: [djed], greptime: {host: 'u:hunter2@h/@x'}}",
        "client: {assets: [djed], greptime: {host: '${SECRET} x'}}",
        "client: {assets: ['${SECRET}', djed], date_range: {start: '${SECRET}'}, table_asset_prefix: '${SECRET}-'}",
        "client: {assets: ['${SECRET}', djed]}\norchestrator: {decision_gate: {whitelist: [hunter, '${SECRET}3'], per_asset: {hunted: {}}}}",
        "client: {assets: [djed]}\norchestrator: {auth: {enabled: true, username: 'a:${SECRET}', password_hash: hunter2}}",
        "client: {assets: [djed]}\norchestrator: {auth: {enabled: true, users: [{username: a, password_hash: hunter2, hunter: 1}]}}",
        "client: {assets: [djed]}\norchestrator: {auth: {users: hunter2x, password_hash: {a: hunter2}}, token_registry: '${SECRET}', apis: {minswap_aggregator: 'https://a', koios: 'https://hunter2@k'}}",
        "client: {assets: [djed], greptime: {host: h, username: u, password: 'hunter2}}",
    ] {
        let faults = load_text(text, &env).expect_err(text);
        // Where a list stands in the place of text, only its kind may be named.
        assert!(!faults.contains("hunter2") || text.contains("hunter2x"), "{text}\n{faults}");
    }
    let text = "client: {assets: [djed], greptime: {host: h, username: u, password: '${SECRET}'}}\norchestrator: {auth: {username: a, password_hash: hunter2, users: [{username: b, password_hash: hunter2}]}}";
    let config = load_text(text, &env).unwrap();
    assert_eq!(config.client.greptime.as_ref().unwrap().password.as_ref().unwrap().expose(), "hunter2");
    for shown in [format!("{config:?}"), serde_json::to_string(&config).unwrap()] {
        assert!(!shown.contains("hunter2") && shown.matches("[redacted]").count() == 3, "{shown}");
    }
}

/// Keys of the configuration, and what is none.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "client", "orchestrator", "assets", "greptime", "embedded", "host", "password", "output", "smoothing",
    "default", "djed", "DJED", "decision_gate", "per_asset", "whitelist", "peg", "auth", "enabled", "users",
    "username", "password_hash", "telemetry", "path", "expose", "apis", "minswap_aggregator", "date_range", "start",
    "end", "timezone", "<<", "~", "é",
];

/// Values that some key takes, and fragments of YAML.
#[rustfmt::skip]
const VALUES: &[&str] = &[
    "", "", "", "[djed]", "{djed: {}}", "1", "-1.5e308", ".nan", "true", "~", "null", "${HOST}", "${NO}", "${",
    "*a", "&a", "djed", "2026-01-29", "9999-12-31", "-009999-01-02", "http://[::1]:4000", "host:99999",
    "Europe/Berlin", "!!str x", "|", "'", "\"\\0\"",
];

/// Lines made of keys and values of the configuration, right and wrong.
fn yamlish() -> impl Strategy<Value = String> {
    let (key, value) = (prop::sample::select(KEYS), prop::sample::select(VALUES));
    let line = (0_usize..5, any::<bool>(), key, value).prop_map(|(depth, item, key, value)| {
        format!("{}{}{key}: {value}\n", "  ".repeat(depth), if item { "- " } else { "" })
    });
    prop::collection::vec(line, 0..25).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_text_makes_the_loader_panic(text in prop_oneof![yamlish(), any::<String>()]) {
        let env = |name: &str| (name == "HOST").then(|| "db".to_owned());
        if let Err(faults) = load_text(&text, &env) {
            prop_assert!(!faults.is_empty() && !faults.contains("defect of this program"), "{faults}");
            for fault in faults.lines() {
                prop_assert!(fault.starts_with("config.yaml:"), "{fault}");
            }
        }
    }
}

#[test]
fn a_keyword_marks_one_thing_and_nothing_by_itself() {
    fails(
        "client: {assets: [djed]}\norchestrator:\n  reference_keyword: withdrawal\n",
        &["3: orchestrator.reference_keyword: found \"withdrawal\", \
           expected a text that neither contains orchestrator.principal_keyword nor is part of it"],
    );
    fails(
        "client: {assets: [djed]}\norchestrator:\n  reference_keyword: gain\n  principal_keyword: no gain\n",
        &[
            "3: orchestrator.reference_keyword: found \"gain\", \
             expected a text that neither contains orchestrator.principal_keyword nor is part of it",
            "4: orchestrator.principal_keyword: found \"no gain\", \
             expected a text that neither contains orchestrator.reference_keyword nor is part of it",
        ],
    );
    fails(
        "client: {assets: [djed]}\norchestrator: {principal_keyword: Liqwid}\n",
        &["2: orchestrator.principal_keyword: found \"Liqwid\", \
           which is part of the memo of pulled withdrawals (Synced from Liqwid (tx: …)"],
    );
}
