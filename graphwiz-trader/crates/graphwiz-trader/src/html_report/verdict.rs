//! The top of the page: what was run, what became of it beside holding, what is missing for live, and the worst of it.

use trading_core::gate::{Condition, Unmet};
use trading_core::metrics::Metrics;
use trading_core::report::{HeldTold, Report};

use super::course::{Course, Fall, Period};
use super::returns::tone;
use super::strategies;
use super::text::{self, escaped};

/// The heading.
pub(super) fn heading(report: &Report) -> String {
    let span = &report.span;
    let instruments: Vec<String> = span.instruments.iter().map(|name| escaped(name)).collect();
    let what = if instruments.is_empty() { "no instrument".to_owned() } else { instruments.join(", ") };
    let ran = match report.strategies.as_slice() {
        [one] => strategies::in_short(one),
        several => several.iter().map(|strategy| escaped(&strategy.name)).collect::<Vec<_>>().join(", "),
    };
    format!(
        "<header class=top><h1>{}</h1>\
         <p>{ran}<br>Backtest on {what}, {} of {}<br>{} to {} UTC ({})<br>start {} {}</p></header>\n",
        escaped(&report.name),
        text::counted(span.bars, "bar", "bars"),
        span.timeframe,
        text::instant(span.from),
        text::instant(span.to),
        text::length(span.to.saturating_sub(span.from)),
        text::amount(&report.account.initial),
        escaped(&report.account.currency)
    )
}

/// What ended trading, and what should be known of data and settings.
pub(super) fn banners(report: &Report) -> String {
    let emergencies = report.emergency.iter().map(|emergency| ("bad", &emergency.text));
    let warnings = report.warnings.iter().map(|warning| ("warn", warning));
    let lines =
        emergencies.chain(warnings).map(|(class, text)| format!("<p class='banner {class}'>{}</p>", escaped(text)));
    lines.collect()
}

/// The outcome beside holding, and what the gate lacks.
pub(super) fn outcome(report: &Report, course: &Course<'_>) -> String {
    let Metrics { total_return, benchmark, .. } = report.metrics;
    let held = text::signed_percent(benchmark);
    let word = match tone(total_return) {
        "good" => format!("Gained {}", text::percent(total_return)),
        "bad" => format!("Lost {}", text::percent(-total_return)),
        _ => "Neither gained nor lost".to_owned(),
    };
    let behind = (total_return - benchmark) * 100.0;
    let beside = match tone(behind) {
        "bad" => format!("{} percentage points behind holding", text::number(-behind, 2)),
        "good" => format!("{} percentage points ahead of holding", text::number(behind, 2)),
        _ => "as holding".to_owned(),
    };
    format!(
        "<section class=card aria-labelledby=outcome><h2 id=outcome class=hidden>Outcome</h2>\
         <p class=verdict><strong class='badge {}'>{word}</strong> <span class='flag {}'>{beside} ({held})</span></p>\
         {}{}{}{}</section>\n",
        tone(total_return),
        tone(behind),
        beside_holding(report, course),
        ended_early(report, course),
        open_at_the_end(report),
        gate(report)
    )
}

