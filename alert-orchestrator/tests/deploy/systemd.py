#!/usr/bin/env python3
"""The units, setup.sh and uninstall.sh on a small machine with a real systemd: what they set up, and what the service does in it.

    alert-orchestrator/tests/deploy/systemd.py ROOM PROGRAM
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
import releases
from machine import Machine
from running import expect, install, password_hash, wait_for
from service import SERVICE

UNIT = SERVICE.unit
URL = SERVICE.url
HIGHEST_EXPOSURE = 2.0
# For find: what is called as the service or its account.
OURS = ["(", "-name", f"*{SERVICE.name}*", "-o", "-name", f"*{SERVICE.account}*", ")"]
CONFIGURATION = SERVICE.configuration_for("systemd")
# What an operator relies on, in the words of `systemctl show`.
PROPERTIES = {
    "Type": "notify",
    "User": SERVICE.account,
    "Group": SERVICE.account,
    "Restart": "always",
    "RestartUSec": "10s",
    "StartLimitBurst": "5",
    "StartLimitIntervalUSec": "5min",
    "TimeoutStopUSec": "30s",
    "MemoryMax": str(SERVICE.memory_mib * 2**20),
    "CPUQuotaPerSecUSec": "500ms",
    "TasksMax": "128",
    "LimitNOFILE": "65536",
    "OOMScoreAdjust": "200",
    "UMask": "0077",
    "SyslogIdentifier": SERVICE.name,
}
PERMISSIONS = f"""755 root root {SERVICE.root}
755 root root {SERVICE.releases}
750 root {SERVICE.account} {SERVICE.settings}
640 root {SERVICE.account} {SERVICE.settings}/config.yaml
640 root {SERVICE.account} {SERVICE.settings}/token_registry.csv
600 root root {SERVICE.settings}/secrets.env
700 root root {SERVICE.settings}/credentials
750 {SERVICE.account} {SERVICE.account} {SERVICE.data}
750 {SERVICE.account} {SERVICE.account} {SERVICE.backups}
750 root {SERVICE.account} {SERVICE.logs}"""


def somebodys(machine, scripts):
    """An account of the same name that was there before."""
    machine.run("useradd", "--home-dir", f"/home/{SERVICE.account}", "--shell", "/bin/bash", SERVICE.account)
    before = machine.run("getent", "passwd", SERVICE.account)
    told = machine.run(f"{scripts}/setup.sh", ok=1)
    found = ("somebody else's" in told, machine.run("find", SERVICE.settings, SERVICE.root, ok=1).count("No such"))
    expect("setup.sh adopts nobody else's account, and changes nothing then", found, (True, 2))
    told = machine.run(f"{scripts}/uninstall.sh", "--purge", "--yes")
    found = (f"kept the user {SERVICE.account}" in told, machine.run("getent", "passwd", SERVICE.account))
    expect("uninstall.sh --purge deletes nobody else's", found, (True, before))
    machine.run("userdel", SERVICE.account)


def set_up(machine, scripts):
    machine.run(f"{scripts}/setup.sh")
    paths = [line.split(" ", 3)[3] for line in PERMISSIONS.splitlines()]
    found = machine.run("stat", "-c", "%a %U %G %n", *paths)
    expect("setup.sh makes folders and files with these permissions", found, PERMISSIONS)
    account = machine.run("getent", "passwd", SERVICE.account).split(":")[5:]
    expect("the account has no shell", account, [SERVICE.data, "/usr/sbin/nologin"])
    expect("the service is enabled", machine.run("systemctl", "is-enabled", UNIT), "enabled")
    timer = machine.run("systemctl", "is-enabled", SERVICE.backup_timer)
    expect("so is the nightly backup", timer, "enabled")
    expect("the service is not started", machine.run("systemctl", "is-active", UNIT, ok=3), "inactive")
    machine.run("bash", "-c", f"echo '# mine' >>{SERVICE.settings}/config.yaml; chmod 666 {SERVICE.settings}/secrets.env")
    again = machine.run(f"{scripts}/setup.sh").splitlines()
    expect("setup.sh has nothing to do the second time", [line.split(" ", 1)[1][:18] for line in again], ["this host is ready"])
    expect("it overwrites no configuration", machine.run("tail", "-n", "1", f"{SERVICE.settings}/config.yaml"), "# mine")
    expect("it mends permissions", machine.run("stat", "-c", "%a", f"{SERVICE.settings}/secrets.env"), "600")
    told = machine.run("logrotate", "--debug", f"/etc/logrotate.d/{SERVICE.name}")
    found = ("error" in told, re.findall(r"rotating pattern: (\S+) +(.*)", told))
    expected = [(f"{SERVICE.logs}/*.log", "monthly (12 rotations)")]
    expect("logrotate takes what it is given for the log of deployments", found, (False, expected))
    expect("setup.sh refuses what it does not know", machine.run(f"{scripts}/setup.sh", "now", ok=2)[:8], "setup.sh")


def judge_units(machine):
    """With the program in place, which systemd looks for."""
    units = sorted(path.name for path in (SERVICE.room / "deploy/systemd").iterdir() if path.suffix in (".service", ".timer"))
    for unit in units:
        path = f"/etc/systemd/system/{unit}"
        expect(f"systemd finds no fault in {unit}", machine.run("systemd-analyze", "verify", "--man=no", path), "")
        if path.endswith(".service"):
            told = machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", path)
            exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", told)[1])
            expect(f"{unit} is exposed by {exposure}, at most {HIGHEST_EXPOSURE}", exposure <= HIGHEST_EXPOSURE, True)
    found = {name: machine.show(UNIT, name) for name in PROPERTIES}
    expect("systemd reads the unit as it is meant", found, PROPERTIES)
    for name in ("Wants", "After"):
        found = {"greptime.service", "network-online.target"} - set(machine.show(UNIT, name).split())
        expect(f"database and network are in {name}", found, set())


def journal(machine, *options):
    return machine.run("journalctl", "--quiet", "--output=cat", f"--identifier={SERVICE.name}", *options)


def without_secret(machine):
    machine.run("systemctl", "start", UNIT, ok=1)
    told = f"the environment variable {SERVICE.variables}PASSWORD_HASH is not set"
    expect("without its secret it does not start, and names it", told in journal(machine), True)
    machine.run("systemctl", "stop", UNIT)
    machine.run("systemctl", "reset-failed", UNIT)


def main_process(machine):
    return machine.show(UNIT, "MainPID")


def status(machine, path, *options):
    options = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10", *options]
    return machine.run("curl", *options, URL + path, ok=None)


def metric(machine, name):
    text = machine.run("curl", "--silent", URL + "/metrics")
    return next((line.split()[-1] for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name), None)


def configure(machine):
    """One secret as a file, one variable in the environment."""
    secret = password_hash(machine.binary, "a long secret")
    machine.write(f"{SERVICE.settings}/config.yaml", CONFIGURATION)
    machine.write(f"{SERVICE.settings}/credentials/{SERVICE.variables}PASSWORD_HASH", secret)
    where = f"/run/credentials/{SERVICE.unit}/secret_{SERVICE.variables}PASSWORD_HASH"
    lines = f"{SERVICE.variables}TIMEZONE=Europe/Berlin\n{SERVICE.variables}PASSWORD_HASH_FILE={where}\n"
    machine.write(f"{SERVICE.settings}/secrets.env", lines)
    return secret


def started(machine, secret):
    machine.run("systemctl", "start", UNIT)
    wait_for("the first round", lambda: status(machine, "/startupz") == "200")
    expect("a secret reaches it as a credential", status(machine, "/api/decisions", "-u", "anna:a long secret"), "200")
    expect("and only whoever has it gets in", status(machine, "/api/decisions"), "401")
    process = main_process(machine)
    environment = machine.run("bash", "-c", f"tr '\\0' '\\n' </proc/{process}/environ")
    expect("a variable reaches it from secrets.env", f"{SERVICE.variables}TIMEZONE=Europe/Berlin" in environment, True)
    expect("the secret is not in its environment", secret in environment, False)
    state = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{process}/status").splitlines() if ":\t" in line)
    uid = machine.run("id", "-u", SERVICE.account)
    found = (state["Uid"].split()[0], state["CapBnd"].strip("0"), state["NoNewPrivs"], state["Seccomp"])
    expect("it runs as its own user, without capabilities, filtered", found, (uid, "", "1", "2"))
    expect("it goes before the database", machine.run("cat", f"/proc/{process}/oom_score_adj"), "200")
    expect("systemd waits a minute for a sign of life", machine.show(UNIT, "WatchdogUSec"), "1min")
    limits(machine)
    expect("its own metrics are there", metric(machine, "process_resident_memory_bytes") is not None, True)
    kept = machine.run("find", SERVICE.data, "-type", "f", "-printf", "%m %u %P\n")
    expect("the store is its own", f"600 {SERVICE.account} {SERVICE.store}" in kept, True)
    wait_for("a chart", lambda: ".png" in machine.run("ls", f"{SERVICE.data}/output"))
    expect("nothing was forbidden that it needs", re.findall("(?i).*not permitted.*|.*denied.*", journal(machine)), [])


def commands(machine, scripts):
    told = machine.run(f"{scripts}/run.sh", "check")
    expect("run.sh runs a command with the service's secrets", "ok    usdc" in told and "FAIL" not in told, True)
    owner = machine.run("stat", "-c", "%U", SERVICE.store_path)
    expect("and as its user", owner, SERVICE.account)
    machine.run(f"{scripts}/run.sh", "explain", "usdx", ok=2)
    print("ok  its exit code is the command's")
    machine.run("systemctl", "start", SERVICE.backup_unit)
    found = machine.run("find", SERVICE.backups, "-type", "f", "-printf", "%m %u %f\n")
    wanted = rf"600 {SERVICE.account} {SERVICE.name}-\w+\.tar\.gz"
    expect("the backup's unit writes one", bool(re.fullmatch(wanted, found)), True)


def limits(machine):
    """What the kernel enforces, where the controllers are there to be asked."""
    group = "system.slice/" + UNIT
    memory = {"memory": f"memory/{group}/memory.limit_in_bytes", "": f"{group}/memory.max"}
    cpu = {"cpu": f"cpu/{group}/cpu.cfs_quota_us", "": f"{group}/cpu.max"}
    mib = SERVICE.memory_mib
    for what, files, expected in [(f"{mib} MiB of memory", memory, str(mib * 2**20)), ("half a processor", cpu, "50000")]:
        path = next(path for controller, path in files.items() if controller in machine.cgroups)
        found = machine.run("cat", f"/sys/fs/cgroup/{path}").split()[0]
        expect(f"the kernel gives it {what}", found, expected)


def reloaded(machine):
    before = main_process(machine)
    machine.write(f"{SERVICE.settings}/config.yaml", CONFIGURATION.replace("interval_minutes: 60", "interval_minutes: 30"))
    machine.run("systemctl", "reload", UNIT)
    wait_for("the new interval", lambda: float(metric(machine, f"{SERVICE.metrics_prefix}evaluation_interval_seconds")) == 1800)
    expect("systemctl reload takes a new configuration into the same process", main_process(machine), before)
    wait_for("READY after RELOADING", lambda: machine.show(UNIT, "ActiveState") == "active")


def restarted(machine):
    before = main_process(machine)
    machine.run("kill", "-KILL", before)
    wait_for("another process", lambda: main_process(machine) not in ("0", before) and status(machine, "/livez") == "200")
    expect("killed, it comes back by itself", machine.show(UNIT, "NRestarts"), "1")


def drop_in(machine, text):
    machine.run("mkdir", "-p", f"/etc/systemd/system/{UNIT}.d")
    machine.write(f"/etc/systemd/system/{UNIT}.d/short.conf", f"[Service]\n{text}\n")
    machine.run("systemctl", "daemon-reload")


def watched(machine):
    """With a shorter interval than the unit's: a minute is long for a test."""
    drop_in(machine, "WatchdogSec=4\nRestartSec=100ms")
    machine.run("systemctl", "restart", UNIT)
    first = machine.show(UNIT, "WatchdogTimestampMonotonic")
    seen = {first}

    def fed():
        seen.add(machine.show(UNIT, "WatchdogTimestampMonotonic"))
        return len(seen) > 4

    wait_for("the watchdog to be fed", fed)
    process = main_process(machine)
    expect("it feeds the watchdog", machine.show(UNIT, "NRestarts"), "0")
    machine.run("kill", "-STOP", process)
    wait_for("the watchdog", lambda: main_process(machine) not in ("0", process) and status(machine, "/livez") == "200")
    told = machine.run("journalctl", "--quiet", "--output=cat", f"--unit={UNIT}")
    expect("one that hangs is ended and started again", "Watchdog timeout" in told, True)


