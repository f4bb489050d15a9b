#!/usr/bin/env python3
"""Does the address move when a host's service, proxy or network goes, and come back?

Two hosts on one network, in namespaces, each as the guides set it up: the real service, nginx with deploy/nginx, the firewall of
deploy/firewall, and keepalived with deploy/keepalived as committed, its example addresses included. A third is the visitor.

    alert-orchestrator/tests/deploy/keepalived.py ROOM PROGRAM
"""

import contextlib
import pathlib
import re
import signal
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))

from namespaces import Host, enter
from running import Program, certificate, expect, install, wait_for
from service import SERVICE

DEPLOY = SERVICE.room / "deploy"
NAME, ADDRESS = SERVICE.host_name, "10.0.0.10"
PROGRAM = SERVICE.program

CONFIGURATION = SERVICE.configuration_for("keepalived", allowed=NAME)

# The files where the guides put them. Certificates are in place of those that certbot gets.
SETUP = f"""
set -eu
deploy=$1 folder=$2 binary=$3 which=$4 partner=$5
useradd --system {SERVICE.account}
install -D "$binary" {SERVICE.releases}/tested/{SERVICE.name}
ln -s releases/tested {SERVICE.current}
rm -f /etc/nginx/sites-enabled/default
mkdir -p /etc/nginx/conf.d /etc/keepalived /etc/letsencrypt/live/{SERVICE.host_name}
"$deploy/nginx/render.sh" "$deploy/nginx/host.env" /etc/nginx/conf.d
cp "$folder/fullchain.pem" "$folder/privkey.pem" /etc/letsencrypt/live/{SERVICE.host_name}
cp "$deploy/keepalived/keepalived.conf" /etc/keepalived/
cp "$deploy/keepalived/host-$which.conf" /etc/keepalived/host.conf
sed "s/# ip saddr [0-9.]* meta/ip saddr $partner meta/" "$deploy/firewall/nftables.conf" | nft -f -
"""


class Member:
    """One of the two hosts, with what runs on it."""

    def __init__(self, stack, host, folder, name):
        self.stack, self.host, self.name, self.folder = stack, host, name, folder / name
        self.folder.mkdir()
        (self.folder / "examples").symlink_to(REPOSITORY / "examples")
        (self.folder / "config.yaml").write_text(CONFIGURATION, encoding="utf-8")

    def start(self, name, *command):
        return self.stack.enter_context(Program(self.host.command(*command), self.folder, None, name))

    def start_service(self):
        self.service = self.start("service", PROGRAM, "--config", "config.yaml")
        wait_for("the service", lambda: self.host.run(PROGRAM, "health", "--url", f"{SERVICE.url}/startupz").returncode == 0)

    def start_nginx(self):
        self.nginx = self.start("nginx", "nginx", "-g", "daemon off;")
        wait_for("nginx", lambda: self.probe() is not None)

    def start_keepalived(self):
        keepalived = ["keepalived", "--dont-fork", "--log-console", "--log-detail"]
        self.keepalived = self.start("keepalived", "env", f"TMPDIR={self.folder}", *keepalived)

    def probe(self):
        """What keepalived asks, as the user that it asks as; None: no proxy answers."""
        words = (DEPLOY / "keepalived/keepalived.conf").read_text(encoding="utf-8").split('script "')[1].split('"')[0].split()
        done = self.host.run("setpriv", f"--reuid={SERVICE.account}", f"--regid={SERVICE.account}", "--clear-groups", *words)
        return None if "refused" in done.stdout + done.stderr else done.returncode == 0

    def knows_it_fails(self):
        log = self.keepalived.log_path.read_text(encoding="utf-8")
        return log.rfind("VRRP_Script(service) failed") > log.rfind("VRRP_Script(service) succeeded")

    def says(self, words):
        return words in self.keepalived.log_path.read_text(encoding="utf-8")

    def heard(self):
        """Adverts of the partner so far. keepalived writes its counts down when it is told to."""
        counts = self.folder / "keepalived.stats"
        counts.unlink(missing_ok=True)
        self.keepalived.process.send_signal(signal.SIGUSR2)
        found = wait_for("keepalived's counts", lambda: counts.exists() and re.search(r"Received: (\d+)", counts.read_text(encoding="utf-8")))
        return int(found[1])

    def has_address(self):
        return f" {ADDRESS}/" in self.host.must("ip", "-4", "address", "show", "dev", "eth0")


