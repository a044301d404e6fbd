"""What a failed run says at its end: which jobs failed, and why."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from laion2b.errors import some

from .outcome import INTERRUPTED, WELL, Outcome, since

INTERRUPTED_JOBS = "Interrupted, by Ctrl-C, or on a cluster by scancel or a time limit"
NOT_STARTED = (
    "Stopped before writing anything (see the scheduler's log above), or skipped because another job of the same "
    "submission failed"
)


def summary(folder: Path, before: Mapping[Path, int]) -> str:
    """Return what to tell the user at the end of a failed run in `folder`.

    It is about the jobs that have written to `logs/` since `before`, which is an earlier `outcome.snapshot`.
    """
    outcomes = since(folder, before)
    failed = {log: outcome for log, outcome in outcomes.items() if outcome and outcome.ended not in (WELL, INTERRUPTED)}
    interrupted = [log for log, outcome in outcomes.items() if outcome and outcome.ended == INTERRUPTED]
    not_started = [log for log, outcome in outcomes.items() if outcome is None]
    lines = [f"- {some(_jobs(alike))}: {reason} (log: {alike[0]})" for reason, alike in _by_reason(failed).items()]
    lines = ["What failed, and why:", *lines] if lines else []
    lines += [
        f"{sentence}: {some(_jobs(jobs))}."
        for sentence, jobs in ((INTERRUPTED_JOBS, interrupted), (NOT_STARTED, not_started))
        if jobs
    ]
    if not lines:
        lines = ["The run ended before its jobs could say why: see above."]
    return "\n".join([*lines, "Run the same command again to go on. What was finished is not done again."])


def _by_reason(failed: Mapping[Path, Outcome]) -> dict[str, list[Path]]:
    alike: dict[str, list[Path]] = {}
    for log, outcome in failed.items():
        alike.setdefault(outcome.sentence(with_advice=True), []).append(log)
    return alike


def _jobs(log_files: Sequence[Path]) -> list[str]:
    return [f"{log.parent.name} {log.stem}" for log in log_files]
