"""The programs that are measured, and the ones they are measured against: how to start, ask and stop them."""

import dataclasses
import http.client
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
HOST = "127.0.0.1"
PATIENCE_SECONDS = 120

# Debian package of each program.
PACKAGES = {"wrk": "wrk", "nginx": "nginx-light", "prometheus-node-exporter": "prometheus-node-exporter"}


def install():
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
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
    sys.exit(f"gave up after {PATIENCE_SECONDS} s waiting for {what}; last seen: {last!r}")


class Program:
    """A server in a process of its own; its log goes to a file."""

    def __init__(self, command, folder, port, name):
        self.port, self.folder = port, folder
        self.log_path = folder / f"{name}.log"
        self.started_at = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log)

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
            sys.exit(f"{self.log_path.name}: exit code {self.process.returncode}\n{self.log_path.read_text()[-2000:]}")
        return self.get(path)[0] == 200

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def seconds_to_first_answer(self):
        """From the start of the process to a whole /metrics, asked for again and again until it is there."""
        while True:
            try:
                if self.get("/metrics")[0] == 200:
                    return time.monotonic() - self.started_at
            except OSError:
                time.sleep(0.0002)


class Service(Program):
    """The advisor."""

    def __init__(self, binary, folder, configuration, port, name="service"):
        (folder / f"{name}.yaml").write_text(configuration, encoding="utf-8")
        command = [binary, "--config", f"{name}.yaml", "--log-format", "json"]
        super().__init__(command, folder, port, name)

    def wait_for_evaluation(self):
        wait_for("the first evaluation", lambda: self.answers("/startupz"))

    def evaluated(self):
        """Rounds so far."""
        text = self.get("/metrics")[2].decode()
        return int(next(line for line in text.splitlines() if "evaluation_duration_seconds_count" in line).split()[-1])

    def log_lines(self):
        """Every complete line of the log so far, parsed."""
        text = self.log_path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def allow_files(self, count):
        """Sets how many files the process may have open; gives what it was."""
        soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (count, hard))
        return soft

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


NGINX = """
worker_processes auto;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log stderr warn;
daemon off;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    keepalive_requests 1000000000;
    types {{ application/json json; text/plain txt; }}
    server {{ listen {host}:{port} backlog=1024; root {folder}/static; }}
}}
"""


class Nginx(Program):
    """Debian's nginx with its own settings, but no log (as the service has none at its default level), connections that
    are never closed, and compressed files made beforehand."""

    def __init__(self, folder, port):
        static = folder / "static"
        static.mkdir()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, host=HOST, port=port), encoding="utf-8")
        # As root the workers would be another user, which need not see this folder.
        for path in [folder, static]:
            path.chmod(0o755)
        super().__init__(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], folder, port, "nginx")

    def put(self, name, plain, compressed):
        for path, body in [(name, plain), (f"{name}.gz", compressed)]:
            (self.folder / "static" / path).write_bytes(body)


class NodeExporter(Program):
    """Debian's Prometheus exporter for machine metrics, as it comes."""

    def __init__(self, folder, port):
        command = ["prometheus-node-exporter", f"--web.listen-address={HOST}:{port}"]
        super().__init__(command, folder, port, "node_exporter")


@dataclasses.dataclass
class Load:
    """What wrk saw."""

    requests: int
    micros: int
    bytes: int
    p99_micros: int
    failed: int

    @property
    def rate(self):
        return self.requests / self.micros * 1e6


def start_wrk(port, path, seconds, connections, compressed):
    header = ["-H", "Accept-Encoding: gzip"] if compressed else []
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "report.lua"), *header]
    return subprocess.Popen([*command, f"http://{HOST}:{port}{path}"], stdout=subprocess.PIPE, text=True)


def finish_wrk(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"wrk ended with exit code {process.returncode}: {output}")
    return Load(**json.loads(output.splitlines()[-1]))


def wrk(port, path, seconds, connections, compressed):
    """Loads one address with `connections` connections that ask again as soon as they are answered."""
    return finish_wrk(start_wrk(port, path, seconds, connections, compressed))
