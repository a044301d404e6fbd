"""How fast a run goes on, and how long it will take."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from laion2b.logs import RuleName

from .disk import readable
from .status import PartFile, Status
from .steps import Copy, Jobs, Step

WINDOW = 300
"""Seconds over which a speed is averaged."""
SHOWN = 4
"""Unfinished files that have a bar of their own: those that grew last."""
WHOLE = "whole"
"""The name of the row after the steps."""
COPIED = 200_000_000
"""Bytes a second that a concatenation is expected to write before it has begun: those of an ordinary disk."""


@dataclass
class Speed:
    """The speed at which a number grows."""

    _looks: deque[tuple[float, float]] = field(default_factory=deque)

    def note(self, now: float, amount: float) -> None:
        """Note the amount at a time, in seconds. If it is less than half of the last one, it was begun again."""
        if self._looks and amount < self._looks[-1][1] / 2:
            self._looks.clear()
        self._looks.append((now, amount))
        while len(self._looks) > 2 and now - self._looks[0][0] > WINDOW:
            self._looks.popleft()

    @property
    def amount(self) -> float | None:
        """The amount at the last look."""
        return self._looks[-1][1] if self._looks else None

    @property
    def per_second(self) -> float:
        """The mean over the window; 0 after fewer than two amounts."""
        if len(self._looks) < 2:
            return 0.0
        (first, before), (last, after) = self._looks[0], self._looks[-1]
        return max(0.0, (after - before) / (last - first)) if last > first else 0.0

    def left(self, missing: float) -> float | None:
        """Return the seconds until the missing amount has come, or None if nothing grows."""
        return missing / self.per_second if self.per_second else None


@dataclass(frozen=True)
class Row:
    """What one bar shows."""

    name: str
    have: float
    total: float | None
    amounts: str
    speed: str = ""
    left: float | None = None
    """Seconds until it is full; None if that is unknown."""


class Progress:
    """Look at a run again and again, and compute how fast it goes on."""

    def __init__(self, look: Callable[[], Status], jobs: Jobs) -> None:
        """`look` returns the status of the parts of the run, and `jobs` are its jobs."""
        self._look, self._jobs = look, jobs
        self._speeds: dict[str, Speed] = {}

    def look(self, now: float) -> tuple[Status, list[Row]]:
        """Return the status at a time, in seconds, and the rows: the steps of the run, the whole, unfinished files.

        The time left of the whole is unknown as long as that of one step is. It does not include jobs that have no
        step: descriptions, checks, reports.
        """
        status = self._look()
        self._jobs.look()
        rows = self._of_parts(now, status)
        left = [_left_of_parts([row.left for row in rows])] if rows else []
        if copy := self._jobs.copy(_sizes_of_parts(status)):
            rows.append(self._copy(now, copy))
            left.append(rows[-1].left)
        if step := self._jobs.step(RuleName.SEARCH):
            rows.append(self._search(now, step))
            left.append(rows[-1].left)
        return status, [*rows, self._whole(left), *self._files(now, status)]

    def _whole(self, left: Sequence[float | None]) -> Row:
        """Return the row of the whole run, whose steps need these times, one after the other."""
        whole = self._jobs.whole()
        known = [each for each in left if each is not None]
        seconds = 0.0 if whole.done == whole.total else sum(known) or None if len(known) == len(left) else None
        return Row(WHOLE, whole.done, whole.total, f"{whole.done:.0f} of {whole.total} jobs", left=seconds)

    def _of_parts(self, now: float, status: Status) -> list[Row]:
        """Return the rows of downloads and filter, which go on side by side."""
        filter_ = self._jobs.step(RuleName.FILTER)
        rows = [self._downloads(now, status)] if filter_ or self._jobs.step(RuleName.DOWNLOAD) else []
        return [*rows, self._filter(now, status, filter_)] if filter_ else rows

    def _downloads(self, now: float, status: Status) -> Row:
        return self._bytes("downloads", now, *status.bytes_of_parts())

    def _filter(self, now: float, status: Status, step: Step) -> Row:
        failed = f", {count} failed" if (count := status.count("failed")) else ""
        amounts = f"{step.done:.0f} of {step.total} parts{failed}"
        return Row("filter", step.done, step.total, amounts, left=self._left("filter", now, step))

    def _copy(self, now: float, copy: Copy) -> Row:
        if not copy.is_begun:
            amounts = f"0 bytes of {readable(copy.total)}" if copy.total else ""
            return Row("concatenate", 0, copy.total, amounts, left=copy.total / COPIED if copy.total else None)
        return self._bytes("concatenate", now, copy.done, copy.total)

    def _search(self, now: float, step: Step) -> Row:
        amounts = f"{int(step.done)} of {step.total} shards"
        return Row("search", step.done, step.total, amounts, left=self._left("search", now, step))

    def _left(self, name: str, now: float, step: Step) -> float | None:
        """Return the seconds that a step takes to its end; its time before its first job does not count."""
        speed = self._speeds.setdefault(name, Speed())
        if step.is_begun:
            speed.note(now, step.done)
        missing = step.total - step.done
        return speed.left(missing) if missing else 0.0

    def _files(self, now: float, status: Status) -> list[Row]:
        unfinished = [file for part in status.parts for file in part.files if file.is_partial]
        shown = sorted(sorted(unfinished, key=_changed)[-SHOWN:], key=lambda file: unfinished.index(file))
        return [self._bytes(file.name, now, file.have, file.total) for file in shown]

    def _bytes(self, name: str, now: float, have: int, total: int | None) -> Row:
        speed = self._speeds.setdefault(name, Speed())
        if not have == total == speed.amount:  # else its mean would sink for ever
            speed.note(now, have)
        amounts = f"{readable(have)} of {readable(total)}" if total else readable(have)
        left = 0.0 if have == total else speed.left(total - have) if total else None
        return Row(name, have, total, amounts, f"{readable(speed.per_second)}/s", left)


def _left_of_parts(left: Sequence[float | None]) -> float | None:
    """Return the time left of downloads and filter together, which is the longer one."""
    if left[0] and left[-1] is None:
        return left[0]
    known = [each for each in left if each is not None]
    return max(known) if len(known) == len(left) else None


def _sizes_of_parts(status: Status) -> dict[str, int]:
    """Return the mean bytes of the two files of a part, as far as they are known, by the product that they lead to."""
    sizes = {}
    for ending, files in zip((".h5", ".tsv"), zip(*(part.files for part in status.parts), strict=True), strict=False):
        if known := [file.total for file in files if file.total]:
            sizes[ending] = sum(known) // len(known)
    return sizes


def _changed(file: PartFile) -> float:
    return file.changed


def line(rows: list[Row]) -> str:
    """Return the line of a log file: how far the run is."""
    by_name = {row.name: row for row in rows}
    whole = by_name[WHOLE]
    if "filter" in by_name:
        downloads, filter_ = by_name["downloads"], by_name["filter"]
        told = [f"Parts: {filter_.amounts.replace(' parts', ' filtered')}"]
        told.append(f"{downloads.amounts} downloaded, {downloads.speed}")
    else:
        told = [f"Jobs: {whole.amounts.replace(' jobs', ' done')}"]
    if (copy := by_name.get("concatenate")) and copy.speed:
        told.append(f"{copy.amounts} concatenated, {copy.speed}")
    if search := by_name.get("search"):
        told.append(f"{search.amounts.replace(' shards', ' shards searched')}")
    told.append(f"about {duration(whole.left)} left" if whole.left is not None else "time left unknown")
    return "; ".join(told) + "."


def duration(seconds: float) -> str:
    """Return a time in hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def say(progress: Progress, interval: float, tell: Callable[[str], object]) -> None:
    """Say a line every `interval` seconds, without end. It is for a thread that ends with its process.

    If a look fails, for instance because a file server does not answer, its line is left out. The run itself says more
    about that.
    """
    while True:
        time.sleep(interval)
        with suppress(OSError):
            tell(line(progress.look(time.monotonic())[1]))
