"""What a job took: the last but one line of its log says it, and the report reads it there."""

import re
import time
from pathlib import Path

TOOK = re.compile(r"took ([\d.]+) s(?: and ([\d.]+) MB)?$", re.MULTILINE)
STATUS = Path("/proc/self/status")
"""Where Linux tells the memory that a process has held at the most; getrusage(2) tells that of its parents, too."""


def said(began: float) -> str:
    """Return the seconds since `began`, of the monotonic clock, and the most memory that was held, as a log says it."""
    memory = re.search(r"^VmHWM:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE) if STATUS.exists() else None
    return f"took {time.monotonic() - began:.2f} s" + (f" and {int(memory[1]) * 1024 / 1e6:.0f} MB" if memory else "")


def read(log: Path) -> tuple[float, float | None] | None:
    """Return the seconds, and the MB if they are known, of the job with this log; None if it does not say."""
    found = TOOK.search(log.read_text(encoding="utf-8", errors="replace"))
    return (float(found[1]), float(found[2]) if found[2] else None) if found else None
