"""The specification's own figures, as asserts: engine.md 3, risk.md 3 and 4, backtest.md 2 and 4, cli.md."""

import copy
import csv
import gzip
from fractions import Fraction as F

import metrics
import reference
from model import down, text

HOUR_MS = 3_600_000
STOP_ONLY = {
    "stop_loss": "0.02", "trailing_percent": None, "atr_multiple": None, "partial_targets": None,
    "cooldown_bars": 0, "stop_guard": None, "size_stop": "0.02",
}
DEFAULT_EXITS = STOP_ONLY | {
    "trailing_percent": "0.01",
    "partial_targets": [{"percent": "0.5", "target": "0.03"}, {"percent": "1", "target": "0.05"}],
}
DEFAULT_CONFIG = {
    "timeframe_ms": HOUR_MS,
    "emergency": "end",
    "trading": {
        "max_position_size": "0.1", "max_daily_loss": "0.05", "max_drawdown": "0.15",
        "commission_rate": "0.001", "commission_maker": "0.001", "slippage": "fixed", "slippage_rate": "0.0005",
        "max_volume_share": "0.1", "latency_ms": 0, "emergency_shutdown": {"flatten": False},
    },
    "risk": {
        "max_position_size": "10000", "max_portfolio_exposure": "0.5", "max_correlation_exposure": "0.3",
        "max_open_positions": 10, "max_trades_per_day": 100,
        "sizing": {"method": "fixed_fractional", "risk_per_trade": "0.01", "fixed_notional": "0", "fixed_risk": "0"},
        "take_profit": {"default_percent": "0.05"},
    },
    "backtesting": {"risk_free_rate": "0.02"},
}
BITCOIN = {"id": "bitstamp:BTC/USD", "tick": "0.01", "lot": "0.00000001", "min_quantity": "0", "min_notional": "10",
           "fee_in": "quote"}

LEDGER_BARS = """
100 101 99 100
100.10 101.50 100 101.20
101.20 103.40 101 103
103 103.20 101.90 102
102 102.50 101.50 102.20
102.20 102.40 99 99.50
97 97.50 95 96
"""
# name, minutes, exits, trips, final, fees, exits by reason, PSR, sharpe, max_drawdown: cli.md, First run
FIRST_RUNS = [
    ("5m, stop only", 5, STOP_ONLY, 45, "100176.9255373505", "795.27032361", {"signal": 44, "stop": 1},
     0.517027, 0.70255, 0.014616),
    ("5m, default exits", 5, DEFAULT_EXITS, 45, "99727.4846710468", "794.71504666",
     {"signal": 34, "trailing": 9, "stop": 1, "target": 1}, 0.310504, -3.16868, 0.011528),
    ("15m, stop only", 15, STOP_ONLY, 14, "100449.9294230167", "270.53792309", None, 0.844327, None, None),
    ("1m, stop only", 1, STOP_ONLY, 207, "97882.7464929446", "2146.92626507", None, 0.008039, None, 0.026190),
]


def strategy(name, instrument, signals, exits, share="1"):
    return {"name": name, "kind": "scripted", "instruments": [instrument], "capital_share": share, "exits": exits,
            "signals": {instrument: signals}}


def buys(bars, at):
    return [{"do": "BUY", "size": 1} if number in at else None for number in range(1, len(bars) + 1)]


def ledger_history(exits, at):
    rows = [row.split() for row in LEDGER_BARS.split("\n") if row]
    bars = [[number * HOUR_MS, *row, "1000"] for number, row in enumerate(rows, 480_000)]
    instrument = BITCOIN | {"lot": "0.00001"}
    return {
        "name": "golden ledger", "account": {"capital": "10000"}, "config": DEFAULT_CONFIG,
        "instruments": [instrument], "bars": {BITCOIN["id"]: bars},
        "strategies": [strategy("scripted", BITCOIN["id"], buys(bars, at), exits)],
    }


def fills_of(run):
    return [f"{f['side']} {f['quantity']} at {f['price']} fee {f['fee']} {f['cause']}" for f in run.answer()["fills"]]


def check_ledger():
    run = reference.Run(ledger_history(DEFAULT_EXITS, {1, 5})).run()
    assert fills_of(run) == [
        "buy 10 at 100.16 fee 1.0016 entry",
        "sell 5 at 103.11 fee 0.51555 target1",
        "sell 5 at 102.3 fee 0.5115 trailing",
        "buy 9.80765 at 102.26 fee 1.00293029 entry",
        "sell 9.80765 at 100.15 fee 0.98223615 stop",
    ], fills_of(run)
    assert [text(t.pnl) for t in run.trips][0] == "23.42135"
    assert text(run.cash) == "10000.74204206" and len(run.trips) == 2
    assert [t.reason for t in run.trips] == ["trailing", "stop"]
    run = reference.Run(ledger_history(STOP_ONLY, {1})).run()
    assert fills_of(run)[1].startswith("sell 10 at 96.95"), fills_of(run)
    assert text(run.cash) == "9965.9289"


