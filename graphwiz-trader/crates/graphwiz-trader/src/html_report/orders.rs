//! What became of orders: how much of what was wanted was filled, and why not all of it.

use std::collections::BTreeMap;

use trading_core::engine::record::{OrderState, Rule, Side, Unfilled};
use trading_core::report::{OrderTold, Report};

use super::returns::scrolled;
use super::text;
use super::trades::{self, CAUSES};

/// The section.
pub(super) fn section(report: &Report) -> String {
    let groups = groups(report);
    let rows: String = groups.iter().map(|(name, cause, orders)| row(name, cause, orders)).collect();
    let body = if rows.is_empty() {
        "<p>No order was sent.</p>".to_owned()
    } else {
        let head = "<thead><tr><th scope=col>Order</th><th scope=col class=number>Sent</th>\
             <th scope=col class=number>Filled</th><th scope=col class=number>In part</th>\
             <th scope=col class=number>Not at all</th><th scope=col class=number>Of what was wanted</th></tr></thead>";
        let why: String = groups.iter().map(|(name, _, orders)| reasons(name, orders)).collect();
        let why = if why.is_empty() { why } else { format!("<h3>Why not all</h3><ul>{why}</ul>") };
        scrolled("Table of what became of orders", head, &rows) + &why
    };
    format!(
        "<section class=card aria-labelledby=orders><h2 id=orders>What became of orders</h2>{}{body}{}</section>\n",
        signals(report),
        clipped(report)
    )
}

/// From signals to entries.
fn signals(report: &Report) -> String {
    let entries = report.orders.iter().filter(|order| order.side == Side::Buy).count();
    let refused = report.refusals.len();
    let flagged = match report.signals.buy_on_flagged {
        0 => String::new(),
        count => {
            format!(", {} of them on bars that jump by more than half, where nothing is entered", text::count(count))
        }
    };
    format!(
        "<p>The strategies said BUY {}{flagged} and SELL {}. Of the BUYs {} asked for an entry, of which {} refused and \
         {} sent; the others came while there was a position or an entry.</p>",
        text::counted(report.signals.buy, "time", "times"),
        text::counted(report.signals.sell, "time", "times"),
        text::count(entries + refused),
        were(refused),
        were(entries)
    )
}

fn were(count: usize) -> String {
    format!("{} {}", text::count(count), if count == 1 { "was" } else { "were" })
}

/// Orders by what they are: entries apart by whether they rest, exits by their reason.
fn groups(report: &Report) -> Vec<(&'static str, &'static str, Vec<&OrderTold>)> {
    let of = |cause: &str, rests: Option<bool>| {
        let is_one =
            |order: &&OrderTold| order.cause == cause && rests.is_none_or(|rests| order.limit.is_some() == rests);
        report.orders.iter().filter(is_one).collect::<Vec<_>>()
    };
    let entries =
        [("entry at market", "entry", of("entry", Some(false))), ("entry by limit", "entry", of("entry", Some(true)))];
    let exits = CAUSES.into_iter().filter(|(cause, ..)| *cause != "entry");
    let all = entries.into_iter().chain(exits.map(|(cause, word, _)| (word, cause, of(cause, None))));
    all.filter(|(_, _, orders)| !orders.is_empty()).collect()
}

fn row(name: &str, cause: &str, orders: &[&OrderTold]) -> String {
    let all = orders.iter().filter(|order| order.state == OrderState::Filled).count();
    let none = orders.iter().filter(|order| order.fills.is_empty()).count();
    let mean = orders.iter().map(|order| filled_share(order)).sum::<f64>() / orders.len() as f64;
    format!(
        "<tr><th scope=row>{}\u{a0}{name}</th><td class=number>{}</td><td class=number>{}</td><td class=number>{}</td>\
         <td class=number>{}</td><td class=number>{}</td></tr>",
        trades::icon(cause),
        text::count(orders.len()),
        text::count(all),
        text::count(orders.len() - all - none),
        text::count(none),
        text::percent(mean)
    )
}

/// The part of an order that was filled.
fn filled_share(order: &OrderTold) -> f64 {
    let number = |text: &str| text.parse::<f64>().ok();
    let (filled, wanted) = (number(&order.filled), number(&order.quantity).filter(|wanted| *wanted > 0.0));
    filled.zip(wanted).map_or(0.0, |(filled, wanted)| filled / wanted)
}

/// Why not all of orders was filled at once, a line for each reason with how often it was.
fn reasons(name: &str, orders: &[&OrderTold]) -> String {
    let mut counts: BTreeMap<Unfilled, usize> = BTreeMap::new();
    for unfilled in orders.iter().filter_map(|order| order.unfilled) {
        *counts.entry(unfilled).or_default() += 1;
    }
    let mut reasons: Vec<(&str, usize)> = counts.iter().map(|(why, count)| (reason(*why), *count)).collect();
    let slow = orders.iter().filter(|order| order.side == Side::Sell && order.fills.len() > 1).count();
    reasons.push(("sold over several bars, as one had too little volume", slow));
    let open = orders.iter().filter(|order| order.state == OrderState::Open).count();
    reasons.push(("open at the end", open));
    let line =
        |(why, count): &(&str, usize)| format!("<li>{name}, {}: {why}</li>", text::counted(*count, "order", "orders"));
    reasons.iter().filter(|(_, count)| *count > 0).map(line).collect()
}

fn reason(why: Unfilled) -> &'static str {
    match why {
        Unfilled::Volume => "the bar had too little volume",
        Unfilled::Cash => "too little cash",
        Unfilled::NoBar => "its bar is missing",
        Unfilled::Time => "the price did not fall below the limit in time",
        Unfilled::NotResting => "rejected, as the limit was not under the price",
        Unfilled::TakenBack => "taken back by an exit or an emergency",
    }
}

/// Which limits made entries smaller.
fn clipped(report: &Report) -> String {
    let entries = report.orders.iter().filter(|order| order.side == Side::Buy);
    let mut by_rule: BTreeMap<Rule, usize> = BTreeMap::new();
    entries.clone().filter_map(|order| order.clipped_by).for_each(|rule| *by_rule.entry(rule).or_default() += 1);
    let all = entries.count();
    let sentence = |(rule, count): (&Rule, &usize)| {
        let rule = rule.name();
        let which = if *count == all {
            "every entry".to_owned()
        } else {
            format!("{} of {} entries", text::count(*count), text::count(all))
        };
        format!("<p><code>{rule}</code> made {which} smaller than was asked for.</p>")
    };
    by_rule.iter().map(sentence).collect()
}
