//! What did trips, bars and calendar periods bring? Two histograms and tables.

use std::collections::BTreeMap;

use trading_core::report::Report;

use super::axis::{ValueAxis, round_step};
use super::course::{Calendar, Course, Period};
use super::text::{self, DAY};
use super::trades;

/// About so many bars of a histogram.
const BINS: f64 = 24.0;
/// No more than so many, however far the outliers are.
const MOST_BINS: usize = 400;
const HEIGHT: f64 = 150.0;
/// So many periods are shown at once; of more, the worst and the best.
const FEW_PERIODS: usize = 14;
/// So many of the worst, and of the best.
const ENDS: usize = 5;
/// A run of at least so many days is also told by month.
const BY_MONTH: i64 = 62;

/// The section.
pub(super) fn section(report: &Report, course: &Course<'_>) -> String {
    format!(
        "<section class=card aria-labelledby=returns><h2 id=returns>Returns</h2>\
         <div class=pair>{}{}</div>{}{}</section>\n",
        of_trips(report),
        of_bars(report, course),
        months(course),
        weeks(report, course)
    )
}

fn of_trips(report: &Report) -> String {
    let shares: Vec<f64> = report.traded.trades().filter_map(|trade| trades::gain(&trade).1).collect();
    let mean = report.metrics.expectancy.map(|mean| (mean, "mean"));
    let note = match shares.len() {
        0 => "No trip was finished.".to_owned(),
        n => format!("{}, gain over cost, fees included.", text::counted(n, "finished trip", "finished trips")),
    };
    histogram("What a trip brought", &note, shares.iter().copied(), mean)
}

fn of_bars(report: &Report, course: &Course<'_>) -> String {
    let all = course.changes();
    let moved = all.clone().filter(|change| *change != 0.0);
    let note = format!(
        "{} of {} changed what the account was worth; the others are not drawn.",
        text::count(moved.clone().count()),
        text::counted(all.count(), "bar", "bars")
    );
    let worst = report.metrics.var_95.map(|limit| (limit, "worst 5 %"));
    histogram("What a bar brought", &note, moved, worst)
}

