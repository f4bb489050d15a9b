"""Writes random histories and what the advisor must answer to them, as golden.json beside this script.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python golden.py

A second, deliberately plain implementation of the rule: whole lists instead of cursors, dense matrices instead of
recurrences, nothing shared with the crate. tests/rule/golden.rs holds the crate to it.
The file is the same to the byte on every run (x86-64). Times are seconds since the epoch.
"""

import os

# OpenBLAS picks its kernels by the processor, which moves the last digits. Pin them before numpy is loaded.
os.environ["OPENBLAS_CORETYPE"] = "Nehalem"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"

import json
import math
from pathlib import Path

import numpy as np
from numpy.polynomial import Legendre, legendre

HERE = Path(__file__).parent
CASES = 60
HOUR = 3600
FLOW_LAG_HOURS = 6
KEYWORD = "alert_driven_withdrawal"
PRINCIPAL = "principal_withdrawal"
ALIGNMENTS = ["none", "right_open", "snap_to_prev_pos", "snap_to_next_pos", "snap_to_nearest_pos", "detect_spike"]


class InvalidData(Exception):
    pass


# ---------------------------------------------------------------------------------------------- rows


def finite(number):
    return number is not None and math.isfinite(number)


def read_positions(rows):
    """{wallet: [(ts, value, price or None), ...] in order of time}"""
    kept = {}
    for ts, wallet, units, usd, price in rows:
        if ts is None or not wallet:
            continue
        price = price if finite(price) and price > 0 else None
        if finite(usd):
            value = usd
        elif finite(units) and price is not None:
            value = units * price
        else:
            continue
        if value < 0:
            continue
        if price is None and finite(units) and units > 0 and value > 0:
            price = value / units
        kept[(wallet, ts)] = (value, price)  # the last of several stands
    wallets = {}
    for (wallet, ts), (value, price) in sorted(kept.items()):
        wallets.setdefault(wallet, []).append((ts, value, price))
    return wallets


def price_points(wallets):
    prices = {}
    for samples in wallets.values():
        for ts, _, price in samples:
            if price is not None:
                prices.setdefault(ts, []).append(price)
    return sorted((ts, float(np.median(at))) for ts, at in prices.items())


# ---------------------------------------------------------------------------------------------- flows


def read_flows(rows, direction):
    """(usable flows, unusable rows); flows of one transaction, wallet, time and amount are one."""
    usable, unusable, seen = [], [], set()
    for ts, wallet, amount, memo, tx_hash in rows:
        bad = ts is None or not wallet or not finite(amount) or (direction == "deposit" and amount < 0)
        if bad:
            unusable.append((ts, wallet))
            continue
        key = (tx_hash, wallet, ts, abs(amount))
        if tx_hash and key in seen:
            continue
        seen.add(key)
        usable.append((ts, wallet, abs(amount), memo))
    return usable, unusable


def clear_steps(samples, here, sign):
    """{index of the sample a step ends on: (step, z)} for the unusual steps of this sign around sample `here`."""
    values = [value for _, value, _ in samples]
    step = {i: values[i] - values[i - 1] for i in range(1, len(values)) if abs(i - here) <= 8}
    if not step:
        return {}
    sizes = np.array(list(step.values()))
    middle = np.median(sizes)
    spread = 1.4826 * np.median(np.abs(sizes - middle))
    if spread == 0:
        spread = np.std(sizes)
    if spread == 0:
        return {}
    z = {i: abs(step[i] - middle) / spread for i in step}
    return {i: (step[i], z[i]) for i in step if z[i] >= 3 and step[i] * sign > 0}


def first_at_or_after(samples, ts):
    return sum(1 for sample in samples if sample[0] < ts)


def late_step(samples, here, sign):
    for i in range(max(here, 1), min(here + 24, len(samples))):
        if (samples[i][1] - samples[i - 1][1]) * sign > 0:
            return i
    return None


def spike(samples, ts, sign, usd):
    """Index of the sample that ends the step that looks like the flow, or None."""
    here = first_at_or_after(samples, ts)
    clear = clear_steps(samples, here, sign)
    sized = [i for i, (step, _) in clear.items() if 0.3 * usd <= abs(step) <= 1.5 * usd]
    for candidates in (sized, clear):
        if candidates:
            return min(candidates, key=lambda i: (abs(samples[i][0] - ts), -clear[i][1]))
    return late_step(samples, here, sign)


def places_of_unknown(method, samples, ts, sign):
    """Where a flow without an amount may count; one that may count at all is an error."""
    if method == "detect_spike":
        clear = clear_steps(samples, first_at_or_after(samples, ts), sign)
        if clear:
            return [ts] + [samples[i][0] for i in clear]
    return [ts, aligned(method, samples, ts, sign, 0.0)]


