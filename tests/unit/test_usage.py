"""What jobs took."""

import subprocess
import sys
import time

import pytest

from laion2b import usage
from tests.harness import REPOSITORY


def test_what_is_said_can_be_read(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        f"2026-01-01 INFO on here\n2026-01-01 INFO {usage.said(time.monotonic() - 2)}\n2026-01-01 INFO done\n"
    )
    seconds, memory = usage.read(log)
    assert seconds >= 2
    assert memory > 5


def test_without_linux(tmp_path, monkeypatch):
    monkeypatch.setattr(usage, "STATUS", tmp_path / "none")
    (tmp_path / "log").write_text(usage.said(time.monotonic()))
    assert usage.read(tmp_path / "log")[1] is None


@pytest.mark.parametrize("text", ["", "2026-01-01 ERROR it took long\n"])
def test_a_job_that_did_not_end_says_nothing(tmp_path, text):
    (tmp_path / "log").write_text(text)
    assert usage.read(tmp_path / "log") is None


def test_memory_is_that_of_the_job_alone():
    small = "import sys, time; sys.path.insert(0, sys.argv[1]); from laion2b import usage; print(usage.said(0))"
    large = "import os, sys; held = bytearray(200_000_000); os.execv(sys.argv[1], sys.argv[1:])"
    library = str(REPOSITORY / "workflow" / "scripts")
    command = [sys.executable, "-c", large, sys.executable, "-c", small, library]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(usage.TOOK.search(said)[2]) < 100
