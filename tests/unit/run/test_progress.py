"""Speeds, time left, and what is shown of them."""

from pathlib import Path

import pytest

from laion2b.logs import RuleName
from laion2b.run import progress
from laion2b.run.plan import Job
from laion2b.run.progress import WINDOW, Progress, Speed, duration, line
from laion2b.run.status import Part, PartFile, Status
from tests.support.jobs import job, planned


def status(have: int, *states: str, partial: tuple[PartFile, ...] = ()) -> Status:
    """Return parts of 1000 + 0 bytes, the first of which are in these states, and one that has `have` bytes."""
    files = {
        "filtered": PartFile("a", 1000, 1000, is_there=True),
        "missing": PartFile("b", 0, None),
        "failed": PartFile("c", 0, None),
    }
    nothing = PartFile("m", 1, 1, is_there=True)
    parts = [Part(number, state, (files[state], nothing), 0) for number, state in enumerate(states)]
    parts += [Part(99, "partial", (PartFile("img_emb_0099.npy", have, 1000), nothing), 0)]
    return Status(parts, [], {}, is_running=True)


def test_speed_is_the_mean_of_the_window():
    speed = Speed()
    speed.note(0, 0)
    assert (speed.per_second, speed.left(10)) == (0, None)
    speed.note(10, 50)
    assert (speed.per_second, speed.left(10)) == (5, 2)
    for seconds in range(20, 20 + 2 * WINDOW, 10):
        speed.note(seconds, 50)
    assert speed.per_second == 0  # it stalls
    speed.note(1000, 2050)
    assert speed.per_second > 0
    speed.note(1001, 10)  # begun anew
    speed.note(1002, 12)
    assert speed.per_second == 2


def test_looks_that_are_further_apart_than_the_window():
    speed = Speed()
    speed.note(0, 0)
    speed.note(10 * WINDOW, 100 * WINDOW)
    assert speed.per_second == 10


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def filters(count: int) -> list[Job]:
    return [job(RuleName.FILTER, f"{number:04d}", f"shards/{number:04d}.json") for number in range(count)]


def test_rows_and_line(here):
    looks = iter([status(100, "filtered", "missing", "failed"), status(600, "filtered", "missing", "failed")])
    watched = Progress(lambda: next(looks), planned(*filters(4)))
    write(here / "shards/0000.json", "")
    _, rows = watched.look(0)
    assert line(rows) == (
        "Parts: 1 of 4 filtered, 1 failed; 1.1 kB of 4.0 kB downloaded, 0 bytes/s; time left unknown."
    )
    _, rows = watched.look(10)
    assert line(rows) == (
        "Parts: 1 of 4 filtered, 1 failed; 1.6 kB of 4.0 kB downloaded, 50 bytes/s; about 0:00:48 left."
    )
    assert [row.name for row in rows] == ["downloads", "filter", "whole", "img_emb_0099.npy"]
    assert [(row.amounts, row.speed, row.left) for row in rows[2:]] == [
        ("1 of 4 jobs", "", 48.0),
        ("600 bytes of 1.0 kB", "50 bytes/s", 8.0),
    ]


def test_when_all_is_downloaded_the_filter_is_what_is_left(here):
    there = PartFile("a", 1000, 1000, is_there=True)
    watched = Progress(
        lambda: Status([Part(number, "downloaded", (there, there), 0) for number in range(10)], [], {}, True),
        planned(*filters(10)),
    )
    left = []
    for now, count in ((0, 2), (10, 4), (20, 10)):
        for number in range(count):
            write(here / f"shards/{number:04d}.json", "")
        _, rows = watched.look(now)
        left.append({row.name: row.left for row in rows}["whole"])
    assert left == [None, 30, 0]


