#!/usr/bin/env python3
"""deploy.sh on a small machine with a real systemd: releases that work, releases that do not, and runs that are cut off.

    alert-orchestrator/tests/deploy/deploy-script.py ROOM PROGRAM [ARCHIVE]

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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
import releases
from machine import Machine
from running import certificate, expect, install, password_hash, wait_for
from service import SERVICE

UNIT = SERVICE.unit
URL = SERVICE.url
PASSWORD = 'a "long" \\ secret'
CURRENT = SERVICE.current
RELEASES = SERVICE.releases
LOCK = SERVICE.lock
LOG = f"{SERVICE.logs}/deploy.log"
CONFIGURATION = SERVICE.configuration_for("deploy")
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
server = http.server.HTTPServer(("127.0.0.1", @port@), Handler)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
server.serve_forever()
'
""".replace("@port@", str(SERVICE.http_port))
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
        releases.unpack(machine, first)
        machine.run(f"{releases.SCRIPTS}/setup.sh")
        machine.write(f"{SERVICE.settings}/config.yaml", CONFIGURATION)
        secret = f"{SERVICE.variables}PASSWORD_HASH={password_hash(binary, PASSWORD)}\n"
        machine.write(f"{SERVICE.settings}/secrets.env", secret)

    def make(self, letter, program, **options):
        """An archive of the commit `letter`·40, made once; its path inside."""
        if letter not in self.made:
            self.made[letter] = releases.archive(self.machine.shared, program, letter * 40, **options)
        return f"/srv/{self.made[letter].name}"

    def deploy(self, *arguments, ok=0, script=f"{releases.SCRIPTS}/deploy.sh", tools="/usr/sbin"):
        """`tools`: a folder whose programs go before those of the machine."""
        next_second()
        return self.machine.run("env", f"PATH={tools}:/usr/sbin:/usr/bin:/sbin:/bin", script, *arguments, ok=ok)

    def stand_in(self, name, pattern, instead):
        """A program that does `instead` where its arguments match, in a folder that is returned."""
        text = f'#!/bin/bash\nif [[ "$*" == {pattern} ]]; then {instead}; fi\nexec /usr/bin/{name} "$@"\n'
        folder = f"/tmp/instead-of-{name}"
        self.machine.run("mkdir", "-p", folder)
        self.machine.write(f"{folder}/{name}", text)
        self.machine.run("chmod", "755", f"{folder}/{name}")
        return folder

    def marked(self):
        """The letters of the releases that were healthy."""
        return "".join(sorted(re.findall(r"0\.1\.0-(.)", self.machine.run("bash", "-c", f"ls {RELEASES}/*/.verified"))))

    def current(self):
        return self.machine.run("readlink", SERVICE.current).removeprefix("releases/0.1.0-")[0]

    def kept(self):
        """The letters of the releases that are there."""
        return "".join(sorted(name[6] for name in self.machine.run("ls", SERVICE.releases).split()))

    def runs(self):
        """The letter of the release that runs and is ready, asked from outside the script."""
        found = self.machine.run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", URL + "/readyz", ok=None)
        process = self.machine.show(UNIT, "MainPID")
        path = self.machine.run("readlink", f"/proc/{process}/exe", ok=None)
        return path.removeprefix(f"{SERVICE.releases}/0.1.0-")[0] if found == "200" else None

    def state(self):
        """All that a deployment could change."""
        paths = f"/opt /etc {SERVICE.data}/var /var/backups {SERVICE.logs} /run/*deploy*"
        return self.machine.run("bash", "-c", f"find {paths} -printf '%p %m %u %T@ %l\\n' 2>/dev/null | sort")


def next_second():
    """Backups are named after their second."""
    before = int(time.time())
    wait_for("the next second", lambda: int(time.time()) > before, pause=0.05)


