"""Progress as bars on a terminal: in that of the run, or in another one."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import ERROR, INTERRUPTED, WELL, Outcome, outcome_since
from .progress import WHOLE, Progress, Row, duration, line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

STEP, FILE = len("concatenate"), len("metadata_0000.parquet")
"""Characters of the longest names of steps and of files."""
AMOUNTS, SPEED, LEFT = len("100.0 MB of 100.0 MB"), len("10.0 MB/s"), len("0:00:00 left")
"""Characters of what is usually in these columns."""
PAUSE = 2
"""Seconds between two looks at the files while a run is watched."""


class OfRun:
    """What a run shows on its own terminal: the logger plugin in `workflow/logger` asks for it."""

    def __init__(self, progress: Progress, before: Mapping[Path, int], *, is_cluster: bool) -> None:
        """`before` is the state of the logs when the run began (`outcome.snapshot`).

        On a cluster, what a job itself says of its failure does not reach this terminal.
        """
        self._progress, self._before, self._is_cluster = progress, before, is_cluster

    def draw(self) -> "RenderableType":
        """Return the bars as they are now. Raises OSError if the files can't be looked at."""
        return bars(self._progress.look(time.monotonic())[1])

    def failed(self, logs: Sequence[str]) -> str:
        """Return a sentence on a job that did not end well, by its logs.

        There is none on a job that was interrupted, or that ended well in a group with one that did not.
        """
        log = Path(logs[0])
        outcome = outcome_since(log, self._before) or Outcome()
        if outcome.ended in (WELL, INTERRUPTED):
            return ""
        is_said = outcome.ended == ERROR and not self._is_cluster
        why = ", as it says above" if is_said else f": {outcome.sentence(with_advice=False)}"
        return f"{log.parent.name} {log.stem} failed{why} (log: {log})"


def watch(progress: Progress, console: "Console", interval: float) -> None:
    """Show progress until all products exist, or a run that was seen at work has ended.

    On a terminal these are bars; elsewhere, lines every `interval` seconds.
    """
    from rich.console import Group
    from rich.live import Live

    if not console.is_interactive:
        due = time.monotonic()
        for rows in _looks(progress, min(PAUSE, interval)):
            if time.monotonic() >= due:
                print(line(rows), flush=True)
                due += interval
        return
    with Live(console=console, auto_refresh=False) as live:
        for rows in _looks(progress, PAUSE):
            live.update(Group(bars(rows), ""), refresh=True)  # what a key writes below the bars, such as ^C, moves none


def _looks(progress: Progress, pause: float) -> Iterator[list[Row]]:
    was_running = False
    while True:
        status, rows = progress.look(time.monotonic())
        yield rows
        if (status.is_complete or was_running) and not status.is_running:
            return
        was_running = status.is_running
        time.sleep(pause)


def bars(rows: Sequence[Row]) -> "RenderableType":
    """Return the rows as rich draws them: the steps and the whole, then the files, which have longer names."""
    from rich.console import Group

    end = next(number for number, row in enumerate(rows, 1) if row.name == WHOLE)
    return Group(*(_grid(some, width) for some, width in ((rows[:end], STEP), (rows[end:], FILE)) if some))


def _grid(rows: Sequence[Row], width: int) -> "Table":
    """Return rows whose columns do not move when a number grows. The bar has the width that the words leave."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    grid = Table.grid(padding=(0, 1), expand=True)
    for least, ratio in ((width, None), (0, 1), (AMOUNTS, None), (SPEED, None), (LEFT, None)):
        grid.add_column(min_width=least, ratio=ratio, no_wrap=True)
    for row in rows:
        bar = ProgressBar(total=row.total or 1, completed=row.have if row.total else 0)
        left = "" if row.left is None else f"{duration(row.left)} left" if row.left else "done"
        grid.add_row(row.name, bar, row.amounts, row.speed, left)
    return grid
