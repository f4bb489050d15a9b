#!/usr/bin/env python3
"""Is deploy/caddy what docs/proxy.md says? Debian's Caddy in front of the real service.

The Caddyfile runs as committed, at its real paths and ports on a host of the test's own, with two more lines that name the
authority: a second Caddy, which answers ACME and comes back to see whether the names are ours, as Let's Encrypt does.

    alert-orchestrator/tests/deploy/proxy/caddy.py ROOM PROGRAM
"""

import contextlib
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile

from visits import GRAFANA, LOGIN, PASSWORD, PROMETHEUS, PUBLIC, SITE, ask, echo, run, service, settle
from visits import headers_once, logins_count_per_client, metrics_are_prometheus_own, monitoring_is_private, only_new_tls
from visits import page_loads, plain_http, proxy_that_logs_in_itself, second_login_with_a_certificate, second_login_with_the_same_password
from visits import strangers_are_refused, told_to_services

from namespaces import enter
from running import HOST, Program, expect, install, password_hash, wait_for
from service import SERVICE

FILES = SERVICE.room / "deploy/caddy"
ETC = pathlib.Path("/etc/caddy")
LOGS = pathlib.Path("/var/log/caddy")


def values():
    lines = (FILES / "caddy.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line[:1] not in ("", "#"))


AUTHORITY = """
{
	admin off
	skip_install_trust
	http_port 8080
	https_port 8443
}
localhost {
	tls internal
	acme_server
}
"""


def home(folder):
    return {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


class Authority(Program):
    """Certifies whoever answers its challenges; `root` is what its clients trust."""

    def __init__(self, folder):
        own = folder / "authority"
        own.mkdir()
        (own / "Caddyfile").write_text(AUTHORITY, encoding="utf-8")
        super().__init__(["caddy", "run", "--config", "Caddyfile"], own, 8443, "authority", home(own))
        self.root = own / "caddy/pki/authorities/local/root.crt"
        wait_for("the authority's root", self.root.exists)
        tls = ssl.create_default_context(cafile=str(self.root))
        wait_for("the authority", lambda: http.client.HTTPSConnection("localhost", 8443, context=tls).connect() or True)
        self.tls = tls


class Caddy(Program):
    def __init__(self, folder, authority):
        self.env = {**home(folder), **values()}
        super().__init__(["caddy", "run", "--config", str(ETC / "Caddyfile")], folder, 80, "caddy", self.env)
        wait_for("Caddy to answer", lambda: self.answers("/livez"))
        for name in (SITE, GRAFANA, PROMETHEUS):
            wait_for(f"the certificate of {name}", lambda: ask(authority.tls, HOST, "/", name).status)
            print(f"ok  {name} has got its certificate over ACME", flush=True)

    def reload(self):
        """Comes back when the new configuration is in effect."""
        run("caddy", "reload", "--config", ETC / "Caddyfile", env=self.env)


def files_are_fit():
    for file in [FILES / "Caddyfile", *FILES.glob("second-login/*/*.caddy")]:
        done = subprocess.run(["caddy", "fmt", "--diff", file], capture_output=True, text=True)
        changed = [line for line in done.stdout.splitlines() if line[:1] in "+-" and line[:1]]
        expect(f"caddy fmt would leave {file.name} as it is", (done.returncode, changed), (0, []))
    everything = {**os.environ, **values()}
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", FILES / "Caddyfile"]
    run(*command, env=everything)
    print("ok  caddy validate accepts the Caddyfile", flush=True)
    for name in values():
        without = {key: value for key, value in everything.items() if key != name}
        done = subprocess.run(command, env=without, capture_output=True, text=True)
        said = "email" if name == "ACME_EMAIL" else name
        expect(f"without {name} it says so and stops", (done.returncode, said in done.stderr.splitlines()[-1]), (1, True))


def install_files(authority):
    text = (FILES / "Caddyfile").read_text(encoding="utf-8")
    own = "\temail {$ACME_EMAIL}\n"
    if text.count(own) != 1:
        sys.exit("FAILED: the Caddyfile has no place for the test's authority")
    ETC.mkdir(exist_ok=True)
    lines = f"\tacme_ca https://localhost:8443/acme/local/directory\n\tacme_ca_root {authority.root}\n"
    (ETC / "Caddyfile").write_text(text.replace(own, own + lines), encoding="utf-8")
    LOGS.mkdir(exist_ok=True)
    with open("/etc/hosts", "a", encoding="ascii") as hosts:
        hosts.write(f"{HOST} {SITE} {GRAFANA} {PROMETHEUS}\n")


def logs():
    lines = [json.loads(line) for line in (LOGS / f"{SERVICE.name}.access.log").read_text(encoding="utf-8").splitlines()]
    expect("the access log is JSON, of this name only", {line["request"]["host"] for line in lines}, {SITE})
    text = (LOGS / f"{SERVICE.name}.access.log").read_text(encoding="utf-8")
    expect("and has no credentials", LOGIN["Authorization"].split()[1] in text, False)
    lines = [json.loads(line) for line in (LOGS / "monitoring.access.log").read_text(encoding="utf-8").splitlines()]
    expect("Grafana and Prometheus have a log of their own", {line["request"]["host"] for line in lines}, {GRAFANA, PROMETHEUS})


def machine_asks_itself(tls):
    expect("/livez without TLS answers this machine", ask(None, HOST, "/livez", HOST).status, 200)
    expect("and nobody else", ask(None, PUBLIC[17], "/livez", HOST).status, 403)


def too_large_is_refused(tls):
    answer = ask(tls, PUBLIC[9], "/api/reference", method="POST", headers=LOGIN, body=b" " * 70_000)
    expect("a body above 64 KiB is refused by the service", (answer.status, len(answer.all("x-request-id"))), (413, 1))


def main():
    binary = str(pathlib.Path(sys.argv[2]).resolve())
    install({"caddy": "caddy", "openssl": "openssl", "ip": "iproute2"})
    enter()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settle(folder)
        files_are_fit()
        authority = stack.enter_context(Authority(folder))
        install_files(authority)
        running = stack.enter_context(service(binary, folder))
        running.wait_for_evaluation()
        stack.enter_context(echo(3000))
        stack.enter_context(echo(9090))
        with Caddy(folder, authority) as caddy:
            tls = authority.tls
            page_loads(tls)
            plain_http([SITE, GRAFANA, PROMETHEUS])
            headers_once(tls)
            metrics_are_prometheus_own(tls, HOST)
            strangers_are_refused(tls)
            only_new_tls()
            monitoring_is_private(tls)
            told_to_services(tls)
            logins_count_per_client(tls, running)
            too_large_is_refused(tls)
            logs()
            machine_asks_itself(tls)
            hash = password_hash(binary, PASSWORD).removeprefix("bcrypt:")
            second_login_with_the_same_password(tls, caddy, FILES, ETC, f"admin {hash}", running)
            second_login_with_a_certificate(tls, caddy, FILES, ETC, folder)
            running.stop()
            expect("a service that is gone is said so", ask(tls, PUBLIC[20], "/dashboard").status, 502)
            expect("and stands in the error log", "http.log.error" in (LOGS / "error.log").read_text(encoding="utf-8"), True)
            proxy_that_logs_in_itself(tls, caddy, FILES, ETC, f"admin {hash}", binary, folder)


main()
