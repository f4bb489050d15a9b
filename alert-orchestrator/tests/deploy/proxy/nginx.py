#!/usr/bin/env python3
"""Is deploy/nginx what docs/proxy.md says? Debian's nginx in front of the real service.

Installs the files as the guide says, on a host of the test's own: real paths, real ports, nothing replaced. Grafana and
Prometheus are played by servers that answer with what they were told.

    alert-orchestrator/tests/deploy/proxy/nginx.py ROOM PROGRAM
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from visits import GRAFANA, PASSWORD, PROMETHEUS, PROTECTED, PUBLIC, SITE
from visits import Visitor, ask, echo, run, service, settle
from visits import headers_once, limited, logins_count_per_client, metrics_are_prometheus_own, monitoring_is_private, only_new_tls
from visits import page_loads, plain_http, proxy_that_logs_in_itself, second_login_with_a_certificate, second_login_with_the_same_password
from visits import strangers_are_refused, told_to_services

from namespaces import enter
from running import HOST, Program, expect, install, wait_for
from service import SERVICE

FILES = SERVICE.room / "deploy/nginx"
ETC = pathlib.Path("/etc/nginx")
TLS = pathlib.Path("/etc/letsencrypt/live") / SITE

# What the official image has in its nginx.conf, as far as it matters to ours.
IMAGE = """
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    keepalive_timeout 65;
    include /etc/nginx/conf.d/*.conf;
}
"""


class Nginx(Program):
    def __init__(self, folder, configuration="nginx.conf"):
        command = ["nginx", "-c", str(ETC / configuration), "-g", "daemon off;"]
        super().__init__(command, folder, 80, f"nginx-{configuration}")
        wait_for("nginx to answer", lambda: self.answers("/.well-known/acme-challenge/token") is not None)

    def reload(self):
        """The old workers go when the last of their connections does; a new one is asked from then on."""
        workers = self.workers()
        run("nginx", "-s", "reload")
        wait_for("the new workers", lambda: not workers & self.workers() and self.workers())

    def workers(self):
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return set(found)


def checked(configuration="nginx.conf"):
    return run("nginx", "-t", "-c", ETC / configuration)


def rendering_stops_at_a_missing_value(folder):
    values = (FILES / "host.env").read_text(encoding="utf-8")
    for name in (SERVICE.variable("NAME"), "TLS_CERTIFICATE"):
        lines = [line for line in values.splitlines() if not line.startswith(f"{name}=")]
        (folder / "lacking.env").write_text("\n".join([*lines, f"{name}="]), encoding="utf-8")
        done = subprocess.run([FILES / "render.sh", folder / "lacking.env", folder / "lacking"], capture_output=True, text=True)
        found = (done.returncode, f"no value for {name}," in done.stderr, (folder / "lacking").exists())
        expect(f"without {name} nothing is rendered, and the message names it", found, (1, True, False))


def install_first_file(folder):
    """As far as nginx gets without a certificate."""
    (ETC / "sites-enabled/default").unlink(missing_ok=True)
    run(FILES / "render.sh", FILES / "host.env", folder / "rendered")
    (ETC / "conf.d").mkdir(exist_ok=True)
    shutil.copytree(folder / "rendered/snippets", ETC / "conf.d/snippets")
    shutil.copy(folder / "rendered/00-all.conf", ETC / "conf.d")
    expect("nginx -t accepts the first file without a certificate, silently", "warn" in checked(), False)
    challenges = pathlib.Path("/var/www/certbot/.well-known/acme-challenge")
    challenges.mkdir(parents=True)
    (challenges / "token").write_text("proof", encoding="ascii")
    with Nginx(folder):
        certbot_is_answered(SITE)


def certbot_is_answered(*names):
    for name in names:
        answer = ask(None, PUBLIC[10], "/.well-known/acme-challenge/token", name)
        expect(f"an ACME challenge is answered under http://{name}", (answer.status, answer.body), (200, b"proof"))


def install_the_rest(folder):
    TLS.mkdir(parents=True)
    for file in ("fullchain.pem", "privkey.pem"):
        shutil.copy(folder / file, TLS)
    shutil.copytree(folder / "rendered", ETC / "conf.d", dirs_exist_ok=True)
    expect("nginx -t accepts all of them, silently", "warn" in checked(), False)


def limits(tls):
    answer = limited(tls, PUBLIC[11], "/api/decisions", 21, 10)
    found = (answer.all("retry-after"), json.loads(answer.body)["status"], answer.all("strict-transport-security") != [])
    expect("the refusal says when to come again, as the API's errors do", found, (["1"], "error", True))
    limited(tls, PUBLIC[12], PROTECTED, 21, 10)
    limited(tls, PUBLIC[13], "/livez", 61, 30)
    with Visitor(tls, PUBLIC[14]) as visitor:
        statuses = set()
        for _ in range(30):
            statuses.add(visitor.ask("/api/decisions").status)
            time.sleep(0.12)  # some 8 a second; what is tested is the pace
    expect("30 API requests at 8 a second are not refused", statuses, {200})


def ipv6_counts_by_network(folder):
    """A server for the test alone shows what a limit counts by, for addresses that a header gives."""
    probe = "server { listen 127.0.0.9:80; set_real_ip_from 127.0.0.1; real_ip_header X-Test; return 200 $limited_client; }"
    (ETC / "conf.d/zz-probe.conf").write_text(probe, encoding="ascii")
    with Nginx(folder):
        found = {}
        for address in ("198.51.100.7", "2001:db8:1:2:a:b:c:d", "2001:db8:1:2::7", "2001:db8:1:3::7", "::1"):
            found[address] = run("curl", "-s", "-H", f"X-Test: {address}", "http://127.0.0.9/")
    (ETC / "conf.d/zz-probe.conf").unlink()
    expected = {
        "198.51.100.7": "198.51.100.7",
        "2001:db8:1:2:a:b:c:d": "2001:db8:1:2:",
        "2001:db8:1:2::7": "2001:db8:1:2:",
        "2001:db8:1:3::7": "2001:db8:1:3:",
        "::1": "::1",
    }
    expect("limits count an IPv6 network as one client", found, expected)


def http2_and_keep_alive(tls):
    resolved = ["--cacert", TLS / "fullchain.pem", "--resolve", f"{SITE}:443:{HOST}"]
    version = run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_version}", *resolved, f"https://{SITE}/dashboard")
    expect("HTTP/2 is spoken", version, "2")
    before = connections_to(SERVICE.http_port)
    for n in range(50):
        ask(tls, PUBLIC[15], "/livez")
    opened = len(connections_to(SERVICE.http_port) - before)
    expect(f"50 visitors share few connections to the service ({opened})", opened < 10, True)


def connections_to(port):
    """Those that are open, and those that were a minute ago."""
    lines = pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return {tuple(line.split()[1:3]) for line in lines if line.split()[2].endswith(f":{port:04X}")}


def logs():
    folder = pathlib.Path("/var/log/nginx")

    def servers(name):
        return {json.loads(line)["server"] for line in (folder / name).read_text(encoding="utf-8").splitlines()}

    expect("the access log is JSON, of this name only", servers(f"{SERVICE.name}.access.log"), {SITE})
    expect("Grafana and Prometheus have a log of their own", servers("monitoring.access.log"), {GRAFANA, PROMETHEUS})
    errors = (folder / f"{SERVICE.name}.error.log").read_text(encoding="utf-8")
    expect("refusals are in the error log", "limiting requests" in errors, True)


def same_id_in_both_logs(tls, running):
    answer = ask(tls, PUBLIC[16], "/livez", method="DELETE")  # 405: the first of its kind, which is not summed up
    lines = [line for line in running.log_lines() if line.get("fields", {}).get("method") == "DELETE"]
    found = json.dumps(lines)
    expect("a request has one id in both logs", answer.all("x-request-id")[0] in found, True)


def machine_asks_itself():
    run("curl", "-sSf", "http://127.0.0.1/livez")
    answer = ask(None, PUBLIC[17], "/livez", HOST)
    expect("/livez without TLS is for this machine only", answer.status, 403)


def in_a_container(tls, binary, folder):
    """The other set of values, under the image's nginx.conf and Compose's names; two replicas answer to one of them."""
    names = f"{SERVICE.variables}NAME={SITE}\nGRAFANA_NAME={GRAFANA}\nPROMETHEUS_NAME={PROMETHEUS}\n"
    values = (FILES / "compose.env").read_text(encoding="utf-8") + names
    values = values.replace("/dev/std", f"{folder}/std")  # what a container has there is Docker's
    (folder / "compose.env").write_text(values, encoding="utf-8")
    shutil.rmtree(ETC / "conf.d")
    run(FILES / "render.sh", folder / "compose.env", ETC / "conf.d")
    as_the_image_renders(folder / "compose.env")
    (ETC / "tls").mkdir()
    for file in ("fullchain.pem", "privkey.pem"):
        shutil.copy(folder / file, ETC / "tls")
    (ETC / "image.conf").write_text(IMAGE, encoding="utf-8")
    with open("/etc/hosts", "a", encoding="ascii") as hosts:
        hosts.write(f"{HOST} {SERVICE.name} grafana prometheus\n127.0.0.2 {SERVICE.name}\n")
    expect("nginx -t accepts what a container gets, silently", "warn" in checked("image.conf"), False)
    (folder / "second").mkdir()
    with service(binary, folder / "second", "127.0.0.2") as second, Nginx(folder, "image.conf"):
        wait_for("the second replica", lambda: ask(tls, PUBLIC[20], "/startupz").status == 200)
        for _ in range(8):
            ask(tls, PUBLIC[20], "/livez")
        lines = (folder / "stdout").read_text(encoding="utf-8").splitlines()
        both = {f"127.0.0.{n}:{SERVICE.http_port}" for n in (1, 2)}
        expect("two replicas take turns", {json.loads(line)["upstream"] for line in lines}, both)
        second.stop()
        statuses = {ask(tls, PUBLIC[21], "/dashboard").status for _ in range(8)}
        expect("and one is enough", statuses, {200})


def as_the_image_renders(values):
    """The image runs envsubst, with the names of the variables there are."""
    given = dict(line.split("=", 1) for line in values.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#"))
    for template in sorted((FILES / "templates").rglob("*.template")):
        path = ETC / "conf.d" / template.relative_to(FILES / "templates").with_suffix("")
        names = " ".join(f"${{{name}}}" for name in given)
        text = run("envsubst", names, text=template.read_text(encoding="utf-8"), env={**given, "PATH": "/usr/bin:/bin"})
        if text.strip() != path.read_text(encoding="utf-8").strip():
            sys.exit(f"FAILED: envsubst and render.sh disagree about {template.name}")
    print("ok  envsubst renders as render.sh does", flush=True)


def main():
    binary = str(pathlib.Path(sys.argv[2]).resolve())
    programs = {"nginx": "nginx-light", "curl": "curl", "openssl": "openssl", "envsubst": "gettext-base", "pgrep": "procps"}
    install({**programs, "ip": "iproute2"})
    enter()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tls = settle(folder)
        rendering_stops_at_a_missing_value(folder)
        install_first_file(folder)
        install_the_rest(folder)
        stack.enter_context(echo(3000))
        stack.enter_context(echo(9090))
        with service(binary, folder) as running, Nginx(folder) as nginx:
            running.wait_for_evaluation()
            certbot_is_answered(SITE, GRAFANA, PROMETHEUS)
            page_loads(tls)
            plain_http([SITE, GRAFANA, PROMETHEUS])
            headers_once(tls)
            metrics_are_prometheus_own(tls, HOST)
            strangers_are_refused(tls)
            only_new_tls()
            monitoring_is_private(tls)
            told_to_services(tls)
            logins_count_per_client(tls, running)
            limits(tls)
            http2_and_keep_alive(tls)
            logs()
            same_id_in_both_logs(tls, running)
            machine_asks_itself()
            hash = run("openssl", "passwd", "-6", "-stdin", text=PASSWORD + "\n").strip()
            second_login_with_the_same_password(tls, nginx, FILES, ETC, f"admin:{hash}", running)
            second_login_with_a_certificate(tls, nginx, FILES, ETC, folder)
            running.stop()
            proxy_that_logs_in_itself(tls, nginx, FILES, ETC, f"admin:{hash}", binary, folder)
        stack.enter_context(service(binary, folder)).wait_for_evaluation()
        ipv6_counts_by_network(folder)
        in_a_container(tls, binary, folder)


main()
