//! What is a run allowed to do? Costs, sizes, limits and exits, as configured.
//!
//! Shares are fractions of 1, amounts are in the account currency.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::exact::Exact;
use crate::time::Micros;

/// What a fill costs, and what stands in its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// Fee of a fill, as a share of its value.
    pub commission: Decimal,
    /// The same of a resting limit order.
    pub commission_maker: Decimal,
    /// How much worse than its bar's price a market order fills, as a share of it.
    pub slippage: Slippage,
    /// The share of a bar's volume that all fills of it together may take.
    pub max_volume_share: Decimal,
    /// From a decision to its order.
    pub latency: Micros,
}

/// How much worse than its bar's price a market order fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Slippage {
    /// Always this share.
    Fixed(Decimal),
    /// This share, and more for a fill that is large beside the volume.
    Realistic(Decimal),
}

/// The most that realistic slippage is.
pub(crate) const MAX_SLIPPAGE: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

impl Slippage {
    /// What it is at most.
    pub(crate) fn most(self) -> Decimal {
        match self {
            Self::Fixed(rate) => rate,
            Self::Realistic(_) => MAX_SLIPPAGE,
        }
    }
}

/// How an entry's value follows from the equity E_s it may size on and its stop distance d.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Sizing {
    /// E_s · r / d.
    FixedFractional {
        /// r.
        risk_per_trade: Decimal,
    },
    /// This amount, at most E_s.
    FixedNotional(Decimal),
    /// This amount, at most E_s, / d.
    FixedRisk(Decimal),
}

/// Limits of the whole account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limits {
    /// Per instrument over all strategies, as a share of E.
    pub max_position_share: Decimal,
    /// The same as an amount.
    pub max_position_size: Decimal,
    /// All instruments, as a share of E.
    pub max_portfolio_exposure: Decimal,
    /// Instruments that move together, as a share of E.
    pub max_correlation_exposure: Decimal,
    /// Positions and open entries of all strategies.
    pub max_open_positions: u32,
    /// Entries in one UTC day.
    pub max_trades_per_day: u32,
}

/// What ends trading.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct EmergencyRules {
    /// N at or under N_day · (1 − this).
    pub max_daily_loss: Option<Decimal>,
    /// A drawdown of at least this.
    pub max_drawdown: Option<Decimal>,
    /// So many panics of strategies in a row, none of which answered between.
    pub system_error: Option<u32>,
    /// Whether all positions are sold then.
    pub flatten: bool,
    /// Whether it is cleared, and the loss accepted, at the next UTC midnight: for research.
    pub goes_on: bool,
}

/// Where a position is sold against a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Stop {
    /// Nowhere.
    None,
    /// This share below the average entry.
    Percent(Decimal),
    /// This many atr(14) of the decision below the average entry.
    Atr(Decimal),
}

/// A price at which a part is sold with a gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The part of what remains, at most 1.
    pub percent: Decimal,
    /// So far above the average entry, as a share of it.
    pub target: Decimal,
}

/// How a strategy's positions end besides by its own signals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exits {
    /// The stop.
    pub stop: Stop,
    /// How far under the best price a trailing stop lies, as a share; it arms at a gain of as much.
    pub trailing: Option<Decimal>,
    /// The targets, rising.
    pub targets: Vec<Target>,
    /// Bars that must pass after an exit before the next entry.
    pub cooldown_bars: u32,
    /// So many stops and trailing exits within 24 hours end entries for 24 hours.
    pub stop_guard: Option<u32>,
    /// The stop distance that sizes use where there is no stop.
    pub size_stop: Decimal,
}

/// One of a run's strategies, all but its code.
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyRules {
    /// Its name.
    pub name: String,
    /// The part of E that it sizes on.
    pub capital_share: Exact,
    /// How its positions end.
    pub exits: Exits,
    /// The part of E_s of each of its buys, where it adds to what it holds (dca); `None`: one entry, by
    /// [`Rules::sizing`].
    pub accumulates: Option<Decimal>,
}

/// What a run is allowed to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rules {
    /// What fills cost.
    pub costs: Costs,
    /// How large entries are.
    pub sizing: Sizing,
    /// How large positions may be; `None`: as large as cash allows.
    pub limits: Option<Limits>,
    /// What ends trading.
    pub emergency: EmergencyRules,
    /// After how many missing bars indicators begin anew.
    pub max_gap_bars: u32,
}

/// What one place says about exits: a key left out is taken from the place below, `Some(None)` switches it off.
///
/// The places are, from the first that counts: the strategy in the configuration, its rule file, what ships with its
/// kind, and the account's `risk`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExitsLayer {
    /// [`Stop::Percent`].
    pub stop_loss: Option<Option<Decimal>>,
    /// [`Exits::trailing`].
    pub trailing_percent: Option<Option<Decimal>>,
    /// [`Stop::Atr`], which replaces the percentage.
    pub atr_multiple: Option<Option<Decimal>>,
    /// [`Exits::targets`]; an empty list stands for one target for all.
    pub partial_targets: Option<Option<Vec<Target>>>,
    /// [`Exits::cooldown_bars`].
    pub cooldown_bars: Option<u32>,
    /// [`Exits::stop_guard`].
    pub stop_guard: Option<Option<u32>>,
    /// [`Exits::size_stop`].
    pub size_stop: Option<Decimal>,
}

impl ExitsLayer {
    /// What ships with strategies that follow a trend: a stop, and nothing that would cut the trend short.
    #[must_use]
    pub fn stop_only() -> Self {
        Self {
            stop_loss: Some(Some(Decimal::new(2, 2))),
            trailing_percent: Some(None),
            partial_targets: Some(None),
            ..Self::default()
        }
    }

    /// No exit at all but the strategy's own.
    #[must_use]
    pub fn none() -> Self {
        let none = Some(None);
        Self {
            stop_loss: none,
            trailing_percent: none,
            atr_multiple: none,
            partial_targets: Some(None),
            ..Self::default()
        }
    }

    /// This place, and `below` where it says nothing.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            stop_loss: self.stop_loss.or(below.stop_loss),
            trailing_percent: self.trailing_percent.or(below.trailing_percent),
            atr_multiple: self.atr_multiple.or(below.atr_multiple),
            partial_targets: self.partial_targets.or(below.partial_targets),
            cooldown_bars: self.cooldown_bars.or(below.cooldown_bars),
            stop_guard: self.stop_guard.or(below.stop_guard),
            size_stop: self.size_stop.or(below.size_stop),
        }
    }

    /// What takes effect; `all_at` is the target that an empty list stands for.
    #[must_use]
    pub fn resolve(self, all_at: Decimal) -> Exits {
        let stop = match (self.atr_multiple.flatten(), self.stop_loss.flatten()) {
            (Some(multiple), _) => Stop::Atr(multiple),
            (None, Some(share)) => Stop::Percent(share),
            (None, None) => Stop::None,
        };
        let targets = match self.partial_targets.flatten() {
            Some(targets) if targets.is_empty() => vec![Target { percent: Decimal::ONE, target: all_at }],
            targets => targets.unwrap_or_default(),
        };
        Exits {
            stop,
            trailing: self.trailing_percent.flatten(),
            targets,
            cooldown_bars: self.cooldown_bars.unwrap_or(0),
            stop_guard: self.stop_guard.flatten(),
            size_stop: self.size_stop.unwrap_or(Decimal::new(2, 2)),
        }
    }
}
