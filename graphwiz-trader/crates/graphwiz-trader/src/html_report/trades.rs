//! Entries and exits: their words, their marks on the price, and the prices at which trips began and ended.

use std::collections::{HashMap, HashSet};

use trading_core::engine::record::Side;
use trading_core::exact::Amount;
use trading_core::report::{FillTold, OrderTold, Report, Trade};

use super::plot::Plot;
use super::text;

/// So many marks each have their own words; of more, those that would lie on one another are drawn once.
const FEW_MARKS: usize = 600;
/// Up to so many trips are drawn as lines from entry to exit.
const FEW_TRIPS: usize = 1000;

/// Why orders are, in the order in which they are told: the report's name, the word for it, and what it means.
pub(super) const CAUSES: [(&str, &str, &str); 6] = [
    ("entry", "entry", "the strategy bought"),
    ("signal", "signal", "the strategy sold"),
    ("stop", "stop", "the price fell to the stop"),
    ("trailing", "trailing stop", "the price fell back to the trailing stop"),
    ("target", "target", "the price reached a target"),
    ("flatten", "flatten", "an emergency sold everything"),
];

/// A reason's word.
pub(super) fn word(cause: &str) -> &str {
    CAUSES.iter().find(|(name, ..)| *name == cause).map_or(cause, |(_, word, _)| word)
}

/// A reason's mark, in a line of text.
pub(super) fn icon(cause: &str) -> String {
    let top = match cause {
        "entry" => -3,
        "signal" => -13,
        _ => -8,
    };
    format!("<svg class='icon {cause}' viewBox='-8 {top} 16 16' aria-hidden=true><use href='#{cause}'/></svg>")
}

/// The shapes of all marks, each page has them once; and small ones.
pub(super) fn shapes() -> String {
    let small =
        CAUSES.map(|(cause, ..)| format!("<g id={cause}-small><use href='#{cause}' transform='scale(.5)'/></g>"));
    format!("<svg width=0 height=0 class=shapes aria-hidden=true><defs>{SHAPES}{}</defs></svg>", small.concat())
}

/// An entry's tip points up to its price, a signal's down to it.
const SHAPES: &str = "\
    <path id=entry d='M0 0l6 10h-12z'/><path id=signal d='M0 0l-6 -10h12z'/>\
    <path id=stop d='M-5 -5l10 10M5 -5l-10 10'/><path id=trailing d='M0 -7l6 7l-6 7l-6 -7z'/>\
    <circle id=target r=5.5 /><path id=flatten d='M-5.5 -5.5h11v11h-11z'/>";

type Key<'a> = (&'a str, &'a str, i64);

/// The fills of a run by what they belong to.
pub(super) struct Fills<'a> {
    bought: HashMap<Key<'a>, Amount>,
    sold: HashMap<Key<'a>, Amount>,
    /// Per instrument, digits after the point of the price that has most.
    digits: HashMap<&'a str, usize>,
}

impl<'a> Fills<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let (mut bought, mut sold, mut digits) = (HashMap::new(), HashMap::new(), HashMap::new());
        for order in report.traded.orders() {
            let prices = match order.side {
                Side::Buy => &mut bought,
                Side::Sell => &mut sold,
            };
            for fill in order.fills.iter() {
                prices.insert((order.strategy, order.instrument, fill.at), fill.price);
                let most: &mut usize = digits.entry(order.instrument).or_default();
                *most = (*most).max(digits_of(&fill.price.to_string()));
            }
        }
        Self { bought, sold, digits }
    }

    /// A price with as many digits as the others of its instrument.
    pub(super) fn written(&self, instrument: &str, price: Amount) -> String {
        let price = price.to_string();
        let most = self.digits.get(instrument).copied().unwrap_or(0);
        let (point, missing) =
            (if most > 0 && digits_of(&price) == 0 { "." } else { "" }, most - digits_of(&price).min(most));
        text::decimal(&format!("{price}{point}{}", "0".repeat(missing)))
    }

    /// The prices of a trip's first entry and of its last exit.
    pub(super) fn prices(&self, trade: &Trade<'a>) -> (Option<Amount>, Option<Amount>) {
        let at = |at| (trade.strategy, trade.instrument, at);
        (self.bought.get(&at(trade.entered_at)).copied(), self.sold.get(&at(trade.left_at)).copied())
    }
}

