#!/usr/bin/env python3
"""The nightly backup and the way back, on a small machine with a real systemd, as docs/backup.md describes them.

    tests/deploy/backup.py target/release/alert-orchestrator
"""

import json
import pathlib
import re
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import releases
from machine import Machine
from running import REPOSITORY, expect, install, password_hash, wait_for

SERVICE = "alert-orchestrator.service"
BACKUP = "alert-orchestrator-backup.service"
TIMER = "alert-orchestrator-backup.timer"
BACKUPS = "/var/backups/orchestrator"
STORE = "/var/lib/alert-orchestrator/var/orchestrator.db"
# As of a fixed time: what is decided depends on nothing but the store.
CONFIGURATION = """client:
  embedded: {path: var/orchestrator.db, import: [/opt/alert-orchestrator/current/examples/liqwid]}
  assets: [usdc, djed]
  date_range: {end: "2026-01-29"}
orchestrator:
  timezone: ${ORCHESTRATOR_TIMEZONE}
  auth: {enabled: true, username: anna, password_hash: "${ORCHESTRATOR_PASSWORD_HASH}"}
"""


def set_up(machine, binary):
    releases.install(machine, binary)
    machine.write("/etc/alert-orchestrator/config.yaml", CONFIGURATION)
    machine.write("/etc/alert-orchestrator/credentials/ORCHESTRATOR_PASSWORD_HASH", password_hash(binary, "a long secret"))
    where = f"/run/credentials/{SERVICE}/secret_ORCHESTRATOR_PASSWORD_HASH"
    lines = f"ORCHESTRATOR_TIMEZONE=Europe/Berlin\nORCHESTRATOR_PASSWORD_HASH_FILE={where}\n"
    machine.write("/etc/alert-orchestrator/secrets.env", lines)


def each_night(machine):
    expect("setup.sh enables the timer", machine.run("systemctl", "is-enabled", TIMER), "enabled")
    machine.run("systemctl", "start", TIMER)
    due = machine.show(TIMER, "NextElapseUSecRealtime")
    expect("the next backup is due at 02:00", re.search(r"\d\d:\d\d:\d\d", due)[0], "02:00:00")
    expect("one that was missed is made up for", machine.show(TIMER, "Persistent"), "yes")
    machine.run("systemctl", "stop", TIMER)


def started(machine):
    machine.run("systemctl", "start", SERVICE)
    curl = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "http://127.0.0.1:9808/startupz"]
    wait_for("the first round", lambda: machine.run(*curl, ok=None) == "200")


def journal(machine):
    return machine.run("journalctl", "--quiet", "--output=cat", "--identifier=alert-orchestrator-backup")


def decisions(machine):
    """What the service says, which is not the same bytes after a restart only where the store differs."""
    return machine.run("curl", "--silent", "http://127.0.0.1:9808/api/decisions")


def backed_up(machine):
    old, fresh = (f"{BACKUPS}/alert-orchestrator-{time}T020000Z.tar.gz" for time in ("20200101", "20991231"))
    machine.run("install", "-o", "orchestrator", "-m", "600", "/dev/null", old)
    machine.run("install", "-o", "orchestrator", "-m", "600", "/dev/null", fresh)
    machine.run("systemctl", "start", BACKUP)
    made = set(machine.run("ls", BACKUPS).split()) - {pathlib.PurePath(fresh).name}
    expect("the unit makes one backup and deletes those older than 30 days", len(made), 1)
    backup = f"{BACKUPS}/{made.pop()}"
    expect("it has the default name", bool(re.fullmatch(r".*/alert-orchestrator-\d{8}T\d{6}Z\.tar\.gz", backup)), True)
    expect("it belongs to the service alone", machine.run("stat", "-c", "%a %U %G", backup), "600 orchestrator orchestrator")
    held = sorted(machine.run("tar", "-tzf", backup).split())
    expect("it holds no secrets", held, ["config.yaml", "manifest.json", "store.db", "token_registry.csv"])
    manifest = json.loads(machine.run("tar", "-xzOf", backup, "manifest.json"))
    expect("the store was where the service has it", manifest["files"][-1]["path"], STORE)
    forbidden = re.findall("(?i).*not permitted.*|.*denied.*|.*read-only.*", journal(machine))
    expect("nothing was forbidden that it needs", forbidden, [])
    machine.run("rm", fresh)
    return backup


def without_store(machine):
    machine.run("mv", STORE, f"{STORE}.away")
    before = machine.run("ls", BACKUPS)
    machine.run("systemctl", "start", BACKUP, ok=1)
    expect("without the store the unit fails, and says so", "there is no embedded store at " + STORE in journal(machine), True)
    expect("and neither makes a backup nor deletes one", machine.run("ls", BACKUPS), before)
    machine.run("mv", f"{STORE}.away", STORE)
    machine.run("systemctl", "reset-failed", BACKUP)


def documented(backup):
    """The commands of the page between stopping and starting the service, with this backup."""
    page = (REPOSITORY / "docs/backup.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\nsystemctl stop alert-orchestrator\n(systemd-run .*?)systemctl start", page, re.DOTALL)[1]
    return re.sub(r"/var/backups/orchestrator/\S+", shlex.quote(backup), block)


def restored(machine, backup):
    before = decisions(machine)
    restore = documented(backup)
    told = machine.run("bash", "-c", restore, ok=1)
    expect("under the running service a restore is refused", "is in use; stop the service" in told, True)
    machine.run("kill", "-KILL", machine.show(SERVICE, "MainPID"))
    machine.run("systemctl", "stop", SERVICE)
    # The worst case: nothing is left but the installation.
    machine.run("bash", "-c", "rm -r /var/lib/alert-orchestrator/var /etc/alert-orchestrator/token_registry.csv")
    machine.write("/etc/alert-orchestrator/config.yaml", "wrong")
    machine.run("bash", "-c", "chown root:orchestrator /etc/alert-orchestrator/config.yaml; chmod 640 /etc/alert-orchestrator/config.yaml")
    told = machine.run("bash", "-c", restore)
    expect("check has the last word", ("ok    store: " in told, "is in place" in told), (True, True))
    expect("the restored configuration is back", machine.run("cat", "/etc/alert-orchestrator/config.yaml"), CONFIGURATION.strip())
    kept = machine.run("bash", "-c", "cat /etc/alert-orchestrator/config.yaml.before-restore-*")
    expect("what it replaced is kept", kept, "wrong")
    paths = ["/etc/alert-orchestrator/config.yaml", "/etc/alert-orchestrator/token_registry.csv", pathlib.PurePath(STORE).parent, STORE]
    found = machine.run("stat", "-c", "%a %U %G", *paths).splitlines()
    expected = ["640 root orchestrator", "640 root orchestrator", "750 orchestrator orchestrator", "640 orchestrator orchestrator"]
    expect("what root restored belongs to whom it should", found, expected)
    started(machine)
    expect("the service decides as before, byte for byte", decisions(machine), before)


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    install({"curl": "curl"})
    with Machine() as machine:
        set_up(machine, binary)
        each_night(machine)
        started(machine)
        backup = backed_up(machine)
        without_store(machine)
        machine.run("systemctl", "restart", SERVICE)  # its store was gone for a moment
        started(machine)
        restored(machine, backup)


main()
