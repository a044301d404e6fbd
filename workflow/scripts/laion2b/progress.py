"""How fast the files of a run grow, and how long that will take: as bars on a terminal, as lines elsewhere."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .space import readable
from .status import Status, Transfer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WINDOW = 300
"""Seconds over which a speed is averaged."""
PAUSE = 2
"""Seconds between two looks at the files while a run is watched."""
SHOWN = 10
"""Unfinished files that get a bar of their own: those that were written to last."""


@dataclass
class Speed:
    """The speed at which a number grows, from looks at it."""

    _looks: deque[tuple[float, float]] = field(default_factory=deque)

    def note(self, now: float, amount: float) -> None:
        """Note the amount at a time, in seconds. If half of it is gone, it was begun anew, and so is this."""
        if self._looks and amount < self._looks[-1][1] / 2:
            self._looks.clear()
        self._looks.append((now, amount))
        while len(self._looks) > 2 and now - self._looks[0][0] > WINDOW:
            self._looks.popleft()

    @property
    def per_second(self) -> float:
        """The mean over the window; 0 after only one look."""
        (first, before), (last, after) = self._looks[0], self._looks[-1]
        return max(0.0, (after - before) / (last - first)) if last > first else 0.0

    def left(self, missing: float) -> float | None:
        """Return the seconds until what is missing is there, or None if nothing grows."""
        return missing / self.per_second if self.per_second else None


@dataclass(frozen=True)
class Row:
    """What one bar shows."""

    name: str
    have: int
    total: int | None
    amounts: str
    speed: str
    left: float | None
    """Seconds until it is full; None if nobody knows."""


class Progress:
    """Looks at a run again and again, and remembers how its files have grown."""

    def __init__(self, look: Callable[[], Status]) -> None:
        self._look = look
        self._speeds: dict[str, Speed] = {}

    def look(self, now: float) -> tuple[Status, list[Row]]:
        """Return the status at a time, in seconds, and the rows: all downloads, all parts, each unfinished file.

        As long as files are missing, the time left of the parts is that of the downloads. It does not include the
        concatenation, which takes as long as a copy.
        """
        status = self._look()
        have, total = status.bytes_of_parts()
        downloads = self._row("downloads", now, have, total)
        parts = self._row("parts", now, status.count("filtered"), len(status.parts))
        failed = f", {count} failed" if (count := status.count("failed")) else ""
        amounts = f"{parts.have} of {parts.total} filtered{failed}"
        whole = Row("parts", parts.have, parts.total, amounts, "", parts.left if have == total else downloads.left)
        unfinished = [file for part in status.parts for file in part.files if file.is_partial]
        files = sorted(sorted(unfinished, key=_changed)[-SHOWN:], key=lambda file: unfinished.index(file))
        return status, [downloads, whole, *(self._row(file.name, now, file.have, file.total) for file in files)]

    def _row(self, name: str, now: float, have: int, total: int | None) -> Row:
        speed = self._speeds.setdefault(name, Speed())
        speed.note(now, have)
        amounts = f"{readable(have)} of {readable(total)}" if total else readable(have)
        left = speed.left(total - have) if total else None
        left = 0.0 if have == total else left
        return Row(name, have, total, amounts, f"{readable(speed.per_second)}/s", left)


def _changed(file: Transfer) -> float:
    return file.changed


def line(rows: list[Row]) -> str:
    """Return what a log file is told: one line for the whole."""
    downloads, parts = rows[:2]
    left = f"about {duration(parts.left)} left" if parts.left is not None else "time left unknown"
    return f"Parts: {parts.amounts}; {downloads.amounts} downloaded, {downloads.speed}; {left}."


def duration(seconds: float) -> str:
    """Return a time in hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def say(look: Callable[[], Status], interval: float, tell: Callable[[str], object]) -> None:
    """Tell a line every `interval` seconds, without end; meant for a thread that ends with its process.

    A look that fails, because a file server is away for instance, is left out: the run has worse to tell then.
    """
    progress = Progress(look)
    while True:
        with suppress(OSError):
            tell(line(progress.look(time.monotonic())[1]))
        time.sleep(interval)


def watch(look: Callable[[], Status], console: "Console", interval: float) -> None:
    """Show progress until all products stand, or a run that was seen at work has ended.

    On a terminal these are bars; elsewhere, lines every `interval` seconds.
    """
    from rich.live import Live

    progress = Progress(look)
    if not console.is_interactive:
        due = time.monotonic()
        for rows in _looks(progress, min(PAUSE, interval)):
            if time.monotonic() >= due:
                print(line(rows), flush=True)
                due += interval
        return
    with Live(console=console, auto_refresh=False) as live:
        for rows in _looks(progress, PAUSE):
            live.update(bars(rows), refresh=True)


def _looks(progress: Progress, pause: float) -> Iterator[list[Row]]:
    was_running = False
    while True:
        status, rows = progress.look(time.monotonic())
        yield rows
        if (status.is_complete or was_running) and not status.is_running:
            return
        was_running = status.is_running
        time.sleep(pause)


def bars(rows: list[Row]) -> "RenderableType":
    """Return the rows as rich draws them."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    grid = Table.grid(padding=(0, 1), expand=True)
    for ratio in (None, 1, None, None, None):  # the bar has the width that the words leave
        grid.add_column(ratio=ratio, no_wrap=True)
    for row in rows:
        bar = ProgressBar(total=row.total or 1, completed=row.have if row.total else 0)
        left = f"{duration(row.left)} left" if row.left is not None else ""
        grid.add_row(row.name, bar, row.amounts, row.speed, left)
    return grid
