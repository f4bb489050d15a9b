"""Servers that others run: Slack and a mail server, which keep what they are sent, and Minswap, where every token is worth a dollar."""

import base64
import email
import http.server
import json
import socketserver
import ssl
import threading

from running import certificate

ADA_USD = 0.5


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply({"currency": "usd", "value": {"price": ADA_USD}} if self.path.startswith("/aggregator/ada-price") else None)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/slack":
            self.server.messages.append(body["attachments"][0])
            self.reply({})
        elif self.path == "/aggregator/tokens":
            self.reply({"tokens": [{"token_id": token, "price_by_ada": 1 / ADA_USD} for token in body["assets"]]})
        else:
            self.reply(None)

    def reply(self, answer):
        body = json.dumps(answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP as Alertmanager speaks. Nothing but EHLO before TLS, and no mail without a login."""

    def handle(self):
        self.secure = self.login = None
        self.say("220 stand-in")
        while line := self.rfile.readline().decode().rstrip():
            verb, _, rest = line.partition(" ")
            answer = getattr(self, verb.lower(), None)
            if verb in ["EHLO", "STARTTLS", "QUIT"] or (self.secure and answer):
                answer(rest)
            else:
                self.say("530 not now")

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def ehlo(self, _):
        self.say("250-stand-in")
        self.say("250 AUTH PLAIN" if self.secure else "250 STARTTLS")

    def starttls(self, _):
        self.say("220 go on")
        self.secure = self.server.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.secure.makefile("rb"), self.secure.makefile("wb", buffering=0)

    def auth(self, rest):
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.login = (user, password)
        self.say("235 welcome")

    def mail(self, _):
        self.say("250 ok" if self.login else "530 who are you")

    rcpt = mail

    def data(self, _):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        self.server.mails.append((self.login, email.message_from_bytes(b"".join(lines))))
        self.say("250 kept")

    def quit(self, _):
        self.say("221 bye")


class Server:
    """A server on a thread of its own, as long as the block lasts."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Apis(Server):
    """Slack and Minswap; `messages` has what Slack was sent, oldest first."""

    def __init__(self, host, port):
        super().__init__(http.server.ThreadingHTTPServer((host, port), Handler))
        self.messages = self.server.messages = []
        self.url = f"http://{host}:{port}"


class MailServer(Server):
    """`mails` has each login and message, oldest first. Who trusts the file `authority` trusts it."""

    def __init__(self, host, port, folder):
        super().__init__(socketserver.ThreadingTCPServer((host, port), MailHandler))
        self.server.daemon_threads = True
        self.authority, key = certificate(folder / "mail", [host])
        self.server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.tls.load_cert_chain(self.authority, key)
        self.mails = self.server.mails = []
