"""Profiles: how the workflow runs elsewhere, and that none is missed unnoticed."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yte

from tests.support.harness import REPOSITORY, products

PROFILES = REPOSITORY / "profiles"
STAND_IN = REPOSITORY / "tests" / "support" / "stand_ins" / "qsub.sh"
SCHEDULERS = {"sge": "SGE", "pbs": "PBS", "lsf": "LSF"}


def settings(name: str) -> dict:
    return yte.process_yaml((PROFILES / name / "config.yaml").read_text(), require_use_yte=True)


@pytest.mark.parametrize("name", ["slurm", "generic"])
def test_profiles_of_clusters_repeat_the_default_one(name):
    default = settings("default")
    assert {key: settings(name).get(key) for key in default} == default


def test_a_misspelt_profile_is_no_run_without_one(work):
    work.configure("/nowhere")
    output = work.run("--workflow-profile", "profiles/slrum", *products(1), ok=False)
    assert "--workflow-profile profiles/slrum: there is no such profile" in output
    assert "name one of default, generic, slurm" in output


ASKED = {
    "sge": lambda memory, minutes: f"mem_free={memory}M,h_rt={minutes * 60} ",
    "pbs": lambda memory, minutes: f"ncpus=1:mem={memory}mb -l walltime={minutes * 60} ",
    "lsf": lambda memory, minutes: f"-n 1 -M {memory}MB -W {minutes} ",
}


def submissions(folder: Path) -> list[str]:
    """Return the arguments of each submission, in order."""
    return [path.read_text() for path in sorted((folder / "notes").glob("*.submitted"))]


def uncommented(scheduler: str) -> str:
    """Return profiles/generic with the lines of one scheduler, and none of another, in use."""
    text = (PROFILES / "generic" / "config.yaml").read_text()
    blocks = re.split(r"\n\n", text)
    (index,) = [number for number, block in enumerate(blocks) if block.startswith(f"# {SCHEDULERS[scheduler]}")]
    blocks[index] = blocks[index].replace("# cluster-generic-", "cluster-generic-")
    return "\n\n".join(blocks)


@pytest.fixture
def scheduler(request, tmp_path, monkeypatch):
    """Put stand-ins of a scheduler's commands on the path, and return its name."""
    (tmp_path / "bin").mkdir()
    for command in ("qsub", "qstat", "qacct", "qdel", "bsub", "bjobs", "bkill"):
        (tmp_path / "bin" / command).symlink_to(STAND_IN)
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "config.yaml").write_text(uncommented(request.param))
    (tmp_path / "notes").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("SCHEDULER", request.param)
    monkeypatch.setenv("STAND_IN", str(tmp_path / "notes"))
    return request.param


@pytest.mark.parametrize("scheduler", SCHEDULERS, indirect=True)
def test_status_of_jobs(scheduler, tmp_path):
    """What Snakemake asks while a job runs, when it has ended, and when it has failed."""
    for job, code in (("1", "0"), ("2", "137")):
        (tmp_path / "notes" / f"{job}.code").write_text(code)
    answers = [
        subprocess.run([PROFILES / "generic" / "status.sh", scheduler, job], capture_output=True, text=True, check=True)
        for job in ("1", "2", "3")
    ]
    assert [answer.stdout.strip() for answer in answers] == ["success", "failed", "running"]


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", SCHEDULERS, indirect=True)
def test_other_schedulers(work, mirror, mirror_folder, scheduler, tmp_path):
    work.configure(mirror.url)
    profile = ("--workflow-profile", str(tmp_path / "profile"), "--seconds-between-status-checks", "1")
    work.run(*profile, "--config", "parts_together=2", "--", *products(3))
    work.check_products(mirror_folder, 3)
    submitted = submissions(tmp_path)
    assert len(submitted) == 4  # two groups of filter jobs, two concatenations; the downloads ran here
    assert ASKED[scheduler](1000, 20) in submitted[0]

    (work.folder / "shards" / "0003.h5").write_bytes(b"damaged")
    (work.folder / "laion2B-3.h5").unlink()
    output = work.run(*profile, "--retries", "1", "--", "laion2B-3.h5", ok=False)  # status.sh says "failed"
    assert "concatenate_embeddings 3: shards/0003.h5" in output
    first, second = submissions(tmp_path)[4:]
    assert ASKED[scheduler](1000, 16) in first
    assert ASKED[scheduler](2000, 32) in second

    (tmp_path / "notes" / "reject").touch()
    output = work.run(*profile, "--retries", "0", "--", "laion2B-3.h5", ok=False)
    assert "Error submitting" in output
    assert len(submissions(tmp_path)) == 6


def test_status_of_a_scheduler_that_there_is_none_of():
    done = subprocess.run(
        [PROFILES / "generic" / "status.sh", "slurm", "1"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected sge, pbs or lsf" in done.stderr
