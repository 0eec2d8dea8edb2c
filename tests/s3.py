"""A real S3 endpoint on loopback, and a way to it that can be slow, refused or cut."""

import logging
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

BUCKET = "sweeps"
KEY = "AKIATATLSEARCHTESTKEY"
SECRET = "planted/SecretThatMustNotBeStored1234567"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CHUNK = 1 << 14


@dataclass
class Trouble:
    """What befalls connections from now on.

    Attributes:
        away: they are closed as soon as they are opened.
        answer: what every request is answered; null lets the endpoint answer.
        cut_after: bytes of an answer after which the connection is cut; null for never.
        delay_s: how long each piece of an answer takes.
    """

    away: bool = False
    answer: bytes | None = None
    cut_after: int | None = None
    delay_s: float = 0.0


class Way:
    """A TCP proxy to the endpoint.

    Attributes:
        trouble: what befalls connections.
        opened: how many connections there were.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.trouble = Trouble()
        self.opened = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def uri(self, name: str = "") -> str:
        """Return the URI of what is called so in the bucket."""
        query = f"scheme=http&endpoint_override=127.0.0.1:{self.port}"
        return f"s3://{BUCKET}{'/' if name else ''}{name}?{query}"

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                caller, _ = self._socket.accept()
                self.opened += 1
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, suppress(OSError):
            if self.trouble.away:
                return
            if self.trouble.answer is not None:
                caller.recv(CHUNK)
                caller.sendall(self.trouble.answer)
                return
            with socket.create_connection(("127.0.0.1", self._to)) as endpoint:
                pump = threading.Thread(target=self._up, args=(caller, endpoint), daemon=True)
                pump.start()
                self._down(endpoint, caller)

    def _up(self, caller: socket.socket, endpoint: socket.socket) -> None:
        with suppress(OSError):
            while content := caller.recv(CHUNK):
                if self.trouble.away:
                    break
                endpoint.sendall(content)
            endpoint.shutdown(socket.SHUT_WR)

    def _down(self, endpoint: socket.socket, caller: socket.socket) -> None:
        passed = 0
        while content := endpoint.recv(CHUNK):
            trouble = self.trouble
            time.sleep(trouble.delay_s)
            if trouble.away:
                break
            if trouble.cut_after is not None and passed + len(content) > trouble.cut_after:
                caller.sendall(content[: max(0, trouble.cut_after - passed)])
                break
            caller.sendall(content)
            passed += len(content)
        caller.shutdown(socket.SHUT_RDWR)


@contextmanager
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """Start an endpoint with one empty bucket, its credentials in the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells of every request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    way = Way(port)
    try:
        files, _ = fs.FileSystem.from_uri(f"{way.uri()}&allow_bucket_creation=true")
        files.create_dir(BUCKET)
        yield way
    finally:
        way.close()
        # What moto holds outlives its server.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/reset", b""):
            pass
        server.stop()
