//! Sections 5 and 6 of the language, rule by rule.

use rust_decimal::Decimal;

use super::*;
use crate::rules::{ExitsLayer, Target};

#[test]
fn operators_bind_and_join_as_the_grammar_says() {
    number("1 + 2 * 3", &[1], "7");
    number("(1 + 2) * 3", &[1], "9");
    number("1 - 2 - 3", &[1], "-4");
    number("8 / 4 / 2", &[1], "1");
    number("- 2 * - 3 - -1", &[1], "7");
    number("1.5e2 + 2e-1", &[1], "150.2");
    bool("true or true and false", &[1], "t");
    bool("not false and false", &[1], "f");
    bool("not 1 > 2", &[1], "t");
    bool("not not true", &[1], "t");
    bool("1 + 1 == 2 and 2 * 2 != 5", &[1], "t");
    bool("true == (1 < 2) and false != true", &[1], "t");
    bool("close >= 2 and close <= 3", &[1, 2, 3, 4], "f t t f");
    bool("close > 2 or close < 2", &[1, 2, 3], "t f t");
}

#[test]
fn white_space_separates_and_a_hash_begins_a_comment() {
    let text = "name: t\nenter: |\n  close # of this bar\n\n    >\n  \t3 # and more\n";
    assert_eq!(signals(text, &[3, 4], None), [Signal::None, Signal::Buy { size: 1.0 }]);
}

#[test]
fn undefined_spreads_but_for_what_is_decided_without_it() {
    let undefined = "prev(true, 9)";
    for (expr, expected) in [
        ("U and false", "f"),
        ("false and U", "f"),
        ("U and true", "-"),
        ("U or true", "t"),
        ("true or U", "t"),
        ("U or false", "-"),
        ("U and U", "-"),
        ("not U", "-"),
        ("U == U", "-"),
        ("if(U, true, true)", "-"),
        ("if(true, true, U)", "t"),
        ("if(true, U, true)", "-"),
        ("1 / 0 > 1", "-"),
        ("not (0 / 0 == 0 / 0)", "-"),
        ("1e300 * 1e300 > 1", "-"),
    ] {
        bool(&expr.replace('U', undefined), &[1], expected);
    }
    number("1 + 1 / 0", &[1], "-");
    number("min(1, 1 / 0)", &[1], "-");
    number("abs(1 / 0)", &[1], "-");
    number("-(1 / 0)", &[1], "-");
}

#[test]
fn undefined_neither_buys_nor_sells() {
    let text = "name: t\nenter: prev(close, 1) > 0\nexit: not (prev(close, 2) > 0)\n";
    assert_eq!(signals(text, &[1, 1, 1], None), [Signal::None, Signal::Buy { size: 1.0 }, Signal::Buy { size: 1.0 }]);
}

#[test]
fn the_bar_and_its_close_are_known() {
    number("open + 10 * close", &[3, 5], "33 53");
    number("high - low", &[3, 5], "3 5"); // open 3, close 5: high 7, low 2
    number("volume", &[3, 5], "1 2");
    number("100 * hour + minute", &[1; 13], "5 10 15 20 25 30 35 40 45 50 55 100 105");
    number("weekday * 10000 + month * 100 + day", &[1], "10817");
    let sunday = (6 * 24 * 12) + 12;
    let values = numbers("weekday + 10 * day", &series(&vec![1; sunday]));
    assert_eq!(values[sunday - 1], Some(237.0)); // the 23rd, a Sunday
    assert_eq!(values[6 * 24 * 12 - 1], Some(237.0), "a bar belongs to the day it closes in");
}

#[test]
fn volume_that_is_not_known_is_undefined() {
    let mut unknown = series(&[1, 2, 3, 4]);
    unknown.records[1].volume = crate::bars::NO_VOLUME;
    assert_eq!(numbers("volume", &unknown), [Some(1.0), None, Some(3.0), Some(4.0)]);
    assert_eq!(numbers("sma(volume, 2)", &unknown), [None, None, None, Some(3.5)]);
    assert_eq!(numbers("volume_ratio(1)", &unknown), [Some(1.0), None, Some(1.0), Some(1.0)]);
}

