#!/usr/bin/env python3
"""Does an operator hear of it? Two replicas, Prometheus and Alertmanager, all real, with the committed configurations.

Two replicas of the service on the shipped examples (moved to today), Debian's Prometheus and Alertmanager; Slack, the mail server and
Minswap are stand-ins on this machine. A triggered gate must reach Slack, once; every expression of the dashboard must find something,
once per asset; a service that is down must be told of, also by mail, and must silence the alerts of its assets; and all must be taken
back. Only waits and addresses differ from the committed files (copies.py); `promtool test rules` tries the real waits. Needs
`prometheus`, `prometheus-alertmanager`, `openssl` and PyYAML.

    alert-orchestrator/tests/monitoring/live.py ROOM PROGRAM
"""

import contextlib
import csv
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from copies import REPOSITORY, copy  # makes the others findable

from advisor import Advisor
from running import HOST, Program, expect, free_port, wait_for
from service import SERVICE
from stand_ins import Apis, MailServer

DEPLOY = SERVICE.room / "deploy"
DASHBOARD = DEPLOY / f"grafana/dashboards/{SERVICE.name}.json"
ASSETS = ["djed", "iusd", "usdc", "usdm", "usdt"]
# The day of the examples on which one gate is triggered.
NEWEST = datetime.datetime(2026, 1, 29, tzinfo=datetime.timezone.utc)
GATE = ("ResidualGateTriggered", "iusd")

CONFIGURATION = """
client:
  assets: [{assets}]
  embedded: {{path: {name}.db, import: [tables]}}
orchestrator:
  telemetry: {{listen_port: {port}, expose: {{g_usd: true, v_ref_usd: true, v_t1_usd: true, price_t1_usd: true}}}}
  schedule: {{interval_minutes: 1}}
  token_registry: token_registry.csv
  apis: {{minswap_aggregator: "{apis}"}}
  price_compare: {{enabled: true, sources: [liqwid, minswap]}}
  decision_gate: {{lookback_hours: 720, min_residual_bps: 10, peg: {{target_usd: 1.0, max_deviation_bps: 100}}, k_sigma: {k}}}
"""


def move_to_today(folder):
    """The examples up to NEWEST, as if that were an hour ago; and a token for each asset."""
    move = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1) - NEWEST
    (folder / "tables").mkdir()
    for path in (REPOSITORY / "examples/liqwid").glob("*.csv"):
        with open(path, encoding="utf-8") as table, open(folder / "tables" / path.name, "w", encoding="utf-8") as moved:
            rows = csv.reader(table)
            written = csv.writer(moved)
            written.writerow(next(rows))
            for at, *rest in rows:
                if datetime.datetime.fromisoformat(at) <= NEWEST:
                    written.writerow([(datetime.datetime.fromisoformat(at) + move).isoformat(), *rest])
    rows = "".join(f"{asset},{'ab' * 28},{asset.encode().hex()}\n" for asset in ASSETS)
    (folder / "token_registry.csv").write_text(f"asset,policy_id,token_name_hex\n{rows}", encoding="utf-8")


class Replicas:
    """Two services, each with a store of its own."""

    def __init__(self, binary, folder, apis):
        self.binary, self.folder, self.apis = binary, folder, apis
        self.ports = {"a": free_port(), "b": free_port()}
        self.services = {}

    def configuration(self, name, k):
        return CONFIGURATION.format(assets=", ".join(ASSETS), name=name, port=self.ports[name], apis=self.apis, k=k)

    def start(self):
        for name, port in self.ports.items():
            self.services[name] = Advisor(self.binary, self.folder, self.configuration(name, 2.0), port, name)
        for service in self.services.values():
            service.wait_for_evaluation()

    def calm(self):
        """Nothing is beyond a hundred standard deviations."""
        for name, service in self.services.items():
            (self.folder / f"{name}.yaml").write_text(self.configuration(name, 100.0), encoding="utf-8")
            service.process.send_signal(signal.SIGHUP)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        for service in self.services.values():
            service.__exit__()


class Prometheus(Program):
    def __init__(self, folder, port):
        storage = ["--storage.tsdb.path=tsdb", f"--web.listen-address={HOST}:{port}"]
        super().__init__(["prometheus", "--config.file=prometheus/prometheus.yml", *storage], folder, port, "prometheus")

    def now(self, query):
        """The series that an expression finds, as tables ask for them."""
        return self.find("query", query=query)

    def recently(self, query):
        """The same over half a minute, as charts ask for them."""
        now = time.time()
        return self.find("query_range", query=query, start=now - 30, end=now, step=1)

    def find(self, path, **parameters):
        _, _, body = self.get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(body)
        if answer["status"] != "success":
            sys.exit(f"FAILED: {parameters['query']}: {answer['error']}")
        return answer["data"]["result"]


