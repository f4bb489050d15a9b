#!/usr/bin/env python3
"""deploy.sh on a small machine with a real systemd: releases that work, releases that do not, and runs that are cut off.

    tests/deploy/deploy-script.py target/release/alert-orchestrator [ARCHIVE]

The releases are of the shape that `cargo xtask dist` makes; ARCHIVE is one that it made, with its checksum beside it. What builds
is a stand-in: it says how and as whom cargo is called.
"""

import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import releases
from machine import Machine
from running import expect, install, wait_for

SERVICE = "alert-orchestrator.service"
URL = "http://127.0.0.1:9808"
SCRIPTS = "/tmp/release/deploy/scripts"
LOG = "/var/log/alert-orchestrator/deploy.log"
CONFIGURATION = """client:
  embedded: {path: var/orchestrator.db, import: [/opt/alert-orchestrator/current/examples/liqwid]}
  assets: [usdc]
  date_range: {end: "2026-01-29"}
orchestrator:
  auth: {enabled: true, username: anna, password_hash: "${ORCHESTRATOR_PASSWORD_HASH}"}
"""
# Each takes commands as the real one does, for the checks before it is started; as a service it fails in its own way.
PRETENDS = """#!/bin/bash
for argument; do
    case $argument in --print-config-normalized | backup) exec /srv/real "$@" ;; esac
done
"""
EXITS_AT_ONCE = PRETENDS + "echo 'it broke at once' >&2; exit 1\n"
NEVER_READY = (
    PRETENDS
    + r"""exec python3 -c '
import http.server, os, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/startupz" else 503)
        self.end_headers()
        self.wfile.write(b"nobody is ready")
server = http.server.HTTPServer(("127.0.0.1", 9808), Handler)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
server.serve_forever()
'
"""
)
REFUSES_CONFIGURATION = "#!/bin/bash\necho 'config.yaml:1: unknown key'\nexit 2\n"


class Host:
    """The machine after setup.sh, with a configuration."""

    def __init__(self, machine, binary):
        self.machine, self.binary = machine, binary
        self.made = {}
        (machine.shared / "real").write_bytes(binary.read_bytes())
        (machine.shared / "real").chmod(0o755)
        first = self.make("a", binary.read_bytes())
        machine.run("bash", "-c", f"mkdir /tmp/release && tar -xzf {first} --strip-components=1 -C /tmp/release")
        machine.run(f"{SCRIPTS}/setup.sh")
        done = subprocess.run([binary, "hash-password"], input="a long secret\n", capture_output=True, text=True, check=True)
        self.write("/etc/alert-orchestrator/config.yaml", CONFIGURATION)
        self.write("/etc/alert-orchestrator/secrets.env", f"ORCHESTRATOR_PASSWORD_HASH={done.stdout}")

    def make(self, letter, program, **options):
        """An archive of the commit `letter`·40, made once; its path inside."""
        if letter not in self.made:
            self.made[letter] = releases.archive(self.machine.shared, program, letter * 40, **options)
        return f"/srv/{self.made[letter].name}"

    def write(self, path, text):
        (self.machine.shared / "text").write_text(text, encoding="utf-8")
        self.machine.run("cp", "--no-preserve=all", "/srv/text", path)

    def deploy(self, *arguments, ok=0):
        next_second()
        return self.machine.run(f"{SCRIPTS}/deploy.sh", *arguments, ok=ok)

    def current(self):
        return self.machine.run("readlink", "/opt/alert-orchestrator/current").removeprefix("releases/0.1.0-")[0]

    def kept(self):
        """The letters of the releases that are there."""
        return "".join(sorted(name[6] for name in self.machine.run("ls", "/opt/alert-orchestrator/releases").split()))

    def runs(self):
        """The letter of the release that runs and is ready, asked from outside the script."""
        found = self.machine.run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", URL + "/readyz", ok=None)
        process = self.machine.show(SERVICE, "MainPID")
        path = self.machine.run("readlink", f"/proc/{process}/exe", ok=None)
        return path.removeprefix("/opt/alert-orchestrator/releases/0.1.0-")[0] if found == "200" else None

    def state(self):
        """All that a deployment could change."""
        paths = "/opt /etc /var/lib/alert-orchestrator/var /var/backups /var/log/alert-orchestrator /run/*deploy*"
        return self.machine.run("bash", "-c", f"find {paths} -printf '%p %m %u %T@ %l\\n' 2>/dev/null | sort")