#[test]
fn looking_back() {
    number("prev(close, 2)", &[5, 6, 7, 8], "- - 5 6");
    number("prev(prev(close, 1), 1)", &[5, 6, 7, 8], "- - 5 6");
    bool("prev(close > 5, 1)", &[5, 6, 7], "- f t");
    bool("crosses_above(close, 5)", &[5, 6, 7, 4, 5, 6], "f t f f f t");
    bool("crosses_below(close, 5)", &[5, 4, 3, 6, 5, 4], "f t f f f t");
    bool("crosses_above(prev(close, 1), 5)", &[4, 6, 6], "- f t");
    // At the first bar there is none before; where it is not above now, that is decided all the same.
    bool("crosses_above(close, 5)", &[6, 4, 9], "- f t");
    number("bars_since(close > 5, 2)", &[1, 6, 1, 1, 1, 1, 9], "- 0 1 2 - - 0");
    number("bars_since(prev(close, 1) > 5, 1)", &[9, 1, 1, 1], "- 0 1 -");
}

#[test]
fn choice_and_arithmetic() {
    number("if(close > 5, 1, close / 2)", &[4, 6], "2 1");
    bool("if(close > 5, close > 6, true)", &[4, 6, 7], "t f t");
    number("min(close, 5) * 100 + max(close, 5)", &[4, 6], "405 506");
    number("abs(close - 5)", &[4, 6], "1 1");
}

#[test]
fn a_first_argument_that_is_a_number_is_n() {
    for (short, long) in [
        ("sma(2)", "sma(close, 2)"),
        ("sma($n)", "sma(close, 2)"),
        ("rsi()", "rsi(close, 14)"),
        ("rsi(high)", "rsi(high, 14)"),
        ("macd(3, 6).hist", "macd(close, 3, 6, 9).hist"),
        ("macd(high).hist", "macd(high, 12, 26, 9).hist"),
        ("macd($n, 5, 2).line", "macd(close, 2, 5, 2).line"),
        ("bollinger().upper", "bollinger(close, 20, 2).upper"),
        ("bollinger(5, $n).upper", "bollinger(close, 5, 2).upper"),
        ("atr()", "atr(14)"),
        ("stochastic(5).k", "stochastic(5, 3, 3).k"),
    ] {
        let text = format!("name: t\nparams: {{ n: {{ default: 2 }} }}\nenter: true\nsize: ({short}) - {long}\n");
        let mut program = instance(&text).program();
        let prices: Vec<i64> = (0..60).map(|i| 100 + (i * 7) % 13).collect();
        let seen =
            each_bar(&mut program, &series(&prices), |program| program.slots.numbers[program.size.unwrap().index()]);
        assert_eq!(seen.last(), Some(&Some(0.0)), "{short} is {long}");
    }
}

#[test]
fn fields_choose_among_the_values_of_an_indicator() {
    let prices = [4, 6, 8, 6];
    number("bollinger(2, 1).upper", &prices, "- 6 8 8");
    number("bollinger(2, 1).middle", &prices, "- 5 7 7");
    number("bollinger(2, 1).lower", &prices, "- 4 6 6");
    number("bollinger(2, 1).position", &prices, "- 1 1 0");
    number("(bollinger(2, 1).width)*35", &prices, "- 14 10 10");
    number("macd(1, 2, 1).line", &prices, "- 1 1 -0.33333333333333304");
    bool("macd(1, 2, 1).hist == macd(1, 2, 1).line - macd(1, 2, 1).signal", &prices, "- t t t");
    number("tr", &[10, 12, 11], "- 5 4");
    number("highest(2) * 100 + lowest(high, 2)", &[3, 4, 2], "- 405 406"); // highs 5, 6, 6
    number("sum(volume, 2) + stdev(2)", &[3, 5, 5], "- 4 5");
    bool("plus_di(2) > minus_di(2)", &[10, 12, 14], "- - t");
}

