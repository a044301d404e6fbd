"""Serve a folder over HTTP on loopback as a good mirror does: ranges, ETag, Last-Modified, If-Range.

It counts what it serves. Tests derive mirrors with faults from it.
"""

import re
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar
from urllib.parse import unquote, urlsplit

BLOCK = 256 * 1024


@dataclass
class Request:
    """One request, and how much was sent for it."""

    method: str
    path: str
    headers: dict[str, str]
    status: int = 0
    served: int = 0
    """Bytes of body that were sent."""


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the files below the server's folder."""

    protocol_version = "HTTP/1.1"
    server: "MirrorServer"

    def do_GET(self) -> None:
        """Answer with a file, or with the part of it that was requested."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.request_log = Request(self.command, unquote(urlsplit(self.path).path).lstrip("/"), headers)
        with self.server.lock:
            self.server.requests.append(self.request_log)
        with suppress(BrokenPipeError, ConnectionResetError):
            self.answer()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def answer(self) -> None:
        """Find the file and send it."""
        file = self.server.folder / self.request_log.path
        if ".." in file.parts or not file.is_file():
            self.head(404, {"Content-Length": "0"})
            return
        self.send(file.read_bytes(), self.validators(file))

    def send(self, content: bytes, validators: dict[str, str]) -> None:
        """Send a content, whole or from where the Range header says."""
        start = self.range_start(validators)
        if start is None:
            self.head(200, validators | {"Content-Length": str(len(content)), "Accept-Ranges": "bytes"})
            self.body(content)
        elif start >= len(content):
            self.head(416, {"Content-Length": "0", "Content-Range": f"bytes */{len(content)}"})
        else:
            rest = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            self.head(206, validators | rest | {"Content-Length": str(len(content) - start)})
            self.body(content[start:])

    def validators(self, file: Path) -> dict[str, str]:
        """Return the headers that show a client whether the file has changed."""
        stat = file.stat()
        etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        return {"ETag": etag, "Last-Modified": formatdate(stat.st_mtime, usegmt=True)}

    def range_start(self, validators: dict[str, str]) -> int | None:
        """Return the first requested byte, or None for the whole file, also if the client has an older version."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if not match or (condition and condition not in validators.values()):
            return None
        return int(match[1])

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Send status line and headers."""
        self.request_log.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def body(self, content: bytes) -> None:
        """Send the body, unless the request is for the head only."""
        if self.command == "HEAD":
            return
        for start in range(0, len(content), BLOCK):
            block = content[start : start + BLOCK]
            self.wfile.write(block)
            self.request_log.served += len(block)

    def log_message(self, *_: object) -> None:
        """Print nothing, because the terminal shows the workflow."""


@dataclass
class MirrorServer(ThreadingHTTPServer):
    """A server of `folder` on a port of the loopback interface (0: a free one), for the time of a `with` block."""

    folder: Path
    handler: type[Handler] = Handler
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    daemon_threads: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.active = self.most = 0
        super().__init__(("127.0.0.1", self.port), self.handler)

    @property
    def url(self) -> str:
        """The address of the folder."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "MirrorServer":
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Print nothing about clients that close the connection."""

    def served(self, path: str = "") -> int:
        """Return the bytes of body sent for files whose path contains `path`."""
        return sum(request.served for request in self.requests if path in request.path)

    def fetched(self, path: str = "") -> list[Request]:
        """Return the GET requests for files whose path contains `path`, in order."""
        return [request for request in self.requests if request.method == "GET" and path in request.path]