def refusals(host, first):
    """What is wrong before anything is changed: exit code 1, and everything as it was."""
    machine = host.machine
    host.machine.write("/tmp/broken.tar.gz", "no archive")
    machine.run("bash", "-c", "cp /srv/*aaaa.tar.gz.sha256 /tmp/broken.tar.gz.sha256; sed -i 's/ .*/  broken.tar.gz/' /tmp/*.sha256")
    # Beside it, what the checksum names is whole.
    machine.run("bash", "-c", "cp /srv/*aaaa.tar.gz /tmp; cp /tmp/broken.tar.gz /tmp/other.tar.gz; cp /srv/*aaaa.tar.gz.sha256 /tmp/other.tar.gz.sha256")
    cases = [
        ("a file that is not there", ["--archive", "/nowhere.tar.gz"], "there is no file /nowhere.tar.gz"),
        ("an archive that was changed", ["--archive", "/tmp/broken.tar.gz"], "does not match its checksum"),
        ("one whose checksum is another's", ["--archive", "/tmp/other.tar.gz"], "does not match its checksum"),
        ("an archive without a checksum", ["--archive", "/srv/real"], "/srv/real.sha256 is missing"),
        ("a build where there is no source", [], "there is no source in /tmp/release"),
        ("going back where nothing was before", ["--rollback"], "there is no release to go back to"),
    ]
    for what, arguments, told in cases:
        expect(f"it refuses {what}", told in host.deploy(*arguments, ok=1), True)
    machine.run("chmod", "644", f"{SERVICE.settings}/secrets.env")
    told = "secrets.env is 644 root, expected 600 root"
    expect("it refuses secrets that others can read", told in host.deploy("--archive", first, ok=1), True)
    machine.run("chmod", "600", f"{SERVICE.settings}/secrets.env")
    bad = host.make("0", REFUSES_CONFIGURATION.encode())
    expect("it refuses a release that refuses the configuration", "unknown key" in host.deploy("--archive", bad, ok=1), True)
    failing = host.stand_in("tar", "*--directory*", "echo 'disk full' >&2; exit 2")
    told = host.deploy("--archive", first, ok=1, tools=failing)
    expect("it says that it could not unpack", "stopped: cannot unpack" in told, True)
    failing = host.stand_in("df", "*", "exit 7")
    told = host.deploy("--archive", first, ok=1, tools=failing)
    expect("no other program's exit code is taken for its own", "ended with 7" in told, True)
    expect("there is still no release", machine.run("readlink", SERVICE.current, ok=1), "")
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
        return re.findall(r"FAILED +(\w+)", host.machine.run(f"{releases.SCRIPTS}/verify.sh", *arguments, ok=ok))

    names = ["health", "login", "metrics", "store", "limits"]
    expect("verify.sh finds nothing where nothing listens", failing("http://127.0.0.1:9", ok=5), names)
    expect("it misses a login that should not be there", failing("--no-login", URL, ok=1), ["login"])
    expect("it misses metrics", failing("--metrics", "/nothing", URL + "/", ok=1), ["metrics"])
    for arguments in ([], [URL, URL], ["--login", URL], [URL, "--metrics"], ["--user", "anna", URL], ["--user", "anna", "--no-login", URL]):
        failing(*arguments, ok=64)
    for password, code in (PASSWORD, 0), ("another", 1):
        host.machine.write("/tmp/password", password)
        told = host.machine.run("bash", "-c", f"{releases.SCRIPTS}/verify.sh --user anna {URL} </tmp/password", ok=code)
        expect(f"with {password} it is {'let in' if code == 0 else 'not'}", "FAILED  login    found 401, then 401" in told, code == 1)
    host.machine.write(f"{SERVICE.settings}/config.yaml", CONFIGURATION.replace("assets", "asset"))
    host.machine.run("systemctl", "reload", UNIT)
    wait_for("the refusal", lambda: failing(URL, ok=None) == ["metrics"])
    print("ok  it sees a configuration that was refused")
    host.machine.write(f"{SERVICE.settings}/config.yaml", CONFIGURATION)