def next_second():
    """Backups are named after their second."""
    before = int(time.time())
    wait_for("the next second", lambda: int(time.time()) > before, pause=0.05)


def refusals(host, first):
    """What is wrong before anything is changed: exit code 1, and everything as it was."""
    machine = host.machine
    host.write("/tmp/broken.tar.gz", "no archive")
    machine.run("bash", "-c", "cp /srv/*aaaa.tar.gz.sha256 /tmp/broken.tar.gz.sha256; sed -i 's/ .*/  broken.tar.gz/' /tmp/*.sha256")
    cases = [
        ("a file that is not there", ["--archive", "/nowhere.tar.gz"], "there is no file /nowhere.tar.gz"),
        ("an archive that was changed", ["--archive", "/tmp/broken.tar.gz"], "does not match its checksum"),
        ("an archive without a checksum", ["--archive", "/srv/real"], "/srv/real.sha256 is missing"),
        ("a build where there is no source", [], "there is no source in /tmp/release"),
        ("going back where nothing was before", ["--rollback"], "there is no release to go back to"),
    ]
    for what, arguments, told in cases:
        expect(f"it refuses {what}", told in host.deploy(*arguments, ok=1), True)
    machine.run("chmod", "644", "/etc/alert-orchestrator/secrets.env")
    told = "secrets.env is 644 root, expected 600 root"
    expect("it refuses secrets that others can read", told in host.deploy("--archive", first, ok=1), True)
    machine.run("chmod", "600", "/etc/alert-orchestrator/secrets.env")
    bad = host.make("0", REFUSES_CONFIGURATION.encode())
    expect("it refuses a release that refuses the configuration", "unknown key" in host.deploy("--archive", bad, ok=1), True)
    expect("there is still no release", machine.run("readlink", "/opt/alert-orchestrator/current", ok=1), "")
    for arguments in (["--wait"], ["--wait", "long"], ["--rollback", "--skip-build"], ["--archive", first, "--skip-tests"], ["now"]):
        host.deploy(*arguments, ok=2)
    expect("calls that make no sense end with 2, --help with 0", host.deploy("--help").startswith("Usage: deploy.sh"), True)


def first_is_broken(host):
    told = host.deploy("--archive", host.make("e", EXITS_AT_ONCE.encode()), ok=4)
    expect("where the first release fails, there is none to go back to", "there is no release to go back to" in told, True)


def first_deployment(host, first):
    told = host.deploy("--archive", first)
    expect("the first release runs", (host.current(), host.runs()), ("a", "a"))
    expect("deploy.sh ends with verify.sh", re.findall(r"ok +(\w+)", told)[-5:], ["health", "login", "metrics", "store", "limits"])
    before = host.state()
    told = host.deploy("--archive", host.make("b", host.binary.read_bytes()), "--dry-run")
    expect("a dry run says what it would do", "switch from 0.1.0-aaaaaaaaaaaa to 0.1.0-bbbbbbbbbbbb" in told, True)
    expect("and changes nothing", host.state(), before)
    lines = host.machine.run("cat", LOG).splitlines()
    bare = [line for line in lines if not re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line)]
    expect("every line of the log has its time", (bare, len(lines) > 10), ([], True))


