#!/usr/bin/env python3
"""How fast is the trader beside backtesting.py and vectorbt, and how much memory does it take?

Every figure is a ratio of two programs in this run, over the same bars, which are generated; what counts is the least
of several turns, in which the programs alternate, because machines are shared. First of all each program's equity must
be that of a plain loop. Prints the tables of docs/performance.md; the exit code is 1 where a figure is missed. Builds
the trader, and installs the peers into target/peers: programs that are started, nothing of them is part of the trader.

    graphwiz-trader/benches/peers/measure.py    # about 5 minutes; 4 GB of memory, 3 GB of disk
"""

import contextlib
import re
import subprocess
import sys

import programs
from programs import ROOT, WORK, Bars, Worker

TURNS = 7
FEW_TURNS = 3  # of what takes seconds
APART_MOST = 1e-9
MEGABYTE = 1e6

CONVENTIONS = """
| | trader | backtesting.py | vectorbt |
|---|---|---|---|
| a signal at a close fills at | the next open | the next open | the next open (signals moved by a bar) |
| slippage | .05 % of each fill | .1 % of the entry (its spread) | .05 % of each fill |
| prices are rounded | to the tick, against us | no | no |
| fee, .1 % of | the price after slippage, up to 1e-8 | the price after the spread | the price after slippage |
| a stop fills at | the lower of stop and open | the same | the same |
| in the bar of its entry | yes | yes | no |
| where an exit waits for the same bar's open | the exit | the exit | the stop |
| units | whole, for 10 000 at the signal's close | the same | the same |
| first decision | bar 51, where both averages have a value before it | the same | the same |
| signals | bar by bar | of all bars at once, its fastest form | of all bars at once |
| statistics | all of its | all of its | 12 of the trader's, those that it has |
"""


class Table:
    """Lines of a table in Markdown, and whether each limit is held."""

    def __init__(self, *columns):
        self.is_held = True
        print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")

    def row(self, *cells):
        print(f"| {' | '.join(cells)} |", flush=True)

    def limited(self, *cells, value, least=None, most=None):
        """A line that ends with a value and its limit, where it has one."""
        limit, holds = "", True
        if least is not None:
            limit, holds = f"at least {least:g}", value >= least
        if most is not None:
            limit, holds = f"at most {most:g}", value <= most
        self.row(*cells, digits(value), limit if holds else f"{limit}: **missed**")
        self.is_held &= holds


