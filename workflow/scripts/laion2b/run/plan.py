"""What a run will do, as data. The rules take it from Snakemake; the command `status --next` from `dry_run`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from laion2b.logs import RuleName

PRODUCTS = (RuleName.CONCATENATE_EMBEDDINGS, RuleName.CONCATENATE_METADATA)
"""The rules that write the products of a subset."""


@dataclass(frozen=True)
class Job:
    """A job that a run will execute."""

    rule: str
    """Its name without a module's prefix."""
    outputs: Sequence[Path]
    logs: Sequence[Path] = ()


def of_rules(jobs: Iterable[Job], *rules: str) -> list[Job]:
    """Return the jobs of some rules."""
    return [job for job in jobs if job.rule in rules]


def table(jobs: Iterable[Job]) -> str:
    """Return how many jobs of each rule there are, as people read it."""
    counts = Counter(str(job.rule) for job in jobs)
    width = max(map(len, counts), default=0)
    return "\n".join(f"{rule:{width}}  {count:>5,}" for rule, count in sorted(counts.items()))
