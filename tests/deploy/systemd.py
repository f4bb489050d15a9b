#!/usr/bin/env python3
"""The units, setup.sh and uninstall.sh on a small machine with a real systemd: what they set up, and what the service does in it.

    tests/deploy/systemd.py target/release/alert-orchestrator
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import releases
from machine import Machine
from running import REPOSITORY, expect, install, password_hash, wait_for

SERVICE = "alert-orchestrator.service"
URL = "http://127.0.0.1:9808"
HIGHEST_EXPOSURE = 2.0
CONFIGURATION = """client:
  embedded: {path: var/orchestrator.db, import: [/opt/alert-orchestrator/current/examples/liqwid]}
  assets: [usdc]
  date_range: {end: "2026-01-29"}
orchestrator:
  timezone: ${ORCHESTRATOR_TIMEZONE}
  schedule: {interval_minutes: 60}
  diagnostics: {enabled: true}
  auth: {enabled: true, username: anna, password_hash: "${ORCHESTRATOR_PASSWORD_HASH}", require_for: all}
"""
# What an operator relies on, in the words of `systemctl show`.
PROPERTIES = {
    "Type": "notify",
    "User": "orchestrator",
    "Group": "orchestrator",
    "Restart": "always",
    "RestartUSec": "10s",
    "StartLimitBurst": "5",
    "StartLimitIntervalUSec": "5min",
    "TimeoutStopUSec": "30s",
    "MemoryMax": str(512 * 1024 * 1024),
    "CPUQuotaPerSecUSec": "500ms",
    "TasksMax": "128",
    "LimitNOFILE": "65536",
    "OOMScoreAdjust": "200",
    "UMask": "0077",
    "SyslogIdentifier": "alert-orchestrator",
}
PERMISSIONS = """755 root root /opt/alert-orchestrator
755 root root /opt/alert-orchestrator/releases
750 root orchestrator /etc/alert-orchestrator
640 root orchestrator /etc/alert-orchestrator/config.yaml
640 root orchestrator /etc/alert-orchestrator/token_registry.csv
600 root root /etc/alert-orchestrator/secrets.env
700 root root /etc/alert-orchestrator/credentials
750 orchestrator orchestrator /var/lib/alert-orchestrator
750 orchestrator orchestrator /var/backups/orchestrator
750 root orchestrator /var/log/alert-orchestrator"""


def somebodys(machine, scripts):
    """An account of the same name that was there before."""
    machine.run("useradd", "--home-dir", "/home/orchestrator", "--shell", "/bin/bash", "orchestrator")
    before = machine.run("getent", "passwd", "orchestrator")
    told = machine.run(f"{scripts}/setup.sh", ok=1)
    found = ("somebody else's" in told, machine.run("find", "/etc/alert-orchestrator", "/opt/alert-orchestrator", ok=1).count("No such"))
    expect("setup.sh adopts nobody else's account, and changes nothing then", found, (True, 2))
    told = machine.run(f"{scripts}/uninstall.sh", "--purge", "--yes")
    found = ("kept the user orchestrator" in told, machine.run("getent", "passwd", "orchestrator"))
    expect("uninstall.sh --purge deletes nobody else's", found, (True, before))
    machine.run("userdel", "orchestrator")


def set_up(machine, scripts):
    machine.run(f"{scripts}/setup.sh")
    paths = [line.split(" ", 3)[3] for line in PERMISSIONS.splitlines()]
    found = machine.run("stat", "-c", "%a %U %G %n", *paths)
    expect("setup.sh makes folders and files with these permissions", found, PERMISSIONS)
    account = machine.run("getent", "passwd", "orchestrator").split(":")[5:]
    expect("the account has no shell", account, ["/var/lib/alert-orchestrator", "/usr/sbin/nologin"])
    expect("the service is enabled", machine.run("systemctl", "is-enabled", SERVICE), "enabled")
    timer = machine.run("systemctl", "is-enabled", "alert-orchestrator-backup.timer")
    expect("so is the nightly backup", timer, "enabled")
    expect("the service is not started", machine.run("systemctl", "is-active", SERVICE, ok=3), "inactive")
    machine.run("bash", "-c", "echo '# mine' >>/etc/alert-orchestrator/config.yaml; chmod 666 /etc/alert-orchestrator/secrets.env")
    again = machine.run(f"{scripts}/setup.sh").splitlines()
    expect("setup.sh has nothing to do the second time", [line.split(" ", 1)[1][:18] for line in again], ["this host is ready"])
    expect("it overwrites no configuration", machine.run("tail", "-n", "1", "/etc/alert-orchestrator/config.yaml"), "# mine")
    expect("it mends permissions", machine.run("stat", "-c", "%a", "/etc/alert-orchestrator/secrets.env"), "600")
    told = machine.run("logrotate", "--debug", "/etc/logrotate.d/alert-orchestrator")
    found = ("error" in told, re.findall(r"rotating pattern: (\S+) +(.*)", told))
    expected = [("/var/log/alert-orchestrator/*.log", "monthly (12 rotations)")]
    expect("logrotate takes what it is given for the log of deployments", found, (False, expected))
    expect("setup.sh refuses what it does not know", machine.run(f"{scripts}/setup.sh", "now", ok=2)[:8], "setup.sh")


def judge_units(machine):
    """With the program in place, which systemd looks for."""
    units = sorted(path.name for path in (REPOSITORY / "deploy/systemd").iterdir() if path.suffix in (".service", ".timer"))
    for unit in units:
        path = f"/etc/systemd/system/{unit}"
        expect(f"systemd finds no fault in {unit}", machine.run("systemd-analyze", "verify", "--man=no", path), "")
        if path.endswith(".service"):
            told = machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", path)
            exposure = float(re.search(r"exposure level for \S+: ([0-9.]+)", told)[1])
            expect(f"{unit} is exposed by {exposure}, at most {HIGHEST_EXPOSURE}", exposure <= HIGHEST_EXPOSURE, True)
    found = {name: machine.show(SERVICE, name) for name in PROPERTIES}
    expect("systemd reads the unit as it is meant", found, PROPERTIES)
    for name in ("Wants", "After"):
        found = {"greptime.service", "network-online.target"} - set(machine.show(SERVICE, name).split())
        expect(f"database and network are in {name}", found, set())


def journal(machine, *options):
    return machine.run("journalctl", "--quiet", "--output=cat", "--identifier=alert-orchestrator", *options)


def without_secret(machine):
    machine.run("systemctl", "start", SERVICE, ok=1)
    told = "the environment variable ORCHESTRATOR_PASSWORD_HASH is not set"
    expect("without its secret it does not start, and names it", told in journal(machine), True)
    machine.run("systemctl", "stop", SERVICE)
    machine.run("systemctl", "reset-failed", SERVICE)


def main_process(machine):
    return machine.show(SERVICE, "MainPID")


def status(machine, path, *options):
    options = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10", *options]
    return machine.run("curl", *options, URL + path, ok=None)


def metric(machine, name):
    text = machine.run("curl", "--silent", URL + "/metrics")
    return next((line.split()[-1] for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name), None)


def configure(machine):
    """One secret as a file, one variable in the environment."""
    secret = password_hash(machine.binary, "a long secret")
    machine.write("/etc/alert-orchestrator/config.yaml", CONFIGURATION)
    machine.write("/etc/alert-orchestrator/credentials/ORCHESTRATOR_PASSWORD_HASH", secret)
    where = "/run/credentials/alert-orchestrator.service/secret_ORCHESTRATOR_PASSWORD_HASH"
    lines = f"ORCHESTRATOR_TIMEZONE=Europe/Berlin\nORCHESTRATOR_PASSWORD_HASH_FILE={where}\n"
    machine.write("/etc/alert-orchestrator/secrets.env", lines)
    return secret


def started(machine, secret):
    machine.run("systemctl", "start", SERVICE)
    wait_for("the first round", lambda: status(machine, "/startupz") == "200")
    expect("a secret reaches it as a credential", status(machine, "/api/decisions", "-u", "anna:a long secret"), "200")
    expect("and only whoever has it gets in", status(machine, "/api/decisions"), "401")
    process = main_process(machine)
    environment = machine.run("bash", "-c", f"tr '\\0' '\\n' </proc/{process}/environ")
    expect("a variable reaches it from secrets.env", "ORCHESTRATOR_TIMEZONE=Europe/Berlin" in environment, True)
    expect("the secret is not in its environment", secret in environment, False)
    state = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{process}/status").splitlines() if ":\t" in line)
    uid = machine.run("id", "-u", "orchestrator")
    found = (state["Uid"].split()[0], state["CapBnd"].strip("0"), state["NoNewPrivs"], state["Seccomp"])
    expect("it runs as its own user, without capabilities, filtered", found, (uid, "", "1", "2"))
    expect("it goes before the database", machine.run("cat", f"/proc/{process}/oom_score_adj"), "200")
    expect("systemd waits a minute for a sign of life", machine.show(SERVICE, "WatchdogUSec"), "1min")
    limits(machine)
    expect("its own metrics are there", metric(machine, "process_resident_memory_bytes") is not None, True)
    kept = machine.run("find", "/var/lib/alert-orchestrator", "-type", "f", "-printf", "%m %u %P\n")
    expect("the store is its own", "600 orchestrator var/orchestrator.db" in kept, True)
    wait_for("a chart", lambda: ".png" in machine.run("ls", "/var/lib/alert-orchestrator/output"))
    expect("nothing was forbidden that it needs", re.findall("(?i).*not permitted.*|.*denied.*", journal(machine)), [])


def commands(machine, scripts):
    told = machine.run(f"{scripts}/run.sh", "check")
    expect("run.sh runs a command with the service's secrets", "ok    usdc" in told and "FAIL" not in told, True)
    owner = machine.run("stat", "-c", "%U", "/var/lib/alert-orchestrator/var/orchestrator.db")
    expect("and as its user", owner, "orchestrator")
    machine.run(f"{scripts}/run.sh", "explain", "usdx", ok=2)
    print("ok  its exit code is the command's")
    machine.run("systemctl", "start", "alert-orchestrator-backup.service")
    found = machine.run("find", "/var/backups/orchestrator", "-type", "f", "-printf", "%m %u %f\n")
    expect("the backup's unit writes one", bool(re.fullmatch(r"600 orchestrator alert-orchestrator-\w+\.tar\.gz", found)), True)


def limits(machine):
    """What the kernel enforces, where the controllers are there to be asked."""
    group = "system.slice/" + SERVICE
    memory = {"memory": f"memory/{group}/memory.limit_in_bytes", "": f"{group}/memory.max"}
    cpu = {"cpu": f"cpu/{group}/cpu.cfs_quota_us", "": f"{group}/cpu.max"}
    for what, files, expected in [("512 MiB of memory", memory, "536870912"), ("half a processor", cpu, "50000")]:
        path = next(path for controller, path in files.items() if controller in machine.cgroups)
        found = machine.run("cat", f"/sys/fs/cgroup/{path}").split()[0]
        expect(f"the kernel gives it {what}", found, expected)


def reloaded(machine):
    before = main_process(machine)
    machine.write("/etc/alert-orchestrator/config.yaml", CONFIGURATION.replace("interval_minutes: 60", "interval_minutes: 30"))
    machine.run("systemctl", "reload", SERVICE)
    wait_for("the new interval", lambda: float(metric(machine, "wo_evaluation_interval_seconds")) == 1800)
    expect("systemctl reload takes a new configuration into the same process", main_process(machine), before)
    wait_for("READY after RELOADING", lambda: machine.show(SERVICE, "ActiveState") == "active")


def restarted(machine):
    before = main_process(machine)
    machine.run("kill", "-KILL", before)
    wait_for("another process", lambda: main_process(machine) not in ("0", before) and status(machine, "/livez") == "200")
    expect("killed, it comes back by itself", machine.show(SERVICE, "NRestarts"), "1")


def drop_in(machine, text):
    machine.run("mkdir", "-p", f"/etc/systemd/system/{SERVICE}.d")
    machine.write(f"/etc/systemd/system/{SERVICE}.d/short.conf", f"[Service]\n{text}\n")
    machine.run("systemctl", "daemon-reload")


def watched(machine):
    """With a shorter interval than the unit's: a minute is long for a test."""
    drop_in(machine, "WatchdogSec=4\nRestartSec=100ms")
    machine.run("systemctl", "restart", SERVICE)
    first = machine.show(SERVICE, "WatchdogTimestampMonotonic")
    seen = {first}

    def fed():
        seen.add(machine.show(SERVICE, "WatchdogTimestampMonotonic"))
        return len(seen) > 4

    wait_for("the watchdog to be fed", fed)
    process = main_process(machine)
    expect("it feeds the watchdog", machine.show(SERVICE, "NRestarts"), "0")
    machine.run("kill", "-STOP", process)
    wait_for("the watchdog", lambda: main_process(machine) not in ("0", process) and status(machine, "/livez") == "200")
    told = machine.run("journalctl", "--quiet", "--output=cat", f"--unit={SERVICE}")
    expect("one that hangs is ended and started again", "Watchdog timeout" in told, True)