def digits(value):
    """Three of them, without exponents where the value is not tiny."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def milliseconds(seconds):
    return f"{seconds * 1000:.0f} ms"


def least(answers):
    return min(answer["seconds"] for answer in answers)


def equities(workers, bars):
    """Each program against the loop. They differ by their conventions, so that each has its own loop."""
    table = Table("equity at each close", "trips", "by stops", "final", "apart from the loop, at most", "limit")
    for worker, convention, form in workers:
        path = WORK / f"{worker.name}.equity"
        told = worker.ask(f"{form} {path}")
        expected = programs.reference(convention, bars, path)
        if told["trips"] != expected["trips"]:
            sys.exit(f"{worker.name} finished {told['trips']} trips, the loop {expected['trips']}")
        name = f"{worker.name}, {form}"
        counts = f"{told['trips']}", f"{expected['stops']}"
        table.limited(name, *counts, f"{told['final']:.2f}", value=expected["apart"], most=APART_MOST)
    return table.is_held


def warm(ours, plain, rust, slow):
    """The same bars, loaded; costs, stops and statistics included. What was compiled on a first call is compiled."""
    asked = {
        "trader": (ours, "built-in", TURNS),
        "trader, rule file": (ours, "rule-file", TURNS),
        "vectorbt": (plain, "again", TURNS),
        "vectorbt, Rust engine": (rust, "again", TURNS),
        "backtesting.py": (slow, "again", FEW_TURNS),
    }
    answers = {name: [] for name in asked}
    for turn in range(TURNS):
        for name, (worker, form, turns) in asked.items():
            if turn < turns:
                answers[name].append(worker.ask(form))
    seconds = {name: least(those) for name, those in answers.items()}
    table = Table("1 000 000 bars, one thread", "time", "times the trader's", "limit")
    table.row("trader, sma_cross", milliseconds(seconds["trader"]), "1", "")
    limits = {
        "trader, rule file": {"most": 3},
        "vectorbt": {"least": 2.5},
        "backtesting.py": {"least": 40},
    }
    for name, took in list(seconds.items())[1:]:
        ratio = took / seconds["trader"]
        table.limited(name, milliseconds(took), value=ratio, **limits.get(name, {}))
    return table.is_held


def tenfold(ours, larger):
    turns = [(ours.ask("built-in"), larger.ask("built-in")) for _ in range(FEW_TURNS)]
    one, ten = (least(answers) for answers in zip(*turns))
    table = Table("sma_cross", "time", "ratio", "limit")
    table.row("1 000 000 bars", milliseconds(one), "1", "")
    table.limited("10 000 000 bars", milliseconds(ten), value=ten / one, most=11)
    return table.is_held


def cold(bars):
    """The trader's whole command, with its reports, against a first call in a process that has imported and loaded all.

    What vectorbt compiles on its very first call on a machine (about a minute) is in its cache by now.
    """
    ours, calls, wholes = [], [], []
    for _ in range(FEW_TURNS):
        ours.append(bars.trader("backtest", "--data", bars.path)[0])
        with programs.vectorbt(bars, "numba") as worker:
            calls.append(worker.ask("once")["seconds"])
            wholes.append(worker.age())
    whole = min(ours)
    table = Table("26 000 bars, from nothing to the result", "time", "part of it that the trader takes", "limit")
    table.row("trader: whole command, file to reports", milliseconds(whole), "1", "")
    table.limited("vectorbt: first call", milliseconds(min(calls)), value=whole / min(calls), most=1 / 20)
    table.row("vectorbt: the same from its start on", milliseconds(min(wholes)), f"{whole / min(wholes):.2g}", "")
    return table.is_held


def memory(sets, workers, plain):
    """Of whole commands, and of the processes that have run again and again above."""
    table = Table("memory", "whole command", "resident at its peak, MB", "limit")
    for bars, worker in zip(sets, workers):
        most = 40 + 64 * bars.rows / MEGABYTE
        for what, arguments in [("of the store", []), ("of a file", ["--data", bars.path])]:
            seconds, peak = bars.trader("backtest", *arguments)
            name = f"trader: `backtest`, {bars.rows} bars {what}"
            table.limited(name, milliseconds(seconds), value=peak / MEGABYTE, most=most)
        name = f"trader: {bars.rows} bars, without reports"
        table.limited(name, "", value=worker.peak_bytes() / MEGABYTE, most=most)
    table.row(f"vectorbt: {sets[0].rows} bars", "", f"{plain.peak_bytes() / MEGABYTE:.0f}", "")
    return table.is_held


def importing(bench):
    """What the bench beside the csv crate prints."""
    told = subprocess.run([bench, "--bench"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    ratio = re.search(r"^importing it into a new store: (.*), ([0-9.]+) x the csv crate$", told, re.MULTILINE)
    if not ratio:
        sys.exit(f"the bench `import` says nothing of a new store:\n{told}")
    table = Table("1 000 000 lines of CSV", "time", "times the csv crate reading the columns alone", "limit")
    table.limited("importing them into a new store", ratio[1], value=float(ratio[2]), most=3)
    return table.is_held


def main():
    benches = programs.build()
    programs.install()
    short, million, ten_million = (Bars(rows).make() for rows in (26_000, 1_000_000, 10_000_000))
    # Before the others leave the disk gigabytes to write.
    held = [importing(benches["import"])]
    print(CONVENTIONS, end="")
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Worker("trader", [benches["peers"], million.path]))
        plain = stack.enter_context(programs.vectorbt(million, "numba"))
        rust = stack.enter_context(programs.vectorbt(million, "auto"))
        slow = stack.enter_context(programs.backtesting(million))
        told = [
            (ours, "trader", "built-in"),
            (ours, "trader", "rule-file"),
            (plain, "vectorbt", "warm"),
            (rust, "vectorbt", "warm"),
            (slow, "backtesting", "warm"),
        ]
        if not equities(told, million):
            sys.exit("the equities are not those of the loop: speed says nothing")
        held.append(warm(ours, plain, rust, slow))
        larger = stack.enter_context(Worker("trader-tenfold", [benches["peers"], ten_million.path]))
        held += [
            tenfold(ours, larger),
            cold(short),
            memory([million, ten_million], [ours, larger], plain),
        ]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