def backed_up(host):
    """The first release that is followed by another."""
    store = SERVICE.store_path
    archive = host.make("b", host.binary.read_bytes())
    timer = host.machine.run("systemctl", "is-active", SERVICE.backup_timer)
    expect("the nightly backup is on once a release runs", timer, "active")
    host.machine.run("chmod", "000", store)
    told = host.deploy("--archive", archive, ok=1)
    expect("without a backup nothing is switched", ("the backup failed" in told, host.runs()), (True, "a"))
    host.machine.run("chmod", "600", store)
    program = f"{RELEASES}/0.1.0-aaaaaaaaaaaa/{SERVICE.name}"
    host.machine.run("chmod", "-x", program)
    told = host.deploy("--archive", archive, ok=1)
    expect("a program that cannot be asked for a backup is not one without", ("ends with 126" in told, host.current()), (True, "a"))
    host.machine.run("chmod", "+x", program)
    told = host.deploy("--archive", archive)
    newest = host.machine.run("ls", SERVICE.backups).splitlines()[-1]
    expect("a deployment backs up first, and says where to", f"{SERVICE.backups}/{newest}" in told.split("restarting")[0], True)


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
    old = f"{RELEASES}/0.1.0-dddddddddddd/{SERVICE.name}"
    host.machine.run("bash", "-c", f"mv {old} {old}.away && cp {RELEASES}/*eeee/{SERVICE.name} {old}")
    told = host.deploy("--archive", archive, ok=4)
    expect("where the old one fails, too, it asks for a person", "restore the backup" in told, True)
    host.machine.run("mv", f"{old}.away", old)
    units = [name for name in releases.shipped() if name.endswith(".service")]
    told = host.deploy("--archive", host.make("9", host.binary.read_bytes(), without=units), ok=0)
    expect("one without a unit of its own keeps the present one", host.runs(), "9")


def rolled_back(host):
    host.deploy("--rollback")
    expect("--rollback puts the release before back", (host.current(), host.runs()), ("d", "d"))
    host.machine.run("chown", "root:root", SERVICE.backups)
    told = host.deploy("--rollback")
    expect("--rollback again goes one further back", (host.current(), host.runs()), ("c", "c"))
    expect("also where no backup can be made", "the backup failed; going back without it" in told, True)
    host.machine.run("chown", f"{SERVICE.account}:{SERVICE.account}", SERVICE.backups)
    host.deploy("--archive", host.make("d", host.binary.read_bytes()))
    expect("a release that is still there is deployed again", host.runs(), "d")


def one_at_a_time(host):
    with host.machine.holding(LOCK):
        told = host.deploy("--archive", host.make("d", host.binary.read_bytes()), ok=1)
        expect("a second deployment waits for nobody and is refused", "another deployment is under way" in told, True)


def cut_off(host):
    """Killed as soon as it has said each of these; `current` names a whole release, and the next run puts all in order."""
    moments = ["matches its checksum", "unpacked into", "takes /etc", "restarting", "is ready", "ok      health"]
    for number, moment in enumerate(moments):
        # Each deploys what does not run.
        letter = "12"[number % 2]
        archive = host.make(letter, host.binary.read_bytes())
        interrupt(host, archive, moment, signal.SIGKILL)
        found = host.machine.run("bash", "-c", f"{SERVICE.program} --version", ok=0)
        found = (host.current() in "d12", found.split(" ")[0])
        expect(f"killed after {moment!r}: there is a current release", found, (True, SERVICE.name))
        settle(host, archive)
        leftovers = host.machine.run("bash", "-c", f"cd {SERVICE.root}; find . -maxdepth 2 -name '*incoming*' -o -name '*.new'")
        expect("the next run cleans up and deploys it", (host.current(), host.runs(), leftovers), (letter, letter, ""))


# With all its children, as when the power fails.
AT_FIRST_SIGHT = f"""set -m
"$0" --archive "$1" & until [ -e "$2" ]; do :; done
kill -KILL -- -$!
cmp /srv/real "$2/{SERVICE.name}"
"""


