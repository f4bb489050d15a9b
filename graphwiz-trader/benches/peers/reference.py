#!/usr/bin/env python3
"""Is the equity that a program tells what a plain loop over the same bars comes to, by the program's own conventions?

    reference.py trader|backtesting|vectorbt FILE.csv EQUITY

EQUITY has a double for each bar. Prints JSON: by what part of it a bar's equity is apart at most, and how many trips
and stops the loop has.
"""

import array
import csv
import dataclasses
import json
import sys
from collections.abc import Callable

from asked import CAPITAL, FAST, FEE, NOTIONAL, SLIPPAGE, SLOW, STOP
from bars import TICKS


@dataclasses.dataclass
class Convention:
    """How a program fills; prices are in ticks."""

    bought: Callable  # what a buy at a price costs
    sold: Callable
    stop: Callable  # of what was paid
    fee: Callable  # of a value
    # May the bar whose open filled an entry fill its stop?
    stops_in_entry_bar: bool = True
    # Is an exit that waits for the open forgotten where the bar reaches the stop?
    stop_before_exit: bool = False


CONVENTIONS = {
    # Whole ticks, against us: parts of 10 000 for slippage, of 100 for the stop.
    "trader": Convention(
        bought=lambda price: -(-price * 10_005 // 10_000),
        sold=lambda price: price * 9_995 // 10_000,
        stop=lambda paid: paid * 98 // 100,
        # A thousandth, up to 10^-8, which are hundredths of a tick.
        fee=lambda value: -(-value // 10) / 100,
    ),
    "backtesting": Convention(
        bought=lambda price: price * (1 + 2 * SLIPPAGE),
        sold=lambda price: price,
        stop=lambda paid: paid * (1 - STOP),
        fee=lambda value: value * FEE,
    ),
    "vectorbt": Convention(
        bought=lambda price: price * (1 + SLIPPAGE),
        sold=lambda price: price * (1 - SLIPPAGE),
        stop=lambda paid: paid * (1 - STOP),
        fee=lambda value: value * FEE,
        stops_in_entry_bar=False,
        stop_before_exit=True,
    ),
}


def read(path):
    """(open, low, close) of each bar, in ticks."""
    with open(path, encoding="ascii", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [tuple(round(float(row[column]) * TICKS) for column in (1, 3, 4)) for row in rows]


def signals(closes):
    """1 where the fast average has risen above the slow one, -1 where it has fallen below, else 0; in whole numbers."""
    fast = slow = before = 0
    for i, close in enumerate(closes):
        fast += close - (closes[i - FAST] if i >= FAST else 0)
        slow += close - (closes[i - SLOW] if i >= SLOW else 0)
        distance = fast * SLOW - slow * FAST
        if i >= SLOW:
            yield (before <= 0 < distance) - (before >= 0 > distance)
        else:
            yield 0
        before = distance


def loop(bars, by):
    """Equity at each close, how many trips were finished, and how many of them by a stop."""
    cash, held, stop, order, trips, stops = CAPITAL * TICKS, 0, 0, 0, 0, 0
    equity = array.array("d")
    for (opened, low, close), signal in zip(bars, signals([bar[2] for bar in bars])):
        sale, may_stop = None, held > 0
        if order > 0:
            paid = by.bought(opened)
            cash -= order * paid + by.fee(order * paid)
            held, stop, may_stop = order, by.stop(paid), by.stops_in_entry_bar
        elif order < 0 and not (by.stop_before_exit and low <= stop):
            sale = opened
        if sale is None and may_stop and low <= stop:
            sale = min(opened, stop)
            stops += 1
        if sale is not None:
            value = held * by.sold(sale)
            cash += value - by.fee(value)
            held, trips = 0, trips + 1
        order = 0
        if signal > 0 and not held:
            order = NOTIONAL * TICKS // close
        elif signal < 0 and held:
            order = -held
        equity.append((cash + held * close) / TICKS)
    return equity, trips, stops


def main():
    program, path, told = sys.argv[1:]
    expected, trips, stops = loop(read(path), CONVENTIONS[program])
    found = array.array("d")
    with open(told, "rb") as file:
        found.frombytes(file.read())
    if len(found) != len(expected):
        sys.exit(f"{told}: equity of {len(found)} bars, expected {len(expected)}")
    apart = max(abs(one - other) / other for one, other in zip(found, expected))
    print(json.dumps({"apart": apart, "trips": trips, "stops": stops}))


if __name__ == "__main__":
    main()
