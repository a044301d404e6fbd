"""A mirror that misbehaves on purpose. Each file has a list of faults, one for each attempt."""

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from mirror.server import Handler


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer. The default is nothing."""

    status: int | None = None
    """Answer with this status and an empty body."""
    claim: int | None = None
    """Answer correctly, but with this status."""
    silent: bool = False
    """Hang up without an answer."""
    drip_headers: bool = False
    """Send headers without end, one byte at a time. A status of 100 is sent without end, too."""
    headers: dict[str, str | None] = field(default_factory=dict)
    """Headers to send instead of the right ones. None leaves one out."""
    rewrite: Callable[[dict[str, str]], dict[str, str | None]] | None = None
    """More such headers, made from the right ones."""
    change: Callable[[bytes], bytes] | None = None
    """Serve another content than the file's, with the right length of that content."""
    body: Callable[[bytes], bytes] | None = None
    """Send another body than the headers promise."""
    cut: int | None = None
    """Bytes of body to send before it breaks off."""
    then: str = "close"
    """How it breaks off: close, reset, stall (until the client gives up) or drip (one byte at a time)."""
    ignore_range: bool = False
    method: str | None = None
    """Only requests of this method get the fault."""


class Faulty(Handler):
    """Answers the n-th request for a file with the n-th fault of `script`, and correctly after the last.

    If `forever` is true, the last fault is repeated without end.
    """

    script: ClassVar[Sequence[Fault]] = ()
    forever: ClassVar[bool] = False
    fault = Fault()

    def answer(self) -> None:
        """Choose the fault, and answer with it."""
        self.fault = Fault()
        number = len(self.server.fetched(self.request_log.path)) - 1
        if self.script and (number < len(self.script) or self.forever):
            fault = self.script[min(number, len(self.script) - 1)]
            self.fault = fault if fault.method in (None, self.command) else Fault()
        if self.fault.silent:
            self.close_connection = True
        elif self.fault.drip_headers or self.fault.status == 100:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Header: " if self.fault.drip_headers else b"")
            pause = threading.Event()
            while True:  # until the client hangs up
                self.wfile.write(b"x" if self.fault.drip_headers else b"HTTP/1.1 100 Continue\r\n\r\n")
                pause.wait(0.02)
        elif self.fault.status:
            self.head(self.fault.status, {"Content-Length": "0"})
        else:
            super().answer()

    def send(self, content: bytes, validators: dict[str, str]) -> None:
        """Send what the fault makes of the content."""
        validators = {name: value for name, value in (validators | self.fault.headers).items() if value is not None}
        super().send(self.fault.change(content) if self.fault.change else content, validators)

    def range_start(self, validators: dict[str, str]) -> int | None:
        """Overlook the Range header, if that is the fault."""
        return None if self.fault.ignore_range else super().range_start(validators)

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Send the headers, some of them wrong."""
        wrong = headers | self.fault.headers
        if self.fault.rewrite:
            wrong |= self.fault.rewrite(headers)
        super().head(self.fault.claim or status, {name: value for name, value in wrong.items() if value is not None})

    def body(self, content: bytes) -> None:
        """Send the body as far as the fault allows."""
        if self.fault.body:
            content = self.fault.body(content)
        if self.fault.cut is None:
            super().body(content)
            self.close_connection = self.close_connection or "Content-Length" in self.fault.headers
            return
        super().body(content[: self.fault.cut])
        self.close_connection = True
        match self.fault.then:
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case "stall":
                self.rfile.read(1)
            case "drip":
                pause = threading.Event()
                for number in range(self.fault.cut, len(content)):
                    super().body(content[number : number + 1])
                    pause.wait(0.02)


def faulty(*script: Fault, forever: bool = False) -> type[Faulty]:
    """Return a handler that plays a script of faults."""
    return type("Scripted", (Faulty,), {"script": script, "forever": forever})
