"""What went wrong in a run, told from the logs of its jobs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

DONE = "done"
"""The last word in the log of a job that ended well."""
FAILED = "ERROR "
INTERRUPTED = "interrupted."
WITHOUT_A_WORD = "it ended without a word: killed, out of memory or time, or its node went away?"
QUIET = {
    INTERRUPTED: "Interrupted, by Ctrl-C, or on a cluster by scancel or a time limit",
    "": "Ended without a word as they started (the scheduler's own log, named above, may tell why), or not started "
    "because a job submitted together with them failed",
}
"""What is said once of all jobs that ended like this."""
NAMES = 5
"""Jobs that are named where one sentence holds for many; a run may have hundreds."""


def snapshot(logs: Path) -> dict[Path, int]:
    """Return when each log below `logs` was written last, to tell later which of them a run has written.

    Not compared with the clock: that of a file server, or of a node, may differ from this machine's.
    """
    return {log: log.stat().st_mtime_ns for log in logs.glob("*/*.log")}


def summary(logs: Path, before: Mapping[Path, int]) -> str:
    """Return what to tell the user at the end of a failed run, of the jobs whose logs were written since `before`."""
    unfinished = _unfinished(logs, before)
    failed = [f"- {_name(log)}: {reason} (log: {log})" for log, reason in unfinished.items() if reason not in QUIET]
    lines = ["What failed, and why:", *failed] if failed else []
    for reason, sentence in QUIET.items():
        if names := [_name(log) for log in unfinished if unfinished[log] == reason]:
            lines.append(f"{sentence}: {_some(names)}.")
    if not lines:
        lines = ["The run ended before its jobs could say why: see above."]
    return "\n".join([*lines, "Run the same command again to go on; what was finished is not done again."])


def _unfinished(logs: Path, before: Mapping[Path, int]) -> dict[Path, str]:
    """Return the log of each job that did not end well, and why."""
    written = [log for log, time in sorted(snapshot(logs).items()) if before.get(log) != time]
    return {log: reason for log in written if (reason := why(log)) is not None}


def why(log: Path) -> str | None:
    """Return why the job with this log did not end well; nothing if it has written nothing; None if it ended well.

    Of a job that is still at work, WITHOUT_A_WORD is returned. Raises OSError if there is no such log.
    """
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if text and text[-1].endswith(DONE):
        return None
    reasons = [line.partition(FAILED)[2] for line in text if FAILED in line]
    return reasons[-1] if reasons else WITHOUT_A_WORD if text else ""


def _name(log: Path) -> str:
    return f"{log.parent.name} {log.stem}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