def is_fit(member):
    """keepalived's own check says nothing where there is nothing to say.

    Version 2.2.7 then kills itself where scripts run as another user than root; so once more with root, up to exit code 0.
    """
    checking = ["setsid", "--wait", "keepalived", "--config-test", "--use-file"]
    said = member.host.run(*checking, "/etc/keepalived/keepalived.conf")
    expect(f"keepalived -t finds nothing in the files of the {member.name}", (said.stdout + said.stderr).replace("Terminated\n", ""), "")
    member.host.must("sh", "-c", "cd /etc/keepalived && sed 's/script_user .*/script_user root/' keepalived.conf >root.conf")
    expect("and ends well", member.host.run(*checking, "/etc/keepalived/root.conf").returncode, 0)
    member.host.must("sh", "-c", "cd /etc/keepalived && sed 's/unicast_peer/unicast_pear/' root.conf >wrong.conf")
    expect("it would have found a wrong word", member.host.run(*checking, "/etc/keepalived/wrong.conf").returncode != 0, True)


class Visitor:
    def __init__(self, host, folder):
        self.host, self.folder = host, folder

    def status(self, path="/dashboard"):
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "2", "--cacert", self.folder / "fullchain.pem"]
        return self.host.run(*command, "--resolve", f"{NAME}:443:{ADDRESS}", f"https://{NAME}{path}").stdout


def network(stack, folder, binary):
    """Three hosts at one switch, which the visitor's host plays."""
    visitor, one, two = (stack.enter_context(Host()) for _ in range(3))
    visitor.must("ip", "link", "add", "switch", "type", "bridge")
    visitor.must("ip", "link", "set", "switch", "up")
    visitor.must("ip", "address", "add", "10.0.0.1/24", "dev", "switch")
    for host, port, address in ((one, "port1", "10.0.0.11"), (two, "port2", "10.0.0.12")):
        visitor.cable(port, host, "eth0")
        visitor.must("ip", "link", "set", port, "master", "switch")
        host.must("ip", "address", "add", f"{address}/24", "dev", "eth0")
    certificate(folder, [NAME])
    one.must("sh", "-c", SETUP, "sh", DEPLOY, folder, binary, "first", "10.0.0.12")
    two.must("sh", "-c", SETUP, "sh", DEPLOY, folder, binary, "second", "10.0.0.11")
    return Visitor(visitor, folder), Member(stack, one, folder, "first"), Member(stack, two, folder, "second")


def address_moves_to(to, other, visitor, because):
    started_at = time.monotonic()
    wait_for(f"the address to move to the {to.name}", lambda: to.has_address() and not other.has_address())
    wait_for("the page there", lambda: visitor.status() == "200")
    print(f"ok  {because}: the {to.name} host has the address, and the page ({time.monotonic() - started_at:.0f} s)", flush=True)


def hears_its_partner(member):
    """An advert comes each second; who heard none for 3.6 s would take the address."""
    wait_for("keepalived to start", lambda: member.says("Startup complete"))
    wait_for("five adverts, or none", lambda: member.heard() >= 5 or member.says("Entering MASTER STATE"))
    found = (member.heard() >= 5, member.says("Entering MASTER STATE"))
    expect(f"the {member.name} hears the other through its firewall, and stays back", found, (True, False))


def without_its_store(first, second, visitor):
    """A database that is no longer the one it opened: every asset is in error, for whoever asks."""
    (first.folder / "store.db").unlink()
    (first.folder / "store.db").write_bytes(b"")
    wait_for("the service to notice", lambda: visitor.status("/readyz") == "503")
    expect("a host without its store is still probed as well", first.probe(), True)
    expect("it keeps the address, and shows the page", (first.has_address(), second.has_address(), visitor.status()), (True, False, "200"))


def main():
    binary = str(pathlib.Path(sys.argv[2]).resolve())
    programs = {"keepalived": "keepalived", "nginx": "nginx-light", "nft": "nftables", "curl": "curl", "openssl": "openssl"}
    install({**programs, "ip": "iproute2"})
    enter()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        visitor, first, second = network(stack, pathlib.Path(folder), binary)
        pathlib.Path(folder).chmod(0o755)  # the probe runs as another user
        for member in (first, second):
            is_fit(member)
            member.start_service()
            member.start_nginx()
        first.start_keepalived()
        address_moves_to(first, second, visitor, "alone")
        second.start_keepalived()
        hears_its_partner(second)
        first.service.stop()
        address_moves_to(second, first, visitor, "service stopped")
        first.start_service()
        address_moves_to(first, second, visitor, "service back")
        first.nginx.stop()
        address_moves_to(second, first, visitor, "proxy stopped")
        first.start_nginx()
        address_moves_to(first, second, visitor, "proxy back")
        first.host.must("ip", "link", "set", "eth0", "down")
        address_moves_to(second, first, visitor, "network gone")
        first.host.must("ip", "link", "set", "eth0", "up")
        address_moves_to(first, second, visitor, "network back")
        without_its_store(first, second, visitor)
        for member in (first, second):
            member.service.stop()
        wait_for("both probes to fail", lambda: first.knows_it_fails() and second.knows_it_fails())
        wait_for("one of them to have the address", lambda: first.has_address() != second.has_address())
        expect("without any service one host keeps the address, and says so", visitor.status(), "502")


main()