def verified(host):
    """Each of verify.sh's lines can fail."""

    def failing(*arguments, ok):
        return re.findall(r"FAILED +(\w+)", host.machine.run(f"{SCRIPTS}/verify.sh", *arguments, ok=ok))

    names = ["health", "login", "metrics", "store", "limits"]
    expect("verify.sh finds nothing where nothing listens", failing("http://127.0.0.1:9", ok=5), names)
    expect("it misses a login that should not be there", failing("--no-login", URL, ok=1), ["login"])
    expect("it misses metrics", failing("--metrics", "/nothing", URL + "/", ok=1), ["metrics"])
    for arguments in ([], [URL, URL], ["--login", URL], [URL, "--metrics"]):
        failing(*arguments, ok=64)
    host.write("/etc/alert-orchestrator/config.yaml", CONFIGURATION.replace("assets", "asset"))
    host.machine.run("systemctl", "reload", SERVICE)
    wait_for("the refusal", lambda: failing(URL, ok=None) == ["metrics"])
    print("ok  it sees a configuration that was refused")
    host.write("/etc/alert-orchestrator/config.yaml", CONFIGURATION)


def backed_up(host):
    """The first release that is followed by another."""
    store = "/var/lib/alert-orchestrator/var/orchestrator.db"
    archive = host.make("b", host.binary.read_bytes())
    timer = host.machine.run("systemctl", "is-active", "alert-orchestrator-backup.timer")
    expect("the nightly backup is on once a release runs", timer, "active")
    host.machine.run("chmod", "000", store)
    told = host.deploy("--archive", archive, ok=1)
    expect("without a backup nothing is switched", ("the backup failed" in told, host.runs()), (True, "a"))
    host.machine.run("chmod", "600", store)
    told = host.deploy("--archive", archive)
    newest = host.machine.run("ls", "/var/backups/orchestrator").splitlines()[-1]
    expect("a deployment backs up first, and says where to", f"/var/backups/orchestrator/{newest}" in told.split("restarting")[0], True)


def three_are_kept(host):
    for letter in "cd":
        host.deploy("--archive", host.make(letter, host.binary.read_bytes()))
        expect(f"release {letter} runs", (host.current(), host.runs()), (letter, letter))
    expect("three releases are kept", host.kept(), "bcd")


def broken(host):
    archive = host.make("e", EXITS_AT_ONCE.encode())
    told = host.deploy("--archive", archive, ok=3)
    expect("a release that exits at once ends on the old one", (host.current(), host.runs()), ("d", "d"))
    found = ("it broke at once" in told, "0.1.0-eeeeeeeeeeee is not healthy; 0.1.0-dddddddddddd runs again" in host.machine.run("cat", LOG))
    expect("the log has its last words, and says which runs again", found, (True, True))
    told = host.deploy("--archive", host.make("f", NEVER_READY.encode()), "--wait", "5", ok=3)
    expect("one that starts but is never ready ends on the old one", (host.current(), host.runs()), ("d", "d"))
    expect("and it says what was waited for", f"no 200 from {URL}/readyz within 5 s: nobody is ready" in told, True)
    old = "/opt/alert-orchestrator/releases/0.1.0-dddddddddddd/alert-orchestrator"
    host.machine.run("chmod", "-x", old)
    told = host.deploy("--archive", archive, ok=4)
    expect("where the old one fails, too, it asks for a person", "restore the backup" in told, True)
    host.machine.run("chmod", "+x", old)
    units = [name for name in releases.shipped() if name.endswith(".service")]
    told = host.deploy("--archive", host.make("9", host.binary.read_bytes(), without=units), ok=0)
    expect("one without a unit of its own keeps the present one", host.runs(), "9")


def rolled_back(host):
    host.deploy("--rollback")
    expect("--rollback puts the release before back", (host.current(), host.runs()), ("d", "d"))
    host.deploy("--rollback")
    expect("--rollback again goes one further back", (host.current(), host.runs()), ("c", "c"))
    host.deploy("--archive", host.make("d", host.binary.read_bytes()))
    expect("a release that is still there is deployed again", host.runs(), "d")


def one_at_a_time(host):
    with subprocess.Popen(host.machine.command("flock", "/run/alert-orchestrator-deploy.lock", "cat"), stdin=subprocess.PIPE) as holder:
        locked = ["flock", "--nonblock", "/run/alert-orchestrator-deploy.lock", "true"]
        wait_for("the lock", lambda: subprocess.run(host.machine.command(*locked)).returncode == 1)
        told = host.deploy("--archive", host.make("d", host.binary.read_bytes()), ok=1)
        expect("a second deployment waits for nobody and is refused", "another deployment is under way" in told, True)
        holder.stdin.close()


