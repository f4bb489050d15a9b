//! What is a flow worth, and when does it count?

use crate::alignment::effective_time;
use crate::flow::Direction;
use crate::position::WalletSeries;
use crate::price::AssetPrices;
use crate::rules::{AmountUnit, Mark, Rules};
use crate::usable::UsableFlow;

/// A flow of one wallet, checked and valued.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValuedFlow {
    /// Its own time.
    pub(crate) ts: i64,
    /// The instant at which it counts.
    pub(crate) effective_ts: i64,
    /// In or out.
    pub(crate) direction: Direction,
    /// Amount as configured, in units or USD; not negative.
    pub(crate) amount: f64,
    /// USD per unit at its own time; `None` where amounts are USD.
    pub(crate) price_usd: Option<f64>,
    /// Value, USD; not negative.
    pub(crate) usd: f64,
    /// Units of the asset, not negative; `None` where amounts are USD and no sample of the asset has a price.
    pub(crate) units: Option<f64>,
    /// Transaction hash.
    pub(crate) tx_hash: Option<String>,
    /// What a withdrawal was marked as.
    pub(crate) mark: Option<Mark>,
}

impl ValuedFlow {
    /// What it added to the position, USD.
    pub(crate) fn signed_usd(&self) -> f64 {
        match self.direction {
            Direction::Deposit => self.usd,
            Direction::Withdrawal => -self.usd,
        }
    }
}

/// What a flow of this wallet is worth, and when it counts.
pub(crate) fn value(
    flow: &UsableFlow<'_>,
    series: &WalletSeries,
    direction: Direction,
    prices: &AssetPrices<'_>,
    rules: &Rules,
) -> Result<ValuedFlow, &'static str> {
    let price = prices.at(flow.ts);
    let (price_usd, usd, units) = match rules.amount_unit {
        AmountUnit::Usd => (None, flow.amount, price.map(|price| flow.amount / price)),
        AmountUnit::Underlying => {
            let price = price.ok_or("cannot be valued: no sample of the asset has a price")?;
            (Some(price), flow.amount * price, Some(flow.amount))
        }
    };
    Ok(ValuedFlow {
        ts: flow.ts,
        effective_ts: effective_time(rules.alignment, series, flow.ts, direction, usd),
        direction,
        amount: flow.amount,
        price_usd,
        usd,
        units,
        tx_hash: flow.row.tx_hash.clone().filter(|hash| !hash.is_empty()),
        mark: flow.mark,
    })
}