def aligned(method, samples, ts, sign, usd):
    times = [sample[0] for sample in samples]
    before = [t for t in times if t <= ts] or [times[0]]
    after = [t for t in times if t >= ts] or [times[-1]]
    if method == "none":
        return ts
    if method == "right_open":
        later = [t for t in times if t > ts]
        return later[0] if later else ts
    if method == "snap_to_prev_pos":
        return before[-1]
    if method == "snap_to_next_pos":
        return after[0]
    if method == "snap_to_nearest_pos":
        return min(times, key=lambda t: (abs(t - ts), -t))
    found = spike(samples, ts, sign, usd)
    return ts if found is None else times[found]


# ---------------------------------------------------------------------------------------------- gate


def hat_last(t, order):
    """Leverage of the last of the points t in a fit of this order."""
    u = (t - (t[0] + t[-1]) / 2) / max((t[-1] - t[0]) / 2, 1e-300)
    q, _ = np.linalg.qr(legendre.legvander(u, order))
    return float(q[-1] @ q[-1])


def points_needed(t, gate):
    n, order = len(t), gate["polynomial_order"] if gate["method"] == "polynomial_fit" else 0
    least = max(gate["min_points"], order + 1)
    if n < least:
        return least
    if gate["threshold_mode"] == "percentile":
        return max(least, math.ceil(2 / (1 - gate["central_confidence"]) - 1e-9))
    if gate["exclude_last_for_sigma"]:
        return max(least, order + 2)  # a curve through every point leaves nothing to compare
    k = gate["k_sigma"]

    def can_trip(t):
        n = len(t)
        if gate["method"] == "median":  # n − 1 equal points and a far one: M against M·√(n − 1)/n
            return n > 2 and n / math.sqrt(n - 1) > k
        return n > order and math.sqrt(n * max(0.0, 1 - hat_last(t, order))) > k

    if can_trip(t):
        return least
    would_do = max(n + 1, least)
    while not can_trip(np.arange(would_do, dtype=float)):
        would_do += 1
    return would_do


def judge(t, y, floor_value, largest, gate):
    t, y = np.array(t, dtype=float), np.array(y, dtype=float)
    n = len(t)
    figures = {"points": n, "residual": None, "sigma": None, "interval": None}
    if gate["method"] == "median":
        residuals = y - np.median(y) if n else None
    else:
        order = gate["polynomial_order"]
        residuals = y - Legendre.fit(t, y, order)(t) if n > order else None
    needed = points_needed(t, gate)
    floor = max(gate["sigma_epsilon"], gate["min_residual_bps"] * floor_value / 1e4)
    if residuals is not None:
        base = residuals[:-1] if gate["exclude_last_for_sigma"] else residuals
        newest = figures["residual"] = float(residuals[-1])
        if len(base):
            figures["sigma"] = float(np.std(base))
            low = (1 - gate["central_confidence"]) / 2
            if gate["threshold_mode"] == "percentile":
                figures["interval"] = [float(np.quantile(base, low)), float(np.quantile(base, 1 - low))]
    if n < needed:
        return figures | {"verdict": "insufficient", "needed": needed}
    band = gate["k_sigma"] * figures["sigma"] if figures["sigma"] is not None else 0.0
    if gate["max_band_bps"] is not None and band > max(gate["max_band_bps"] / 1e4 * largest, gate["sigma_epsilon"]):
        furthest = int(np.argmax(np.abs(base)))
        figures["scattered"] = {"largest": largest, "seconds_before_newest": float(-t[furthest])}
    if gate["threshold_mode"] == "percentile":
        low, high = figures["interval"]
        tripped = not low <= newest <= high and abs(newest) > floor
    else:
        tripped = abs(newest) > max(gate["k_sigma"] * figures["sigma"], floor)
    return figures | {"verdict": "triggered" if tripped else "quiet"}


# ---------------------------------------------------------------------------------------------- rule


def find_reference(case, wallets):
    tagged = [
        ts
        for ts, _, _, memo, _ in case["withdrawals"]
        if ts is not None and ts <= case["to"] and memo is not None and KEYWORD in memo and PRINCIPAL not in memo
    ]
    if tagged:
        return max(tagged), "keyword"
    if case["rules"]["reference_fallback"] == "hold":
        return None, "null"
    start = case["rules"]["range_start"]
    if start is None and wallets:
        start = min(samples[0][0] for samples in wallets.values())
    return start, "data_range"


