"""Hosts of a test's own: namespaces, in which files may go where they belong.

On such a host /etc, /opt, /run and /var look as they do outside; what is written there is seen by nobody else and is gone
with its last process. No port is taken, no address is known. Needs root, util-linux and iproute2.
"""

import os
import subprocess
import sys

ENTERED = "TEST_IS_ON_A_HOST_OF_ITS_OWN"

# Each folder gets a layer in memory for what is written.
PREPARE = """
set -e
mount -t tmpfs layers /mnt
for folder in etc opt run var; do
    mkdir -p /mnt/$folder/upper /mnt/$folder/work
    mount -t overlay -o lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work overlay /$folder
done
ip link set lo up
"""


def enter():
    """Goes on with this program on a host of its own, with which all that it starts will end, however it ends.

    Install packages before: there is no way out.
    """
    if ENTERED not in os.environ:
        program = [sys.executable, *sys.argv]
        namespaces = ["--net", "--mount", "--pid", "--mount-proc", "--kill-child"]
        command = ["unshare", *namespaces, "sh", "-c", PREPARE + 'exec "$@"', "sh", *program]
        sys.stdout.flush()
        os.execvpe(command[0], command, {**os.environ, ENTERED: "1"})


class Host:
    """One of several. What runs on it is started by `command`; it lives until the end of the `with`."""

    def __enter__(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", PREPARE + "echo ready; exec sleep infinity"],
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.process.stdout.readline() != "ready\n":
            sys.exit("FAILED: no host could be made; network and mount namespaces are needed, as root")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def command(self, *command):
        """`command`, as it has to be started to run on this host, in the folder it is started in."""
        return ["nsenter", "--target", str(self.process.pid), "--net", "--mount", "--wd=.", *map(str, command)]

    def run(self, *command, text=None):
        """Runs a command to its end, with `text` on its standard input; whether that is good is for the caller to say."""
        return subprocess.run(self.command(*command), input=text, capture_output=True, text=True, timeout=120)

    def must(self, *command, text=None):
        """Runs a command that has to succeed, and returns what it printed."""
        done = self.run(*command, text=text)
        if done.returncode != 0:
            sys.exit(f"FAILED: {' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def cable(self, interface, other, interface_there):
        """Joins this host to another one; both ends are up and have no address yet."""
        peer = ["type", "veth", "peer", "name", interface_there, "netns", str(other.process.pid)]
        self.must("ip", "link", "add", interface, *peer)
        self.must("ip", "link", "set", interface, "up")
        other.must("ip", "link", "set", interface_there, "up")
