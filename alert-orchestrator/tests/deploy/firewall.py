#!/usr/bin/env python3
"""Do the firewall examples let in SSH, HTTP and HTTPS, and nothing else?

Each is applied as the guide says on a host of the test's own (network namespaces), where something listens on every port that
matters. A second host tries them over a cable, by IPv4 and IPv6, and a third stands behind the first as a container whose
ports Docker publishes.

    alert-orchestrator/tests/deploy/firewall.py ROOM
"""

import contextlib
import json
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))

from namespaces import Host, enter
from running import expect, install, wait_for
from service import SERVICE

FILES = SERVICE.room / "deploy/firewall"
OPEN, CLOSED = [22, 80, 443], [3000, 4000, 9090, 9093, SERVICE.http_port]
ADDRESSES = ["203.0.113.1", "2001:db8::1"]

LISTEN = """
import selectors, socket, sys
waiting = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    waiting.register(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True), selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in waiting.select():
        key.fileobj.accept()[0].close()
"""

# Prints which [address, port] answered. What is dropped never does, so it takes as long as we wait; all are tried at once.
TRY = """
import concurrent.futures, json, socket, sys
def answers(target):
    try:
        socket.create_connection(target, timeout=3).close()
        return True
    except OSError:
        return False
targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    print(json.dumps([target for target, found in zip(targets, pool.map(answers, targets)) if found]))
"""


class Net:
    """visitor — host — container"""

    def __init__(self, stack):
        self.stack = stack
        self.visitor, self.host, self.container = (stack.enter_context(Host()) for _ in range(3))
        self.host.cable("eth0", self.visitor, "eth0")
        self.host.cable("docker0", self.container, "eth0")
        for host, interface, addresses in (
            (self.host, "eth0", ["203.0.113.1/24", "2001:db8::1/64"]),
            (self.visitor, "eth0", ["203.0.113.2/24", "2001:db8::2/64"]),
            (self.host, "docker0", ["172.17.0.1/16"]),
            (self.container, "eth0", ["172.17.0.2/16"]),
        ):
            for address in addresses:
                nodad = ["nodad"] if ":" in address else []
                host.must("ip", "address", "add", address, "dev", interface, *nodad)
        self.container.must("ip", "route", "add", "default", "via", "172.17.0.1")
        self.listen(self.host, [*OPEN, *CLOSED])
        self.listen(self.container, [8080, 8443])

    def listen(self, host, ports):
        process = subprocess.Popen(host.command(sys.executable, "-c", LISTEN, *ports), stdout=subprocess.PIPE, text=True)
        self.stack.callback(lambda: (process.kill(), process.wait(), process.stdout.close()))
        if process.stdout.readline() != "ready\n":
            sys.exit("FAILED: nothing listens")

    def reached(self, targets):
        return json.loads(self.visitor.must(sys.executable, "-c", TRY, json.dumps(targets)))

    def as_docker_does(self):
        """Publishes the container's 8080 as 8080 and its 8443 as 443, in the words of Docker's own rules."""
        self.host.must("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        rules = """
            *nat
            :DOCKER -
            -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
            -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:8080
            -A DOCKER ! -i docker0 -p tcp --dport 443 -j DNAT --to-destination 172.17.0.2:8443
            COMMIT
            *filter
            :DOCKER-USER -
            -A FORWARD -j DOCKER-USER
            -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
            -A FORWARD -d 172.17.0.2 -o docker0 -j ACCEPT
            COMMIT
        """
        text = "\n".join(line.strip() for line in rules.strip().splitlines()) + "\n"
        self.host.must("iptables-restore", "--noflush", text=text)


def all_ports(ports):
    return [[address, port] for address in ADDRESSES for port in ports]


def lets_in(name, net):
    expect(f"{name}: SSH, HTTP and HTTPS, and nothing else", net.reached(all_ports([*OPEN, *CLOSED])), all_ports(OPEN))
    expect(f"{name}: the host answers a ping", [net.visitor.run("ping", "-c1", "-W5", to).returncode for to in ADDRESSES], [0, 0])
    expect(f"{name}: what the host asks for comes back", net.host.run("ping", "-c1", "-W5", "203.0.113.2").returncode, 0)


def limits_ssh(name, net, at_most):
    """Some of many connections at once; the first ones have been counted, too."""
    count = len(net.reached([[ADDRESSES[0], 22]] * 20))
    expect(f"{name}: of 20 SSH connections at once, few get through ({count})", count <= at_most, True)


def keeps_published_ports_in(name, net, apply):
    """Docker's ports go past `input`; the file has a rule for them, too."""
    net.as_docker_does()
    targets = [["203.0.113.1", 443], ["203.0.113.1", 8080]]
    expect(f"{name}: before, a port that Docker publishes can be reached", net.reached(targets), targets)
    apply(net.host)
    expect(f"{name}: after, only where it is published as HTTPS", net.reached(targets), targets[:1])


def nftables(host):
    host.must("nft", "-c", "-f", FILES / "nftables.conf")
    host.must("nft", "-f", FILES / "nftables.conf")


def iptables(host):
    host.must(FILES / "iptables.sh")


def ufw(host):
    host.must(FILES / "ufw.sh")


def applied(name, apply, ssh_at_most):
    with contextlib.ExitStack() as stack:
        net = Net(stack)
        everything = all_ports([*OPEN, *CLOSED])
        expect(f"{name}: before, every port can be reached", net.reached(everything), everything)
        apply(net.host)
        lets_in(name, net)
        before = rules(net.host)
        apply(net.host)
        expect(f"{name}: applied again, it is the same", rules(net.host), before)
        limits_ssh(name, net, ssh_at_most)
    if name != "ufw":
        with contextlib.ExitStack() as stack:
            keeps_published_ports_in(name, Net(stack), apply)


def rules(host):
    return host.must("nft", "--stateless", "list", "ruleset").replace("\n", " ").count(";"), host.must("iptables-save").count("-A")


def firewalld():
    """firewalld's own check of the zone, then the daemon itself with a bus of its own."""
    with contextlib.ExitStack() as stack:
        net = Net(stack)
        host = net.host
        host.must("cp", FILES / f"firewalld/zones/{SERVICE.account}.xml", "/etc/firewalld/zones/")
        host.must("firewall-offline-cmd", "--check-config")
        services = host.must("firewall-offline-cmd", f"--zone={SERVICE.account}", "--list-services").split()
        expect("firewalld: the zone passes its check", services, ["http", "https"])
        host.must("mkdir", "-p", "/run/dbus")
        host.must("firewall-offline-cmd", f"--set-default-zone={SERVICE.account}")
        for command in (["dbus-daemon", "--system", "--nofork", "--nopidfile"], ["firewalld", "--nofork", "--nopid"]):
            daemon = subprocess.Popen(host.command(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(lambda daemon=daemon: (daemon.terminate(), daemon.wait()))
            wait_for("the bus", lambda: host.run("test", "-S", "/run/dbus/system_bus_socket").returncode == 0)
        wait_for("firewalld", lambda: host.run("firewall-cmd", "--state").stdout.strip() == "running")
        lets_in("firewalld", net)
        limits_ssh("firewalld", net, 12)


def main():
    programs = {"nft": "nftables", "iptables": "iptables", "ufw": "ufw", "firewalld": "firewalld", "dbus-daemon": "dbus-daemon"}
    install({**programs, "ip": "iproute2", "ping": "iputils-ping"})
    enter()
    applied("nftables", nftables, 7)
    applied("iptables", iptables, 7)
    applied("ufw", ufw, 7)
    firewalld()


main()
