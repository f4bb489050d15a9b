//! What is too large is told, and nothing goes deeper than its limit.

use super::*;

#[test]
fn a_file_has_at_most_64_kib() {
    let text = format!("name: t\nenter: true\n#{}", "x".repeat(65536));
    assert_eq!(faults(&text), "1:1: the file has 65557 bytes, expected at most 65536");
}

#[test]
fn brackets_and_signs_nest_64_deep() {
    for (open, inner, close) in
        [("(", "true", ")"), ("not ", "true", ""), ("not (", "true", ")"), ("abs(", "1", ")"), ("-", "1", "")]
    {
        let told = |depth| {
            let nested = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            let compared = if inner == "1" { "0 < " } else { "" };
            faults(&format!("name: t\nenter: {compared}{nested}\n"))
        };
        assert_eq!(told(32), "none", "{open}");
        for depth in [65, 8000] {
            assert!(told(depth).ends_with("nests deeper than 64"), "{open}: {}", told(depth));
        }
    }
    let chain = format!("name: t\nenter: {}true\n", "true and ".repeat(900));
    assert_eq!(faults(&chain), "none");
}

#[test]
fn a_program_has_at_most_1000_parts_100_indicators_32_parameters_64_lets() {
    let sum = |count: usize| {
        format!("name: t\nenter: 0 < {}\n", (1..=count).map(|i| i.to_string()).collect::<Vec<_>>().join(" + "))
    };
    assert_eq!(faults(&sum(499)), "none");
    assert!(faults(&sum(500)).ends_with(": the file has more than 1000 parts; equal ones count once"));
    let averages = |count: usize| (1..=count).map(|n| format!("sma({n})")).collect::<Vec<_>>().join(" + ");
    assert_eq!(faults(&format!("name: t\nenter: 0 < {}\n", averages(100))), "none");
    let told = faults(&format!("name: t\nenter: 0 < {}\n", averages(101)));
    assert!(told.ends_with("the file has more than 100 indicators; equal ones count once"), "{told}");
    assert_eq!(told.lines().count(), 1);
    let many = |count: usize, value: &str| (0..count).map(|i| format!("a{i}: {value}")).collect::<Vec<_>>().join(", ");
    let parameters =
        |count| faults(&format!("name: t\nenter: true\nparams: {{ {} }}\n", many(count, "{ default: 1 }")));
    assert_eq!(parameters(32), "none");
    assert!(parameters(33).ends_with("found 33 parameters, expected at most 32"));
    let lets = |count| faults(&format!("name: t\nenter: true\nlet: {{ {} }}\n", many(count, "close")));
    assert_eq!(lets(64), "none");
    assert!(lets(65).ends_with("found 65 lets, expected at most 64"));
}

#[test]
fn lets_that_double_each_other_stay_small_on_every_frame() {
    let lets: String = (1..64).map(|i| format!("  a{i}: a{} + a{}\n", i - 1, i - 1)).collect();
    let frames = "on(\"15m\", a63) + on(\"1h\", a63) + on(\"4h\", a63) + a63";
    let text = format!("name: t\nlet:\n  a0: close\n{lets}enter: {frames} > 0\n");
    assert!(file(&text).draft.graph.nodes().len() < 300);
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let faults = RuleFile::parse("f", b"name: t\nenter: \xff\n").unwrap_err();
    assert_eq!(faults.to_string(), "f:2:8: not UTF-8");
}

#[test]
fn the_longest_texts_end_whatever_they_repeat() {
    let heads = ["", "name: t\nenter: ", "name: t\nlet:\n  a: ", "name: t\nenter: \"", "name: t\nenter: |\n  ", "- "];
    let parts = [
        "a",
        "(",
        "[",
        "{",
        "{a: ",
        "- ",
        "a: ",
        "? ",
        "'",
        "\\n",
        "&a ",
        "!a ",
        "a+",
        "zz + ",
        "rsi14 or ",
        "sma(",
        "not ",
        "-",
        "9",
        "$a ",
        "on(\"4h\",",
        " #",
        "\t",
        "\n  ",
        "\r",
        "é",
        "\"",
        "%",
        "<<: ",
        "\n  b: a",
    ];
    for head in heads {
        for part in parts {
            let text = format!("{head}{}", part.repeat((65536 - head.len()) / part.len()));
            assert_ne!(faults(&text), "none", "{head:?} {part:?}");
        }
    }
    let keys: String = (0..4000).map(|i| format!("k{i}: zzz\n")).collect();
    assert_eq!(faults(&keys).lines().count(), 20);
}
