"""A run that notes what happened in it, so that a history can be asked whether it met what it aims at."""

import reference
import risk
from model import DAY_MS, up


class Watched(reference.Run):
    def __init__(self, history):
        super().__init__(history)
        self.seen = set()

    def note(self, condition, *names):
        if condition:
            self.seen.update(names)

    def affordable(self, order, quantity, price, rate):
        fits = super().affordable(order, quantity, price, rate)
        self.note(fits < quantity, "reduced_to_cash")
        return fits

    def buy(self, order, quantity, price, rate, at_ms, bar):
        adds, waiting = order.key in self.positions, order.filled > 0
        super().buy(order, quantity, price, rate, at_ms, bar)
        self.note(order.key not in self.positions, "entry_is_dust")
        self.note(adds and not waiting, "added")
        self.note(waiting, "limit_in_parts")

    def sell(self, position, order, wanted, price, at_ms, bar):
        dust, before = self.dust[order.instrument], order.filled
        same_bar = any(f[0] == at_ms and f[1].side == "sell" and f[1] is not order for f in self.fills)
        super().sell(position, order, wanted, price, at_ms, bar)
        sold = order.filled > before
        self.note(sold and dust > 0, "dust_sold_along")
        self.note(not sold, "exit_without_volume")
        self.note(sold and before > 0, "exit_in_parts", order.cause.rstrip("123") + "_in_parts")
        self.note(sold and same_bar, "several_exits_at_once")
        self.note(order.key not in self.positions and order.filled < order.quantity, "rest_is_dust")
        self.note(at_ms > order.decided_ms + self.latency_ms + self.timeframe_ms, "exit_waited")

    def stop(self, key, position, opened, bar):
        level, cause = self.stop_level(key, position)
        first_bar = position.opened_ms in (opened, opened + self.timeframe_ms)
        tick, goals = self.instruments[key[1]].tick, self.strategies[key[0]].exits.targets[position.targets_done:]
        goal = up(position.average * (1 + goals[0][1]), tick) if goals else None
        hit = super().stop(key, position, opened, bar)
        self.note(hit and bar.open < level, "gap_through_" + cause)
        self.note(hit and first_bar, "stop_in_entry_bar")
        self.note(hit and goal and bar.high > goal, "stop_before_target")
        self.note(hit and position.exit and key in self.positions, "stop_waits")
        return hit

    def targets(self, key, position, opened, bar):
        before, goals = position.targets_done, self.strategies[key[0]].exits.targets[position.targets_done:]
        waits = position.opened_ms <= opened and position.targets_from_ms > opened
        if waits and goals:
            self.note(bar.high > position.average * (1 + goals[0][1]), "target_waits_for_limit")
        super().targets(key, position, opened, bar)
        self.note(position.targets_done > before + 1, "targets_at_once")

    def partial_target(self, key, position, cause, share, level, closed, bar):
        orders = len(self.orders)
        super().partial_target(key, position, cause, share, level, closed, bar)
        order = self.orders[-1]
        if len(self.orders) == orders:
            self.note(True, "target_skipped")
        else:
            self.note(True, "partial_target")
            self.note(order.filled < order.quantity, "target_cut" if order.filled else "target_dropped")

    def end_entry(self, order, state):
        if self.entries.get(order.key) is order:
            self.note(True, f"{order.kind}_{state}" + ("_part" if 0 < order.filled < order.quantity else ""))
        super().end_entry(order, state)

    def send_entry(self, key, quantity, limit, signal, atr, closed):
        d, _ = risk.stop_distance(self, self.strategies[key[0]], key[1], signal)
        wanted = risk.size(self, self.strategies[key[0]], d)
        rule, room, _ = min(risk.rooms(self, key, limit), key=lambda r: r[1])
        self.note(wanted > room, "clipped_" + rule)
        drawdown = 1 - self.samples[-1][1] / self.n_max
        self.note(self.d30(closed) * 10 >= 1, "halved_by_d30")
        self.note(drawdown * 10 >= 1 > self.d30(closed) * 10, "d30_is_over")
        edge = [n for t, n in self.since_accepted if t == closed - reference.MONTH_MS]
        now = self.samples[-1][1]
        self.note(edge and now * 10 <= edge[0] * 9 and self.d30(closed) * 10 < 1, "d30_at_its_edge")
        self.note(bool(self.emergencies), "entry_after_emergency")
        super().send_entry(key, quantity, limit, signal, atr, closed)

    def ask_for_entry(self, key, bar, signal, closed):
        size, position = signal.get("size"), self.positions.get(key)
        idle = key not in self.entries and position is None
        self.note(idle and (size is None or size <= 0), "no_size")
        self.note(idle and size is not None and size > 1, "size_over_1")
        self.note(idle and size is not None and 0 < size < 1e-6, "size_tiny")
        self.note(bool(position and position.exit), "buy_while_exit_waits")
        super().ask_for_entry(key, bar, signal, closed)

    def decide(self, closed, bars):
        for key in self.pairs():
            if key[1] in bars and bars[key[1]].flagged:
                wish = self.signal(key, closed, bars[key[1]])
                self.note(wish and wish["do"] != "SELL", "flagged_buy")
                self.note(wish and wish["do"] == "SELL" and key in self.positions, "flagged_sell")
        super().decide(closed, bars)

    def trip_emergency(self, closed, trigger, value):
        self.note(bool(self.positions), trigger + "_while_held")
        self.note(bool(self.entries), "emergency_cancels")
        self.note(closed % DAY_MS == 0, "emergency_at_midnight")
        super().trip_emergency(closed, trigger, value)

    def accept_loss(self, at_ms):
        self.note(self.samples[-1][0] < at_ms, "accepted_in_a_gap")
        deep = self.samples[-1][1] * 10 <= self.n_max * 9
        self.note(deep and self.emergency.trigger == "max_daily_loss", "daily_loss_accepted_deep")
        super().accept_loss(at_ms)

    def run(self):
        super().run()
        self.seen.update("refused_" + refusal[3] for refusal in self.refusals)
        self.seen.update("undefined_" + r[3] for r in self.refusals if r[4].startswith("risk_undefined"))
        self.seen.update("trip_" + trip.reason for trip in self.trips)
        self.seen.update(f[1].cause for f in self.fills)
        self.seen.update(e.trigger for e in self.emergencies)
        lost = [t for t, n in self.samples if n <= 1 - self.daily_loss]
        tripped = self.emergencies[0].at_ms if self.emergencies else lost[-1] + 1 if lost else 0
        self.note(any(t < tripped for t in lost), "loss_split_by_midnight")
        self.note(not self.trips, "no_trip")
        self.note(not self.fills, "no_fill")
        self.note(len(self.trips) > 2, "three_trips")
        self.note(any(p.exit for p in self.positions.values()), "exit_waits_at_the_end")
        self.note(bool(self.entries), "entry_open_at_the_end")
        return self
