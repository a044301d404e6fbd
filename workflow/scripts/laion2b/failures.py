"""What went wrong in a run, told from the logs of its jobs."""

from pathlib import Path

DONE = "done"
"""The last word in the log of a job that ended well."""
FAILED = "ERROR "
INTERRUPTED = "interrupted."


def summary(logs: Path, since: float) -> str:
    """Return what to tell the user at the end of a failed run: a line for each job that failed since `since`."""
    failed = failed_jobs(logs, since)
    lines = [f"- {line}" for line in failed if INTERRUPTED not in line]
    if lines:
        lines = ["What failed, and why:", *lines]
    elif failed:
        lines = ["The run was interrupted."]
    else:
        lines = ["The run ended before its jobs could say why: see above."]
    return "\n".join([*lines, "Run the same command again to go on; what was finished is not done again."])


def failed_jobs(logs: Path, since: float) -> list[str]:
    """Return a line for each log below `logs` written since `since` (seconds) whose job did not end well."""
    lines = []
    for log in sorted(logs.glob("*/*.log")):
        if log.stat().st_mtime < since:
            continue
        text = log.read_text(encoding="utf-8", errors="replace").splitlines()
        if text and text[-1].endswith(DONE):
            continue
        reasons = [line.partition(FAILED)[2] for line in text if FAILED in line]
        reason = reasons[-1] if reasons else "it ended without a word: killed, or out of memory or time?"
        lines.append(f"{log.parent.name} {log.stem}: {reason} (log: {log})")
    return lines
