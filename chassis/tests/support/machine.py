"""A small machine with a systemd of its own, in namespaces: what an installation does to a host is tried out in it.

The systemd is the real one, as are journal, cgroups, credentials and seccomp filters; see machine.sh for what else there is.
Needs root. Nothing outside is changed, and all of it ends with the test.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid

from running import install, wait_for

HERE = pathlib.Path(__file__).resolve().parent
UNITS = pathlib.Path("/lib/systemd/system")
# The units of the distribution that it has, besides those that systemd makes up.
BORROWED = [
    "basic.target",
    "dbus.service",
    "dbus.socket",
    "multi-user.target",
    "network-online.target",
    "shutdown.target",
    "sysinit.target",
    "systemd-journald-dev-log.socket",
    "systemd-journald.service",
    "systemd-journald.socket",
    "timers.target",
]
MACHINE_TARGET = """[Unit]
Description=Everything is up
Requires=basic.target dbus.socket systemd-journald.socket systemd-journald-dev-log.socket
Wants=multi-user.target timers.target systemd-journald.service
After=basic.target systemd-journald.service
"""
CGROUPS = pathlib.Path("/sys/fs/cgroup")
PDEATHSIG = 1


def _cgroups(name):
    """The folders that are to be this machine's cgroups, by controller; of v2, only one, without a name."""
    if (CGROUPS / "cgroup.controllers").exists():
        return {"": CGROUPS / name}
    found = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        controller = controllers.removeprefix("name=")
        if controller in ("cpu", "cpuacct", "memory", "pids", "systemd"):
            found[controller] = CGROUPS / controller / path.lstrip("/") / name
    if "systemd" not in found:
        sys.exit("FAILED: neither cgroup v2 nor the systemd hierarchy of cgroup v1 is mounted below /sys/fs/cgroup")
    return found


class Machine:
    """`with Machine() as machine:`; `machine.shared` is /srv inside, and `machine.run("systemctl", …)` runs something there."""

    def __init__(self):
        install({"dbus-daemon": "dbus", "ip": "iproute2", "nsenter": "util-linux", "systemd-analyze": "systemd", "unshare": "util-linux"})
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="machine-"))
        self.folder.chmod(0o755)
        self.shared = self.folder / "shared"
        self.cgroups = _cgroups(f"machine-{uuid.uuid4().hex[:8]}")
        self.process = self.pid = None
        units = self.shared / "units"
        units.mkdir(parents=True)
        for name in BORROWED:
            shutil.copy(UNITS / name, units)
        (units / "machine.target").write_text(MACHINE_TARGET, encoding="utf-8")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        for folder in self.cgroups.values():
            folder.mkdir()
        libc = ctypes.CDLL(None)

        def enter():
            # Not even a killed test leaves a machine behind.
            libc.prctl(PDEATHSIG, signal.SIGKILL)
            for folder in self.cgroups.values():
                (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")

        namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        command = ["unshare", *namespaces, HERE / "machine.sh", self.folder, *filter(None, self.cgroups)]
        with open(self.folder / "console.log", "wb") as log:
            self.process = subprocess.Popen(
                command, preexec_fn=enter, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        self.pid = wait_for("the machine's first process", self._first_process, pause=0.02)
        wait_for("the machine to be up", lambda: self._is_alive() and self.run("systemctl", "is-active", "machine.target", ok=None) == "active")

    def _is_alive(self):
        if self.process.poll() is not None:
            sys.exit(f"FAILED: the machine ended\n{self.console()[-4000:]}")
        return True

    def _first_process(self):
        self._is_alive()
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="utf-8")
        found = [int(child) for child in children.split()]
        # Before, it would still be outside.
        if found and os.readlink(f"/proc/{found[0]}/exe").endswith("/systemd"):
            return found[0]
        return None

    def console(self):
        return (self.folder / "console.log").read_text(encoding="utf-8", errors="replace")

    def command(self, *command):
        """What runs `command` inside, as root, with a bare environment."""
        inside = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH=/etc/systemd/system:/srv/units"]
        inside += ["LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", "HOME=/root"]
        namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"]
        return ["nsenter", "--target", str(self.pid), *namespaces, "--wd=/", "--root", *inside, *map(str, command)]

    def run(self, *command, ok=0, timeout=300, **options):
        """What it prints, both streams; a test that fails where its exit code is not `ok` (None: whatever it is)."""
        done = subprocess.run(
            self.command(*command),
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            **options,
        )
        if ok is not None and done.returncode != ok:
            told = " ".join(map(str, command))
            sys.exit(f"FAILED: {told}: exit code {done.returncode}, expected {ok}\n{done.stdout}")
        return done.stdout.strip()

    def write(self, path, text):
        """Writes a file inside; one that exists keeps owner and mode."""
        (self.shared / "text").write_text(text, encoding="utf-8")
        self.run("cp", "--no-preserve=all", "/srv/text", path)

    @contextlib.contextmanager
    def holding(self, lock):
        """Somebody else holds the lock file while `with` lasts."""
        with subprocess.Popen(self.command("flock", lock, "cat"), stdin=subprocess.PIPE) as holder:
            wait_for("the lock", lambda: not self.is_free(lock))
            yield
            holder.stdin.close()

    def is_free(self, lock):
        return subprocess.run(self.command("flock", "--nonblock", lock, "true")).returncode == 0

    def show(self, unit, name):
        """One property of a unit."""
        return self.run("systemctl", "show", "--value", "--property", name, unit)

    def __exit__(self, *_):
        if self.process:
            # The first process takes all others of its namespace with it.
            if self.pid and self.process.poll() is None:
                os.kill(self.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        for folder in self.cgroups.values():
            self._remove(folder)
        shutil.rmtree(self.folder)

    @staticmethod
    def _remove(cgroup):
        """A cgroup goes when the last process of it has been reaped, which is not at once."""

        def gone():
            for path, _, _ in os.walk(cgroup, topdown=False):
                os.rmdir(path)
            return True

        wait_for(f"{cgroup} to be empty", gone, pause=0.02)
