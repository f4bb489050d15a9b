//! Section 6: how many bars a file needs, from its tree.

use super::*;

#[track_caller]
fn needs(expr: &str, defined: usize, settle: usize) {
    let found = instance(&format!("name: t\nparams: {{ n: {{ default: 20 }} }}\nenter: >-\n  {expr} > 0\n")).warm_up();
    assert_eq!((found.defined, found.settle), (defined, settle), "{expr}");
}

#[test]
fn an_indicator_needs_its_own_figure_and_what_its_input_needs_less_1() {
    needs("close", 1, 1);
    needs("sma($n)", 20, 20);
    needs("tr", 2, 2);
    needs("ema(9)", 9, 110); // 11 · 10
    needs("rsi(14)", 15, 294); // 21 · 14
    needs("atr(14)", 15, 294);
    needs("plus_di(14)", 15, 294);
    needs("adx(14)", 28, 588); // 42 · 14
    needs("macd(12, 26, 9).hist", 34, 407); // 26 + 9 − 1; 11 · 37
    needs("stochastic(14, 3, 3).d", 18, 18);
    needs("roc(10)", 11, 11);
    needs("sma(sma(5), 7)", 11, 11);
    needs("ema(ema(9), 4)", 12, 164); // 110 + 55 − 1
    needs("sma(tr, 5)", 6, 6);
}

#[test]
fn looking_back_adds_n_and_a_frame_multiplies() {
    needs("prev(close, 3)", 4, 4);
    needs("bars_since(sma(5) > 1, 7)", 12, 12);
    needs("prev(ema(9), 3)", 12, 113);
    needs("sma(20) + sma(50)", 50, 50);
    needs("on(\"15m\", close)", 6, 6); // 1 · 3 + 3
    needs("on(\"1h\", sma(20))", 252, 252); // 20 · 12 + 12
    needs("on(\"1h\", ema(9))", 120, 1332); // 110 · 12 + 12
    needs("prev(on(\"15m\", prev(close, 1)), 5)", 14, 14); // 2 · 3 + 3 + 5
    needs("on(\"5m\", close)", 2, 2);
    needs("on(\"1h\", 5)", 1, 1);
    needs("if(in_position, profit, held_bars)", 1, 1);
}

#[test]
fn a_file_needs_the_most_of_its_parts_and_nothing_for_what_is_unused() {
    let cross = file(include_str!("../../../../../strategies/sma_cross.yaml"));
    let needs = cross.instance(&BTreeMap::new(), Timeframe::M5).unwrap().warm_up();
    assert_eq!((needs.defined, needs.settle), (51, 51));
    let text = "name: t\nlet: { unused: sma(500) }\nenter: sma(3) > 1\nexit: sma(5) > 1\nsize: sma(7)\nlimit: sma(9)\n";
    assert_eq!(instance(text).warm_up().defined, 9);
}

#[test]
fn signals_begin_when_the_file_is_defined() {
    let mut starts = Vec::new();
    for expr in ["sma(7)", "rsi(4)", "macd(3, 5, 4).hist", "adx(3)", "prev(sma(4), 3)", "on(\"15m\", sma(4))"] {
        let expr = format!("({expr}) == ({expr})");
        let found = bools(&expr, &series(&(0..60).map(|i| 50 + (i * 7) % 11).collect::<Vec<_>>()));
        let defined = instance(&format!("name: t\nenter: >-\n  {expr}\n")).warm_up().defined;
        starts.push((found.iter().take_while(|value| value.is_none()).count() + 1, defined));
    }
    // The series begins with a frame, which saves the one that may be cut.
    assert_eq!(starts, [(7, 7), (5, 5), (8, 8), (6, 6), (7, 7), (12, 15)]);
}
