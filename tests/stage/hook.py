"""A webhook on loopback that answers as it is told, and remembers what it got."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T0P53CR3TPATH"


class Hook:
    """`answers`: (status, headers) for each request, the last for all further ones. Status 0: none, until the end."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = [(200, {})]
        self.got: list[tuple[str, dict[str, Any]]] = []  # path, JSON
        self.ended = threading.Event()
        self.url = ""

    def answer(self, *statuses: int, **headers: str) -> None:
        self.answers = [(status, headers) for status in statuses]

    @property
    def texts(self) -> list[str]:
        return [line for _, note in self.got for line in note["text"].splitlines()]


@contextmanager
def hook() -> Generator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            note = json.loads(self.rfile.read(int(self.headers["content-length"])))
            made.got.append((self.path, note))
            status, headers = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            if not status:
                made.ended.wait()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/services/{SECRET}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