def gains(case, wallets, t0, points):
    rules = case["rules"]
    tracked = {name: samples for name, samples in wallets.items() if samples[-1][0] >= t0}
    baseline = {name: next(s for s in samples if s[0] >= t0) for name, samples in tracked.items()}
    flows, strays = {name: [] for name in tracked}, []
    for direction, sign in (("deposit", 1), ("withdrawal", -1)):
        usable, unusable = read_flows(case[direction + "s"], direction)
        for ts, wallet in unusable:
            for name, samples in tracked.items():
                mine = not wallet or wallet == name
                b, e = baseline[name][0], samples[-1][0]
                places = [e] if ts is None else places_of_unknown(rules["alignment"], samples, ts, sign)
                if mine and any(b < place <= e for place in places):
                    raise InvalidData(direction)
        for ts, wallet, amount, memo in usable:
            if wallet not in tracked:
                strays += [ts] if direction == "deposit" and ts >= t0 else []
                continue
            price = 1.0 if rules["amount_unit"] == "usd" else np.interp(ts, *zip(*points))
            usd = float(amount * price)
            at, b = aligned(rules["alignment"], tracked[wallet], ts, sign, usd), baseline[wallet][0]
            if at <= b < ts:  # paid in or out after the baseline, so not inside its value
                at = min([later for later, _, _ in tracked[wallet] if later > b], default=ts)
            is_marked = memo is not None and (KEYWORD in memo or PRINCIPAL in memo)
            flows[wallet].append((at, sign, usd, is_marked))
    rows = []
    for name, samples in tracked.items():
        (b, v_b, _), (e, v_e, _) = baseline[name], samples[-1]
        paid_in = sum(usd for ts, sign, usd, _ in flows[name] if b < ts <= e and sign > 0)
        taken_out = sum(usd for ts, sign, usd, _ in flows[name] if b < ts <= e and sign < 0)
        untagged = sum(usd for ts, sign, usd, marked in flows[name] if b < ts <= e and sign < 0 and not marked)
        gain = v_e - v_b - paid_in + taken_out
        age = rules["max_sample_age_hours"]
        stale = age is not None and case["to"] - e > age * HOUR
        limit = min(rules["safety_factor"] * max(0.0, gain), max(0.0, gain - untagged), v_e)
        limit = 0.0 if stale else math.floor(limit * 100 + 1e-6) / 100
        rows.append(
            {"wallet": name, "gain": gain, "deposits": paid_in, "withdrawals": taken_out, "untagged": untagged, "limit": limit, "stale": stale}
        )

    def corrected(name):
        b, out = baseline[name][0], []
        for ts, value, _ in tracked[name]:
            moved = sum(sign * usd for at, sign, usd, _ in flows[name] if b < at <= ts)
            undone = sum(sign * usd for at, sign, usd, _ in flows[name] if ts < at <= b)
            out.append((ts, value - moved + undone))
        return out

    return rows, {name: corrected(name) for name in tracked}, strays


def off_peg(points, peg):
    if peg is None or not points:
        return False
    return abs(points[-1][1] / peg["target_usd"] - 1) * 1e4 > peg["max_deviation_bps"]


