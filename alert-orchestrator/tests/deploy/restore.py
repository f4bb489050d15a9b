#!/usr/bin/env python3
"""restore.sh on a small machine with a real systemd: what it puts back, and what an archive or a link could make root write.

    alert-orchestrator/tests/deploy/restore.py ROOM PROGRAM
"""

import hashlib
import io
import json
import pathlib
import re
import shutil
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
import releases
from machine import Machine
from running import REPOSITORY, expect, install, password_hash, wait_for
from service import SERVICE

UNIT = SERVICE.unit
TIMER = SERVICE.backup_timer
CURRENT = SERVICE.current
SETTINGS = SERVICE.settings
BACKUPS = SERVICE.backups
STORE = SERVICE.store_path
CONFIGURATION = SERVICE.configuration_for("restore")


def set_up(machine, binary):
    shutil.copytree(REPOSITORY / "examples/liqwid", machine.shared / "liqwid")
    releases.install(machine, binary)
    machine.write(f"{SETTINGS}/config.yaml", CONFIGURATION)
    machine.write(f"{SETTINGS}/secrets.env", f"{SERVICE.variables}PASSWORD_HASH={password_hash(binary, 'a long secret')}\n")
    machine.run("systemctl", "start", UNIT, TIMER)
    wait_for("the first round", lambda: "usdc" in decisions(machine))


def decisions(machine):
    return machine.run("curl", "--silent", "--fail", "--user", "anna:a long secret", f"{SERVICE.url}/api/decisions", ok=None)


def active(machine):
    return [machine.run("systemctl", "is-active", unit, ok=None) for unit in (UNIT, TIMER)]


def restore(machine, *arguments, ok=0, script=f"{CURRENT}/deploy/scripts/restore.sh"):
    return machine.run(script, *arguments, ok=ok)


def with_secrets(machine):
    """A backup that holds what only root can read, made by the service's user."""
    told = machine.run(f"{CURRENT}/deploy/scripts/run.sh", "backup", "--with-secrets")
    backup = re.search(rf"{BACKUPS}/\S+\.tar\.gz", told)[0]
    expect("run.sh backup --with-secrets has the secrets", "secrets.env" in machine.run("tar", "-tzf", backup).split(), True)
    expect("and belongs to the service alone", machine.run("stat", "-c", "%a %U", backup), f"600 {SERVICE.account}")
    told = machine.run(f"{CURRENT}/deploy/scripts/run.sh", "backup", "--with-secrets", "--output", f"{SETTINGS}/here.tar.gz", ok=1)
    expect("it writes no more than the service may", "Read-only file system" in told, True)
    return backup


def refusals(machine, backup):
    """Nothing is stopped for what cannot be."""
    machine.run("cp", backup, f"{BACKUPS}/a:b.tar.gz")
    cases = [("/nowhere.tar.gz", "there is no file"), (f"{BACKUPS}/a:b.tar.gz", "characters that systemd would take")]
    for path, why in cases:
        expect(f"it refuses {path}", why in restore(machine, path, ok=1), True)
    with machine.holding(SERVICE.lock):
        expect("it waits for a deployment", "under way" in restore(machine, backup, ok=1), True)
    for arguments in ([], ["--all"], [backup, backup]):
        restore(machine, *arguments, ok=2)
    expect("the service goes on meanwhile", active(machine), ["active", "active"])
    machine.run("rm", f"{BACKUPS}/a:b.tar.gz")