def rolled_back_after_a_kill(host):
    """One that was never marked is left: the marks of the others stay."""
    oldest, newest = host.marked().replace(host.current(), ""), host.current()
    interrupt(host, host.make("3", host.binary.read_bytes()), "restarting", signal.SIGKILL)
    wait_for("the killed run's children", lambda: host.machine.is_free(LOCK))
    expect("killed before its mark, a release is current and unmarked", (host.current(), "3" in host.marked()), ("3", False))
    told = host.deploy("--rollback", "--dry-run")
    expect("a dry run names what is left", f"from 0.1.0-{'3' * 12} to 0.1.0-{newest * 12}" in told, True)
    host.deploy("--rollback")
    expect("--rollback goes back to the newest healthy one", (host.runs(), host.marked()), (newest, "".join(sorted(oldest + newest))))
    # Through the link that it moves, with an older release that judges otherwise.
    host.machine.run("bash", "-c", f"rm -rf {RELEASES}/*-33*; printf '#!/bin/sh\\nexit 64\\n' >/tmp/exit64")
    host.machine.run("bash", "-c", f"for folder in {RELEASES}/*; do [ $folder -ef {CURRENT} ] || install /tmp/exit64 $folder/deploy/scripts/verify.sh; done")
    host.deploy("--rollback", script=f"{CURRENT}/deploy/scripts/deploy.sh")
    expect("--rollback again goes one further back, judged by the script that began", (host.runs() in oldest, host.marked()), (True, oldest))


def half_done(host):
    archive, release = host.make("5", host.binary.read_bytes()), f"{SERVICE.releases}/0.1.0-555555555555"
    host.machine.run("bash", "-c", AT_FIRST_SIGHT, f"{releases.SCRIPTS}/deploy.sh", archive, release)
    print("ok  a release that is there is whole")
    host.machine.run("rm", "-rf", release)
    host.machine.run("bash", "-c", f"cd {SERVICE.root}; mkdir -p releases/.incoming/release/half; ln -sfn nowhere current.new")
    settle(host, archive)
    expect("what an earlier run had half unpacked is not in it", host.machine.run("find", release, "-name", "half"), "")


def settle(host, archive):
    """Deploys, once the children of the killed run have ended, which hold its lock."""
    wait_for("the killed run's children", lambda: host.machine.is_free(LOCK))
    host.deploy("--archive", archive)


