#!/usr/bin/env python3
"""On a small machine with a real systemd: the timer's backups, and the commands of docs/backup.md that put one back.

Every way back is taken from the page itself and starts from a service that was killed: after the loss of everything but the
installation, after the loss of its secrets, too, and from a store that a newer version has migrated.

    alert-orchestrator/tests/deploy/backup.py ROOM PROGRAM
"""

import json
import pathlib
import re
import shlex
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
import releases
from machine import Machine
from running import REPOSITORY, expect, install, password_hash, wait_for
from service import SERVICE

UNIT = SERVICE.unit
BACKUP = SERVICE.backup_unit
TIMER = SERVICE.backup_timer
BACKUPS = SERVICE.backups
STORE = SERVICE.store_path
SETTINGS = SERVICE.settings
PASSWORD = "a long secret"
CONFIGURATION = SERVICE.configuration_for("backup")


def set_up(machine, binary):
    releases.install(machine, binary)
    machine.write(f"{SETTINGS}/config.yaml", CONFIGURATION)
    machine.write(f"{SETTINGS}/credentials/{SERVICE.variables}PASSWORD_HASH", password_hash(binary, PASSWORD))
    where = f"/run/credentials/{UNIT}/secret_{SERVICE.variables}PASSWORD_HASH"
    lines = f"{SERVICE.variables}TIMEZONE=Europe/Berlin\n{SERVICE.variables}PASSWORD_HASH_FILE={where}\n"
    machine.write(f"{SETTINGS}/secrets.env", lines)


def each_night(machine):
    expect("setup.sh enables the timer", machine.run("systemctl", "is-enabled", TIMER), "enabled")
    machine.run("systemctl", "start", TIMER)
    due = machine.show(TIMER, "NextElapseUSecRealtime")
    expect("the next backup is due at 02:00", re.search(r"\d\d:\d\d:\d\d", due)[0], "02:00:00")
    expect("one that was missed is made up for", machine.show(TIMER, "Persistent"), "yes")
    machine.run("systemctl", "stop", TIMER)


def started(machine):
    machine.run("systemctl", "start", UNIT)
    curl = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", f"{SERVICE.url}/startupz"]
    wait_for("the first round", lambda: machine.run(*curl, ok=None) == "200")


def journal(machine):
    return machine.run("journalctl", "--quiet", "--output=cat", f"--identifier={SERVICE.name}-backup")


def decisions(machine):
    """What the service has decided, by now; as of a fixed time it depends on the store alone."""
    answer = ["curl", "--silent", "--fail", "--user", f"anna:{PASSWORD}", f"{SERVICE.url}/api/decisions"]

    def of_every_asset():
        found = machine.run(*answer, ok=None)
        return found if '"usdc"' in found and '"djed"' in found else None

    return wait_for("the decisions of every asset", of_every_asset)


def backed_up(machine):
    old, fresh = (f"{BACKUPS}/{SERVICE.name}-{time}T020000Z.tar.gz" for time in ("20200101", "20991231"))
    machine.run("install", "-o", SERVICE.account, "-m", "600", "/dev/null", old)
    machine.run("install", "-o", SERVICE.account, "-m", "600", "/dev/null", fresh)
    machine.run("systemctl", "start", BACKUP)
    made = set(machine.run("ls", BACKUPS).split()) - {pathlib.PurePath(fresh).name}
    expect("the unit makes one backup and deletes those older than 30 days", len(made), 1)
    backup = f"{BACKUPS}/{made.pop()}"
    expect("it has the default name", bool(re.fullmatch(rf".*/{SERVICE.name}-\d{{8}}T\d{{6}}Z\.tar\.gz", backup)), True)
    own = f"600 {SERVICE.account} {SERVICE.account}"
    expect("it belongs to the service alone", machine.run("stat", "-c", "%a %U %G", backup), own)
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


def documented(beginning, **stand_ins):
    """A block of commands from the page, with other names in place of its examples; each of them must be in it."""
    page = (REPOSITORY / "chassis/docs/backup.md").read_text(encoding="utf-8")
    block = re.search(rf"```sh\n( *{re.escape(beginning)}.*?)```", page, re.DOTALL)[1]
    examples = {"backup": rf"\S*{SERVICE.name}-\d+T\d+Z\.tar\.gz", "copy": r"\S*\.schema-\S*\.backup"}
    for what, name in stand_ins.items():
        block, count = re.subn(examples[what], shlex.quote(name), block)
        expect(f"the page names a {what} after {beginning!r}", count, 1)
    return block


def killed(machine):
    machine.run("kill", "-KILL", machine.show(UNIT, "MainPID"))
    machine.run("systemctl", "stop", UNIT)