/// The fills of an instrument within the plot, with their orders.
fn shown<'a>(plot: &Plot, report: &'a Report, instrument: &str) -> impl Iterator<Item = (OrderTold<'a>, FillTold<'a>)> {
    let orders = report.traded.orders().filter(move |order| order.instrument == instrument);
    let all = orders.flat_map(|order| order.fills.iter().map(move |fill| (order, fill)));
    all.filter(|(_, fill)| plot.time.has(fill.at))
}

/// Whether there are more marks than can be told apart.
pub(super) fn are_dense(plot: &Plot, report: &Report, instrument: &str) -> bool {
    shown(plot, report, instrument).nth(FEW_MARKS).is_some()
}

/// What was traded of an instrument, drawn over its price; what is rare lies on top.
pub(super) fn marks(plot: &Plot, report: &Report, instrument: &str) -> String {
    let are_dense = are_dense(plot, report, instrument);
    let mut drawn = HashSet::new();
    let mut marks = String::new();
    for (cause, ..) in CAUSES {
        for (order, fill) in shown(plot, report, instrument).filter(|(order, _)| order.cause == cause) {
            let (share, y) = (plot.time.share(fill.at), plot.value.y(fill.price.to_f64()));
            // The cell of the chart that the mark would fill.
            if !are_dense || drawn.insert((cause, format!("{:.0} {:.0}", share * 300.0, y / 4.0))) {
                marks.push_str(&mark(plot, &order, &fill, y, if are_dense { "-small" } else { "" }));
            }
        }
    }
    marks
}

fn mark(plot: &Plot, order: &OrderTold<'_>, fill: &FillTold<'_>, y: f64, size: &str) -> String {
    let (cause, x) = (order.cause, plot.across(fill.at));
    let did = match order.side {
        Side::Buy => "bought",
        Side::Sell => "sold",
    };
    let (at, price, quantity) = (text::instant(fill.at), fill.price.to_string(), fill.quantity.to_string());
    let (price, quantity) = (text::decimal(&price), text::decimal(&quantity));
    format!(
        "<use href='#{cause}{size}' class={cause} x='{x}' y='{y:.1}'>\
         <title>{at}: {did} {quantity} at {price}, {}</title></use>",
        word(cause)
    )
}

/// Lines from the entry to the exit of an instrument's trips, where they are few enough to be seen.
pub(super) fn trips(plot: &Plot, report: &Report, fills: &Fills<'_>, instrument: &str) -> String {
    let (mut gains, mut losses) = (Vec::new(), Vec::new());
    let seen = |trade: &Trade<'_>| {
        trade.instrument == instrument && plot.time.has(trade.entered_at) && plot.time.has(trade.left_at)
    };
    for trade in report.traded.trades().filter(seen) {
        let (Some(entry), Some(exit)) = fills.prices(&trade) else { continue };
        let list = if is_loss(&trade) { &mut losses } else { &mut gains };
        list.push([(trade.entered_at, entry.to_f64()), (trade.left_at, exit.to_f64())]);
    }
    if gains.len() + losses.len() > FEW_TRIPS {
        return String::new();
    }
    plot.segments("trip gain", &gains) + &plot.segments("trip loss", &losses)
}

/// Whether a trip lost.
pub(super) fn is_loss(trade: &Trade<'_>) -> bool {
    trade.pnl.count < 0
}

/// What a trip brought, and that as a fraction of its cost where it cost something.
pub(super) fn gain(trade: &Trade<'_>) -> (f64, Option<f64>) {
    let gain = trade.pnl.to_f64();
    (gain, (trade.cost.count > 0).then(|| gain / trade.cost.to_f64()))
}

fn digits_of(price: &str) -> usize {
    price.split_once('.').map_or(0, |(_, part)| part.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trading_core::engine::record::Cause;

    #[test]
    fn every_reason_has_a_word_and_a_shape() {
        for cause in [Cause::Entry, Cause::Signal, Cause::Stop, Cause::Trailing, Cause::Target(2), Cause::Flatten] {
            let kind = cause.kind();
            assert!(CAUSES.iter().any(|(name, ..)| *name == kind), "{kind} has no word");
            assert!(SHAPES.contains(&format!("id={kind} ")), "{kind} has no shape");
        }
    }

    #[test]
    fn the_guide_explains_every_reason_to_sell() {
        let guide = include_str!("../../../../docs/reading-a-report.md");
        for (_, word, _) in CAUSES.iter().filter(|(name, ..)| *name != "entry") {
            assert!(guide.contains(&format!("\n| {word} | ")), "the guide says nothing of {word}");
        }
    }
}
