#!/usr/bin/env python3
"""Does Alertmanager's configuration send every alert where it should, and is it refused while it cannot be used?

`amtool` checks it and says who gets what; deploy/alertmanager/check.sh must name each address that was not filled in and each secret
that is missing. Needs `amtool` (Debian's package prometheus-alertmanager) and PyYAML.

    alert-orchestrator/tests/monitoring/routes.py ROOM
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
from running import expect
from service import SERVICE

FOLDER = SERVICE.room / "deploy/alertmanager"
CONFIGURATION = FOLDER / "alertmanager.yml"
RULES = SERVICE.room / SERVICE.alerts

RECEIVERS = {"critical": "slack-and-email", "warning": "slack", "info": "slack-info"}


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def check_routes(configuration):
    expect("amtool check-config finds nothing", run("amtool", "check-config", CONFIGURATION)[0], 0)

    def receivers(**labels):
        pairs = [f"{name}={value}" for name, value in labels.items()]
        command = ["amtool", "config", "routes", "test", f"--config.file={CONFIGURATION}", *pairs]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    for rule in [rule for group in groups for rule in group["rules"]]:
        name, severity = rule["alert"], rule["labels"]["severity"]
        found = receivers(alertname=name, severity=severity, asset="djed")
        expect(f"{name} goes to {RECEIVERS[severity]}", found, [RECEIVERS[severity]])
    expect("an alert without severity is not lost", receivers(alertname="Other"), ["slack"])

    route = configuration["route"]
    waits = {key: route[key] for key in ["group_by", "group_wait", "group_interval", "repeat_interval"]}
    as_agreed = {"group_by": ["alertname", "asset"], "group_wait": "30s", "group_interval": "5m", "repeat_interval": "12h"}
    expect("groups and waits are as agreed", waits, as_agreed)
    own = {key for child in route["routes"] for key in child} - {"matchers", "receiver"}
    expect("no route has others of its own", own, set())
    channels = {
        receiver["name"]: sorted(key for key in receiver if key.endswith("_configs")) for receiver in configuration["receivers"]
    }
    both, slack = ["email_configs", "slack_configs"], ["slack_configs"]
    expect("who is critical is also mailed", channels, {"slack-and-email": both, "slack": slack, "slack-info": slack})


def filled_in(folder):
    """The configuration as an operator leaves it, its secrets beside it."""
    shutil.copytree(FOLDER / "templates", folder / "templates")
    text = CONFIGURATION.read_text(encoding="utf-8")
    text = text.replace("example.com", "treasury.test").replace("/etc/alertmanager/secrets", str(folder))
    (folder / "slack_api_url").write_text("https://hooks.slack.test/services/T0/B0/secret\n", encoding="utf-8")
    (folder / "smtp_password").write_text("secret", encoding="utf-8")
    ready = folder / "alertmanager.yml"
    ready.write_text(text, encoding="utf-8")
    return ready


def check_refusals(placeholders):
    """What check.sh says of the committed file, of one that is ready, and of each fault."""
    status, output = run(FOLDER / "check.sh")
    expect("the committed configuration is refused", status, 1)
    missing = [word for word in [*placeholders, "slack_api_url", "smtp_password"] if word not in output]
    expect("each address and secret that is missing is named", missing, [])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ready = filled_in(folder)
        expect("one that is filled in can be used", run(FOLDER / "check.sh", ready), (0, f"ok  {ready} can be used\n"))
        good = {path: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}
        slack, password = folder / "slack_api_url", folder / "smtp_password"
        commented = good[ready] + "# Not an address: example.com\n"
        (folder / "commented.yml").write_text(commented, encoding="utf-8")
        expect("a comment about example.com is no address", run(FOLDER / "check.sh", folder / "commented.yml")[0], 0)
        for what, path, text, said in [
            ("a missing secret", password, None, f"smtp_auth_password_file: {password}: no such file"),
            ("an empty secret", password, "", f"smtp_auth_password_file: {password}: empty"),
            ("a password with a line break", password, "secret\n", f"smtp_auth_password_file: {password}: ends with a line break"),
            ("a Slack address that is none", slack, "xoxb-secret\n", f"slack_api_url_file: {slack}: does not begin with https://"),
            ("one address left", ready, good[ready].replace("to: treasury@", "to: example.org@"), "to: example.org@treasury.test"),
            ("a syntax error", ready, good[ready].replace("group_wait: 30s", "group_wait: soon"), "not a valid duration"),
        ]:
            path.unlink() if text is None else path.write_text(text, encoding="utf-8")
            status, output = run(FOLDER / "check.sh", ready)
            expect(f"{what} is refused and named", (status, said if said in output else output), (1, said))
            expect(f"{what}: no secret is shown", "xoxb-secret" in output, False)
            path.write_text(good[path], encoding="utf-8")


def main():
    text = CONFIGURATION.read_text(encoding="utf-8")
    check_routes(yaml.safe_load(text))
    # Whatever stands in the committed file for a real address.
    settings = [line.strip() for line in text.splitlines() if "example.com" in line and not line.strip().startswith("#")]
    expect("addresses to fill in", len(settings), 4)
    check_refusals(settings)


if __name__ == "__main__":
    main()
