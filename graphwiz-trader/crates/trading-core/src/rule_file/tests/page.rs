//! The page of the guide about the language says what the program says: names, arguments, keys, warm-up, limits, and
//! every example is a rule file.

use super::*;
use crate::indicators::Length;
use crate::rule_file::names::{INDICATORS, Meaning, OTHERS, Result as Answer, Signature, one_of};
use crate::rule_file::{compile, exits, graph, sections, syntax};

const PAGE: &str = include_str!("../../../../../docs/rule-language.md");

/// The cells of each row of a table whose first cell is code, that as it is written.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split(" |").map(str::trim).collect::<Vec<_>>();
    PAGE.lines().filter(|line| line.starts_with("| `")).map(cells)
}

/// As the page writes it: `rsi(x, n = 14)`.
fn written(signature: &Signature) -> String {
    let argument = |argument: &crate::rule_file::names::Argument| match argument.default {
        Some(default) => format!("{} = {default}", argument.name),
        None => argument.name.to_owned(),
    };
    let series = signature.takes_series.then(|| "x".to_owned());
    let arguments: Vec<_> = series.into_iter().chain(signature.arguments.iter().map(argument)).collect();
    if arguments.is_empty() {
        signature.name.to_owned()
    } else {
        format!("{}({})", signature.name, arguments.join(", "))
    }
}

#[test]
fn every_indicator_has_its_row_with_arguments_fields_and_warm_up() {
    for signature in &INDICATORS {
        let usage = format!("`{}`", written(signature));
        let row = rows().find(|row| row[0] == usage).unwrap_or_else(|| panic!("no row {usage}"));
        let n = if signature.arguments.iter().any(|argument| argument.default.is_none()) { "(20)" } else { "()" };
        let call = if signature.arguments.is_empty() { "" } else { n };
        let fields = match signature.result {
            Answer::Fields(fields) => fields,
            Answer::One(_) => &[],
        };
        assert!(fields.iter().all(|field| row[1].contains(&format!("`.{field}`"))), "{usage}: {}", one_of(fields));
        let field = fields.last().map_or(String::new(), |field| format!(".{field}"));
        let text = format!("name: t\nenter: {}{call}{field} > 0\n", signature.name);
        let warm_up = instance(&text).warm_up();
        assert_eq!(row.last(), Some(&format!("{}, {}", warm_up.defined, warm_up.settle).as_str()), "{usage}");
    }
}

#[test]
fn every_other_name_and_every_key_has_its_row_and_no_row_is_of_nothing() {
    let others = OTHERS.into_iter().map(|(name, meaning)| match meaning {
        Meaning::Function(function) => function.usage().to_owned(),
        _ => name.to_owned(),
    });
    let keys = [&sections::KEYS[..], &sections::PARAMETER_KEYS, &exits::KEYS].concat();
    let mut expected: Vec<_> = others.chain(keys.into_iter().map(str::to_owned)).collect();
    expected.extend(INDICATORS.iter().map(written));
    for name in &expected {
        assert!(rows().any(|row| row[0] == format!("`{name}`")), "no row {name}");
    }
    // Rows of expressions have more than a name.
    let names = rows().map(|row| row[0].trim_matches('`')).filter(|name| crate::rule_file::is_name(name));
    let unknown: Vec<_> = names.filter(|name| !expected.iter().any(|known| known == name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn limits_are_those_of_the_program() {
    for (what, most) in [
        ("bytes", crate::rule_file::MAX_BYTES),
        ("parts after equal ones are shared", graph::MAX_NODES),
        ("indicators", graph::MAX_INDICATORS),
        ("parameters", sections::MAX_PARAMETERS),
        ("lets", sections::MAX_LETS),
        ("longer frames", compile::MAX_FRAMES),
        ("brackets and signs within each other", syntax::MAX_DEPTH),
        ("bars that an n counts", Length::MAX.bars()),
    ] {
        assert!(PAGE.contains(&format!("\n| {what} | {most} |\n")), "{what}: {most}");
    }
}

#[test]
fn every_example_is_a_rule_file() {
    let blocks = PAGE.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut count = 0;
    for block in blocks {
        let name = if block.starts_with("name:") { "" } else { "name: t\n" };
        instance(&format!("{name}{block}"));
        count += 1;
    }
    assert_eq!(count, 14, "a whole file and the idioms");
    // What stands in tables as an expression.
    for row in rows().filter(|row| row[0].starts_with("`on(") || row[0].starts_with("`prev(on(")) {
        let expr = row[0].trim_matches('`').replace(", x)", ", close)");
        instance(&format!("name: t\nlet: {{ a: '{expr}' }}\nenter: true\n"));
    }
}
