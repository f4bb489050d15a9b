"""What both proxies must do, seen by visitors: who gets which answer under which name.

The proxy listens on 80 and 443 of a host of its own (chassis/tests/support/namespaces.py); visitors have addresses of their own there.
"""

import contextlib
import hashlib
import http.client
import http.server
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

from advisor import Advisor
from running import HOST, certificate, expect, get
from service import SERVICE

SITE, GRAFANA, PROMETHEUS = SERVICE.host_name, "grafana.example.com", "prometheus.example.com"
# Addresses for documentation: public as far as anybody's rules know. Every group of checks takes one that has used no limit yet.
PUBLIC = [f"198.51.100.{n}" for n in range(1, 40)]
PRIVATE = "10.1.2.3"
HIDDEN = "172.17.0.1"  # the gateway of Docker's default network
PASSWORD = "correct horse"
ONCE = ["strict-transport-security", "x-content-type-options", "x-frame-options", "referrer-policy"]
LOGIN = {"Authorization": "Basic YWRtaW46Y29ycmVjdCBob3JzZQ=="}  # admin:correct horse
PROTECTED = "/api/config/normalized"


def run(*command, text=None, **options):
    done = subprocess.run(list(map(str, command)), input=text, capture_output=True, text=True, timeout=60, **options)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def settle(folder):
    """Addresses for visitors, and the certificate of all names; returns a client's view of TLS."""
    for address in [*PUBLIC, PRIVATE, HIDDEN]:
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    authority, _ = certificate(folder, [SITE, GRAFANA, PROMETHEUS])
    return ssl.create_default_context(cafile=str(authority))


def service(binary, folder, address=HOST, name="service"):
    hash = hashlib.sha256(PASSWORD.encode()).hexdigest()
    return started(binary, folder, SERVICE.configuration_for("proxy", name=name, address=address, hash=hash), name)


def started(binary, folder, configuration, name):
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(REPOSITORY / "examples")
    return Advisor(binary, folder, configuration, SERVICE.http_port, name)


class Answer:
    def __init__(self, answer):
        self.status, self.body = answer.status, answer.read()
        self.headers = [(name.lower(), value) for name, value in answer.getheaders()]

    def all(self, name):
        return [value for key, value in self.headers if key == name]


class Visitor:
    """Somebody at an address, who asks over TLS (or not) and keeps the connection while `with` lasts."""

    def __init__(self, tls, source, name=SITE):
        self.name = name
        if tls is None:
            self.connection = http.client.HTTPConnection(HOST, 80, timeout=30, source_address=(source, 0))
            return
        self.connection = http.client.HTTPSConnection(name, 443, timeout=30, source_address=(source, 0), context=tls)
        # The name is for TLS and the Host header; the address is this machine's.
        self.connection._create_connection = lambda _, *rest: socket.create_connection((HOST, 443), *rest)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, path, headers=None, method="GET", body=None):
        self.connection.request(method, path, body=body, headers={"Host": self.name, **(headers or {})})
        return Answer(self.connection.getresponse())


def ask(tls, source, path, name=SITE, **request):
    with Visitor(tls, source, name) as visitor:
        return visitor.ask(path, **request)


