//! Buys what rises above everything it was lately, and sells what falls below.

use trading_core::bars::Bar;
use trading_core::indicators::{Count, Extreme, Indicator as _};
use trading_core::strategies::{BadParameter, Parameter};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};

/// BUY where the close is above the highest high of the `n` bars before, SELL where it is below their lowest low.
pub(crate) struct Breakout {
    highest: Extreme<Count>,
    lowest: Extreme<Count>,
    /// Highest high and lowest low of the `n` bars up to the one before.
    before: Option<(f64, f64)>,
}

impl Breakout {
    /// How many bars it looks back: a configuration's `params` may set it, `strategy list` shows it.
    pub(crate) const PARAMETERS: [Parameter; 1] = [Parameter { name: "n", default: 50.0, min: 5.0, max: 500.0 }];

    /// One that looks back `n` bars.
    ///
    /// # Errors
    /// Where that is out of its range, or no whole number.
    pub(crate) fn new(n: f64) -> Result<Self, BadParameter> {
        let [of_n] = Self::PARAMETERS;
        let n = of_n.length(n)?;
        Ok(Self { highest: Extreme::highest(n), lowest: Extreme::lowest(n), before: None })
    }
}

impl Strategy for Breakout {
    fn warm_up(&self) -> WarmUp {
        let WarmUp { defined, settle } = self.highest.warm_up();
        WarmUp { defined: defined + 1, settle: settle + 1 } // the bars before, and the one that leaves their range
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        // Both take every bar, whether it decides anything or not.
        let now = self.highest.next(Count::high(bar)).zip(self.lowest.next(Count::low(bar)));
        match std::mem::replace(&mut self.before, now) {
            Some((highest, _)) if bar.close() > highest => Signal::BUY,
            Some((_, lowest)) if bar.close() < lowest => Signal::Sell,
            _ => Signal::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use trading_core::bars::{Record, Series};
    use trading_core::strategy::checks::{look_ahead, start_up};
    use trading_core::test_support::bundled;
    use trading_core::time::Timeframe;

    use super::*;

    fn default() -> Breakout {
        let [n] = Breakout::PARAMETERS;
        Breakout::new(n.default).unwrap()
    }

    #[test]
    fn it_buys_above_the_last_bars_and_sells_below_them() {
        let closes = [100, 101, 102, 101, 100, 102, 103, 102, 99];
        let record = |close| Record { open_time: 0, open: close, high: close, low: close, close, volume: 1 };
        let records = closes.map(record).to_vec();
        let series = Series { timeframe: Timeframe::M5, price_digits: 0, volume_digits: 0, records };
        let mut strategy = Breakout::new(5.0).unwrap();
        let signals: Vec<Signal> = (0..closes.len()).map(|index| strategy.on_bar(&series.bar(index), None)).collect();
        assert_eq!(signals[..6], [Signal::None; 6]); // 102 is not above 102
        assert_eq!(signals[6..], [Signal::BUY, Signal::None, Signal::Sell]); // 103 > 102; 99 < 100
    }

    #[test]
    fn it_does_not_look_ahead() {
        let mut series = bundled(Timeframe::M5);
        series.records.truncate(600); // the check runs it a thousand times
        assert_eq!(look_ahead(&series, 1, |_| default()), None);
    }

    #[test]
    fn it_does_not_notice_where_the_data_begin() {
        assert_eq!(start_up(&bundled(Timeframe::M5), |_| default()), None);
    }

    #[test]
    fn it_trades_on_real_bars() {
        let series = bundled(Timeframe::M5);
        let mut strategy = default();
        let signals: Vec<Signal> =
            (0..series.records.len()).map(|index| strategy.on_bar(&series.bar(index), None)).collect();
        assert!(signals.contains(&Signal::BUY) && signals.contains(&Signal::Sell));
    }
}