def advise(case):
    rules, gate = case["rules"], case["rules"]["gate"]
    wallets = read_positions(case["positions"])
    points = price_points(wallets)
    t0, mode = find_reference(case, wallets)
    answer = {"decision": 0, "limit": 0.0, "ref_mode": mode, "t0": t0, "wallets": None, "gate": None}
    t1 = max((samples[-1][0] for samples in wallets.values()), default=None)
    if mode == "null":
        return answer | {"code": "no_reference"}
    if t1 is None or t0 is None or t1 < t0:
        return answer | {"code": "no_data"}
    failed = {"decision": -1, "limit": 0.0, "ref_mode": "null", "t0": None, "wallets": None, "gate": None, "code": "invalid_data"}
    needs_price = rules["amount_unit"] == "underlying" or gate["basis"] == "change_rate_usd" or gate["peg"]
    if needs_price and not points:
        return failed
    try:
        rows, corrected, strays = gains(case, wallets, t0, points)
    except InvalidData:
        return failed
    start = t1 - gate["lookback_hours"] * HOUR
    if gate["basis"] == "corrected_position":
        axis = sorted({ts for samples in corrected.values() for ts, _ in samples})
        series = [(t, sum(np.interp(t, *zip(*samples)) for samples in corrected.values())) for t in axis]
        floor_value = sum(wallets[row["wallet"]][-1][1] for row in rows)
        held = [[(ts, usd) for ts, usd, *_ in wallets[row["wallet"]]] for row in rows]
        sizes = [sum(np.interp(t, *zip(*samples)) for samples in held) for t in axis if start <= t <= t1]
        largest = float(max(sizes))
    else:
        series = points
        largest = floor_value = points[-1][1]
    window = [(t, y) for t, y in series if start <= t <= t1]
    origin = t1  # seconds before the newest sample: small numbers for the reference fit as well
    answer["gate"] = judge([t - origin for t, _ in window], [y for _, y in window], floor_value, largest, gate)
    total = sum(row["limit"] for row in rows)
    cents = math.floor(total * 100 + 1e-6) / 100
    answer |= {"wallets": rows, "gain": sum(row["gain"] for row in rows)}
    applied = gate["holds"] and (gate["apply_in_fallback"] or mode != "data_range")
    holds = ["stale_data"] if all(row["stale"] for row in rows) else []
    if any(ts < t1 - FLOW_LAG_HOURS * HOUR for ts in strays):
        holds.append("flows_incomplete")
    if applied and off_peg(points, gate["peg"]):
        holds.append("off_peg")
    verdict = answer["gate"]["verdict"]
    if applied and (verdict == "insufficient" or "scattered" in answer["gate"]):
        holds.append("insufficient_points")
    if applied and verdict == "triggered":
        holds.append("gate_triggered")
    if cents < 0.01:
        holds.append("no_gain")
    if holds:
        return answer | {"code": holds[0]}
    return answer | {"decision": 1, "limit": cents, "code": None}


# ---------------------------------------------------------------------------------------------- histories


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def some_rules(rng, index, first, last):
    return {
        "safety_factor": pick(rng, [0.25, 0.5, 0.9, 1.0]),
        "max_sample_age_hours": pick(rng, [None, 24.0, 24.0, 3.0]),
        "alignment": ALIGNMENTS[index % len(ALIGNMENTS)],
        "amount_unit": pick(rng, ["underlying", "underlying", "usd"]),
        "reference_fallback": "hold" if index % 15 == 7 else "data_range",
        "range_start": pick(rng, [None, None, int(first + (last - first) * rng.random())]),
        "gate": {
            "holds": bool(rng.random() < 0.8),
            "apply_in_fallback": bool(rng.random() < 0.7),
            "basis": pick(rng, ["corrected_position", "corrected_position", "change_rate_usd"]),
            "method": pick(rng, ["polynomial_fit", "polynomial_fit", "median"]),
            "polynomial_order": int(rng.integers(0, 5)),
            "lookback_hours": pick(rng, [6.0, 24.0, 48.0, 720.0]),
            "min_points": int(rng.integers(2, 14)),
            "k_sigma": pick(rng, [1.0, 2.0, 2.0, 3.0]),
            "exclude_last_for_sigma": bool(rng.random() < 0.3),
            "sigma_epsilon": pick(rng, [0.0, 1e-6, 0.5]),
            "min_residual_bps": pick(rng, [0.0, 0.0, 10.0]),
            "threshold_mode": pick(rng, ["stddev", "stddev", "percentile"]),
            "central_confidence": pick(rng, [0.8, 0.9, 0.95]),
            "peg": pick(rng, [None, None, {"target_usd": 1.0, "max_deviation_bps": 100.0}]),
            "max_band_bps": [None, 500.0, 50.0, 2000.0, None][index % 5],
        },
    }


def some_flows(rng, wallet, times, rules_tag):
    """Flows from before the first to after the last sample; some share an instant."""
    span = times[-1] - times[0] + 2 * HOUR
    at = [int(times[0] - HOUR + rng.random() * span) for _ in range(rng.integers(0, 6))]
    at += [pick(rng, at + times) for _ in range(rng.integers(0, 3))]
    deposits, withdrawals, moved = [], [], []
    for n, ts in enumerate(at):
        amount = round(float(rng.uniform(5, 400)), 3)
        tx_hash = pick(rng, [None, "", f"{wallet}{n:02x}"])
        if rng.random() < 0.55:
            rows, row, units = deposits, [ts, wallet, amount, None, tx_hash], amount
        else:
            memo = pick(rng, [None, "rent", KEYWORD.upper(), f"{PRINCIPAL} {KEYWORD}"])
            if rules_tag and rng.random() < 0.5:
                memo = f"took gain: {KEYWORD}!"
            rows, row, units = withdrawals, [ts, wallet, pick(rng, [amount, -amount]), memo, tx_hash], -amount
        rows.append(row)
        if tx_hash and rng.random() < 0.4:
            rows.append(list(row))  # the same transaction twice
        moved.append((ts + int(pick(rng, [0, 0, 1800, -1800])), units))
    return deposits, withdrawals, moved


