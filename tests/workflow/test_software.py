"""Where the jobs' software comes from if not from .venv, as far as that can be tried without conda and apptainer."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.harness import REPOSITORY, copy_repository, products

STAND_INS = REPOSITORY / "tests" / "support" / "stand_ins"


@pytest.fixture
def commands(tmp_path, monkeypatch) -> Path:
    """Return a folder at the front of the path."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


def test_conda_is_asked_for_each_environment(work, mirror_folder, commands, tmp_path, monkeypatch):
    (commands / "conda").symlink_to(STAND_INS / "conda.sh")
    (tmp_path / "environments").mkdir()
    monkeypatch.setenv("STAND_IN", str(tmp_path / "environments"))
    work.configure(mirror_folder)
    (work.folder / "laion2B-1.h5").touch()  # there must be something to report
    work.run("--sdm", "conda", "--conda-create-envs-only", "--", *products(2), "laion2b-report.html")
    asked = sorted(path.read_bytes() for path in (tmp_path / "environments").iterdir())
    assert asked == sorted(path.read_bytes() for path in (REPOSITORY / "envs").glob("*.yaml"))


def test_every_job_runs_in_the_container(work, mirror_folder, commands, tmp_path, monkeypatch):
    (commands / "apptainer").symlink_to(STAND_INS / "apptainer.sh")
    monkeypatch.setenv("STAND_IN", str(tmp_path / "commands"))
    monkeypatch.setenv("PATH_IN_CONTAINER", f"{Path(sys.executable).parent}:{os.defpath}")
    repository = copy_repository(tmp_path / "repository")
    work.configure(mirror_folder)
    assert "could not open image" in work.run("--sdm", "apptainer", "--", *products(1), ok=False, repository=repository)
    (repository / "envs" / "container.sif").touch()
    work.run("--sdm", "apptainer", "--", *products(1), repository=repository)
    assert (tmp_path / "commands").read_text().count('python3 "$LAION2B"') == 5  # two downloads, filter, two products
    work.check_products(mirror_folder, 1)


def test_the_container_has_what_was_tested():
    definition = (REPOSITORY / "envs" / "container.def").read_text()
    assert "pip install --no-cache-dir --require-hashes -r /opt/requirements.lock" in definition
    assert "requirements.lock /opt/requirements.lock" in definition
