"""What a failed run says at its end."""

import pytest

from laion2b.errors import Explanation
from laion2b.run.failures import summary
from laion2b.run.outcome import ERROR, INTERRUPTED, WELL, Job, snapshot


@pytest.fixture
def write(tmp_path):
    """Return a function that leaves what a job leaves: its log, and how it ended."""

    def write(name, ended=None, why=None, *, started=True):
        log = tmp_path / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        if started:
            Job(log).begin()
        if ended:
            Job(log).end(ended, Explanation(*why) if why else None)

    return write


def test_which_jobs_failed_and_why(tmp_path, write):
    write("download/img_emb_0006.npy", ERROR, ("an old story",))
    before = snapshot(tmp_path)
    write("filter/0001", WELL)
    write("filter/0002", ERROR, ("x.npy: found a, expected b", "c", "d"))
    write("filter/0003")
    write("filter/0004", started=False)
    write("filter/0005", INTERRUPTED)
    story = ("could not be downloaded", "", "wait", "\n  All attempts:\n  first\n  second")
    write("download/img_emb_0004.npy", ERROR, story)
    assert [line.partition(" (log: ")[0] for line in summary(tmp_path, before).splitlines()] == [
        "What failed, and why:",
        "- download img_emb_0004.npy: could not be downloaded. What to do: wait.",
        "- filter 0002: x.npy: found a, expected b. Likely cause: c. What to do: d.",
        "- filter 0003: It ended without a word: killed, out of memory or time, or its node failed?",
        "Interrupted, by Ctrl-C, or on a cluster by scancel or a time limit: filter 0005.",
        "Stopped before writing anything (see the scheduler's log above), or skipped because another job of the same "
        "submission failed: filter 0004.",
        "Run the same command again to go on. What was finished is not done again.",
    ]


def test_a_run_in_which_no_job_failed(tmp_path, write):
    write("filter/0001", ERROR, ("an old story",))
    assert summary(tmp_path, snapshot(tmp_path)).startswith("The run ended before its jobs could say why")


def test_of_many_interrupted_jobs_a_few_are_named(tmp_path, write):
    for part in range(9):
        write(f"filter/{part:04d}", INTERRUPTED)
    assert "filter 0003, filter 0004 and 4 more.\n" in summary(tmp_path, {})


def test_jobs_that_failed_alike_share_a_line(tmp_path, write):
    for part in range(7):
        write(f"download/{part:04d}", ERROR, ("config.yaml is wrong.",))
    (_, line, _) = summary(tmp_path, {}).splitlines()
    assert line.startswith("- download 0000, download 0001, ")
    assert f"and 2 more: config.yaml is wrong. (log: {tmp_path}/logs/download/0000.log)" in line
