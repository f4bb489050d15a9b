//! What is told of a file that is wrong, and of which place.

use super::*;

const COLON: &str = "not YAML: mapping values are not allowed in this context; put a value that has a colon and a \
                     blank in it in quotes, and write if(c, a, b) for c ? a : b";

/// The faults of a file whose other lines are right; `line` stands on line 3.
#[track_caller]
fn told(line: &str, expected: &str) {
    let text = format!(
        "name: t\nparams: {{ n: {{ default: 2, min: 0, max: 6000, step: 1 }}, k: {{ default: 0.5 }} }}\n{line}\n"
    );
    let text = if line.contains("enter:") { text } else { text + "enter: true\n" };
    assert_eq!(faults(&text), expected, "{text}");
}

#[test]
fn the_three_faults_of_the_manual() {
    let text = "\
name: dip
description: three faults
params:
  n: { default: 14 }
let:
  f: sma(20)
  a: close > f
  g: 1
  h: 5 * f + (rsi14)
  i: rsi(14)
enter: close - f
exit: a and (prev(a, 0))
";
    let expected = "\
9:15: unknown name rsi14; did you mean rsi(14)?
11:8: enter must be a bool, found a number (close - f)
12:22: prev(x, n) needs n >= 1, found 0";
    assert_eq!(faults(text), expected);
}

#[test]
fn names_that_are_unknown_come_with_the_nearest() {
    told("enter: closes > 1", "3:8: unknown name closes; did you mean close?");
    told("enter: crosses_over(close, 1)", "3:8: unknown name crosses_over; did you mean crosses_above?");
    told("enter: sma20 > 1", "3:8: unknown name sma20; did you mean sma(20)?");
    told("enter: zzzzzz", "3:8: unknown name zzzzzz");
    told("enter: close > $m", "3:16: unknown parameter $m; did you mean $n?");
    told("let: { fast: close, b: fats }", "3:24: unknown name fats; did you mean fast?");
    told("let: { b: fast, fast: close }", "3:11: unknown name fast; a let may use earlier ones only");
    told("entry: true", "3:1: unknown key entry; did you mean enter?");
    let keys = "name, description, params, require, let, enter, exit, size, limit, valid_bars, exits";
    told("stop: true", &format!("3:1: unknown key stop, expected {keys}"));
    told("exits: { stoploss: 1 }", "3:10: unknown key stoploss; did you mean stop_loss?");
}

#[test]
fn an_unknown_name_with_a_field_is_named_as_an_indicator_that_has_fields() {
    let bands = "which has .upper, .middle, .lower, .position or .width?";
    told("enter: close > bb(20).upper", &format!("3:16: unknown name bb; did you mean bollinger, {bands}"));
    told("enter: close > bolinger(20).up", &format!("3:16: unknown name bolinger; did you mean bollinger, {bands}"));
    told("enter: stoch.k > 1", "3:8: unknown name stoch; did you mean stochastic, which has .k or .d?");
    told("enter: smaa(20).value > 1", "3:8: unknown name smaa; did you mean sma?");
    told("enter: nothing_like_it(20).value > 1", "3:8: unknown name nothing_like_it");
    told("let: { f: zzzzzz, g: f.upper }", "3:11: unknown name zzzzzz\n3:23: found .upper, but f has one value only");
}

#[test]
fn what_is_not_near_is_not_suggested() {
    told("enter: close > up", "3:16: unknown name up");
    told("enter: close > hi", "3:16: unknown name hi");
    told("enter: clode > 1", "3:8: unknown name clode; did you mean close?");
    told("enter: abx > 1", "3:8: unknown name abx; did you mean adx?");
    told("enter: prce > 1", "3:8: unknown name prce");
    told(
        "exits: { target: 1 }",
        "3:10: unknown key target, expected stop_loss, trailing_percent, atr_multiple, partial_targets, cooldown_bars, \
         stop_guard, size_stop",
    );
}

