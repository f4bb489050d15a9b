#!/usr/bin/env python3
"""Reference of the trader's backtest: one slow, exact function per rule, written from the specification alone.

Start at `Run.run`. Input is one history (README.md has its form), output is what `Run.answer` returns. Money, prices
and quantities are exact fractions and are rounded only where a rule rounds; figures of metrics.py are f64.
Elsewhere: bookings are account.py, sizes and checks of an entry risk.py, what things are made of model.py, the
specification's goldens goldens.py, histories and their making histories.py.

    reference.py --check BARS.csv.gz      proves this file on the specification's goldens
    reference.py HISTORY.json             prints the answer to one history
"""

import json
import sys
from fractions import Fraction as F

import metrics
import risk
from account import Account
from model import (
    DAY_MS,
    Emergency,
    Order,
    down,
    fill_row,
    half_even,
    order_row,
    read_bars,
    read_strategy,
    text,
    trip_row,
    up,
)

MONTH_MS = 30 * DAY_MS


class Run(Account):
    def __init__(self, history):
        super().__init__(history)
        config = history["config"]
        self.name = history["name"]
        self.timeframe_ms = config["timeframe_ms"]
        self.read_limits(config)
        self.strategies = {s["name"]: read_strategy(s, config) for s in history["strategies"]}
        self.bars = {i: read_bars(rows) for i, rows in history["bars"].items()}
        self.units = self.capital  # N = 1 at the start
        self.orders, self.refusals, self.emergencies = [], [], []
        self.entries_sent = {}
        start = min(min(rows) for rows in self.bars.values() if rows)
        self.samples = [(start, F(1))]
        self.since_accepted = [(start, F(1))]
        self.n_day = self.n_max = F(1)
        self.equity, self.samples_held = [], 0
        self.emergency = None

    def read_limits(self, config):
        trading, risk = config["trading"], config["risk"]
        self.latency_ms = trading["latency_ms"]
        self.risk_free_rate = F(config["backtesting"]["risk_free_rate"])
        self.position_share = F(trading["max_position_size"])
        self.position_cap = F(risk["max_position_size"])
        self.portfolio_share = F(risk["max_portfolio_exposure"])
        self.group_share = F(risk["max_correlation_exposure"])
        self.open_positions = risk["max_open_positions"]
        self.trades_per_day = risk["max_trades_per_day"]
        self.sizing = {k: v if k == "method" else F(v) for k, v in risk["sizing"].items()}
        self.daily_loss = F(trading["max_daily_loss"])
        self.max_drawdown = F(trading["max_drawdown"])
        self.flatten = trading["emergency_shutdown"]["flatten"]
        self.emergency_continue = config["emergency"] == "continue"

    # engine.md 3

    def run(self):
        for opened in sorted({t for rows in self.bars.values() for t in rows}):
            closed = opened + self.timeframe_ms
            bars = {i: self.bars[i][opened] for i in self.instruments if opened in self.bars[i]}
            self.before(opened, closed)
            for instrument, bar in bars.items():
                self.volume_left[instrument] = self.share_of_volume(instrument, bar)
            self.market_orders(opened, bars)
            for instrument, bar in bars.items():
                self.limit_entries(opened, instrument, bar)
                self.stops_and_targets(opened, instrument, bar)
            self.close(closed, bars)
            if self.emergency and not self.emergency_continue and not self.positions:
                break
        return self

    def before(self, opened, closed):
        """What time alone has ended since the bars before: an emergency over midnight, limits, missed bars."""
        if self.emergency and self.emergency_continue and self.next_midnight() < closed:
            self.accept_loss(self.next_midnight())
        for order in list(self.entries.values()):
            late = order.expires_ms if order.kind == "limit" else order.arrives_ms + 1
            if opened >= late:
                self.end_entry(order, "expired")

    def pairs(self):
        """Every (strategy, instrument) in the order of the configuration."""
        return [(s.name, i) for s in self.strategies.values() for i in s.instruments]

    # Step 1

    def market_orders(self, opened, bars):
        for key in self.pairs():
            position = self.positions.get(key)
            if position and position.exit and position.exit.arrives_ms <= opened and key[1] in bars:
                self.sell(position, position.exit, position.quantity, bars[key[1]].open, opened, bars[key[1]])
        for key in self.pairs():
            order = self.entries.get(key)
            if order and order.kind == "market" and order.arrives_ms == opened:
                if key[1] in bars:
                    self.fill_market_entry(order, opened, bars[key[1]])
                self.end_entry(order, "expired")  # what a missing bar, the volume or the cash leave over lapses

    def fill_market_entry(self, order, opened, bar):
        instrument = self.instruments[order.instrument]
        quantity = self.at_most_volume(order.instrument, order.quantity)

        def price(taken):
            return up(bar.open * (1 + self.slippage_of(order.instrument, taken, bar.open)), instrument.tick)

        quantity = self.affordable(order, quantity, price, self.commission)
        if quantity > 0:
            self.buy(order, quantity, price(quantity), self.commission, opened, bar)

    # Step 2

    def limit_entries(self, opened, instrument, bar):
        for key in self.pairs():
            order = self.entries.get(key)
            if not order or key[1] != instrument or order.kind != "limit" or order.arrives_ms > opened:
                continue
            if not order.arrived and order.limit >= bar.open:
                self.end_entry(order, "rejected")
                continue
            order.arrived = True
            if bar.low < order.limit:
                self.fill_limit_entry(order, opened, bar)

    def fill_limit_entry(self, order, opened, bar):
        wanted = self.at_most_volume(order.instrument, order.quantity - order.filled)
        quantity = self.affordable(order, wanted, lambda taken: order.limit, self.commission_maker)
        if quantity > 0:
            closed = opened + self.timeframe_ms
            self.buy(order, quantity, order.limit, self.commission_maker, closed, bar)
            if order.key in self.positions:
                self.positions[order.key].targets_from_ms = closed

    # Steps 3 and 4

    def stops_and_targets(self, opened, instrument, bar):
        hit = set()
        for key in self.pairs():
            position = self.positions.get(key)
            if key[1] == instrument and position and not position.exit and self.stop(key, position, opened, bar):
                hit.add(key)
        for key in self.pairs():
            position = self.positions.get(key)
            if key[1] == instrument and key not in hit and position and not position.exit:
                self.targets(key, position, opened, bar)

    def stop(self, key, position, opened, bar):
        level, cause = self.stop_level(key, position)
        if level is None or bar.low > level:
            return False
        closed = opened + self.timeframe_ms
        order = self.exit_order(key, position, cause, closed)
        self.sell(position, order, position.quantity, min(bar.open, level), closed, bar)
        return True

    def stop_level(self, key, position):
        """risk.md 5: stop and trailing stop; the higher one counts."""
        exits, tick = self.strategies[key[0]].exits, self.instruments[key[1]].tick
        stop = trailing = None
        if exits.atr_multiple is not None:
            stop = down(position.average - exits.atr_multiple * position.atr, tick)
        elif exits.stop_loss is not None:
            stop = down(position.average * (1 - exits.stop_loss), tick)
        t, best = exits.trailing_percent, max(position.highest, position.average)
        if t is not None and best >= position.average * (1 + t):
            trailing = down(best * (1 - t), tick)
        if trailing is not None and (stop is None or trailing > stop):
            return trailing, "trailing"
        return stop, "stop"

    def targets(self, key, position, opened, bar):
        closed = opened + self.timeframe_ms
        targets = self.strategies[key[0]].exits.targets
        if closed <= position.targets_from_ms:
            return  # a limit entry's targets wait for the bar after its fill
        while position.targets_done < len(targets) and not position.exit and key in self.positions:
            share, target = targets[position.targets_done]
            level = up(position.average * (1 + target), self.instruments[key[1]].tick)
            if bar.high <= level:
                return
            position.targets_done += 1
            cause = f"target{position.targets_done}"
            if share >= 1 or position.all_at_next:
                order = self.exit_order(key, position, cause, closed)
                self.sell(position, order, position.quantity, level, closed, bar)
            else:
                self.partial_target(key, position, cause, share, level, closed, bar)

    def partial_target(self, key, position, cause, share, level, closed, bar):
        """risk.md 5: skipped, and all goes at the next, where the part or the rest would be under the minimum."""
        instrument, mark = self.instruments[key[1]], self.mark[key[1]]
        part = share * position.quantity
        whole = down(part, instrument.lot)
        if any(self.is_rest(instrument, q, mark) for q in (whole, position.quantity - whole)):
            position.all_at_next = True
            return
        order = Order(closed, closed, *key, "sell", "market", cause, down(part + self.dust[key[1]], instrument.lot))
        self.orders.append(order)
        self.sell(position, order, part, level, closed, bar)
        if order.state == "submitted":
            order.state = "expired"  # what the volume left over is dropped

    # Orders

    def arrival(self, decided_ms):
        """Step 1: the bar that opens at t, with a latency over a bar's length the first at or after t + latency."""
        if self.latency_ms <= self.timeframe_ms:
            return decided_ms
        return up(decided_ms + self.latency_ms, self.timeframe_ms)

    def exit_order(self, key, position, cause, at_ms, arrives_ms=None):
        """An exit of the whole position; it first cancels an entry of it that is still open (strategies.md 1)."""
        if key in self.entries:
            self.end_entry(self.entries[key], "cancelled")
        quantity = down(position.quantity + self.dust[key[1]], self.instruments[key[1]].lot)
        order = Order(at_ms, at_ms if arrives_ms is None else arrives_ms, *key, "sell", "market", cause, quantity)
        position.exit = order
        self.orders.append(order)
        return order

    # Step 5

    def close(self, closed, bars):
        for order in list(self.entries.values()):
            if order.kind == "limit" and closed >= order.expires_ms:
                self.end_entry(order, "expired")
        for (_, instrument), position in self.positions.items():
            if instrument in bars:
                position.highest = max(position.highest, bars[instrument].high)
        for instrument, bar in bars.items():
            self.mark[instrument] = bar.close
            self.last_closed[instrument] = bar
        self.sample(closed)
        self.judge(closed)
        self.decide(closed, bars)

    def sample(self, closed):
        """risk.md 1: N of one close time, after all its bars."""
        equity = self.equity_now()
        n = half_even(equity / self.units)
        if (closed - 1) // DAY_MS > (self.samples[-1][0] - 1) // DAY_MS:
            self.n_day = self.samples[-1][1]  # a sample at 00:00 still belongs to the day it ends
        self.n_max = max(self.n_max, n)
        self.equity.append(equity)
        self.samples_held += bool(self.positions)
        self.samples.append((closed, n))
        self.since_accepted.append((closed, n))

    def judge(self, closed):
        """risk.md 6: loss limits, daily loss first."""
        if self.emergency:
            if self.emergency_continue and closed == self.next_midnight():
                self.accept_loss(closed)
            return
        n = self.samples[-1][1]
        if n <= self.n_day * (1 - self.daily_loss):
            self.trip_emergency(closed, "max_daily_loss", 1 - n / self.n_day)
        elif 1 - n / self.n_max >= self.max_drawdown:
            self.trip_emergency(closed, "max_drawdown", 1 - n / self.n_max)

    def trip_emergency(self, closed, trigger, value):
        self.emergency = Emergency(closed, trigger, value)
        self.emergencies.append(self.emergency)
        for order in list(self.entries.values()):
            self.end_entry(order, "cancelled")
        if self.flatten:
            for key in self.pairs():
                position = self.positions.get(key)
                if position and not position.exit:
                    self.exit_order(key, position, "flatten", closed, self.arrival(closed))

    def next_midnight(self):
        return (self.emergency.at_ms // DAY_MS + 1) * DAY_MS

    def accept_loss(self, at_ms):
        """--emergency continue: N_max, and with it D and D30, start again at the present N."""
        self.emergency.cleared_ms = at_ms
        self.emergency = None
        self.n_max = self.samples[-1][1]
        self.since_accepted = [(at_ms, self.n_max)]

    def d30(self, now):
        recent = [n for t, n in self.since_accepted if t > now - MONTH_MS]
        return 1 - self.samples[-1][1] / max(recent)

    # Decisions

    def decide(self, closed, bars):
        wishes = []
        for key in self.pairs():
            if key[1] in bars:
                wishes.append((key, bars[key[1]], self.signal(key, closed, bars[key[1]])))
        for key, _, signal in wishes:
            position = self.positions.get(key)
            if not signal or signal["do"] != "SELL" or (position and position.exit):
                continue
            if position:
                self.exit_order(key, position, "signal", closed, self.arrival(closed))
            elif key in self.entries:
                self.end_entry(self.entries[key], "cancelled")
        for key, bar, signal in wishes:
            if signal and signal["do"] != "SELL" and not bar.flagged:
                self.ask_for_entry(key, bar, signal, closed)

    def signal(self, key, closed, bar):
        strategy = self.strategies[key[0]]
        if strategy.kind == "dca":
            return {"do": "BUY", "size": 1} if closed % DAY_MS == 0 else None
        return strategy.signals[key[1]][bar.number - 1]

    def ask_for_entry(self, key, bar, signal, closed):
        position = self.positions.get(key)
        adds = self.strategies[key[0]].kind == "dca"
        if key in self.entries or (position and (not adds or position.exit)):
            return
        size = signal.get("size")
        if size is None or size <= 0:
            return  # strategies.md 4: undefined or <= 0 is no entry
        limit = None
        if signal["do"] == "BUY_LIMIT":
            limit = down(F(signal["price"]), self.instruments[key[1]].tick)
        try:
            quantity, atr = risk.order_size(self, key, bar, signal, limit, closed)
        except risk.Refused as refused:
            self.refusals.append((closed, *key, refused.rule, refused.sentence))
        else:
            self.send_entry(key, quantity, limit, signal, atr, closed)

    def send_entry(self, key, quantity, limit, signal, atr, closed):
        lot = self.instruments[key[1]].lot
        kind = "market" if limit is None else "limit"
        order = Order(closed, self.arrival(closed), *key, "buy", kind, "entry", quantity, limit, atr=atr)
        if limit is not None:
            order.expires_ms = closed + signal["valid_bars"] * self.timeframe_ms
        while self.reservation(order) > self.free():  # only the rounding of the fee can still be missing
            order.quantity -= lot
        order.reserved = self.reservation(order)
        self.orders.append(order)
        self.entries[key] = order
        day = closed // DAY_MS
        self.entries_sent[day] = self.entries_sent.get(day, 0) + 1
        self.assert_conserved()

    # What comes out

    def first_and_last(self):
        end = self.samples[-1][0]
        pairs = []
        for rows in self.bars.values():
            inside = [bar for opened, bar in rows.items() if opened < end]
            if inside:
                pairs.append((inside[0].open, inside[-1].close))
        return pairs

    def answer(self):
        return {
            "fills": [fill_row(*fill) for fill in self.fills],
            "orders": [order_row(order) for order in self.orders],
            "refusals": [
                {"time": t, "strategy": s, "instrument": i, "rule": rule, "text": sentence}
                for t, s, i, rule, sentence in self.refusals
            ],
            "trips": [trip_row(trip) for trip in self.trips],
            "exits": {r: sum(t.reason == r for t in self.trips) for r in sorted({t.reason for t in self.trips})},
            "n": [text(n, 18) for _, n in self.samples[1:]],
            "cash": text(self.cash),
            "positions": [self.position_row(key) for key in self.pairs() if key in self.positions],
            "dust": {i: text(q) for i, q in self.dust.items() if q},
            "emergency": [
                {"time": e.at_ms, "trigger": e.trigger, "value": float(e.value), "cleared": e.cleared_ms}
                for e in self.emergencies
            ],
            "fees": text(self.fees),
            "metrics": metrics.of_run(self),
        }

    def position_row(self, key):
        position = self.positions[key]
        return {"strategy": key[0], "instrument": key[1], "quantity": text(position.quantity),
                "cost": text(position.cost), "waiting": position.exit.cause if position.exit else None}


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--check":
        import goldens

        goldens.check(arguments[1])
    elif len(arguments) == 1:
        with open(arguments[0], encoding="utf-8") as file:
            print(json.dumps(Run(json.load(file)).run().answer(), indent=1))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
