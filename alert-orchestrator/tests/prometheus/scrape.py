#!/usr/bin/env python3
"""Does a real Prometheus understand the service, and does it raise the operator's alerts on what it scrapes?

Starts the binary on the shipped examples and Debian's Prometheus beside it, which asks by the service's name as in Compose, on
a host of the test's own, and walks through what an operator may see: a triggered gate, a limit that drops to zero, an asset in error. `promtool check metrics` reads both text
formats. Needs `prometheus` and `promtool` on the PATH (.ci/run installs them).

    alert-orchestrator/tests/prometheus/scrape.py ROOM PROGRAM
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from advisor import Advisor
from namespaces import enter
from running import HOST, Program, expect, free_port, install, wait_for
from service import SERVICE

# The one source of the alerts. Its waits stay as they are, so that here an alert that would fire is pending.
RULES = SERVICE.room / SERVICE.alerts

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
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["{name}:{port}"]}}]
"""


def check_formats(service):
    for accept, content_type in [
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ]:
        _, headers, body = service.get("/metrics", {"Accept": accept})
        text = body.decode()
        expect(f"{accept.split(';')[0]} is answered as asked", headers["Content-Type"], content_type)
        if accept.startswith("application"):
            expect("OpenMetrics ends with its mark", text.endswith("# EOF\n"), True)
            continue
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        expect("promtool check metrics finds nothing", (checked.returncode, checked.stdout + checked.stderr), (0, ""))


class Prometheus(Program):
    """Debian's Prometheus, which scrapes the service every second."""

    def __init__(self, folder, target):
        port = free_port()
        configuration = PROMETHEUS.format(job=SERVICE.metrics_job, name=SERVICE.name, port=target, rules=RULES)
        (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
        command = [
            "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=tsdb",
            f"--web.listen-address={HOST}:{port}",
        ]
        super().__init__(command, folder, port, "prometheus")

    def ask(self, path):
        return json.loads(self.get(f"/api/v1/{path}")[2])["data"]

    def query(self, expression):
        """The labels `asset` of the series that the expression finds, and their values."""
        result = self.ask(f"query?query={urllib.parse.quote(expression)}")["result"]
        return {series["metric"].get("asset", ""): float(series["value"][1]) for series in result}

    def rules(self):
        """The alerts by name, as Prometheus has read and last evaluated them."""
        return {rule["name"]: rule for group in self.ask("rules")["groups"] for rule in group["rules"]}

    def raised(self, name):
        """The assets for which the alert is pending or firing."""
        return {alert["labels"].get("asset") for alert in self.rules()[name]["alerts"]}


def configuration(port, assets="usdc, djed, iusd, usdt, usdm", points=10):
    return CONFIGURATION.format(assets=assets, port=port, points=points)


def reload(service, **changes):
    (service.folder / "service.yaml").write_text(configuration(service.port, **changes), encoding="utf-8")
    service.process.send_signal(signal.SIGHUP)


def walk(service, prometheus):
    # Until it is ready it answers with words that are not its answers.
    wait_for("Prometheus", lambda: prometheus.answers("/-/ready"))
    wait_for("the target is up", lambda: prometheus.query("up == 1"))
    print(f"ok  Prometheus scrapes {SERVICE.name}:{service.port}")
    wait_for("every asset was scraped", lambda: len(prometheus.query("wo_decision")) == 5)
    expected = {"ResidualGateTriggered", "OffPeg"}
    wait_for("alerts of gate and peg, and no other", lambda: {name for name, rule in prometheus.rules().items() if rule["alerts"]} == expected)
    for name in sorted(expected):
        expect(f"{name} is raised, for the asset that is", prometheus.raised(name), {"iusd"})
    rules = prometheus.rules()
    expect("no rule has an error", {name: rule["lastError"] for name, rule in rules.items() if rule["health"] != "ok"}, {})
    impatient = rules["OrchestratorStale"]["query"].replace("2 *", "0 *")
    expect("OrchestratorStale would be raised if no age were allowed", len(prometheus.query(impatient)), 1)

    reload(service, points=100_000)  # too few points anywhere: everything holds
    dropped = wait_for("WmaxDroppedToZero is raised", lambda: prometheus.raised("WmaxDroppedToZero"))
    expect("WmaxDroppedToZero names those that had a limit", dropped, {"usdc", "usdt"})

    reload(service, assets="usdc, nothere")
    failed = wait_for("EvaluationError is raised", lambda: prometheus.raised("EvaluationError"))
    expect("EvaluationError names the asset", failed, {"nothere"})
    gone = wait_for("an asset that is not evaluated any more disappears", lambda: set(prometheus.query("wo_decision")) == {"usdc", "nothere"})
    expect("no other series of it is left", (gone, set(prometheus.query("wo_wmax_usd"))), (True, {"usdc"}))


def main():
    binary = os.path.abspath(sys.argv[2])
    install({"ip": "iproute2"})
    enter()
    with open("/etc/hosts", "a", encoding="ascii") as hosts:
        hosts.write(f"{HOST} {SERVICE.name}\n")
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port()
        shutil.copytree(REPOSITORY / "examples", folder / "examples")
        with Advisor(binary, folder, configuration(port), port) as service:
            service.wait_for_evaluation()
            check_formats(service)
            with Prometheus(folder, port) as prometheus:
                walk(service, prometheus)


if __name__ == "__main__":
    main()