#[test]
fn what_other_languages_write_is_told_with_what_stands_for_it() {
    told("enter: close > 1 AND close < 2", "3:18: found AND, write and");
    told("enter: close > 1 Or close < 2", "3:18: found Or, write or");
    told("enter: NOT in_position", "3:8: found NOT, write not");
    told("enter: close > 1 && close < 2", "3:18: found &&, write and");
    told("enter: close > 1 || close < 2", "3:18: found ||, write or");
    told("enter: in_position == !true", "3:23: found !, write not");
    told("enter: '!in_position'", "3:9: found !, write not");
    told("enter: close[1] > 2", "3:13: found [, write prev(close, 1) for the close of the bar before");
    told("enter: profit > 30 %", "3:20: found %, write 0.30 for 30 %");
    told("enter: close => 2", "3:14: found =>, write >=");
    told("enter: close ? 1 > 2", "3:14: found ?, write if(c, a, b)");
    let tag = "found !, which begins a tag in YAML; write not";
    told("enter: ! in_position", &format!("3:8: {tag}"));
    told("enter: !in_position", &format!("3:8: {tag}"));
    told("enter: !rsi(14) > 50", &format!("3:8: {tag}"));
    told("let: { a: ! true }", &format!("3:11: {tag}"));
    told("let:\n  a: !true", &format!("4:6: {tag}"));
}

#[test]
fn a_parameter_without_its_sign_is_told_with_it_and_once() {
    told("enter: sma(n) > close", "3:12: unknown name n; did you mean $n?");
    told("enter: rsi(n) > 30", "3:12: unknown name n; did you mean $n?");
    told("enter: close > k", "3:16: unknown name k; did you mean $k?");
    let needs = "needs a whole number or a parameter as n, found n; did you mean $n?";
    told("enter: rsi(close, n) > 30", &format!("3:19: rsi(x, n) {needs}"));
    told("enter: prev(close, n) > 30", &format!("3:20: prev(x, n) {needs}"));
    told("require: [\"n > 1\"]", "3:12: require knows parameters only, found n; did you mean $n?");
    // A let of that name is meant by it.
    told("let: { n: close }\nenter: sma(n) > 1", "4:8: sma(x, n) needs n");
    told("let: { a: n, n: close }", "3:11: unknown name n; a let may use earlier ones only");
}

#[test]
fn modules_methods_and_choices_of_other_languages_are_told_with_what_stands_for_them() {
    told("enter: ta.rsi(14) > 30", "3:8: found ta.rsi(…); names have no prefix, write rsi(…)");
    told("enter: 1 < ta.sma(close, 20)", "3:12: found ta.sma(…); names have no prefix, write sma(…)");
    let crosses = "found ta.crossover(…); names have no prefix; did you mean crosses_above?";
    told("enter: ta.crossover(sma(5), sma(9))", &format!("3:8: {crosses}"));
    told("enter: crossunder(sma(5), sma(9))", "3:8: unknown name crossunder; did you mean crosses_below?");
    told("enter: ta.tr > 1", "3:8: unknown name ta; names have no prefix, write tr");
    let method = "found close.shift(…), but close has no functions of its own; the bar before is prev(close, 1)";
    told("enter: close.shift(1) > 1", &format!("3:8: {method}"));
    told("enter: on(4h, close) > 1", "3:11: found 4h, write \"4h\" for a frame");
    told("enter: on(15M, close) > 1", "3:11: found 15M, write \"15m\" for a frame");
    told("enter: close > 5k", "3:17: found k, expected an operator or the end");
    told("enter: \"close > open ? 1 : 0\"", "3:22: found ?, write if(c, a, b)");
    told("enter: close > open ? 1 : 0", &format!("3:25: {COLON}"));
    told("enter: if close > open", "3:8: found if, write if(c, a, b)");
    told("enter: true if close > open", "3:13: found if, write if(c, a, b)");
    told("enter: if", "3:8: if needs its arguments: if(c, a, b)");
    told("enter: close ** 2 > 1", "3:14: found **, write x * x");
    told("enter: close <> 2", "3:14: found <>, write !=");
    told("enter: close > 2;", "3:17: found ;, leave it out; an expression ends with its text");
}

#[test]
fn only_what_is_a_tag_is_told_to_be_one_and_not_stands_only_in_expressions() {
    let quotes = "found !, which begins a tag in YAML; put the text in quotes";
    told("description: !important", &format!("3:14: {quotes}"));
    told("description: ! important", &format!("3:14: {quotes}"));
    told("exits: { stop_loss: !x }", &format!("3:21: {quotes}"));
    told("description: \"a: !b\" c", "3:22: not YAML: invalid trailing content after double-quoted scalar");
}

