"""Status and progress of real runs, whose mirror waits in the middle of a file until the test has looked."""

import os
import pty
import re
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from demo.mirror import Handler, Mirror
from tests.harness import Work, kill_group, products, wait_until

SIZE = 31 * 768 * 2 + 128
"""Bytes of img_emb_0002.npy in the test mirror."""
HALF = f"partial: {SIZE // 2 / 1e3:.1f} kB of {SIZE / 1e3:.1f} kB (50%) of img_emb_0002.npy"


@pytest.fixture
def gate() -> threading.Event:
    """Return what a mirror waits for in the middle of a file."""
    return threading.Event()


@pytest.fixture
def stalling(mirror_folder, gate) -> Iterator[Mirror]:
    """Yield a mirror that sends half of part 2's embeddings, and the rest when the gate is opened."""

    class Stalling(Handler):
        """Waits in the middle."""

        def body(self, content: bytes) -> None:
            if "img_emb_0002" in self.path and self.command == "GET":
                super().body(content[: len(content) // 2])
                gate.wait()
                content = content[len(content) // 2 :]
            super().body(content)

    with Mirror(mirror_folder, Stalling) as server:
        yield server
        gate.set()


@contextmanager
def stalled(work: Work, mirror: Mirror, **keys: object) -> Iterator[subprocess.Popen]:
    """Yield a run that has filtered part 1 and waits for the second half of part 2's embeddings."""
    work.configure(mirror.url, timeout=60, **keys)
    process = work.start(*products(2))
    try:
        wait_until((work.folder / "shards" / "0001.json").exists)
        wait_until((work.folder / "parts" / "metadata_0002.parquet").exists)
        unfinished = work.folder / "parts" / "img_emb_0002.npy.part"
        wait_until(lambda: unfinished.exists() and unfinished.stat().st_size == SIZE // 2)
        yield process
    finally:
        kill_group(process)


def shown(descriptor: int, until: Callable[[str], bool] | None = None) -> str:
    """Return what a process shows until that meets a condition, or else until it ends; fail if it never does."""
    text = ""
    deadline = time.monotonic() + 60
    while until is None or not until(text):
        ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        assert ready, text
        try:
            more = os.read(descriptor, 65536)
        except OSError:  # a pseudo-terminal whose other end is closed
            more = b""
        if not more:
            assert until is None, text
            return text
        text += more.decode(errors="replace")
    return text


def test_a_run_in_the_middle_of_a_file(work, stalling, gate):
    with stalled(work, stalling) as process:
        told = work.told("--last", "3")
        assert [line.split(maxsplit=3)[::3] for line in told.splitlines()[1:4]] == [
            ["1", "filtered"],
            ["2", f"{HALF} and all of metadata_0002.parquet"],
            ["3", "missing"],
        ]
        assert "1 filtered, 1 partial, 1 missing." in told
        assert "laion2B-3.h5: missing" in told
        assert "A run is at work here" in told
        gate.set()
        assert process.wait() == 0
    told = work.told("--last", "2")
    assert re.search(r"^1\.\.2 .* filtered$", told, re.MULTILINE)
    assert f"laion2B-2.h5: {(work.folder / 'laion2B-2.h5').stat().st_size / 1e3:.1f} kB" in told
    assert "A run is at work here" not in told


def test_the_last_error_of_a_part(work, mirror):
    work.configure(mirror.url, subsets=[6])
    work.run("laion2B-6.h5", ok=False)
    told = work.told()
    assert re.search(r"^1\.\.4 .* filtered$", told, re.MULTILINE)
    (failed,) = re.findall(r"^5\.\.6 .* failed: (.*)$", told, re.MULTILINE)
    assert failed.startswith("parts/img_emb_{part}.npy could not be downloaded, from 1 mirror, in 1 attempt. ")
    assert failed.endswith("img_emb_{part}.npy: HTTP status 404.")
    assert "4 filtered, 2 failed." in told


def test_bars_on_a_terminal(work, stalling, gate):
    with stalled(work, stalling) as run:
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
        watch = subprocess.Popen(work.status("--watch", "--last", "2"), stdout=theirs, env=environment)
        os.close(theirs)
        try:
            middle = shown(ours, until=lambda text: text.count("img_emb_0002.npy") >= 2)
            assert re.search(r"downloads .*━.* of .* kB .*/s", middle)
            assert "1 of 2 filtered" in middle
            assert f"{SIZE // 2 / 1e3:.1f} kB of {SIZE / 1e3:.1f} kB" in middle
            gate.set()
            assert run.wait() == 0
            end = shown(ours)
            assert watch.wait() == 0
        finally:
            watch.kill()
            os.close(ours)
    assert "2 of 2 filtered" in end
    assert "laion2B-2.h5: " in end.rpartition("2 of 2 filtered")[2]  # the table


def test_lines_in_a_file(work, stalling, gate):
    with stalled(work, stalling) as run:
        command = work.status("--watch", "--interval", "0.2", "--last", "2")
        watch = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            text = shown(watch.stdout.fileno(), until=lambda text: text.count("\n") >= 2)
            gate.set()
            assert run.wait() == 0
            text += shown(watch.stdout.fileno())
            assert watch.wait() == 0
        finally:
            watch.kill()
            watch.stdout.close()
    lines = text.splitlines()
    assert re.fullmatch(
        r"Parts: 1 of 2 filtered; [\d.]+ kB of [\d.]+ kB downloaded, 0 bytes/s; time left unknown\.", lines[0]
    )
    assert "2 filtered." in lines
    assert "\x1b" not in text
    assert "\r" not in text


@pytest.mark.parametrize("progress", [0.05, None])
def test_a_run_says_itself_how_far_it_is(work, mirror, progress):
    work.configure(mirror.url, progress=progress)
    output = work.run(*products(2))
    lines = [line for line in output.splitlines() if "Parts: " in line]
    assert bool(lines) == bool(progress)
    assert all(re.fullmatch(r"Parts: \d of 2 filtered; .* downloaded, .*/s; .* left.*\.", line) for line in lines)


def test_what_the_next_run_would_do_is_what_it_then_says(work, mirror):
    work.configure(mirror.url, subsets=[3])
    work.run(*products(1))
    (work.folder / "shards" / "0001.tsv").unlink()  # which would make laion2B-1.h5 again, but nobody asks for that
    told = work.told("--next")
    assert {line.split()[0]: line.split()[1] for line in told.splitlines() if re.search(r"^[a-z_]+ +\d+$", line)} == {
        "download": "4",
        "filter": "3",
        "concatenate_embeddings": "1",
        "concatenate_metadata": "1",
        "subsets": "1",
        "describe": "1",
        "total": "11",
    }
    (need,) = re.findall(r"This run will write (.*); ", told)
    assert not mirror.fetched("_0002.")
    assert f"This run will write {need}; " in work.run(*products(3))
    assert "The next run has nothing to do." in work.told("--next", "--last", "3")


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