def restored(machine, backup):
    before = decisions(machine)
    killed(machine)
    # The worst case: nothing is left but the installation.
    machine.run("bash", "-c", f"rm -r {SERVICE.data}/var {SETTINGS}/token_registry.csv")
    machine.write(f"{SETTINGS}/config.yaml", "wrong")
    machine.run("bash", "-c", f"chown root:{SERVICE.account} {SETTINGS}/config.yaml; chmod 640 {SETTINGS}/config.yaml")
    told = machine.run("bash", "-c", documented(f"{SERVICE.current}/deploy/scripts/restore.sh", backup=backup))
    expect("check has the last word", ("ok    store: " in told, "is in place" in told), (True, True))
    expect("the restored configuration is back", machine.run("cat", f"{SETTINGS}/config.yaml"), CONFIGURATION.strip())
    kept = machine.run("bash", "-c", f"cat {SETTINGS}/config.yaml.before-restore-*")
    expect("what it replaced is kept", kept, "wrong")
    paths = [f"{SETTINGS}/config.yaml", f"{SETTINGS}/token_registry.csv", pathlib.PurePath(STORE).parent, STORE]
    found = machine.run("stat", "-c", "%a %U %G", *paths).splitlines()
    own = f"{SERVICE.account} {SERVICE.account}"
    expected = [*[f"640 root {SERVICE.account}"] * 2, f"750 {own}", f"600 {own}"]
    expect("what root restored belongs to whom it should", found, expected)
    expect("the service decides as before, byte for byte", decisions(machine), before)


def without_secrets(machine):
    """A host that has lost its secrets, too: those are unpacked first, because the configuration cannot be read without them."""
    before = decisions(machine)
    secrets = [f"{SETTINGS}/secrets.env", f"{SETTINGS}/credentials/{SERVICE.variables}PASSWORD_HASH"]
    machine.run("chmod", "440", secrets[1])
    look = ["bash", "-c", f"stat -c '%a %U' {' '.join(secrets)}; cat {' '.join(secrets)}"]
    had = machine.run(*look)
    told = machine.run("bash", "-c", documented(f"{SERVICE.current}/deploy/scripts/run.sh"))
    backup = re.search(rf"{BACKUPS}/\S+\.tar\.gz", told)[0]
    killed(machine)
    lose = f"rm -r {SETTINGS}/*.before-restore-* {SERVICE.data}/var {' '.join(secrets)}"
    machine.run("bash", "-c", lose)
    machine.run("bash", "-c", documented("tar -xzf", backup=backup))
    expect("the secrets are back, for whom they were", machine.run(*look), had)
    machine.run("bash", "-c", documented(f"{SERVICE.current}/deploy/scripts/restore.sh", backup=backup))
    expect("and the restore leaves them so", machine.run(*look), had)
    expect("the service knows them, and decides as before", decisions(machine), before)


def upgrade_taken_back(machine):
    """From a store of schema 3 that this program has migrated, and written to until it was killed."""
    machine.run("systemctl", "stop", UNIT)
    old = SERVICE.room / "crates/advisor-io/testdata/schema-3.db"
    (machine.shared / "schema-3.db").write_bytes(old.read_bytes())
    folder = pathlib.PurePath(STORE).parent
    own = f"-o {SERVICE.account} -g {SERVICE.account}"
    machine.run("bash", "-c", f"rm -r {folder}/*; install {own} -m 640 /srv/schema-3.db {STORE}")
    started(machine)
    killed(machine)
    machine.run("test", "-s", f"{STORE}-wal")
    copy = machine.run("bash", "-c", f"cd {folder}; ls *.schema-3.*.backup")
    machine.run("bash", "-c", documented(f"cd {SERVICE.data}/var", copy=copy))
    # As SQLite finds it: with whatever lies beside it.
    machine.run("cp", "-r", folder, "/srv/var")
    found, expected = (tables(path) for path in (machine.shared / SERVICE.store, old))
    expect("the store is the one from before the upgrade, of schema 3", (found, found[0]), (expected, 3))


def tables(store):
    """Schema version, and every row of every table."""
    connection = sqlite3.connect(f"file:{store}?mode=ro" + ("&immutable=1" if store.is_relative_to(REPOSITORY) else ""), uri=True)
    names = [name for (name,) in connection.execute("select name from sqlite_schema where type = 'table' order by name")]
    rows = {name: connection.execute(f'select * from "{name}"').fetchall() for name in names}
    return connection.execute("pragma user_version").fetchone()[0], rows


def main():
    binary = pathlib.Path(sys.argv[2]).resolve()
    install({"curl": "curl"})
    with Machine() as machine:
        set_up(machine, binary)
        each_night(machine)
        started(machine)
        backup = backed_up(machine)
        without_store(machine)
        machine.run("systemctl", "restart", UNIT)  # its store was gone for a moment
        started(machine)
        restored(machine, backup)
        without_secrets(machine)
        upgrade_taken_back(machine)


main()
