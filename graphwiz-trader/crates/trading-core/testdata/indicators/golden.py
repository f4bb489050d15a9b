"""Writes what TA-Lib answers to the questions that the indicators answer, as CSV files beside this script.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python golden.py [BARS]

BARS is bitstamp_BTC-USD_1m.csv.gz; without it, the one in examples/market/ of the working directory.
The files are the same to the byte on every run. tests/indicators_golden.rs reads them:

bars.csv           what the indicators are asked of: whole counts of 10^-digits; those of one series take the close
talib.csv          what TA-Lib says, every row; an empty cell is undefined
differences.csv    where ours is meant to differ from TA-Lib, and what it must be there:
                     no change   rsi is 50 as long as no price has changed, TA-Lib's 0
                     flat        the raw stochastic of a flat window is 50, TA-Lib's 0
definition.csv     what TA-Lib has not, by the definition in fractions
"""

import csv
import gzip
import math
import random
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import talib

HERE = Path(__file__).parent
MARKET = Path("examples/market/bitstamp_BTC-USD_1m.csv.gz")
REAL_BARS = 600
VOLUME_DIGITS = 8


def write(name, header, rows):
    with open(HERE / name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def cell(value):
    """12 digits: a thousand times what is compared."""
    return "" if value is None or math.isnan(value) else f"{float(value):.12g}"


# The series: digits, and rows of open, high, low, close, volume.


def market():
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else MARKET
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))[:REAL_BARS]
    counts = [[int(Decimal(row[name]).scaleb(2)) for name in ("open", "high", "low", "close")] for row in rows]
    volumes = [int(Decimal(row["volume"]).scaleb(VOLUME_DIGITS)) for row in rows]
    return 2, [[*prices, volume] for prices, volume in zip(counts, volumes)]


def wave():
    rows = []
    for i in range(60):
        close = 100 + 10 * math.sin(i / 5) + 0.5 * i
        high, low = close + 1 + 0.1 * (i % 3), close - 1 - 0.1 * (i % 4)
        high, low, close = (round(price * 10**10) for price in (high, low, close))
        rows.append([close, high, low, close, (i % 7) * 10**VOLUME_DIGITS])
    return 10, rows


def around(closes, reach, rng):
    """Bars around closes, whose extremes lie up to `reach` steps beyond."""
    rows = []
    before = closes[0]
    for close in closes:
        high = max(before, close) + rng.randint(0, reach)
        low = min(before, close) - rng.randint(0, reach)
        rows.append([before, high, low, close, rng.randint(0, 3) * 10**7])
        before = close
    return rows


def walk(start, step, bars, rng):
    closes = [start]
    while len(closes) < bars:
        closes.append(closes[-1] + rng.randint(-step, step))
    return closes


def flat_stretches(rng):
    """A walk that stands still for 25 bars now and then."""
    closes = []
    while len(closes) < 150:
        closes += walk(closes[-1] if closes else 10_000, 30, 12, rng)
        closes += [closes[-1]] * 25
    return closes


def all_series():
    rng = random.Random(1)
    # A quarter is exact in binary. Of a difference of cents at 100000, an f64 has lost digits before TA-Lib sees it.
    ticks = [400_000 + rng.randint(0, 1) for _ in range(90)]
    return {
        "market": market(),
        "wave": wave(),
        "constant": (2, around([10_000] * 60, 0, rng)),
        "step": (2, around([10_000] * 45 + [15_000] * 45, 0, rng)),
        "alternating": (2, around([10_000 + 100 * (i % 2) for i in range(60)], 0, rng)),
        "tiny": (12, around(walk(10_000, 50, 90, rng), 20, rng)),
        "large": (2, around(walk(10**11, 10**8, 90, rng), 10**7, rng)),
        "flat": (2, around(flat_stretches(rng), 0, rng)),
        "tick": (2, [[25 * count for count in row] for row in around(ticks, 1, rng)]),
    }


# What TA-Lib says.


