"""How far a long job is: the job notes it in its log, and anyone who watches the run reads it there.

The size of the file that a job writes does not show it, because space is allocated first. Not every file system can
tell what is written from what is only allocated. All of them can show a log, also to another node of a cluster.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

NOTES = 50
"""Notes at most in the log of one job."""
NOTE = re.compile(r"([\d,]+) of ([\d,]+) \w+ so far\.$", re.MULTILINE)

log = logging.getLogger(__name__)


class Headway:
    """Counts what a job has done, and notes it in the log of the job, `NOTES` times at most."""

    def __init__(self, total: int, unit: str) -> None:
        self._total, self._unit = total, unit
        self._done = self._notes = 0

    @classmethod
    def of_files(cls, files: Sequence[Path]) -> Self:
        """Return one for a job that copies these files; one that is missing counts nothing, and the job will say it."""
        return cls(sum(file.stat().st_size for file in files if file.exists()), "bytes")

    def add(self, count: int) -> None:
        """Count more of the total as done."""
        self._done += count
        if self._total and self._notes < (notes := self._done * NOTES // self._total):
            self._notes = notes
            log.info("%s of %s %s so far.", f"{self._done:,}", f"{self._total:,}", self._unit)


def read(file: Path) -> tuple[int, int] | None:
    """Return what the job with this log has done so far, and the total; None if its log has no note, or is missing."""
    try:
        notes = NOTE.findall(file.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None
    if not notes:
        return None
    done, total = (int(number.replace(",", "")) for number in notes[-1])
    return done, total
