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
    let rows: String = groups.iter().map(Group::row).collect();
    let body = if rows.is_empty() {
        "<p>No order was sent.</p>".to_owned()
    } else {
        let head = "<thead><tr><th scope=col>Order</th><th scope=col class=number>Sent</th>\
             <th scope=col class=number>Filled</th><th scope=col class=number>In part</th>\
             <th scope=col class=number>Not at all</th><th scope=col class=number>Of what was wanted</th></tr></thead>";
        let why: String = groups.iter().map(Group::reasons).collect();
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
    let entries = report.traded.orders().filter(|order| order.side == Side::Buy).count();
    let refused = report.traded.refusals().len();
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

/// What became of orders of one kind.
struct Group {
    name: &'static str,
    cause: &'static str,
    /// Whether they have a limit; `None`: either.
    rests: Option<bool>,
    sent: usize,
    filled: usize,
    in_part: usize,
    /// Σ of the filled part of each.
    shares: f64,
    unfilled: BTreeMap<Unfilled, usize>,
    /// Sold over several bars.
    slow: usize,
    open: usize,
}

/// Orders by what they are: entries apart by whether they rest, exits by their reason.
fn groups(report: &Report) -> Vec<Group> {
    let entries = [("entry at market", "entry", Some(false)), ("entry by limit", "entry", Some(true))];
    let exits = CAUSES.iter().filter(|(cause, ..)| *cause != "entry").map(|(cause, word, _)| (*word, *cause, None));
    let mut groups: Vec<Group> = entries.into_iter().chain(exits).map(Group::new).collect();
    for order in report.traded.orders() {
        if let Some(group) = groups.iter_mut().find(|group| group.is_of(&order)) {
            group.add(&order);
        }
    }
    groups.retain(|group| group.sent > 0);
    groups
}

impl Group {
    fn new((name, cause, rests): (&'static str, &'static str, Option<bool>)) -> Self {
        let unfilled = BTreeMap::new();
        Self { name, cause, rests, sent: 0, filled: 0, in_part: 0, shares: 0.0, unfilled, slow: 0, open: 0 }
    }

    fn is_of(&self, order: &OrderTold<'_>) -> bool {
        self.cause == order.cause && self.rests.is_none_or(|rests| rests == order.limit.is_some())
    }

    fn add(&mut self, order: &OrderTold<'_>) {
        let is_filled = order.state == OrderState::Filled;
        self.sent += 1;
        self.filled += usize::from(is_filled);
        self.in_part += usize::from(!is_filled && !order.fills.is_empty());
        self.shares += order.filled.count as f64 / order.quantity.count.max(1) as f64;
        self.slow += usize::from(order.side == Side::Sell && order.fills.len() > 1);
        self.open += usize::from(order.state == OrderState::Open);
        if let Some(why) = order.unfilled {
            *self.unfilled.entry(why).or_default() += 1;
        }
    }

    fn row(&self) -> String {
        format!(
            "<tr><th scope=row>{}\u{a0}{}</th><td class=number>{}</td><td class=number>{}</td>\
             <td class=number>{}</td><td class=number>{}</td><td class=number>{}</td></tr>",
            trades::icon(self.cause),
            self.name,
            text::count(self.sent),
            text::count(self.filled),
            text::count(self.in_part),
            text::count(self.sent - self.filled - self.in_part),
            text::percent(self.shares / self.sent as f64)
        )
    }

    /// Why not all of them was filled at once, a line for each reason with how often it was.
    fn reasons(&self) -> String {
        let mut reasons: Vec<(&str, usize)> = self.unfilled.iter().map(|(why, count)| (reason(*why), *count)).collect();
        reasons.push(("sold over several bars, as one had too little volume", self.slow));
        reasons.push(("open at the end", self.open));
        let line = |(why, count): &(&str, usize)| {
            format!("<li>{}, {}: {why}</li>", self.name, text::counted(*count, "order", "orders"))
        };
        reasons.iter().filter(|(_, count)| *count > 0).map(line).collect()
    }
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
    let entries = report.traded.orders().filter(|order| order.side == Side::Buy);
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
