"""How far a reading is."""

import io

from laion2b.run import meter
from laion2b.run.meter import Meter


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self):
        return True


def read(stream, total, *counts):
    with Meter(total, stream) as progress:
        for count in counts:
            progress.add(count)
    return stream.getvalue()


def test_a_log_gets_a_line_for_each_tenth(monkeypatch):
    monkeypatch.setattr(meter, "SECONDS", 0)
    lines = read(io.StringIO(), 1000, *[10] * 100).splitlines()
    assert [line.split("%")[0].strip() for line in lines] == [str(each) for each in range(10, 101, 10)]


def test_a_terminal_gets_one_line_which_ends(monkeypatch):
    monkeypatch.setattr(meter, "SECONDS", 0)
    written = read(Terminal(), 1000, 100, 200)
    assert written.count("\r") == 2
    assert written.count("\n") == 1
    assert written.endswith("\n")
    assert " 30% of" in written


def test_more_than_was_expected_is_all_of_it(monkeypatch):
    monkeypatch.setattr(meter, "SECONDS", 0)
    assert read(io.StringIO(), 10, 30, 30).count("100%") == 1
    assert "-" not in read(Terminal(), 0, 5)


def test_a_short_reading_says_nothing():
    assert read(io.StringIO(), 1000, *[10] * 100) == ""


def test_nothing_was_read():
    assert read(Terminal(), 10) == ""
