"""Read what jobs have recorded: records of shards and of downloads, and the time and memory that jobs took."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from laion2b import logs, names
from laion2b.errors import ShardError
from laion2b.files import read_json
from laion2b.parts import record
from laion2b.run.outcome import WELL, Outcome
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard

SHORTEST = 10
"""Speeds of downloads that took fewer seconds are left out, because records have times to the second."""
HERE = "this machine"
"""The host of files that were linked or copied from a folder."""


@dataclass
class HostTotals:
    """What came from one host."""

    host: str
    files: int = 0
    attempts: int = 0
    received: int = 0
    """Bytes."""
    seconds: float = 0
    """Of all attempts. One lasts from the end of the attempt before it to its own end, so pauses are included."""
    failures: int = 0

    def speed(self) -> float | None:
        """Return the bytes per second of one download, or None if the time is too short to say."""
        return self.received / self.seconds if self.seconds >= SHORTEST else None


@dataclass(frozen=True)
class Rule:
    """What the jobs of a rule took."""

    name: str
    seconds: list[float]
    memory: float | None
    """The most that a job held, in MB; None where the system does not say it."""

    def median(self) -> float:
        """Return the seconds that the median job took."""
        return statistics.median(self.seconds)


def shards(folder: Path, definition: Definition) -> tuple[list[Shard], int]:
    """Return the records of shards with this definition, by part, and the number of other records."""
    fitting, others = [], 0
    for path in names.shard_records(folder):
        try:
            fitting.append(Shard.read(path, definition))
        except ShardError:
            others += 1
    return sorted(fitting, key=lambda shard: int(shard.part)), others


def hosts(folder: Path) -> list[HostTotals]:
    """Return what came from each host, the one with most attempts first. Files that the user put there have no host."""
    found: dict[str, HostTotals] = {}
    for path in names.part_records(folder):
        content = read_json(path) or {}
        before = content.get("started")
        for attempt in record.attempts(content):
            host = urlsplit(attempt["url"]).hostname or HERE
            totals = found.setdefault(host, HostTotals(host))
            totals.attempts += 1
            totals.files += attempt["brought"]
            totals.failures += not attempt["brought"]
            totals.received += attempt["bytes"]
            start = before if isinstance(before, str) and record.is_time(before) else attempt["at"]
            totals.seconds += _seconds(start, attempt["at"])
            before = attempt["at"]
    return sorted(found.values(), key=lambda totals: -totals.attempts)


def is_made_up(families: Iterable[str]) -> bool:
    """Tell whether parts of these families are those of the demo."""
    return set(families) == {names.DEMO}


def _seconds(start: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def rules(folder: Path) -> list[Rule]:
    """Return what the jobs of each rule took, in the order of their total time, longest first."""
    seconds: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    for log in logs.of_jobs(folder):
        outcome = Outcome.read(log)
        if outcome and outcome.ended == WELL and outcome.seconds is not None:
            seconds.setdefault(log.parent.name, []).append(outcome.seconds)
            memory.setdefault(log.parent.name, []).extend([outcome.MB] if outcome.MB is not None else [])
    found = [Rule(rule, taken, max(memory[rule], default=None)) for rule, taken in seconds.items()]
    return sorted(found, key=lambda rule: -sum(rule.seconds))


def duration(seconds: float) -> str:
    """Return a time as people read it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