/// How often which value is, with a line at one of them.
fn histogram(title: &str, note: &str, values: impl Iterator<Item = f64> + Clone, line: Option<(f64, &str)>) -> String {
    let head = format!("<figcaption><h3>{title}</h3><p class=muted>{note}</p></figcaption>");
    let (low, high) = values.clone().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if high - low <= 0.0 {
        return format!("<figure>{head}</figure>");
    }
    let step = round_step((high - low) / BINS);
    // Bars begin at multiples of the step, so that none lies on both sides of 0.
    let first = (low / step).floor();
    let edges: Vec<f64> =
        (0..=MOST_BINS).map(|i| (first + i as f64) * step).take_while(|edge| *edge < high + step).collect();
    let mut counts = vec![0_usize; edges.len() - 1];
    for value in values {
        let place = edges.partition_point(|edge| *edge <= value).saturating_sub(1);
        counts[place.min(edges.len() - 2)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let across = |value: f64| (value - edges[0]) / (edges[edges.len() - 1] - edges[0]) * 100.0;
    let value = ValueAxis::new(0.0, most * 1.12, HEIGHT);
    let bars: String = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(i, count)| {
            let (x, y) = (across(edges[i]), value.y(*count as f64));
            let class = if edges[i] < -step / 2.0 { "loss" } else { "gain" };
            format!(
                "<rect class={class} x='{x:.2}%' y='{y:.1}' width='{:.2}%' height='{:.1}'>\
                 <title>{} to {}: {}</title></rect>",
                (across(edges[i + 1]) - x) * 0.9,
                HEIGHT - y,
                text::signed_percent(edges[i]),
                text::signed_percent(edges[i + 1]),
                text::count(*count)
            )
        })
        .collect();
    let line = line.filter(|(at, _)| (edges[0]..=edges[edges.len() - 1]).contains(at)).map_or_else(
        String::new,
        |(at, word)| {
            let x = across(at);
            let (anchor, dx) = if x < 50.0 { ("start", 5) } else { ("end", -5) };
            format!(
                "<line class=at x1='{x:.2}%' x2='{x:.2}%' y2='{HEIGHT}'/>\
             <text x='{x:.2}%' dx={dx} y=11 text-anchor={anchor}>{word} {}</text>",
                text::signed_percent(at)
            )
        },
    );
    format!(
        "<figure>{head}<div class='plot counts'><svg role=img aria-label='{title}: how often which return was' \
         width='100%' height='{}'><g class=grid>{}</g>{bars}{line}</svg></div></figure>",
        HEIGHT + 24.0,
        histogram_axes(value, &edges, across)
    )
}

fn histogram_axes(value: ValueAxis, edges: &[f64], across: impl Fn(f64) -> f64) -> String {
    let (ticks, _) = value.ticks();
    let whole = ticks.into_iter().filter(|tick| tick.fract() == 0.0);
    let counts = whole.map(|tick| {
        let (y, text) = (value.y(tick), text::number(tick, 0));
        format!("<line x2='100%' y1='{y:.1}' y2='{y:.1}'/><text class=y x=-6 y='{y:.1}'>{text}</text>")
    });
    let (low, high) = (edges[0], edges[edges.len() - 1]);
    let step = round_step((high - low) / 4.0);
    let decimals = (0..6).find(|decimals| {
        let scaled = step * 100.0 * 10_f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    let decimals = usize::try_from(decimals.unwrap_or(6)).unwrap_or(0);
    let first = (low / step).ceil();
    let shares = (0..8).map(|i| (first + f64::from(i)) * step).take_while(|share| *share <= high).map(|share| {
        let (x, text) = (across(share), text::signed_number(share * 100.0, decimals));
        format!("<text class=x x='{x:.2}%' y='{}'>{text}%</text>", HEIGHT + 16.0)
    });
    counts.chain(shares).collect()
}

/// A grid of years and months, where the run is long enough.
fn months(course: &Course<'_>) -> String {
    if course.length() < BY_MONTH * DAY {
        return String::new();
    }
    let mut years: BTreeMap<i16, (f64, [Option<f64>; 12])> = BTreeMap::new();
    for month in course.by(Calendar::Months) {
        let date = text::civil(month.from).date();
        let (product, months) = years.entry(date.year()).or_insert((1.0, [None; 12]));
        *product *= 1.0 + month.change();
        months[usize::from(date.month().unsigned_abs()) - 1] = Some(month.change());
    }
    let cell = |change: Option<f64>| match change {
        None => "<td></td>".to_owned(),
        Some(change) => format!("<td class='number {}'>{}</td>", tone(change), text::signed_number(change * 100.0, 2)),
    };
    let rows = years.iter().map(|(year, (product, months))| {
        let cells: String = months.iter().copied().map(cell).collect();
        format!("<tr><th scope=row>{year}</th>{cells}{}</tr>", cell(Some(product - 1.0)))
    });
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year"];
    let head: String = names.iter().map(|name| format!("<th scope=col class=number>{name}</th>")).collect();
    format!(
        "<h3>By month, in per cent</h3>{}",
        scrolled(
            "Returns by month",
            &format!("<thead><tr><th scope=col>Year</th>{head}</tr></thead>"),
            &rows.collect::<String>()
        )
    )
}

/// How a change is coloured.
pub(super) fn tone(change: f64) -> &'static str {
    match change {
        change if change < 0.0 => "bad",
        change if change > 0.0 => "good",
        _ => "",
    }
}

/// A table that scrolls sideways by itself where it is broader than the screen.
pub(super) fn scrolled(label: &str, head: &str, rows: &str) -> String {
    format!(
        "<div class=scroll role=region aria-label='{label}' tabindex=0>\
         <table>{head}<tbody>{rows}</tbody></table></div>\n"
    )
}

fn weeks(report: &Report, course: &Course<'_>) -> String {
    let weeks = &course.weeks;
    let row = |week: &Period| {
        let ended =
            report.traded.trades().filter(|trade| week.from < trade.left_at && trade.left_at <= week.to).count();
        let is_worst = course.lost_week().is_some_and(|worst| worst.from == week.from);
        let held = week.held.map_or_else(|| "no prices".to_owned(), text::signed_percent);
        format!(
            "<tr{}><td>{} to {}{}</td><td class='number {}'>{}</td><td class=number>{}</td>\
             <td class=number>{held}</td><td class=number>{}</td></tr>",
            if is_worst { " class=worst" } else { "" },
            text::day(week.from),
            text::day(week.to - 1),
            if is_worst { " <strong>worst</strong>" } else { "" },
            tone(week.change()),
            text::signed_percent(week.change()),
            text::signed_number(week.amount(), 2),
            text::count(ended)
        )
    };
    let table = |label: &str, weeks: &[Period]| {
        let head = format!(
            "<thead><tr><th scope=col>Week, Monday to Sunday</th><th scope=col class=number>Return</th>\
             <th scope=col class=number>{}</th><th scope=col class=number>Holding</th>\
             <th scope=col class=number>Trips ended</th></tr></thead>",
            text::escaped(&report.account.currency)
        );
        scrolled(label, &head, &weeks.iter().map(row).collect::<String>())
    };
    if weeks.len() <= FEW_PERIODS {
        return format!("<h3>By week</h3>{}", table("Returns by week", weeks));
    }
    let mut ordered = weeks.clone();
    ordered.sort_by(|a, b| a.change().total_cmp(&b.change()));
    let lost = weeks.iter().filter(|week| week.change() < 0.0).count();
    format!(
        "<h3>By week: {} of {} lost</h3><h4>The worst {ENDS}</h4>{}<h4>The best {ENDS}</h4>{}\
         <details><summary>All {} weeks</summary>{}</details>",
        text::count(lost),
        text::count(weeks.len()),
        table("The worst weeks", &ordered[..ENDS]),
        table("The best weeks", &ordered.iter().rev().take(ENDS).copied().collect::<Vec<_>>()),
        text::count(weeks.len()),
        table("Returns by week", weeks)
    )
}
