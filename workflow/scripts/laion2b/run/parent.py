"""End a job when the run that started it has ended.

When Snakemake alone is killed, its shells and jobs live on. Such a job would write files that no run needs, and the
next run would have to wait for its lock.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

RUN = "LAION2B_RUN"
"""Environment variable that names the process that runs the jobs: its id, its start, and the namespace of its id.

On a cluster that is the Snakemake that the scheduler started for the job, and not the one that has submitted it.
"""
PERIOD = 1.0
"""Seconds between two checks."""
GONE = ("", "")


def this_process() -> str:
    """Return the value of RUN for this process; an empty text on systems without /proc."""
    return _said(os.getpid())


def end_with(run: str | None, end: Callable[[], None] | None = None) -> None:
    """Call `end` as soon as the process that runs this one has ended, perhaps at once.

    Without an `end`, this process is interrupted. Without RUN, or where other processes can't be seen, as in some
    containers, nothing is watched.
    """
    if run and run.rpartition(" ")[2] == _namespace():
        end = end or (lambda: os.kill(os.getpid(), signal.SIGTERM))
        if run in map(_said, _above(os.getpid())):
            threading.Thread(target=_watch, args=(run, end), daemon=True).start()
        else:
            end()


def _watch(run: str, end: Callable[[], None]) -> None:
    pause = threading.Event()
    while _said(int(run.split()[0])) == run:
        pause.wait(PERIOD)
    end()


def _said(pid: int) -> str:
    start, namespace = _start_and_parent(pid)[0], _namespace()
    return f"{pid} {start} {namespace}" if start and namespace else ""


def _namespace() -> str:
    try:
        return Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return ""


def _above(pid: int) -> list[int]:
    """Return the processes above one, its parent first."""
    found = []
    while parent := int(_start_and_parent(pid)[1] or 0):
        found.append(parent)
        pid = parent
    return found


def _start_and_parent(pid: int) -> tuple[str, str]:
    """Return when a process started and the id of its parent, or GONE if it has ended."""
    try:
        state, parent, *rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()
    except (OSError, ValueError):
        return GONE
    return GONE if state in "ZX" else (rest[17], parent)
