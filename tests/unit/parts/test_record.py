"""The record beside a part."""

import hashlib
import os

import pytest

from laion2b.errors import PartError
from laion2b.parts import record


@pytest.fixture
def file(tmp_path):
    """Return a part of three bytes."""
    path = tmp_path / "x.npy"
    path.write_bytes(b"abc")
    return path


def downloaded(file):
    """Write the record that a download leaves."""
    sha256 = record.sha256_of(file)
    record.write(file, url="https://a.example/x", stat=file.stat(), sha256=sha256, started=record.now())


def test_adoption_happens_once(file):
    assert record.adopt(file)
    known = record.read(file)
    assert (known["size"], known["url"]) == (3, None)
    assert known["sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert not record.adopt(file)
    assert not record.is_downloaded(file)


@pytest.mark.parametrize("content", [b"abcd", b"abd"])
def test_a_file_that_changed_since(file, content):
    downloaded(file)
    record.check_unchanged(file)
    file.write_bytes(content)
    os.utime(file, (1, 1))
    with pytest.raises(PartError, match=r"found . bytes with SHA-256 .*, expected 3 bytes with .*, as x.npy.json says"):
        record.check_unchanged(file)
    record.path_for(file).unlink()
    record.check_unchanged(file)


def test_the_same_bytes_put_there_by_the_user_are_the_users(file):
    downloaded(file)
    os.utime(file)  # as Snakemake does
    assert record.is_downloaded(file)
    file.unlink()
    file.write_bytes(b"abc")
    os.utime(file, (1, 1))
    assert not record.is_downloaded(file)
    record.check_unchanged(file)
    assert not record.adopt(file)
    assert not record.is_downloaded(file)
    known = record.read(file)
    assert (known["adopted"], known["url"], known["mtime_ns"]) == (True, "https://a.example/x", 10**9)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"size": "3"}',
        '{"size": 3}',
        '{"size": 3, "sha256": 4}',
        '{"size": 3, "adopted": true, "inode": 1, "mtime_ns": 1, "sha256": "", "finished": "x"}',
        "[]",
        "\xff",
        "[" * 100_000,
        '{"adopted": true, "size": 3, "inode": 1, "mtime_ns": 1, "sha256": "", "finished": "2026-01-01"}',
    ],
)
def test_a_damaged_record_is_none(file, content):
    record.path_for(file).write_text(content)
    assert record.read(file) is None
    assert not record.is_downloaded(file)


@pytest.mark.parametrize(
    "told",
    [
        None, 3, "x", {}, ["x"], [[]], [{}], [{"url": 1, "at": "2026-01-01T00:00:00+00:00", "bytes": 1, "result": "x"}],
        [{"url": "http://[", "at": "2026-01-01T00:00:00+00:00", "bytes": 1, "result": "x"}],
        [{"url": "http://x", "at": "2026-01-01T00:00:00", "bytes": 1, "result": "x"}],
        [{"url": "http://x", "at": "now", "bytes": 1, "result": "x"}],
    ],
)  # fmt: skip
def test_attempts_of_wrong_types_are_left_out(told):
    sound = {"url": "http://x/y", "at": record.now(), "bytes": 1, "result": "complete", "brought": True}
    assert record.attempts({"attempts": told}) == []
    assert record.attempts({"attempts": [sound, *(told if isinstance(told, list) else [])]}) == [sound]
