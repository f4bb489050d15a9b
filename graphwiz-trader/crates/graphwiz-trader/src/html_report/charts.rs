//! The charts of a run on one axis of time: the account beside holding, its falls, what each period brought, and the
//! prices with what was traded.

use trading_core::report::{OrderTold, Report};

use super::axis::{TimeAxis, ValueAxis};
use super::course::{Calendar, Course, Line, Period};
use super::plot::{self, Plot};
use super::prices::Prices;
use super::text::{self, DAY, escaped};
use super::trades::{self, CAUSES, Fills};

/// A run of at most so many days is also told by day.
const BY_DAY: i64 = 35;
/// One of at most so many by week, a longer one by month.
const BY_WEEK: i64 = 3 * 366;
/// So many instruments have their charts open.
const FEW_INSTRUMENTS: usize = 4;
/// The worst week is drawn by itself where the run is at least so many days long.
const CLOSE_UP: i64 = 21;

/// All charts, after their headings.
pub(super) fn section(report: &Report, course: &Course<'_>, prices: &[Prices<'_>]) -> String {
    let ends = prices.iter().map(Prices::closed);
    let to = ends.chain([course.run.last.0, report.span.to]).max().unwrap_or(report.span.to);
    let time = TimeAxis::new(course.run.first.0, to);
    let fills = Fills::of(report);
    let charts = [
        equity(report, course, time),
        alone(report, course, time),
        falls(course, time),
        periods(course, time),
        traded(report, course, prices, &fills, time),
    ];
    format!(
        "<section class=card aria-labelledby=course><h2 id=course>How it went</h2>\
         <p class=muted>All charts share one axis of time (UTC). {}</p>{}</section>\n{}",
        if course.lost_week().is_some() { "<span class='key worst'><i></i>the worst week</span>" } else { "" },
        charts.concat(),
        close_up(report, course, prices, &fills)
    )
}

/// By which calendar a run of that length is told.
pub(super) fn calendar(course: &Course<'_>) -> Calendar {
    match course.length() / DAY {
        0..=BY_DAY => Calendar::Days,
        ..=BY_WEEK => Calendar::Weeks,
        _ => Calendar::Months,
    }
}

fn figure(title: &str, legend: &str, chart: &str) -> String {
    format!("<figure><figcaption><h3>{title}</h3><p class=legend>{legend}</p></figcaption>{chart}</figure>\n")
}

fn worst_band(plot: &Plot, course: &Course<'_>) -> String {
    course.lost_week().map_or_else(String::new, |week| plot.band("worst", week.from, week.to))
}

fn equity(report: &Report, course: &Course<'_>, time: TimeAxis) -> String {
    let height = 260.0;
    let both = [&course.run].into_iter().chain(&course.hold);
    let value = ValueAxis::around(both.flat_map(|line| [line.low, line.high]), height);
    let plot = Plot { time, value, height, written: text::number };
    let mut lines = String::new();
    let mut legend = key("run", "this run");
    if let Some(hold) = &course.hold {
        lines += &plot.line("hold", &hold.drawn);
        legend += &key("hold", "holding, without costs");
    }
    lines += &plot.line("run", &course.run.drawn);
    let mut marks = worst_band(&plot, course);
    if let Some(week) = course.lost_week() {
        let middle = week.from + (week.to - week.from) / 2;
        // Its word stands inside the band where that is broad, else beside it.
        marks += &plot.word("worst", if time.share(middle) < 0.5 { week.from } else { week.to }, 14.0, "worst week");
    }
    for emergency in &report.emergency {
        marks += &plot.upright("stopped", emergency.at);
        marks += &plot.word("stopped", emergency.at, 30.0, "emergency");
    }
    let (end, now) = course.run.last;
    marks += &plot.dot("run", end, now, "");
    let currency = escaped(&report.account.currency);
    let label = format!("The account in {currency} over time, beside holding");
    figure(&format!("The account against holding, {currency}"), &legend, &plot.frame(&label, &lines, &marks))
}