class Alertmanager(Program):
    def __init__(self, folder, port, authority):
        options = ["--storage.path=notifications", f"--web.listen-address={HOST}:{port}", "--cluster.listen-address="]
        command = ["prometheus-alertmanager", "--config.file=alertmanager/alertmanager.yml", *options]
        trusting = {**os.environ, "SSL_CERT_FILE": str(authority)}  # who has signed the mail server's certificate
        super().__init__(command, folder, port, "alertmanager", trusting)

    def tell(self, *alerts):
        """Alerts as a Prometheus would send them."""
        request = urllib.request.Request(f"http://{HOST}:{self.port}/api/v2/alerts", method="POST")
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request, json.dumps([{"labels": labels} for labels in alerts]).encode(), timeout=10).close()

    def states(self):
        """active or suppressed, of each alert and asset that there is now."""
        alerts = json.loads(self.get("/api/v2/alerts")[2])
        return {(alert["labels"]["alertname"], alert["labels"].get("asset")): alert["status"]["state"] for alert in alerts}


class Slack:
    """What arrived, by status, alert and asset."""

    def __init__(self, messages):
        self.messages = messages

    def of(self, status, name, asset=None):
        """Messages about it. Severity stands in a title while it fires: `[FIRING warning] Name asset (production)`."""
        what = f"] {name}{f' {asset}' if asset else ''} (production)"
        return [m for m in self.messages if m["title"].startswith(f"[{status}") and m["title"].endswith(what)]

    def wait(self, status, name, asset=None):
        return wait_for(f"{status} {name} {asset or ''} in Slack", lambda: self.of(status, name, asset))[0]


def copies(folder, addresses):
    """The committed files, with the addresses of this run."""
    shutil.copytree(DEPLOY / "alertmanager/templates", folder / "alertmanager/templates")
    waits = {"group_wait", "group_interval", "repeat_interval"}
    for name, expected in [
        ("prometheus/prometheus.yml", {"scrape_interval", "scrape_timeout", "evaluation_interval", "targets"}),
        (SERVICE.alerts.removeprefix("deploy/"), {"for", "keep_firing_for"}),
        ("alertmanager/alertmanager.yml", waits | {"smtp_smarthost", "slack_api_url_file", "smtp_auth_password_file"}),
    ]:
        expect(f"{name}: only waits and addresses are changed", copy(DEPLOY / name, folder / name, addresses), expected)


def check_gate(slack):
    message = slack.wait("FIRING", *GATE)
    expect("a triggered gate reaches Slack", message["title"], "[FIRING warning] ResidualGateTriggered iusd (production)")
    lines = message["text"].splitlines()
    expect("in words", lines[0], "*The residual gate of iusd is triggered*")
    expect("with its figures", "-222.19 USD off its trend (σ 61.69 USD)" in lines[1], True)
    expect("and what to do, as somebody without that host can read it", lines[2], "What to do: docs/runbook.md#residualgatetriggered")
    expect("the same alert of two replicas is one", message["text"].count("What to do"), 1)
    slack.wait("FIRING", "PriceMismatch", "iusd")
    slack.wait("FIRING", "OffPeg", "iusd")
    quiet = [asset for asset in ASSETS if asset != "iusd" and slack.of("FIRING", "ResidualGateTriggered", asset)]
    expect("no other gate is told of", quiet, [])


def newest(series):
    """The last value of each series, NaN left out: a quotient has none before something has happened."""
    values = [float(found.get("values", [found.get("value")])[-1][1]) for found in series]
    return [value for value in values if value == value]


def check_dashboard(prometheus):
    """Every expression finds something, and of an asset only once."""
    chosen = f"({'|'.join(ASSETS)})"  # as Grafana writes several values of a variable
    panels = [panel for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if panel["type"] != "row"]
    for panel in panels:
        for target in panel["targets"]:
            query = target["expr"].replace("$asset", chosen)
            find = prometheus.now if target.get("instant") else prometheus.recently
            wait_for(f"data of panel {panel['title']}: {query}", lambda: newest(find(query)))
            assets = [series["metric"].get("asset") for series in prometheus.now(query)]
            if "by (asset)" in query:
                expect(f"{panel['title']} shows each asset once", sorted(assets), sorted(set(assets)))
    print(f"ok  every expression of {len(panels)} panels finds something")


def check_review(prometheus):
    """What the monthly review asks Prometheus; its month is seconds here."""
    page = (SERVICE.room / "docs/runbook.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```promql\n(.*?)\n```", page, re.MULTILINE | re.DOTALL)
    share, changes, hours = [query.replace("[30d:10m]", "[1h:1s]") for query in queries]

    def of(query):
        return {series["metric"]["asset"]: float(series["value"][1]) for series in prometheus.now(query)}

    shares = {"djed": 0.0, "iusd": 1.0, "usdc": 0.0, "usdt": 0.0}  # usdm has too few points to judge
    expect("the review finds the gate that is always triggered, and no other", of(share), shares)
    expect("and that none has changed", set(of(changes).values()), {0.0})
    expect("and of which somebody was told", set(of(hours)), {"iusd"})