def gives_up(machine):
    machine.run("systemctl", "restart", SERVICE)
    machine.run("systemctl", "stop", SERVICE)
    machine.run("systemctl", "reset-failed", SERVICE, ok=None)
    machine.run("systemctl", "start", SERVICE)
    starts = 1
    while True:
        before = main_process(machine)
        machine.run("kill", "-KILL", before)
        found = wait_for("what follows", lambda: after_kill(machine, before))
        if found == "failed":
            break
        starts += 1
    expect("five starts in five minutes, then it waits for a person", starts, 5)
    machine.run("systemctl", "reset-failed", SERVICE)
    machine.run("systemctl", "start", SERVICE)


def after_kill(machine, before):
    if machine.show(SERVICE, "ActiveState") == "failed":
        return "failed"
    return main_process(machine) not in ("0", before) and machine.show(SERVICE, "SubState") == "running"


def stopped(machine):
    machine.run("systemctl", "stop", SERVICE, timeout=30)
    found = [machine.show(SERVICE, name) for name in ("Result", "ExecMainCode", "ExecMainStatus")]
    expect("it stops in time, with exit code 0", found, ["success", "1", "0"])
    expect("its credentials are gone", machine.run("bash", "-c", "ls /run/credentials"), "")


def uninstalled(machine, scripts):
    machine.run("systemctl", "start", SERVICE)
    told = machine.run(f"{scripts}/uninstall.sh", ok=1)
    expect("uninstall.sh does nothing unasked", ("pass --yes" in told, status(machine, "/livez")), (True, "200"))
    with machine.holding("/run/alert-orchestrator-deploy.lock"):
        told = machine.run(f"{scripts}/uninstall.sh", "--yes", ok=1)
        found = ("another deployment is under way" in told, status(machine, "/livez"))
        expect("nor while something is being deployed", found, (True, "200"))
    machine.run(f"{scripts}/uninstall.sh", "--yes")
    found = machine.run("find", "/opt", "/etc/systemd/system", "-name", "*orchestrator*", "-not", "-path", "*.d*")
    expect("uninstall.sh removes releases and units", found, "")
    expect("and stops the service", status(machine, "/livez"), "000")
    kept = ["/etc/alert-orchestrator/secrets.env", "/var/lib/alert-orchestrator/var/orchestrator.db", "/var/backups/orchestrator"]
    machine.run("ls", *kept, f"/etc/systemd/system/{SERVICE}.d/short.conf")
    print("ok  configuration, drop-ins, data and backups are still there")
    machine.run(f"{scripts}/uninstall.sh", "--purge", "--yes")
    found = machine.run("find", "/etc", "/opt", "/run", "/var", "-name", "*orchestrator*")
    expect("with --purge they are gone", found, "")
    expect("and so is the account", machine.run("getent", "passwd", "orchestrator", ok=2), "")
    machine.run(f"{scripts}/uninstall.sh", "--purge", "--yes")
    print("ok  uninstall.sh again is no fault")


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    install({"curl": "curl", "flock": "util-linux", "logrotate": "logrotate"})
    with Machine() as machine:
        machine.binary = binary
        archive = releases.archive(machine.shared, binary.read_bytes(), "1" * 40)
        releases.unpack(machine, f"/srv/{archive.name}")
        scripts = releases.SCRIPTS
        somebodys(machine, scripts)
        set_up(machine, scripts)
        releases.link(machine)
        expect("the archive has the program", machine.run(releases.PROGRAM, "--version")[:19], "alert-orchestrator ")
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
