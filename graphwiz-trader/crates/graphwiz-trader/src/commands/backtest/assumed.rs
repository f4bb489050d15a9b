//! What a backtest assumes: of orders and their fills, and of how large entries are.

use rust_decimal::Decimal;
use trading_core::rules::{Costs, Limits, Rules, Sizing, Slippage};

/// A sentence for each.
pub(super) fn sentences(rules: &Rules) -> Vec<String> {
    let Rules { costs, sizing, limits, .. } = rules;
    let orders = [
        market(costs),
        "A resting limit order fills at its limit on a bar that goes below it, at the time of that bar's close, and is \
         rejected where the bar opens at or below it when it arrives."
            .to_owned(),
        slippage(costs.slippage),
        format!(
            "The fee of a fill is {} of its value, of a resting limit order {}.",
            percent(costs.commission),
            percent(costs.commission_maker)
        ),
        format!(
            "Where volumes are known, all fills of a bar take at most {} of its volume. What that leaves of an entry \
             at market or of a partial target lapses; of another exit it is sold at the next open.",
            percent(costs.max_volume_share)
        ),
        "Within one bar a stop comes before a target.".to_owned(),
    ];
    orders.into_iter().chain([size(sizing)]).chain(limits.as_ref().map(most)).collect()
}

fn percent(share: Decimal) -> String {
    format!("{}%", (share * Decimal::ONE_HUNDRED).normalize())
}

fn market(costs: &Costs) -> String {
    let delay = match costs.latency {
        0 => String::new(),
        latency => format!(
            ", or with a latency of {} ms, where that is longer than a bar, at the first open after it",
            latency / 1000
        ),
    };
    format!(
        "What is decided at a bar's close fills at the open of the bar that follows{delay}. Where that bar is missing, \
         an entry lapses, and an exit fills at the next open there is."
    )
}

fn slippage(slippage: Slippage) -> String {
    match slippage {
        Slippage::Fixed(rate) => {
            format!("Market orders, stops and targets fill {} worse than the bar's price.", percent(rate))
        }
        Slippage::Realistic(rate) => format!(
            "Market orders, stops and targets fill {} to 0.5% worse than the bar's price, more where a fill is large \
             beside the volume.",
            percent(rate)
        ),
    }
}

fn size(sizing: &Sizing) -> String {
    match sizing {
        Sizing::FixedFractional { risk_per_trade } => format!(
            "An entry is sized so that its stop would lose {} of the strategy's part of the account.",
            percent(*risk_per_trade)
        ),
        Sizing::FixedNotional(amount) => {
            format!("An entry is worth {amount}, or the strategy's part of the account where that is less.")
        }
        Sizing::FixedRisk(amount) => format!(
            "An entry is sized so that its stop would lose {amount}, or the strategy's part of the account where that \
             is less."
        ),
    }
}

fn most(limits: &Limits) -> String {
    // In this version all instruments count as moving together.
    let all = limits.max_portfolio_exposure.min(limits.max_correlation_exposure);
    format!(
        "No instrument is more than {} of the account (trading.max_position_size) or {} (risk.max_position_size), and \
         all together are no more than {}.",
        percent(limits.max_position_share),
        limits.max_position_size,
        percent(all)
    )
}
