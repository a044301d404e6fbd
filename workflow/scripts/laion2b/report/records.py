"""What jobs left beside their files: records of shards and of downloads, and what logs say of time and memory."""

import statistics
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from laion2b import standing, usage
from laion2b.errors import ShardError
from laion2b.files import read_json
from laion2b.shard import Definition, Shard

SHORTEST = 10
"""Seconds of downloading below which a speed says nothing: records have times to the second."""
GOOD = ("complete", "linked")
"""How an attempt ends that brought its file."""


@dataclass
class Mirror:
    """What came from one host."""

    host: str
    files: int = 0
    attempts: int = 0
    received: int = 0
    """Bytes."""
    seconds: float = 0
    """From the start, or the attempt before, to the end of each attempt: pauses before retries count."""
    failures: int = 0

    def speed(self) -> float | None:
        """Return the bytes per second of one download, or None if they took too short to tell."""
        return self.received / self.seconds if self.seconds >= SHORTEST else None


@dataclass(frozen=True)
class Rule:
    """What the jobs of a rule took."""

    name: str
    seconds: list[float]
    memory: float | None
    """The most that a job held, in MB; None where the system does not tell."""

    def median(self) -> float:
        """Return the seconds that the median job took."""
        return statistics.median(self.seconds)


def shards(folder: Path, definition: Definition) -> tuple[list[Shard], int]:
    """Return the records of shards that were made by this definition, by part, and how many others there are."""
    fitting, others = [], 0
    for path in standing.shard_records(folder):
        try:
            fitting.append(Shard.read(path, definition))
        except ShardError:
            others += 1
    return sorted(fitting, key=lambda shard: int(shard.part)), others


def mirrors(folder: Path) -> list[Mirror]:
    """Return what came from each host, the one with most attempts first. Files of the user's own came from none."""
    hosts: dict[str, Mirror] = {}
    for path in standing.part_records(folder):
        record = read_json(path) or {}
        before = record.get("started")
        for attempt in record.get("attempts", []):
            host = urlsplit(attempt["url"]).hostname or "this machine"
            mirror = hosts.setdefault(host, Mirror(host))
            mirror.attempts += 1
            mirror.files += attempt["result"] in GOOD
            mirror.failures += attempt["result"] not in GOOD
            mirror.received += attempt["bytes"]
            mirror.seconds += _seconds(before, attempt["at"])
            before = attempt["at"]
    return sorted(hosts.values(), key=lambda mirror: -mirror.attempts)


def _seconds(start: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def rules(folder: Path) -> list[Rule]:
    """Return what the jobs of each rule took, in the order of their total time, longest first."""
    found = []
    for logs in sorted(folder.glob("logs/*/")):
        took = [each for log in sorted(logs.glob("*.log")) if (each := usage.read(log))]
        if took:
            memory = max((each for _, each in took if each is not None), default=None)
            found.append(Rule(logs.name, [seconds for seconds, _ in took], memory))
    return sorted(found, key=lambda rule: -sum(rule.seconds))
