//! Which names does the language have, and what do they take?

use super::fault::{did_you_mean, nearest, shortened};

/// A series of the bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Open,
    High,
    Low,
    Close,
    Volume,
}

/// A part of the bar's close, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Clock {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Held {
    /// `in_position`.
    Is,
    /// `held_bars`.
    Bars,
    Profit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Indicator {
    Sma,
    Ema,
    Rsi,
    Macd,
    Bollinger,
    Zscore,
    TrueRange,
    Atr,
    /// +DI and −DI together.
    Directional,
    Adx,
    Stochastic,
    Roc,
    VolumeRatio,
    Highest,
    Lowest,
    Sum,
    Stdev,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Prev,
    BarsSince,
    CrossesAbove,
    CrossesBelow,
    On,
    If,
    Min,
    Max,
    Abs,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Field(Field),
    Clock(Clock),
    Held(Held),
    Indicator(&'static Signature),
    Function(Function),
}

/// How an indicator is written.
#[derive(Debug, PartialEq)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) indicator: Indicator,
    /// Whether a series comes first.
    pub(super) takes_series: bool,
    pub(super) arguments: &'static [Argument],
    pub(super) result: Result,
}

/// What an indicator answers with.
#[derive(Debug, PartialEq)]
pub(super) enum Result {
    /// The only number there is, or the one of this index.
    One(usize),
    /// Several, one of which a field chooses.
    Fields(&'static [&'static str]),
}

#[derive(Debug, PartialEq)]
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) default: Option<f64>,
    /// Whether it is a factor, and not a number of bars.
    pub(super) is_factor: bool,
}

const fn bars(name: &'static str, default: f64) -> Argument {
    Argument { name, default: Some(default), is_factor: false }
}

const N: &[Argument] = &[Argument { name: "n", default: None, is_factor: false }];
const N_14: &[Argument] = &[bars("n", 14.0)];
const N_20: &[Argument] = &[bars("n", 20.0)];

const fn of_series(name: &'static str, indicator: Indicator, arguments: &'static [Argument]) -> Signature {
    Signature { name, indicator, takes_series: true, arguments, result: Result::One(0) }
}

const fn of_bars(name: &'static str, indicator: Indicator, arguments: &'static [Argument]) -> Signature {
    Signature { name, indicator, takes_series: false, arguments, result: Result::One(0) }
}

/// The indicators, `tr` included, which takes no brackets.
pub(super) static INDICATORS: [Signature; 18] = [
    of_series("sma", Indicator::Sma, N),
    of_series("ema", Indicator::Ema, N),
    of_series("rsi", Indicator::Rsi, N_14),
    Signature {
        result: Result::Fields(&["line", "signal", "hist"]),
        ..of_series("macd", Indicator::Macd, &[bars("f", 12.0), bars("s", 26.0), bars("g", 9.0)])
    },
    Signature {
        result: Result::Fields(&["upper", "middle", "lower", "position", "width"]),
        ..of_series(
            "bollinger",
            Indicator::Bollinger,
            &[bars("n", 20.0), Argument { name: "k", default: Some(2.0), is_factor: true }],
        )
    },
    of_series("zscore", Indicator::Zscore, N_20),
    of_bars("tr", Indicator::TrueRange, &[]),
    of_bars("atr", Indicator::Atr, N_14),
    of_bars("plus_di", Indicator::Directional, N_14),
    Signature { result: Result::One(1), ..of_bars("minus_di", Indicator::Directional, N_14) },
    of_bars("adx", Indicator::Adx, N_14),
    Signature {
        result: Result::Fields(&["k", "d"]),
        ..of_bars("stochastic", Indicator::Stochastic, &[bars("n", 14.0), bars("s", 3.0), bars("t", 3.0)])
    },
    of_series("roc", Indicator::Roc, N),
    of_bars("volume_ratio", Indicator::VolumeRatio, N_20),
    of_series("highest", Indicator::Highest, N),
    of_series("lowest", Indicator::Lowest, N),
    of_series("sum", Indicator::Sum, N),
    of_series("stdev", Indicator::Stdev, N),
];

/// The names that are no indicators.
pub(super) const OTHERS: [(&str, Meaning); 22] = [
    ("open", Meaning::Field(Field::Open)),
    ("high", Meaning::Field(Field::High)),
    ("low", Meaning::Field(Field::Low)),
    ("close", Meaning::Field(Field::Close)),
    ("volume", Meaning::Field(Field::Volume)),
    ("minute", Meaning::Clock(Clock::Minute)),
    ("hour", Meaning::Clock(Clock::Hour)),
    ("day", Meaning::Clock(Clock::Day)),
    ("month", Meaning::Clock(Clock::Month)),
    ("weekday", Meaning::Clock(Clock::Weekday)),
    ("in_position", Meaning::Held(Held::Is)),
    ("held_bars", Meaning::Held(Held::Bars)),
    ("profit", Meaning::Held(Held::Profit)),
    ("prev", Meaning::Function(Function::Prev)),
    ("bars_since", Meaning::Function(Function::BarsSince)),
    ("crosses_above", Meaning::Function(Function::CrossesAbove)),
    ("crosses_below", Meaning::Function(Function::CrossesBelow)),
    ("on", Meaning::Function(Function::On)),
    ("if", Meaning::Function(Function::If)),
    ("min", Meaning::Function(Function::Min)),
    ("max", Meaning::Function(Function::Max)),
    ("abs", Meaning::Function(Function::Abs)),
];

