"""Print how far a long reading is: on one line of a terminal, or in a log at most one line for each tenth.

Of a short one, nothing is said.
"""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

SECONDS = 0.5
"""Seconds at least from one line to the next."""


class Meter:
    """Count bytes and print progress towards `total`. Use it as a context manager; it ends the terminal line."""

    def __init__(self, total: int, stream: TextIO = sys.stderr) -> None:
        self._total, self._stream = max(1, total), stream
        self._done = self._tenths = 0
        self._began = self._last = time.monotonic()
        self._is_open = False
        """A line on the terminal has not ended yet."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._is_open:
            print(file=self._stream, flush=True)

    def add(self, count: int) -> None:
        """Count more bytes, and write a line if it is time for one."""
        self._done = min(self._total, self._done + count)
        now, tenths = time.monotonic(), self._done * 10 // self._total
        if now - self._last < SECONDS:
            return
        if self._stream.isatty():
            self._last, self._is_open = now, True
            print(f"\r{self}", end="", file=self._stream, flush=True)
        elif self._tenths < tenths:
            self._last, self._tenths = now, tenths
            print(self, file=self._stream, flush=True)

    def __str__(self) -> str:
        speed = self._done / max(1e-9, time.monotonic() - self._began)
        minutes, seconds = divmod(round((self._total - self._done) / max(1, speed)), 60)
        return (
            f"{self._done / self._total:4.0%} of {self._total / 1e9:,.1f} GB, {speed / 1e6:,.0f} MB/s, "
            f"{minutes}:{seconds:02d} minutes left"
        )
