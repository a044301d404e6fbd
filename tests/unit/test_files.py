"""Files appear when they are complete, or not at all; what is written arrives."""

import os
import resource
import signal

import pytest

from laion2b.files import BUFFERS_AT_ONCE, WRITE_OUT, Output, appearing, read_json, write_json


def test_all_files_or_none(tmp_path):
    old, new = tmp_path / "old", tmp_path / "folder" / "new"
    old.write_text("old")
    with pytest.raises(KeyError), appearing(old, new) as (first, second):
        first.write_text("half")
        second.write_text("half")
        raise KeyError
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "old"]
    with appearing(old, new) as (first, second):
        first.write_text("1")
        second.write_text("2")
        assert old.read_text() == "old"
    assert (old.read_text(), new.read_text()) == ("1", "2")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "new", "old"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", "3"])
def test_json_that_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / "x").write_text(content)
    assert read_json(tmp_path / "x") is None


def test_json(tmp_path):
    write_json(tmp_path / "x", {"a": "é"})
    assert read_json(tmp_path / "x") == {"a": "é"}


def test_many_buffers_arrive_in_order_and_are_counted(tmp_path):
    buffers = [bytes([number % 256]) * (number % 7) for number in range(3 * BUFFERS_AT_ONCE)]
    with (tmp_path / "x").open("wb", buffering=0) as file:
        output = Output(file.fileno(), 5)
        output.write(*buffers)
        output.write(b"")
        output.write(large := b"x" * (WRITE_OUT + 1))
        output.write(b"end")
        assert output.position == (tmp_path / "x").stat().st_size
    assert (tmp_path / "x").read_bytes() == bytes(5) + b"".join(buffers) + large + b"end"


@pytest.mark.parametrize("at_once", [1, 999, 3000, 3001])
def test_short_writes_are_completed(tmp_path, monkeypatch, at_once):
    whole = os.pwritev

    def short(descriptor, buffers, position):
        return whole(descriptor, [b"".join(buffers)[:at_once]], position)

    monkeypatch.setattr(os, "pwritev", short)
    buffers = [bytes([number]) * 3000 for number in range(3)]
    with (tmp_path / "x").open("wb", buffering=0) as file:
        output = Output(file.fileno())
        output.write(*buffers)
        assert output.position == 9000
    assert (tmp_path / "x").read_bytes() == b"".join(buffers)


def test_what_was_written_before_an_error_is_counted(tmp_path):
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with (tmp_path / "x").open("wb", buffering=0) as file:
        output = Output(file.fileno())
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # within the second buffer
            with pytest.raises(OSError, match="File too large"):
                output.write(b"a" * 6000, b"b" * 6000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
    assert output.position == 10_000 == (tmp_path / "x").stat().st_size
