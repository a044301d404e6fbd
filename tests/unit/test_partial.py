"""What survives of an unfinished download, and who may write it."""

import hashlib
import os
import subprocess
import sys

import pytest

from laion2b.partial import OVERLAP, Origin, Partial, sweep
from tests.harness import REPOSITORY

ORIGIN = Origin("https://mirror.example/x", 100_000, '"a"')
DATA = bytes(range(256)) * 300


@pytest.fixture
def final(tmp_path):
    """Return the name of a file whose download broke off after 76,800 bytes."""
    with Partial(tmp_path / "x.npy") as partial:
        partial.start(ORIGIN)
        partial.append(DATA)
    return tmp_path / "x.npy"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_bytes_origin_and_hash_survive(final):
    with Partial(final) as partial:
        assert (partial.have, partial.origin) == (len(DATA), ORIGIN)
        assert partial.tail() == DATA[-OVERLAP:]
        partial.append(b"!")
        assert partial.sha256.digest() == hashlib.sha256(DATA + b"!").digest()


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "[]",
        "{}",
        '{"url": "x"}',
        '{"url": "x", "total": 5}',
        '{"url": 1, "total": "2"}',
        '{"url": "x", "total": 99999, "etag": 5}',
    ],
)
def test_bytes_without_a_credible_note_are_worth_nothing(final, note):
    path = final.parent / "x.npy.part.json"
    path.unlink() if note is None else path.write_text(note)
    with Partial(final) as partial:
        assert (partial.have, partial.origin) == (0, None)
    assert names(final.parent) == []


def test_publish(final):
    with Partial(final) as partial:
        partial.publish()
    assert names(final.parent) == ["x.npy"]
    assert final.read_bytes() == DATA


def test_an_untouched_partial_leaves_nothing(tmp_path):
    with Partial(tmp_path / "x.npy"):
        assert names(tmp_path) == ["x.npy.part"]
    assert names(tmp_path) == []


def test_the_note_is_on_disk_before_the_first_byte(tmp_path):
    with Partial(tmp_path / "x.npy") as partial:
        partial.start(ORIGIN)
        assert names(tmp_path) == ["x.npy.part", "x.npy.part.json"]
        assert (tmp_path / "x.npy.part").stat().st_size == 0


def test_another_process_waits_for_the_lock_and_finds_the_finished_file(final):
    program = (
        "import sys, pathlib; sys.path.insert(0, 'workflow/scripts'); from laion2b.partial import Partial\n"
        "final = pathlib.Path(sys.argv[1])\n"
        "with Partial(final) as partial: print(final.exists(), partial.have)"
    )
    with Partial(final) as partial:
        other = subprocess.Popen(
            [sys.executable, "-c", program, str(final)], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert b"is being written by another run" in other.stderr.readline()
        partial.publish()
    assert other.communicate()[0] == b"True 0\n"
    assert names(final.parent) == ["x.npy"]


def test_short_writes_are_completed(tmp_path, monkeypatch):
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, position: write(descriptor, data[:1000], position))
    with Partial(tmp_path / "x.npy") as partial:
        partial.start(ORIGIN)
        partial.append(DATA)
        assert partial.have == partial.stat().st_size == len(DATA)
        partial.publish()
    assert (tmp_path / "x.npy").read_bytes() == DATA


def test_what_is_left_of_a_download_is_swept(final):
    final.write_bytes(b"brought by other means")
    sweep(final)
    assert names(final.parent) == ["x.npy"]
    sweep(final)
    assert names(final.parent) == ["x.npy"]


def test_what_another_run_is_at_is_not_swept(final):
    final.write_bytes(b"brought by other means")
    with Partial(final) as partial:
        sweep(final)
        assert partial.have == len(DATA)
        assert names(final.parent) == ["x.npy", "x.npy.part", "x.npy.part.json"]
