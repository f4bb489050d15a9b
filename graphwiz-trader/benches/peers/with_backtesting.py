#!/usr/bin/env python3
"""backtesting.py over the bars of a file: with_backtesting.py FILE.csv; asked.py has what it is asked and how."""

import sys

import pandas as pd
from backtesting import Backtest, Strategy

from asked import CAPITAL, FAST, FEE, NOTIONAL, SLIPPAGE, SLOW, STOP, serve

# It has no slippage, and takes its spread from entries alone: they bear what both fills cost elsewhere.
SPREAD = 2 * SLIPPAGE


def crossings(closes):
    """1 where the fast average has risen above the slow one, -1 where it has fallen below, else 0."""
    closes = pd.Series(closes)
    distance = closes.rolling(FAST).mean() - closes.rolling(SLOW).mean()
    before = distance.shift(1)
    crossed = ((before <= 0) & (distance > 0)).astype(float) - ((before >= 0) & (distance < 0))
    # It begins with the first bar that has a value.
    return crossed.where(before.notna())


class SmaCross(Strategy):
    def init(self):
        # Faster than `crossover` of two averages in every bar.
        self.crossed = self.I(crossings, self.data.Close)

    def next(self):
        crossed = self.crossed[-1]
        if crossed > 0:
            close = self.data.Close[-1]
            # The next bar opens here, so this is 2 % under the fill.
            self.buy(size=int(NOTIONAL // close), sl=close * (1 + SPREAD) * (1 - STOP))
        elif crossed < 0:
            self.position.close()


def main():
    bars = pd.read_csv(sys.argv[1], index_col="ts").rename(columns=str.capitalize)
    bars.index = pd.to_datetime(bars.index, unit="ms")
    backtest = Backtest(bars, SmaCross, cash=CAPITAL, spread=SPREAD, commission=FEE)

    def run():
        # Statistics are a part of it.
        stats = backtest.run()
        return len(stats["_trades"]), lambda: stats["_equity_curve"]["Equity"].to_numpy()

    serve(run)


if __name__ == "__main__":
    main()
