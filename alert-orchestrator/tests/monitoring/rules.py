#!/usr/bin/env python3
"""Are the alerts right, each with a test that would notice if it were not?

`promtool` checks the configuration and the rules and runs their tests. Then every alert must have a case in which it fires and one
in which it is quiet; a wait that is a minute longer or shorter must make a test fail; the metrics must exist, and the runbook must
have an entry for it. Needs `promtool` (Debian's package prometheus) and PyYAML.

    alert-orchestrator/tests/monitoring/rules.py ROOM
"""

import collections
import copy
import itertools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from copies import REPOSITORY
from running import expect
from service import SERVICE

FOLDER = SERVICE.room / "deploy/prometheus"
RULES = SERVICE.room / SERVICE.alerts
RESOURCE = SERVICE.room / SERVICE.alerts_resource
# The one expression that is another in Kubernetes.
ANYWHERE, IN_NAMESPACE = (f'absent(up{{job="{SERVICE.metrics_job}"{more}}})' for more in ("", f', namespace="{SERVICE.name}"'))
RUNBOOK = SERVICE.room / "docs/runbook.md"
# Where a release that is installed as the guide says has this page.
RUNBOOK_URL = f"file://{SERVICE.current}/docs/runbook.md#"
SEVERITIES = {"critical", "warning", "info"}
# Where an installation has the limit that MemoryNearLimit knows, in MiB.
MEMORY_LIMITS = {
    f"deploy/systemd/{SERVICE.unit}": r"^MemoryMax=(\d+)M$",
    f"deploy/kubernetes/{SERVICE.name}/base/deployment.yaml": r"limits: \{.*\bmemory: (\d+)Mi\b",
}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules_of(groups):
    return [rule for group in groups["groups"] for rule in group["rules"]]


def promtool(*arguments, folder=FOLDER):
    run = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def check_syntax():
    expect("promtool check config finds nothing", promtool("check", "config", "prometheus.yml")[0], 0)
    status, output = promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
    expect("promtool check rules finds nothing", (status, "" if status == 0 else output), (0, ""))


def check_tests(tests):
    status, output = promtool("test", "rules", *[str(path) for path in tests])
    expect("the tests of the rules pass", (status, "" if status == 0 else output), (0, ""))


def check_coverage(rules, tests):
    """Every alert fires in one case and is quiet in another."""
    cases = collections.defaultdict(set)
    for path in tests:
        for group in load(path)["tests"]:
            for case in group["alert_rule_test"]:
                cases[case["alertname"]].add("firing" if case["exp_alerts"] else "quiet")
    found = {rule["alert"]: cases.pop(rule["alert"], set()) for rule in rules}
    expect("every alert has a firing and a quiet case", {name: seen for name, seen in found.items() if len(seen) < 2}, {})
    expect("no case is of an alert that is gone", dict(cases), {})


def minutes(duration):
    found = re.fullmatch(r"(\d+)m", duration)
    return int(found[1]) if found else sys.exit(f"FAILED: a wait is in whole minutes, found {duration!r}")


def with_wait(groups, key, change):
    """The groups with one wait of every alert `change` minutes longer, and the names of the alerts for which that can be done."""
    changed, names = copy.deepcopy(groups), set()
    for rule in rules_of(changed):
        if key in rule and minutes(rule[key]) + change >= 0:
            rule[key] = f"{minutes(rule[key]) + change}m"
            names.add(rule["alert"])
    return changed, names


