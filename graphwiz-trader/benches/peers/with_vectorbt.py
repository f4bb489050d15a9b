#!/usr/bin/env python3
"""vectorbt over the bars of a file: with_vectorbt.py FILE.csv numba|auto; asked.py has what it is asked and how."""

import sys

import numpy as np
import pandas as pd
import vectorbt

from asked import CAPITAL, FAST, FEE, NOTIONAL, SLIPPAGE, SLOW, STOP, serve


def metrics(portfolio):
    """Those of the trader's metrics that it has; each is computed when it is asked for."""
    trades = portfolio.trades
    return (
        portfolio.total_return(),
        portfolio.annualized_return(),
        portfolio.annualized_volatility(),
        portfolio.sharpe_ratio(),
        portfolio.sortino_ratio(),
        portfolio.max_drawdown(),
        portfolio.calmar_ratio(),
        portfolio.value_at_risk(),
        portfolio.cond_value_at_risk(),
        trades.win_rate(),
        trades.profit_factor(),
        trades.expectancy(),
    )


def main():
    path, engine = sys.argv[1:]
    vectorbt.settings["engine"] = engine
    bars = pd.read_csv(path, index_col="ts")
    bars.index = pd.to_datetime(bars.index, unit="ms")

    def run():
        close = bars["close"]
        fast, slow = vectorbt.MA.run(close, FAST), vectorbt.MA.run(close, SLOW)
        # A signal at a close is an order at the next open, for what that close makes of the notional.
        portfolio = vectorbt.Portfolio.from_signals(
            close,
            fast.ma_crossed_above(slow).vbt.signals.fshift(1),
            fast.ma_crossed_below(slow).vbt.signals.fshift(1),
            size=np.floor(NOTIONAL / close.shift(1)),
            price=bars["open"],
            open=bars["open"],
            high=bars["high"],
            low=bars["low"],
            sl_stop=STOP,
            stop_entry_price="FillPrice",
            stop_exit_price="StopMarket",
            fees=FEE,
            slippage=SLIPPAGE,
            init_cash=CAPITAL,
            freq="1min",
        )
        metrics(portfolio)
        return int(portfolio.trades.closed.count()), lambda: portfolio.value().to_numpy()

    serve(run)


if __name__ == "__main__":
    main()
