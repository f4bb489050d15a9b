use std::path::Path;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::Secret;

/// One key of every kind a configuration uses.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Sample {
    #[schemars(range(min = 0, max = 65535))]
    listen_port: u16,
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    share: f64,
    enabled: bool,
    mode: Mode,
    #[schemars(length(min = 1), inner(length(min = 1)), extend("uniqueItems" = true))]
    names: Option<Vec<String>>,
    #[schemars(extend("format" = "even"))]
    even: Option<String>,
    #[schemars(extend("format" = "instant"))]
    since: Option<String>,
    inner: Inner,
    peg: Option<Peg>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Documented, so that the schema lists constants.
    #[default]
    Fast,
    /// Also documented.
    SlowAndSure,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Inner {
    password: Option<Secret>,
    note: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Peg {
    #[schemars(extend("exclusiveMinimum" = 0))]
    target: f64,
}

const EVEN: &[Format] =
    &[Format { name: "even", expected: "a text of even length", accepts: |text| text.len().is_multiple_of(2) }];

fn environment(name: &str) -> Option<String> {
    match name {
        "PORT" => Some("8080".into()),
        "TOKEN" => Some("hunter2".into()),
        "ON" => Some("True".into()),
        "OCTAL" => Some("0080".into()),
        "SHARE" => Some(" 0.25 ".into()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn load(text: &str) -> Result<Sample, Faults> {
    let file = Path::new("c.yaml");
    let mut document = Document::parse(file, text, &environment)?;
    document.check(schemars::schema_for!(Sample).as_value(), EVEN);
    typed(file, document.finish()?)
}

#[track_caller]
fn loads(text: &str) -> Sample {
    load(text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// `expected` without the file's name, which stands before every line.
#[track_caller]
fn fails(text: &str, expected: &[&str]) {
    let faults = load(text).expect_err("the text has faults").to_string();
    let found: Vec<&str> =
        faults.lines().map(|line| line.strip_prefix("c.yaml:").expect("the file comes first")).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn an_empty_file_is_all_defaults() {
    for text in ["", "# nothing\n", "---\n", "\u{feff}# nothing", "inner:\n"] {
        assert_eq!(loads(text), Sample::default(), "{text:?}");
    }
}

#[test]
fn every_fault_is_reported_at_once_in_the_order_of_the_lines() {
    fails(
        "listen_prot: 1\nshare: 1.5\nenabled: perhaps\nmode: slow\nnames: [a, '', a, 3]\neven: odd\n\
         inner: [1]\npeg: {}\nshare: 0.5\nlisten_port: 70000\n",
        &[
            "1: listen_prot: unknown key \"listen_prot\", did you mean \"listen_port\"?",
            "2: share: found 1.5, expected a number above 0 and at most 1",
            "3: enabled: found \"perhaps\", expected true or false",
            "4: mode: found \"slow\", expected one of fast, slow_and_sure",
            "5: names[1]: found \"\", expected a string that is not empty",
            "5: names[2]: found \"a\" again, expected it once (first at names[0])",
            "5: names[3]: found 3, expected a string that is not empty; put it in quotes",
            "6: even: found \"odd\", expected a text of even length or null",
            "7: inner: found a list, expected a mapping",
            "8: peg.target: missing, expected a number above 0",
            "9: share: found the key twice, expected it once (first on line 2)",
            "10: listen_port: found 70000, expected a whole number from 0 to 65535",
        ],
    );
}

#[test]
fn what_a_variable_says_again_is_found_and_not_shown() {
    fails(
        "names: ['8080', '${PORT}']",
        &["1: names[1]: found \"${PORT}\" again, expected it once (first at names[0])"],
    );
}

#[test]
fn kinds_that_do_not_fit() {
    fails("listen_port: 1.5", &["1: listen_port: found 1.5, expected a whole number from 0 to 65535"]);
    fails("listen_port: -1", &["1: listen_port: found -1, expected a whole number from 0 to 65535"]);
    fails("listen_port: null", &["1: listen_port: found null, expected a whole number from 0 to 65535"]);
    fails("listen_port: '80'", &["1: listen_port: found \"80\", expected a whole number from 0 to 65535"]);
    fails("share: .nan", &["1: share: found NaN, expected a number above 0 and at most 1"]);
    fails("share: -.inf", &["1: share: found -inf, expected a number above 0 and at most 1"]);
    fails("share: 1e999", &["1: share: found inf, expected a number above 0 and at most 1"]);
    fails("names: []", &["1: names: found an empty list, expected a list of at least one or null"]);
    fails("names: a", &["1: names: found \"a\", expected a list of at least one or null"]);
    fails("mode: 1", &["1: mode: found 1, expected one of fast, slow_and_sure"]);
    fails("- 1", &["1: found a list, expected a mapping"]);
    fails("just text", &["1: found a string, expected a mapping"]);
    fails("\"a\\nb\": 1", &["1: \"a\\nb\": unknown key \"a\\nb\", did you mean \"peg\"?"]);
}

#[test]
fn numbers_may_be_written_either_way() {
    let sample = loads("listen_port: 80.0\nshare: 1\nenabled: yes\n");
    assert_eq!((sample.listen_port, sample.share, sample.enabled), (80, 1.0, true));
}

#[test]
fn a_number_with_a_leading_zero_is_refused_with_the_reason() {
    const WHY: &str = "with a leading zero, which is octal to some readers of YAML and decimal to others";
    let port = |line: u64, found: &str| {
        format!("{line}: listen_port: found {found} {WHY}, expected a whole number from 0 to 65535")
    };
    for found in ["010", "08", "00", "-01", "+010", "01.0"] {
        fails(&format!("listen_port: {found}"), &[&port(1, found)]);
    }
    fails("listen_port: &p 010 # why", &[&port(1, "010")]);
    let name = |i: usize, found: &str| {
        format!("1: names[{i}]: found {found} {WHY}, expected a string that is not empty; put it in quotes")
    };
    fails("names: [010, 020]", &[&name(0, "010"), &name(1, "020")]);
    fails("# é\n{listen_port: 010}", &[&port(2, "010")]);
    fails("\u{feff}é: 1\nlisten_port: 010", &["1: \"é\": unknown key \"é\", did you mean \"peg\"?", &port(2, "010")]);
    for found in ["00.5", "-01.5", "01e-1"] {
        fails(
            &format!("share: {found}"),
            &[&format!("1: share: found {found} {WHY}, expected a number above 0 and at most 1")],
        );
    }
    // What the file leaves to a variable is not shown.
    fails("listen_port: ${OCTAL}", &[&port(1, "\"${OCTAL}\"")]);
    // Where a text is meant, quotes keep it one; a secret is not shown.
    fails(
        "inner: {note: 007, password: 0123}",
        &[
            &format!("1: inner.note: found 007 {WHY}, expected a string; put it in quotes"),
            &format!("1: inner.password: found a number {WHY}, expected a string or null; put it in quotes"),
        ],
    );
}

#[test]
fn a_number_that_not_every_reader_takes_for_the_same_is_refused_with_the_reason() {
    let underscore = "with an underscore, which some readers of YAML skip, and to others makes a text of it";
    let base = "in hexadecimal, octal or binary, which is a number to some readers of YAML only";
    let port = "expected a whole number from 0 to 65535";
    for (found, why) in [
        ("1_0", underscore),
        ("-1_000", underscore),
        ("0x1_0", underscore),
        ("0x10", base),
        ("0X1f", base),
        ("+0x10", base),
        ("0o17", base),
        ("0b11", base),
    ] {
        fails(&format!("listen_port: {found} # why"), &[&format!("1: listen_port: found {found} {why}, {port}")]);
    }
    fails("share: 0.2_5", &["1: share: found \"0.2_5\", expected a number above 0 and at most 1"]);
    fails("inner: {note: 0xff}", &[&format!("1: inner.note: found 0xff {base}, expected a string; put it in quotes")]);
    let sample = loads("listen_port: 1e3\nshare: .5\ninner: {note: '0x10', password: a_1}\n");
    assert_eq!((sample.listen_port, sample.share, sample.inner.note.as_str()), (1000, 0.5, "0x10"));
}

#[test]
fn a_zero_before_the_point_and_one_inside_quotes_are_what_they_were() {
    let sample = loads("listen_port: 0\nshare: 0.5\ninner: {note: '010', password: \"08\"}\nnames: ['0${OCTAL}']\n");
    assert_eq!((sample.listen_port, sample.share), (0, 0.5));
    assert_eq!((sample.inner.note.as_str(), sample.inner.password.unwrap().expose()), ("010", "08"));
    assert_eq!(sample.names.unwrap(), ["00080"]);
}

#[test]
fn expanded_variables_take_the_kind_that_is_expected() {
    let sample = loads(
        "listen_port: ${PORT}\nshare: \"${SHARE}\"\nenabled: ${ON}\nnames: ['n${PORT}', $5]\n\
         even: ${EMPTY}\ninner: {password: '${TOKEN}', note: '$${PORT}'}\n",
    );
    assert_eq!((sample.listen_port, sample.share, sample.enabled), (8080, 0.25, true));
    assert_eq!(sample.names.unwrap(), ["n8080", "$5"]);
    assert_eq!(sample.even, None, "an empty variable is null where null is allowed");
    assert_eq!(sample.inner.password.unwrap().expose(), "hunter2");
    assert_eq!(sample.inner.note, "${PORT}");
}

#[test]
fn a_variable_that_cannot_be_expanded_is_reported_once() {
    fails(
        "listen_port: ${NOWHERE}\nnames: ['${x y}']\n",
        &[
            "1: listen_port: the environment variable NOWHERE is not set, expected a value, or a default as in ${NOWHERE:-default}",
            "2: names[0]: found ${…} without the name of a variable (letters, digits and _), \
             expected ${VARIABLE} or $${ for a literal ${",
        ],
    );
}

#[test]
fn a_number_that_stands_for_a_time_is_answered_with_how_to_write_it() {
    let expected = "expected a time such as 2026-01-29T00:00:00Z or a day such as 2026-01-29 or null";
    for (written, hint) in [
        ("2026", "; write a day of that year, such as 2026-01-01"),
        ("202611", "; write a day of that month, such as 2026-11-01"),
        ("20261126", "; write it as 2026-11-26"),
        ("1732579200", "; write it as 2024-11-26T00:00:00Z"),
        ("1732579200000", "; write it as 2024-11-26T00:00:00Z"),
        ("\"20261126\"", "; write it as 2026-11-26"),
        ("20261356", ""),
        ("7", ""),
        ("-2026", ""),
        ("true", ""),
    ] {
        fails(&format!("since: {written}"), &[&format!("1: since: found {written}, {expected}{hint}")]);
    }
    fails("since: ${DAY:-20261126}", &[&format!("1: since: found \"${{DAY:-20261126}}\", {expected}")]);
    // Quotes help only where the text would do.
    fails("even: 123", &["1: even: found 123, expected a text of even length or null"]);
    fails("even: 1234", &["1: even: found 1234, expected a text of even length or null; put it in quotes"]);
}

#[test]
fn no_fault_shows_a_secret() {
    fails("listen_port: ${TOKEN}", &["1: listen_port: found \"${TOKEN}\", expected a whole number from 0 to 65535"]);
    fails("inner: {password: [hunter2]}", &["1: inner.password: found a list, expected a string or null"]);
    fails(
        "inner: {password: 1234}",
        &["1: inner.password: found a number, expected a string or null; put it in quotes"],
    );
    fails("inner: hunter2", &["1: inner: found a string, expected a mapping"]);
    fails("even: http://user:hunter2@a", &["1: even: found \"[redacted]@a\", expected a text of even length or null"]);
    fails("even: a?key=hunter2", &["1: even: found \"a?[redacted]\", expected a text of even length or null"]);
    fails("inner: {passwort: hunter2}", &["1: inner.passwort: unknown key \"passwort\", did you mean \"password\"?"]);
}

#[test]
fn a_syntax_error_ends_the_reading_without_showing_what_stands_around_it() {
    fails("a: [1", &["1: not YAML: unclosed bracket '['"]);
    fails("a: 1\nb: c: hunter2", &["2: not YAML: mapping values are not allowed in this context"]);
    fails("a: 1\n---\nb: 2", &["3: found a second document, expected one"]);
    fails("null: 1", &["1: found null as a key, expected a string"]);
    for text in ["x: @hunter2", "x: *hunter2", "x: |hunter2", "x: !!int hunter2", "x: \"\\qhunter2\"", "<<: hunter2"] {
        let faults = load(text).expect_err(text).to_string();
        assert!(!faults.contains("hunter2"), "{faults}");
    }
}

#[test]
fn aliases_and_merge_keys_work_and_cannot_explode() {
    let sample = loads("inner: &inner {note: a}\n");
    assert_eq!(sample.inner.note, "a");
    fails(
        "inner: &a {note: 1}\npeg: {<<: *a}\n",
        &[
            "1: inner.note: found 1, expected a string; put it in quotes",
            "1: peg.note: unknown key \"note\", did you mean \"target\"?",
            "2: peg.target: missing, expected a number above 0",
        ],
    );
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let alias = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
    }
    let said = |text: &str| {
        let fault = tree::parse_within(text, 5000).expect_err("the limit holds");
        Faults::new(Path::new("c.yaml"), vec![fault]).to_string()
    };
    let many = "found more than 5000 values, those that aliases repeat included, expected at most that; \
                leave out what only repeats a default";
    for text in [&bomb, &format!("names: [{}]", "a,".repeat(5000)), &format!("{}x: 1", "y: 1\n".repeat(2500))] {
        assert!(said(text).ends_with(&format!(": {many}")), "{}", said(text));
    }
    let deep = said(&format!("a: {}", "[".repeat(40) + &"]".repeat(40)));
    assert_eq!(deep, "c.yaml:1: found a value more than 32 levels deep, expected at most that");
    assert!(load(&"[".repeat(5000)).is_err());
}

#[test]
fn one_anchor_may_serve_hundreds() {
    let peg = "&p {target: 1.0}";
    let many: String = (0..200).map(|i| format!("x{i}: *p\ny{i}: {{<<: *p}}\n")).collect();
    let faults = load(&format!("peg: {peg}\n{many}")).expect_err("unknown keys").to_string();
    assert_eq!(faults.lines().filter(|line| line.contains(": unknown key ")).count(), 400);
}

#[test]
fn a_keyword_nobody_checks_is_a_fault_and_not_ignored() {
    let schema = serde_json::json!({ "properties": { "a": { "multipleOf": 2 }, "b": { "format": "odd" } } });
    let mut document = Document::parse(Path::new("c.yaml"), "a: 3\nb: x", &environment).unwrap();
    document.check(&schema, EVEN);
    assert_eq!(
        document.finish().unwrap_err().to_string(),
        "c.yaml:1: a: the schema's multipleOf is not understood, which is a defect of this program\n\
         c.yaml:2: b: the schema's format odd is not understood, which is a defect of this program"
    );
}

#[test]
fn what_may_be_anything_may_have_any_keys() {
    let schema = serde_json::json!({ "type": "object", "properties": { "later": { "description": "Anything." } } });
    for text in ["later: 1\n", "later: [a]\n", "later: {key: {key: 1}}\n", "later: [{key: 1}]\n"] {
        let mut document = Document::parse(Path::new("c.yaml"), text, &environment).expect("YAML");
        document.check(&schema, EVEN);
        assert!(document.finish().is_ok(), "{text}");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let fault = |path: &str| Document::read(Path::new(path), &environment).expect_err(path).to_string();
    assert!(fault("/nonexistent/c.yaml").starts_with("/nonexistent/c.yaml:1: cannot read the configuration: No such"));
    assert!(fault("/").starts_with("/:1: cannot read the configuration: "), "a directory");
    if cfg!(target_os = "linux") {
        let expected = "/dev/zero:1: the configuration is larger than 16777216 bytes, expected at most that";
        assert_eq!(fault("/dev/zero"), expected);
    }
}

#[test]
fn an_environment_is_laid_over_the_rest_key_by_key() {
    let text = "listen_port: 1\ninner: {note: a, password: b}\nnames: [b, c]\n\
                environments:\n  night: {inner: {note: c}, names: [d], share: 0.5}\n";
    let laid = |name: Option<&str>| {
        let mut document = Document::parse(Path::new("c.yaml"), text, &environment).unwrap();
        document.lay_over("environments", name);
        document.check(&schemars::schema_for!(Sample).to_value(), &[EVEN[0]]);
        document.finish().map(|json| json.to_string()).map_err(|faults| faults.to_string())
    };
    assert_eq!(
        laid(Some("night")).unwrap(),
        r#"{"inner":{"note":"c","password":"b"},"listen_port":1,"names":["d"],"share":0.5}"#
    );
    assert!(laid(None).unwrap().contains(r#""names":["b","c"]"#));
    let expected = r#"c.yaml:5: environments: found no environment "noon", expected one of night"#;
    assert_eq!(laid(Some("noon")).unwrap_err(), expected);
}

#[test]
fn only_the_environment_that_is_laid_over_needs_its_variables() {
    let laid = |name: &str| {
        let text = "environments:\n  night: {note: \"${NONE}\"}\n  nightly: {note: \"${NONE\"}\n  noon: {}\n";
        let mut document = Document::parse(Path::new("c.yaml"), text, &environment).unwrap();
        document.lay_over("environments", Some(name));
        document.finish().unwrap_err().to_string()
    };
    assert!(laid("noon").starts_with("c.yaml:3: environments.nightly.note: found ${ without a closing }"));
    assert!(laid("night").starts_with("c.yaml:2: environments.night.note: the environment variable NONE is not set"));
}

#[test]
fn an_environment_is_a_part_of_a_file_or_nothing() {
    let laid = |environments: &str, name: Option<&str>| {
        let text = format!("listen_port: 1\nenvironments: {environments}\n");
        let mut document = Document::parse(Path::new("c.yaml"), &text, &environment).unwrap();
        document.lay_over("environments", name);
        document.finish().map(|json| json.to_string()).map_err(|faults| faults.to_string())
    };
    assert_eq!(laid("{night: }", Some("night")).unwrap(), r#"{"listen_port":1}"#, "all of it is commented out");
    assert_eq!(laid("", None).unwrap(), r#"{"listen_port":1}"#);
    let expected = "c.yaml:2: environments.night: found 5, expected a mapping, as a part of this file";
    assert_eq!(laid("{night: 5}", Some("night")).unwrap_err(), expected);
    let expected = "c.yaml:2: environments: found a list, expected a mapping of names to parts of this file";
    assert_eq!(laid("[night]", None).unwrap_err(), expected);
}

#[test]
fn what_is_laid_over_a_file_keeps_its_own_place() {
    let laid = |text: &str, over: &str| {
        let mut document = Document::parse(Path::new("c.yaml"), text, &environment).unwrap();
        document.lay_document_over(Document::parse(Path::new("over.yaml"), over, &environment).unwrap());
        let share = Document::parse_named("--set inner.note=[]", "[]", &environment).unwrap();
        document.lay_document_over(share.below("inner.note"));
        document.check(&schemars::schema_for!(Sample).to_value(), &[EVEN[0]]);
        document.finish().unwrap_err().to_string()
    };
    let expected = "c.yaml:1: listen_port: found 70000, expected a whole number from 0 to 65535\n\
                    over.yaml:2: share: found 2, expected a number above 0 and at most 1\n\
                    over.yaml:3: nothing: the environment variable NO is not set, expected a value, or a default as \
                    in ${NO:-default}\n\
                    over.yaml:3: nothing: unknown key \"nothing\", did you mean \"even\"?\n\
                    --set inner.note=[]: inner.note: found an empty list, expected a string";
    assert_eq!(laid("listen_port: 70000\nshare: 0.5\n", "\nshare: 2\nnothing: ${NO}\n"), expected);
}

#[test]
fn a_key_with_brackets_is_laid_over_each_item_of_a_list() {
    let laid = |text: &str| {
        let mut document = Document::parse(Path::new("c.yaml"), text, &environment).unwrap();
        let over = Document::parse_named("profile", "all[]: {b: 3, c: null}", &environment).unwrap();
        document.lay_document_over(over);
        document.root().to_json().to_string()
    };
    assert_eq!(laid("all: [{a: 1}, {b: 2}]"), r#"{"all":[{"a":1,"b":3,"c":null},{"b":3,"c":null}]}"#);
    assert_eq!(laid("all: 1"), r#"{"all":1,"all[]":{"b":3,"c":null}}"#, "no list");
}

#[test]
fn what_is_taken_out_is_not_checked() {
    let mut document = Document::parse(Path::new("c.yaml"), "web: {port: 1}\nshare: 0.5\n", &environment).unwrap();
    document.take_out(&["web", "absent"]);
    document.check(&schemars::schema_for!(Sample).to_value(), &[EVEN[0]]);
    assert_eq!(document.finish().unwrap().to_string(), r#"{"share":0.5}"#);
}

/// Lines that look like a configuration, with everything YAML can do to them.
fn yamlish() -> impl Strategy<Value = String> {
    let key =
        prop::sample::select(vec!["listen_port", "inner", "password", "names", "peg", "share", "<<", "é", "1", "~"]);
    let value = prop::sample::select(vec![
        "1",
        "-1.5",
        "-01.5",
        ".inf",
        "true",
        "~",
        "[a, b]",
        "{a: 1}",
        "${PORT}",
        "${",
        "$${",
        "*a",
        "&a x",
        "!!int 7",
        "|\n  x",
        "'",
        "\"\\u0000\"",
        "99999999999999999999999999",
        "2026-01-29",
        "- a",
        "? b",
        "",
    ]);
    let line =
        (0_usize..4, key, value).prop_map(|(depth, key, value)| format!("{}{key}: {value}\n", "  ".repeat(depth)));
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_the_loader_panic_or_fail_without_a_place(text in prop_oneof![yamlish(), any::<String>()]) {
        if let Err(faults) = load(&text) {
            for line in faults.to_string().lines() {
                prop_assert!(line.starts_with("c.yaml:"), "{line}");
                prop_assert!(!line.contains("defect"), "{line}");
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, &bytes).unwrap();
        let read = Document::read(file.path(), &environment);
        prop_assert!(std::str::from_utf8(&bytes).is_ok() || read.is_err());
    }
}