def check_outage(replicas, slack, mails, alertmanager):
    """Nothing of the assets while nobody answers, and no false end of their alerts."""
    for service in replicas.services.values():
        service.stop()
    wait_for("alerts of assets to be inhibited", lambda: alertmanager.states().get(GATE) == "suppressed")
    print("ok  an outage inhibits the alerts of assets")
    message = slack.wait("FIRING", "OrchestratorDown")
    expect("an outage reaches Slack", message["text"].splitlines()[0], "*No alert orchestrator answers*")
    login, mail = wait_for("a mail", lambda: mails)[0]
    expect("and the mailbox", (mail["Subject"], mail["To"]), ("[FIRING critical] OrchestratorDown (production)", "treasury@example.com"))
    parts = [part for part in mail.walk() if not part.is_multipart()]
    said = [(part.get_content_type(), part.get_payload(decode=True).decode()) for part in parts]
    expect("as text", [kind for kind, _ in said], ["text/plain"])
    expect("in the same words", "What to do: docs/runbook.md#orchestratordown" in said[0][1], True)
    expect("after a login over TLS with the password of the file", login, (f"{SERVICE.name}@example.com", "secret"))
    replicas.start()
    slack.wait("RESOLVED", "OrchestratorDown")
    wait_for("the gate's alert to be active again", lambda: alertmanager.states().get(GATE) == "active")
    print("ok  the end of an outage reaches Slack")
    counts = [len(slack.of(status, *GATE)) for status in ["FIRING", "RESOLVED"]]
    expect("the gate was told of once, and the outage was no end of it", counts, [1, 0])


def check_namespaces(alertmanager):
    """In Kubernetes an outage of production inhibits what is said of production's assets, and nothing of staging's."""
    here = {"job": SERVICE.metrics_job, "environment": "kubernetes", "namespace": SERVICE.name}
    there = {**here, "namespace": f"{SERVICE.name}-staging"}
    down = {"alertname": "OrchestratorDown", "severity": "critical"}  # its labels are those that kubernetes.yml expects
    error = {"alertname": "EvaluationError", "severity": "critical"}
    ours, theirs = (error["alertname"], "production"), (error["alertname"], "staging")
    alertmanager.tell({**here, **error, "asset": ours[1]}, {**there, **error, "asset": theirs[1]})
    states = wait_for("both assets to be told of", lambda: (found := alertmanager.states()) and ours in found and theirs in found and found)
    expect("without an outage nothing is inhibited", (states[ours], states[theirs]), ("active", "active"))
    alertmanager.tell({**here, **down})
    wait_for("production's asset to be inhibited", lambda: alertmanager.states()[ours] == "suppressed")
    expect("staging's is not", alertmanager.states()[theirs], "active")


def main():
    binary = os.path.abspath(sys.argv[2])
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        move_to_today(folder)
        apis = stack.enter_context(Apis(HOST, free_port()))
        replicas = stack.enter_context(Replicas(binary, folder, apis.url))
        slack = Slack(apis.messages)
        (folder / "slack_api_url").write_text(f"{apis.url}/slack\n", encoding="utf-8")
        (folder / "smtp_password").write_text("secret", encoding="utf-8")
        ports = {name: free_port() for name in ["prometheus", "alertmanager", "mail", "nobody"]}
        mail_server = stack.enter_context(MailServer(HOST, ports["mail"], folder))
        here = {name: [f"{HOST}:{port}"] for name, port in ports.items()}
        addresses = {
            f"{SERVICE.name}:{SERVICE.http_port}": [f"{HOST}:{port}" for port in replicas.ports.values()],
            "localhost:9090": here["prometheus"],
            "alertmanager:9093": here["alertmanager"],
            "greptimedb:4000": here["nobody"],
            "smtp.example.com:587": here["mail"],
            "/etc/alertmanager/secrets/slack_api_url": [str(folder / "slack_api_url")],
            "/etc/alertmanager/secrets/smtp_password": [str(folder / "smtp_password")],
        }
        copies(folder, addresses)
        alertmanager = stack.enter_context(Alertmanager(folder, ports["alertmanager"], mail_server.authority))
        prometheus = stack.enter_context(Prometheus(folder, ports["prometheus"]))
        for program in [alertmanager, prometheus]:
            wait_for("a server to answer", lambda: program.answers("/-/ready"))
        check_gate(slack)
        check_dashboard(prometheus)
        check_review(prometheus)
        check_outage(replicas, slack, mail_server.mails, alertmanager)
        replicas.calm()
        slack.wait("RESOLVED", *GATE)
        print("ok  a gate that is quiet again is taken back")
        check_namespaces(alertmanager)


if __name__ == "__main__":
    main()
