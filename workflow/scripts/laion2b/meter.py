"""Say how far a long reading is: on one line of a terminal, or as lines of a log, one for each tenth."""

import sys
import time
from typing import TextIO

SECONDS = 0.5
"""Between two looks of a person at a terminal."""


class Meter:
    """Is told of bytes as they pass, and writes how many of `total` that are."""

    def __init__(self, total: int, stream: TextIO = sys.stderr) -> None:
        self._total, self._stream = max(1, total), stream
        self._done = self._tenths = 0
        self._began = self._last = time.monotonic()

    def add(self, count: int) -> None:
        """Count more bytes, and write a line if it is time for one."""
        self._done += count
        now = time.monotonic()
        if self._stream.isatty():
            if now - self._last >= SECONDS or self._done == self._total:
                self._last = now
                print(f"\r{self}", end="\n" if self._done >= self._total else "", file=self._stream, flush=True)
        elif self._tenths < (tenths := self._done * 10 // self._total):
            self._tenths = tenths
            print(self, file=self._stream, flush=True)

    def __str__(self) -> str:
        speed = self._done / max(1e-9, time.monotonic() - self._began)
        left = (self._total - self._done) / max(1, speed)
        return (
            f"{self._done / self._total:4.0%} of {self._total / 1e9:,.1f} GB, {speed / 1e6:,.0f} MB/s, "
            f"{left // 60:.0f}:{left % 60:02.0f} minutes left"
        )
