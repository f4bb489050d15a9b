//! `trading` and `risk`: what fills cost, how large positions may be, and what ends trading.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::later::Later;
use super::number::Number;

/// What fills cost, how much may be lost, and how long orders take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trading {
    /// Fee of a fill, as a share of its value.
    #[schemars(range(min = 0.0, max = 0.05))]
    pub commission_rate: Number,
    /// Fee of a fill of a resting limit order, as a share of its value; null: as trading.commission_rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 0.05))]
    pub commission_maker: Option<Number>,
    /// How much worse than the bar's price a market order fills, as a share of the price.
    #[schemars(range(min = 0.0, max = 0.05))]
    pub slippage_rate: Number,
    /// Whether slippage is the same for every fill, or grows with a fill's part of the volume.
    pub slippage: SlippageKind,
    /// The share of a bar's volume that all its fills together may take.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub max_volume_share: Number,
    /// From a decision to its order, in milliseconds.
    #[schemars(range(min = 0, max = 86_400_000))]
    pub latency_ms: u32,
    /// The largest position in one instrument over all strategies, as a share of the equity.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub max_position_size: Number,
    /// The loss since the last UTC midnight that ends trading, as a share of the equity; less than
    /// trading.max_drawdown.
    #[schemars(range(min = 0.001, max = 0.5))]
    pub max_daily_loss: Number,
    /// The fall from the highest equity that ends trading, as a share.
    #[schemars(range(min = 0.001, max = 0.5))]
    pub max_drawdown: Number,
    /// The currency of the account, which is the quote of all instruments; null: the quote that they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_currency: Option<String>,
    /// Whether positions are limited at all; as risk.enabled.
    pub enable_position_limits: bool,
    /// Whether entries are checked at all.
    pub enable_risk_checks: bool,
    /// What ends trading, and what happens to positions then.
    pub emergency_shutdown: EmergencyShutdown,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub mode: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub order_timeout: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub max_entry_slippage: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub validate_on_venue: Later,
}

impl Default for Trading {
    fn default() -> Self {
        Self {
            commission_rate: Number::new(1, 3),
            commission_maker: None,
            slippage_rate: Number::new(5, 4),
            slippage: SlippageKind::Fixed,
            max_volume_share: Number::new(1, 1),
            latency_ms: 0,
            max_position_size: Number::new(1, 1),
            max_daily_loss: Number::new(5, 2),
            max_drawdown: Number::new(15, 2),
            account_currency: None,
            enable_position_limits: true,
            enable_risk_checks: true,
            emergency_shutdown: EmergencyShutdown::default(),
            mode: Later,
            order_timeout: Later,
            max_entry_slippage: Later,
            validate_on_venue: Later,
        }
    }
}

/// How slippage is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlippageKind {
    /// The same share for every fill.
    Fixed,
    /// More where a fill is large beside the volume.
    Realistic,
}

/// What ends trading, and what happens then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EmergencyShutdown {
    /// Whether a loss ends trading at all.
    pub enabled: bool,
    /// Whether all positions are sold at market when trading ends.
    pub flatten: bool,
    /// The losses that end trading; in this version those of a venue never do.
    pub triggers: Vec<EmergencyTrigger>,
}

impl Default for EmergencyShutdown {
    fn default() -> Self {
        let of = |kind| EmergencyTrigger { kind, threshold: None, consecutive_errors: None, seconds: Later };
        let triggers = [TriggerKind::MaxDailyLoss, TriggerKind::MaxDrawdown, TriggerKind::SystemError].map(of);
        Self { enabled: true, flatten: false, triggers: triggers.into() }
    }
}

/// One of the things that end trading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyTrigger {
    /// The loss or failure that it looks at.
    #[serde(rename = "type")]
    pub kind: TriggerKind,
    /// The loss that ends trading, as a share; beside that of `trading` the stricter counts. Null: that of `trading`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 0.5))]
    pub threshold: Option<Number>,
    /// So many errors in a row trip it, with no success between (system_error); null: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub consecutive_errors: Option<u32>,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(default, skip_serializing_if = "Later::is_unshown")]
    pub seconds: Later,
}

/// What can end trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// The loss since the last UTC midnight.
    MaxDailyLoss,
    /// The fall from the highest value.
    MaxDrawdown,
    /// Errors in a row: in a backtest, panics of strategies.
    SystemError,
    /// A venue that is gone; there is none in a backtest.
    ConnectionLost,
}

