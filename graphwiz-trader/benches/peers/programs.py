"""The programs that are measured, built and installed; how they are started, asked and weighed; and the bars they read.

Needs Linux for /proc and wait4. Nothing large is imported here: what a started program has at its peak is counted from
the fork on.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WORK = ROOT / "target" / "peers"
TRADER = ROOT / "target" / "release" / "graphwiz-trader"
PYTHON = WORK / "venv" / "bin" / "python"
INSTRUMENT = "generated:COIN/USD"
# The steps, costs and rules of crates/trading-io/benches/peers.rs.
CONFIGURATION = f"""
strategies:
  - {{ name: sma_cross, kind: sma_cross, instruments: ["{INSTRUMENT}"], timeframe: 1m }}
instruments: {{ "{INSTRUMENT}": {{ tick: 0.000001, lot: 1 }} }}
trading: {{ emergency_shutdown: {{ enabled: false }} }}
risk: {{ max_trades_per_day: 1000 }}
backtesting: {{ initial_capital: 10000000 }}
data: {{ base_path: var, import: [] }}
"""
# So that no library of a peer computes on more than one thread, and what it compiles is kept.
ENVIRONMENT = {f"{name}_NUM_THREADS": "1" for name in ("NUMBA", "OMP", "OPENBLAS", "RAYON")}
ENVIRONMENT["NUMBA_CACHE_DIR"] = str(WORK / "numba")


def build():
    """The trader, and its benches: name to path."""
    cargo = ["cargo", "build", "--release", "--quiet", "-p", "graphwiz-trader"]
    subprocess.run(cargo, cwd=ROOT, check=True)
    cargo = ["cargo", "bench", "--quiet", "-p", "trading-io", "--bench", "peers", "--bench", "import", "--no-run"]
    told = subprocess.run([*cargo, "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    messages = [json.loads(line) for line in told.splitlines()]
    built = [message for message in messages if message.get("executable")]
    return {message["target"]["name"]: message["executable"] for message in built}


def install():
    """The peers, into an environment of their own."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
    subprocess.run(pip, check=True)


@dataclasses.dataclass
class Bars:
    """A folder with bars in a file and in a market store."""

    rows: int

    def __post_init__(self):
        self.folder = WORK / str(self.rows)
        self.path = self.folder / "generated_COIN-USD_1m.csv"

    def make(self):
        generator, store = HERE / "bars.py", self.folder / "var" / "market.db"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "graphwiz.yaml").write_text(CONFIGURATION, encoding="utf-8")
        if self.path.exists() and self.path.stat().st_mtime > generator.stat().st_mtime:
            return self
        self.path.unlink(missing_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        subprocess.run([sys.executable, generator, str(self.rows), unfinished], check=True)
        store.unlink(missing_ok=True)
        unfinished.rename(self.path)
        self.trader("data", "import", self.path)
        return self

    def trader(self, *arguments):
        """Runs the trader in the folder: seconds from start to end, and bytes of memory at its peak."""
        command = [TRADER, "--config", "graphwiz.yaml", *arguments]
        started = time.perf_counter()
        with open(self.folder / "trader.log", "wb") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed; {log.name} says why")
        return seconds, usage.ru_maxrss * 1024


class Worker:
    """A program that has loaded bars and runs once for each line."""

    def __init__(self, name, command):
        self.name = name
        self.started = time.perf_counter()
        self.log = WORK / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **ENVIRONMENT},
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def ask(self, line):
        """What it answers: seconds, trips, final."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} ended; {self.log} says why")
        return json.loads(answer)

    def age(self):
        """Seconds since it was started."""
        return time.perf_counter() - self.started

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024


def vectorbt(bars, engine):
    """vectorbt as it is installed plainly ("numba"), or with its optional extra where that can do a thing ("auto")."""
    name = {"numba": "vectorbt", "auto": "vectorbt-rust"}[engine]
    return Worker(name, [PYTHON, HERE / "with_vectorbt.py", bars.path, engine])


def backtesting(bars):
    return Worker("backtesting", [PYTHON, HERE / "with_backtesting.py", bars.path])


def reference(convention, bars, equity):
    """By what part an equity is apart from that of the plain loop at most, and the loop's trips and stops."""
    command = [sys.executable, HERE / "reference.py", convention, bars.path, equity]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
