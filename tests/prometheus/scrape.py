#!/usr/bin/env python3
"""Does a real Prometheus understand the service, and do the operator's alerts work on what it scrapes?

Starts the binary on the shipped examples and Debian's Prometheus beside it, both on free ports, and walks through what an
operator may see: a triggered gate, a limit that drops to zero, an asset in error. `promtool check metrics` reads both text
formats. Needs `prometheus` and `promtool` on the PATH (.ci/run installs them).

    tests/prometheus/scrape.py target/release/alert-orchestrator
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60

# What the operator is woken by. The waits (`for`) belong to the rules, not to the expressions.
ALERTS = {
    "ResidualGateTriggered": "wo_residual_trigger == 1",
    "WmaxDroppedToZero": "wo_wmax_usd == 0 and max_over_time(wo_wmax_usd[10m]) > 0",
    "EvaluationError": "wo_decision == -1",
    "OrchestratorStale": "time() - wo_last_eval_timestamp_seconds > 2 * wo_evaluation_interval_seconds",
}

CONFIGURATION = """
client:
  assets: [{assets}]
  embedded: {{path: var/scraped.db, import: [examples/liqwid]}}
  date_range: {{end: 2026-01-29T00:00:00Z}}
orchestrator:
  telemetry: {{listen_port: {port}, expose: {{g_usd: true, v_ref_usd: true, v_t1_usd: true, price_t1_usd: true}}}}
  schedule: {{interval_minutes: 0.02}}
  price_compare: {{enabled: true, sources: [liqwid, minswap]}}
  decision_gate: {{lookback_hours: 720, min_residual_bps: 10, peg: {{target_usd: 1.0, max_deviation_bps: 100}}, min_points: {points}}}
"""

PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: alert_orchestrator
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, accept="*/*"):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers.get("Content-Type"), answer.read().decode()


def wait_for(what, found):
    """Waits until `found()` returns something, and returns it."""
    end = time.monotonic() + PATIENCE_SECONDS
    last = None
    while time.monotonic() < end:
        try:
            last = found()
            if last:
                return last
        except (urllib.error.URLError, ConnectionError) as error:
            last = error
        time.sleep(0.2)
    sys.exit(f"FAILED: {what}; last seen: {last}")


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"FAILED: {what}: found {found!r}, expected {expected!r}")
    print(f"ok  {what}")


def check_formats(service):
    for accept, content_type in [
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ]:
        found, text = get(f"{service}/metrics", accept)
        expect(f"{accept.split(';')[0]} is answered as asked", found, content_type)
        if accept.startswith("application"):
            expect("OpenMetrics ends with its mark", text.endswith("# EOF\n"), True)
            continue
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        expect("promtool check metrics finds nothing", (checked.returncode, checked.stdout + checked.stderr), (0, ""))


class Scraped:
    """The service, and a Prometheus that scrapes it."""

    def __init__(self, binary, folder):
        self.folder, self.port, self.prometheus_port = folder, free_port(), free_port()
        self.service = f"http://127.0.0.1:{self.port}"
        shutil.copytree(REPOSITORY / "examples", folder / "examples")
        self.configure()
        self.log = open(folder / "service.log", "w", encoding="utf-8")
        self.processes = [
            subprocess.Popen(
                [binary, "--config", "scraped.yaml"], cwd=folder, stdout=subprocess.DEVNULL, stderr=self.log
            )
        ]
        (folder / "prometheus.yml").write_text(PROMETHEUS.format(port=self.port), encoding="utf-8")

    def configure(self, assets="usdc, djed, iusd, usdt, usdm", points=10):
        text = CONFIGURATION.format(assets=assets, port=self.port, points=points)
        (self.folder / "scraped.yaml").write_text(text, encoding="utf-8")

    def reload(self, **changes):
        self.configure(**changes)
        self.processes[0].send_signal(signal.SIGHUP)

    def start_prometheus(self):
        self.processes.append(
            subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self.folder}/prometheus.yml",
                    f"--storage.tsdb.path={self.folder}/tsdb",
                    f"--web.listen-address=127.0.0.1:{self.prometheus_port}",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    def query(self, expression):
        """The labels `asset` of the series that the expression finds, and their values."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query?query={urllib.parse.quote(expression)}"
        result = json.loads(get(url)[1])["data"]["result"]
        return {series["metric"].get("asset", ""): float(series["value"][1]) for series in result}

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=30)
        self.log.close()


def walk(scraped):
    wait_for("the first evaluation", lambda: get(f"{scraped.service}/startupz"))
    check_formats(scraped.service)
    scraped.start_prometheus()
    wait_for("the target is up", lambda: scraped.query("up == 1"))
    print("ok  Prometheus scrapes the service")
    wait_for("every asset was scraped", lambda: len(scraped.query("wo_decision")) == 5)
    expect("ResidualGateTriggered fires for the asset whose gate is triggered", set(scraped.query(ALERTS["ResidualGateTriggered"])), {"iusd"})
    for quiet in ["WmaxDroppedToZero", "EvaluationError", "OrchestratorStale"]:
        expect(f"{quiet} is quiet", scraped.query(ALERTS[quiet]), {})
    impatient = ALERTS["OrchestratorStale"].replace("2 *", "0 *")
    expect("OrchestratorStale would fire if no age were allowed", len(scraped.query(impatient)), 1)

    scraped.reload(points=100_000)  # too few points anywhere: everything holds
    dropped = wait_for("WmaxDroppedToZero fires", lambda: scraped.query(ALERTS["WmaxDroppedToZero"]))
    expect("WmaxDroppedToZero names those that had a limit", set(dropped), {"usdc", "usdt"})

    scraped.reload(assets="usdc, nothere")
    failed = wait_for("EvaluationError fires", lambda: scraped.query(ALERTS["EvaluationError"]))
    expect("EvaluationError names the asset", failed, {"nothere": -1.0})
    gone = wait_for("an asset that is not evaluated any more disappears", lambda: set(scraped.query("wo_decision")) == {"usdc", "nothere"})
    expect("no other series of it is left", (gone, set(scraped.query("wo_wmax_usd"))), (True, {"usdc"}))


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        scraped = Scraped(binary, pathlib.Path(folder))
        try:
            walk(scraped)
        finally:
            scraped.stop()


if __name__ == "__main__":
    main()