def check_waits(groups, tests):
    """No wait can be a minute longer or shorter without a case that fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "rules").mkdir()
        shutil.copytree(FOLDER / "tests", folder / "tests")
        for key, change in itertools.product(["for", "keep_firing_for"], [1, -1]):
            changed, names = with_wait(groups, key, change)
            (folder / "rules" / RULES.name).write_text(yaml.safe_dump(changed), encoding="utf-8")
            _, output = promtool("test", "rules", *[f"tests/{path.name}" for path in tests], folder=folder)
            noticed = set(re.findall(r"alertname: (\w+), time:", output))
            expect(f"{key} {change:+} min is noticed for each of {len(names)} alerts", names - noticed, set())


def check_texts(rules):
    """Severity, summary, description with values, and a link to an entry of the runbook; no entry without its alert."""
    expect("every severity is one that Alertmanager routes", {rule["labels"]["severity"] for rule in rules} - SEVERITIES, set())
    short = {r["alert"] for r in rules if set(r["annotations"]) != {"summary", "description", "runbook_url"}}
    expect("every alert has summary, description and runbook", short, set())
    without = {r["alert"] for r in rules if not re.search(r"\$value|\| query", r["annotations"]["description"])}
    expect("every description has a value", without, set())
    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules}
    expect("every link is the alert's own", links, {name: RUNBOOK_URL + name.lower() for name in links})
    entries = set(re.findall(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE))
    expect("the runbook has an entry for each alert, and no other", entries, set(links))


def check_metrics(rules):
    """What the rules ask for is what the service shows."""
    page = (SERVICE.room / "docs/metrics.md").read_text(encoding="utf-8")
    text = " ".join(rule["expr"] + rule["annotations"]["description"] for rule in rules)
    used = set(re.findall(rf"\b(?:{SERVICE.metrics_prefix}|process_)[a-z0-9_]+", text))
    unknown = {name for name in used if f"`{re.sub('_(sum|count)$', '', name)}" not in page}
    expect(f"each of {len(used)} metrics is one of the service", unknown, set())


def check_memory_limit(rules):
    """The rule's limit is that of every installation."""
    expression = next(rule["expr"] for rule in rules if rule["alert"] == "MemoryNearLimit")
    limits = re.findall(r"> 0\.9 \* (\d+) \* 1024 \* 1024$", expression)
    for path, pattern in MEMORY_LIMITS.items():
        found = re.findall(pattern, (SERVICE.room / path).read_text(encoding="utf-8"), re.MULTILINE)
        expect(f"MemoryNearLimit knows the limit of {path}", (len(limits), found), (1, limits))


def check_disagreement():
    """The guide's question about replicas that disagree finds the asset, and no other."""
    page = (REPOSITORY / "chassis/docs/high-availability.md").read_text(encoding="utf-8")
    query = re.search(r"^```promql\n(.*?)\n```", page, re.MULTILINE | re.DOTALL)[1]
    decisions = {("a", "djed"): 1, ("b", "djed"): -1, ("a", "usdc"): 0, ("b", "usdc"): 0}
    series = [
        {"series": f'wo_decision{{instance="{instance}", asset="{asset}"}}', "values": str(decision)}
        for (instance, asset), decision in decisions.items()
    ]
    case = {"expr": query, "eval_time": "0m", "exp_samples": [{"labels": '{asset="djed"}', "value": 1}]}
    with tempfile.TemporaryDirectory() as name:
        tests = {"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [case]}]}
        pathlib.Path(name, "query.yml").write_text(yaml.safe_dump(tests), encoding="utf-8")
        status, output = promtool("test", "rules", "query.yml", folder=name)
    expect("replicas that disagree are found by the guide's query", (status, "" if status == 0 else output), (0, ""))


def check_resource(groups):
    """The PrometheusRule is about one namespace, and the same otherwise."""
    spec = load(RESOURCE)["spec"]
    expected = copy.deepcopy(groups)
    down = next(rule for rule in rules_of(expected) if rule["alert"] == "OrchestratorDown")
    down["expr"] = down["expr"].replace(ANYWHERE, IN_NAMESPACE)
    expect("the Kubernetes resource has the same groups, of its namespace", spec, expected)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "rules.yml").write_text(yaml.safe_dump(spec), encoding="utf-8")
        shutil.copy(pathlib.Path(__file__).parent / "kubernetes.yml", folder)
        status, output = promtool("test", "rules", "kubernetes.yml", folder=folder)
    expect("in Kubernetes production is missed, also beside staging", (status, "" if status == 0 else output), (0, ""))


def main():
    groups, tests = load(RULES), sorted((FOLDER / "tests").glob("*.yml"))
    rules = rules_of(groups)
    check_syntax()
    check_tests(tests)
    check_coverage(rules, tests)
    check_waits(groups, tests)
    check_texts(rules)
    check_metrics(rules)
    check_memory_limit(rules)
    check_disagreement()
    check_resource(groups)


if __name__ == "__main__":
    main()
