"""What survives of an unfinished download, and who may write it."""

import hashlib
import os
import subprocess
import sys

import pytest

from laion2b.files import locked
from laion2b.parts.partial import LEAST_OVERLAP, OVERLAP, Origin, Partial, sweep
from tests.support.harness import REPOSITORY

ORIGIN = Origin("https://mirror.example/x", 100_000, '"a"')
DATA = bytes(range(256)) * 300


@pytest.fixture
def final(tmp_path):
    """Return the name of a file whose download broke off after 76,800 bytes."""
    with Partial.open(tmp_path / "x.npy") as partial:
        partial.belongs_to(ORIGIN)
        partial.append(DATA)
    return tmp_path / "x.npy"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_bytes_origin_and_hash_survive(final):
    with Partial.open(final) as partial:
        assert (partial.have, partial.origin) == (len(DATA), ORIGIN)
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
        '{"url": "x", "total": 99999, "type": 5}',
    ],
)
def test_bytes_without_a_credible_note_are_worth_nothing(final, note):
    path = final.parent / "x.npy.part.json"
    path.unlink() if note is None else path.write_text(note)
    with Partial.open(final) as partial:
        assert (partial.have, partial.origin) == (0, None)
    assert names(final.parent) == []


def test_what_comes_again_is_compared_and_what_differs_is_dropped(final):
    with Partial.open(final) as partial:
        assert partial.agrees(1000, DATA[1000:3000]) == 2000
        assert partial.agrees(1000, DATA[1000:1005] + b"?" + DATA[1006:3000]) == 5
        assert partial.agrees(len(DATA) - 5, DATA[-5:] + b"more") == 5
        partial.cut(1005)
        partial.append(b"?")
        assert (partial.have, partial.cuts) == (1006, [1005])
        assert partial.sha256.digest() == hashlib.sha256(DATA[:1005] + b"?").digest()


@pytest.mark.parametrize(
    ("received", "overlap"), [(0, OVERLAP), (10_000, LEAST_OVERLAP), (1_000_000, 20_000), (10**9, OVERLAP)]
)
def test_a_mirror_that_sends_little_at_once_sends_little_again(tmp_path, received, overlap):
    with Partial.open(tmp_path / "x.npy") as partial:
        partial.adapt(received)
        partial.adapt(0)
        assert partial.overlap == overlap


def test_publish(final):
    with Partial.open(final) as partial:
        partial.publish()
    assert names(final.parent) == ["x.npy"]
    assert final.read_bytes() == DATA


def test_an_untouched_partial_leaves_nothing(tmp_path):
    with Partial.open(tmp_path / "x.npy"):
        assert names(tmp_path) == ["x.npy.part"]
    assert names(tmp_path) == []


def test_the_note_is_on_disk_before_the_first_byte(tmp_path):
    with Partial.open(tmp_path / "x.npy") as partial:
        partial.belongs_to(ORIGIN)
        assert names(tmp_path) == ["x.npy.part", "x.npy.part.json"]
        assert (tmp_path / "x.npy.part").stat().st_size == 0


def test_another_process_waits_for_the_lock_and_finds_the_finished_file(final):
    program = (
        "import sys, pathlib; sys.path.insert(0, 'workflow/scripts'); from laion2b.parts.partial import Partial\n"
        "final = pathlib.Path(sys.argv[1])\n"
        "with Partial.open(final) as partial: print(final.exists(), partial.have)"
    )
    with Partial.open(final) as partial:
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
    with Partial.open(tmp_path / "x.npy") as partial:
        partial.belongs_to(ORIGIN)
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


def test_a_record_that_was_being_completed_is_swept(final):
    final.write_bytes(b"brought by other means")
    (final.parent / "x.npy.json").write_text("{}")
    unfinished = final.parent / "x.npy.json.tmp"
    with locked(unfinished):
        sweep(final)
        assert unfinished.exists()
    sweep(final)
    assert names(final.parent) == ["x.npy", "x.npy.json"]


def test_what_another_run_is_at_is_not_swept(final):
    final.write_bytes(b"brought by other means")
    with Partial.open(final) as partial:
        sweep(final)
        assert partial.have == len(DATA)
        assert names(final.parent) == ["x.npy", "x.npy.part", "x.npy.part.json"]