@contextlib.contextmanager
def echo(port):
    """Stands in for Grafana or Prometheus: answers with the headers of the request."""

    class Echo(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer((HOST, port), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def page_loads(tls):
    with Visitor(tls, PUBLIC[0]) as visitor:
        page = visitor.ask("/dashboard")
        expect("the page loads over TLS", (page.status, f"<title>{SERVICE.title}</title>" in page.body.decode()), (200, True))
        wanted = [f"/{path}" for path in re.findall(r'(?:src|href)="(assets/[^"]+)"', page.body.decode())]
        seen = {}
        while wanted:
            path = wanted.pop()
            if path in seen:
                continue
            answer = visitor.ask(path)
            seen[path] = answer.status
            if path.endswith(".js") and "/vendor/" not in path:
                imports = re.findall(r'from "\./([^"]+)"', answer.body.decode())
                wanted += [str(pathlib.PurePosixPath(path).parent / name) for name in imports]
        print(f"    {len(seen)} parts: {' '.join(sorted(pathlib.PurePosixPath(path).name for path in seen))}", flush=True)
        expect("and every part of it", set(seen.values()) if len(seen) > 10 else seen, {200})
        decisions = visitor.ask("/api/decisions")
        expect("the API answers", (decisions.status, sorted(json.loads(decisions.body))), (200, ["djed", "usdc"]))
        packed = visitor.ask("/api/decisions", headers={"Accept-Encoding": "gzip"})
        own = get(SERVICE.http_port, "/api/decisions", {"Accept-Encoding": "gzip"})
        found = (packed.all("content-encoding"), packed.all("etag"), packed.body)
        expect("compressed by the service, byte for byte", found, (["gzip"], [own[1]["ETag"]], own[2]))


def plain_http(names):
    for name in names:
        answer = ask(None, PUBLIC[1], "/api/x?y=1", name)
        found = (answer.status, answer.all("location"))
        expect(f"http://{name} leads to https", found, (308, [f"https://{name}/api/x?y=1"]))


def headers_once(tls):
    for path, status in (("/dashboard", 200), ("/api/decisions", 200), ("/nothing", 404), ("/metrics", 403)):
        answer = ask(tls, PUBLIC[2], path)
        found = {name: len(answer.all(name)) for name in ONCE}
        expect(f"{path}: {status}, and each security header once", (answer.status, found), (status, dict.fromkeys(ONCE, 1)))
    policy = ask(tls, PUBLIC[2], "/dashboard").all("content-security-policy")
    expect("the service's content security policy stands", policy, ["default-src 'self'"])
    expect("nobody says which proxy in which version", [v for v in ask(tls, PUBLIC[2], "/metrics").all("server") if "/" in v], [])


def metrics_are_prometheus_own(tls, allowed):
    for path in ("/metrics", "//metrics", "/x/../metrics", "/%6detrics"):
        expect(f"{path} is refused", ask(tls, PUBLIC[3], path).status, 403)
    answer = ask(tls, allowed, "/metrics")
    expect("/metrics is answered to Prometheus", (answer.status, b"wo_decision{" in answer.body), (200, True))


def strangers_are_refused(tls):
    stranger = ssl.create_default_context()
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    try:
        found = ask(stranger, PUBLIC[4], "/", "evil.example.net").status
    except ssl.SSLError as error:
        found = error.reason in ("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_INTERNAL_ERROR") or error.reason
    expect("TLS for a name that is not ours is refused", found, True)
    try:
        found = ask(None, PUBLIC[4], "/dashboard", "evil.example.net").status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        found = "closed"
    expect("so is plain HTTP", found, "closed")
    answer = ask(tls, PUBLIC[4], "/dashboard", headers={"Host": "evil.example.net"})
    expect("and a request for another name than the one of the handshake", answer.status, 421)


def only_new_tls():
    for version, is_spoken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.set_ciphers("DEFAULT:@SECLEVEL=0")  # otherwise the client itself would not speak the old one
        client.minimum_version = client.maximum_version = version
        try:
            found = ask(client, PUBLIC[8], "/livez").status == 200
        except ssl.SSLError as error:
            found = error.reason != "TLSV1_ALERT_PROTOCOL_VERSION" and error.reason
        expect(f"{version.name} is {'spoken' if is_spoken else 'refused'}", found, is_spoken)


def monitoring_is_private(tls):
    for name in (GRAFANA, PROMETHEUS):
        expect(f"{name} is refused to the public", ask(tls, PUBLIC[5], "/", name).status, 403)
        expect(f"{name} is refused to whom Docker hides", ask(tls, HIDDEN, "/", name).status, 403)
        answer = ask(tls, PRIVATE, "/", name)
        expect(f"{name} is there for private networks", answer.status, 200)
        expect(f"{name}: each security header once", {header: len(answer.all(header)) for header in ONCE}, dict.fromkeys(ONCE, 1))


def told_to_services(tls):
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    claims |= {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example.net"}
    told = json.loads(ask(tls, PRIVATE, "/", GRAFANA, headers=claims).body)
    expected = {"host": GRAFANA, "x-real-ip": PRIVATE, "x-forwarded-for": PRIVATE}
    expected |= {"x-forwarded-proto": "https", "x-forwarded-host": GRAFANA}
    found = {name: ", ".join(value for key, value in told if key == name) for name in expected}
    expect("services are told host, client and protocol, whatever the client claims", found, expected)


def logins_count_per_client(tls, running):
    wrong = {"Authorization": "Basic YWRtaW46d3Jvbmc="}
    statuses = []
    for n in range(6):
        claim = {"X-Forwarded-For": f"203.0.113.{n}, 203.0.113.{n + 100}"}
        statuses.append(ask(tls, PUBLIC[6], PROTECTED, headers={**wrong, **claim}).status)
    expect("who guesses passwords is stopped, whatever X-Forwarded-For says", statuses, [401] * 5 + [429])
    expect("and others are not", ask(tls, PUBLIC[7], PROTECTED, headers=LOGIN).status, 200)
    clients = {line["fields"]["client"] for line in running.log_lines() if line.get("fields", {}).get("path") == PROTECTED}
    expect("the service's log has the clients' own addresses", clients, {PUBLIC[6]})


def second_login_with_the_same_password(tls, program, own, etc, users, running):
    """`own`: the program's folder under deploy/; `etc`: where it is installed; `users`: the line of its file of passwords."""
    shutil.copytree(own / "second-login/basic-auth", etc / "second-login")
    (etc / "second-login/users").write_text(f"{users}\n", encoding="ascii")
    program.reload()
    requests = requests_logged(running)
    refused = ask(tls, PUBLIC[18], PROTECTED)
    expect("basic-auth: the proxy refuses by itself", (refused.status, refused.all("x-request-id")), (401, []))
    expect("and asks for the same realm", refused.all("www-authenticate"), [f'Basic realm="{SERVICE.title}"'])
    expect("the service hears nothing of it", requests_logged(running), requests)
    expect("one password opens both", ask(tls, PUBLIC[18], PROTECTED, headers=LOGIN).status, 200)
    expect("the page needs none", ask(tls, PUBLIC[18], "/dashboard").status, 200)
    shutil.rmtree(etc / "second-login")


def requests_logged(running):
    """Lines of single requests, not those that sum up earlier ones."""
    return sum("correlationId" in line for line in running.log_lines())


def second_login_with_a_certificate(tls, program, own, etc, folder):
    """From then on `tls` presents the certificate wherever it is asked for one."""
    shutil.copytree(own / "second-login/client-certificate", etc / "second-login")
    client, key = certificate(folder / "client", ["operator"])
    shutil.copy(client, etc / "second-login/authority.pem")
    program.reload()
    expect("client-certificate: the password alone is refused", ask(tls, PUBLIC[19], PROTECTED, headers=LOGIN).status, 403)
    expect("the page needs none", ask(tls, PUBLIC[19], "/dashboard").status, 200)
    tls.load_cert_chain(client, key)
    expect("the certificate alone is refused by the service", ask(tls, PUBLIC[19], PROTECTED).status, 401)
    expect("both together open", ask(tls, PUBLIC[19], PROTECTED, headers=LOGIN).status, 200)
    shutil.rmtree(etc / "second-login")
    program.reload()


def proxy_that_logs_in_itself(tls, program, own, etc, users, binary, folder):
    """In front of a service without a login, which answers under the proxy's name only where that is allowed.

    `own`, `etc`, `users`: as above.
    """
    (etc / "second-login").mkdir()
    route = next((own / "second-login/basic-auth").iterdir())
    shutil.copy(route, etc / "second-login" / f"server{route.suffix}")
    (etc / "second-login/users").write_text(f"{users}\n", encoding="ascii")
    program.reload()
    for allowed, status in (("other.example.com", 421), (SITE, 200)):
        configuration = SERVICE.configuration_for("proxy-login", address=HOST, allowed=allowed)
        with started(binary, folder, configuration, "open") as running:
            running.wait_for_evaluation()
            what = f"the proxy's login, a service without one, allowed_hosts: [{allowed}]"
            expect(f"{what}: nobody is let in without", ask(tls, PUBLIC[22], "/dashboard").status, 401)
            answer = ask(tls, PUBLIC[22], "/dashboard", headers=LOGIN)
            expect(f"{what}: the page says {status}", answer.status, status)
            expect(f"{what}: the text names the key", b"telemetry.allowed_hosts" in answer.body, status == 421)
            expect(f"{what}: /metrics by the service's name", metrics_by_name(), 200)
    shutil.rmtree(etc / "second-login")
    program.reload()


def metrics_by_name():
    """As Prometheus asks within Compose or Kubernetes."""
    return get(SERVICE.http_port, "/metrics", {"Host": f"{SERVICE.name}.example.svc.cluster.local:{SERVICE.http_port}"})[0]


def limited(tls, source, path, burst, per_second):
    """Asks as fast as it goes until refused, and on for a second: what is answered must fit burst and rate. Returns a refusal."""
    with Visitor(tls, source) as visitor:
        visitor.connection.connect()
        started_at = time.monotonic()
        at_once = next((count for count in range(400) if visitor.ask(path).status == 429), 400)
        most = burst + per_second * (time.monotonic() - started_at) + 1
        expect(f"{path}: refused after {burst} at once, or little more ({at_once})", burst <= at_once <= most, True)
        answered, refused, begun_at = at_once, None, time.monotonic()
        for _ in range(500):
            answer = visitor.ask(path)
            if answer.status == 429:
                refused = answer
            answered += answer.status != 429
            if refused and time.monotonic() > begun_at + 1:
                break
            time.sleep(0.01)  # some hundred a second: more than is allowed, and not more than that needs
        most = burst + per_second * (time.monotonic() - started_at) + 1
    expect(f"{path}: {per_second} a second from then on ({answered - at_once})", at_once < answered <= most, True)
    return refused