#[test]
fn a_coarser_frame_says_what_its_newest_closed_bar_says() {
    // Of 15m: closes 3, 6; then the third is open.
    number("on(\"15m\", close)", &[1, 2, 3, 4, 5, 6, 7], "- - 3 3 3 6 6");
    number("on(\"15m\", open)", &[1, 2, 3, 4, 5, 6, 7], "- - 1 1 1 3 3");
    number("on(\"15m\", high * 100 + low)", &[5, 9, 1, 2, 2, 2], "- - 1100 1100 1100 400");
    number("on(\"15m\", volume)", &[1; 6], "- - 6 6 6 15");
    number("on(\"15m\", prev(close, 1))", &[1, 2, 3, 4, 5, 6, 7, 8, 9], "- - - - - 3 3 3 6");
    number("prev(on(\"15m\", close), 1)", &[1, 2, 3, 4, 5, 6, 7], "- - - 3 3 3 6");
    number("sma(on(\"15m\", close), 2)", &[1, 2, 3, 4, 5, 6, 7], "- - - 3 3 4.5 6");
    number("on(\"5m\", close) - close", &[1, 2, 3], "0 0 0");
    number("on(\"15m\", 5 * 2)", &[1, 2], "10 10"); // of no frame
    number("on(\"15m\", minute)", &[1; 6], "- - 15 15 15 30");
    bool("crosses_above(close, on(\"15m\", close))", &[1, 2, 3, 4, 2, 4], "- - f t f f");
}