def cut_off(host):
    """Killed as soon as it has said each of these; `current` names a whole release, and the next run puts all in order."""
    moments = ["matches its checksum", "unpacked into", "takes /etc", "restarting", "is ready", "ok      health"]
    for number, moment in enumerate(moments):
        # Each deploys what does not run.
        letter = "12"[number % 2]
        archive = host.make(letter, host.binary.read_bytes())
        interrupt(host, archive, moment, signal.SIGKILL)
        found = host.machine.run("bash", "-c", "/opt/alert-orchestrator/current/alert-orchestrator --version", ok=0)
        expect(f"killed after {moment!r}: there is a current release", (host.current() in "d12", found[:18]), (True, "alert-orchestrator"))
        settle(host, archive)
        leftovers = host.machine.run("bash", "-c", "cd /opt/alert-orchestrator; find . -maxdepth 2 -name '*incoming*' -o -name '*.new'")
        expect("the next run cleans up and deploys it", (host.current(), host.runs(), leftovers), (letter, letter, ""))


# With all its children, as when the power fails.
AT_FIRST_SIGHT = """set -m
"$0" --archive "$1" & until [ -e "$2" ]; do :; done
kill -KILL -- -$!
cmp /srv/real "$2/alert-orchestrator"
"""


def half_done(host):
    archive, release = host.make("5", host.binary.read_bytes()), "/opt/alert-orchestrator/releases/0.1.0-555555555555"
    host.machine.run("bash", "-c", AT_FIRST_SIGHT, f"{SCRIPTS}/deploy.sh", archive, release)
    print("ok  a release that is there is whole")
    host.machine.run("rm", "-rf", release)
    host.machine.run("bash", "-c", "cd /opt/alert-orchestrator; mkdir -p releases/.incoming/release/half; ln -sfn nowhere current.new")
    settle(host, archive)
    expect("what an earlier run had half unpacked is not in it", host.machine.run("find", release, "-name", "half"), "")


def settle(host, archive):
    """Deploys, once the children of the killed run have ended, which hold its lock."""
    locked = ["flock", "--nonblock", "/run/alert-orchestrator-deploy.lock", "true"]
    wait_for("the killed run's children", lambda: subprocess.run(host.machine.command(*locked)).returncode == 0)
    host.deploy("--archive", archive)