def talib_columns(h, l, c):
    columns = {"tr": talib.TRANGE(h, l, c)}
    for n in (5, 20):
        columns[f"sma({n})"] = talib.SMA(c, n)
        columns[f"stdev({n})"] = talib.STDDEV(c, n, 1)
        columns[f"sum({n})"] = talib.SUM(c, n)
        columns[f"highest({n})"] = talib.MAX(c, n)
        columns[f"lowest({n})"] = talib.MIN(c, n)
    for n in (3, 20):
        columns[f"ema({n})"] = talib.EMA(c, n)
    for n in (3, 14):
        columns[f"rsi({n})"] = talib.RSI(c, n)
        columns[f"atr({n})"] = talib.ATR(h, l, c, n)
        columns[f"plus_di({n})"] = talib.PLUS_DI(h, l, c, n)
        columns[f"minus_di({n})"] = talib.MINUS_DI(h, l, c, n)
        columns[f"adx({n})"] = talib.ADX(h, l, c, n)
    for n in (1, 10):
        columns[f"roc({n})"] = talib.ROCP(c, n)
    for f, s, g in ((12, 26, 9), (3, 8, 1)):
        for field, values in zip(("line", "signal", "hist"), talib.MACD(c, f, s, g)):
            columns[f"macd({f} {s} {g}).{field}"] = values
    for n, k in ((20, 2.0), (5, 1.5)):
        for field, values in zip(("upper", "middle", "lower"), talib.BBANDS(c, n, k, k, 0)):
            columns[f"bollinger({n} {k}).{field}"] = values
    for n, s, t in ((14, 3, 3), (5, 1, 2)):
        for field, values in zip(("k", "d"), talib.STOCH(h, l, c, n, s, 0, t, 0)):
            columns[f"stochastic({n} {s} {t}).{field}"] = values
    return columns


# What the definitions say, in fractions.


def decimal(fraction):
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def root(fraction):
    return decimal(fraction).sqrt()


def windows(values, n):
    return [values[i + 1 - n : i + 1] if i + 1 >= n else None for i in range(len(values))]


def mean(window):
    return Fraction(sum(window), len(window))


def variance(window):
    return mean([x * x for x in window]) - mean(window) ** 2


def stochastics(h, l, c, n, s, t):
    raw = []
    for close, highs, lows in zip(c, windows(h, n), windows(l, n)):
        if highs:
            reach = max(highs) - min(lows)
            raw.append(100 * (close - min(lows)) / reach if reach else Fraction(50))
    k = [mean(window) for window in windows(raw, s) if window]
    d = [mean(window) for window in windows(k, t) if window]
    k = k[t - 1 :]
    return [[None] * (len(c) - len(k)) + values for values in (k, d)]


def definition_columns(c, v):
    columns = {}
    for n in (5, 20):
        scores = [None] * len(c)
        for i, window in enumerate(windows(c, n)):
            if window and variance(window):
                scores[i] = decimal(c[i] - mean(window)) / root(variance(window))
        columns[f"zscore({n})"] = scores
        k = 2 if n == 20 else Decimal("1.5")
        name = f"bollinger({n} {float(k)})"
        columns[f"{name}.position"] = [score if score is None else Decimal("0.5") + score / (2 * k) for score in scores]
        columns[f"{name}.width"] = [
            2 * k * root(variance(window)) / decimal(mean(window)) if window and variance(window) else None
            for window in windows(c, n)
        ]
    columns["volume_ratio(20)"] = [
        v[i] / mean(window) if window and sum(window) else None for i, window in enumerate(windows(v, 20))
    ]
    return columns


def differences(name, digits, rows, columns):
    """Where ours is not TA-Lib's: bar, indicator, cause, ours."""
    h, l, c = ([Fraction(row[i], 10**digits) for row in rows] for i in (1, 2, 3))
    found = []
    for n in (3, 14):
        found += [(i, f"rsi({n})", "no change", 50.0) for i in range(n, len(c)) if len(set(c[: i + 1])) == 1]
    for n, s, t in ((14, 3, 3), (5, 1, 2)):
        for field, ours in zip(("k", "d"), stochastics(h, l, c, n, s, t)):
            key = f"stochastic({n} {s} {t}).{field}"
            apart = [i for i, x in enumerate(ours) if x is not None and abs(columns[key][i] - float(x)) > 1e-9]
            found += [(i, key, "flat", ours[i]) for i in apart]
    return [(name, i + 1, key, cause, cell(ours)) for i, key, cause, ours in found]


def main():
    bars, answers, meant, defined = [], [], [], []
    for name, (digits, rows) in all_series().items():
        bars += [[name, digits, *row] for row in rows]
        h, l, c = (np.array([row[i] / 10**digits for row in rows]) for i in (1, 2, 3))
        columns = talib_columns(h, l, c)
        answers += [[name, *map(cell, row)] for row in zip(*columns.values())]
        meant += differences(name, digits, rows, columns)
        fractions = [Fraction(row[3], 10**digits) for row in rows]
        definitions = definition_columns(fractions, [row[4] for row in rows])
        defined += [[name, *map(cell, row)] for row in zip(*definitions.values())]
    write("bars.csv", ["series", "digits", "open", "high", "low", "close", "volume"], bars)
    write("talib.csv", ["series", *columns], answers)
    write("differences.csv", ["series", "bar", "indicator", "cause", "value"], meant)
    write("definition.csv", ["series", *definitions], defined)


if __name__ == "__main__":
    main()
