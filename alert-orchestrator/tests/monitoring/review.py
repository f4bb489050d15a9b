#!/usr/bin/env python3
"""Does the monthly review find the gate's false alarms?

Runs the SQL of docs/runbook.md on a store that the service made, whose journal has days of known outcome. The query for GreptimeDB
cannot run here.

    alert-orchestrator/tests/monitoring/review.py ROOM PROGRAM
"""

import datetime
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))

from running import expect

CONFIGURATION = """
client: {assets: [iusd], embedded: {path: store.db, import: [examples/liqwid]}, date_range: {end: 2026-01-29}}
orchestrator: {decision_gate: {lookback_hours: 720}}
"""
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(hour=12)
TRIGGERED = "off peg (0.9672 USD, 328 bps from 1.0, positions); residual gate triggered (residual 49.00 USD, 3.1 σ)"

# Days ago, gain, residual, whether the gate was triggered, which reference.
DAYS = {
    "spike": [(9, 100, 1, False, 1), (8, 150, 49, True, 1), (7, 101, -3, False, 1)],
    "slide": [(9, 100, 1, False, 1), (8, 60, -40, True, 1), (7, 55, -20, False, 1), (6, 30, -9, False, 1)],
    "step": [(9, 100, 1, False, 1), (8, 150, 49, True, 1), (7, 151, 20, True, 1), (6, 152, 5, False, 1)],
    "dip": [(9, 100, 1, False, 1), (8, 60, -40, True, 1), (7, 101, -3, False, 1)],
    "tagged": [(8, 150, 49, True, 1), (7, 3, 0, False, 2)],
    "newest": [(0, 5, 9, True, 1)],
    "quiet": [(8, 100, 9, False, 1)],
    "long ago": [(40, 150, 49, True, 1), (39, 101, 1, False, 1)],
}
VERDICTS = {
    ("dip", 8): "false alarm",  # 60 USD could have been taken
    ("newest", 0): "open",
    ("slide", 8): "right",
    ("spike", 8): "right",
    ("step", 8): "false alarm",
    ("step", 7): "false alarm",
    ("tagged", 8): "open",  # what the gain fell to counts from another reference
}


def journal(connection):
    """Two rounds of two replicas for each of the days."""
    connection.execute("delete from decisions")
    for asset, days in DAYS.items():
        for ago, gain, residual, triggered, reference in days:
            at = int((TODAY - datetime.timedelta(days=ago)).timestamp()) * 10**9
            for later, replica in [(0, "a"), (0, "b"), (60 * 10**9, "a"), (60 * 10**9, "b")]:
                entry = ("wo_decisions", asset, at + later, replica, 0, TRIGGERED if triggered else None, gain, residual, 16.0, reference)
                connection.execute(
                    "insert into decisions (journal, asset, ts, replica, decision, reason, g_usd, residual, sigma, t0,"
                    " duration_seconds, version, config_hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0.1, '', '')",
                    entry,
                )


def main():
    binary = os.path.abspath(sys.argv[2])
    page = (REPOSITORY / sys.argv[1] / "docs/runbook.md").read_text(encoding="utf-8")
    query = re.findall(r"^```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(REPOSITORY / "examples", folder / "examples")
        (folder / "service.yaml").write_text(CONFIGURATION, encoding="utf-8")
        subprocess.run([binary, "--config", "service.yaml", "--once"], cwd=folder, check=True, capture_output=True)
        connection = sqlite3.connect(folder / "store.db")
        kept = connection.execute("select asset, reason from decisions where journal = 'wo_decisions'").fetchall()
        found = ["residual gate triggered" in reason for _, reason in kept]
        expect("a triggered gate is in the journal, in the words that the query looks for", found, [True])
        journal(connection)
        rows = connection.execute(query).fetchall()
        connection.close()
    found = {(asset, (TODAY.date() - datetime.date.fromisoformat(day)).days): verdict for asset, day, *_, verdict in rows}
    expect("the review tells holds that were right from false alarms", found, VERDICTS)
    expect("and counts the rounds of each day", {(triggered, rounds) for _, _, triggered, rounds, *_ in rows}, {(4, 4)})


if __name__ == "__main__":
    main()
