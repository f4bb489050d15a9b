"""Random markets and scripts for histories.py: everything comes from the `random.Random` that is handed in."""

import copy
from fractions import Fraction as F

from goldens import DEFAULT_CONFIG, DEFAULT_EXITS
from model import down, text

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_704_067_200_000  # 2024-01-01T00:00Z
NAMES = ["BTC", "ETH", "SOL", "ADA", "DOT"]
WIDE = {  # limits that stay out of the way, so that prices alone decide
    "trading": {"max_position_size": "1", "max_daily_loss": "0.45", "max_drawdown": "0.5"},
    "risk": {"max_position_size": "1000000", "max_portfolio_exposure": "1", "max_correlation_exposure": "1"},
}
NO_EXITS = DEFAULT_EXITS | {"stop_loss": None, "trailing_percent": None, "partial_targets": None}


def merged(base, *overs):
    """Deep merge, the later one wins; lists and plain values are replaced."""
    result = copy.deepcopy(base)
    for over in overs:
        for key, value in over.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return result


def instrument(rng, number, **knobs):
    lot = rng.choice(["0.01", "0.01", "0.01", "0.00001"])
    row = {"id": f"binance:{NAMES[number]}/USDT", "tick": "0.01", "lot": lot, "min_quantity": "0",
           "min_notional": "10", "fee_in": "quote"}
    return row | knobs


def opens(rng, count, timeframe, start, missing, gap):
    """Open times; `missing` is the chance of a hole before a bar, `gap` the (least, most) bars of one."""
    times, now = [], start
    for number in range(count):
        if number > 2 and rng.random() < missing:
            now += timeframe * rng.randint(*gap)
        times.append(now)
        now += timeframe
    return times


def volume_of(rng, kind):
    """plenty · thin (a few units) · dry (thin, sometimes 0) · none (no column)."""
    if kind == "none":
        return None
    if kind == "dry" and rng.random() < 0.35:
        return "0"
    if kind == "plenty":
        return "1000000"
    return text(F(rng.randint(1, 999), 10))


def walk(rng, times, tick, price=100, swing=0.01, jump=0.0, drift=0.0, volume="plenty", crash=None):
    """Bars by a random walk on whole ticks. `jump`: chance that a bar opens away from the close before; `crash`:
    (bar, factor) multiplies the price from that bar's open on."""
    tick, rows = F(tick), []
    close = max(5, round(price / float(tick)))
    for number, opened in enumerate(times):
        start = close
        if rng.random() < jump:
            start = round(close * (1 + rng.gauss(0, 4 * swing)))
        if crash and crash[0] == number:
            start = round(close * crash[1])
        start = max(5, start)
        close = max(5, round(start * (1 + rng.gauss(drift, swing))))
        high = max(start, close) + round(abs(rng.gauss(0, swing / 2)) * start)
        low = max(3, min(start, close) - round(abs(rng.gauss(0, swing / 2)) * start))
        prices = [text(tick * k) for k in (start, high, low, close)]
        rows.append([opened, *prices, volume_of(rng, volume)])
    return rows


def script(rng, rows, buy=0.3, sell=0.1, limit=0.0, sizes=(1,), atr=None, valid=(1, 3)):
    """One signal a bar or None. `atr`: share of the price, or "patchy" for one that is sometimes undefined."""
    signals = []
    for row in rows:
        chance = rng.random()
        close = F(row[4])
        if chance < limit:
            below = F(rng.choice([-4, 0, 1, 2, 4, 8, 15]), 1000)
            price = text(down(close * (1 - below), F("0.0001")))
            signal = {"do": "BUY_LIMIT", "price": price, "valid_bars": rng.randint(*valid)}
        elif chance < limit + buy:
            signal = {"do": "BUY"}
        elif chance < limit + buy + sell:
            signals.append({"do": "SELL"})
            continue
        else:
            signals.append(None)
            continue
        signal["size"] = rng.choice(sizes)
        if atr:
            undefined = atr == "patchy" and rng.random() < 0.4
            share = 0.01 if atr == "patchy" else atr
            signal["atr"] = None if undefined else float(f"{float(close) * share * rng.uniform(0.5, 2):.5g}")
        signals.append(signal)
    return signals


def history(rng, *, bars=(20, 24), timeframe=HOUR_MS, start=None, missing=0.0, gap=(1, 3), instruments=({},),
            strategies=({},), config=None, capital="10000", wide=True, market=None):
    """One history out of knobs; what is left out is drawn or the default."""
    settings = merged(DEFAULT_CONFIG, WIDE if wide else {}, config or {})
    settings["timeframe_ms"] = timeframe
    rows = [instrument(rng, number, **knobs) for number, knobs in enumerate(instruments)]
    begin = START_MS + rng.randint(0, 40) * timeframe if start is None else start
    count = rng.randint(*bars)
    series = {}
    for row in rows:
        price = rng.choice([20, 100, 100, 340])
        times = opens(rng, count, timeframe, begin, missing, gap)
        series[row["id"]] = walk(rng, times, row["tick"], **{"price": price} | (market or {}))
    scripted = []
    for number, knobs in enumerate(strategies):
        scripted.append(strategy(rng, number, series, len(strategies), **knobs))
    return {"account": {"capital": capital}, "config": settings, "instruments": rows, "strategies": scripted,
            "bars": series}


def strategy(rng, number, series, of, kind="scripted", exits=None, on=None, share=None, fraction="0.05", **signals):
    """`on`: numbers of its instruments, default all."""
    names = list(series)
    chosen = names if on is None else [names[k] for k in on]
    share = share or {1: "1", 2: "0.5", 3: "0.3", 4: "0.25"}[of]
    row = {"name": f"{kind}_{number + 1}", "kind": kind, "instruments": chosen, "capital_share": share,
           "exits": merged(DEFAULT_EXITS if kind == "scripted" else NO_EXITS, exits or {})}
    if kind == "dca":
        row["params"] = {"fraction": fraction}
    else:
        row["signals"] = {name: script(rng, series[name], **signals) for name in chosen}
    return row
