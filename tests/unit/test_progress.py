"""Speeds, time left, and what is shown of them."""

import itertools

import pytest

from laion2b import progress
from laion2b.progress import WINDOW, Progress, Speed, duration, line
from laion2b.status import Part, Status, Transfer


def status(have: int, *states: str, partial: tuple[Transfer, ...] = ()) -> Status:
    """Return parts of 1000 + 0 bytes, the first of which are in these states, and one that has `have` bytes."""
    files = {
        "filtered": Transfer("a", 1000, 1000, is_there=True),
        "missing": Transfer("b", 0, None),
        "failed": Transfer("c", 0, None),
    }
    nothing = Transfer("m", 1, 1, is_there=True)
    parts = [Part(number, state, (files[state], nothing), 0) for number, state in enumerate(states)]
    parts += [Part(99, "partial", (Transfer("img_emb_0099.npy", have, 1000), nothing), 0)]
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


def test_rows_and_line():
    looks = iter([status(100, "filtered", "missing", "failed"), status(600, "filtered", "missing", "failed")])
    watched = Progress(lambda: next(looks))
    _, rows = watched.look(0)
    assert line(rows) == (
        "Parts: 1 of 4 filtered, 1 failed; 1.1 kB of 4.0 kB downloaded, 0 bytes/s; time left unknown."
    )
    _, rows = watched.look(10)
    assert line(rows) == (
        "Parts: 1 of 4 filtered, 1 failed; 1.6 kB of 4.0 kB downloaded, 50 bytes/s; about 0:00:48 left."
    )
    assert [(row.name, row.amounts, row.speed, row.left) for row in rows[2:]] == [
        ("img_emb_0099.npy", "600 bytes of 1.0 kB", "50 bytes/s", 8.0)
    ]


def test_when_all_is_downloaded_the_filter_is_what_is_left():
    def filtered(count: int) -> Status:
        there = Transfer("a", 1000, 1000, is_there=True)
        states = ["filtered"] * count + ["downloaded"] * (10 - count)
        return Status([Part(number, state, (there, there), 0) for number, state in enumerate(states)], [], {}, True)

    looks = iter([filtered(2), filtered(4), filtered(10)])
    watched = Progress(lambda: next(looks))
    watched.look(0)
    assert watched.look(10)[1][1].left == 30
    assert watched.look(20)[1][1].left == 0


def test_only_the_files_written_last_get_a_bar():
    many = [
        Part(number, "partial", (Transfer(f"{number}", 1, None, changed=-number), Transfer("m", 0, None)), 0)
        for number in range(20)
    ]
    _, rows = Progress(lambda: Status(many, [], {}, True)).look(0)
    assert [row.name for row in rows[2:]] == [str(number) for number in range(10)]


def test_a_look_that_fails_is_left_out(monkeypatch):
    looks = itertools.cycle([OSError("stale file handle"), status(100, "filtered")])

    def look() -> Status:
        found = next(looks)
        if isinstance(found, OSError):
            raise found
        return found

    naps = iter([None] * 3)

    def nap(seconds: float) -> None:
        assert seconds == 7
        next(naps)

    monkeypatch.setattr(progress.time, "sleep", nap)
    told = []
    with pytest.raises(StopIteration):
        progress.say(look, 7, told.append)
    assert [text.partition(";")[0] for text in told] == ["Parts: 1 of 2 filtered"] * 2


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (90_061, "25:01:01")])
def test_duration(seconds, text):
    assert duration(seconds) == text