/// One table: the run, and holding over the same time.
fn beside_holding(report: &Report, course: &Course<'_>) -> String {
    let hold = course.hold.as_ref();
    let missing = || "no prices".to_owned();
    let rows = [
        (
            "At the end",
            text::amount(&report.account.equity),
            hold.map_or_else(missing, |hold| text::number(hold.last.1, 2)),
        ),
        ("Return", text::signed_percent(report.metrics.total_return), text::signed_percent(report.metrics.benchmark)),
        (
            "Worst drawdown",
            text::percent(-report.metrics.max_drawdown),
            hold.map_or_else(missing, |hold| text::percent(hold.worst.map_or(0.0, |fall| fall.depth))),
        ),
        (
            "In the run's worst week",
            course.worst_week.map_or_else(|| "no week".to_owned(), |week| text::signed_percent(week.change())),
            course.worst_week.and_then(|week| week.held).map_or_else(missing, text::signed_percent),
        ),
        ("In the market", text::percent(report.metrics.exposure_time), text::percent(1.0)),
        ("Invested, in the mean", text::percent(report.metrics.mean_exposure), text::percent(1.0)),
    ];
    let rows: String = rows
        .iter()
        .map(|(name, run, held)| {
            format!("<tr><th scope=row>{name}</th><td class=number>{run}</td><td class=number>{held}</td></tr>")
        })
        .collect();
    format!(
        "<table class=beside><thead><tr><td></td><th scope=col class=number>This run</th>\
         <th scope=col class=number>Holding</th></tr></thead><tbody>{rows}</tbody></table>\
         <p class=muted>Amounts in {}. Holding: bought in equal parts at the first open and kept to the last close, \
         without costs.</p>",
        escaped(&report.account.currency)
    )
}

/// After an emergency a run goes on only until nothing is held.
fn ended_early(report: &Report, course: &Course<'_>) -> String {
    let end = course.run.last.0;
    if end >= report.span.to {
        return String::new();
    }
    format!(
        "<p>The run ended at {} UTC, {} before the data did. Holding is shown to their end.</p>",
        text::instant(end),
        text::length(report.span.to - end)
    )
}

/// A position that is not sold is in the result, but no trip.
fn open_at_the_end(report: &Report) -> String {
    let several = report.strategies.len() > 1;
    let of = |strategy: &str| if several { format!(" ({})", escaped(strategy)) } else { String::new() };
    let told = |held: HeldTold<'_>| {
        let quantity = text::decimal(&held.quantity.to_string());
        format!("{quantity} of {}{}", escaped(held.instrument), of(held.strategy))
    };
    let held: Vec<String> = report.traded.held().map(told).collect();
    if held.is_empty() {
        return String::new();
    }
    format!("<p>Still held at the end: {}. It counts at the last close, and is no trip.</p>", held.join(", "))
}

fn gate(report: &Report) -> String {
    if report.gate_unmet.is_empty() {
        return "<p><span class='flag good'>Gate met</span> This run shows all that is asked for before live.</p>"
            .to_owned();
    }
    let unmet: String = report.gate_unmet.iter().map(|unmet| format!("<li>{}</li>", in_words(unmet))).collect();
    format!("<p><span class='flag bad'>Gate not met</span> Before live it would have to show more:</p><ul>{unmet}</ul>")
}

/// A condition of the gate in words.
fn in_words(unmet: &Unmet) -> String {
    let Unmet { condition, value, digits, limit, limit_digits } = *unmet;
    let Some(value) = value else { return escaped(&unmet.to_string()) };
    let [plain, least] = [(value, digits), (limit, limit_digits)].map(|(figure, digits)| text::number(figure, digits));
    let of_100 = |(share, digits): (f64, usize)| format!("{} %", text::number(share * 100.0, digits.saturating_sub(2)));
    let [part, part_least] = [(value, digits), (limit, limit_digits)].map(of_100);
    let sentence = match condition {
        Condition::Days => format!("{plain} days; {least} are asked for"),
        Condition::Trips => format!("{plain} trips; {least} are asked for"),
        Condition::MaxDrawdown => {
            format!("the worst drawdown is {part}; at most {part_least} is allowed")
        }
        Condition::TotalReturn => format!("the total return is {part}; it has to be a gain"),
        Condition::ProfitFactor => format!("the profit factor is {plain}; at least {least} is asked for"),
        Condition::Psr => {
            format!("the chance of an edge (PSR) is {part}; at least {part_least} is asked for")
        }
        Condition::Sharpe => format!("the Sharpe ratio is {plain}; at least {least} is asked for"),
        Condition::Win => {
            format!("the part of trips that gained is {part}; at least {part_least} is asked for")
        }
    };
    escaped(&sentence).replace(" %", "\u{a0}%")
}

