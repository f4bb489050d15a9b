//! What has happened in a run: orders, fills, trips and refusals, in the order in which they happened.
//!
//! Times are event time; prices and quantities are counts of their market, money is counts of the run's
//! [`Money`](crate::market::Money).

use std::fmt;

use serde::Serialize;

use crate::time::{self, Micros};

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It is an entry.
    Buy,
    /// It is an exit.
    Sell,
}

/// Why there is an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The strategy wanted in.
    Entry,
    /// The strategy wanted out.
    Signal,
    /// The stop was reached.
    Stop,
    /// The trailing stop was.
    Trailing,
    /// A target was; the first is 1.
    Target(u32),
    /// An emergency sells everything.
    Flatten,
}

impl Cause {
    /// Its name in reports: all targets have one.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Signal => "signal",
            Self::Stop => "stop",
            Self::Trailing => "trailing",
            Self::Target(_) => "target",
            Self::Flatten => "flatten",
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// It rests, or waits for its bar.
    Open,
    /// All of it was filled.
    Filled,
    /// It was taken back, with what was filled.
    Cancelled,
    /// Its time was over, with what was filled.
    Expired,
    /// It was not taken.
    Rejected,
}

/// Why not all of an order was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfilled {
    /// Fills take no more of a bar's volume.
    Volume,
    /// No more was free to pay with.
    Cash,
    /// The bar that it was for is missing.
    NoBar,
    /// The price was not under its limit while it rested.
    Time,
    /// Its limit was not under the open that it arrived at.
    NotResting,
    /// The strategy wanted out, or an emergency ended entries.
    TakenBack,
}

impl Unfilled {
    /// What becomes of an order then.
    #[must_use]
    pub fn state(self) -> OrderState {
        match self {
            Self::Volume | Self::Cash | Self::NoBar | Self::Time => OrderState::Expired,
            Self::NotResting => OrderState::Rejected,
            Self::TakenBack => OrderState::Cancelled,
        }
    }
}

/// How often strategies said what, after they were warmed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Signals {
    /// BUY, with or without a limit.
    pub buy: usize,
    /// How many of these were on flagged bars, where nothing is entered.
    pub buy_on_flagged: usize,
    /// SELL.
    pub sell: usize,
}

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// When it was decided.
    pub decided_at: Micros,
    /// Of which strategy, by its place in the run.
    pub strategy: usize,
    /// In which market, by its place in the run.
    pub market: usize,
    /// Which way.
    pub side: Side,
    /// Why.
    pub cause: Cause,
    /// The limit of a resting order; `None`: at market.
    pub limit: Option<i64>,
    /// How much was wanted.
    pub quantity: i128,
    /// Which limit made an entry smaller than its strategy's size, the last of those that did.
    pub clipped_by: Option<Rule>,
    /// How much was filled.
    pub filled: i128,
    /// What became of it.
    pub state: OrderState,
    /// Why that is not all, where it is final.
    pub unfilled: Option<Unfilled>,
}

/// A fill of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill {
    /// When: the open of its bar, or its close.
    pub at: Micros,
    /// The order, by its place in the run.
    pub order: usize,
    /// At which price.
    pub price: i64,
    /// How much.
    pub quantity: i128,
    /// The fee in money.
    pub fee: i128,
    /// The fee in base, in counts of quantity.
    pub base_fee: i128,
}

/// A position from flat to flat.
#[derive(Debug, Clone, PartialEq)]
pub struct Trip {
    /// Of which strategy.
    pub strategy: usize,
    /// In which market.
    pub market: usize,
    /// When its first entry was filled.
    pub entered_at: Micros,
    /// When its last exit was filled.
    pub left_at: Micros,
    /// What its entries cost, fees and older dust included.
    pub cost: i128,
    /// What its exits brought, fees and left dust included, less its cost.
    pub pnl: i128,
    /// Why its last exit was.
    pub cause: Cause,
}

/// A position at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Of which strategy.
    pub strategy: usize,
    /// In which market.
    pub market: usize,
    /// How much.
    pub quantity: i128,
}

/// An entry that the risk layer did not let pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// When.
    pub at: Micros,
    /// Of which strategy.
    pub strategy: usize,
    /// In which market.
    pub market: usize,
    /// Which rule.
    pub rule: Rule,
    /// The whole sentence.
    pub text: String,
}

/// The bars of a market on which a strategy gave no signal, as its code panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panics {
    /// Which strategy.
    pub strategy: usize,
    /// In which market.
    pub market: usize,
    /// How many bars.
    pub count: u64,
    /// The first of them, at most [`Panics::KEPT`]: one that panics on every bar says the same each time.
    pub first: Vec<Panic>,
}

impl Panics {
    /// So many are kept with what they said.
    pub const KEPT: usize = 20;

    pub(super) fn none(strategy: usize, market: usize) -> Self {
        Self { strategy, market, count: 0, first: Vec::new() }
    }

    pub(super) fn note(&mut self, open_time: Micros, text: String) {
        self.count += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(Panic { open_time, text });
        }
    }
}

/// A bar that a strategy panicked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// When the bar opens.
    pub open_time: Micros,
    /// What the panic says.
    pub text: String,
}

/// The rules of the risk layer, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the rules' own")]
pub enum Rule {
    Emergency,
    Cooldown,
    StopGuard,
    MaxOpenPositions,
    MaxTradesPerDay,
    MaxPositionSize,
    MaxPortfolioExposure,
    MaxCorrelationExposure,
    Cash,
    Stop,
    ViableMinimum,
}

impl Rule {
    /// Its name in sentences and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Cooldown => "cooldown",
            Self::StopGuard => "stop_guard",
            Self::MaxOpenPositions => "max_open_positions",
            Self::MaxTradesPerDay => "max_trades_per_day",
            Self::MaxPositionSize => "max_position_size",
            Self::MaxPortfolioExposure => "max_portfolio_exposure",
            Self::MaxCorrelationExposure => "max_correlation_exposure",
            Self::Cash => "cash",
            Self::Stop => "stop",
            Self::ViableMinimum => "viable_minimum",
        }
    }
}

/// What ended trading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trigger {
    /// The day's loss, as a share of N when the day began.
    DailyLoss(f64),
    /// The drawdown, as a share of the highest N.
    Drawdown(f64),
    /// The ledger does not add up.
    Conservation,
    /// Strategies panicked so many times, one after the other, and none answered between.
    SystemError(u32),
}

impl Trigger {
    /// Its name in sentences and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DailyLoss(_) => "max_daily_loss",
            Self::Drawdown(_) => "max_drawdown",
            Self::Conservation => "conservation",
            Self::SystemError(_) => "system_error",
        }
    }
}

/// An emergency stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Emergency {
    /// When it tripped.
    pub at: Micros,
    /// By what, and how much of it there was.
    pub trigger: Trigger,
    /// When it is cleared, where it is.
    pub until: Option<Micros>,
}

impl fmt::Display for Emergency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "emergency at {}: ", time::shown(self.at))?;
        match self.trigger {
            Trigger::DailyLoss(share) => write!(f, "daily loss {:.1} %", share * 100.0)?,
            Trigger::Drawdown(share) => write!(f, "drawdown {:.1} %", share * 100.0)?,
            Trigger::Conservation => f.write_str("the ledger does not add up")?,
            Trigger::SystemError(errors) => write!(f, "{errors} errors in a row")?,
        }
        match self.until {
            Some(until) => write!(f, "; no entries until {}", time::shown(until)),
            None => f.write_str("; no entries after"),
        }
    }
}
