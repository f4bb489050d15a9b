"""What every program is asked to do, and how each is told to run it once more.

sma_cross 20/50, whole units for about 10 000, a stop 2 % under the entry, market orders at the next open. The trader's
side says the same with its own rules: crates/trading-io/benches/peers.rs.
"""

import json
import sys
import time

FAST, SLOW = 20, 50
CAPITAL = 10_000_000
NOTIONAL = 10_000
FEE = 0.001
SLIPPAGE = 0.0005  # of a fill
STOP = 0.02


def serve(run):
    """Runs once for each line of standard input and answers with a line of JSON.

    A path behind the first word of a line is where the equity at each bar's close goes, as doubles. `run` gives the
    number of finished trips, and a function that gives that equity as an array.
    """
    for line in sys.stdin:
        _, _, path = line.strip().partition(" ")
        started = time.perf_counter()
        trips, equity = run()
        seconds = time.perf_counter() - started
        values = equity()
        if path:
            values.astype("<f8").tofile(path)
        print(json.dumps({"seconds": seconds, "trips": trips, "final": float(values[-1])}), flush=True)
