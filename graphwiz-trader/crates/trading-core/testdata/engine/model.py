"""What a run is made of: money, instruments, bars, strategies, orders, positions; how they are read and printed."""

from dataclasses import dataclass
from fractions import Fraction as F

DAY_MS = 86_400_000
FEE_STEP = F(1, 10**8)


def down(value, step):
    return value // step * step


def up(value, step):
    return -(-value // step) * step


def half_even(value, digits=18):
    return F(round(value * 10**digits), 10**digits)


def from_f64(value):
    """README, Terms: an f64 that enters money is first rounded half-even to 12 significant digits."""
    return F(format(value, ".11e"))


def text(value, digits=None):
    """An exact decimal: without trailing zeros, or with so many digits."""
    if digits is None:
        digits = 0
        while (value * 10**digits).denominator != 1:
            digits += 1
            assert digits < 200, f"{value} is no finite decimal"
    scaled = value * 10**digits
    assert scaled == int(scaled), f"{value} has more than {digits} digits"
    whole = str(abs(int(scaled))).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (whole[:-digits] + "." + whole[-digits:] if digits else whole)


def optional(value):
    return None if value is None else F(value)


@dataclass
class Instrument:
    id: str
    tick: F
    lot: F
    min_quantity: F
    min_notional: F
    fee_in: str

    def minimum(self, mark):
        """Worth of the minimum order."""
        return max(self.min_notional, self.min_quantity * mark)


@dataclass
class Bar:
    number: int
    open: F
    high: F
    low: F
    close: F
    volume: F | None
    flagged: bool


@dataclass
class Exits:
    stop_loss: F | None
    trailing_percent: F | None
    atr_multiple: F | None
    targets: list
    cooldown_bars: int
    stop_guard: int | None
    size_stop: F


@dataclass
class Strategy:
    name: str
    kind: str
    instruments: list
    capital_share: F
    exits: Exits
    fraction: F | None
    signals: dict


@dataclass
class Order:
    decided_ms: int
    arrives_ms: int
    strategy: str
    instrument: str
    side: str
    kind: str
    cause: str
    quantity: F
    limit: F | None = None
    expires_ms: int | None = None
    atr: F | None = None
    filled: F = F(0)
    reserved: F = F(0)
    arrived: bool = False
    state: str = "submitted"

    @property
    def key(self):
        return self.strategy, self.instrument


@dataclass
class Position:
    """What one (strategy, instrument) holds, and its round trip so far."""

    opened_ms: int
    quantity: F = F(0)
    bought: F = F(0)  # entry fills, before a fee in base
    paid: F = F(0)  # Σ entry price · quantity
    cost: F = F(0)
    proceeds: F = F(0)
    highest: F = F(0)
    atr: F | None = None
    targets_done: int = 0
    all_at_next: bool = False
    targets_from_ms: int = 0
    exit: Order | None = None

    @property
    def average(self):
        return self.paid / self.bought


@dataclass
class Trip:
    strategy: str
    instrument: str
    opened_ms: int
    closed_ms: int
    pnl: F
    cost: F
    reason: str


@dataclass
class Emergency:
    at_ms: int
    trigger: str
    value: F
    cleared_ms: int | None = None


def read_instrument(row):
    steps = [F(row[k]) for k in ("tick", "lot", "min_quantity", "min_notional")]
    return Instrument(row["id"], *steps, row["fee_in"])


def read_exits(row, default_percent):
    targets = row["partial_targets"]
    if targets == []:
        targets = [{"percent": "1", "target": default_percent}]
    return Exits(
        stop_loss=optional(row["stop_loss"]),
        trailing_percent=optional(row["trailing_percent"]),
        atr_multiple=optional(row["atr_multiple"]),
        targets=[(F(t["percent"]), F(t["target"])) for t in targets or []],
        cooldown_bars=row["cooldown_bars"],
        stop_guard=row["stop_guard"],
        size_stop=F(row["size_stop"]),
    )


def read_strategy(row, config):
    exits = read_exits(row["exits"], config["risk"]["take_profit"]["default_percent"])
    fraction = optional(row.get("params", {}).get("fraction"))
    share = F(row["capital_share"])
    return Strategy(row["name"], row["kind"], row["instruments"], share, exits, fraction, row.get("signals", {}))


def read_bars(rows):
    """Bars by open time, numbered from 1; flagged where the close is more than half off the one before (data.md 2)."""
    bars, before = {}, None
    for number, (opened, *prices, volume) in enumerate(rows, 1):
        o, h, low, c = map(F, prices)
        flagged = before is not None and abs(c / before - 1) > F("0.5")
        bars[opened] = Bar(number, o, h, low, c, optional(volume), flagged)
        before = c
    return bars


def fill_row(at_ms, order, quantity, price, fee, fee_in):
    return {"time": at_ms, "instrument": order.instrument, "strategy": order.strategy, "side": order.side,
            "cause": order.cause, "quantity": text(quantity), "price": text(price), "fee": text(fee),
            "fee_in": fee_in}


def order_row(order):
    return {"time": order.decided_ms, "instrument": order.instrument, "strategy": order.strategy,
            "side": order.side, "type": order.kind, "cause": order.cause, "quantity": text(order.quantity),
            "limit": None if order.limit is None else text(order.limit), "filled": text(order.filled),
            "state": order.state}


def trip_row(trip):
    return {"strategy": trip.strategy, "instrument": trip.instrument, "opened": trip.opened_ms,
            "closed": trip.closed_ms, "pnl": text(trip.pnl), "cost": text(trip.cost), "reason": trip.reason}