def interrupt(host, archive, moment, number):
    """Sends deploy.sh a signal when it has said `moment`; its exit code."""
    command = ["bash", "-c", 'echo $$ >/run/deploy.pid; exec "$@"', "-", f"{SCRIPTS}/deploy.sh", "--archive", archive]
    next_second()
    with subprocess.Popen(host.machine.command(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        timer = threading.Timer(120, process.kill)
        timer.start()
        seen = []
        for line in process.stdout:
            seen.append(line)
            if moment in line:
                host.machine.run("bash", "-c", f"kill -{int(number)} $(cat /run/deploy.pid)")
                break
        else:
            sys.exit(f"FAILED: deploy.sh never said {moment!r}\n{''.join(seen)}")
        process.stdout.read()
        timer.cancel()
    return process.returncode


def interrupted(host):
    before = host.current()
    archive = host.make("8", host.binary.read_bytes())
    code = interrupt(host, archive, "restarting", signal.SIGTERM)
    expect("interrupted, it goes back to the old release by itself", (code, host.current(), host.runs()), (3, before, before))


def from_an_address(host):
    """Over HTTPS, from a server of its own on the machine."""
    archive = pathlib.Path(host.make("7", host.binary.read_bytes()))
    host.machine.run(
        *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost".split(),
        *"-addext subjectAltName=DNS:localhost -keyout /tmp/key.pem -out /tmp/cert.pem".split(),
    )
    host.write("/tmp/server.py", SERVER)
    host.machine.run("systemd-run", "--quiet", "--unit=files", "python3", "/tmp/server.py")
    fetch = ["curl", "--silent", "--cacert", "/tmp/cert.pem", "https://localhost:8443/"]
    wait_for("the server", lambda: subprocess.run(host.machine.command(*fetch), capture_output=True).returncode == 0)
    address = f"https://localhost:8443/{archive.name}"
    expect("it trusts no server without a certificate", "cannot download" in host.deploy("--archive", address, ok=1), True)
    next_second()
    host.machine.run("env", "CURL_CA_BUNDLE=/tmp/cert.pem", f"{SCRIPTS}/deploy.sh", "--archive", address)
    expect("it downloads an archive with its checksum", (host.current(), host.runs()), ("7", "7"))


CARGO = """#!/bin/sh
echo "cargo $* by $(id -un) in $PWD"
[ "$1" = test ] || { mkdir -p target/dist && cp /srv/*-666666666666.tar.gz* target/dist/; }
"""


def built(host):
    """From a source that belongs to somebody, who builds it."""
    host.make("6", host.binary.read_bytes())
    host.write("/etc/profile.d/cargo.sh", "PATH=/tmp/bin:$PATH\n")
    host.write("/tmp/cargo", CARGO)
    prepare = "mkdir /tmp/bin && install -m 755 /tmp/cargo /tmp/bin/ && useradd builder && mkdir '/tmp/the source'"
    prepare += " && cp -r /tmp/release/deploy '/tmp/the source' && touch '/tmp/the source/Cargo.toml' && chown -R builder /tmp/the*"
    host.machine.run("bash", "-c", prepare)
    script = "/tmp/the source/deploy/scripts/deploy.sh"

    def from_source(*arguments, ok=0):
        next_second()
        return host.machine.run(script, *arguments, ok=ok)

    before = host.state()
    told = from_source("--dry-run")
    expect("a dry run says that it would test and build", ("would test and build" in told, host.state()), (True, before))
    told = from_source("--skip-build", ok=1)
    expect("nothing is deployed where nothing was built", "there is no archive in /tmp/the source/target/dist" in told, True)
    calls = re.findall("cargo .*", from_source())
    expected = [f"cargo {what} by builder in /tmp/the source" for what in ("test --workspace --locked --quiet", "xtask dist")]
    expect("it tests and builds as the owner of the source", calls, expected)
    expect("and deploys what was built", (host.current(), host.runs()), ("6", "6"))
    expect("--skip-tests builds", re.findall("cargo .*", from_source("--skip-tests")), expected[1:])
    expect("--skip-build takes what was built", re.findall("cargo .*", from_source("--skip-build")), [])


def released(host, archive):
    """One that cargo xtask dist made."""
    for path in (archive, archive.with_name(archive.name + ".sha256")):
        (host.machine.shared / path.name).write_bytes(path.read_bytes())
    told = host.deploy("--archive", f"/srv/{archive.name}")
    identifier = re.search("done: (.*) runs", told)[1]
    commit = host.machine.run("/opt/alert-orchestrator/current/alert-orchestrator", "--version").split("commit ")[1][:12]
    expect("a real release runs under its version and commit", identifier.endswith(f"-{commit}"), True)
    path = host.machine.run("readlink", f"/proc/{host.machine.show(SERVICE, 'MainPID')}/exe")
    expect("and it is the one that runs", path, f"/opt/alert-orchestrator/releases/{identifier}/alert-orchestrator")


SERVER = """
import functools, http.server, ssl
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv")
server = http.server.HTTPServer(("127.0.0.1", 8443), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tmp/cert.pem", "/tmp/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    install({"curl": "curl", "flock": "util-linux", "openssl": "openssl"})
    with Machine() as machine:
        host = Host(machine, binary)
        first = host.make("a", binary.read_bytes())
        refusals(host, first)
        first_is_broken(host)
        first_deployment(host, first)
        verified(host)
        backed_up(host)
        three_are_kept(host)
        broken(host)
        rolled_back(host)
        one_at_a_time(host)
        cut_off(host)
        half_done(host)
        interrupted(host)
        from_an_address(host)
        built(host)
        if len(sys.argv) > 2:
            released(host, pathlib.Path(sys.argv[2]).resolve())


main()
