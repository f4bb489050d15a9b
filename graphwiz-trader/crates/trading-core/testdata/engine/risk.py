"""Sizes and checks of an entry: risk.md 2 and 3, as far as a backtest reaches. Each function asks the run, none
changes it.

Start at `order_size`.
"""

from fractions import Fraction as F

from model import DAY_MS, down, from_f64


class Refused(Exception):
    """An entry that a rule refused; without figures: what it needs cannot be computed."""

    def __init__(self, rule, figures=None):
        super().__init__(rule)
        self.rule = rule
        self.sentence = f"risk_undefined: {rule}" if figures is None else f"risk refused {rule}: {figures}"


def money(value):
    return f"{float(value):.2f}"


def order_size(run, key, bar, signal, limit, closed):
    """(quantity, atr) of an entry that all rules let pass."""
    strategy, instrument, mark = run.strategies[key[0]], run.instruments[key[1]], run.mark[key[1]]
    check_gates(run, key, bar, closed)
    d, atr = stop_distance(run, strategy, key[1], signal)
    notional = clip(run, key, size(run, strategy, d), limit)
    notional *= min(F(1), from_f64(signal["size"]))
    if run.d30(closed) >= F("0.1"):
        notional /= 2
    least = F("1.05") * instrument.minimum(mark) / (1 - d)
    quantity = down(notional / mark, instrument.lot)
    if notional < least or quantity == 0:
        raise Refused("viable_minimum", f"{money(notional)} < {money(least)}")
    return quantity, atr


def stop_distance(run, strategy, instrument, signal):
    """(d, atr): stop distance of an entry as a fraction of its price."""
    exits = strategy.exits
    if exits.atr_multiple is not None:
        if signal.get("atr") is None:
            raise Refused("stop")
        atr = from_f64(signal["atr"])
        d = exits.atr_multiple * atr / run.mark[instrument]
        if not 0 < d < 1:
            raise Refused("stop")
        return d, atr
    return exits.stop_loss if exits.stop_loss is not None else exits.size_stop, None


def size(run, strategy, d):
    share = strategy.capital_share * run.equity_now()
    if strategy.kind == "dca":
        return strategy.fraction * share
    method = run.sizing["method"]
    if method == "fixed_fractional":
        return share * run.sizing["risk_per_trade"] / d
    if method == "fixed_notional":
        return min(run.sizing["fixed_notional"], share)
    assert method == "fixed_risk", method
    return min(run.sizing["fixed_risk"], share) / d


def check_gates(run, key, bar, closed):
    if run.emergency:
        raise Refused("emergency", run.emergency.trigger)
    exits = run.strategies[key[0]].exits
    since = bar.number - run.last_exit_bar.get(key, -(10**9))
    if since < exits.cooldown_bars:
        raise Refused("cooldown", f"{since} < {exits.cooldown_bars}")
    check_stop_guard(run, key[0], exits.stop_guard, closed)
    held = len(set(run.positions) | set(run.entries) | {key})
    if held > run.open_positions:
        raise Refused("max_open_positions", f"{held} > {run.open_positions}")
    sent = run.entries_sent.get(closed // DAY_MS, 0) + 1
    if sent > run.trades_per_day:
        raise Refused("max_trades_per_day", f"{sent} > {run.trades_per_day}")


def check_stop_guard(run, strategy, n, closed):
    """n or more stops in 24 h: no entry until 24 h after the newest of them."""
    if n is None:
        return
    times = run.stops.get(strategy, [])
    for first, last in zip(times, times[n - 1 :]):
        if last - first < DAY_MS and closed < last + DAY_MS:
            raise Refused("stop_guard", f"{n} stops in 24 h")


def clip(run, key, notional, limit):
    """The caps, in their order; one that leaves nothing refuses by its own name."""
    for rule, room, cap in rooms(run, key, limit):
        if room <= 0:
            raise Refused(rule, f"{money(cap - room + notional)} > {money(cap)}")
        notional = min(notional, room)
    return notional


def rooms(run, key, limit):
    """(rule, what it leaves for the new notional, its limit): held at mark and open entries' reservations count."""
    equity = run.equity_now()
    all_held = run.sum_of_positions() + sum(o.reserved for o in run.entries.values())
    here = run.sum_of_positions(key[1]) + sum(o.reserved for o in run.entries.values() if o.instrument == key[1])
    caps = [
        ("max_position_size", min(run.position_share * equity, run.position_cap), here),
        ("max_portfolio_exposure", run.portfolio_share * equity, all_held),
        ("max_correlation_exposure", run.group_share * equity, all_held),  # every rho is undefined: one group
    ]
    cash = ("cash", affordable_notional(run, key[1], limit), run.free())
    return [(rule, cap - held, cap) for rule, cap, held in caps] + [cash]


def affordable_notional(run, instrument, limit):
    """cash: cost at the worst price with fee <= free."""
    rate = run.commission if limit is None else run.commission_maker
    if run.instruments[instrument].fee_in == "base":
        rate = F(0)
    return run.free() * run.mark[instrument] / (run.worst_price(instrument, limit) * (1 + rate))