def put_back(machine, backup):
    """From where a backup may lie; the sandbox shows nothing else of a home, or of /tmp."""
    before = decisions(machine)
    machine.run("mkdir", "-p", "/root/old")
    for path in (backup, "/root/old/backup.tar.gz", "/tmp/backup.tar.gz"):
        if path != backup:
            machine.run("mv", backup, path)
            backup = path
        # What the restore before kept as well: its names are those of a second.
        machine.run("bash", "-c", f"rm -f {SETTINGS}/*.before-* {STORE}*; echo wrong >{SETTINGS}/config.yaml")
        told = restore(machine, path)
        expect(f"a backup in {pathlib.PurePath(path).parent} is restored", "done: " in told and "ok    store: " in told, True)
        expect("and the service and its timer run again", active(machine), ["active", "active"])
        wait_for("the decisions of before", lambda: decisions(machine) == before)
    found = machine.run("stat", "-c", "%a %U %G", f"{SETTINGS}/config.yaml", pathlib.PurePath(STORE).parent).splitlines()
    own = SERVICE.account
    expect("what root restored belongs to whom it should", found, [f"640 root {own}", f"750 {own} {own}"])
    store = machine.run("find", pathlib.PurePath(STORE).parent, "-not", "-user", SERVICE.account)
    expect("root left nothing of its own beside the store", store, "")
    machine.run("mv", backup, f"{BACKUPS}/good.tar.gz")
    return f"{BACKUPS}/good.tar.gz"


def crafted(machine, backup, configuration):
    """A backup that is whole, and says of its configuration what it likes."""
    whole = machine.shared / "good.tar.gz"
    machine.run("cp", backup, "/srv/good.tar.gz")
    with tarfile.open(whole) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    files["config.yaml"] = configuration.encode()
    manifest = json.loads(files.pop("manifest.json"))
    for listed in manifest["files"]:
        contents = files[listed["name"]]
        listed["size"], listed["sha256"] = len(contents), hashlib.sha256(contents).hexdigest()
    with tarfile.open(machine.shared / "crafted.tar.gz", "w:gz") as tar:
        for name, contents in {"manifest.json": json.dumps(manifest).encode(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            tar.addfile(entry, io.BytesIO(contents))
    return "/srv/crafted.tar.gz"


def fenced_in(machine, backup):
    """What lies outside stays as it is, and what cannot be restored leaves the service stopped."""
    outside = "/etc/cron.d/outside"
    machine.run("bash", "-c", f"mkdir -p /etc/cron.d; echo mine >{outside}; chmod 600 {outside}")

    def refused(what, path):
        before = machine.run("bash", "-c", "find /etc/cron.d -printf '%p %m %u %s %T@ %C@\\n' | sort; cat /etc/cron.d/outside")
        told = restore(machine, path, ok=3)
        after = machine.run("bash", "-c", "find /etc/cron.d -printf '%p %m %u %s %T@ %C@\\n' | sort; cat /etc/cron.d/outside")
        expect(f"{what} writes nothing outside", after, before)
        expect("and the service waits for a person", ("the service is down" in told, active(machine)), (True, ["inactive", "inactive"]))
        return told

    for place in ("/etc/cron.d/new", outside):
        configuration = CONFIGURATION.replace("  auth:", f"  token_registry: {place}\n  auth:")
        refused(f"an archive whose registry goes to {place}", crafted(machine, backup, configuration))
    machine.run("bash", "-c", f"rm -f {STORE}*; ln -s {outside} {STORE}")
    refused("a link in place of the store", backup)
    machine.run("bash", "-c", f"rm -rf {pathlib.PurePath(STORE).parent}; ln -s /etc/cron.d {pathlib.PurePath(STORE).parent}")
    refused("a link in place of its folder", backup)
    machine.run("rm", pathlib.PurePath(STORE).parent)


def on_a_new_host(machine, backup):
    """Before anything is deployed, with the program of the release that lies unpacked in /tmp."""
    machine.run("rm", CURRENT)
    machine.run("rm", f"{SETTINGS}/config.yaml")
    told = restore(machine, backup, script=f"{releases.SCRIPTS}/restore.sh")
    expect("without a deployed release it restores, too", "deploy.sh comes next" in told, True)
    machine.run("test", "-s", STORE)


def main():
    binary = pathlib.Path(sys.argv[2]).resolve()
    install({"curl": "curl", "flock": "util-linux"})
    with Machine() as machine:
        set_up(machine, binary)
        backup = with_secrets(machine)
        refusals(machine, backup)
        backup = put_back(machine, backup)
        fenced_in(machine, backup)
        on_a_new_host(machine, backup)


main()
