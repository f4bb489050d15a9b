"""The account of a run: cash, reservations, positions, dust, what a fill costs and how it is booked.

Start at `Account.buy` and `Account.sell`. risk.md 1 and 4, engine.md 3 (fees, slippage, volume), README (trips, dust).
"""

from fractions import Fraction as F

from model import FEE_STEP, Position, Trip, down, read_instrument, up

WORST_SLIPPAGE = F("0.005")  # engine.md 3: realistic slippage is in total at most this


class Account:
    def __init__(self, history):
        self.read_costs(history["config"])
        self.instruments = {i["id"]: read_instrument(i) for i in history["instruments"]}
        self.capital = F(history["account"]["capital"])
        self.cash = self.capital
        self.positions = {}
        self.entries = {}  # open entries by (strategy, instrument)
        self.dust = {i: F(0) for i in self.instruments}
        self.dust_counted_at = {i: F(0) for i in self.instruments}
        self.mark = {}
        self.last_closed = {}  # newest closed bar of each instrument
        self.volume_left = {}
        self.fills, self.trips = [], []
        self.last_exit_bar, self.stops = {}, {}
        self.bought, self.sold, self.base_fees = ({i: F(0) for i in self.instruments} for _ in range(3))
        self.buys = self.sells = self.quote_fees = self.fees = self.traded = F(0)

    def read_costs(self, config):
        trading = config["trading"]
        self.commission = F(trading["commission_rate"])
        self.commission_maker = F(trading["commission_maker"])
        self.slippage = trading["slippage"]
        self.slippage_rate = F(trading["slippage_rate"])
        self.volume_share = F(trading["max_volume_share"])

    def equity_now(self):
        return self.cash + self.sum_of_positions() + sum(q * self.mark[i] for i, q in self.dust.items() if q)

    def sum_of_positions(self, instrument=None):
        return sum(p.quantity * self.mark[k[1]] for k, p in self.positions.items() if instrument in (None, k[1]))

    def free(self):
        return self.cash - sum(order.reserved for order in self.entries.values())

    def cost(self, instrument, quantity, price, rate):
        """What a buy takes from cash."""
        fee = F(0) if instrument.fee_in == "base" else up(quantity * price * rate, FEE_STEP)
        return quantity * price + fee

    def reservation(self, order):
        """README, Terms: what an open buy can still cost, fee included."""
        rest = order.quantity - order.filled
        rate = self.commission_maker if order.kind == "limit" else self.commission
        worst = self.worst_price(order.instrument, order.limit)
        return self.cost(self.instruments[order.instrument], rest, worst, rate)

    def worst_price(self, instrument, limit):
        """risk.md 3, cash: the entry's limit; at market mark · (1 + slippage)."""
        if limit is not None:
            return limit
        return self.mark[instrument] * (1 + self.worst_slippage())

    def worst_slippage(self):
        return self.slippage_rate if self.slippage == "fixed" else WORST_SLIPPAGE

    def slippage_of(self, instrument, quantity, price):
        """engine.md 3: fixed, or realistic from the last closed bar and the filled notional."""
        if self.slippage == "fixed":
            return self.slippage_rate
        bar = self.last_closed[instrument]
        if not bar.volume:
            return WORST_SLIPPAGE
        part = min(F(1), quantity * price / (F("0.1") * bar.volume * bar.close))
        return min(WORST_SLIPPAGE, self.slippage_rate + F("0.0005") * part)

    def affordable(self, order, quantity, price, rate):
        """The most lots up to `quantity` whose cost is free, the order's own reservation included."""
        instrument = self.instruments[order.instrument]
        free = self.free() + order.reserved
        low, high = 0, quantity // instrument.lot
        while low < high:
            middle = (low + high + 1) // 2
            taken = middle * instrument.lot
            fits = self.cost(instrument, taken, price(taken), rate) <= free
            low, high = (middle, high) if fits else (low, middle - 1)
        return low * instrument.lot

    def share_of_volume(self, instrument, bar):
        """engine.md 3: what all fills of this bar may take; None is no limit (data.md 2: no volume column)."""
        if bar.volume is None:
            return None
        return down(bar.volume * self.volume_share, self.instruments[instrument].lot)

    def at_most_volume(self, instrument, quantity):
        left = self.volume_left[instrument]
        return quantity if left is None else min(quantity, left)

    def take_volume(self, instrument, quantity):
        if self.volume_left[instrument] is not None:
            self.volume_left[instrument] -= quantity

    def buy(self, order, quantity, price, rate, at_ms, bar):
        instrument = self.instruments[order.instrument]
        in_base = instrument.fee_in == "base"
        fee = up(quantity * rate if in_base else quantity * price * rate, FEE_STEP)
        cost = self.cost(instrument, quantity, price, rate)
        arrived = quantity - fee if in_base else quantity
        self.cash -= cost
        self.book_fill(order, quantity, price, fee, at_ms)
        order.reserved = F(0)
        order.reserved = min(self.reservation(order), self.free())  # fees of parts are rounded up one by one
        position = self.positions.get(order.key)
        mark = self.mark[order.instrument]
        if position is None and self.is_rest(instrument, arrived, mark):
            self.leave_dust(order.instrument, arrived, mark)
        else:
            position = self.positions.setdefault(order.key, Position(at_ms))
            position.quantity += arrived
            position.bought += quantity
            position.paid += quantity * price
            position.cost += cost
            position.atr = order.atr
        if order.filled == order.quantity:
            self.end_entry(order, "filled")
        self.assert_conserved()

    def sell(self, position, order, wanted, price, at_ms, bar):
        """Sells `wanted` of the position and the instrument's dust, down to the lot, and books flat or what waits."""
        key, instrument = order.key, self.instruments[order.instrument]
        dust = self.dust[order.instrument]
        whole = down(wanted + dust, instrument.lot)
        quantity = self.at_most_volume(order.instrument, whole)
        if quantity == 0:
            return
        slippage = self.slippage_of(order.instrument, quantity, price)
        price = down(price * (1 - slippage), instrument.tick)
        fee = up(quantity * price * self.commission, FEE_STEP)
        self.cash += quantity * price - fee
        position.quantity += dust - quantity
        position.cost += self.dust_counted_at[order.instrument]
        self.dust[order.instrument] = self.dust_counted_at[order.instrument] = F(0)
        position.proceeds += quantity * price - fee
        if order.filled == 0 and order.cause in ("stop", "trailing"):
            self.stops.setdefault(order.strategy, []).append(at_ms)
        self.last_exit_bar[key] = bar.number
        self.book_fill(order, quantity, price, fee, at_ms)
        if quantity == whole:
            order.state = "filled"
        self.end_trip_if_flat(position, order, at_ms)
        self.assert_conserved()

    def end_trip_if_flat(self, position, order, at_ms):
        instrument, mark = self.instruments[order.instrument], self.mark[order.instrument]
        if not self.is_rest(instrument, position.quantity, mark):
            return
        if order.state == "submitted":
            order.state = "expired"
        rest = position.quantity * mark
        self.leave_dust(order.instrument, position.quantity, mark)
        pnl = position.proceeds + rest - position.cost
        reason = "target" if order.cause.startswith("target") else order.cause
        self.trips.append(Trip(*order.key, position.opened_ms, at_ms, pnl, position.cost, reason))
        del self.positions[order.key]

    def is_rest(self, instrument, quantity, mark):
        """README, Terms: less than a lot, or worth less than the minimum order at mark."""
        return quantity < instrument.lot or quantity * mark < instrument.minimum(mark)

    def leave_dust(self, instrument, quantity, mark):
        self.dust[instrument] += quantity
        self.dust_counted_at[instrument] += quantity * mark

    def book_fill(self, order, quantity, price, fee, at_ms):
        instrument = self.instruments[order.instrument]
        buy = order.side == "buy"
        in_base = buy and instrument.fee_in == "base"
        order.filled += quantity
        self.take_volume(order.instrument, quantity)
        self.traded += quantity * price
        self.fees += fee * price if in_base else fee
        if buy:
            self.buys += quantity * price
            self.bought[order.instrument] += quantity
        else:
            self.sells += quantity * price
            self.sold[order.instrument] += quantity
        if in_base:
            self.base_fees[order.instrument] += fee
        else:
            self.quote_fees += fee
        self.fills.append((at_ms, order, quantity, price, fee, "base" if in_base else "quote"))

    def end_entry(self, order, state):
        if self.entries.get(order.key) is order:
            order.state, order.reserved = state, F(0)
            del self.entries[order.key]

    def assert_conserved(self):
        """risk.md 1, after every event."""
        assert self.cash == self.capital + self.sells - self.buys - self.quote_fees, "conservation of cash"
        assert self.free() >= 0, "more reserved than there is"
        for i in self.instruments:
            held = sum(p.quantity for key, p in self.positions.items() if key[1] == i) + self.dust[i]
            assert held == self.bought[i] - self.sold[i] - self.base_fees[i], f"conservation of {i}"
            assert held >= 0 and self.dust[i] >= 0, f"negative quantity of {i}"
