"""A logger of Snakemake that shows a run as bars, and not the nine to eleven lines that Snakemake writes for each job.

The workflow knows how far its run is, and what to say of a job that failed. It hands over an object that does both
(`LogHandler.show_bars`). Without it, this logger writes what Snakemake writes: in dry runs, for errors of a workflow,
for other workflows. With it, but without a terminal, it only leaves out the lines about jobs that go well. Snakemake's
own log file always holds everything.
"""

import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import snakemake
from snakemake.logging import ColorizingTextHandler
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .screen import Screen

KIND = "laion2b"
"""What the workflow adds to some records: `progress`, of which the first comes before the first job, or `end`."""
OF_SNAKEMAKE = os.path.join(Path(snakemake.__file__).parent.parent, "snakemake")  # noqa: PTH118 - it is only a prefix
"""How the paths of the modules of Snakemake and its plugins begin."""
OF_A_JOB = "RuleException"
"""The exception that Snakemake tells of a job whose command failed, before it tells of the job itself."""
STYLES = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}


class OfRun(Protocol):
    """What the workflow hands over."""

    def draw(self) -> "RenderableType":
        """Return the bars as they are now. Raises OSError if the files can't be looked at."""

    def failed(self, logs: Sequence[str]) -> str:
        """Return a sentence on a failed job, by its logs; or nothing, if there is nothing to say."""


class LogHandler(LogHandlerBase):
    """Writes what Snakemake itself writes, but for the time between the first `progress` and `end`."""

    def __post_init__(self) -> None:
        settings = self.common_settings
        stream = sys.stdout if settings.stdout else sys.stderr
        self._usual = ColorizingTextHandler(nocolor=settings.nocolor, stream=stream)
        can_move_cursor = os.environ.get("TERM", "dumb") != "dumb"
        self._is_terminal = sys.stderr.isatty() and can_move_cursor and not settings.dryrun
        self._of_run: OfRun | None = None
        self._screen: Screen | None = None
        self._is_at_work = False
        """Between the first `progress` and `end`."""

    @property
    def writes_to_stream(self) -> bool:
        """True: Snakemake's own handler for the terminal is left out."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """False."""
        return False

    @property
    def has_filter(self) -> bool:
        """False: Snakemake's own filter is used, which knows `--quiet`."""
        return False

    @property
    def has_formatter(self) -> bool:
        """False: Snakemake's own formatter is used."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """False."""
        return False

    def show_bars(self, of_run: OfRun) -> None:
        """Show what the workflow hands over, unless the command line asks for Snakemake's own words.

        On a terminal, all that is written to it passes through this process from now on. So this has to be called
        before the first job starts, which inherits the standard error.
        """
        settings = self.common_settings
        details = settings.verbose or settings.printshellcmds or settings.debug_dag or settings.show_failed_logs
        quiet = {str(each).lower() for each in settings.quiet or ()}
        if settings.dryrun or details or quiet & {"progress", "all"}:
            return
        self._of_run = of_run
        if self._is_terminal:
            from .screen import Screen

            self._screen = Screen(of_run.draw, nocolor=settings.nocolor)
            self._usual.setStream(self._screen.stream)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if it is for people to read. Called in one thread, in the order of the records."""
        try:
            self._emit(record)
        except BrokenPipeError:  # the reader of this output has ended, as in `snakemake -n | head`; the run goes on
            self._usual.setStream(io.StringIO())
        except Exception:
            self.handleError(record)

    def _emit(self, record: logging.LogRecord) -> None:
        kind = getattr(record, KIND, None)
        if self._of_run and kind == "progress" and not self._is_at_work:
            self._is_at_work = True
            if self._screen:
                self._screen.begin()
        if kind == "end":
            self._end()
        if not self._is_at_work:
            if getattr(record, "event", None) == LogEvent.WORKFLOW_STARTED and self._is_terminal:
                return  # 15 lines that are in the log file, too
            self._usual.setFormatter(self.formatter)
            self._usual.emit(record)
        elif text := self._text(record):
            self._say(text, record)

    def _text(self, record: logging.LogRecord) -> str:
        """Return what to say of a record while jobs are at work; nothing if it is for Snakemake's log file alone."""
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_ERROR:
            text = self._of_run.failed(record.log) if record.log else self.format(record)
            return f"{text}\n{record.rule_msg}" if text and record.rule_msg else text  # the executor's words
        if event == LogEvent.ERROR:
            return "" if record.exception == OF_A_JOB else self.format(record)
        is_hint = record.pathname.startswith(OF_SNAKEMAKE) and record.levelno < logging.WARNING
        is_in_bars = self._screen and getattr(record, KIND, None) == "progress"
        return "" if event or is_hint or is_in_bars else self.format(record)

    def _say(self, text: str, record: logging.LogRecord) -> None:
        if self._screen:
            self._screen.say(text, STYLES.get(record.levelno, ""))
        else:
            self._usual.stream.write(f"{text}\n")
            self._usual.flush()

    def _end(self) -> None:
        self._is_at_work = False
        if self._screen:
            self._screen.end()

    def close(self) -> None:
        """Leave the terminal as it was, however the run ended."""
        self._end()
        super().close()