/// The account on a scale of its own, where beside holding it would seem to stand still.
fn alone(report: &Report, course: &Course<'_>, time: TimeAxis) -> String {
    let spread = |line: &Line| line.high - line.low;
    let own = spread(&course.run);
    let seems_flat = course.hold.as_ref().is_some_and(|hold| own > 0.0 && own < spread(hold) / 3.0);
    if !seems_flat {
        return String::new();
    }
    let height = 200.0;
    let value = ValueAxis::around([course.run.low, course.run.high].into_iter(), height);
    let plot = Plot { time, value, height, written: text::number };
    let line = plot.line("run", &course.run.drawn);
    let mut marks = worst_band(&plot, course);
    let mut legend = key("run", "this run, the same line on a scale of its own");
    if let Some(fall) = course.run.worst {
        marks += &plot.dot("lowest", fall.from.0, fall.from.1, "");
        marks += &plot.dot("lowest", fall.to.0, fall.to.1, "");
        legend += &key("lowest", "high and low of the worst drawdown");
    }
    let currency = escaped(&report.account.currency);
    let label = format!("The account in {currency} over time, on a scale of its own");
    figure(&format!("The account alone, {currency}"), &legend, &plot.frame(&label, &line, &marks))
}

fn falls(course: &Course<'_>, time: TimeAxis) -> String {
    let height = 140.0;
    let worst = [&course.run].into_iter().chain(&course.hold).filter_map(|line| line.worst);
    let value = ValueAxis::new(worst.map(|fall| fall.depth).fold(-1e-4, f64::min) * 1.06, 0.0, height);
    let plot = Plot { time, value, height, written: share };
    let mut lines = plot.area("fall", &course.run.falls);
    let mut legend = key("fall", "this run");
    if let Some(hold) = &course.hold {
        lines += &plot.line("hold", &hold.falls);
        legend += &key("hold", "holding");
    }
    let mut marks = worst_band(&plot, course);
    if let Some(fall) = course.run.worst {
        marks += &plot.dot("lowest", fall.to.0, fall.depth, &text::percent(fall.depth));
    }
    let label = "How far the account is under its highest value so far, in per cent, over time";
    figure("Drawdown: how far under the highest value so far", &legend, &plot.frame(label, &lines, &marks))
}

/// A share on an axis whose ticks have so many decimals as fractions.
fn share(value: f64, decimals: usize) -> String {
    format!("{}%", text::number(value * 100.0, decimals.saturating_sub(2)))
}

fn periods(course: &Course<'_>, time: TimeAxis) -> String {
    let calendar = calendar(course);
    let periods = course.by(calendar);
    let height = 140.0;
    let value = ValueAxis::around(periods.iter().map(Period::change).chain([0.0]), height);
    let plot = Plot { time, value, height, written: share };
    let bars: String = periods.iter().map(|period| bar(&plot, period)).collect();
    let word = calendar.word();
    let label = format!("What each {word} brought, in per cent, over time");
    let legend = key("gain", "gained") + &key("loss", "lost");
    figure(&format!("Return by {word}"), &legend, &plot.frame(&label, "", &(worst_band(&plot, course) + &bars)))
}

fn bar(plot: &Plot, period: &Period) -> String {
    let change = period.change();
    let (zero, y) = (plot.value.y(0.0), plot.value.y(change));
    let (left, right) = (plot.time.share(period.from) * 100.0, plot.time.share(period.to) * 100.0);
    let width = (right - left) * 0.8;
    format!(
        "<rect class={} x='{:.2}%' width='{width:.2}%' y='{:.1}' height='{:.1}'><title>{} to {}: {}</title></rect>",
        if change < 0.0 { "loss" } else { "gain" },
        left + width / 8.0,
        zero.min(y),
        (zero - y).abs(),
        text::instant(period.from),
        text::instant(period.to),
        text::signed_percent(change)
    )
}

