"""Figures of a run in f64: backtest.md 2, and PSR of backtest.md 4. Undefined is None.

Start at `of_run`. Nothing here touches money: cash, fees and trips come in exact and are turned to floats at the door.
"""

import math

DAY_MS = 86_400_000
YEAR_SECONDS = 365.25 * 86400


def mean(values):
    return math.fsum(values) / len(values)


def sample_deviation(values):
    middle = mean(values)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1))


def is_flat(values, deviation):
    """Whether a deviation is nothing but the rounding of its values."""
    return deviation <= len(values) * 2.0**-52 * max(abs(v) for v in values)


def sharpe(returns, per_year, risk_free):
    if len(returns) < 2:
        return None
    deviation = sample_deviation(returns)
    if is_flat(returns, deviation):
        return None
    return (mean(returns) - risk_free / per_year) / deviation * math.sqrt(per_year)


def sortino(returns, per_year, risk_free):
    least = risk_free / per_year
    if not any(r < least for r in returns):
        return None
    downside = math.sqrt(mean([min(0.0, r - least) ** 2 for r in returns]))
    return (mean(returns) - least) / downside * math.sqrt(per_year)


def drawdown(values):
    """Largest 1 - N/(highest so far), and the longest run of samples under an earlier high. values[0] is the start."""
    highest, deepest, longest, under = values[0], 0.0, 0, 0
    for value in values[1:]:
        highest = max(highest, value)
        deepest = max(deepest, 1 - value / highest)
        under = under + 1 if value < highest else 0
        longest = max(longest, under)
    return deepest, longest


def tail(returns):
    """(var_95, es_95): the linear 5 % quantile, and the mean of what is at or under it."""
    if len(returns) < 20:
        return None, None
    ordered = sorted(returns)
    place = 0.05 * (len(ordered) - 1)
    low = int(place)
    quantile = ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])
    return quantile, mean([r for r in ordered if r <= quantile])


def psr(returns):
    """Probabilistic Sharpe ratio against 0 (Bailey, Lopez de Prado 2012)."""
    n = len(returns)
    if n < 2:
        return None
    deviation = sample_deviation(returns)
    if is_flat(returns, deviation):
        return None
    rho = mean(returns) / deviation
    skewness, kurtosis = moments(returns)
    return psr_of(rho, n, skewness, kurtosis)


def moments(returns):
    middle = mean(returns)
    central = [mean([(r - middle) ** k for r in returns]) for k in (2, 3, 4)]
    return central[1] / central[0] ** 1.5, central[2] / central[0] ** 2


def psr_of(rho, n, skewness, kurtosis):
    spread = 1 - skewness * rho + (kurtosis - 1) / 4 * rho**2
    if spread <= 0:
        return None
    return 0.5 * math.erfc(-rho * math.sqrt(n - 1) / math.sqrt(spread) / math.sqrt(2))


def growth(last, first, elapsed_ms):
    """cagr; None where a short span overflows."""
    if elapsed_ms == 0:
        return None
    try:
        return (last / first) ** (365.25 * DAY_MS / elapsed_ms) - 1
    except OverflowError:
        return None


def of_run(run):
    """All metrics of backtest.md 2 of a finished run; `run` is a reference.Run."""
    values = [float(n) for _, n in run.samples]
    returns = [b / a - 1 for a, b in zip(values, values[1:])]
    per_year = YEAR_SECONDS / (run.timeframe_ms / 1000)
    risk_free = float(run.risk_free_rate)
    deepest, longest = drawdown(values)
    cagr = growth(values[-1], values[0], run.samples[-1][0] - run.samples[0][0])
    var_95, es_95 = tail(returns)
    return {
        "total_return": values[-1] / values[0] - 1,
        "cagr": cagr,
        "volatility": sample_deviation(returns) * math.sqrt(per_year) if len(returns) > 1 else None,
        "sharpe": sharpe(returns, per_year, risk_free),
        "sortino": sortino(returns, per_year, risk_free),
        "max_drawdown": deepest,
        "drawdown_bars": longest,
        "calmar": cagr / deepest if cagr is not None and deepest > 0 else None,
        **of_trips(run.trips),
        "var_95": var_95,
        "es_95": es_95,
        "exposure_time": run.samples_held / len(returns),
        "turnover": float(run.traded) / mean([float(e) for e in run.equity]),
        "benchmark": mean([float(last / first) - 1 for first, last in run.first_and_last()]),
    }


def of_trips(trips):
    """Figures of finished round trips."""
    shares = [float(t.pnl / t.cost) for t in trips]
    wins = [float(t.pnl) for t in trips if t.pnl > 0]
    losses = [-float(t.pnl) for t in trips if t.pnl < 0]
    hours = [(t.closed_ms - t.opened_ms) / 3_600_000 for t in trips]
    return {
        "win_rate": len(wins) / len(trips) if trips else None,
        "expectancy": mean(shares) if trips else None,
        "hold_hours": mean(hours) if trips else None,
        "profit_factor": math.fsum(wins) / math.fsum(losses) if losses else None,
        "trades": len(trips),
        "psr": psr(shares),
    }