def gives_up(machine):
    machine.run("systemctl", "restart", UNIT)
    machine.run("systemctl", "stop", UNIT)
    machine.run("systemctl", "reset-failed", UNIT, ok=None)
    machine.run("systemctl", "start", UNIT)
    starts = 1
    while True:
        before = main_process(machine)
        machine.run("kill", "-KILL", before)
        found = wait_for("what follows", lambda: after_kill(machine, before))
        if found == "failed":
            break
        starts += 1
    expect("five starts in five minutes, then it waits for a person", starts, 5)
    machine.run("systemctl", "reset-failed", UNIT)
    machine.run("systemctl", "start", UNIT)


def after_kill(machine, before):
    if machine.show(UNIT, "ActiveState") == "failed":
        return "failed"
    return main_process(machine) not in ("0", before) and machine.show(UNIT, "SubState") == "running"


def stopped(machine):
    machine.run("systemctl", "stop", UNIT, timeout=30)
    found = [machine.show(UNIT, name) for name in ("Result", "ExecMainCode", "ExecMainStatus")]
    expect("it stops in time, with exit code 0", found, ["success", "1", "0"])
    expect("its credentials are gone", machine.run("bash", "-c", "ls /run/credentials"), "")


def uninstalled(machine, scripts):
    machine.run("systemctl", "start", UNIT)
    told = machine.run(f"{scripts}/uninstall.sh", ok=1)
    expect("uninstall.sh does nothing unasked", ("pass --yes" in told, status(machine, "/livez")), (True, "200"))
    with machine.holding(SERVICE.lock):
        told = machine.run(f"{scripts}/uninstall.sh", "--yes", ok=1)
        found = ("another deployment is under way" in told, status(machine, "/livez"))
        expect("nor while something is being deployed", found, (True, "200"))
    machine.run(f"{scripts}/uninstall.sh", "--yes")
    found = machine.run("find", "/opt", "/etc/systemd/system", *OURS, "-not", "-path", "*.d*")
    expect("uninstall.sh removes releases and units", found, "")
    expect("and stops the service", status(machine, "/livez"), "000")
    kept = [f"{SERVICE.settings}/secrets.env", SERVICE.store_path, SERVICE.backups]
    machine.run("ls", *kept, f"/etc/systemd/system/{UNIT}.d/short.conf")
    print("ok  configuration, drop-ins, data and backups are still there")
    machine.run(f"{scripts}/uninstall.sh", "--purge", "--yes")
    found = machine.run("find", "/etc", "/opt", "/run", "/var", *OURS)
    expect("with --purge they are gone", found, "")
    expect("and so is the account", machine.run("getent", "passwd", SERVICE.account, ok=2), "")
    machine.run(f"{scripts}/uninstall.sh", "--purge", "--yes")
    print("ok  uninstall.sh again is no fault")


def main():
    binary = pathlib.Path(sys.argv[2]).resolve()
    install({"curl": "curl", "flock": "util-linux", "logrotate": "logrotate"})
    with Machine() as machine:
        machine.binary = binary
        archive = releases.archive(machine.shared, binary.read_bytes(), "1" * 40)
        releases.unpack(machine, f"/srv/{archive.name}")
        scripts = releases.SCRIPTS
        somebodys(machine, scripts)
        set_up(machine, scripts)
        releases.link(machine)
        expect("the archive has the program", machine.run(SERVICE.program, "--version").split(" ")[0], SERVICE.name)
        judge_units(machine)
        without_secret(machine)
        started(machine, configure(machine))
        commands(machine, scripts)
        reloaded(machine)
        restarted(machine)
        watched(machine)
        gives_up(machine)
        stopped(machine)
        uninstalled(machine, scripts)


main()