def some_positions(rng, wallet, times, moved, price_at, growth):
    units = float(rng.uniform(800, 9000))
    rows = []
    for ts in times:
        age = (ts - times[0]) / HOUR
        held = units * (1 + growth * age) + sum(amount for at, amount in moved if at <= ts)
        held = round(max(0.0, held), 6)
        price = round(price_at(ts), 6)
        usd = round(held * price, 6)
        shape = rng.random()
        if shape < 0.06:
            rows.append([ts, wallet, held, None, price])  # value from units
        elif shape < 0.12:
            rows.append([ts, wallet, held, usd, pick(rng, [None, 0.0, -1.0])])  # price from value
        elif shape < 0.15:
            rows.append([ts, wallet, None, usd, None])  # no price at all
        else:
            rows.append([ts, wallet, held, usd, price])
        if rng.random() < 0.05:
            rows.append(list(rows[-1]))
        if rng.random() < 0.03:
            rows.append([ts, wallet, held, round(usd * 1.01, 6), price])  # disagrees, and stands
        if rng.random() < 0.05:
            rows.append(pick(rng, [[None, wallet, held, usd, price], [ts, None, held, usd, price], [ts, wallet, held, -5.0, price], [ts, wallet, held, None, 0.0], [ts, wallet, None, None, price]]))
    return rows


def history(index):
    rng = np.random.default_rng([20260129, index])
    first = int(1_700_000_000 + rng.integers(0, 80_000_000))
    count = int(rng.integers(14, 56))
    pace = pick(rng, [900, HOUR, HOUR, 6 * HOUR])
    last = first + count * pace
    wobble = float(pick(rng, [1e-5, 1e-4, 5e-3]))
    anchors = np.linspace(first, last, 12)
    path = pick(rng, [1.0, 1.0, 0.985]) + np.cumsum(rng.normal(0, wobble, anchors.size))
    growth = float(pick(rng, [1e-4, 1e-5, -1e-4]))
    case = {"to": last + pick(rng, [0, 60, 4 * HOUR, 30 * HOUR] if index % 5 == 0 else [0, 60, HOUR]), "positions": [], "deposits": [], "withdrawals": []}
    tagging = bool(rng.random() < 0.6)
    for wallet in "abcd"[: int(rng.integers(1, 5))]:
        shared = rng.random() < 0.4
        offset = 0 if shared else int(rng.integers(0, pace))
        times = [first + offset + i * pace for i in range(count) if shared or rng.random() < 0.85]
        if rng.random() < 0.15:
            times = times[:1]
        elif rng.random() < 0.2:
            times = times[: len(times) * 2 // 3]
        times = [ts for ts in times if ts <= case["to"]] or [first]
        deposits, withdrawals, moved = some_flows(rng, wallet, times, tagging)
        noise = lambda ts: float(np.interp(ts, anchors, path) + rng.normal(0, wobble / 4))
        case["positions"] += some_positions(rng, wallet, times, moved, noise, growth)
        case["deposits"] += deposits
        case["withdrawals"] += withdrawals
    if rng.random() < 0.4:  # a wallet without samples
        case["deposits"].append([int((first + last) // 2), "elsewhere", 100.0, None, None])
    case["withdrawals"] = [row for row in case["withdrawals"] if row[0] <= case["to"]]
    case["deposits"] = [row for row in case["deposits"] if row[0] <= case["to"]]
    if index % 6 == 5:
        amount = pick(rng, [None, -3.0])
        at = pick(rng, [None, int(first + rng.random() * (last - first)), first - 100 * HOUR])
        case["deposits"].append([at, pick(rng, ["a", None, "elsewhere"]), amount, None, None])
    if rng.random() < 0.5:
        for table in ("positions", "deposits", "withdrawals"):
            if table != "positions" or rng.random() < 0.5:
                keep_order = sorted(range(len(case[table])), key=lambda i: rng.random())
                case[table] = [case[table][i] for i in keep_order]
    case["rules"] = some_rules(rng, index, first, last)
    return case


def main():
    cases = []
    for index in range(CASES):
        case = history(index)
        cases.append(case | {"expected": advise(case)})
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (HERE / "golden.json").write_text(f"[\n{lines}\n]\n")
    codes = {}
    for case in cases:
        code = case["expected"]["code"] or "withdraw_ok"
        codes[code] = codes.get(code, 0) + 1
    print(codes)


if __name__ == "__main__":
    main()
