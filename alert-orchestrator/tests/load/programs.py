"""The programs that are measured, and the ones they are measured against: how to start, ask and stop them."""

import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "chassis/tests/support"))
sys.path.insert(0, str(HERE.parent / "support"))

from advisor import Advisor
from running import HOST, Program

# Debian package of each program.
PACKAGES = {"wrk": "wrk", "nginx": "nginx-light", "prometheus-node-exporter": "prometheus-node-exporter"}


def seconds_to_first_answer(program):
    """From the start of the process to a whole /metrics, asked for again and again until it is there."""
    while True:
        try:
            if program.get("/metrics")[0] == 200:
                return time.monotonic() - program.started_at
        except OSError:
            time.sleep(0.0002)


class Service(Advisor):
    """The advisor, and what the system knows of its process."""

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

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
