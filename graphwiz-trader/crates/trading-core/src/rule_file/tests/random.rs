//! Random programs and random bytes: what must hold for all of them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::reference::{Cond, Num, Reference};
use super::*;
use crate::bars::NO_VOLUME;
use crate::strategy::checks::{look_ahead, start_up};

const OF_SERIES: [&str; 15] = [
    "sma",
    "sum",
    "highest",
    "lowest",
    "ema",
    "roc",
    "rsi",
    "stdev",
    "zscore",
    "bollinger.middle",
    "bollinger.upper",
    "bollinger.position",
    "bollinger.width",
    "macd.line",
    "macd.hist",
];
const OF_BARS: [&str; 8] = ["tr", "atr", "plus_di", "minus_di", "adx", "volume_ratio", "stochastic.k", "stochastic.d"];

fn num(depth: u32, is_on: bool) -> BoxedStrategy<Num> {
    let lengths = || [1..7_usize, 1..7_usize, 1..5_usize];
    let leaf = prop_oneof![
        1 => (0..1200_u32).prop_map(Num::Literal),
        4 => (0..5_usize).prop_map(Num::Field),
        1 => Just(Num::Minute),
        2 => (proptest::sample::select(&OF_BARS), lengths()).prop_map(|(name, n)| Num::OfBars(name, n)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let one = || num(depth - 1, is_on).prop_map(Box::new);
    let two = || (one(), one());
    let frame = proptest::sample::select(&[Timeframe::M5, Timeframe::M15, Timeframe::H1][..]);
    let mut kinds = vec![
        leaf.boxed(),
        (two(), any::<bool>()).prop_map(|((a, b), is_plus)| Num::Sum(a, is_plus, b)).boxed(),
        (one(), 1..4_u32).prop_map(|(a, factor)| Num::Scaled(a, factor)).boxed(),
        two().prop_map(|(a, b)| Num::Over(a, b)).boxed(),
        (two(), any::<bool>()).prop_map(|((a, b), is_max)| Num::Extreme(is_max, a, b)).boxed(),
        one().prop_map(Num::Abs).boxed(),
        (cond(depth - 1, is_on), two()).prop_map(|(c, (a, b))| Num::If(Box::new(c), a, b)).boxed(),
        (one(), 1..6_usize).prop_map(|(a, n)| Num::Prev(a, n)).boxed(),
        (cond(depth - 1, is_on), 1..9_usize).prop_map(|(c, n)| Num::BarsSince(Box::new(c), n)).boxed(),
        (proptest::sample::select(&OF_SERIES), one(), lengths())
            .prop_map(|(name, x, n)| Num::OfSeries(name, x, n))
            .boxed(),
        (proptest::sample::select(&OF_SERIES), one(), lengths())
            .prop_map(|(name, x, n)| Num::OfSeries(name, x, n))
            .boxed(),
    ];
    if !is_on {
        let inner = num(depth - 1, true).prop_map(Box::new);
        kinds.push((frame, inner).prop_map(|(frame, a)| Num::On(frame, a)).boxed());
    }
    proptest::strategy::Union::new(kinds).boxed()
}

fn cond(depth: u32, is_on: bool) -> BoxedStrategy<Cond> {
    let signs = proptest::sample::select(&["<", "<=", ">", ">=", "==", "!="][..]);
    let below = depth.saturating_sub(1);
    let compare = (signs, num(below, is_on), num(below, is_on)).prop_map(|(sign, a, b)| Cond::Compare(sign, a, b));
    if depth == 0 {
        return prop_oneof![1 => any::<bool>().prop_map(Cond::Literal), 3 => compare].boxed();
    }
    let one = || cond(depth - 1, is_on).prop_map(Box::new);
    let two = || (any::<bool>(), one(), one());
    prop_oneof![
        3 => compare,
        1 => two().prop_map(|(is_equal, a, b)| Cond::Same(is_equal, a, b)),
        1 => one().prop_map(Cond::Not),
        2 => two().prop_map(|(is_and, a, b)| Cond::Join(is_and, a, b)),
        1 => (one(), one(), one()).prop_map(|(c, a, b)| Cond::If(c, a, b)),
        1 => (one(), 1..6_usize).prop_map(|(a, n)| Cond::Prev(a, n)),
        1 => (any::<bool>(), num(depth - 1, is_on), num(depth - 1, is_on))
            .prop_map(|(is_above, a, b)| Cond::Crosses(is_above, a, b)),
    ]
    .boxed()
}

/// A walk with gaps, flat stretches and unknown volumes, which may begin within a frame.
fn market(bars: std::ops::Range<usize>) -> impl proptest::strategy::Strategy<Value = Series> {
    let one = (-60..60_i64, 0..30_i64, 0..30_i64, -3..500_i64, 0..12_u8);
    (0..12_i64, vec(one, bars)).prop_map(|(offset, moves)| {
        let mut made = series(&[]);
        let (mut last, mut open_time) = (1000, MONDAY + offset * Timeframe::M5.micros());
        for (change, up, down, volume, kind) in moves {
            open_time += Timeframe::M5.micros() * if kind == 0 { 3 } else { 1 };
            let (open, close) = (last, if kind < 3 { last } else { (last + change).max(1) });
            let (high, low) =
                if kind < 3 { (open, open) } else { (open.max(close) + up, (open.min(close) - down).max(1)) };
            let volume = if volume < 0 { NO_VOLUME } else { volume };
            made.records.push(Record { open_time, open, high, low, close, volume });
            last = close;
        }
        made
    })
}

/// As its value, or as far from it as rounding may take it.
fn agree(found: &[Option<f64>], expected: &[Option<f64>], scale: f64) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|pair| match pair {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0).max(scale * 1e-3),
            (None, None) => true,
            _ => false,
        })
}

