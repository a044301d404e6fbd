"""Status and progress of real runs, whose mirror waits in the middle of a file until the test has looked."""

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.harness import Work, products
from tests.support.stalling import SIZE, stalled
from tests.support.terminal import shown

HALF = f"partial: {SIZE // 2 / 1e3:.1f} kB of {SIZE / 1e3:.1f} kB (50%) of img_emb_0002.npy"


@contextmanager
def bars(work: Work) -> Iterator[tuple[subprocess.Popen, int]]:
    """Yield a `status --watch` on a terminal, and what it shows."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    watch = subprocess.Popen(work.status("--watch", "--last", "2"), stdout=theirs, env=environment)
    os.close(theirs)
    try:
        yield watch, ours
    finally:
        watch.kill()
        watch.wait()
        os.close(ours)


@contextmanager
def lines(work: Work) -> Iterator[tuple[subprocess.Popen, int]]:
    """Yield a `status --watch` that writes to a file, and what it writes."""
    watch = subprocess.Popen(work.status("--watch", "--interval", "0.2", "--last", "2"), stdout=subprocess.PIPE)
    try:
        yield watch, watch.stdout.fileno()
    finally:
        watch.kill()
        watch.wait()
        watch.stdout.close()


def test_a_run_is_watched_from_the_middle_of_a_file_to_its_end(work, stalling, gate):
    """As a table, as bars on a terminal, and as lines in a file."""
    with (
        stalled(work, stalling) as run,
        bars(work) as (on_terminal, terminal),
        lines(work) as (in_file, file),
    ):
        table = work.told("--last", "3")
        bars_in_the_middle = shown(terminal, until=lambda text: text.count("img_emb_0002.npy") >= 2)
        text = shown(file, until=lambda text: text.count("\n") >= 2)
        gate.set()
        assert run.wait() == 0
        bars_at_the_end = shown(terminal)
        text += shown(file)
        assert on_terminal.wait() == in_file.wait() == 0

    assert [line.split(maxsplit=3)[::3] for line in table.splitlines()[1:4]] == [
        ["1", "filtered"],
        ["2", f"{HALF} and all of metadata_0002.parquet"],
        ["3", "missing"],
    ]
    assert "1 filtered, 1 partial, 1 missing." in table
    assert "laion2B-3.h5: missing" in table
    assert "A run is at work here" in table
    table = work.told("--last", "2")
    assert re.search(r"^1\.\.2 .* filtered$", table, re.MULTILINE)
    assert f"laion2B-2.h5: {(work.folder / 'laion2B-2.h5').stat().st_size / 1e3:.1f} kB" in table
    assert "A run is at work here" not in table

    assert re.search(r"downloads .*━.* of .* kB .*/s", bars_in_the_middle)
    assert re.search(r"filter .*1 of 2 parts", bars_in_the_middle)
    assert f"{SIZE // 2 / 1e3:.1f} kB of {SIZE / 1e3:.1f} kB" in bars_in_the_middle
    assert "2 of 2 parts" in bars_at_the_end
    assert "laion2B-2.h5: " in bars_at_the_end.rpartition("2 of 2 parts")[2]  # the table

    assert re.fullmatch(
        r"Parts: 1 of 2 filtered; [\d.]+ kB of [\d.]+ kB downloaded, 0 bytes/s; time left unknown\.",
        text.splitlines()[0],
    )
    assert "2 filtered." in text.splitlines()
    assert "\x1b" not in text
    assert "\r" not in text


def test_the_last_error_of_a_part(work, mirror):
    work.configure(mirror.url, first_part=4, subsets=[6])
    work.run("laion2B-6.h5", ok=False)
    told = work.told()
    assert re.search(r"^ +4 .* filtered$", told, re.MULTILINE)
    (failed,) = re.findall(r"^5\.\.6 .* failed: (.*)$", told, re.MULTILINE)
    assert failed.startswith("parts/img_emb_{part}.npy could not be downloaded, from 1 mirror, in 1 attempt. ")
    assert failed.endswith("img_emb_{part}.npy: HTTP status 404.")
    assert "1 filtered, 2 failed." in told


def test_a_run_says_itself_how_far_it_is(work, mirror):
    work.configure(mirror.url, progress=0.05)
    output = work.run(*products(2))
    lines = [line for line in output.splitlines() if "Parts: " in line]
    assert lines
    assert all(re.fullmatch(r"Parts: \d of 2 filtered; .* downloaded, .*/s; .* left.*\.", line) for line in lines)


def test_a_run_that_ends_well_says_what_it_made_and_what_comes_next(work, mirror):
    work.configure(mirror.url, progress=None)
    output = work.run(*products(2))
    assert "Parts: " not in output
    kept = len(work.embeddings(2))
    for text in (
        "Files of parts: 4 downloaded or linked, ",
        f"Parts 1..2. Rows in: {90 + 31}. Rows kept: {kept} ({kept / 121:.2%}).",
        f"  laion2B-2.h5  {(work.folder / 'laion2B-2.h5').stat().st_size / 1e3:.1f} kB\n",
        "snakemake --cores 2 verify-2.json\n",
        "The run took 0:00:",
    ):
        assert text in output
    assert "Next: `laion2b-report.html` shows" in work.run("verify-2.json")
    assert "The run took" not in work.run(*products(2))  # nothing to be done


def test_what_the_next_run_would_do_is_what_it_then_says(work, mirror):
    work.configure(mirror.url, subsets=[2])
    work.run(*products(1))
    (work.folder / "shards" / "0001.tsv").unlink()  # which would make laion2B-1.h5 again, but nobody asks for that
    told = work.told("--next")
    assert {line.split()[0]: line.split()[1] for line in told.splitlines() if re.search(r"^[a-z_]+ +\d+$", line)} == {
        "download": "2",
        "filter": "2",
        "concatenate_embeddings": "1",
        "concatenate_metadata": "1",
        "part": "2",
        "describe": "1",
    }
    (need,) = re.findall(r"This run will write (.*)\. /", told)
    assert not mirror.fetched("_0002.")
    assert f"This run will write {need}. /" in work.run(*products(2))
    assert "The next run has nothing to do." in work.told("--next", "--last", "2")


def test_no_profile_of_a_user_hides_what_the_next_run_would_do(work, mirror, monkeypatch):
    work.configure(mirror.url)
    profile = work.folder / "profiles" / "default" / "config.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("quiet: [rules, progress]\n")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", str(profile.parent))
    told = work.told("--next", "--last", "1")
    assert re.search(r"^download +2$", told, re.MULTILINE)
    assert "This run will write about" in told


@pytest.mark.parametrize(
    ("text", "error"),
    [("mirors: []", "did you mean `mirrors`"), ("a: [", "can't be read as YAML"), ("- a", "no keys with values")],
)
def test_a_configuration_that_can_not_be_used(work, text, error):
    work.folder.mkdir()
    (work.folder / "config.yaml").write_text(text)
    done = subprocess.run(work.status(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert error in done.stderr
    assert "Traceback" not in done.stderr