/// The words that are neither names nor signs.
pub(super) const WORDS: [&str; 5] = ["and", "or", "not", "true", "false"];

/// What other languages call something, and its name here, where no likeness tells it.
const FOREIGN: [(&str, &str); 5] = [
    ("bb", "bollinger"),
    ("crossover", "crosses_above"),
    ("crossunder", "crosses_below"),
    ("position_size", "in_position"),
    ("shift", "prev"),
];

/// What the language means by a name.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let indicator = || INDICATORS.iter().find(|signature| signature.name == name).map(Meaning::Indicator);
    OTHERS.into_iter().find(|(known, _)| *known == name).map(|(_, meaning)| meaning).or_else(indicator)
}

/// Whether the language uses this name itself.
pub(super) fn is_taken(name: &str) -> bool {
    WORDS.contains(&name) || meaning(name).is_some()
}

/// Whether a rule file may be called so, or what stands in it: a letter a-z and up to 31 of a-z, 0-9 and _.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What may be meant by an unknown name, as `; did you mean rsi(14)?`: the nearest of `own` and of the language's, or
/// none.
pub(super) fn suggestion<'n>(name: &'n str, own: impl Iterator<Item = &'n str>) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[stem.len()..];
    let is_call = |signature: &&Signature| signature.name == stem && !signature.arguments.is_empty();
    if !number.is_empty() && number.len() <= 4 && INDICATORS.iter().any(|signature| is_call(&signature)) {
        return format!("; did you mean {stem}({number})?");
    }
    if let Some((_, here)) = FOREIGN.into_iter().find(|(foreign, _)| *foreign == name) {
        return format!("; did you mean {here}?");
    }
    let others = OTHERS.into_iter().map(|(name, _)| name);
    let language = INDICATORS.iter().map(|signature| signature.name).chain(others).chain(WORDS);
    did_you_mean(name, own.chain(language))
}

/// What may be meant by an unknown name that a field follows: an indicator that has several values, by its own name or
/// by that of the field.
pub(super) fn suggestion_with_field(name: &str, field: &str) -> String {
    let fields_of = |signature: &Signature| match signature.result {
        Result::Fields(fields) => Some((signature.name, fields)),
        Result::One(_) => None,
    };
    let known: Vec<_> = INDICATORS.iter().filter_map(fields_of).collect();
    let near = nearest(name, known.iter().map(|(name, _)| *name));
    let by_name = known.iter().find(|(name, _)| Some(*name) == near);
    let meant = by_name.or_else(|| known.iter().find(|(_, fields)| fields.contains(&field)));
    match meant {
        Some((name, fields)) => format!("; did you mean {name}, which has {}?", one_of(fields)),
        None if meaning(field).is_some() => format!("; names have no prefix, write {field}"),
        None => suggestion(name, std::iter::empty()),
    }
}

/// What is wrong with `before.name(…)`, which languages with modules and methods write.
pub(super) fn foreign_call(before: &str, name: &str) -> String {
    let found = format!("found {}.{}(…)", shortened(before), shortened(name));
    if is_taken(before) {
        return format!("{found}, but {before} has no functions of its own; the bar before is prev({before}, 1)");
    }
    let instead = match meaning(name) {
        Some(_) => format!(", write {name}(…)"),
        None => suggestion(name, std::iter::empty()),
    };
    format!("{found}; names have no prefix{instead}")
}

/// `.line, .signal or .hist`
pub(super) fn one_of(fields: &[&str]) -> String {
    let written: Vec<_> = fields.iter().map(|field| format!(".{field}")).collect();
    match written.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => written.concat(),
    }
}

impl Signature {
    /// Its name with its arguments: `sma(x, n)`.
    pub(super) fn usage(&self) -> String {
        let series = self.takes_series.then_some("x");
        let arguments: Vec<_> = series.into_iter().chain(self.arguments.iter().map(|argument| argument.name)).collect();
        format!("{}({})", self.name, arguments.join(", "))
    }
}

impl Function {
    /// Its name with its arguments.
    pub(super) fn usage(self) -> &'static str {
        match self {
            Self::Prev => "prev(x, n)",
            Self::BarsSince => "bars_since(c, n)",
            Self::CrossesAbove => "crosses_above(a, b)",
            Self::CrossesBelow => "crosses_below(a, b)",
            Self::On => "on(\"4h\", x)",
            Self::If => "if(c, a, b)",
            Self::Min => "min(a, b)",
            Self::Max => "max(a, b)",
            Self::Abs => "abs(x)",
        }
    }

    /// How many arguments it takes.
    pub(super) fn arity(self) -> usize {
        self.usage().split(',').count()
    }
}
