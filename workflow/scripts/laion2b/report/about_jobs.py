"""The blocks about the work: downloads per mirror, time and memory per rule."""

from collections.abc import Sequence

import pandas as pd

from laion2b.run.disk import readable

from . import charts
from .exhibits import Block, Figure, Table
from .gather import SHORTEST, HostTotals, Rule, duration

UNKNOWN = "–"  # noqa: RUF001


def downloads(hosts: Sequence[HostTotals]) -> Block:
    """Return what came from each mirror, how fast, and with how many failures."""
    heading = "Downloads per mirror"
    if not hosts:
        return Block(heading, ["The records of parts list no downloads."])
    rows = [
        [each.host, f"{each.files:,}", f"{each.failures:,}", readable(each.received), _speed(each.speed())]
        for each in hosts
    ]
    text = [
        "Speed is that of one download, from its start to its end, with the pauses before retries. "
        f"No speed is given for mirrors that took less than {SHORTEST} seconds in all."
    ]
    return Block(heading, text, [], Table(["mirror", "files", "failed attempts", "received", "speed"], rows))


def _speed(speed: float | None) -> str:
    return f"{readable(speed)}/s" if speed is not None else UNKNOWN


def rules(rules: Sequence[Rule]) -> Block:
    """Return what the jobs of each rule took."""
    heading = "Time and memory per rule"
    if not rules:
        return Block(heading, ["No job has recorded that it ended well."])
    rows = [
        [rule.name, f"{len(rule.seconds):,}", duration(rule.median()), duration(max(rule.seconds)),
         duration(sum(rule.seconds)), f"{rule.memory:,.0f} MB" if rule.memory is not None else UNKNOWN]
        for rule in rules
    ]  # fmt: skip
    text = ["The numbers are those of the last run of each job, without the start of Python."]
    totals = pd.DataFrame(
        [(rule.name, sum(rule.seconds), duration(sum(rule.seconds))) for rule in rules],
        columns=["name", "value", "text"],
    )
    about = "; ".join(f"{each.name}: {each.text}" for each in totals.itertuples(index=False))
    figure = Figure("Total time of all jobs", charts.bars(totals, about, name="rule"))
    head = ["rule", "jobs", "median", "longest", "total", "most memory"]
    return Block(heading, text, [figure], Table(head, rows))