fn traded(report: &Report, course: &Course<'_>, prices: &[Prices<'_>], fills: &Fills<'_>, time: TimeAxis) -> String {
    let chart = |prices: &Prices<'_>| price(report, Some(course), prices, fills, time);
    let (first, rest) = prices.split_at(prices.len().min(FEW_INSTRUMENTS));
    let mut charts: String = first.iter().map(chart).collect();
    if !rest.is_empty() {
        let hidden: String = rest.iter().map(chart).collect();
        let more = text::counted(rest.len(), "more instrument", "more instruments");
        charts += &format!("<details><summary>{more}</summary>{hidden}</details>");
    }
    charts
}

/// An instrument's price with what was traded of it.
fn price(
    report: &Report,
    course: Option<&Course<'_>>,
    prices: &Prices<'_>,
    fills: &Fills<'_>,
    time: TimeAxis,
) -> String {
    let height = 320.0;
    let bars = prices.between(time.from(), time.to());
    let value = ValueAxis::around(bars.clone().flat_map(|(_, bar)| [bar.low(), bar.high()]), height);
    let plot = Plot { time, value, height, written: text::number };
    let lines = plot.range("range", bars.clone().map(|(at, bar)| (at, bar.low(), bar.high())))
        + &plot.line("close", &plot::thinned(bars.map(|(at, bar)| (at, bar.close()))))
        + &trades::trips(&plot, report, fills, &prices.instrument);
    let band = course.map_or_else(String::new, |course| worst_band(&plot, course));
    let marks = band + &trades::marks(&plot, report, &prices.instrument);
    let name = escaped(&prices.instrument);
    let label = format!("The price of {name} over time, with entries and exits");
    let is_shown = |order: &OrderTold<'_>| order.instrument == prices.instrument && !order.fills.is_empty();
    let orders = report.traded.orders().filter(is_shown);
    let causes: std::collections::HashSet<&str> = orders.map(|order| order.cause).collect();
    let legend: String = CAUSES
        .iter()
        .filter(|(cause, ..)| causes.contains(cause))
        .map(|(cause, word, meaning)| format!("<span class=key>{} {word}: {meaning}</span>", trades::icon(cause)))
        .collect();
    let dense = if trades::are_dense(&plot, report, &prices.instrument) {
        "<span class=muted>Marks that would lie on one another are drawn once.</span>"
    } else {
        ""
    };
    let legend = key("close", "close") + &key("range", "low to high") + &legend + dense;
    figure(&format!("{name}: trades on the price"), &legend, &plot.frame(&label, &lines, &marks))
}

/// The worst week by itself, where it is a small part of the run.
fn close_up(report: &Report, course: &Course<'_>, prices: &[Prices<'_>], fills: &Fills<'_>) -> String {
    let week = course.lost_week().filter(|_| course.length() >= CLOSE_UP * DAY);
    let Some(week) = week else { return String::new() };
    let time = TimeAxis::new(week.from, week.to);
    let traded = |prices: &&Prices<'_>| {
        let orders = report.traded.orders().filter(|order| order.instrument == prices.instrument);
        orders.flat_map(|order| order.fills.iter()).any(|fill| time.has(fill.at))
    };
    let shown: String = prices
        .iter()
        .filter(traded)
        .take(FEW_INSTRUMENTS)
        .map(|prices| price(report, None, prices, fills, time))
        .collect();
    if shown.is_empty() {
        return shown;
    }
    let (from, to) = (text::day(week.from), text::day(week.to - 1));
    format!(
        "<section class=card aria-labelledby=close-up><h2 id=close-up>The worst week, close up</h2>\
         <p>{from} to {to}: {}.</p>{shown}</section>\n",
        text::signed_percent(week.change())
    )
}

/// A line of a legend.
pub(super) fn key(class: &str, text: &str) -> String {
    format!("<span class='key {class}'><i></i>{text}</span>")
}