/// How large entries are, how many there may be, and how positions end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Risk {
    /// Whether entries are checked at all.
    pub enabled: bool,
    /// The largest position in one instrument over all strategies, in the account currency.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e15))]
    pub max_position_size: Number,
    /// The most that all positions together may be worth, as a share of the equity.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub max_portfolio_exposure: Number,
    /// The most that positions which move together may be worth, as a share of the equity; in this version all
    /// instruments count as one group.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub max_correlation_exposure: Number,
    /// The most positions and open entries that there may be, over all strategies.
    #[schemars(range(min = 1, max = 1000))]
    pub max_open_positions: u32,
    /// The most entries in one UTC day, over all strategies.
    #[schemars(range(min = 1, max = 1000))]
    pub max_trades_per_day: u32,
    /// How large entries are.
    pub sizing: Sizing,
    /// Where positions are sold against a loss.
    pub stop_loss: StopLoss,
    /// Where positions are sold with a gain.
    pub take_profit: TakeProfit,
    /// Bars that must pass after an exit before the next entry.
    #[schemars(range(max = 100_000))]
    pub cooldown_bars: u32,
    /// How many stops and trailing stops within 24 hours end a strategy's entries for 24 hours; null: none do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub stop_guard: Option<u32>,
    /// The stop distance that sizes use where there is no stop, as a share.
    #[schemars(range(min = 0.001, max = 0.5))]
    pub size_stop: Number,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub max_spread: Later,
}

impl Default for Risk {
    fn default() -> Self {
        Self {
            enabled: true,
            max_position_size: Number::new(10_000, 0),
            max_portfolio_exposure: Number::new(5, 1),
            max_correlation_exposure: Number::new(3, 1),
            max_open_positions: 10,
            max_trades_per_day: 100,
            sizing: Sizing::default(),
            stop_loss: StopLoss::default(),
            take_profit: TakeProfit::default(),
            cooldown_bars: 0,
            stop_guard: None,
            size_stop: Number::new(2, 2),
            max_spread: Later,
        }
    }
}

/// How large an entry is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sizing {
    /// The rule by which an entry is sized.
    pub method: SizingMethod,
    /// What a trip that ends at its stop may lose, as a share of the equity; for fixed_fractional.
    #[schemars(range(min = 0.001, max = 0.1))]
    pub risk_per_trade: Number,
    /// The value of each entry, in the account currency; for fixed_notional, which needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e15))]
    pub fixed_notional: Option<Number>,
    /// What a trip that ends at its stop may lose, in the account currency; for fixed_risk, which needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e15))]
    pub fixed_risk: Option<Number>,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub kelly_fraction: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub target_volatility: Later,
}

impl Default for Sizing {
    fn default() -> Self {
        Self {
            method: SizingMethod::FixedFractional,
            risk_per_trade: Number::new(1, 2),
            fixed_notional: None,
            fixed_risk: None,
            kelly_fraction: Later,
            target_volatility: Later,
        }
    }
}

/// The rule by which an entry is sized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizingMethod {
    /// By the share of the equity that its stop may lose.
    FixedFractional,
    /// Always the same value.
    FixedNotional,
    /// By the amount that its stop may lose.
    FixedRisk,
    /// Belongs to a later version, and is refused.
    Kelly,
    /// Belongs to a later version, and is refused.
    VolatilityTarget,
}

/// Where positions are sold against a loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StopLoss {
    /// Whether positions have stops and trailing stops.
    pub enabled: bool,
    /// How far the stop lies below the average entry, as a share.
    #[schemars(range(min = 0.005, max = 0.2))]
    pub default_percent: Number,
    /// How far a trailing stop lies below the best price, as a share, once that has risen by as much; null: there is
    /// none.
    #[schemars(range(min = 0.001, max = 0.5))]
    pub trailing_percent: Option<Number>,
    /// How many average true ranges the stop lies below the average entry, in place of default_percent; null: that
    /// counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub atr_multiple: Option<Number>,
}

impl Default for StopLoss {
    fn default() -> Self {
        Self {
            enabled: true,
            default_percent: Number::new(2, 2),
            trailing_percent: Some(Number::new(1, 2)),
            atr_multiple: None,
        }
    }
}

/// Where positions are sold with a gain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TakeProfit {
    /// Whether positions have targets.
    pub enabled: bool,
    /// How far above the average entry all is sold, as a share, where partial_targets is empty.
    #[schemars(range(min = 0.01, max = 0.5))]
    pub default_percent: Number,
    /// Parts that are sold with a gain, the nearest first; empty: all at default_percent; null: none.
    pub partial_targets: Option<Vec<PartialTarget>>,
}

impl Default for TakeProfit {
    fn default() -> Self {
        let target = |percent, target| PartialTarget { percent, target };
        Self {
            enabled: true,
            default_percent: Number::new(5, 2),
            partial_targets: Some(vec![
                target(Number::new(5, 1), Number::new(3, 2)),
                target(Number::new(1, 0), Number::new(5, 2)),
            ]),
        }
    }
}

/// A part that is sold with a gain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartialTarget {
    /// How much of what remains is sold, as a share.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub percent: Number,
    /// How far above the average entry it is sold, as a share; more than the stop lies below it.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10))]
    pub target: Number,
}