#[test]
fn types_do_not_convert() {
    told("enter: close", "3:8: enter must be a bool, found a number (close)");
    told("size: close > 1", "3:7: size must be a number, found a bool (close > 1)");
    told("enter: close and true", "3:8: and needs bools, found a number (close)");
    told("enter: true or not 5", "3:20: not needs a bool, found a number (5)");
    told("enter: 1 + true > 2", "3:12: + needs numbers, found a bool (true)");
    told("enter: true < 1", "3:8: < needs numbers, found a bool (true)");
    told("enter: true == 1", "3:8: == compares two of one type, found a bool (true) and a number (1)");
    told("enter: -true == 1", "3:9: - needs a number, found a bool (true)");
    told("enter: if(1, true, false)", "3:11: if(c, a, b) needs a bool first, found a number (1)");
    told("enter: if(true, 1, false)", "3:17: if(c, a, b) needs a and b of one type, found a number and a bool");
    told("enter: sma(true, 2) > 1", "3:12: x of sma(x, n) must be a number, found a bool (true)");
    told("enter: bars_since(close, 2) > 1", "3:19: bars_since(c, n) needs a bool first, found a number (close)");
    told("enter: min(close, true) > 1", "3:19: min(a, b) needs numbers, found a bool (true)");
}

#[test]
fn numbers_of_bars_are_whole_and_1_to_5000() {
    told("enter: sma(0) > 1", "3:12: sma(x, n) needs n >= 1, found 0");
    told("enter: sma(-5) > 1", "3:12: sma(x, n) needs n >= 1, found -5");
    told("enter: sma(5001) > 1", "3:12: sma(x, n) needs n <= 5000, found 5001");
    told("enter: prev(close, 1.5) > 1", "3:20: prev(x, n) needs a whole n, found 1.5");
    told("enter: prev(close, close) > 1", "3:20: prev(x, n) needs a whole number or a parameter as n, found close");
    told("enter: prev(close, 1 + 1) > 1", "3:20: prev(x, n) needs a whole number or a parameter as n, found 1 + 1");
    told("enter: sma($n) > 1", "3:12: sma(x, n) needs n >= 1, found $n from 0 to 6000");
    told("enter: macd(1, $k).line > 1", "3:16: macd(x, f, s, g) needs s >= 1, found $k = 0.5");
    told("enter: bollinger(5, 0).upper > 1", "3:21: bollinger(x, n, k) needs k > 0, found 0");
}

#[test]
fn indicators_are_written_with_what_they_need() {
    told("enter: sma > 1", "3:8: sma needs its arguments: sma(x, n)");
    told("enter: prev > 1", "3:8: prev needs its arguments: prev(x, n)");
    told("enter: sma() > 1", "3:8: sma(x, n) needs n");
    told("enter: sma(close) > 1", "3:8: sma(x, n) needs n");
    told("enter: atr(close) > 1", "3:12: atr(n) needs a whole number or a parameter as n, found close");
    told("enter: sma(5, close) > 1", "3:15: sma(x, n) takes the series first: sma(close, 5)");
    told("enter: atr(1, 2) > 1", "3:8: atr(n) takes at most 1 argument, found 2");
    told("enter: prev(close) > 1", "3:8: prev(x, n) takes 2 arguments, found 1");
    told("enter: macd() > 1", "3:8: macd has several values; follow it with .line, .signal or .hist");
    told("enter: macd().lin > 1", "3:14: macd has no .lin, expected .line, .signal or .hist");
    told("enter: sma(5).line > 1", "3:14: found .line, but sma(5) has one value only");
    told("enter: close.line > 1", "3:13: found .line, but close has one value only");
    told("enter: tr() > close() - 1", "3:8: tr takes no brackets\n3:15: close takes no brackets");
    told("enter: sma(5, 6) > 1", "3:8: sma(x, n) takes at most 1 argument without x, found 2");
    told("enter: sma(close, 5, 6) > 1", "3:8: sma(x, n) takes at most 2 arguments, found 3");
    told(
        "enter: bollinger(20, high - low, 2).upper > 1",
        "3:22: bollinger(x, n, k) takes the series first: bollinger(high - low, 20, 2)",
    );
    told("let: { f: close, g: f(1) }", "3:21: f is a let and takes no arguments");
}

