"""How jobs end, as data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from laion2b.errors import Explanation, PartError
from laion2b.run import outcome
from laion2b.run.outcome import ERROR, INTERRUPTED, WELL, Job, Outcome
from tests.support.harness import REPOSITORY

MAIN = [sys.executable, str(REPOSITORY / "workflow" / "scripts" / "laion2b")]


@pytest.fixture
def log(tmp_path):
    log = tmp_path / "logs" / "filter" / "0001.log"
    log.parent.mkdir(parents=True)
    log.touch()
    return log


def test_a_job_that_ended_well(log):
    job = Job(log)
    job.begin()
    assert Outcome.read(log).ended is None
    job.end(WELL)
    read = Outcome.read(log)
    assert (read.ended, read.error, read.node) == (WELL, None, os.uname().nodename)
    assert read.seconds >= 0
    assert read.MB > 5


def test_an_error_keeps_its_pieces(log):
    error = PartError.unsound("x.npy", "a", "b", "c", "d")
    Job(log).end(ERROR, error.explanation)
    read = Outcome.read(log)
    assert (read.error, read.cause, read.do) == ("x.npy: found a, expected b", "c", "d")
    assert read.sentence(with_advice=True) == str(error)
    assert read.sentence(with_advice=False) == "x.npy: found a, expected b. Likely cause: c."


def test_details_of_an_error_are_for_the_log_alone(log):
    Job(log).end(ERROR, PartError("one line\nand more").explanation)
    assert Outcome.read(log).sentence(with_advice=True) == "one line."


def test_a_job_that_was_killed_is_not_taken_for_the_one_before_it(log):
    Job(log).end(WELL)
    Job(log).begin()
    assert Outcome.read(log).sentence(with_advice=True).startswith("It ended without a word")


def test_without_linux(log, monkeypatch, tmp_path):
    monkeypatch.setattr(outcome, "STATUS", tmp_path / "none")
    Job(log).end(WELL)
    assert Outcome.read(log).MB is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"began": "x"}', "\0"])
def test_a_note_that_can_not_be_read_is_none(log, text):
    log.with_suffix(".json").write_text(text)
    assert Outcome.read(log) is None


def test_values_of_wrong_types_and_unknown_keys_are_left_out(log):
    log.with_suffix(".json").write_text(json.dumps({"ended": "well", "seconds": "x", "MB": 3, "more": 1}))
    assert Outcome.read(log) == Outcome("well", MB=3)


@pytest.mark.parametrize("name", ["laion2B-2.log", "logs/laion2B-2.log", "logs/mine/2.log", "logs/filter/2.txt"])
def test_no_file_of_the_user_is_overwritten(tmp_path, name):
    """A user may name any log, and have a file next to it that has the name that the note would have."""
    log = tmp_path / name
    log.parent.mkdir(parents=True, exist_ok=True)
    own = log.with_suffix(".json")
    own.write_text("mine")
    job = Job(log)
    job.begin()
    job.end(WELL)
    assert own.read_text() == "mine"


def test_a_full_disk_fails_no_job_and_leaves_no_older_note(log, monkeypatch):
    Job(log).end(WELL)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    Job(log).begin()
    assert Outcome.read(log) is None
    assert [file.name for file in log.parent.iterdir()] == [log.name]


def test_jobs_of_a_run(tmp_path, log):
    Job(log).end(INTERRUPTED)
    before = outcome.snapshot(tmp_path)
    assert outcome.since(tmp_path, before) == {}
    later = {file: time + 3600 * 10**9 for file, time in before.items()}  # a clock an hour ahead
    assert outcome.since(tmp_path, later)[log].ended == INTERRUPTED
    empty = log.with_name("0002.log")  # Snakemake's, of a job of which nothing was started
    empty.touch()
    log.with_name("0003.log.tmp").touch()
    assert outcome.since(tmp_path, before) == {empty: None}
    Job(log).end(WELL)
    assert outcome.since(tmp_path, before)[log].ended == WELL


def test_memory_is_that_of_the_job_alone():
    small = "import sys; sys.path.insert(0, sys.argv[1]); from laion2b.run import outcome; print(outcome.peak_memory())"
    large = "import os, sys; held = bytearray(200_000_000); os.execv(sys.argv[1], sys.argv[1:])"
    library = str(REPOSITORY / "workflow" / "scripts")
    command = [sys.executable, "-c", large, sys.executable, "-c", small, library]
    assert 5 < float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) < 100


def run(log: Path, *arguments: str) -> tuple[str, Outcome]:
    """Run a command, and return what its log says at the end, and what it noted."""
    subprocess.run([*MAIN, "--log", str(log), *arguments], capture_output=True, check=False)
    return log.read_text().splitlines()[-1], Outcome.read(log)


def test_the_command_line_notes_how_it_ended(log, tmp_path):
    (tmp_path / "parts").mkdir()
    last, noted = run(log, "checksums", str(tmp_path / "parts"))
    assert noted.ended == WELL
    assert f"Finished in {noted.seconds} seconds, with at most {noted.MB} MB of memory." in last
    last, noted = run(log, "checksums", str(tmp_path / "nowhere"))
    assert noted.ended == ERROR
    assert last.endswith(noted.sentence(with_advice=True))


def test_a_mistake_of_the_software_is_reported_as_one(log):
    definition = json.dumps({"keep": [], "columns": [], "dimensions": 1, "version": 1})
    record = log.with_name("1.json")
    record.write_text("{}")
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from laion2b import cli, memory\n"
        "memory.prepare = lambda: 1 / 0\nsys.exit(cli.main())"
    )
    command = [sys.executable, "-c", code, str(REPOSITORY / "workflow" / "scripts"), "--log", str(log)]
    done = subprocess.run([*command, "checksums", definition], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert Outcome.read(log).error == "Unexpected error: this is a bug. Please report it and attach this log."
    assert "ZeroDivisionError" in log.read_text()


def test_an_explanation_is_the_text_that_it_was_made_from():
    assert str(Explanation.of("a\nb\nc")) == "a\nb\nc"
    assert str(Explanation.of("a")) == "a"
