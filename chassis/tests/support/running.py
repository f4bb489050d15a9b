"""Programs that a test runs beside itself: how to start, ask, wait for and stop them.

Python tests outside this folder find it with `sys.path.insert(0, …/chassis/tests/support)`.
"""

import fcntl
import http.client
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
PATIENCE_SECONDS = 120


def install(packages):
    """Installs what is missing; `packages`: the Debian package of each program. One test at a time.

    The list of packages is read once a run: lock and stamp are those of .ci/lib.sh.
    """
    missing = [package for program, package in packages.items() if not shutil.which(program)]
    if not missing:
        return
    updated = REPOSITORY / "target/ci/apt-updated"
    updated.parent.mkdir(parents=True, exist_ok=True)
    with open(REPOSITORY / "target/apt.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        if not updated.exists():
            subprocess.run(["apt-get", "update", "-qq"], **quiet)
            updated.touch()
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], env=environment, **quiet)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def get(port, path, headers=None, timeout=10):
    """Status, headers and body of one request on a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def password_hash(binary, password):
    """What the configuration says of a password: one line of the program's own command."""
    done = subprocess.run([binary, "hash-password"], input=password + "\n", capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def certificate(folder, names):
    """A certificate for names and addresses that is its own authority, and its key: files in `folder`. Needs openssl."""
    folder.mkdir(exist_ok=True)
    paths = folder / "fullchain.pem", folder / "privkey.pem"
    alternatives = ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in names)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return paths


def is_address(name):
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def wait_for(what, found, pause=0.1):
    """Waits until `found()` returns something, and returns it."""
    end = time.monotonic() + PATIENCE_SECONDS
    last = None
    while time.monotonic() < end:
        try:
            last = found()
            if last:
                return last
        except (OSError, http.client.HTTPException) as error:
            last = error
        time.sleep(pause)
    sys.exit(f"FAILED: gave up after {PATIENCE_SECONDS} s waiting for {what}; last seen: {last!r}")


def expect(what, found, expected):
    """One line per thing that holds; the end of the test where it does not."""
    if found != expected:
        sys.exit(f"FAILED: {what}: found {found!r}, expected {expected!r}")
    print(f"ok  {what}", flush=True)


class Program:
    """A server in a process of its own; its log goes to a file."""

    def __init__(self, command, folder, port, name, env=None):
        self.port, self.folder = port, folder
        self.log_path = folder / f"{name}.log"
        self.started_at = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log, env=env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.stop()

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def get(self, path, headers=None, timeout=10):
        return get(self.port, path, headers, timeout)

    def answers(self, path):
        if self.process.poll() is not None:
            log = self.log_path.read_text(encoding="utf-8")[-2000:]
            sys.exit(f"FAILED: {self.log_path.name}: exit code {self.process.returncode}\n{log}")
        return self.get(path)[0] == 200


class Service(Program):
    """A service of the project, on a configuration whose listen_port is `port`; relative paths begin in `folder`."""

    def __init__(self, binary, folder, configuration, port, name="service", env=None):
        (folder / f"{name}.yaml").write_text(configuration, encoding="utf-8")
        command = [binary, "--config", f"{name}.yaml", "--log-format", "json"]
        super().__init__(command, folder, port, name, env)

    def log_lines(self):
        """Every complete line of the log so far, parsed."""
        text = self.log_path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