def interrupt(host, archive, moment, number):
    """Sends deploy.sh a signal when it has said `moment`, or, without one, stops listening to it; its exit code."""
    command = ["bash", "-c", 'echo $$ >/run/deploy.pid; exec "$@"', "-", f"{releases.SCRIPTS}/deploy.sh", "--archive", archive]
    next_second()
    with subprocess.Popen(host.machine.command(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        timer = threading.Timer(120, process.kill)
        timer.start()
        seen = []
        for line in process.stdout:
            seen.append(line)
            if moment in line:
                if number:
                    host.machine.run("bash", "-c", f"kill -{int(number)} $(cat /run/deploy.pid)")
                break
        else:
            sys.exit(f"FAILED: deploy.sh never said {moment!r}\n{''.join(seen)}")
        if number:
            process.stdout.read()
        process.stdout.close()
        process.wait()
        timer.cancel()
    return process.returncode


def interrupted(host):
    before = host.current()
    archive = host.make("8", host.binary.read_bytes())
    code = interrupt(host, archive, "restarting", signal.SIGTERM)
    expect("interrupted, it goes back to the old release by itself", (code, host.current(), host.runs()), (3, before, before))
    code = interrupt(host, archive, "restarting", None)
    last = host.machine.run("tail", "-n", "1", LOG)
    expect("with nobody reading what it says, it goes on to its end", (code, host.runs(), "done: 0.1.0-8" in last), (0, "8", True))


def cleaning_up_fails(host):
    """After the switch: said, and no reason to call the deployment failed."""
    failing = host.stand_in("systemctl", "start*.timer", "echo 'no timer today' >&2; exit 4")
    told = host.deploy("--archive", host.make("4", host.binary.read_bytes()), tools=failing)
    found = ("starting the timers failed" in told, "done: 0.1.0-4" in told, host.runs())
    expect("where the timers do not start it says so; the release runs", found, (True, True, "4"))
    failing = host.stand_in("rm", "*.incoming/0*", "echo 'read-only' >&2; exit 1")
    told = host.deploy("--archive", host.make("2", host.binary.read_bytes()), tools=failing)
    expect("the same where an old release cannot be removed", ("removing old releases failed" in told, host.runs()), (True, "2"))


def from_an_address(host):
    """Over HTTPS, from a server of its own on the machine."""
    archive = pathlib.Path(host.make("7", host.binary.read_bytes()))
    certificate(host.machine.shared / "tls", ["localhost"])
    host.machine.write("/tmp/server.py", SERVER)
    host.machine.run("systemd-run", "--quiet", "--unit=files", "python3", "/tmp/server.py")
    fetch = ["curl", "--silent", "--cacert", "/srv/tls/fullchain.pem", "https://localhost:8443/"]
    wait_for("the server", lambda: subprocess.run(host.machine.command(*fetch), capture_output=True).returncode == 0)
    address = f"https://localhost:8443/{archive.name}"
    expect("it trusts no server without a certificate", "cannot download" in host.deploy("--archive", address, ok=1), True)
    next_second()
    host.machine.run("env", "CURL_CA_BUNDLE=/srv/tls/fullchain.pem", f"{releases.SCRIPTS}/deploy.sh", "--archive", address)
    expect("it downloads an archive with its checksum", (host.current(), host.runs()), ("7", "7"))


CARGO = """#!/bin/sh
echo "cargo $* by $(id -un) in $PWD"
[ "$1" = test ] || { mkdir -p target/dist && cp /srv/*-666666666666.tar.gz* target/dist/; }
"""


def built(host):
    """From a source that belongs to somebody, who builds it."""
    host.make("6", host.binary.read_bytes())
    host.machine.write("/etc/profile.d/cargo.sh", "PATH=/tmp/tools:$PATH\n")
    host.machine.write("/tmp/cargo", CARGO)
    prepare = "mkdir /tmp/tools && install -m 755 /tmp/cargo /tmp/tools/ && useradd builder && mkdir -p '/tmp/the source/room'"
    prepare += " && cp -r /tmp/release/deploy '/tmp/the source/room' && touch '/tmp/the source/Cargo.toml' && chown -R builder /tmp/the*"
    host.machine.run("bash", "-c", prepare)
    script = "/tmp/the source/room/deploy/scripts/deploy.sh"

    def from_source(*arguments, ok=0):
        return host.deploy(*arguments, ok=ok, script=script)

    before = host.state()
    told = from_source("--dry-run")
    expect("a dry run says that it would test and build", ("would test and build" in told, host.state()), (True, before))
    told = from_source("--skip-build", ok=1)
    expect("nothing is deployed where nothing was built", "there is no archive in /tmp/the source/target/dist" in told, True)
    calls = re.findall("cargo .*", from_source())
    whats = ("test --workspace --locked --quiet", f"xtask dist {SERVICE.name}")
    expected = [f"cargo {what} by builder in /tmp/the source" for what in whats]
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
    commit = host.machine.run(SERVICE.program, "--version").split("commit ")[1][:12]
    expect("a real release runs under its version and commit", identifier.endswith(f"-{commit}"), True)
    path = host.machine.run("readlink", f"/proc/{host.machine.show(UNIT, 'MainPID')}/exe")
    expect("and it is the one that runs", path, f"{SERVICE.releases}/{identifier}/{SERVICE.name}")


SERVER = """
import functools, http.server, ssl
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv")
server = http.server.HTTPServer(("127.0.0.1", 8443), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/tls/fullchain.pem", "/srv/tls/privkey.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def main():
    binary = pathlib.Path(sys.argv[2]).resolve()
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
        rolled_back_after_a_kill(host)
        half_done(host)
        interrupted(host)
        cleaning_up_fails(host)
        from_an_address(host)
        built(host)
        if len(sys.argv) > 3:
            released(host, pathlib.Path(sys.argv[3]).resolve())


main()
