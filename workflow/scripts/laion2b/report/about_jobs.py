"""The sections about the work: downloads per mirror, time and memory per rule."""

from collections.abc import Sequence

from laion2b.space import readable

from . import charts
from .exhibits import Figure, Section, Table
from .records import SHORTEST, Mirror, Rule


def downloads(mirrors: Sequence[Mirror]) -> Section:
    """Return what came from each mirror, how fast, and with how many failures."""
    heading = "Downloads per mirror"
    if not mirrors:
        return Section("downloads", heading, ["The records of parts tell of no downloads."])
    rows = [
        [each.host, f"{each.files:,}", f"{each.failures:,}", readable(each.received), _speed(each.speed())]
        for each in mirrors
    ]
    text = [
        "Speed is that of one download, from its start to its end, with the pauses before retries. "
        f"Mirrors that took less than {SHORTEST} seconds altogether are too fast to tell."
    ]
    speeds = [(each.host, each.speed(), _speed(each.speed())) for each in mirrors if each.speed() is not None]
    about = "; ".join(f"{host}: {text}" for host, _, text in speeds)
    figures = (
        [Figure("Speed of a download", charts.bars(speeds, title="Speed per mirror", about=about))] if speeds else []
    )
    table = Table(["mirror", "files", "failed attempts", "received", "speed"], rows)
    return Section("downloads", heading, text, figures, table)


def _speed(speed: float | None) -> str:
    return f"{readable(speed)}/s" if speed is not None else "–"  # noqa: RUF001


def rules(rules: Sequence[Rule]) -> Section:
    """Return what the jobs of each rule took."""
    heading = "Time and memory per rule"
    if not rules:
        return Section("rules", heading, ["The logs tell of no job that ended well."])
    rows = [
        [rule.name, f"{len(rule.seconds):,}", _time(rule.median()), _time(max(rule.seconds)), _time(sum(rule.seconds)),
         f"{rule.memory:,.0f} MB" if rule.memory is not None else "–"]  # noqa: RUF001
        for rule in rules
    ]  # fmt: skip
    text = ["As the logs say of the last run of each job, without the start of Python."]
    return Section(
        "rules", heading, text, [], Table(["rule", "jobs", "median", "longest", "total", "most memory"], rows)
    )


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
