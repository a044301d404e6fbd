"""Snakemake alone, and the oldest and the newest Snakemake that are claimed; pip installs each in a folder of its own."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.harness import REPOSITORY, Work, copy_repository, products

pytestmark = pytest.mark.slow

CLAIMED = next(
    name
    for name in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    if name.startswith("snakemake>=")
)
OLDEST, BELOW = re.fullmatch(r"snakemake>=([\d.]+),<([\d.]+)", CLAIMED).groups()
VERSIONS = {"oldest": f"=={OLDEST}.*", "newest": f">={OLDEST},<{BELOW}"}


@pytest.fixture(scope="module", params=VERSIONS)
def python(request, tmp_path_factory) -> Path:
    """Return the Python of a new environment with nothing but Snakemake."""
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"snakemake{VERSIONS[request.param]}"], check=True)
    return folder / "bin" / "python"


def run(python: Path, work: Work, *arguments: str) -> str:
    """Run the workflow with this Python's Snakemake, and return what it printed."""
    command = [python, *work.command(*arguments)[1:]]
    done = subprocess.run(
        command, cwd=work.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_workflow_is_read_with_snakemake_alone(python, work):
    lacking = [python, "-c", "import pyarrow"]
    assert subprocess.run(lacking, stderr=subprocess.DEVNULL, check=False).returncode, "the environment is not bare"
    work.configure("/nowhere")
    assert work.jobs(run(python, work, "-n", *products(2)))["filter"] == 2
    assert "filter (Filter one part to a shard" in run(python, work, "--list-rules")
    run(python, work, "--lint")


def test_it_builds_with_each_version_that_is_claimed(python, work, mirror, mirror_folder):
    """The other packages come from the environment of the tests; the new one's own come first."""
    inside = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    added = Path(inside.stdout.strip()) / "tests.pth"
    added.write_text(sysconfig.get_path("purelib") + "\n")
    try:
        work.configure(mirror.url, keep_parts=False)
        run(python, work, *products(3), "laion2B-3.json")
        work.check_products(mirror_folder, 3)
        run(python, work, "verify-3.json")
        assert "Nothing to be done" in run(python, work, *products(3))
        copy_repository(work.folder / "clone")
        (work.folder / "Snakefile").write_text(
            "configfile: 'config.yaml'\nmodule laion2b:\n    snakefile: 'clone/workflow/Snakefile'\n    config: config\n"
            "    prefix: 'there'\nuse rule * from laion2b as laion2b_*\n"
        )
        command = [python, "-m", "snakemake", "--cores", "2", *(f"there/{target}" for target in products(2))]
        subprocess.run(command, cwd=work.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Work(work.folder / "there").check_products(mirror_folder, 2)
    finally:
        added.unlink()


EARLIER = "58d92a9f830cbe583a7987a40fd940ac4a19a4ec"
"""A commit whose shards and products are as today's."""


def test_what_an_earlier_version_built_is_up_to_date(work, mirror, tmp_path):
    earlier = tmp_path / "earlier"
    archive = ["git", "archive", "--format=tar", f"--output={tmp_path / 'earlier.tar'}", EARLIER]
    if subprocess.run(archive, cwd=REPOSITORY, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip(f"this clone is shallow, or no clone: it lacks the commit {EARLIER[:7]}")
    shutil.unpack_archive(tmp_path / "earlier.tar", earlier, filter="data")
    work.configure(mirror.url)
    own = work.folder / "config.yaml"
    keys = yaml.safe_load(own.read_text())
    own.write_text(yaml.safe_dump({key: keys[key] for key in ("mirrors", "timeout", "attempts")}))
    assert work.jobs(work.run(*products(2), "laion2B-2.json", repository=earlier))["filter"] == 2
    shards = {file: file.stat().st_mtime_ns for file in work.folder.glob("shards/*")}
    # Products have had attributes with text only since version 1 of theirs. Shards are as they were.
    jobs = work.jobs(work.run(*products(2), "laion2B-2.json"))
    assert jobs == {"concatenate_embeddings": 1, "describe": 1}
    assert {file: file.stat().st_mtime_ns for file in work.folder.glob("shards/*")} == shards
    assert "Nothing to be done" in work.run(*products(2), "laion2B-2.json")
    changed = work.run("-n", "shards/0001.h5", "shards/0002.h5", "--config", "dimensions=769")
    assert work.jobs(changed)["filter"] == 2, "a change that rebuilds shards is seen in this folder"
