"""Clients that are up to no good, and one that keeps asking meanwhile."""

import base64
import contextlib
import http.client
import resource
import socket
import threading
import time

import programs  # makes `running` findable
import running
from figures import Figure

PROBE_PAUSE_SECONDS = 0.02
PROBE_LIMIT_SECONDS = 1.0
PROBES_LEAST = 50
SUMMED_SECONDS = 10  # the log says that often how many requests were refused for one reason
USER, PASSWORD = "operator", "correct horse battery staple"


class Probe:
    """Asks for the decisions on a new connection, again and again, and remembers how that went."""

    def __init__(self, service):
        self.service, self.seconds, self.failures = service, [], []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.done.wait(PROBE_PAUSE_SECONDS):
            started = time.monotonic()
            try:
                status = self.service.get("/api/decisions")[0]
                if status != 200:
                    self.failures.append(f"status {status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.seconds.append(time.monotonic() - started)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def has_seen_enough(self):
        return len(self.seconds) >= PROBES_LEAST

    def figure(self, during):
        asked, answered, slowest = len(self.seconds), len(self.seconds) - len(self.failures), max(self.seconds, default=0)
        measured = f"{answered} of {asked}, slowest {slowest * 1e3:.0f} ms"
        if self.failures:
            measured += f" ({self.failures[0]})"
        holds = asked >= PROBES_LEAST and not self.failures and slowest <= PROBE_LIMIT_SECONDS
        return Figure(f"{during}: others answered", measured, f"all, within {PROBE_LIMIT_SECONDS * 1e3:.0f} ms", holds)


class Lines:
    """What the log has said since this was made: one line, or one line with the `count` of several."""

    def __init__(self, service):
        self.service, self.before = service, len(service.log_lines())

    def count(self, message, **fields):
        lines = self.service.log_lines()[self.before :]
        return sum(
            line["fields"].get("count", 1)
            for line in lines
            if message in line["message"] and all(line["fields"].get(name) in values for name, values in fields.items())
        )

    def settle(self, expected, message, **fields):
        """The count, once it has reached what is expected or the time has passed after which it is said."""
        end = time.monotonic() + SUMMED_SECONDS + 2
        while (count := self.count(message, **fields)) < expected and time.monotonic() < end:
            time.sleep(0.05)
        return count


def refused(during, sent, answered, logged, expected):
    measured = f"{answered} of {sent} refused, {logged} in the log"
    return Figure(f"{during}: refused and logged", measured, expected, answered == sent and logged >= sent)


def connect(service):
    return socket.create_connection((running.HOST, service.port), timeout=30)


def status_of(connection):
    """Status and everything that came, until the server closes; 0 where nothing came."""
    received = b""
    with contextlib.suppress(OSError):
        while part := connection.recv(65536):
            received += part
    is_answer = received.startswith(b"HTTP/1.1 ")
    return (int(received[9:12]) if is_answer else 0), received


def ask_raw(service, request):
    with connect(service) as connection:
        # The server may refuse, and close, before it has taken everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return status_of(connection)


def attack(service, requests):
    """Sends all of these again and again, until the probe has asked often enough; gives statuses and answers, and the probe."""
    answers = []
    with Probe(service) as probe:
        while not probe.has_seen_enough():
            answers += [ask_raw(service, request) for request in requests]
    return answers, probe


def slowloris(service, count=500):
    """Requests that never end: one more header line a second."""
    lines = Lines(service)
    with Probe(service) as probe, contextlib.ExitStack() as open_connections:
        connections = [open_connections.enter_context(connect(service)) for _ in range(count)]
        for connection in connections:
            connection.sendall(b"GET /api/decisions HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(8):
            time.sleep(1)
            for connection in connections:
                connection.sendall(b"X-More: 1\r\n")
        answered = sum(status_of(connection)[0] == 408 for connection in connections)
    logged = lines.settle(count, "refused a request", status=[408])
    return [refused("slowloris", count, answered, logged, "408 for every one"), probe.figure("slowloris")]


def idle_connections(service, count=10_000):
    """Connections on which nothing is ever sent, more than there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + 200
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    lines = Lines(service)
    with Probe(service) as probe, contextlib.ExitStack() as open_connections:
        for _ in range(count):
            open_connections.enter_context(connect(service))
        most = service.open_files()
        time.sleep(1)
    room = 1024
    logged = lines.settle(count - room, "closed the connection idle longest")
    measured = f"{count} opened, {most} files open, {logged} in the log"
    expected = f"{count - room} give way, at most {room + 128} files"
    holds = logged >= count - room and most <= room + 128
    return [
        Figure(f"{count} idle connections: gave way, logged", measured, expected, holds),
        probe.figure(f"{count} idle connections"),
    ]


def no_files_left(service, count=300):
    """The system gives the service no more descriptors, although it would have room for connections."""
    lines = Lines(service)
    allowed = service.allow_files(service.open_files() + 50)
    try:
        with Probe(service) as probe, contextlib.ExitStack() as open_connections:
            for _ in range(count):
                open_connections.enter_context(connect(service))
            time.sleep(2)
    finally:
        service.allow_files(allowed)
    logged = lines.settle(1, "cannot accept a connection")
    running.wait_for("the service to be ready again", lambda: service.answers("/readyz"))
    return [
        Figure("no descriptors left: logged", f"{logged} in the log", "at least 1", logged >= 1),
        probe.figure("no descriptors left"),
    ]


def oversized_headers(service):
    """Headers just above the limit, and far above."""
    lines = Lines(service)
    begin = b"GET /api/decisions HTTP/1.1\r\nHost: localhost\r\nX-Large: "
    answers, probe = attack(service, [begin + b"x" * size + b"\r\n\r\n" for size in [17 * 1024, 1024 * 1024]])
    answered = sum(status == 431 for status, _ in answers)
    logged = lines.settle(len(answers), "refused a request", status=[431])
    figure = refused("oversized headers", len(answers), answered, logged, "431 for every one")
    return [figure, probe.figure("oversized headers")]


SECRET = b"what lies beside the folder of charts"
CHART = b"\x89PNG\r\n\x1a\nnot much of a picture"


def lay_out_charts(folder):
    charts = folder / "charts"
    charts.mkdir()
    (charts / "inside.png").write_bytes(CHART)
    (folder / "outside.png").write_bytes(SECRET)
    (charts / "link.png").symlink_to(folder / "outside.png")
    (charts / "up").symlink_to(folder)


def path_traversal(service):
    """Ways out of the folder of charts: as they are, encoded, encoded twice, by other separators, by links."""
    _, _, body = service.get("/charts/inside.png")
    ways = ["..{0}outside.png", "..{0}..{0}..{0}..{0}..{0}etc{0}passwd", "inside.png{0}..{0}..{0}outside.png", "up{0}outside.png"]
    separators = ["/", "%2f", "%2F", "%252f", "%25252f", "\\", "%5c", "%255c", "%c0%af", "//", "/./", "%00/"]
    plain = [way.format(separator) for way in ways for separator in separators]
    dotted = [path.replace("..", dots) for path in plain for dots in ["..", "%2e%2e", "%252e%252e", ".%2e"] if ".." in path]
    others = ["link.png", "/etc/passwd", "%2fetc%2fpasswd", "..", "%2e%2e%2foutside.png%00.png", "....//outside.png"]
    paths = [f"/charts/{path}" for path in sorted({*plain, *dotted, *others})]
    requests = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode() for path in paths]
    lines = Lines(service)
    answers, probe = attack(service, requests)
    answered = sum(status in (400, 404) and SECRET not in got and b"root:" not in got for status, got in answers)
    logged = lines.settle(len(answers), "request", status=[400, 404])
    figure = refused("path traversal", len(answers), answered, logged, "400 or 404 for every one, a chart served")
    figure.holds &= body == CHART
    return [figure, probe.figure("path traversal")]


def basic(text):
    return b"Basic " + base64.b64encode(text.encode())


def malformed_logins(service):
    """Authorization headers that are not what they should be, on a route that asks for a login."""
    path = "/api/config/normalized"
    right = {"Authorization": basic(f"{USER}:{PASSWORD}").decode()}
    welcome = service.get(path, right)[0]
    malformed = [
        b"", b"Basic", b"Basic ", b"basic\t", b"Basic !!!not base64!!!", b"Basic ====", basic("no colon in it"), basic(":"),
        basic(f"{USER}:"), basic(f"{USER}:wrong"), basic(f"{USER}\x00:{PASSWORD}"), b"Basic \xff\xfe\x80", b"Bearer token",
        b"Digest username=operator", b"Basic " + b"A" * 12_000, basic(f"{USER}:{PASSWORD}") + b" twice", b", ,",
    ]  # fmt: skip
    begin = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ".encode()
    lines = Lines(service)
    answers, probe = attack(service, [begin + header + b"\r\n\r\n" for header in malformed])
    answered = sum(status in (401, 429) for status, _ in answers)
    logged = lines.settle(len(answers), "request", path=[path])
    limit = "401 or 429 for every one, the right one let in"
    figure = refused("malformed Authorization", len(answers), answered, logged, limit)
    figure.holds &= welcome == 200
    return [figure, probe.figure("malformed Authorization")]


ALL = [slowloris, idle_connections, no_files_left, oversized_headers, path_traversal, malformed_logins]
