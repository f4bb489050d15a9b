"""Writes histories of one wallet and the rises that the advisor must find in them, as growth.json beside this script.

    python3 growth.py            # plain Python >= 3.9, no packages, some seconds

A reference for the rule that every rise must be explained (docs/decisions.md), written from its words alone:
everything is computed anew wherever it is needed, nothing is kept but m and the samples of rises taken back.
The file is the same to the byte on every run: only +, -, *, / and random.Random with fixed seeds are used.

Times are nanoseconds since the epoch. Amounts of the random histories are multiples of 1/1024, so that levels are
exact whatever the order of summing: where c_i = c_m it is so in every implementation.
"""

import json
import random
from pathlib import Path

HERE = Path(__file__).parent
HOUR = 3600 * 10**9
DAY = 24 * HOUR
YEAR = 365.25 * DAY
FIRST = 1_700_000_000 * 10**9

# ---------------------------------------------------------------------------------------------- the rule


def lower_median(values):
    return sorted(values)[(len(values) - 1) // 2]


class Wallet:
    def __init__(self, case):
        self.t = [ts for ts, _ in case["samples"]]
        self.u = [units for _, units in case["samples"]]
        self.flows = case["flows"]
        self.max_supply_apy = case["max_supply_apy"]
        self.lag = case["flow_lag_hours"] * HOUR
        self.w = 2.5 * self.lag
        self.amounts_in_usd = case["amounts_in_usd"]
        self.c = [self.level(i) for i in range(len(self.t))]
        self.aside = set()  # samples of rises taken back

    def sum_of(self, direction, after, until):
        """Flows of a direction effective in (after, until]."""
        return sum(units for ts, kind, units in self.flows if kind == direction and after < ts <= until)

    def level(self, i):
        deposits = self.sum_of("deposit", self.t[0], self.t[i])
        withdrawals = self.sum_of("withdrawal", self.t[0], self.t[i])
        return self.u[i] - deposits + withdrawals

    def highest(self, m, last):
        return max(self.u[j] for j in range(m, last + 1) if j not in self.aside)

    def base(self, m, i, last):
        """With the highest u of [m, last]; last is i - 1, but where a later sample k is tested for the rise at i."""
        return self.highest(m, last) + self.sum_of("deposit", self.t[m], self.t[i])

    def recent_deposits(self, m, i):
        """Those of (t_m, t_i] that lie in [t_i - flow_lag_hours, t_i]."""
        return sum(
            units
            for ts, kind, units in self.flows
            if kind == "deposit" and self.t[m] < ts <= self.t[i] and ts >= self.t[i] - self.lag
        )

    def limit(self, m, i, last):
        """E(m, i)"""
        span = min(self.t[i] - self.t[m], max(7 * DAY, self.t[i] - self.t[i - 1]))
        earning = self.highest(m, last) + self.recent_deposits(m, i)
        interest = earning * self.max_supply_apy * span / YEAR
        rounding = 0.0005 * max(self.base(m, i, last), self.u[i]) + 1e-6
        pricing = 0.0
        if self.amounts_in_usd:
            moved = self.sum_of("deposit", self.t[m], self.t[i]) + self.sum_of("withdrawal", self.t[m], self.t[i])
            pricing = 0.02 * moved
        return interest + rounding + pricing

    def median_before(self, i, k):
        """A"""
        return lower_median([self.c[j] for j in range(i, k) if self.t[j] >= self.t[k - 1] - self.w])

    def median_from(self, k):
        """B"""
        later = range(k, len(self.t))
        return lower_median([self.c[j] for j in later if self.t[j] <= self.t[k] + self.w or j == k + 1])

    def falls_back(self, m, i, k):
        before, after = self.median_before(i, k), self.median_from(k)
        allowed = self.c[m] + self.limit(m, k, i - 1)
        return before - after >= (self.c[i] - self.c[m]) / 2 and self.c[k] <= allowed and after <= allowed

    def taken_back_at(self, m, i):
        for k in range(i + 1, len(self.t)):
            if self.falls_back(m, i, k):
                return k
        return None

    def found(self, m, i):
        amount = min(self.c[i:]) - self.c[m]
        rise = self.c[i] - self.c[m]
        return {
            "from": m,
            "at": i,
            "rise": rise,
            "amount": amount if amount > 0 else rise,
            "limit": self.limit(m, i, i - 1),
        }

    def fall(self, m):
        newest = len(self.t) - 1
        if m == newest:
            return None
        last = [self.c[j] for j in range(newest + 1) if self.t[j] >= self.t[newest] - self.w]
        fall = self.c[m] - lower_median(last)
        return fall if fall > 0.0005 * self.base(m, newest, newest - 1) else None

    def walk(self):
        rises, taken_back = [], []
        m, i = 0, 1
        while i < len(self.t):
            if self.c[i] <= self.c[m]:
                i += 1
                continue
            if self.c[i] - self.c[m] > self.limit(m, i, i - 1):
                k = self.taken_back_at(m, i)
                if k is not None:
                    taken_back.append([i, k])
                    self.aside.update(range(i, k))
                    i = k
                    continue
                rises.append(self.found(m, i))
            m = i
            i += 1
        return {
            "rises": rises,
            "taken_back": taken_back,
            "fall": self.fall(m),
            "explained_growth": self.c[-1] - self.c[0],
        }


# ---------------------------------------------------------------------------------------------- made by hand

HAND = []


def hand(name, samples, flows=(), *, apy=1.461, lag=6.0, usd=False, rises=(), taken_back=(), fall=None, growth=None):
    """Hours after FIRST and units. apy 1.461 is 0.4 % a day, so E from 1000 units is 1/6 an hour, 4 a day, 28 in 7 d,
    and 0.5 (5 bps) and 1e-6 on top. rises: (from, at, rise, amount, limit), reckoned by hand to six decimals; what is
    given here is compared with what the rule says, and a difference stops the script."""
    case = {
        "name": name,
        "max_supply_apy": apy,
        "flow_lag_hours": lag,
        "amounts_in_usd": usd,
        "samples": [[FIRST + round(hours * HOUR), float(units)] for hours, units in samples],
        "flows": [[FIRST + round(hours * HOUR), kind, float(units)] for hours, kind, units in flows],
    }
    HAND.append((case, {"rises": rises, "taken_back": taken_back, "fall": fall, "growth": growth}))


def runs(*pairs, pace=1):
    """runs((3, 1000), (2, 1500)): five samples at hours 0 to 4 (days, with pace=24)."""
    values = [value for count, value in pairs for _ in range(count)]
    return [(n * pace, value) for n, value in enumerate(values)]


def by_hand():
    # Verified by hand: each step 0.0625 < 1/6 + 0.5. m is the newest sample at the end: no fall.
    hand("interest only, hourly", [(n, 1000 + n / 16) for n in range(12)], growth=11 / 16)
    # Verified by hand: each step 1.125 (41 % a year) < 4 + 0.5.
    hand("interest only, daily", [(24 * n, 1000 + 1.125 * n) for n in range(12)], growth=12.375)
    # Verified by hand: flat, so m = 0; E(0, 4) = 4/6 + 5 bps of u_4 1500 (0.75) + 1e-6. m = 4 after it, and flat.
    hand("a deposit missing, hourly", runs((4, 1000), (8, 1500)), rises=[(0, 4, 500, 500, 1.416668)], growth=500)
    # Verified by hand: E(0, 3) = 12 + 0.75 + 1e-6; the lowest level from 3 on is 1480.
    hand(
        "a deposit missing, daily, then a small fall",
        runs((3, 1000), (3, 1500), (3, 1480), pace=24),
        rises=[(0, 3, 500, 480, 12.750001)],
        fall=20,  # median of the last sample alone (w 15 h): 1480 against c_3 1500
        growth=480,
    )
    # Verified by hand, six cases: high from the sample after the deposit to the one before its record. At k A is
    # c_m + 500 and B c_m; the level is back at c_m, so nothing rises after it and the fall is 0.
    hand(
        "a deposit 7 h late, hourly",
        runs((10, 1000), (30, 1500)),
        [(16.5, "deposit", 500)],
        taken_back=[(10, 17)],
        growth=0,
    )
    hand(
        "a deposit 24 h late, hourly",
        runs((10, 1000), (50, 1500)),
        [(33.5, "deposit", 500)],
        taken_back=[(10, 34)],
        growth=0,
    )
    hand(
        "a deposit 72 h late, hourly",
        runs((10, 1000), (90, 1500)),
        [(81.5, "deposit", 500)],
        taken_back=[(10, 82)],
        growth=0,
    )
    hand(
        "a deposit 7 h late, daily",
        runs((3, 1000), (6, 1500), pace=24),
        [(76, "deposit", 500)],
        taken_back=[(3, 4)],
        growth=0,
    )
    hand(
        "a deposit 24 h late, daily",
        runs((3, 1000), (6, 1500), pace=24),
        [(94, "deposit", 500)],
        taken_back=[(3, 4)],
        growth=0,
    )
    hand(
        "a deposit 72 h late, daily",
        runs((3, 1000), (6, 1500), pace=24),
        [(142, "deposit", 500)],
        taken_back=[(3, 6)],
        growth=0,
    )
    # Verified by hand: the level falls by 500 at 4 and is back at 10.
    hand("a deposit 6 h early, hourly", runs((10, 1000), (10, 1500)), [(3.5, "deposit", 500)], growth=0)
    # Verified by hand: level 1400 at 5 to 10, 1000 before and after.
    hand(
        "a withdrawal 6 h early, hourly",
        runs((11, 1000), (20, 600)),
        [(4.5, "withdrawal", 400)],
        taken_back=[(5, 11)],
        growth=0,
    )
    # Verified by hand: the level stays 1000.
    hand("the whole balance withdrawn, exact", runs((5, 1000), (5, 0)), [(4.5, "withdrawal", 1000)], growth=0)
    # Verified by hand: 1000.015625 at 5 (E(0, 5) = 5/6 + 0.5), then m = 5 with a base of 0.015625, and flat.
    # The last 15 h are all ten samples, five of each level, the lower median 1000: a fall of the dust, from a tiny base.
    hand(
        "the whole balance withdrawn, rounded up",
        runs((5, 1000), (5, 0.015625)),
        [(4.5, "withdrawal", 1000)],
        fall=0.015625,
        growth=0.015625,
    )
    # Verified by hand: the same, twenty samples: the last 16 are 4 to 19, the lower median (the eighth) 1000.015625.
    hand(
        "the whole balance withdrawn, rounded up, later",
        runs((5, 1000), (15, 0.015625)),
        [(4.5, "withdrawal", 1000)],
        growth=0.015625,
    )
    # Verified by hand: levels 1000, 1000.0625 ... 1000.5 at 8 and on, m = 8, base 0. Samples 0 to 9 are within 15 h: the
    # fifth level is 1000.25: a fall of 0.25 in an honest history.
    hand(
        "interest, then the whole balance withdrawn",
        [(n, 1000 + n / 16) for n in range(8)] + [(8, 0), (9, 0)],
        [(7.9, "withdrawal", 1000.5)],
        fall=0.25,
        growth=0.5,
    )
    # Verified by hand: from 5 to 11 the level is 0.25; at 12 1000.25, E(0, 12) = 2 + 0.5 from the highest u, 1000.
    # From u of the sample before (0.25) it would be a rise. Of the last 15 h (9 to 24) three samples are low: no fall.
    hand(
        "the whole balance withdrawn, 7 h late, a dust rest",
        runs((5, 1000), (20, 0.25)),
        [(11.5, "withdrawal", 1000)],
        growth=0.25,
    )
    # Verified by hand: level 2000 at 5 to 9 while 1000 units are still there, 1000 from 10 on.
    hand(
        "the whole balance withdrawn, 5 h early",
        runs((10, 1000), (20, 0)),
        [(4.5, "withdrawal", 1000)],
        taken_back=[(5, 10)],
        growth=0,
    )
    # Verified by hand: k = 6, A 3000, B 1000.
    hand("a wrong high sample", runs((5, 1000), (1, 3000), (10, 1000)), taken_back=[(5, 6)], growth=0)
    # Verified by hand: never above c_m.
    hand("a wrong low sample", runs((5, 1000), (1, 0), (10, 1000)), growth=0)
    # Verified by hand: 6 is still too high to be k; at 7 A is the lower of 3000 and 2000: 2000 - 1000 = half of 2000.
    hand(
        "two wrong samples, the second half as wrong",
        runs((5, 1000), (1, 3000), (1, 2000), (10, 1000)),
        taken_back=[(5, 7)],
        growth=0,
    )
    # Verified by hand: at 7 A - B is 998, at 8 (3000, 1998, 1000) too, later 0; 1000 is needed. Nothing is left of the
    # rise, so the amount is the rise. E(0, 5) = 5/6 + 1.5 + 1e-6. At the end c_m = 3000, fall 2000.
    hand(
        "two wrong samples, the second less than half as wrong",
        runs((5, 1000), (1, 3000), (1, 1998), (10, 1000)),
        rises=[(0, 5, 2000, 2000, 2.333334)],
        fall=2000,
        growth=0,
    )
    # Verified by hand: the same with honest flows. 600 and 400 arrive together and are recorded 1 and 7 h late:
    # level 2000, 1400 six times, 1000. At 12 A is 1400, 400 < 500; E(0, 5) = 5/6 + 1 + 1e-6; c_m 2000 at the end.
    hand(
        "two deposits at once, 1 and 7 h late",
        runs((5, 1000), (20, 2000)),
        [(5.5, "deposit", 600), (11.5, "deposit", 400)],
        rises=[(0, 5, 1000, 1000, 1.833334)],
        fall=1000,
        growth=0,
    )
    # Verified by hand: m = 0 (flat at 1000), E(0, 301) = 28 + 0.5 + 1e-6 from the 1000 of day 0.
    hand(
        "a deposit missing into a wallet empty for 300 days",
        runs((1, 1000), (300, 0), (4, 500), pace=24),
        [(12, "withdrawal", 1000)],
        rises=[(0, 301, 500, 500, 28.500001)],
        growth=500,
    )
    # Verified by hand: m = 2 with u 0 (a rise of 0.25 at each of 1 and 2), so E(2, 32) is 5 bps of u_32: 0.0125.
    hand(
        "a small deposit missing into a wallet empty for 300 days, samples every 10 days",
        [(0, 1000), (24, 1000.25), (48, 0)] + [(48 + 240 * n, 0) for n in range(1, 30)] + [(7248, 25), (7272, 25)],
        [(36, "withdrawal", 1000.5)],
        rises=[(2, 32, 25, 25, 0.012501)],
        growth=25.5,
    )
    # Verified by hand, two cases: E(0, 120) is 28 + 5 bps of u (0.51 and 0.52) + 1e-6, the month counts as 7 d.
    hand("2 % missing after a flat month", [(6 * n, 1000) for n in range(120)] + [(720, 1020), (726, 1020)], growth=20)
    hand(
        "4 % missing after a flat month",
        [(6 * n, 1000) for n in range(120)] + [(720, 1040), (726, 1040)],
        rises=[(0, 120, 40, 40, 28.520001)],
        growth=40,
    )
    # Verified by hand: levels 1000, 700, 900: never above. Last 15 h: 5 times 700, 11 times 900, the lower median 900.
    hand("a smaller deposit missing after a missing withdrawal", runs((5, 1000), (5, 700), (11, 900)), fall=100, growth=-100)
    # Verified by hand: E(0, 10) = 10/6 + 0.55 + 1e-6; only what lies above c_m is a rise.
    hand(
        "a greater deposit missing after a missing withdrawal",
        runs((5, 1000), (5, 700), (11, 1100)),
        rises=[(0, 10, 100, 100, 2.216668)],
        growth=100,
    )
    # Verified by hand: 100000 is aside, so E(0, 20) = 20/6 + 5 bps of u_20 1050 (0.525) + 1e-6.
    hand(
        "a deposit missing into a flat wallet after a wrong high sample",
        runs((5, 1000), (1, 100000), (14, 1000), (10, 1050)),
        rises=[(0, 20, 50, 50, 3.858334)],
        taken_back=[(5, 6)],
        growth=50,
    )
    # Verified by hand: sooner. At 6 B (6 to 21: four times 1000, then 1050) is 1050, more than E(0, 6) = 1.5 above; from
    # 7 on A is no longer 100000. So the wrong sample is the rise, E(0, 5) = 5/6 + 50 + 1e-6, its amount the lowest level
    # from 5 on, 1000, so the rise itself, and m = 5 hides the deposit. Fall: 100000 - 1050.
    hand(
        "a deposit missing into a flat wallet soon after a wrong high sample",
        runs((5, 1000), (1, 100000), (4, 1000), (12, 1050)),
        rises=[(0, 5, 99000, 99000, 50.833334)],
        fall=98950,
        growth=50,
    )
    # Verified by hand: 500 missing at 5, 600 at 8 recorded at 20. For 5 no k: the level stays above 1500.
    # E(0, 5) = 5/6 + 0.75 + 1e-6. Then m = 5, and 2100 at 8 is back at 1500 at 20.
    hand(
        "a deposit missing before a deposit that is 12 h late",
        runs((5, 1000), (3, 1500), (32, 2100)),
        [(19.5, "deposit", 600)],
        rises=[(0, 5, 500, 500, 1.583334)],
        taken_back=[(8, 20)],
        growth=500,
    )
    # Verified by hand: the other order. 600 at 5 (recorded at 20), 500 missing at 8: levels 1000, 1600, 2100, 1500.
    # E(0, 5) = 5/6 + 0.8 + 1e-6; 500 are left. Then m = 5 (1600): 2100 at 8 is taken back at 20 (1500 < 1600). Fall 100.
    hand(
        "a deposit missing after a deposit that is 15 h late came in",
        runs((5, 1000), (3, 1600), (32, 2100)),
        [(19.5, "deposit", 600)],
        rises=[(0, 5, 600, 500, 1.633334)],
        taken_back=[(8, 20)],
        fall=100,
        growth=500,
    )
    # Verified by hand: E(0, 7) = 7/6 + 0.625 + 1e-6, no later sample.
    hand("a deposit missing at the newest sample", runs((7, 1000), (1, 1250)), rises=[(0, 7, 250, 250, 1.791668)], growth=250)
    # Verified by hand: B is the newest sample alone.
    hand(
        "a late deposit recorded at the newest sample",
        runs((7, 1000), (4, 1250)),
        [(10, "deposit", 250)],
        taken_back=[(7, 10)],
        growth=0,
    )
    # Verified by hand: level 1300 from 5 on; E(0, 5) = 5/6 + 0.5 + 1e-6 (u_5 700 is below base).
    hand(
        "a doubled withdrawal",
        runs((5, 1000), (20, 700)),
        [(4.5, "withdrawal", 300), (4.6, "withdrawal", 300)],
        rises=[(0, 5, 300, 300, 1.333334)],
        growth=300,
    )
    # Verified by hand: 700 + 3e8 - 1000; E as before.
    hand(
        "a withdrawal in base units",
        runs((5, 1000), (20, 700)),
        [(4.5, "withdrawal", 300e6)],
        rises=[(0, 5, 299999700, 299999700, 1.333334)],
        growth=299999700,
    )
    # Verified by hand: a gap of 9 d counts whole: 36 + 5 bps of u_11. 36.5 is within (36.51825), 37.5 not: E 36 + 0.51875.
    flat = [(24 * n, 1000) for n in range(11)]
    hand("a gap of 9 days, just explained", flat + [(456, 1036.5), (480, 1036.5)], growth=36.5)
    hand(
        "a gap of 9 days, not explained",
        flat + [(456, 1037.5), (480, 1037.5)],
        rises=[(0, 11, 37.5, 37.5, 36.518751)],
        growth=37.5,
    )
    # Verified by hand: 1000 paid into an empty wallet 5 d 23 h before the next sample: older than the lag, so only 5 bps
    # of u_1 (0.5005) are allowed. 1 is 6 % a year: an honest history.
    hand(
        "a deposit into an empty wallet, then a gap of days",
        [(0, 0), (144, 1001), (168, 1001.125)],
        [(1, "deposit", 1000)],
        rises=[(0, 1, 1, 1, 0.500501)],
        growth=1.125,
    )
    # Verified by hand: levels 1000, 1000.125, 1000.25, 1000.375 (deposit of 200 between), 1000.5; then 77.125 are missing.
    # m = 4, 49 min = 0.816667 h: base 1200.5: 1200.5/6000 * 0.816667 = 0.163401; 5 bps of 1277.75 = 0.638875; 1e-6.
    # The last 15 h are all seven samples, the lower median (the fourth) 1000.375, m = 5 at 1077.75: a fall of 77.375.
    hand(
        "unaligned times",
        [(0, 1000), (0.75, 1000.125), (2.1, 1000.25), (2.95, 1200.375), (4.25, 1200.5), (4.25 + 49 / 60, 1277.75), (6.3, 1277.75)],
        [(2.75, "deposit", 200)],
        rises=[(4, 5, 77.25, 77.25, 0.802277)],
        fall=77.375,
        growth=77.75,
    )
    # Verified by hand, two cases: level 1005 from 5 on. In USD E(0, 5) = (1000 + 995)/6000 * 5 + 1 + 1e-6 + 19.9, without
    # 19.9 it is 2.662501: base is 1995, u_5 2000.
    off = runs((5, 1000), (20, 2000))
    hand("a deposit in USD, price 0.5 % off", off, [(4.5, "deposit", 995)], usd=True, growth=5)
    hand(
        "a deposit in units, 0.5 % too small",
        off,
        [(4.5, "deposit", 995)],
        rises=[(0, 5, 5, 5, 2.662501)],
        growth=5,
    )
    # Verified by hand: 0.625 an hour < 1/6 + 0.5.
    hand("a drip below the limit", [(n, 1000 + n * 0.625) for n in range(24)], growth=14.375)
    # Verified by hand: 0.6875 an hour > 0.66667 + 5 bps of the growth (0.6673 at the last): each a rise of its own.
    # E(n, n+1) = u_n/6000 + u_n+1/2000 + 1e-6.
    hand(
        "a drip above the limit",
        [(n, 1000 + n * 0.6875) for n in range(4)],
        rises=[(0, 1, 0.6875, 0.6875, 0.667011), (1, 2, 0.6875, 0.6875, 0.66747), (2, 3, 0.6875, 0.6875, 0.667928)],
        growth=2.0625,
    )
    # Verified by hand, two cases: base 0, E = 0.0005 u + 1e-6, u = 1e-6 / 0.9995: equal to the last bit, and a bit above.
    # (From zero: nothing else in E can round, whatever the order of its terms.)
    hand("a rise exactly at the limit, from zero", [(0, 0), (1, EXACT), (2, EXACT)], growth=EXACT)
    hand(
        "a rise one bit above the limit, from zero",
        [(0, 0), (1, ABOVE), (2, ABOVE)],
        rises=[(0, 1, ABOVE, ABOVE, EXACT)],
        growth=ABOVE,
    )
    # Verified by hand, two cases: x = 1/6 + 0.0005 (1000 + x) + 1e-6, x = 0.666667666667 / 0.9995 = 0.667001167250292;
    # a billionth below and above.
    hand("a rise at the limit", [(0, 1000), (1, 1000.66700116625), (2, 1000.66700116625)], growth=0.66700116625)
    hand(
        "a rise just above the limit",
        [(0, 1000), (1, 1000.66700116825), (2, 1000.66700116825)],
        rises=[(0, 1, 0.667001, 0.667001, 0.667001)],
        growth=0.66700116825,
    )
    # Verified by hand: the deposit at 5 and the withdrawal at 8 count from these very samples on.
    hand(
        "flows effective exactly on sample times",
        runs((5, 1000), (3, 1500), (5, 1200)),
        [(5, "deposit", 500), (8, "withdrawal", 300)],
        growth=0,
    )
    # Verified by hand: levels 1000, 1000, 1001, 1001. m = 0 (flat) at 2, highest u 1500 (sample 1), and the deposit of
    # the last 6 h once more: E(0, 2) = 2000/6000 * 2 + 5 bps of 2000 + 1e-6 = 1.666668. m = 2, median 1000, fall 1 > 0.75.
    hand(
        "a deposit exactly at a sample, then more interest",
        [(0, 1000), (1, 1500), (2, 1501), (3, 1501)],
        [(1, "deposit", 500)],
        fall=1,
        growth=1,
    )
    # Verified by hand: the same with m = 1 (0.25 at 1): the deposit at t_m is not in (t_m, t_2]; it is in u_1.
    # E(1, 2) = 1500.25/6000 + 5 bps of 1501.375 (0.7506875) + 1e-6 = 1.000730 < 1.125. Fall: 1001.375 - 1000.25.
    hand(
        "a deposit exactly at m",
        [(0, 1000), (1, 1500.25), (2, 1501.375), (3, 1501.375)],
        [(1, "deposit", 500)],
        rises=[(1, 2, 1.125, 1.125, 1.000730)],
        fall=1.125,
        growth=1.375,
    )
    # Verified by hand: 20 are missing at day 1 (E 4.51); day 6 is wrong and low. At 5 B is the lower of days 5 and 6 (0),
    # and c_5 = 1020 is within E(0, 5) = 20.51 (at 4 it is not: 16.51): taken back at 5, where E explains the same 20.
    hand(
        "2 % missing, then a wrong low sample, daily",
        runs((1, 1000), (5, 1020), (1, 0), (5, 1020), pace=24),
        taken_back=[(1, 5)],
        growth=20,
    )
    # Verified by hand: the same where the low sample comes on day 3: at 2 c is too high (E(0, 2) = 8.51), at 3 the lower of
    # 0 and 1020 is B. Taken back at 3; on day 4 E(0, 4) is 16 + 0.51: the rise is found again.
    hand(
        "2 % missing, soon a wrong low sample, daily",
        runs((1, 1000), (2, 1020), (1, 0), (5, 1020), pace=24),
        rises=[(0, 4, 20, 20, 16.510001)],
        taken_back=[(1, 3)],
        growth=20,
    )
    # Verified by hand: hourly, honest flows but for 20 missing at 10; 500 withdrawn at 240, recorded 9 h late. At 232 A is
    # 1020, B (232 to 247: the last eight of sixteen are 520) 520, and E(0, 232) = 28 + 0.51: taken back, and explained.
    hand(
        "2 % missing, 10 days later a withdrawal 9 h late, hourly",
        runs((10, 1000), (230, 1020), (30, 520)),
        [(248.5, "withdrawal", 500)],
        taken_back=[(10, 232)],
        growth=20,
    )
    # Verified by hand: without the wrong sample.
    hand(
        "2 % missing, daily",
        runs((1, 1000), (11, 1020), pace=24),
        rises=[(0, 1, 20, 20, 4.510001)],
        growth=20,
    )
    # Verified by hand: w = 0, so A is sample 5 and B the lower of 6 and 7 (1400 and 1000): not back at 6 (c_6 too high),
    # at 7 A is c_6: 400 < 500; never. With lag 0 every half-way sample is a rise. E(0, 5) = 5/6 + 1 + 1e-6.
    hand(
        "no lag: a fall in two steps",
        runs((5, 1000), (1, 2000), (1, 1400), (5, 1000)),
        lag=0.0,
        rises=[(0, 5, 1000, 1000, 1.833334)],
        fall=1000,
        growth=0,
    )
    # Verified by hand, w = 5 h: at 12 A is the lower median of 6 to 11 (three times 1400, three times 2000): 1400, and 400
    # is not half of 1000; without sample 6, exactly w before, it would be 2000. At 13 and 14 A is 1400, then 1000.
    hand(
        "a window's first sample exactly w before",
        runs((5, 1000), (1, 2000), (3, 1400), (3, 2000), (10, 1000)),
        lag=2.0,
        rises=[(0, 5, 1000, 1000, 1.833334)],
        fall=1000,
        growth=0,
    )
    # Verified by hand, two cases: E(0, 1) = 1200/6000 * 8 + 5 bps of u_1 1201.5 (0.60075) + 1e-6 where the deposit lies
    # exactly 6 h before the sample; without the first term where it lies 36 s more before it.
    hand("a deposit exactly the lag before a sample", [(0, 0), (8, 1201.5)], [(2, "deposit", 1200)], growth=1.5)
    hand(
        "a deposit a little more than the lag before a sample",
        [(0, 0), (8, 1201.5)],
        [(1.99, "deposit", 1200)],
        rises=[(0, 1, 1.5, 1.5, 0.600751)],
        growth=1.5,
    )
    # Verified by hand: at 10 c is 0.625; E(0, 10) = (0 + 1000)/6000 * 10 + 0.5003 + 1e-6 from the deposit of 9.5 alone.
    hand(
        "a deposit into an empty wallet, 5 h late, with interest",
        [(n, 0) for n in range(5)] + [(n, 1000 + (n - 5) / 8) for n in range(5, 31)],
        [(9.5, "deposit", 1000)],
        taken_back=[(5, 10)],
        growth=3.125,
    )
    # Verified by hand: level 1000.25 from 8 on, explained: m = 8. 100 are missing at 24 (B of 8 to 23 is 1000.25):
    # E(8, 24) = 1500.25/6000 * 16 = 4.000667; 5 bps of 1600.25 = 0.800125; 1e-6.
    hand(
        "sample k itself is taken next",
        runs((5, 1000), (3, 1500), (16, 1500.25), (20, 1600.25)),
        [(7.5, "deposit", 500)],
        rises=[(8, 24, 100, 100, 4.800793)],
        taken_back=[(5, 8)],
        growth=100.25,
    )
    # Verified by hand: m = 1 (1000.5), level 999.25 from 2 on. 1.25 is less than 5 bps of 1999.25 + 1000 (1.4996).
    hand("a fall within 5 bps of base", runs((1, 1000), (1, 1000.5), (20, 1999.25)), [(1.5, "deposit", 1000)], growth=-0.75)
    # Verified by hand, honest: each deposit 5 h late. Levels: 2000 (5 to 9), 1000, 1100 (11 to 15), 1000, 1100 (17 to 21),
    # 1000. At 10 B (10 to 25: ten times 1100) is 1100; at 16 and 22 A is 1100, 100 < 500. E(0, 5) = 5/6 + 1 + 1e-6.
    hand(
        "three deposits within 15 h, each 5 h late",
        runs((5, 1000), (6, 2000), (6, 2100), (29, 2200)),
        [(9.5, "deposit", 1000), (15.5, "deposit", 100), (21.5, "deposit", 100)],
        rises=[(0, 5, 1000, 1000, 1.833334)],
        fall=1000,
        growth=0,
    )
    # Verified by hand: 50 missing at 5, 25 gone at 180: 1050 - 1025 is half, and E(0, 180) = 28 + 0.5125: 25 are left.
    hand(
        "5 % missing, a week later half of it gone",
        runs((5, 1000), (175, 1050), (20, 1025)),
        taken_back=[(5, 180)],
        growth=25,
    )
    # Verified by hand: level 1000 to day 30, m = 0. E(0, 31) = 28 + 5 bps of (1000 + 30000) (15.5) + 2 % of 60000 (1200).
    hand(
        "half the balance missing after a month of daily flows in USD",
        runs((31, 1000), (2, 1500), pace=24),
        [(24 * n + hour, kind, 1000) for n in range(30) for hour, kind in ((6, "deposit"), (9, "withdrawal"))],
        usd=True,
        growth=500,
    )
    # Verified by hand: E(0, 51) = 28 + 0.5 from the 1000 of day 0.
    hand(
        "2.8 % of the former balance missing into a wallet empty for 300 days",
        runs((1, 1000), (50, 0), (4, 28), pace=144),
        [(12, "withdrawal", 1000)],
        growth=28,
    )
    # Verified by hand: level 700 from 5 on.
    hand("a missing withdrawal", runs((5, 1000), (30, 700)), fall=300, growth=-300)


def fixed_point():
    """u = 0.0005 u + 1e-6 in floats, and the next float."""
    u = 1e-6 / 0.9995
    for _ in range(9):
        u = 0.0005 * u + 1e-6
    bit = u
    while u + bit / 2 != u:
        bit /= 2
    return u, u + bit


EXACT, ABOVE = fixed_point()


def check(case, expected, answer):
    def near(a, b):
        return a == b or (a is not None and b is not None and abs(a - b) <= 6e-7)

    rises = [tuple(rise.values()) for rise in answer["rises"]]
    same = len(rises) == len(expected["rises"])
    same = same and all(near(a, b) for one, other in zip(rises, expected["rises"]) for a, b in zip(one, other))
    same = same and [tuple(pair) for pair in answer["taken_back"]] == list(expected["taken_back"])
    same = same and near(answer["fall"], expected["fall"]) and near(answer["explained_growth"], expected["growth"])
    if not same:
        raise SystemExit(f"{case['name']}: {answer} is not {expected}")


# ---------------------------------------------------------------------------------------------- random

RANDOM = 40


def grain(value):
    return round(value * 1024) / 1024


def some_times(rng, count):
    pace = rng.choice(["hourly", "daily", "mixed"])
    jitter = rng.random() < 0.4  # samples not on the hour
    times, now = [], FIRST + rng.randrange(0, 50_000_000) * 10**9
    for _ in range(count):
        if not times or rng.random() >= 0.05:  # 5 % are missing
            times.append(now + (rng.randrange(0, 1200) * 10**9 if jitter else 0))
        step = {"hourly": HOUR, "daily": DAY}.get(pace) or rng.choice([HOUR, HOUR, HOUR, 6 * HOUR, DAY])
        now += step
        if pace == "mixed" and rng.random() < 0.01:
            now += rng.randrange(1, 12) * DAY
    return pace, times


def some_flows(rng, times, count):
    """(true time, recorded time or None, direction, share of the balance, how often it is recorded)"""
    shift = rng.choice([0, 2, 6, 24, 72])
    flows = []
    for _ in range(count):
        true = rng.randrange(times[0] + 1, times[-1] + 1)
        if rng.random() < 0.25:
            true = rng.choice(times[1:])
        record = true + round(rng.uniform(-shift, shift) * HOUR)
        if rng.random() < 0.25:
            record = min(times, key=lambda ts: abs(ts - record))
        direction = rng.choice(["deposit", "withdrawal"])
        if direction == "deposit":
            share, copies = rng.choice([0.02, 0.1, 0.5, 1.0]) * rng.uniform(0.5, 1.5), 1
            if rng.random() < 0.25:
                copies = 0
        else:
            share = 1.0 if rng.random() < 0.15 else rng.uniform(0.01, 0.7)
            copies = 2 if rng.random() < 0.15 else 1
        flows.append((true, record, direction, share, copies))
    return sorted(flows)


def history(index):
    rng = random.Random(20260129 * 1000 + index)
    pace, times = some_times(rng, rng.randrange(32, 300) if index % 4 == 0 else rng.randrange(32, 160))
    planned = some_flows(rng, times, rng.randrange(0, 9))
    rate = rng.choice([0.0, 0.0, 0.02, 0.05, 0.15, 0.4]) * rng.uniform(0.7, 1.0)
    size = rng.choice([100.0, 5000.0, 250_000.0])
    usd = rng.random() < 0.3
    balance, now, samples, flows = size, times[0], [], []
    events = [(true, 0, flow) for flow in planned for true in [flow[0]]] + [(ts, 1, None) for ts in times]
    for ts, _, flow in sorted(events, key=lambda event: event[:2]):
        balance *= 1 + rate * (ts - now) / YEAR
        now = ts
        if flow is None:
            samples.append([ts, grain(balance)])
            continue
        _, record, direction, share, copies = flow
        amount = grain(share * (size if direction == "deposit" else balance))
        if amount == 0:
            continue
        balance = max(balance + (amount if direction == "deposit" else -amount), 0.0)
        units = grain(amount * rng.uniform(0.995, 1.005)) if usd else amount
        if times[0] < record <= times[-1]:
            flows += [[record, direction, units]] * copies
    if rng.random() < 0.25:
        samples[rng.randrange(1, len(samples))][1] = grain(size * rng.choice([0.0, 0.5, 1.7, 40.0]))
    return {
        "name": f"random {index}: {pace}, {round(100 * rate)} % a year",
        "max_supply_apy": rng.choice([1.5, 1.5, 1.5, 0.6]),
        "flow_lag_hours": rng.choice([6.0, 6.0, 6.0, 24.0, 1.5, 0.0]),
        "amounts_in_usd": usd,
        "samples": samples,
        "flows": sorted(flows, key=lambda flow: flow[0]),
    }


# ---------------------------------------------------------------------------------------------- the file


def checked_input(case):
    times = [ts for ts, _ in case["samples"]]
    assert all(a < b for a, b in zip(times, times[1:])), case["name"]
    assert all(times[0] < ts <= times[-1] for ts, _, _ in case["flows"]), case["name"]
    assert all(a[0] <= b[0] for a, b in zip(case["flows"], case["flows"][1:])), case["name"]


def main():
    by_hand()
    cases = []
    for case, expected in HAND:
        checked_input(case)
        answer = Wallet(case).walk()
        check(case, expected, answer)
        cases.append({**case, **answer})
    for index in range(RANDOM):
        case = history(index)
        checked_input(case)
        cases.append({**case, **Wallet(case).walk()})
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (HERE / "growth.json").write_text('{"cases":[\n' + lines + "\n]}\n")
    made = cases[len(HAND) :]
    print(f"{len(HAND)} by hand, {len(made)} random, of which")
    for key in ("rises", "taken_back", "fall"):
        print(f"  {sum(1 for case in made if case[key] not in (None, []))} with {key}")


if __name__ == "__main__":
    main()