def test_a_concatenation_is_expected_then_counted_and_its_time_comes_after_that_of_the_parts(here):
    jobs = planned(*filters(2), job("concatenate_embeddings", "1", "laion2B-1.h5"))
    part = PartFile("a", progress.COPIED, progress.COPIED, is_there=True), PartFile("m", 1, 1, is_there=True)
    watched = Progress(lambda: Status([Part(0, "downloaded", part, 0)] * 2, [], {}, True), jobs)
    write(here / "shards/0000.json", "")
    watched.look(0)
    write(here / "shards/0001.json", "")
    _, rows = watched.look(10)
    assert rows[2].amounts == "0 bytes of 400.0 MB"
    assert rows[3].left == rows[2].left == 2
    assert "concatenated" not in line(rows)
    for now, done in ((20, 1), (30, 101)):
        write(here / "logs/concatenate_embeddings/1.log", f"T INFO {done} of 1,101 bytes so far.\n")
        _, rows = watched.look(now)
    assert (rows[2].amounts, rows[2].speed, rows[2].left) == ("101 bytes of 1.1 kB", "10 bytes/s", 100)
    assert "; 101 bytes of 1.1 kB concatenated, 10 bytes/s; about 0:01:40 left." in line(rows)


def test_the_time_before_the_first_search_does_not_count(here):
    watched = Progress(lambda: Status([], [], {}, True), planned(job(RuleName.SEARCH, "0001", "neighbors/0001.json")))
    for now in (0, 100):
        _, rows = watched.look(now)
        assert line(rows) == "Jobs: 0 of 1 done; 0 of 1 shards searched; time left unknown."
    for now, done in ((110, 0), (120, 25)):
        write(here / "logs/search/0001.log", f"T INFO {done} of 100 rows so far.\n")
        _, rows = watched.look(now)
    assert [(row.name, row.have, row.left) for row in rows] == [("search", 0.25, 30), ("whole", 0, 30)]


def test_the_whole_is_done_with_its_last_job(here):
    there = PartFile("a", 1, 1, is_there=True)
    jobs = planned(*filters(1), job("describe", "1", "SHA256SUMS-1"))
    watched = Progress(lambda: Status([Part(0, "filtered", (there, there), 0)], [], {}, True), jobs)
    write(here / "shards/0000.json", "")
    _, rows = watched.look(0)
    assert [(row.name, row.left) for row in rows] == [("downloads", 0.0), ("filter", 0.0), ("whole", None)]
    write(here / "SHA256SUMS-1", "")
    assert watched.look(10)[1][-1].left == 0.0


def test_only_the_files_written_last_get_a_bar(here):
    many = [
        Part(number, "partial", (PartFile(f"{number}", 1, None, changed=-number), PartFile("m", 0, None)), 0)
        for number in range(20)
    ]
    _, rows = Progress(lambda: Status(many, [], {}, True), planned()).look(0)
    assert [row.name for row in rows] == ["whole", *(str(number) for number in range(progress.SHOWN))]


def test_the_speed_of_what_is_complete_does_not_sink(here):
    looks = iter([status(0), status(1000), status(1000), status(1000)])
    watched = Progress(lambda: next(looks), planned(*filters(1)))
    speeds = [watched.look(now)[1][0].speed for now in (0, 10, 20, 30)]
    assert speeds == ["0 bytes/s", *["100 bytes/s"] * 3]


def test_a_look_that_fails_is_left_out(monkeypatch):
    class Watched:
        looks = 0

        def look(self, now: float) -> tuple[None, list[progress.Row]]:
            self.looks += 1
            if self.looks % 2:
                raise OSError("stale file handle")
            return None, [progress.Row("whole", 1, 2, "1 of 2 jobs")]

    naps = iter([None] * 4)

    def nap(seconds: float) -> None:
        assert seconds == 7
        next(naps)

    monkeypatch.setattr(progress.time, "sleep", nap)
    told = []
    with pytest.raises(StopIteration):
        progress.say(Watched(), 7, told.append)
    assert told == ["Jobs: 1 of 2 done; time left unknown."] * 2


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (90_061, "25:01:01")])
def test_duration(seconds, text):
    assert duration(seconds) == text
