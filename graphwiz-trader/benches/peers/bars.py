#!/usr/bin/env python3
"""Writes bars that wander around 100, of one seed always the same: what all programs are measured on.

    bars.py ROWS FILE.csv

A bar opens where the one before closed, so that a peer can give a stop with its order, before the fill. Prices have
six digits: with fewer, averages of closes are now and then equal, and rounding of doubles would decide whether they
have crossed. Now and then a bar leaps, so that stops are reached, also in the bars of entries and of exits that wait.
A longer file begins with the rows of a shorter one.
"""

import random
import sys

TICKS = 1_000_000
MIDDLE = 100 * TICKS
STEP = 150_000  # ticks that a close is at most away from the open
WICK = 30_000
LEAP = 20  # times the step
LEAPS = 1 / 250  # of all bars
PULL = 20_000  # bars: how slowly prices come back to the middle
FIRST_MS = 946_684_800_000  # 2000-01-01T00:00Z
MINUTE_MS = 60_000


def bars(rows):
    """(ms of open, open, high, low, close, volume), prices in ticks."""
    draw = random.Random(42).random
    price = MIDDLE
    for row in range(rows):
        opened = price
        step = STEP * LEAP if draw() < LEAPS else STEP
        price += int(draw() * (2 * step + 1)) - step + (MIDDLE - price) // PULL
        high = max(opened, price) + int(draw() * WICK)
        low = min(opened, price) - int(draw() * WICK)
        yield FIRST_MS + row * MINUTE_MS, opened, high, low, price, 10_000 + int(draw() * 90_000)


def main():
    rows, path = int(sys.argv[1]), sys.argv[2]
    with open(path, "w", encoding="ascii") as file:
        file.write("ts,open,high,low,close,volume\n")
        for ms, opened, high, low, close, volume in bars(rows):
            prices = ",".join(f"{price // TICKS}.{price % TICKS:06}" for price in (opened, high, low, close))
            file.write(f"{ms},{prices},{volume}\n")


if __name__ == "__main__":
    main()