def check_risk():
    """risk.md 3: the viable minimum of 5 at a stop of 2 %; a cap; risk.md 4: a fee in base leaves dust."""
    assert rounded(F("1.05") * 5 / (1 - F("0.02")), 3) == 5.357
    history = ledger_history(STOP_ONLY, {1})
    history["account"]["capital"] = "50.5"
    history["instruments"][0]["min_notional"] = "5"
    run = reference.Run(history).run()
    assert [r[-1] for r in run.refusals] == ["risk refused viable_minimum: 5.05 < 5.36"], run.refusals
    history = ledger_history(STOP_ONLY, {1})
    history["account"]["capital"] = "100000"
    run = reference.Run(history).run()
    assert text(run.orders[0].quantity) == "100", run.orders  # min(50000, 10000, 10000, 50000, 30000) at 100
    assert down(F("0.0005") - F("0.0000005"), F("0.00001")) == F("0.00049")


def rounded(value, digits):
    return None if value is None else round(float(value), digits)


def check_metrics():
    r = [0.01, -0.02, 0.015, 0.003, -0.007, 0.012, 0, -0.004, 0.02, -0.011]
    values = [1.0]
    for each in r:
        values.append(values[-1] * (1 + each))
    assert rounded(values[-1] - 1, 6) == 0.017419
    assert rounded(metrics.drawdown(values)[0], 12) == 0.02
    assert rounded(metrics.sharpe(r, 252, 0.02), 6) == 2.165706
    assert rounded(metrics.sortino(r, 252, 0.02), 6) == 3.547907
    assert rounded(metrics.drawdown([100, 90, 85, 90])[0], 12) == 0.15
    var_95, es_95 = metrics.tail([(-1) ** k * k / 1000 for k in range(1, 21)])
    assert (rounded(var_95, 6), rounded(es_95, 6)) == (-0.0171, -0.019)
    trips = [0.03, -0.01, 0.02, -0.01, 0.05, -0.02, 0.01, 0.04, -0.01, -0.015]
    skewness, kurtosis = metrics.moments(trips)
    rho = metrics.mean(trips) / metrics.sample_deviation(trips)
    assert [rounded(v, 6) for v in (rho, skewness, kurtosis)] == [0.337682, 0.433780, 1.690733]
    assert rounded(metrics.psr(trips), 6) == 0.860840
    assert metrics.psr_of(0.1664545, 100, 0, 3) < 0.95 < metrics.psr_of(0.1664555, 100, 0, 3)


def minutes_of(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [[int(r["ts"]), *(r[k] for k in ("open", "high", "low", "close", "volume"))] for r in rows]


def resample(minutes, count):
    """data.md 3: open of the first, close of the last, high, low, sum of the volume of the bars there are."""
    blocks = {}
    for row in minutes:
        blocks.setdefault(row[0] // (count * 60_000) * count * 60_000, []).append(row)
    return [
        [opened, rows[0][1], max((r[2] for r in rows), key=F), min((r[3] for r in rows), key=F), rows[-1][4],
         text(sum(F(r[5]) for r in rows))]
        for opened, rows in blocks.items()
    ]


def crosses(bars, fast=20, slow=50):
    """sma_cross on whole ticks: the two means are compared without any rounding."""
    closes = [int(F(row[4]) * 100) for row in bars]
    ahead = [None if i < slow else sum(closes[i - fast:i]) * slow - sum(closes[i - slow:i]) * fast
             for i in range(1, len(closes) + 1)]
    signals = [None] * len(bars)
    for i in range(slow, len(bars)):
        if ahead[i - 1] <= 0 < ahead[i]:
            signals[i] = {"do": "BUY", "size": 1}
        elif ahead[i - 1] >= 0 > ahead[i]:
            signals[i] = {"do": "SELL"}
    return signals


def first_run(minutes, count, exits):
    config = copy.deepcopy(DEFAULT_CONFIG)
    config["timeframe_ms"] = count * 60_000
    bars = resample(minutes, count)
    signals = crosses(bars)
    if count == 5:
        asked = [s["do"] for s in signals if s]
        assert (asked.count("BUY"), asked.count("SELL")) == (45, 46)
    return reference.Run({
        "name": "first run", "account": {"capital": "100000"}, "config": config, "instruments": [BITCOIN],
        "bars": {BITCOIN["id"]: bars}, "strategies": [strategy("sma_cross", BITCOIN["id"], signals, exits)],
    }).run()


def check_first_runs(path):
    minutes = minutes_of(path)
    for name, count, exits, trips, final, fees, reasons, psr, sharpe, max_drawdown in FIRST_RUNS:
        run = first_run(minutes, count, exits)
        answer = run.answer()
        found = answer["metrics"]
        entries = [f for f in run.fills if f[1].side == "buy"]
        print(f"{name}: {found['trades']} trips of {len(entries)} entries, final {text(run.equity[-1])}, "
              f"fees {answer['fees']}, {answer['exits']}, PSR {found['psr']:.6f}, sharpe {found['sharpe']:.5f}, "
              f"max_drawdown {found['max_drawdown']:.6f}, turnover {found['turnover']:.6f}")
        assert found["trades"] == trips, name
        assert text(run.equity[-1]) == final, name
        assert answer["fees"] == fees, name
        assert reasons is None or answer["exits"] == reasons, name
        assert rounded(found["psr"], 6) == psr, name
        assert sharpe is None or rounded(found["sharpe"], 5) == sharpe, name
        assert max_drawdown is None or rounded(found["max_drawdown"], 6) == max_drawdown, name


def check(path):
    check_ledger()
    check_risk()
    check_metrics()
    check_first_runs(path)
    print("all goldens hold")
