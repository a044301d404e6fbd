"""What a person sees in the terminal where Snakemake was started, and what is in a log file instead."""

import os
import pty
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.support.harness import REPOSITORY, products
from tests.support.stalling import SIZE
from tests.support.terminal import Screen, shown

needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux: apt-get install tmux")
PLUGIN = {"PYTHONPATH": str(REPOSITORY / "workflow" / "logger"), "TERM": "xterm-256color"}
"""An environment in which Snakemake finds the plugin of this repository, installed or not."""
STEPS = ["downloads", "filter", "concatenate", "whole"]
HALF = f"{SIZE // 2 / 1e3:.1f} kB of {SIZE / 1e3:.1f} kB"
SHARDS = ("shards/0004.json", "shards/0005.json")
"""Targets of which the second fails, because the mirror has no part 5."""
OF_A_JOB = re.compile(r"Finished jobid|^rule |^ +jobid:|steps \(|Error in rule|RuleException", re.MULTILINE)
"""What Snakemake says of each job."""


def rows(text: str) -> list[str]:
    """Return the first words of the lines that hold a bar."""
    return [line.split()[0] for line in text.splitlines() if "━" in line]


def is_stalled(text: str) -> bool:
    """Tell whether the screen says that all is done that can be done, with each bar once."""
    return "1 of 2 parts" in text and rows(text) == [*STEPS, "img_emb_0002.npy"]


@needs_tmux
def test_bars_at_the_end_of_the_screen_and_the_summary_below_them(work, stalling, gate, mirror_folder):
    work.configure(stalling.url, timeout=60)
    (work.folder / "parts").mkdir()
    odd = np.load(mirror_folder / "img_emb" / "img_emb_0001.npy").astype(">f2")
    np.save(work.folder / "parts" / "img_emb_0001.npy", odd)  # of which its job warns
    with Screen.of(work.command(*products(2)), work.folder, PLUGIN) as screen:
        middle = screen.wait(is_stalled)
        assert HALF in middle.partition("whole")[2]
        above, _, below = middle.partition("downloads ")
        assert "big-endian numbers are swapped" in above
        assert below.count("\n") >= 4
        gate.set()
        end, status = screen.end()
        assert status == 0, end
        assert screen.has_cursor()
    assert rows(end) == STEPS
    assert all("done" in line for line in end.splitlines() if "━" in line)
    assert re.search(r"whole .* 7 of 7 jobs", end)
    assert "big-endian numbers are swapped" in end.partition("downloads ")[0]
    below = end.partition("7 of 7 jobs")[2]
    for text in (
        "Parts 1..2. Rows in: 121.",
        "laion2B-2.h5  ",
        "snakemake --cores 2 verify-2.json",
        "Complete log(s):",
    ):
        assert text in below
    assert not OF_A_JOB.search(end)
    (log,) = (work.folder / ".snakemake" / "log").iterdir()
    assert log.read_text().count("Finished jobid") == 10
    assert "Parts: 0 of 2 filtered; " in log.read_text()


@needs_tmux
def test_ctrl_c_leaves_a_terminal_that_can_be_used(work, stalling):
    work.configure(stalling.url, timeout=60)
    with Screen.of(work.command(*products(2)), work.folder, PLUGIN) as screen:
        screen.wait(is_stalled)
        screen.press("C-c")
        end, status = screen.end()
        assert status == 1
        assert screen.has_cursor()
    assert rows(end) == [*STEPS, "img_emb_0002.npy"]
    assert "Interrupted, by Ctrl-C" in end.partition("whole ")[2]
    assert not OF_A_JOB.search(end)


def test_failures_as_they_come_on_any_terminal(work, mirror):
    work.configure(mirror.url)
    ours, theirs = pty.openpty()
    command = [*work.command(*SHARDS), "--nocolor"]
    process = subprocess.Popen(command, cwd=work.folder, env={**os.environ, **PLUGIN}, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = shown(ours)
    os.close(ours)
    assert process.wait() == 1
    text = " ".join(text.split())  # whatever the width
    assert "\x1b[?25l" not in text  # no cursor was hidden that could stay so
    before, _, after = text.partition("What failed, and why:")
    assert before.count("download img_emb_0005.npy failed, as it says above") == 1
    assert "━" in before
    assert "HTTP status 404" in before.partition("failed, as it says above")[0]
    assert "- download img_emb_0005.npy: " in after
    assert "At least one job did not complete successfully." in after
    assert not OF_A_JOB.search(text)


def test_lines_without_a_terminal(work, mirror):
    work.configure(mirror.url, progress=0.05)
    environment = {**os.environ, **PLUGIN}
    done = subprocess.run(
        work.command(*SHARDS), cwd=work.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "━" not in done.stderr
    assert not OF_A_JOB.search(done.stderr)
    assert done.stderr.count("Parts: ") > 1
    before, _, after = done.stderr.partition("What failed, and why:")
    assert "download img_emb_0005.npy failed, as it says above" in before
    assert "- download img_emb_0005.npy: " in after
