"""A job ends with the run above it, whatever is between them."""

import os
import subprocess
import sys

import pytest

from laion2b.run import parent
from tests.support.harness import REPOSITORY

JOB = """
import signal, sys
sys.path.insert(0, "workflow/scripts")
from laion2b.run import parent
signal.signal(signal.SIGTERM, signal.default_int_handler)
parent.PERIOD = 0.01
try:
    parent.end_with({run!r})
    print("at work", flush=True)
    sys.stdin.read()
    print("let go", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
"""Waits until its input ends."""
RUN = """
import subprocess, sys
sys.path.insert(0, "workflow/scripts")
from laion2b.run import parent
job = {job!r}.replace("RUN", parent.this_process())
subprocess.run([*{between!r}, sys.executable, "-c", job], stdin={descriptor})
"""


@pytest.mark.parametrize("between", [[], ["bash", "-c", '"$@"; true', "-"]], ids=["directly", "a shell between them"])
def test_a_job_is_interrupted_when_the_run_is_killed(between):
    read, write = os.pipe()  # an input that does not end with the run
    program = RUN.format(job=JOB.format(run="RUN"), between=between, descriptor=read)
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, pass_fds=[read]) as run:
        assert run.stdout.readline() == "at work\n"
        run.kill()
        assert run.stdout.read() == "interrupted\n"
    os.close(read)
    os.close(write)


def output(run: str | None) -> str:
    job = [sys.executable, "-c", JOB.format(run=run)]
    return subprocess.run(job, cwd=REPOSITORY, input="", capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("run", [None, "", "nonsense", "1 2 pid:[3]", "this process"])
def test_a_job_that_can_not_see_its_run_or_can_see_it_is_left_alone(run):
    assert output(parent.this_process() if run == "this process" else run) == "at work\nlet go\n"


def test_a_job_whose_run_is_gone_before_it_starts_is_interrupted_at_once():
    pid, _, namespace = parent.this_process().split()
    assert output(f"{pid} 5 {namespace}") == "interrupted\n"
