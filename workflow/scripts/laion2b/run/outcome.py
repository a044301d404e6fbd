"""How a job ended, as data: each job writes `logs/RULE/JOB.json`, next to its log.

A job notes its start, too. So a job that was killed is known by a note without an end.
"""

import json
import logging
import platform
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import get_args

from laion2b import logs
from laion2b.errors import Explanation
from laion2b.files import read_json
from laion2b.names import TEMPORARY, with_ending
from laion2b.parts.record import now

log = logging.getLogger("laion2b")

WELL, ERROR, INTERRUPTED = "well", "error", "interrupted"
WITHOUT_A_WORD = "It ended without a word: killed, out of memory or time, or its node failed?"
"""What is said about a job that has noted its start and no end."""
STATUS = Path("/proc/self/status")
"""Linux reports the peak memory of this process here. getrusage(2) would also count that of its parents."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended, and what it took. An older version may have written less: what it lacks is None."""

    ended: str | None = None
    """WELL, ERROR or INTERRUPTED; None while the job runs, and if it was killed."""
    error: str | None = None
    cause: str | None = None
    do: str | None = None
    seconds: float | None = None
    """From its start to its end, without the start of Python."""
    MB: float | None = None
    """The most memory that it held; None where the system does not say."""
    node: str | None = None
    began: str | None = None
    """When it began: UTC, ISO 8601."""

    @classmethod
    def read(cls, job_log: Path) -> "Outcome | None":
        """Return how the job with this log ended; None if it has noted nothing."""
        path = logs.outcome(job_log)
        content = path and read_json(path)
        if not content or "ended" not in content:
            return None
        kinds = {each.name: get_args(each.type) + (int,) * (float in get_args(each.type)) for each in fields(cls)}
        return cls(**{key: value for key, value in content.items() if isinstance(value, kinds.get(key, ()))})

    def sentence(self, *, with_advice: bool) -> str:
        """Return the error, with its likely cause; and with what to do, if asked."""
        if self.ended is None:
            return WITHOUT_A_WORD
        text = str(Explanation(self.error or "", self.cause or "", (self.do or "") if with_advice else ""))
        return text if text.endswith((".", "?", "!")) else f"{text}."


class Job:
    """The job that this process is. It writes nothing if its log is not one of a job in `logs/`."""

    def __init__(self, job_log: Path | None) -> None:
        self._path = job_log and logs.outcome(job_log)
        self._began, self._at = time.monotonic(), now()

    def begin(self) -> None:
        """Replace the note of an earlier job by that of the start of this one."""
        self._write(Outcome(node=platform.node(), began=self._at))

    def end(self, ended: str, why: Explanation | None = None) -> Outcome:
        """Note how this job ended: WELL, ERROR or INTERRUPTED. Return what was noted."""
        pieces = {"error": why.what, "cause": why.cause or None, "do": why.do or None} if why else {}
        seconds = round(time.monotonic() - self._began, 2)
        outcome = Outcome(ended, **pieces, seconds=seconds, MB=peak_memory(), node=platform.node(), began=self._at)
        self._write(outcome)
        return outcome

    def _write(self, outcome: Outcome) -> None:
        if not self._path:
            return
        temporary = with_ending(self._path, TEMPORARY)
        try:
            temporary.write_text(json.dumps(asdict(outcome), indent=2) + "\n", encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:  # a full disk, perhaps: no reason to fail, but an older note would be wrong
            log.info("%s can't be written: %s.", self._path, error.strerror)
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
                self._path.unlink(missing_ok=True)


def peak_memory() -> float | None:
    """Return the most memory that this process has held, in MB; None where the system does not say."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE) if STATUS.exists() else None
    return round(int(found[1]) * 1024 / 1e6, 1) if found else None


def snapshot(folder: Path) -> dict[Path, int]:
    """Return when each log and each outcome in `folder`/logs was written last.

    Later, it shows which of them a run has written. Times are not compared with the clock, because that of a file
    server, or of a node, may differ from this machine's.
    """
    files = [file for job_log in logs.of_jobs(folder) for file in (job_log, logs.outcome(job_log)) if file]
    return {file: time for file in files if (time := _written(file))}


def _written(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def since(folder: Path, before: Mapping[Path, int]) -> dict[Path, Outcome | None]:
    """Return how each job ended whose log or outcome in `folder` was written since `before`, by its log.

    None is the outcome of a job of which nothing was started: Snakemake itself makes an empty log for it.
    """
    new = [job_log for job_log in logs.of_jobs(folder) if _is_new(job_log, before)]
    return {job_log: outcome_since(job_log, before) for job_log in new}


def _is_new(job_log: Path, before: Mapping[Path, int]) -> bool:
    return any(each and _written(each) != before.get(each) for each in (job_log, logs.outcome(job_log)))


def outcome_since(job_log: Path, before: Mapping[Path, int]) -> Outcome | None:
    """Return how the job with this log ended, if it has noted that since `before`."""
    path = logs.outcome(job_log)
    return Outcome.read(job_log) if path and _written(path) != before.get(path) else None