#[test]
fn frames_are_named_and_do_not_nest() {
    told("enter: on(\"7h\", close) > 1", "3:11: \"7h\" is no frame, expected 1m, 5m, 15m, 1h, 4h or 1d");
    told("enter: on(5, close) > 1", "3:11: on(\"4h\", x) needs a frame in quotation marks first, found 5");
    told("enter: on(\"4h\", on(\"1d\", close)) > 1", "3:20: found on(…) within on(…); frames do not nest");
    told("enter: on(\"4h\", profit) > 1", "3:17: profit is not known on another frame; use it outside of on(…)");
    told("enter: close > \"4h\"", "3:16: found \"4h\", expected a number, a name or (");
    told("enter: abs(\"4h\") > 1", "3:12: found a text; only the first argument of on(\"4h\", x) is one");
    let four =
        "enter: on(\"15m\", close) + on(\"1h\", close) + on(\"4h\", close) + on(\"1d\", close) > on(\"1h\", open)";
    told(four, "3:66: the file has more than 3 frames");
    let once = "let:\n  a: on(\"1h\", close)\n  b: a + in_position\nenter: on(\"4h\", a) > 1 or on(\"4h\", b) > 1";
    told(once, "4:9: found on(…) within on(…); frames do not nest\n5:10: + needs numbers, found a bool (in_position)");
    let text = "name: t\nenter: on(\"1h\", close) > 1\n";
    let errors = file(text).instance(&BTreeMap::new(), Timeframe::H4).unwrap_err();
    let expected =
        "test.yaml:2:11: on(\"1h\", …) cannot be made of bars of 4h; the frame must be a multiple of the timeframe";
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[test]
fn syntax_says_what_it_found_and_what_it_expected() {
    told("enter: close >", "3:15: found the end, expected a number, a name or (");
    told("enter: (close > 1", "3:18: found the end, expected an operator or )");
    told("enter: close > 1 2", "3:18: found 2, expected an operator or the end");
    told("enter: 1 < 2 < 3", "3:14: found <; comparisons do not chain, join two with and");
    told("enter: 'close = 1'", "3:15: found =, write == to compare; there is no assignment");
    told("enter: close > $", "3:16: expected the name of a parameter after $");
    told("enter: on(\"4 h\", close) > 1", "3:11: expected letters and digits between \" and \"");
    told("enter: macd(1). > 1", "3:17: found >, expected the name of a field");
    told("enter: sma(1 2) > 1", "3:14: found 2, expected an operator, a comma or )");
    told("enter: close > 1e999", "3:16: 1e999 is too large for a number");
    told("enter: true and", "3:16: found the end, expected a number, a name or (");
    told("enter: true or not", "3:19: found the end, expected a number, a name or (");
    told("enter: |\n  close\n  > €", "5:5: found €, which no expression has");
    told("enter: \"close \\\"4h\\\" > 1\"", "3:15: found \"4h\", expected an operator or the end");
}

#[test]
fn keys_hold_what_they_are_for() {
    assert_eq!(faults(""), "1:1: a rule file must be a mapping, found nothing");
    assert_eq!(faults("- 1\n"), "1:1: a rule file must be a mapping, found a list");
    assert_eq!(faults("{}"), "1:1: enter is missing: a bool, true on the bars to buy at\n1:1: name is missing");
    assert_eq!(faults("name: T\nenter: true\n"), "1:7: name must be a letter a-z and up to 31 of a-z, 0-9, _; found T");
    assert_eq!(faults("name: a\nname: b\nenter: true\n"), "2:1: found name twice in a rule file");
    assert_eq!(faults("name: t\nenter:\n"), "2:6: enter must be an expression, found nothing");
    assert_eq!(faults("name: t\nenter: [1]\n"), "2:8: enter must be an expression, found a list");
    assert_eq!(faults("a: b: c\n"), format!("1:5: {COLON}"));
    assert_eq!(faults("name: &a t\nenter: *a\n"), "1:10: found an alias, which rule files do not have");
    told(
        "let: { close: 1, F: 2, a-b: 3, f: 1, f: 2 }",
        "\
3:8: close is a word of the language; choose another name
3:18: a name must be a letter a-z and up to 31 of a-z, 0-9, _; found F
3:24: a name must be a letter a-z and up to 31 of a-z, 0-9, _; found a-b
3:38: found f twice in let",
    );
    told("require: $n < 3", "3:10: require must be a list of bools, found $n < 3");
    told("require: [\"$n > 3\"]", "3:11: the defaults break it: the rule file requires $n > 3, found n 2, k 0.5");
    told(
        "require: [\"$n\", \"close > 1\", \"sma(5) > 1\", \"prev(true, 1)\"]",
        "\
3:12: require must be a bool, found a number ($n)
3:18: require knows parameters only, found close
3:31: require knows parameters only, found sma
3:45: require knows parameters only, found prev",
    );
    told("valid_bars: 2", "3:13: valid_bars is for entries with a limit; this file has none");
    told("limit: close\nvalid_bars: 101", "4:13: valid_bars must be a whole number from 1 to 100, found 101");
    told(
        "limit: close\nvalid_bars: $n",
        "4:13: valid_bars must be a whole number from 1 to 100, found $n from 0 to 6000",
    );
}

#[test]
fn parameters_have_a_default_and_a_whole_range() {
    let parameters =
        |text: &str, expected: &str| assert_eq!(faults(&format!("name: t\nenter: true\nparams: {text}\n")), expected);
    parameters("{ n: 5 }", "3:14: parameter n must be a mapping, found 5");
    parameters("{ n: { min: 5 } }", "3:14: parameter n needs a default");
    parameters("{ n: { default: 5, min: 1 } }", "3:14: parameter n needs min, max and step together, or none of them");
    parameters("{ n: { default: x } }", "3:25: n.default must be a number, found x");
    parameters(
        "{ n: { default: 5, min: 6, max: 9, step: 0 } }",
        "\
3:14: parameter n needs min <= default <= max, found 6, 5, 9
3:14: parameter n needs step > 0, found 0",
    );
    parameters(
        "{ n: { default: 010 } }",
        "3:25: n.default must be a number, found 010 with a leading zero, which is octal to some readers of YAML",
    );
    parameters("{ n: { default: 0.10 } }", "none");
    parameters("{ n: { default: 5, mim: 1 } }", "3:28: unknown key mim; did you mean min?");
    parameters("{ N: { default: 5 } }", "3:11: a name must be a letter a-z and up to 31 of a-z, 0-9, _; found N");
    parameters("{ low: { default: 5 } }", "none");
}

#[test]
fn exits_are_within_what_the_account_allows() {
    told("exits: { stop_loss: 0.5 }", "3:21: exits.stop_loss must be a number from 0.005 to 0.2, found 0.5");
    told(
        "exits: { stop_loss: $n }",
        "3:21: exits.stop_loss must be a number from 0.005 to 0.2, found $n from 0 to 6000",
    );
    told("exits: { atr_multiple: 0 }", "3:24: exits.atr_multiple must be a number over 0 and up to 100, found 0");
    told("exits: { stop_guard: 1.5 }", "3:22: exits.stop_guard must be a whole number from 1 to 1000, found 1.5");
    told("exits: { size_stop: null }", "3:21: exits.size_stop must be a number from 0.001 to 0.5, found nothing");
    told("exits: { stop_loss: $x }", "3:21: exits.stop_loss: unknown parameter $x");
    told("exits: { partial_targets: 5 }", "3:27: exits.partial_targets must be null or a list of {percent, target}");
    told("exits: { partial_targets: [{ percent: 1 }] }", "3:28: exits.partial_targets needs target");
    let falling = "exits: { partial_targets: [{ percent: 1, target: 0.2 }, { percent: 1, target: 0.1 }] }";
    told(falling, "3:57: exits.partial_targets must rise, found 0.1 after 0.2");
}

#[test]
fn at_most_twenty_faults_are_told_and_one_cause_once() {
    let lets: String = (0..30).map(|i| format!("  f{i}: nothing_like_it\n")).collect();
    let text = format!("name: t\nlet:\n{lets}enter: f1 > f2\n");
    let told = faults(&text);
    assert_eq!(told.lines().count(), 20);
    assert!(told.lines().all(|line| line.ends_with("unknown name nothing_like_it")), "{told}");
}
