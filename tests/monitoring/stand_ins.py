"""Servers that others run: Slack, which keeps what it is sent, and Minswap, for which every token is worth one dollar."""

import http.server
import json
import threading

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


class StandIns:
    """Both on one port; `messages` has what Slack was sent, oldest first."""

    def __init__(self, host, port):
        self.server = http.server.ThreadingHTTPServer((host, port), Handler)
        self.messages = self.server.messages = []
        self.url = f"http://{host}:{port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
