"""Reads what this process, and those that it starts, write to the terminal, so that one place decides where it goes."""

import os
import select
import sys
import threading
from collections.abc import Callable

SIZE = 65536
"""Bytes read at once."""


class Capture:
    """Between `begin` and `end`, gives each line that is written to the standard error or output to `take`.

    Only a stream that is a terminal is captured. `terminal` is a stream that still leads there.
    """

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._streams = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]
        self._saved = [os.dup(stream.fileno()) for stream in self._streams]
        encoding = sys.stderr.encoding
        self.terminal = open(os.dup(sys.stderr.fileno()), "w", encoding=encoding, errors="backslashreplace")  # noqa: SIM115, PTH123
        self._thread = threading.Thread(target=self._read, daemon=True)

    def begin(self) -> None:
        """Redirect the streams."""
        self._source, target = os.pipe()
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._source, False)
        for stream in self._streams:
            stream.flush()
            os.dup2(target, stream.fileno())
        os.close(target)
        self._thread.start()

    def end(self) -> None:
        """Give the streams back. What was written by then has been taken when this returns."""
        for stream, saved in zip(self._streams, self._saved, strict=True):
            stream.flush()
            os.dup2(saved, stream.fileno())
            os.close(saved)
        os.close(self._waker)
        self._thread.join()
        os.close(self._source)
        os.close(self._wake)

    def _read(self) -> None:
        """Take lines until nobody can write any more, or until `end` and nothing is left."""
        rest = b""
        while True:
            ready = select.select([self._source, self._wake], [], [])[0]
            try:
                data = os.read(self._source, SIZE)
            except BlockingIOError:
                data = None
            if data == b"" or (data is None and self._wake in ready):
                break
            *lines, rest = (rest + (data or b"")).split(b"\n")
            for line in lines:
                self._take(line.decode(errors="replace"))
        if rest:
            self._take(rest.decode(errors="replace"))
