//! What the engine needs of a configuration.

use rust_decimal::Decimal;
use trading_core::exact;
use trading_core::gate::Gate;
use trading_core::rules::{
    Costs, EmergencyRules, Exits, ExitsLayer, Limits, Rules, Sizing, Slippage, Stop, StrategyRules,
};
use trading_core::time::Micros;

use super::strategies::Strategy;
use super::trading::{SizingMethod, SlippageKind, TriggerKind};
use super::{Config, number::Number};

/// Errors in a row that end trading, where the trigger does not say how many.
const CONSECUTIVE_ERRORS: u32 = 5;

impl Config {
    /// The rules of a run. `goes_on`: an emergency is cleared at the next UTC midnight, for research.
    #[must_use]
    pub fn rules(&self, goes_on: bool) -> Rules {
        let Self { trading, risk, backtesting, data, .. } = self;
        let commission = backtesting.commission.unwrap_or(trading.commission_rate).0;
        let slippage = backtesting.slippage.unwrap_or(trading.slippage_rate).0;
        let costs = Costs {
            commission,
            commission_maker: trading.commission_maker.map_or(commission, |Number(rate)| rate),
            slippage: match trading.slippage {
                SlippageKind::Fixed => Slippage::Fixed(slippage),
                SlippageKind::Realistic => Slippage::Realistic(slippage),
            },
            max_volume_share: trading.max_volume_share.0,
            latency: Micros::from(trading.latency_ms) * 1000,
        };
        let is_limited = risk.enabled && trading.enable_risk_checks && trading.enable_position_limits;
        Rules {
            costs,
            sizing: self.sizing(),
            limits: is_limited.then_some(Limits {
                max_position_share: trading.max_position_size.0,
                max_position_size: risk.max_position_size.0,
                max_portfolio_exposure: risk.max_portfolio_exposure.0,
                max_correlation_exposure: risk.max_correlation_exposure.0,
                max_open_positions: risk.max_open_positions,
                max_trades_per_day: risk.max_trades_per_day,
            }),
            emergency: self.emergency(goes_on),
            max_gap_bars: data.max_gap_bars,
        }
    }

    fn sizing(&self) -> Sizing {
        let sizing = &self.risk.sizing;
        let amount = |amount: Option<Number>| amount.map_or(Decimal::ZERO, |Number(amount)| amount);
        match sizing.method {
            SizingMethod::FixedNotional => Sizing::FixedNotional(amount(sizing.fixed_notional)),
            SizingMethod::FixedRisk => Sizing::FixedRisk(amount(sizing.fixed_risk)),
            // The last two are faults of a configuration.
            SizingMethod::FixedFractional | SizingMethod::Kelly | SizingMethod::VolatilityTarget => {
                Sizing::FixedFractional { risk_per_trade: sizing.risk_per_trade.0 }
            }
        }
    }

    fn emergency(&self, goes_on: bool) -> EmergencyRules {
        let shutdown = &self.trading.emergency_shutdown;
        let threshold = |kind, of_trading: Number| {
            let mut triggers = shutdown.triggers.iter().filter(|trigger| trigger.kind == kind).peekable();
            triggers.peek()?;
            triggers.map(|trigger| trigger.threshold.unwrap_or(of_trading).min(of_trading).0).min()
        };
        if !shutdown.enabled {
            return EmergencyRules::default();
        }
        let of_errors = shutdown.triggers.iter().filter(|trigger| trigger.kind == TriggerKind::SystemError);
        EmergencyRules {
            max_daily_loss: threshold(TriggerKind::MaxDailyLoss, self.trading.max_daily_loss),
            max_drawdown: threshold(TriggerKind::MaxDrawdown, self.trading.max_drawdown),
            system_error: of_errors.map(|trigger| trigger.consecutive_errors.unwrap_or(CONSECUTIVE_ERRORS)).min(),
            flatten: shutdown.flatten,
            goes_on,
        }
    }

    /// The exits of a strategy: its own, over those that ship with its kind, over `risk`'s.
    #[must_use]
    pub fn exits(&self, strategy: &Strategy, shipped: ExitsLayer) -> Exits {
        self.risk.exits(strategy.exits.layer().over(shipped))
    }

    /// That a stop which a strategy sets has no effect, where a stop by ATR takes its place; `shipped`: what its kind or
    /// rule file says of exits.
    pub(crate) fn replaced_stop(&self, strategy: &Strategy, shipped: ExitsLayer) -> Option<String> {
        let own = strategy.exits.layer();
        let share = own.stop_loss.flatten().filter(|_| own.atr_multiple.is_none())?;
        let Stop::Atr(multiple) = self.exits(strategy, shipped).stop else { return None };
        Some(format!(
            "strategy {}: exits.stop_loss: {share} has no effect, as atr_multiple, {multiple}, takes its place; \
             `atr_multiple: null` beside it makes it count",
            strategy.name
        ))
    }

    /// The rules of a strategy beside its code. Alone it sizes on the whole account; else a share that is left out is
    /// an equal one of `count` strategies.
    #[must_use]
    pub fn strategy_rules(&self, strategy: &Strategy, exits: Exits, alone: bool, count: usize) -> StrategyRules {
        let equal = exact::whole(1) / exact::whole(count.max(1) as i128);
        let share = strategy.capital_share.map_or(equal, |Number(share)| exact::of(share));
        StrategyRules {
            name: strategy.name.clone(),
            capital_share: if alone { exact::whole(1) } else { share },
            exits,
            accumulates: None,
        }
    }

    /// The gate from paper to live, as configured.
    #[must_use]
    pub fn live_gate(&self) -> Gate {
        let (own, shipped) = (&self.gates.live, Gate::live());
        // Normalized as a `Number` is: 0.10 and 0.1 are one gate to a hash.
        let number = |own: Option<Number>, shipped: Decimal| own.map_or(shipped.normalize(), |Number(own)| own);
        Gate {
            min_days: number(own.min_days, shipped.min_days),
            min_trips: own.min_trips.unwrap_or(shipped.min_trips),
            max_drawdown: number(own.max_drawdown, shipped.max_drawdown),
            min_profit_factor: number(own.min_profit_factor, shipped.min_profit_factor),
            min_psr: number(own.min_psr, shipped.min_psr),
            min_sharpe: own.min_sharpe.map(|Number(own)| own),
            min_win: own.min_win.map(|Number(own)| own),
        }
    }
}
