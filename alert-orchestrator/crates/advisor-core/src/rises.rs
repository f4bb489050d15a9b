//! What does a wallet's growth look like to an operator?
//!
//! Start at [`growth_of`]: it takes a wallet's units and flows, has [`crate::growth`] judge them, and gives the samples their
//! times and the units their meaning.

use std::borrow::Cow;

use crate::flow::Direction;
use crate::gain::WalletGain;
use crate::growth::{self, GrowthFigures, GrowthRules, Level, Move, Rise, RiseFigures};
use crate::position::NO_UNITS;
use crate::price::AssetPrices;
use crate::rules::{AmountUnit, Rules};
use crate::time;

/// How a wallet has grown since its baseline; `None` where the rules allow growth of any size, or where neither its samples nor their prices say in what units.
pub(crate) fn growth_of(wallet: &WalletGain<'_>, prices: &AssetPrices<'_>, rules: &Rules) -> Option<GrowthFigures> {
    let unit = rules.amount_unit;
    let max_supply_apy = rules.max_supply_apy?;
    let limits = GrowthRules { max_supply_apy, flow_lag_hours: rules.flow_lag_hours };
    let (ts, units) = samples(wallet, prices);
    let moves = wallet.flows[wallet.counted.clone()].iter().map(|flow| {
        let units = match flow.direction {
            Direction::Deposit => flow.units?,
            Direction::Withdrawal => -flow.units?,
        };
        Some(Move { ts: flow.effective_ts, units })
    });
    let moves: Vec<Move> = moves.collect::<Option<_>>()?;
    let level = Level { ts: &ts, units: &units, moves: &moves, in_usd: unit == AmountUnit::Usd };
    let growth = growth::walk(level, limits)?;
    let figures = |rise: &Rise| RiseFigures {
        high_at: time::timestamp(ts[rise.from]),
        before_at: time::timestamp(ts[rise.at - 1]),
        at: time::timestamp(ts[rise.at]),
        units: rise.rise,
        limit_units: rise.limit,
        amount: match unit {
            AmountUnit::Underlying => rise.amount,
            AmountUnit::Usd => rise.amount * prices.at(ts[rise.at]).unwrap_or_default(),
        },
    };
    Some(GrowthFigures {
        unexplained: growth.unexplained.iter().map(figures).collect(),
        largest: growth.largest.as_ref().map(figures),
        taken_back: growth.taken_back.iter().map(|back| time::timestamp(ts[back.at])).collect(),
        fallen_units: growth.fallen,
        grown_units: growth.grown,
        unit_years: growth.unit_years,
    })
}

/// The wallet's samples from its baseline on that tell units, by themselves or by the asset's price.
fn samples<'a>(wallet: &WalletGain<'a>, prices: &AssetPrices<'_>) -> (Cow<'a, [i64]>, Cow<'a, [f64]>) {
    let series = wallet.series;
    let (ts, units) = (&series.ts()[wallet.baseline..], &series.units()[wallet.baseline..]);
    if units.iter().all(|units| *units != NO_UNITS) {
        return (ts.into(), units.into());
    }
    let samples = wallet.baseline..series.ts().len();
    let told = samples.filter_map(|i| Some((series.ts()[i], prices.units(series, i)?)));
    let (ts, units): (Vec<i64>, Vec<f64>) = told.unzip();
    (ts.into(), units.into())
}
