"""Bars as they are drawn, and what is said of a job that failed."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from laion2b.errors import Explanation
from laion2b.run import outcome
from laion2b.run.bars import OfRun, bars
from laion2b.run.progress import Progress, Row
from laion2b.run.status import Status
from laion2b.run.steps import Jobs

ROWS = [
    Row("downloads", 53, 106, "53.2 MB of 106.4 MB", "9.9 MB/s", 90_061),
    Row("filter", 3, 11, "3 of 11 parts"),
    Row("concatenate", 5, 5, "17.9 GB of 17.9 GB", "400.0 MB/s", 0.0),
    Row("whole", 9, 46, "9 of 46 jobs", left=59.6),
    Row("metadata_0003.parquet", 7, None, "7 bytes", "0 bytes/s"),
]


def drawn(rows: list[Row]) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=80, color_system=None).print(bars(rows))
    return text.getvalue().splitlines()


def test_bars_on_eighty_columns():
    lines = drawn(ROWS)
    assert all(len(line) <= 80 for line in lines)
    assert [re.sub("[━╸╺]", "", line).split() for line in lines] == [
        ["downloads", "53.2", "MB", "of", "106.4", "MB", "9.9", "MB/s", "25:01:01", "left"],
        ["filter", "3", "of", "11", "parts"],
        ["concatenate", "17.9", "GB", "of", "17.9", "GB", "400.0", "MB/s", "done"],
        ["whole", "9", "of", "46", "jobs", "0:01:00", "left"],
        ["metadata_0003.parquet", "7", "bytes", "0", "bytes/s"],
    ]
    half, _, full, *_ = (line.count("━") for line in lines)
    assert full // 2 == half >= 9


def test_columns_stay_where_they_are():
    few, many = (
        drawn([Row("downloads", 1, 9, text, "1 bytes/s", 1.0), ROWS[3]]) for text in ("1 bytes", "99.9 MB of 100.0 MB")
    )
    assert few[1] == many[1]


LOG = Path("logs/filter/0003.log")


def failed(before: Mapping[Path, int], *, is_cluster: bool = False) -> str:
    progress = Progress(lambda: Status([], [], {}, True), Jobs([], [], {}, is_virtual=False))
    return OfRun(progress, before, is_cluster=is_cluster).failed([str(LOG)])


def begun() -> outcome.Job:
    LOG.parent.mkdir(parents=True)
    job = outcome.Job(LOG)
    job.begin()
    return job


@pytest.mark.parametrize(
    ("ended", "is_cluster", "said"),
    [
        (outcome.WELL, False, ""),
        (outcome.INTERRUPTED, False, ""),
        (outcome.ERROR, False, ", as it says above"),
        (outcome.ERROR, True, ": It is odd."),
        (None, False, f": {outcome.WITHOUT_A_WORD}"),
    ],
)
def test_a_job_that_failed(tmp_path, monkeypatch, ended, is_cluster, said):
    monkeypatch.chdir(tmp_path)
    job = begun()
    if ended:
        job.end(ended, Explanation("It is odd.", "", "Look at it.") if ended == outcome.ERROR else None)
    sentence = f"filter 0003 failed{said} (log: {LOG})" if said else ""
    assert failed({}, is_cluster=is_cluster) == sentence


def test_an_earlier_run_says_nothing_of_a_job_that_could_not_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert outcome.WITHOUT_A_WORD in failed({})
    begun().end(outcome.WELL)
    LOG.touch()
    assert outcome.WITHOUT_A_WORD in failed(outcome.snapshot(Path()))