/// The worst week and the worst drawdown.
pub(super) fn worst(report: &Report, course: &Course<'_>) -> String {
    let currency = escaped(&report.account.currency);
    format!(
        "<section class='card worst' aria-labelledby=worst><h2 id=worst>The worst of it</h2>{}{}</section>\n",
        week(course.worst_week, &currency),
        course.run.worst.map_or_else(
            || "<h3>Worst drawdown</h3><p>None: the account was never under an earlier high.</p>".to_owned(),
            |fall| drawdown(fall, report.metrics.max_drawdown, &currency)
        )
    )
}

fn week(week: Option<Period>, currency: &str) -> String {
    let Some(week) = week else { return "<h3>Worst week</h3><p>The run has no week with a change.</p>".to_owned() };
    let remark = match tone(week.change()) {
        "bad" => "",
        "good" => "<p>Even the worst week gained.</p>",
        _ => "<p>No week lost.</p>",
    };
    let held = week
        .held
        .map_or_else(String::new, |held| format!(" Holding: {} in the same week.", text::signed_percent(held)));
    format!(
        "<h3>{}</h3><p class='big {}'>{}</p>\
         <p class=big-date><span class=time>{}</span> to <span class=time>{}</span></p>\
         <p>{} {currency}.{held}</p>{remark}",
        if week.change() < 0.0 { "<span class='key worst'><i></i>Worst week</span>" } else { "Worst week" },
        tone(week.change()),
        text::signed_percent(week.change()),
        text::day(week.from),
        text::day(week.to - 1),
        text::signed_number(week.amount(), 2)
    )
}

fn drawdown(fall: Fall, depth: f64, currency: &str) -> String {
    let ((from, high), (to, low)) = (fall.from, fall.to);
    let end = match fall.over {
        Some(over) => {
            format!("The high was reached again on {}, after {}.", text::instant(over), text::length(over - from))
        }
        None => "The high was not reached again.".to_owned(),
    };
    format!(
        "<h3>Worst drawdown</h3><p class='big bad'>{}</p>\
         <p class=big-date><span class=time>{}</span> to <span class=time>{}</span></p>\
         <p>From {} to {} {currency} in {}. {end}</p>",
        text::percent(-depth),
        text::instant(from),
        text::instant(to),
        text::number(high, 2),
        text::number(low, 2),
        text::length(to - from)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_speaks_in_words() {
        let of =
            |condition, value, digits, limit, limit_digits| Unmet { condition, value, digits, limit, limit_digits };
        for (unmet, short, words) in [
            (of(Condition::Trips, Some(45.0), 0, 100.0, 0), "45 of 100 trips", "45 trips; 100 are asked for"),
            (of(Condition::Days, Some(2.0), 1, 3.0, 0), "2.0 of 3 days", "2.0 days; 3 are asked for"),
            (
                of(Condition::MaxDrawdown, Some(0.151), 3, 0.1, 2),
                "max_drawdown .151 > .10",
                "the worst drawdown is 15.1\u{a0}%; at most 10\u{a0}% is allowed",
            ),
            (
                of(Condition::TotalReturn, Some(-0.0027), 4, 0.0, 0),
                "total_return -.0027 <= 0",
                "the total return is −0.27\u{a0}%; it has to be a gain",
            ),
            (
                of(Condition::ProfitFactor, Some(0.84), 2, 1.5, 2),
                "profit factor .84 < 1.50",
                "the profit factor is 0.84; at least 1.50 is asked for",
            ),
            (
                of(Condition::Psr, Some(0.31), 2, 0.95, 2),
                "PSR .31 < .95",
                "the chance of an edge (PSR) is 31\u{a0}%; at least 95\u{a0}% is asked for",
            ),
            (of(Condition::Psr, None, 2, 0.95, 2), "PSR not defined", "PSR not defined"),
        ] {
            assert_eq!(unmet.to_string(), short);
            assert_eq!(in_words(&unmet), words);
        }
    }
}