#[test]
fn a_frame_that_was_cut_by_the_start_is_left_out_and_a_missing_end_closes_it_late() {
    let mut cut = series(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    cut.records.remove(0);
    let on = |series: &Series| numbers("on(\"15m\", close)", series);
    assert_eq!(on(&cut)[..6], [None, None, None, None, Some(6.0), Some(6.0)]);
    cut.records.remove(4); // the bar that ended the second frame
    assert_eq!(on(&cut), [None, None, None, None, Some(5.0), Some(5.0), Some(9.0)]);
}

#[test]
fn a_let_means_the_same_on_each_frame_that_it_is_used_on() {
    let text = "name: t\nlet:\n  a: prev(close, 1)\n  b: a * 10\nenter: true\nsize: b + on(\"15m\", b)\n";
    let mut program = instance(text).program();
    let seen = each_bar(&mut program, &series(&[1, 2, 3, 4, 5, 6, 7]), |program| {
        program.slots.numbers[program.size.unwrap().index()]
    });
    assert_eq!(seen, [None, None, None, None, None, Some(80.0), Some(90.0)]); // 50 + 30, 60 + 30
}

#[test]
fn equal_parts_are_computed_once() {
    let steps = |text: &str| instance(text).program().own.len();
    let once = steps("name: t\nenter: crosses_above(sma(close, 5), sma(9))\n");
    assert_eq!(once, 3);
    let text = "name: t\nlet:\n  f: sma(close, 5)\n  s: sma(9)\n  unused: ema(7)\n\
                enter: crosses_above(f, s) and crosses_above(sma(5), s)\n";
    assert_eq!(steps(text), once + 1);
    assert_eq!(steps("name: t\nenter: close > 2 * 3 + 4\n"), 2); // what never changes is computed before the first bar
    assert_eq!(steps("name: t\nenter: macd().line > macd().signal\n"), 3);
}

#[test]
fn a_position_is_known_as_far_as_the_strategy_may() {
    let held = Position { average_entry: 80.0, held_bars: 7 };
    let all = "name: t\nenter: not in_position\nexit: held_bars == 7 and profit == 0.25\n";
    assert_eq!(signals(all, &[100], Some(&held)), [Signal::Sell]);
    assert_eq!(signals(all, &[101], Some(&held)), [Signal::None]);
    assert_eq!(signals(all, &[100], None), [Signal::Buy { size: 1.0 }]);
    let undefined = "name: t\nenter: held_bars > 0 or not (held_bars > 0) or profit < 1\n";
    assert_eq!(signals(undefined, &[100], None), [Signal::None]);
}

#[test]
fn a_sale_goes_first_while_something_is_held() {
    let both = "name: t\nenter: true\nexit: true\n";
    let held = Position { average_entry: 80.0, held_bars: 7 };
    assert_eq!(signals(both, &[100], Some(&held)), [Signal::Sell]);
    assert_eq!(signals(both, &[100], None), [Signal::Buy { size: 1.0 }]);
    assert_eq!(signals("name: t\nenter: false\nexit: true\n", &[100], None), [Signal::Sell]);
}

#[test]
fn size_scales_an_entry_and_nothing_is_no_entry() {
    let sized = |size: &str| signals(&format!("name: t\nenter: true\nsize: {size}\n"), &[100], None)[0];
    assert_eq!(sized("0.25"), Signal::Buy { size: 0.25 });
    assert_eq!(sized("close"), Signal::Buy { size: 1.0 });
    for nothing in ["0", "-1", "1 / 0", "prev(close, 1)"] {
        assert_eq!(sized(nothing), Signal::None, "size {nothing}");
    }
}

#[test]
fn a_limit_is_a_price_of_twelve_digits_for_some_bars() {
    let limit = |limit: &str| signals(&format!("name: t\nenter: true\nlimit: {limit}\n"), &[100], None)[0];
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    let buy = |text, valid_bars| Signal::BuyLimit { price: price(text), valid_bars, size: 1.0 };
    assert_eq!(limit("close / 3"), buy("33.3333333333", 1));
    assert_eq!(limit("0.1 + 0.2\nvalid_bars: 7"), buy("0.3", 7));
    for nothing in ["0", "-1", "1 / 0", "1e30", "prev(close, 1)"] {
        assert_eq!(limit(nothing), Signal::None, "limit {nothing}");
    }
}

#[test]
fn parameters_are_defaults_until_a_configuration_says_otherwise() {
    let text = "name: t\nparams:\n  n: { default: 2, min: 1, max: 9, step: 1 }\n\
                \x20 k: { default: 1.5, min: 1, max: 2, step: 0.5 }\n  \
                fixed: { default: 3 }\nrequire: [\"$n < $fixed + 3\", \"max($n, 2) > $k\"]\nenter: close > $n * $k\n\
                exits: { stop_loss: 0.03, stop_guard: $n, cooldown_bars: null }\n";
    let given = |pairs: &[(&str, &str)]| {
        let given = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.parse().unwrap())).collect();
        file(text)
            .instance(&given, Timeframe::M5)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let buys = |instance: Instance, close| {
        let mut program = instance.program();
        program.on_bar(&series(&[close]).bar(0), None) != Signal::None
    };
    assert!(buys(given(&[]).unwrap(), 4) && !buys(given(&[]).unwrap(), 3)); // over 2 · 1.5
    assert!(buys(given(&[("n", "4"), ("k", "1.25"), ("fixed", "3")]).unwrap(), 6));
    assert!(!buys(given(&[("n", "4"), ("k", "1.25")]).unwrap(), 5));
    let exits = ExitsLayer {
        stop_loss: Some(Some("0.03".parse().unwrap())),
        stop_guard: Some(Some(5)),
        cooldown_bars: Some(0),
        ..ExitsLayer::default()
    };
    assert_eq!(given(&[("n", "5")]).unwrap().exits(), exits);
    for (pairs, expected) in [
        (vec![("m", "2")], "the rule file has no parameter m; did you mean n?"),
        (vec![("n", "10")], "parameter n must be 1 to 9, found 10"),
        (vec![("n", "2.5")], "parameter n must be a whole number, found 2.5"),
        (vec![("fixed", "4")], "parameter fixed is fixed at 3, found 4; give it min, max and step in the rule file"),
        (vec![("n", "7")], "the rule file requires $n < $fixed + 3, found n 7, k 1.5, fixed 3"),
        (vec![("n", "0"), ("k", "3")], "parameter n must be 1 to 9, found 0; parameter k must be 1 to 2, found 3"),
    ] {
        assert_eq!(given(&pairs).map(|_| ()), Err(expected.to_owned()));
    }
}

#[test]
fn targets_and_switches_of_exits_are_read() {
    let text = "name: t\nparams: { far: { default: 0.04, min: 0.03, max: 0.05, step: 0.01 } }\nenter: true\nexits:\n  \
                partial_targets: [{ percent: 0.5, target: 0.02 }, { percent: 1, target: $far }]\n\
                \x20 trailing_percent: null\n  atr_multiple: 2.5\n  size_stop: 0.01\n";
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    let target = |percent, target| Target { percent: decimal(percent), target: decimal(target) };
    let expected = ExitsLayer {
        partial_targets: Some(Some(vec![target("0.5", "0.02"), target("1", "0.04")])),
        trailing_percent: Some(None),
        atr_multiple: Some(Some(decimal("2.5"))),
        size_stop: Some(decimal("0.01")),
        ..ExitsLayer::default()
    };
    assert_eq!(instance(text).exits(), expected);
    assert_eq!(
        instance("name: t\nenter: true\nexits: { partial_targets: [] }\n").exits().partial_targets,
        Some(Some(vec![]))
    );
}