proptest! {
    #[test]
    fn numbers_are_what_the_definitions_say(term in num(4, false), bars in market(1..90)) {
        let reference = Reference::new(&bars);
        let expected = reference.numbers(&term);
        if !reference.is_unsure.get() {
            let found = numbers(&term.written(), &bars);
            let do_agree = agree(&found, &expected, reference.scale.get());
            prop_assert!(do_agree, "{}\n{found:?}\n{expected:?}", term.written());
        }
    }

    #[test]
    fn bools_are_what_the_definitions_say(term in cond(4, false), bars in market(1..90)) {
        let reference = Reference::new(&bars);
        let expected = reference.bools(&term);
        if !reference.is_unsure.get() {
            prop_assert_eq!(bools(&term.written(), &bars), expected, "{}", term.written());
        }
    }

    #[test]
    fn what_is_needed_is_enough(term in cond(3, false), bars in market(90..400)) {
        // Flat stretches and gaps restart recursions by the data alone, wherever it begins.
        let made = instance(&format!("name: t\nenter: >-\n  {}\nexit: >-\n  not {}\n", term.written(), term.written()));
        let reference = Reference::new(&bars);
        reference.bools(&term);
        if !reference.is_unsure.get() {
            prop_assert_eq!(start_up(&bars, |_| made.program()), None, "{}", term.written());
        }
    }

    #[test]
    fn bytes_give_faults_within_the_text_or_a_program(bytes in vec(any::<u8>(), 0..300)) {
        judged(&bytes);
    }

    #[test]
    fn words_of_the_language_give_faults_within_the_text_or_a_program(words in vec(word(), 0..60)) {
        judged(words.concat().as_bytes());
        judged(format!("name: t\nlet:\n  a: {}\nenter: {}\n", words.concat(), words.concat()).as_bytes());
    }

    #[test]
    fn a_damaged_file_gives_faults_within_the_text_or_a_program(
        which in 0..4_usize, damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut bytes = super::super::shipped::ALL[which].1.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            if byte < 64 { bytes.remove(at); } else { bytes[at] = byte; }
        }
        judged(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_program_looks_ahead(term in cond(4, false), bars in market(20..60), seed in any::<u64>()) {
        let made = instance(&format!("name: t\nenter: >-\n  {}\nexit: >-\n  not {}\n", term.written(), term.written()));
        prop_assert_eq!(look_ahead(&bars, seed, |_| made.program()), None, "{}", term.written());
    }
}

fn word() -> impl proptest::strategy::Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "name", ":", " ", " ", "\n", "\n  ", "enter", "let", "params", "exits", "{", "}", "[", "]", ",", "(", ")",
            "close", "sma", "macd", "5", "0.5", "on", "\"4h\"", "'", "\"", "$", "$n", "and", "not", "-", "<", "==",
            "=", "#", "|", ">", "&a", "*a", "!!str", "prev", "if", ".", "hist", "default", "é", "\t", "a", "?", "%",
            "<<", "---", "1e9", "null", "true",
        ][..],
    )
}

/// Parses, and looks whether every fault lies within the text.
fn judged(bytes: &[u8]) {
    let Err(faults) = RuleFile::parse("f", bytes) else { return };
    assert!(!faults.faults.is_empty() && faults.faults.len() <= 20);
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.split('\n').collect();
    for fault in &faults.faults {
        let line = lines.get(fault.line - 1).unwrap_or_else(|| panic!("{faults} in {text:?}"));
        assert!((1..=line.chars().count() + 1).contains(&fault.column), "{faults} in {text:?}");
        assert!(!fault.text.contains(char::is_control), "{faults} in {text:?}");
    }
}
